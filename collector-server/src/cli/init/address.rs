//! Addresses of a shop and of its collector: what may be meant, and what a browser makes of the two. Pure.

use std::net::IpAddr;

use http::Uri;

/// An address, taken apart; in lower case but for the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    is_https: bool,
    host: String,
    port: Option<u16>,
    /// Without a slash at its end.
    path: String,
}

impl Address {
    /// Reads the address of a shop: a scheme, a host, perhaps a port. Without a scheme https is meant.
    pub(super) fn of_shop(text: &str) -> Result<Self, String> {
        let address = Self::parse(text, "https://shop.example")?;
        if address.path.is_empty() {
            Ok(address)
        } else {
            Err(format!(
                "the shop's host is enough: {}",
                Self {
                    path: String::new(),
                    ..address
                }
                .text()
            ))
        }
    }

    /// Reads the address of a collector, which may have a path.
    pub(super) fn of_collector(text: &str) -> Result<Self, String> {
        Self::parse(text, "https://c.shop.example")
    }

    fn parse(text: &str, example: &str) -> Result<Self, String> {
        let wrong = || {
            let what = if text.is_ascii() {
                "is no web address"
            } else {
                "must be in ASCII: write a name with other letters as xn--…"
            };
            format!("{what}; an example: {example}")
        };
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let uri: Uri = full.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        // Behind the host there is a port or nothing; before it, nothing.
        let is_whole = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => true,
            Some(_) => authority.port_u16().is_some(),
            None => false,
        };
        let is_plain =
            is_whole && !authority.host().is_empty() && !full.contains(['?', '#', '"', '\\']);
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        if !is_plain {
            return Err(wrong());
        }
        let address = Self {
            is_https,
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16(),
            path: uri.path().trim_end_matches('/').to_owned(),
        };
        if !is_https && !address.is_local() {
            return Err(format!(
                "must be https: a page of a shop is, and its browser sends to nothing else; write {}",
                Self {
                    is_https: true,
                    ..address
                }
                .text()
            ));
        }
        Ok(address)
    }

    /// Whether this is an address of the developer's own machine.
    pub(super) fn is_local(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']);
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// Returns scheme, host and port as a browser writes an origin.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        let usual = if self.is_https { 443 } else { 80 };
        match self.port {
            Some(port) if port != usual => format!("{scheme}://{}:{port}", self.host),
            _ => format!("{scheme}://{}", self.host),
        }
    }

    /// Returns the whole address, without a slash at its end.
    pub(super) fn text(&self) -> String {
        self.origin() + &self.path
    }

    /// Returns the path, without a slash at its end.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The origins of a shop's pages: its own, and the same with and without `www.`
    pub(super) fn origins(&self) -> Vec<String> {
        let with_host = |host: String| {
            let other = Self {
                host,
                ..self.clone()
            };
            other.origin()
        };
        let mut origins = vec![self.origin()];
        if let Some(bare) = self.host.strip_prefix("www.") {
            origins.push(with_host(bare.to_owned()));
        } else if self.host.matches('.').count() == 1 && !self.is_local() {
            origins.push(with_host(format!("www.{}", self.host)));
        }
        origins
    }

    /// The domain that a shop's hosts have in common: its host without `www.`
    fn domain(&self) -> &str {
        self.host.strip_prefix("www.").unwrap_or(&self.host)
    }

    fn is_ip(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']);
        bare.parse::<IpAddr>().is_ok()
    }

    /// Returns the domain of a cookie that this collector and the shop share, if there is one.
    pub(super) fn cookie_domain(&self, shop: &Self) -> Option<String> {
        let domain = shop.domain();
        let is_below = self
            .host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        (is_below && domain.contains('.') && !shop.is_ip() && !shop.is_local())
            .then(|| domain.to_owned())
    }

    /// Whether a browser takes this collector's cookie for a stranger's on the pages of `shop`, as far as the two names tell: they have no more
    /// than their last part in common.
    pub(super) fn is_stranger_to(&self, shop: &Self) -> bool {
        if self.is_local() || shop.is_local() {
            return false;
        }
        let end =
            |host: &str| -> Vec<String> { host.rsplit('.').take(2).map(str::to_owned).collect() };
        end(&self.host) != end(&shop.host)
    }

    /// Says what to do where the collector would take the shop's own place.
    pub(super) fn collides_with(&self, shop: &Self) -> Option<String> {
        (self.path.is_empty() && shop.origins().contains(&self.origin())).then(|| {
            if shop.is_local() {
                return format!(
                    "the shop is at {} itself: give the collector another port, such as --listen 127.0.0.1:8090",
                    shop.origin()
                );
            }
            format!(
                "{} is the shop itself: give the collector a subdomain, such as {}, or a path, such as {}/fh",
                shop.origin(),
                collector_of(shop, 8080).text(),
                shop.origin()
            )
        })
    }
}

