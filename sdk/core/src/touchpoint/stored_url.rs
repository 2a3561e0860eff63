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
    // In the browser, bytes of code count for more than this.
    if !cfg!(target_family = "wasm") && is_clean(address) {
        return address.to_owned();
    }
    split(address).map_or_else(String::new, |parts| with_labels(&parts))
}

/// Whether an address is plainly one that may be stored as it is: `https`, a host in lower case, and a path of letters, digits and `/-_.~`.
fn is_clean(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://") else {
        return false;
    };
    let Some((host, path)) = rest.split_once('/') else {
        return false;
    };
    let is_name = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let is_step = |b: u8| matches!(b, b'/' | b'_' | b'~' | b'A'..=b'Z') || is_name(b);
    address.len() <= MAX_URL_BYTES
        && !host.is_empty()
        && host.as_bytes().last() != Some(&b'.')
        && host.bytes().fold(true, |clean, b| clean & is_name(b))
        && path.bytes().fold(true, |clean, b| clean & is_step(b))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_clean, split, with_labels};

    #[test]
    fn only_plain_addresses_are_taken_as_they_are() {
        for (address, want) in [
            ("https://shop.example/p/mug", true),
            ("https://shop.example/", true),
            ("https://shop.example", false),
            ("https://Shop.example/", false),
            ("https://shop.example:8443/", false),
            ("https://shop.example/?gclid=x", false),
            ("https://shop.example/jane@example.com", false),
            ("https://shop.example/a;jsessionid=1", false),
            ("https:///x", false),
        ] {
            assert_eq!(is_clean(address), want, "{address}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_as_it_is_would_not_be_changed(
            address in "https://[a-z0-9.-]{0,12}/[a-zA-Z0-9/_.~-]{0,40}",
        ) {
            if is_clean(&address) {
                let slow = split(&address).map_or_else(String::new, |parts| with_labels(&parts));
                prop_assert_eq!(slow, address);
            }
        }
    }
}
