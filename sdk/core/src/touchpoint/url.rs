//! Splits addresses: scheme, host, port, path, query. Only as much as touchpoints need, and nothing that can fail halfway.

use crate::text::{cut, fields};

/// The parts of an absolute address. Userinfo and fragment are dropped on the way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// Lower-case, without `://`.
    pub(super) scheme: String,
    /// Lower-case, without trailing dot; an IPv6 address keeps its brackets.
    pub(super) host: String,
    /// Digits, unless it is the scheme's default.
    pub(super) port: Option<&'a str>,
    /// With leading slash; `/` when missing.
    pub(super) path: &'a str,
    /// Without question mark.
    pub(super) query: &'a str,
}

impl Parts<'_> {
    /// Returns scheme, host and port.
    pub(super) fn origin(&self) -> String {
        let mut out = String::with_capacity(self.scheme.len() + self.host.len() + 9);
        out.push_str(&self.scheme);
        out.push_str("://");
        out.push_str(&self.host);
        if let Some(port) = self.port {
            out.push(':');
            out.push_str(port);
        }
        out
    }
}

/// Splits an `http`, `https` or `android-app` address; anything else, and a host that is none, gives nothing.
pub(super) fn split(address: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = cut(address.trim_ascii(), b':')?;
    let rest = rest.strip_prefix("//")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        "android-app" => "",
        _ => return None,
    };
    let rest = fields(rest, b'#').next()?;
    let (before_query, query) = cut(rest, b'?').unwrap_or((rest, ""));
    let authority_end = before_query
        .bytes()
        .position(is_slash)
        .unwrap_or(before_query.len());
    let (authority, path) = before_query.split_at_checked(authority_end)?;
    let host_and_port = fields(authority, b'@').last()?;
    let (host, port) = split_port(host_and_port)?;
    Some(Parts {
        scheme,
        host: clean_host(host)?,
        port: port.filter(|port| !port.is_empty() && *port != default_port),
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
    cut(pair, b'=').unwrap_or((pair, ""))
}

fn split_port(host_and_port: &str) -> Option<(&str, Option<&str>)> {
    let before_port = match host_and_port.bytes().position(|b| b == b']') {
        Some(bracket) => bracket + 1,
        None => 0,
    };
    let tail = host_and_port.get(before_port..)?;
    let Some((host_end, port)) = cut(tail, b':') else {
        return Some((host_and_port, None));
    };
    let host = host_and_port.get(..before_port + host_end.len())?;
    let is_port = port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
    is_port.then_some((host, Some(port)))
}

fn clean_host(host: &str) -> Option<String> {
    let host = host.strip_suffix(".").unwrap_or(host);
    let is_host = match host.strip_prefix("[") {
        Some(address) => address.strip_suffix("]").is_some_and(|inner| {
            inner
                .bytes()
                .all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.')
        }),
        None => host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b >= 0x80 || matches!(b, b'-' | b'.' | b'_')),
    };
    (is_host && !host.is_empty()).then(|| host.to_ascii_lowercase())
}
