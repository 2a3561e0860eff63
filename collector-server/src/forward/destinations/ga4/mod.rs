//! GA4 Measurement Protocol: `POST {base}/mp/collect?measurement_id=…&api_secret=…`.
//!
//! Answers 2xx for whatever it received, so every documented limit is kept here, before sending; what
//! does not fit is cut or left out and counted. A request holds one visitor's events. Copies of a
//! purchase meet by `transaction_id`; nothing else is de-duplicated. Sources: "Measurement Protocol
//! reference", "Event collection limits".

mod params;

use std::sync::Arc;

use firsthand_core::catalogue;
use firsthand_core::consent::{Purpose, Verdict as Allowed};
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{BrowserKey, DigestKey};
use serde::Deserialize;

use self::params::write_params;
use super::{
    Account, AccountReader, Answer, Batch, Destination, Mapped, Outgoing, PlatformLimits,
    PlatformSpec, Setup, Verdict, Words, body, foreign_answer, hours, percent,
};
use crate::forward::config::{Checks, Common, ConfigError, is_token};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::{Secret, SecretSource};

/// GA4: 25 events, 130 kB, 72 hours. A request holds one visitor's events only, so several requests run at
/// a time.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "ga4",
    limits: PlatformLimits {
        base_url: "https://www.google-analytics.com",
        max_batch_events: 25,
        default_batch_events: 25,
        max_body_bytes: 128_000,
        max_event_age: hours(72),
        default_max_event_age: hours(71),
        default_concurrency: 8,
        requires: &[Purpose::Analytics],
    },
    names: EventNames {
        table: &[],
        others: Others::Canonical {
            reserved: &[
                "ad_activeview",
                "ad_click",
                "ad_exposure",
                "ad_impression",
                "ad_query",
                "adunit_exposure",
                "app_clear_data",
                "app_install",
                "app_remove",
                "app_update",
                "error",
                "first_open",
                "first_visit",
                "in_app_purchase",
                "notification_dismiss",
                "notification_foreground",
                "notification_open",
                "notification_receive",
                "os_update",
                "screen_view",
                "session_start",
                "user_engagement",
            ],
        },
    },
    account: AccountReader::of::<Ga4Config>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// Longest `user_id`, in characters.
const MAX_USER_ID_CHARS: usize = 256;

/// Which events a GA4 destination sends. GA4 knows copies of purchases only (by `transaction_id`):
/// everything else that the page's own tag reports too would count twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ServerEvents {
    /// All: the page has no Google tag for this stream.
    #[default]
    All,
    /// Purchases with a `transaction_id` only: the page's tag reports the rest.
    Purchases,
}

/// The keys of a web stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ga4Config {
    /// Measurement id, `G-…`.
    measurement_id: String,
    /// API secret of the stream. Google wants it in the address; it is kept out of logs and errors.
    api_secret: SecretSource,
    /// Sends to the validation endpoint, which checks and records nothing.
    #[serde(default)]
    test_mode: bool,
    /// Which events are sent.
    #[serde(default)]
    server_events: ServerEvents,
}

impl Account for Ga4Config {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "measurement_id",
            self.measurement_id.starts_with("G-") && is_token(&self.measurement_id),
            "must be the measurement id of the web stream, such as G-ABC123DEF4 (not the numeric stream id)",
        )
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let secret = setup.secret("api_secret", &self.api_secret)?;
        let mut encoded = String::new();
        percent::push(&mut encoded, secret.expose());
        setup.hide(Secret::new(encoded));
        Ok(Arc::new(Ga4 {
            config: self.clone(),
            common: setup.common().clone(),
            base_url: setup.base_url(),
            secret,
        }))
    }
}

/// A web stream.
struct Ga4 {
    config: Ga4Config,
    common: Common,
    base_url: String,
    secret: Secret,
}

