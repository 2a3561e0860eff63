//! Splits addresses: scheme, host, port, path, query. Only as much as touchpoints need, and nothing that can fail halfway.

use crate::text::{after, cut, fields, without_end};

/// The parts of an absolute address. Userinfo and fragment are dropped on the way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// Lower-case, without `://`.
    pub(super) scheme: &'static str,
    /// Lower-case, without trailing dot; an IPv6 address keeps its brackets.
    pub(super) host: String,
    /// Digits; empty when missing or the scheme's default.
    pub(super) port: &'a str,
    /// With leading slash; `/` when missing.
    pub(super) path: &'a str,
    /// Without question mark.
    pub(super) query: &'a str,
}

impl Parts<'_> {
    /// Returns scheme, host and port.
    pub(super) fn origin(&self) -> String {
        let mut out = String::with_capacity(self.scheme.len() + self.host.len() + 9);
        out.push_str(self.scheme);
        out.push_str("://");
        out.push_str(&self.host);
        if !self.port.is_empty() {
            out.push(':');
            out.push_str(self.port);
        }
        out
    }
}

/// The schemes that lead here, with their default ports.
const SCHEMES: [(&str, &str); 3] = [("https", "443"), ("http", "80"), ("android-app", "")];

/// Splits an `http`, `https` or `android-app` address; anything else, and a host that is none, gives nothing.
#[inline(never)]
pub(super) fn split(address: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = cut(address.trim_ascii(), b':')?;
    let rest = after(rest, "//")?;
    let &(scheme, default_port) = SCHEMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(scheme))?;
    let rest = fields(rest, b'#').next()?;
    let (before_query, query) = cut_or_all(rest, b'?');
    let authority_end = before_query
        .bytes()
        .position(is_slash)
        .unwrap_or(before_query.len());
    let (mut authority, path) = before_query.split_at_checked(authority_end)?;
    while let Some((_, tail)) = cut(authority, b'@') {
        authority = tail;
    }
    // The colons of an IPv6 address are inside its brackets.
    let bracket = authority.bytes().position(|b| b == b']').unwrap_or(0);
    let (head, port) = cut_or_all(authority.get(bracket..)?, b':');
    let host = authority.get(..bracket + head.len())?;
    let is_port = port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
    let host = without_end(host, b'.');
    if !is_port || !is_host(host) {
        return None;
    }
    Some(Parts {
        scheme,
        host: host.to_ascii_lowercase(),
        port: if port == default_port { "" } else { port },
        path: if path.is_empty() { "/" } else { path },
        query,
    })
}

/// Browsers take a backslash for a slash here.
pub(super) const fn is_slash(b: u8) -> bool {
    matches!(b, b'/' | b'\\')
}

/// Splits one `name=value` of a query.
pub(super) fn name_and_value(pair: &str) -> (&str, &str) {
    cut_or_all(pair, b'=')
}

/// Cuts at the first `mark`; without one, everything stands before it.
#[inline(never)]
fn cut_or_all(text: &str, mark: u8) -> (&str, &str) {
    cut(text, mark).unwrap_or((text, ""))
}

fn is_host(host: &str) -> bool {
    match host.as_bytes() {
        [b'[', address @ .., b']'] => address
            .iter()
            .all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')),
        name => {
            // One dot at the end was taken off already; no name ends in two.
            !matches!(name.last(), None | Some(b'.'))
                && name.iter().all(|b| {
                    b.is_ascii_alphanumeric() || *b >= 0x80 || matches!(b, b'-' | b'.' | b'_')
                })
        }
    }
}
