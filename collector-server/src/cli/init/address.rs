//! Addresses of a shop and of its collector: what may be meant, and what a browser makes of the two. Pure.

use reqwest::Url;

use crate::forward::config::is_this_machine;

/// An address of the web, as a browser reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(Url);

impl Address {
    /// Reads the address of a shop: a scheme, a host, perhaps a port. Without a scheme https is meant.
    pub(super) fn of_shop(text: &str) -> Result<Self, String> {
        let address = Self::parse(text, "https://shop.example")?;
        if address.path().is_empty() {
            Ok(address)
        } else {
            Err(format!("the shop's host is enough: {}", address.origin()))
        }
    }

    /// Reads the address of a collector, which may have a path.
    pub(super) fn of_collector(text: &str) -> Result<Self, String> {
        Self::parse(text, "https://c.shop.example")
    }

    fn parse(text: &str, example: &str) -> Result<Self, String> {
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = Url::parse(&full).ok().filter(|url| {
            matches!(url.scheme(), "https" | "http")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
                // What a browser takes as a name, and nobody has one of.
                && url.host_str().is_some_and(|host| {
                    host.bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'[' | b']' | b':'))
                })
        });
        let address = Self(url.ok_or_else(|| format!("is no web address; an example: {example}"))?);
        if address.0.scheme() == "http" && !address.is_local() {
            return Err(
                "must be https: a page of a shop is, and its browser sends to nothing else"
                    .to_owned(),
            );
        }
        Ok(address)
    }

    /// Whether this is an address of the developer's own machine.
    pub(super) fn is_local(&self) -> bool {
        is_this_machine(&self.0)
    }

    /// Returns scheme, host and port as a browser writes an origin.
    pub(super) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Returns the whole address, without a slash at its end.
    pub(super) fn text(&self) -> String {
        self.origin() + self.path()
    }

    /// Returns the path, without a slash at its end.
    pub(super) fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    /// The origins of a shop's pages: its own, and the same with and without `www.`
    pub(super) fn origins(&self) -> Vec<String> {
        let other = match self.0.domain() {
            Some(domain) if domain.starts_with("www.") => Some(self.domain().to_owned()),
            Some(domain) if domain.matches('.').count() == 1 => Some(format!("www.{domain}")),
            _ => None,
        };
        let other = other.map(|host| self.with_host(&host).origin());
        std::iter::once(self.origin()).chain(other).collect()
    }

    fn with_host(&self, host: &str) -> Self {
        let mut url = self.0.clone();
        // A part of a host, or one with a plain word before it, is a host.
        let _ = url.set_host(Some(host));
        Self(url)
    }

    fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The domain that a shop's hosts have in common: its host without `www.`
    fn domain(&self) -> &str {
        self.host().strip_prefix("www.").unwrap_or(self.host())
    }

    /// Returns the domain of a cookie that this collector and the shop share, if there is one.
    pub(super) fn cookie_domain(&self, shop: &Self) -> Option<String> {
        let domain = shop.domain();
        let is_below = self
            .host()
            .strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        // A number has no domain, and neither has a name without a dot.
        (is_below && domain.contains('.') && shop.0.domain().is_some()).then(|| domain.to_owned())
    }

    /// Whether a browser takes this collector's cookie for a stranger's on the pages of `shop`, as far as the two names tell: their last two
    /// parts differ.
    pub(super) fn is_stranger_to(&self, shop: &Self) -> bool {
        let is_between_hosts = !self.is_local() && !shop.is_local();
        is_between_hosts
            && !self
                .host()
                .rsplit('.')
                .take(2)
                .eq(shop.host().rsplit('.').take(2))
    }

    /// Says what to do where the collector would take the shop's own place.
    pub(super) fn collides_with(&self, shop: &Self) -> Option<String> {
        if !self.path().is_empty() || !shop.origins().contains(&self.origin()) {
            return None;
        }
        let origin = shop.origin();
        if shop.is_local() {
            return Some(format!(
                "the shop is at {origin} itself: give the collector another port, such as --listen 127.0.0.1:8090"
            ));
        }
        Some(format!(
            "{origin} is the shop itself: give the collector a subdomain, such as {}, or a path, such as {origin}/fh",
            collector_of(shop, 8080).text()
        ))
    }
}

/// Returns where a shop's collector is unless told: `c.` before the shop's domain; where the shop has no name but a number, or is on the
/// developer's machine, the port that the collector listens on.
pub(super) fn collector_of(shop: &Address, port: u16) -> Address {
    let is_local = shop.is_local();
    let mut beside = if is_local || shop.0.domain().is_none() {
        shop.clone()
    } else {
        shop.with_host(&format!("c.{}", shop.domain()))
    };
    let port = (beside.host() == shop.host()).then_some(port);
    // Neither can fail: there is a host, and both schemes have one.
    let _ = beside.0.set_port(port);
    if is_local {
        let _ = beside.0.set_scheme("http");
    }
    beside
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
            ("https://bücher.example", "https://xn--bcher-kva.example"),
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
            ("https://203.0.113.5", "https://203.0.113.5:8080"),
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
            ("https://203.0.113.5", vec!["https://203.0.113.5"]),
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
