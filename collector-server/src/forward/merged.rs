//! What destinations ask of a merged event.

use firsthand_core::wire::{BrowserKey, DigestKey};

use super::merge::Merged;

impl Merged<'_> {
    /// Returns a click id: that of the latest arrival, else of the first, with the time it was seen; else
    /// the platform's own of a cookie, with the time of the event.
    pub fn click_id(&self, parameter: &str) -> Option<(&str, i64)> {
        [&self.last_touch, &self.first_touch]
            .into_iter()
            .flatten()
            .find_map(|touch| Some((touch.click_id(parameter)?, touch.at)))
            .or_else(|| {
                let key = BrowserKey::parse(parameter).filter(|key| is_click_of_a_cookie(*key))?;
                Some((self.user.browser_id(key)?, self.at_ms))
            })
    }

    /// Returns the digests of a kind.
    pub fn digests(&self, key: DigestKey) -> Vec<&str> {
        self.user.digests_of(key).collect()
    }

    /// Returns the digests of the first of these kinds that has any.
    pub fn first_digests<const N: usize>(&self, keys: [DigestKey; N]) -> Vec<&str> {
        keys.into_iter()
            .map(|key| self.digests(key))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// Returns a platform identifier of the browser.
    pub fn browser_id(&self, key: BrowserKey) -> Option<&str> {
        self.user.browser_id(key)
    }

    /// Returns the visitor's address, if it is one.
    pub fn ip(&self) -> Option<&str> {
        self.context
            .ip
            .as_deref()
            .filter(|ip| ip.parse::<std::net::IpAddr>().is_ok())
    }

    /// Returns the user agent, if there is one.
    pub fn user_agent(&self) -> Option<&str> {
        self.context
            .ua
            .as_deref()
            .map(str::trim)
            .filter(|ua| !ua.is_empty())
    }

    /// Returns the visitor's language as ISO 639-1.
    pub fn language(&self) -> Option<&str> {
        let tag = self.context.lang.as_deref()?;
        let code = tag.split('-').next()?;
        (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
    }

    /// Returns the page's address, if it is a web address.
    pub fn page_url(&self) -> Option<&str> {
        self.page.url.as_deref().filter(|url| is_web(url))
    }

    /// Returns the page before, if it is a web address.
    pub fn referrer(&self) -> Option<&str> {
        self.page.referrer.as_deref().filter(|url| is_web(url))
    }
}

const fn is_click_of_a_cookie(key: BrowserKey) -> bool {
    match key {
        BrowserKey::Gclid
        | BrowserKey::Wbraid
        | BrowserKey::Epik
        | BrowserKey::RdtCid
        | BrowserKey::LiFatId
        | BrowserKey::Msclkid
        | BrowserKey::Twclid => true,
        // Meta's and TikTok's have rules of their own.
        BrowserKey::Fbc
        | BrowserKey::Ttclid
        | BrowserKey::Fbp
        | BrowserKey::Ttp
        | BrowserKey::GaClient
        | BrowserKey::GaSession
        | BrowserKey::ScCookie
        | BrowserKey::RdtUuid => false,
    }
}

fn is_web(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && !url.contains(char::is_whitespace)
}
