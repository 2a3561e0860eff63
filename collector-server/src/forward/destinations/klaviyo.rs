//! Klaviyo events: `POST {base}/api/events`, one event a request (JSON:API).
//!
//! Klaviyo hashes nothing and wants clear e-mail addresses and phone numbers: those that a trusted server sent,
//! where the account says so. Otherwise a profile is named by the shop's own customer id and by the id of the
//! browser, which meet the profile once the shop system has told Klaviyo the same customer id. Source: `klaviyo/openapi`, revision 2026-07-15.

use std::sync::Arc;

use firsthand_core::consent::Purpose;
use firsthand_core::wire::ClearKey;
use firsthand_core::wire::json::Object;
use serde::Deserialize;

use super::{
    Account, AccountReader, Answer, Batch, Destination, Mapped, Outgoing, PlatformLimits,
    PlatformSpec, RetryClass, Setup, Verdict, Words, body, foreign_answer, hours,
};
use crate::forward::config::{Checks, Common, ConfigError};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::{Secret, SecretSource};

/// Klaviyo. One event a request, so that its answer is about that event; 350 a second are allowed. It takes
/// times since 1990: the age is ours. The names are those that its own integrations use.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "klaviyo",
    limits: PlatformLimits {
        base_url: "https://a.klaviyo.com",
        max_batch_events: 1,
        default_batch_events: 1,
        max_body_bytes: 5_000_000,
        max_event_age: hours(365 * 24),
        default_max_event_age: hours(30 * 24),
        default_concurrency: 8,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[
            ("view_item", "Viewed Product"),
            ("search", "Submitted Search"),
            ("add_to_cart", "Added to Cart"),
            ("begin_checkout", "Started Checkout"),
            ("purchase", "Placed Order"),
            ("refund", "Refunded Order"),
        ],
        others: Others::Own,
    },
    account: AccountReader::of::<KlaviyoConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

/// Content type of JSON:API.
const JSON_API: &str = "application/vnd.api+json";
/// Most properties of one event, less those that are written from typed fields.
const MAX_OWN_PROPERTIES: usize = 380;
/// Longest name of a metric, in characters.
const MAX_METRIC_CHARS: usize = 127;
/// Longest id of a profile, in characters.
const MAX_ID_CHARS: usize = 256;

/// The keys of an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct KlaviyoConfig {
    /// Private key with the scope `events:write`.
    api_key: SecretSource,
    /// Revision of the API, a date.
    #[serde(default = "default_revision")]
    revision: String,
    /// Sends the e-mail addresses and phone numbers of trusted servers, in clear.
    #[serde(default)]
    send_clear_identifiers: bool,
}

fn default_revision() -> String {
    "2026-07-15".to_owned()
}

impl Account for KlaviyoConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "revision",
            self.revision.parse::<jiff::civil::Date>().is_ok(),
            "must be a date such as 2026-07-15",
        )
    }

    fn wants_clear_values(&self) -> bool {
        self.send_clear_identifiers
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        let key = setup.secret("api_key", &self.api_key)?;
        Ok(Arc::new(Klaviyo {
            revision: self.revision.clone(),
            sends_clear: self.send_clear_identifiers,
            common: setup.common().clone(),
            base_url: setup.base_url(),
            key,
        }))
    }
}

/// An account.
struct Klaviyo {
    revision: String,
    sends_clear: bool,
    common: Common,
    base_url: String,
    key: Secret,
}