impl Destination for Ga4 {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let is_deduplicated = event.name == "purchase" && event.props.transaction_id.is_some();
        if self.config.server_events == ServerEvents::Purchases && !is_deduplicated {
            return Err(Skip::new(
                "left_to_tag",
                "ga4 would count this twice: left to the page's own tag (server_events = \"purchases\")",
            ));
        }
        if !catalogue::is_valid(&name) {
            return Err(Skip::new(
                "no_such_event",
                "ga4 takes names of a letter, then letters, digits and underscores, 40 at most",
            ));
        }
        let Some(client_id) = client_id(event) else {
            return Err(Skip::new(
                "no_match_key",
                "no ga_client, anonymous_id or user_id to tell the visitor by",
            ));
        };
        let allowed = permission.verdict;
        let mut text = String::with_capacity(1024);
        let mut object = Object::begin(&mut text);
        object.text("name", &name);
        object.int(
            "timestamp_micros",
            event.at_ms.min(now_ms).saturating_mul(1_000),
        );
        let dropped_params = write_params(event, allowed, object.key("params"));
        object.end();
        Ok(Mapped {
            event: text,
            envelope: envelope(event, allowed, &client_id),
            without_click_id: None,
            dropped_params,
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let debug = if self.config.test_mode { "/debug" } else { "" };
        let mut out = String::with_capacity(batch.body_capacity());
        // The envelope is an object with members: the events take the place of its last brace.
        out.push_str(batch.envelope.strip_suffix('}').unwrap_or("{"));
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str("\"events\":");
        body::list(&mut out, batch.events);
        out.push('}');
        let mut url = format!("{}{debug}/mp/collect?measurement_id=", self.base_url);
        percent::push(&mut url, &self.config.measurement_id);
        url.push_str("&api_secret=");
        percent::push(&mut url, self.secret.expose());
        Outgoing::json(url, out)
    }

    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict {
        if !answer.is_success() {
            return foreign_answer(answer);
        }
        if !self.config.test_mode {
            return Verdict::Delivered;
        }
        let Ok(Validation { messages }) = serde_json::from_str(&answer.body) else {
            return foreign_answer(answer);
        };
        let Some(first) = messages.first() else {
            return Verdict::Checked;
        };
        let mut events: Vec<(usize, Words)> = Vec::new();
        for message in &messages {
            if let Some(index) = event_index(&message.field_path)
                && index < batch.events.len()
                && events.iter().all(|(known, _)| *known != index)
            {
                events.push((index, message.words()));
            }
        }
        if events.is_empty() {
            return Verdict::RejectedBatch {
                reason: first.words(),
            };
        }
        Verdict::RejectedEvents { events }
    }
}

#[derive(Deserialize)]
struct Validation {
    #[serde(rename = "validationMessages")]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default)]
    field_path: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    validation_code: String,
}

impl Message {
    fn words(&self) -> Words {
        Words::new("ga4").saying(format!(
            "{} {}: {}",
            self.validation_code, self.field_path, self.description
        ))
    }
}

fn event_index(path: &str) -> Option<usize> {
    path.strip_prefix("events[")?
        .split_once(']')?
        .0
        .parse()
        .ok()
}

/// Returns the visitor's client id: the tag's own (`_ga`), else one derived from the first-party id, the
/// same for every event of that browser. Without the tag's id GA4 sees the browser as another client
/// than the tag does.
fn client_id(event: &Merged<'_>) -> Option<String> {
    if let Some(own) = event.browser_id(BrowserKey::GaClient)
        && is_client_id(own)
    {
        return Some(own.to_owned());
    }
    let stable = event
        .user
        .anonymous_id
        .as_deref()
        .or(event.user.user_id.as_deref())
        .filter(|id| !id.is_empty())?;
    // FNV-1a: spreads, needs no key, hides nothing that is not a pseudonym already.
    let hash = stable
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    Some(format!("{}.{}", hash >> 33, hash & 0x7fff_ffff))
}

fn is_client_id(text: &str) -> bool {
    text.len() <= 64
        && text.split_once('.').is_some_and(|(random, seconds)| {
            [random, seconds]
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        })
}

/// What the request says about the visitor.
fn envelope(event: &Merged<'_>, allowed: Allowed, client_id: &str) -> String {
    let mut out = String::with_capacity(512);
    let mut object = Object::begin(&mut out);
    object.text("client_id", client_id);
    let user_id = event.user.user_id.as_deref().filter(|id| {
        !id.is_empty() && id.chars().count() <= MAX_USER_ID_CHARS && !id.contains('@')
    });
    object.text_opt("user_id", user_id);
    let word = |granted| if granted { "GRANTED" } else { "DENIED" };
    let mut consent = Object::begin(object.key("consent"));
    consent.text("ad_user_data", word(allowed.allows_match_keys()));
    consent.text(
        "ad_personalization",
        word(allowed.allows_match_keys() && allowed.allows(Purpose::Personalization)),
    );
    consent.end();
    let mut device = Object::begin(object.key("device"));
    device.text_opt("language", event.context.lang.as_deref());
    device.text_opt("screen_resolution", event.context.screen.as_deref());
    device.end();
    if allowed.allows_match_keys() {
        object.text_opt("ip_override", event.ip());
        write_user_data(event, &mut object);
    }
    object.end();
    out
}

fn write_user_data(event: &Merged<'_>, object: &mut Object<'_>) {
    let emails = event.first_digests([DigestKey::EmailGoogle, DigestKey::Email]);
    let phones = event.digests(DigestKey::PhoneE164);
    let first = event.first_digests([DigestKey::FirstNameGoogle, DigestKey::FirstName]);
    let last = event.first_digests([DigestKey::LastNameGoogle, DigestKey::LastName]);
    if emails.is_empty() && phones.is_empty() && first.is_empty() && last.is_empty() {
        return;
    }
    let mut data = Object::begin(object.key("user_data"));
    body::texts(&mut data, "sha256_email_address", &emails);
    body::texts(&mut data, "sha256_phone_number", &phones);
    let address: Vec<_> = [(first.first(), last.first())]
        .into_iter()
        .filter(|(first, last)| first.is_some() || last.is_some())
        .collect();
    body::objects(&mut data, "address", &address, |object, (first, last)| {
        object.text_opt("sha256_first_name", first.copied());
        object.text_opt("sha256_last_name", last.copied());
    });
    data.end();
}

#[cfg(test)]
mod tests;
