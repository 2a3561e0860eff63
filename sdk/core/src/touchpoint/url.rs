//! Splits addresses: scheme, host, port, path, query. Only as much as touchpoints need, and nothing that can fail halfway.

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
    let address = address.trim_matches(|c: char| c <= ' ');
    let (scheme, rest) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        "android-app" => "",
        _ => return None,
    };
    let rest = rest.split('#').next()?;
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    // Browsers take a backslash for a slash here.
    let authority_end = before_query.find(['/', '\\']).unwrap_or(before_query.len());
    let (authority, path) = before_query.split_at_checked(authority_end)?;
    let host_and_port = authority.rsplit('@').next()?;
    let (host, port) = split_port(host_and_port)?;
    Some(Parts {
        scheme,
        host: clean_host(host)?,
        port: port.filter(|port| !port.is_empty() && *port != default_port),
        path: if path.is_empty() { "/" } else { path },
        query,
    })
}

/// Returns the names and raw values of a query.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn split_port(host_and_port: &str) -> Option<(&str, Option<&str>)> {
    let host_end = match host_and_port.rfind(']') {
        Some(bracket) => bracket + 1,
        None => host_and_port.find(':').unwrap_or(host_and_port.len()),
    };
    let (host, rest) = host_and_port.split_at_checked(host_end)?;
    if rest.is_empty() {
        return Some((host, None));
    }
    let port = rest.strip_prefix(':')?;
    let is_port = port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
    is_port.then_some((host, Some(port)))
}

fn clean_host(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|inner| {
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
