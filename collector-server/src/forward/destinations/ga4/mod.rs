//! GA4 Measurement Protocol: `POST {base}/mp/collect?measurement_id=…&api_secret=…`.
//!
//! Answers 2xx for whatever it received, so every documented limit is kept here, before sending; what
//! does not fit is cut or left out and counted. A request holds one visitor's events. Copies of a
//! purchase meet by `transaction_id`; nothing else is de-duplicated. Sources: "Measurement Protocol
//! reference", "Event collection limits".

mod params;

use firsthand_core::catalogue;
use firsthand_core::consent::{Purpose, Verdict as Allowed};
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{BrowserKey, DigestKey};
use serde::Deserialize;

use self::params::{push_encoded, write_params};
use super::{Answer, Destination, Mapped, Outgoing, Verdict, body, foreign_answer, shorten};
use crate::forward::config::{GA4, Ga4Config, ServerEvents};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{Skip, Vocabulary, platform_name};
use crate::secret::Secret;

/// Longest `user_id`, in characters.
pub const MAX_USER_ID_CHARS: usize = 256;

/// A web stream.
pub struct Ga4 {
    config: Ga4Config,
    secret: String,
}

impl Ga4 {
    /// Makes the destination.
    pub fn new(config: Ga4Config, secret: &Secret) -> Self {
        Self {
            config,
            secret: secret.expose().to_owned(),
        }
    }
}

impl Destination for Ga4 {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = platform_name(Vocabulary::Ga4, &self.config.common, event.name)?;
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

    fn request(&self, envelope: &str, events: &[&str]) -> Outgoing {
        let base = self
            .config
            .common
            .base_url
            .as_deref()
            .unwrap_or(GA4.base_url);
        let debug = if self.config.test_mode { "/debug" } else { "" };
        let mut out = String::with_capacity(
            envelope.len() + events.iter().map(|e| e.len() + 1).sum::<usize>() + 32,
        );
        // The envelope is an object with members: the events take the place of its last brace.
        out.push_str(envelope.strip_suffix('}').unwrap_or("{"));
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str("\"events\":");
        body::list(&mut out, events);
        out.push('}');
        let mut url = format!("{base}{debug}/mp/collect?measurement_id=");
        push_encoded(&mut url, &self.config.measurement_id);
        url.push_str("&api_secret=");
        push_encoded(&mut url, &self.secret);
        Outgoing {
            url,
            headers: Vec::new(),
            body: out,
        }
    }

    fn interpret(&self, answer: &Answer, events: usize) -> Verdict {
        if !(200..300).contains(&answer.status) {
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
        let reason = shorten(
            &format!(
                "ga4 {} {}: {}",
                first.validation_code, first.field_path, first.description
            ),
            &self.secret,
        );
        let mut indexes: Vec<usize> = messages
            .iter()
            .filter_map(|message| event_index(&message.field_path))
            .filter(|index| *index < events)
            .collect();
        indexes.dedup();
        if indexes.is_empty() {
            return Verdict::RejectedBatch { reason };
        }
        Verdict::RejectedEvents { indexes, reason }
    }

    fn shorten(&self, text: &str) -> String {
        shorten(text, &self.secret)
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
