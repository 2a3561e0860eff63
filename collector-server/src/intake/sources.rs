//! Who may send: keys and origins.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context as _;
use firsthand_core::identity::Country;
use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};
use subtle::{Choice, ConstantTimeEq as _};

use crate::admit::Sender;
use crate::config::{SourceKindName, SourceSection};
use crate::secret::Secret;
use crate::store::SourceKind;

/// The configured sources.
#[derive(Debug)]
pub(super) struct Sources {
    browser: HashMap<String, BrowserSource>,
    server: Vec<(Secret, Sender)>,
    origins: HashSet<String>,
}

#[derive(Debug)]
struct BrowserSource {
    sender: Sender,
    origins: HashSet<String>,
    allow_missing_origin: bool,
}

/// Why a sender is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAllowed {
    UnknownKey,
    Origin,
}

impl Sources {
    pub(super) fn build(sections: &[SourceSection]) -> anyhow::Result<Self> {
        let mut sources = Self {
            browser: HashMap::new(),
            server: Vec::new(),
            origins: HashSet::new(),
        };
        for section in sections {
            let kind = match section.kind {
                SourceKindName::Browser => SourceKind::Browser,
                SourceKindName::Server => SourceKind::Server,
            };
            let sender = Sender {
                source: Arc::from(section.name.as_str()),
                kind,
                default_phone_country: section
                    .default_phone_country
                    .as_deref()
                    .and_then(Country::parse),
            };
            if let Some(place) = &section.secret_key {
                let secret = place
                    .resolve()
                    .with_context(|| format!("source.{}.secret_key", section.name))?;
                sources.server.push((secret, sender));
            } else if let Some(key) = &section.write_key {
                sources.origins.extend(section.origins.iter().cloned());
                let source = BrowserSource {
                    sender,
                    origins: section.origins.iter().cloned().collect(),
                    allow_missing_origin: section.allow_missing_origin,
                };
                sources.browser.insert(key.clone(), source);
            }
        }
        Ok(sources)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.browser
            .values()
            .map(|source| &source.sender)
            .chain(self.server.iter().map(|(_, sender)| sender))
            .map(|sender| sender.source.as_ref())
    }

    /// Whether any browser source lists this origin.
    pub(super) fn lists_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }

    /// Returns who sends: by the secret key of the `Authorization` header, else by the body's key.
    pub(super) fn sender(
        &self,
        headers: &HeaderMap,
        write_key: &str,
    ) -> Result<&Sender, NotAllowed> {
        // Another scheme is not meant for us: a browser repeats the password of a protected shop.
        if let Some(token) = headers.get(AUTHORIZATION).and_then(bearer) {
            return self.by_secret(token).ok_or(NotAllowed::UnknownKey);
        }
        let source = self.browser.get(write_key).ok_or(NotAllowed::UnknownKey)?;
        let is_allowed = match headers.get(ORIGIN) {
            None => source.allow_missing_origin,
            Some(origin) => origin
                .to_str()
                .is_ok_and(|origin| source.origins.contains(origin)),
        };
        if is_allowed {
            Ok(&source.sender)
        } else {
            Err(NotAllowed::Origin)
        }
    }

    /// Whether the request carries one of the secret keys.
    pub(super) fn holds_secret(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(AUTHORIZATION).and_then(bearer);
        token.is_some_and(|token| self.by_secret(token).is_some())
    }

    /// Compares with every secret in constant time.
    fn by_secret(&self, token: &str) -> Option<&Sender> {
        let mut found = None;
        for (secret, sender) in &self.server {
            let is_equal: Choice = secret.expose().as_bytes().ct_eq(token.as_bytes());
            if bool::from(is_equal) {
                found = Some(sender);
            }
        }
        found
    }
}

/// Returns the token of an `Authorization: Bearer …` header.
pub(super) fn bearer(value: &http::HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_the_shops_own_proxy_is_no_key_of_ours() {
        let source: SourceSection = toml::from_str(
            "name = \"web\"\nkind = \"browser\"\nwrite_key = \"pk_1\"\norigins = [\"https://shop.test\"]",
        )
        .unwrap();
        let sources = Sources::build(&[source]).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, "https://shop.test".parse().unwrap());
        for (authorization, want) in [
            ("Basic c2hvcDpzZWNyZXQ=", None),
            ("Bearer pk_1", Some(NotAllowed::UnknownKey)),
        ] {
            headers.insert(AUTHORIZATION, authorization.parse().unwrap());
            assert_eq!(
                sources.sender(&headers, "pk_1").err(),
                want,
                "{authorization}"
            );
        }
    }
}
