//! The first-party id in a cookie that the collector sets: script-written ones die after 7 days in Safari.

use firsthand_core::ids;
use firsthand_core::touchpoint::cookies::Cookies;
use firsthand_core::wire::BrowserKey;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::config::CookieSection;

/// Writes the cookie as configured.
#[derive(Debug)]
pub(super) struct CookieWriter {
    name: String,
    /// Everything after value and `Max-Age`.
    attributes: String,
    max_age_secs: u64,
}

impl CookieWriter {
    pub(super) fn new(config: &CookieSection, public_url: Option<&str>) -> Self {
        let is_secure = config
            .secure
            .unwrap_or_else(|| public_url.is_some_and(|url| url.starts_with("https://")));
        let mut attributes = format!("; Path=/; HttpOnly; SameSite={}", config.same_site.as_str());
        if is_secure {
            attributes.push_str("; Secure");
        }
        if let Some(domain) = &config.domain {
            attributes.push_str("; Domain=");
            attributes.push_str(domain);
        }
        Self {
            name: config.name.clone(),
            attributes,
            max_age_secs: u64::from(config.max_age_days) * 86_400,
        }
    }

    /// Returns the id that the browser sent, if it is one of ours.
    pub(super) fn read<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, id)| *name == self.name && is_uuid_v7(id))
            .map(|(_, id)| id)
    }

    /// Returns the header that sets or renews the id.
    pub(super) fn set(&self, id: &str) -> Option<HeaderValue> {
        self.header(id, self.max_age_secs)
    }

    /// Returns the header that removes it.
    pub(super) fn clear(&self) -> Option<HeaderValue> {
        self.header("", 0)
    }

    fn header(&self, value: &str, max_age_secs: u64) -> Option<HeaderValue> {
        let text = format!(
            "{}={value}; Max-Age={max_age_secs}{}",
            self.name, self.attributes
        );
        HeaderValue::try_from(text).ok()
    }
}

/// Returns the click ids that Google's tag keeps in cookies of the shop's domain. The page does not read them: where the collector is on that
/// domain the browser sends them by itself, which costs no visitor a byte.
pub(super) fn google_clicks(headers: &HeaderMap) -> Vec<(BrowserKey, String)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| Cookies::new(value).google_clicks("wbraid"))
        .filter_map(|(parameter, id)| Some((BrowserKey::parse(parameter)?, id)))
        .collect()
}

/// Returns the ids that other platforms' tags keep in cookies of the shop's domain, read as [`google_clicks`] are.
pub(super) fn platform_ids(headers: &HeaderMap) -> Vec<(BrowserKey, String)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| Cookies::new(value).platform_ids())
        .filter_map(|(name, id)| Some((BrowserKey::parse(name)?, id)))
        .collect()
}

/// Whether a text is a UUID of version 7.
pub(super) fn is_uuid_v7(text: &str) -> bool {
    ids::is_uuid(text) && text.as_bytes().get(14) == Some(&b'7')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";

    #[test]
    fn the_cookie_says_what_was_configured() {
        let writer = CookieWriter::new(&CookieSection::default(), Some("https://c.shop.example"));
        assert_eq!(
            writer.set(ID).unwrap(),
            format!("fh_id={ID}; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax; Secure")
        );
        let config = CookieSection {
            domain: Some("shop.example".to_owned()),
            ..CookieSection::default()
        };
        let writer = CookieWriter::new(&config, Some("http://localhost:8080"));
        assert_eq!(
            writer.clear().unwrap(),
            "fh_id=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Domain=shop.example"
        );
    }

    #[test]
    fn every_id_of_a_platforms_cookie_has_a_key() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "_epik=a; _scid=b; _rdt_cid=c".parse().unwrap());
        headers.append(
            COOKIE,
            "_rdt_uuid=d; li_fat_id=e; _uetmsclkid=_uetf; twclid=g"
                .parse()
                .unwrap(),
        );
        let found: Vec<String> = platform_ids(&headers)
            .into_iter()
            .map(|(key, id)| format!("{}={id}", key.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                "epik=a",
                "sc_cookie1=b",
                "rdt_cid=c",
                "rdt_uuid=d",
                "li_fat_id=e",
                "msclkid=f",
                "twclid=g"
            ]
        );
    }

    #[test]
    fn googles_click_cookies_are_read() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            "a=b; _gcl_aw=GCL.1795471000.Cj0KCQ".parse().unwrap(),
        );
        headers.append(COOKIE, "_gcl_gb=GCL.1795471000.Wb-1".parse().unwrap());
        let found = google_clicks(&headers);
        assert_eq!(
            found,
            [
                (BrowserKey::Gclid, "Cj0KCQ".to_owned()),
                (BrowserKey::Wbraid, "Wb-1".to_owned())
            ]
        );
    }

    #[test]
    fn only_ids_of_our_form_are_read() {
        let writer = CookieWriter::new(&CookieSection::default(), None);
        for (cookie, want) in [
            (format!("a=b; fh_id={ID}; c=d"), Some(ID)),
            (format!("xfh_id={ID}"), None),
            ("fh_id=jane".to_owned(), None),
            (format!("fh_id={}", ID.replace("-7", "-4")), None),
            (format!("fh_id=old; fh_id={ID}"), Some(ID)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, cookie.parse().unwrap());
            assert_eq!(writer.read(&headers), want, "{cookie}");
        }
    }
}
