//! Page addresses as they may be stored: origin, path and campaign labels.

use super::click::campaign_label;
use super::redact::{REDACTED, cap, holds_email, percent_decode};
use super::url::{Parts, is_slash, name_and_value, split};
use crate::text::fields;

/// Longest address that is kept, in bytes.
pub const MAX_URL_BYTES: usize = 1000;

/// Returns an address that may be stored: origin, path and the nine `utm_` labels, at most [`MAX_URL_BYTES`].
///
/// Userinfo, fragment, every other parameter and path parameters (`;jsessionid=…`) are dropped. A path segment or label that looks like an
/// e-mail address becomes `redacted`. What is no web address gives an empty text.
pub fn clean_url(address: &str) -> String {
    split(address).map_or_else(String::new, |parts| with_labels(&parts))
}

/// Origin and path.
pub(super) fn without_query(parts: &Parts<'_>) -> String {
    let mut out = parts.origin();
    let mut rest = parts.path;
    while let Some(end) = rest.bytes().position(is_slash) {
        push_segment(&mut out, rest.get(..end).unwrap_or(""));
        out.push('/');
        rest = rest.get(end + 1..).unwrap_or("");
    }
    push_segment(&mut out, rest);
    // An address that is read again is trimmed, so nothing may stand at the end that would go then.
    cap(&out, MAX_URL_BYTES).trim_ascii_end().to_owned()
}

fn push_segment(out: &mut String, segment: &str) {
    let name = fields(segment, b';').next().unwrap_or("");
    out.push_str(if looks_personal(name) { REDACTED } else { name });
}

/// Origin, path and the labels that still fit.
pub(super) fn with_labels(parts: &Parts<'_>) -> String {
    let mut out = without_query(parts);
    let mut separator = '?';
    for pair in fields(parts.query, b'&') {
        let (name, raw) = name_and_value(pair);
        let Some(label) = campaign_label(name) else {
            continue;
        };
        let raw = raw.trim_ascii();
        let value = if looks_personal(raw) { REDACTED } else { raw };
        if value.is_empty()
            || out.len() + label.len() + value.len() + "?utm_=".len() > MAX_URL_BYTES
        {
            continue;
        }
        out.push(separator);
        out.push_str("utm_");
        out.push_str(label);
        out.push('=');
        out.push_str(value);
        separator = '&';
    }
    out
}

/// Looks at the text as written and as decoded.
pub(super) fn looks_personal(raw: &str) -> bool {
    holds_email(raw) || percent_decode(raw, false).is_some_and(|text| holds_email(&text))
}
