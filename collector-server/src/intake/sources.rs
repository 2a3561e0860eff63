//! Who may send: keys and origins.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use firsthand_core::identity::Country;
use firsthand_inbound::webhook::Platform;
use firsthand_inbound::{segment, webhook};
use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};
use subtle::{Choice, ConstantTimeEq as _};

use crate::admit::Sender;
use crate::config::{SIGNATURE_TOLERANCE_SECS, SourceKindName, SourceSection};
use crate::secret::Secret;
use crate::store::SourceKind;

/// The configured sources.
#[derive(Debug)]
pub(super) struct Sources {
    browser: HashMap<String, BrowserSource>,
    server: Vec<(Secret, Sender)>,
    segment: Vec<(Secret, SegmentSource)>,
    webhooks: Vec<WebhookSource>,
    origins: HashSet<String>,
}

#[derive(Debug)]
struct BrowserSource {
    sender: Sender,
    origins: HashSet<String>,
    allow_missing_origin: bool,
}

/// A server with an SDK of Segment or RudderStack.
#[derive(Debug)]
pub(super) struct SegmentSource {
    pub(super) sender: Sender,
    pub(super) settings: segment::Settings,
}

/// A shop system that sends notices.
#[derive(Debug)]
pub(super) struct WebhookSource {
    pub(super) platform: Platform,
    pub(super) sender: Sender,
    pub(super) settings: webhook::Settings,
    pub(super) secrets: Vec<Secret>,
    pub(super) tolerance_secs: u32,
}

/// Why a sender is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAllowed {
    UnknownKey,
    Origin,
}

impl Sources {
    /// Builds the sources; resolves their secrets.
    pub(super) fn build(
        sections: &[SourceSection],
        policy_version: u32,
        message_bytes: usize,
    ) -> anyhow::Result<Self> {
        let mut sources = Self {
            browser: HashMap::new(),
            server: Vec::new(),
            segment: Vec::new(),
            webhooks: Vec::new(),
            origins: HashSet::new(),
        };
        for section in sections {
            let kind = match section.kind {
                SourceKindName::Browser => SourceKind::Browser,
                SourceKindName::Server | SourceKindName::Segment => SourceKind::Server,
                SourceKindName::Shopify | SourceKindName::Woocommerce | SourceKindName::Stripe => {
                    SourceKind::Webhook
                }
            };
            let sender = Sender {
                source: Arc::from(section.name.as_str()),
                kind,
                default_phone_country: section
                    .default_phone_country
                    .as_deref()
                    .and_then(Country::parse),
            };
            if let Some((platform, settings)) = section.webhook() {
                let secrets = section.secrets.iter().map(|place| {
                    place
                        .resolve()
                        .with_context(|| format!("source.{}.secrets", section.name))
                });
                sources.webhooks.push(WebhookSource {
                    platform,
                    sender,
                    settings,
                    secrets: secrets.collect::<anyhow::Result<_>>()?,
                    tolerance_secs: section.tolerance_secs.unwrap_or(SIGNATURE_TOLERANCE_SECS),
                });
            } else if let Some(place) = &section.secret_key {
                let secret = place
                    .resolve()
                    .with_context(|| format!("source.{}.secret_key", section.name))?;
                if section.kind == SourceKindName::Segment {
                    let settings = section.segment(policy_version, message_bytes);
                    sources
                        .segment
                        .push((secret, SegmentSource { sender, settings }));
                } else {
                    sources.server.push((secret, sender));
                }
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
            .chain(self.segment.iter().map(|(_, source)| &source.sender))
            .chain(self.webhooks.iter().map(|source| &source.sender))
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
            return by_secret(&self.server, token).ok_or(NotAllowed::UnknownKey);
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
        token.is_some_and(|token| by_secret(&self.server, token).is_some())
    }

    /// Returns the source of a write key.
    pub(super) fn segment(&self, write_key: &str) -> Result<&SegmentSource, NotAllowed> {
        by_secret(&self.segment, write_key).ok_or(NotAllowed::UnknownKey)
    }

    /// Returns the webhook of an address.
    pub(super) fn webhook(&self, platform: &str, source: &str) -> Option<&WebhookSource> {
        self.webhooks.iter().find(|webhook| {
            webhook.platform.as_str() == platform && webhook.sender.source.as_ref() == source
        })
    }
}

/// Compares with every secret in constant time.
fn by_secret<'s, T>(sources: &'s [(Secret, T)], token: &str) -> Option<&'s T> {
    let mut found = None;
    for (secret, source) in sources {
        let is_equal: Choice = secret.expose().as_bytes().ct_eq(token.as_bytes());
        if bool::from(is_equal) {
            found = Some(source);
        }
    }
    found
}

/// Returns the write key of a Segment SDK: the user of `Authorization: Basic …`, whose password is empty and whose colon some old clients
/// leave out, or the token of `Bearer …`. `None` where the header is of another form.
pub(super) fn write_key(value: &http::HeaderValue) -> Option<String> {
    if let Some(token) = bearer(value) {
        return Some(token.to_owned());
    }
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    Some(match text.split_once(':') {
        Some((user, _)) => user.to_owned(),
        None => text,
    })
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
    fn a_write_key_is_the_user_of_basic_authentication() {
        for (value, want) in [
            ("Basic d2s6", Some("wk")),
            ("basic d2s=", Some("wk")),
            ("Basic d2s6c2VjcmV0", Some("wk")),
            ("Bearer wk", Some("wk")),
            ("Basic %%%", None),
            ("Digest d2s6", None),
            ("d2s6", None),
        ] {
            let value = http::HeaderValue::from_static(value);
            assert_eq!(write_key(&value).as_deref(), want, "{value:?}");
        }
    }

    #[test]
    fn a_password_of_the_shops_own_proxy_is_no_key_of_ours() {
        let source: SourceSection = toml::from_str(
            "name = \"web\"\nkind = \"browser\"\nwrite_key = \"pk_1\"\norigins = [\"https://shop.test\"]",
        )
        .unwrap();
        let sources = Sources::build(&[source], 1, 1024).unwrap();
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