impl Destination for Klaviyo {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let id = |text: Option<&str>| {
            text.filter(|id| !id.is_empty() && id.chars().count() <= MAX_ID_CHARS)
                .map(str::to_owned)
        };
        let external_id = id(event.user.user_id.as_deref());
        let anonymous_id = id(event.user.anonymous_id.as_deref());
        // Clear text has a gate of its own, whatever the destination requires.
        let may_be_clear = self.sends_clear && permission.verdict.allows_match_keys();
        let clear = |key| event.user.kept(key).filter(|_| may_be_clear);
        let (email, phone) = (clear(ClearKey::Email), clear(ClearKey::Phone));
        if external_id.is_none() && anonymous_id.is_none() && email.or(phone).is_none() {
            return Err(Skip::new(
                "no_match_key",
                "klaviyo needs a user_id or an anonymous_id to name a profile by",
            ));
        }
        let time = body::rfc3339(event.at_ms.min(now_ms))
            .ok_or_else(|| Skip::new("incomplete", "the event's time is no date"))?;
        let mut out = String::with_capacity(1_024);
        let mut document = Object::begin(&mut out);
        let mut data = Object::begin(document.key("data"));
        data.text("type", "event");
        let mut attributes = Object::begin(data.key("attributes"));
        attributes.text("time", &time);
        // Without it two events of one second are one.
        attributes.text("unique_id", event.event_id);
        if let Some(currency) = event.props.currency {
            body::amount(&mut attributes, "value", event.props.worth());
            attributes.text("value_currency", currency.as_str());
        }
        let dropped_params = write_properties(event, attributes.key("properties"));
        write_resource(attributes.key("metric"), "metric", |metric| {
            metric.text("name", &body::cut(&name, MAX_METRIC_CHARS));
        });
        write_resource(attributes.key("profile"), "profile", |profile| {
            profile.text_opt("email", email);
            profile.text_opt("phone_number", phone);
            profile.text_opt("external_id", external_id.as_deref());
            profile.text_opt("anonymous_id", anonymous_id.as_deref());
        });
        attributes.end();
        data.end();
        document.end();
        Ok(Mapped {
            event: out,
            dropped_params,
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut outgoing = Outgoing::json(
            format!("{}/api/events", self.base_url),
            batch.events.concat(),
        )
        .header(
            "authorization",
            format!("Klaviyo-API-Key {}", self.key.expose()),
        )
        .header("revision", self.revision.as_str())
        .header("accept", JSON_API);
        outgoing.content_type = JSON_API;
        outgoing
    }

    fn interpret(&self, answer: &Answer, _batch: &Batch<'_>) -> Verdict {
        if answer.is_success() {
            return Verdict::Delivered;
        }
        let Ok(Failure { errors }) = serde_json::from_str(&answer.body) else {
            return foreign_answer(answer);
        };
        let first = errors.into_iter().next().unwrap_or_default();
        let reason = Words::new(format!("klaviyo {}", answer.status))
            .saying(format!(
                "{}: {} {}",
                first.code, first.detail, first.source.pointer
            ))
            .traced("error_id", &first.id);
        let retry = |class| Verdict::Retry {
            class,
            after: answer.retry_after,
            reason: reason.clone(),
        };
        match answer.status {
            401 | 403 => Verdict::Unauthorized { reason },
            429 => retry(RetryClass::Throttled),
            400 | 404 | 409 | 413 | 415 | 422 => Verdict::RejectedBatch { reason },
            500..=599 => retry(RetryClass::Transient),
            _ => retry(RetryClass::Unknown),
        }
    }

    fn max_batch_events(&self) -> usize {
        1
    }
}

#[derive(Deserialize)]
struct Failure {
    errors: Vec<ApiError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ApiError {
    id: String,
    code: String,
    detail: String,
    source: Source,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Source {
    pointer: String,
}

/// Writes a resource that belongs to the event.
fn write_resource(out: &mut String, kind: &str, write: impl FnOnce(&mut Object<'_>)) {
    let mut outer = Object::begin(out);
    let mut data = Object::begin(outer.key("data"));
    data.text("type", kind);
    let mut attributes = Object::begin(data.key("attributes"));
    write(&mut attributes);
    attributes.end();
    data.end();
    outer.end();
}

/// Writes what a flow or a segment can ask for; returns how much was left out.
fn write_properties(event: &Merged<'_>, out: &mut String) -> usize {
    let props = &event.props;
    let mut object = Object::begin(out);
    object.text_opt("OrderId", props.transaction_id.as_deref());
    object.text_opt("RefundId", props.refund_id.as_deref());
    object.text_opt("DiscountCode", props.coupon.as_deref());
    object.text_opt("SearchTerm", props.search_term.as_deref());
    object.text_opt("URL", event.page_url());
    body::amount(&mut object, "Tax", props.tax);
    body::amount(&mut object, "Shipping", props.shipping);
    let names: Vec<&str> = props
        .items
        .iter()
        .filter_map(|item| item.item_name.as_deref())
        .collect();
    body::texts(&mut object, "ItemNames", &names);
    body::objects(&mut object, "Items", &props.items, |one, item| {
        one.text_opt("ProductID", item.item_id.as_deref());
        one.text_opt("ProductName", item.item_name.as_deref());
        one.text_opt("Brand", item.item_brand.as_deref());
        one.text_opt("Category", item.item_category.as_deref());
        body::amount(one, "ItemPrice", item.price);
        if let Some(pieces) = body::pieces(item.quantity) {
            one.int("Quantity", pieces);
        }
    });
    for (name, value) in props.other.iter().take(MAX_OWN_PROPERTIES) {
        body::scalar(&mut object, name, value);
    }
    object.end();
    props.other.len().saturating_sub(MAX_OWN_PROPERTIES)
}

#[cfg(test)]
#[path = "klaviyo_tests.rs"]
mod tests;