/// Returns where a shop's collector is unless told: `c.` before the shop's domain; on the developer's machine the port it listens on.
pub(super) fn collector_of(shop: &Address, port: u16) -> Address {
    if shop.is_local() || shop.is_ip() {
        return Address {
            is_https: false,
            port: Some(port),
            ..shop.clone()
        };
    }
    Address {
        is_https: true,
        host: format!("c.{}", shop.domain()),
        port: None,
        path: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(text: &str) -> Address {
        Address::of_shop(text).unwrap()
    }

    fn collector(text: &str) -> Address {
        Address::of_collector(text).unwrap()
    }

    #[test]
    fn what_may_be_meant_is_read_and_the_rest_says_what_to_write() {
        for (text, want) in [
            ("https://shop.example", "https://shop.example"),
            ("shop.example", "https://shop.example"),
            ("https://Shop.Example:443/", "https://shop.example"),
            ("https://shop.example:8443", "https://shop.example:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(shop(text).text(), want, "{text}");
        }
        for (text, want) in [
            ("ftp://shop.example", "https://shop.example"),
            ("https://shop.example/de", "the shop's host is enough"),
            ("http://shop.example", "must be https"),
            ("https://me@shop.example", "no web address"),
            ("https://shop.example?a", "no web address"),
            ("https://shop.example:99999", "no web address"),
            ("https://bücher.example", "xn--"),
            ("", "no web address"),
            ("a b", "no web address"),
            ("https://a\"b", "no web address"),
        ] {
            let error = Address::of_shop(text).unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
        }
        assert_eq!(
            collector("https://shop.example/fh/").text(),
            "https://shop.example/fh"
        );
    }

    #[test]
    fn the_collector_stands_below_the_shops_domain() {
        for (text, want) in [
            ("https://shop.example", "https://c.shop.example"),
            ("https://www.shop.example", "https://c.shop.example"),
            ("https://www.shop.co.uk", "https://c.shop.co.uk"),
            ("http://localhost:3000", "http://localhost:8080"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(collector_of(&shop(text), 8080).text(), want, "{text}");
        }
    }

    #[test]
    fn a_shop_has_its_origin_with_and_without_www() {
        for (text, want) in [
            (
                "https://shop.example",
                vec!["https://shop.example", "https://www.shop.example"],
            ),
            (
                "https://www.shop.co.uk",
                vec!["https://www.shop.co.uk", "https://shop.co.uk"],
            ),
            ("https://de.shop.example", vec!["https://de.shop.example"]),
            ("http://localhost:3000", vec!["http://localhost:3000"]),
        ] {
            assert_eq!(shop(text).origins(), want, "{text}");
        }
    }

    #[test]
    fn a_cookie_is_shared_below_one_domain_only() {
        for (url, of, want, is_stranger) in [
            (
                "https://c.shop.example",
                "https://www.shop.example",
                Some("shop.example"),
                false,
            ),
            (
                "https://shop.example/fh",
                "https://shop.example",
                Some("shop.example"),
                false,
            ),
            (
                "https://c.shop.example",
                "https://de.shop.example",
                None,
                false,
            ),
            (
                "https://notshop.example",
                "https://shop.example",
                None,
                true,
            ),
            ("https://c.other.test", "https://shop.example", None, true),
            (
                "http://localhost:8080",
                "http://localhost:3000",
                None,
                false,
            ),
        ] {
            let (url, of) = (collector(url), shop(of));
            assert_eq!(url.cookie_domain(&of).as_deref(), want, "{url:?} {of:?}");
            assert_eq!(url.is_stranger_to(&of), is_stranger, "{url:?} {of:?}");
        }
        let of = shop("https://shop.example");
        for url in ["https://shop.example", "https://www.shop.example"] {
            assert!(collector(url).collides_with(&of).is_some(), "{url}");
        }
        let here = shop("http://localhost:8080");
        let problem = collector_of(&here, 8080).collides_with(&here).unwrap();
        assert!(problem.contains("--listen"), "{problem}");
        assert!(
            collector("https://shop.example/fh")
                .collides_with(&of)
                .is_none()
        );
    }
}
