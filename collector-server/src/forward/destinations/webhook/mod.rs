//! A signed webhook: the merged event as documented JSON to an address of the shop's choice.
//!
//! Signed as Standard Webhooks 1.0.0 says (`webhook-id`, `webhook-timestamp`, `webhook-signature`), so that
//! a receiver can use any of its libraries. While a secret is being replaced both sign.

mod event;
pub(crate) mod signature;

use std::sync::Arc;

use firsthand_core::consent::Purpose;
use firsthand_core::wire::json::Object;
use serde::Deserialize;

use self::signature::SigningKey;
use super::{
    Account, AccountReader, Answer, Batch, Destination, Mapped, Outgoing, PlatformLimits,
    PlatformSpec, RetryClass, Setup, Verdict, Words, body, foreign_answer, hours,
};
use crate::forward::config::{Checks, Common, ConfigError, is_safe_url};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::{Secret, SecretSource};

/// Nobody's limits but ours. One event a request, as the standard has it, unless `batch_events` says
/// otherwise. Nobody knows what a receiver does with the events, so all that could be meant is required.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "webhook",
    limits: PlatformLimits {
        base_url: "",
        max_batch_events: 500,
        default_batch_events: 1,
        max_body_bytes: 1_000_000,
        max_event_age: hours(90 * 24),
        default_max_event_age: hours(7 * 24),
        default_concurrency: 4,
        requires: &[
            Purpose::Analytics,
            Purpose::Marketing,
            Purpose::ThirdPartySharing,
        ],
    },
    names: EventNames {
        table: &[],
        others: Others::Canonical { reserved: &[] },
    },
    account: AccountReader::of::<WebhookConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// `type` of a request of several events.
const BATCH_TYPE: &str = "events.batch";

/// The keys of a receiver.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookConfig {
    /// Where to.
    url: String,
    /// `whsec_` and 24 to 64 bytes in base64.
    secret: SecretSource,
    /// The secret before, while a receiver changes to the new one: both sign.
    #[serde(default)]
    previous_secret: Option<SecretSource>,
}

impl Account for WebhookConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "url",
            is_safe_url(&self.url),
            "must be https://host/path without a user, a password or a fragment (http:// only for 127.0.0.1, [::1] or localhost)",
        )
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let mut keys = vec![signing_key("secret", &self.secret, setup)?];
        if let Some(previous) = &self.previous_secret {
            keys.push(signing_key("previous_secret", previous, setup)?);
        }
        Ok(Arc::new(Webhook {
            url: self.url.clone(),
            keys,
            is_batched: setup.common().batch_events.is_some_and(|most| most > 1),
            common: setup.common().clone(),
        }))
    }
}

fn signing_key(
    key: &str,
    source: &SecretSource,
    setup: &mut Setup<'_>,
) -> Result<SigningKey, ConfigError> {
    let secret = setup.secret(key, source)?;
    // The base64 text alone is the secret as well.
    if let Some(encoded) = secret.expose().strip_prefix(signature::PREFIX) {
        setup.hide(Secret::new(encoded));
    }
    SigningKey::read(&secret).map_err(|problem| setup.problem(key, problem))
}

/// A receiver.
struct Webhook {
    url: String,
    keys: Vec<SigningKey>,
    is_batched: bool,
    common: Common,
}

impl Destination for Webhook {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let at = body::rfc3339(event.at_ms.min(now_ms))
            .ok_or_else(|| Skip::new("incomplete", "the event's time is no date"))?;
        let mut text = String::with_capacity(1_024);
        let mut message = Object::begin(&mut text);
        message.text("type", &name);
        message.text("timestamp", &at);
        event::write(event, permission, message.key("data"));
        message.end();
        Ok(Mapped {
            event: text,
            // An id is unique among events of one name.
            envelope: if self.is_batched {
                String::new()
            } else {
                event.name.to_owned()
            },
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let body = match batch.events {
            [only] if !self.is_batched => (*only).to_owned(),
            events => {
                let mut out = String::with_capacity(batch.body_capacity());
                let mut message = Object::begin(&mut out);
                message.text("type", BATCH_TYPE);
                message.text_opt("timestamp", body::rfc3339(batch.now_ms).as_deref());
                let mut data = Object::begin(message.key("data"));
                body::list(data.key("events"), events);
                data.end();
                message.end();
                out
            }
        };
        let (scope, parts) = (batch.envelope, batch.event_ids);
        let headers = signature::headers(&self.keys, scope, parts, batch.now_ms / 1_000, &body);
        Outgoing {
            headers,
            ..Outgoing::json(self.url.clone(), body)
        }
    }

    fn interpret(&self, answer: &Answer, _batch: &Batch<'_>) -> Verdict {
        let reason =
            Words::new(format!("webhook http {}", answer.status)).saying(first_words(answer));
        match answer.status {
            200..=299 => Verdict::Delivered,
            // Nobody is there any more, or not under this address: a person must act.
            401 | 403 | 404 | 410 => Verdict::Unauthorized { reason },
            429 => Verdict::Retry {
                class: RetryClass::Throttled,
                after: answer.retry_after,
                reason,
            },
            400 | 409 | 413 | 415 | 422 => Verdict::RejectedBatch { reason },
            _ => foreign_answer(answer),
        }
    }

    fn max_batch_events(&self) -> usize {
        if self.is_batched { usize::MAX } else { 1 }
    }
}

/// What a receiver says about a refusal: a short text, or `error` or `message` of a JSON object.
fn first_words(answer: &Answer) -> String {
    let text = answer.body.trim();
    if text.starts_with('<') {
        return String::new();
    }
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) else {
        return text.to_owned();
    };
    ["error", "message", "detail"]
        .into_iter()
        .find_map(|key| object.get(key)?.as_str())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests;
