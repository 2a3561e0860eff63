//! What Microsoft checks in one event.

use serde_json::Value;

use crate::config::DAY_S;
use crate::schema::{Field, Form, Problem, Wrong, check, may, must};

const PAGE_TYPES: &[&str] = &[
    "home",
    "product",
    "category",
    "searchresults",
    "cart",
    "purchase",
    "other",
];

const EVENT: &[Field] = &[
    must("eventType", Form::OneOf(&["pageLoad", "custom"])),
    must("eventTime", Form::Positive),
    must("userData", Form::Object(USER)),
    may("eventId", Form::Text),
    may("eventName", Form::Text),
    may("eventSourceUrl", Form::Url),
    may("pageLoadId", Form::Text),
    may("adStorageConsent", Form::OneOf(&["G", "D"])),
    may("referrerUrl", Form::Url),
    may("pageTitle", Form::Text),
    may("keywords", Form::Text),
    // Connectors disagree about the place of these two.
    may("continueOnValidationError", Form::Bool),
    may("dataProvider", Form::Text),
    may("customData", Form::Object(CUSTOM)),
];

const USER: &[Field] = &[
    may("em", Form::Digest),
    may("ph", Form::Digest),
    may("anonymousId", Form::Plain),
    may("externalId", Form::Plain),
    may("msclkid", Form::Plain),
    may("clientIpAddress", Form::Ip),
    may("clientUserAgent", Form::Plain),
    may("idfa", Form::Plain),
    may("gaid", Form::Plain),
];

const CUSTOM: &[Field] = &[
    may("eventCategory", Form::Text),
    may("eventLabel", Form::Text),
    may("eventValue", Form::Number),
    may("searchTerm", Form::Text),
    may("transactionId", Form::Text),
    may("value", Form::Number),
    may("currency", Form::Currency),
    may("items", Form::Objects(ITEM)),
    may("itemIds", Form::Texts),
    may("pageType", Form::OneOf(PAGE_TYPES)),
    may("ecommTotalValue", Form::Number),
    may("ecommCategory", Form::Text),
];

const ITEM: &[Field] = &[
    may("id", Form::Text),
    may("name", Form::Text),
    may("price", Form::Number),
    may("quantity", Form::Integer),
];

/// Oldest event.
const MAX_AGE_S: i64 = 7 * DAY_S;
/// How far an event may lie in the future, in seconds: an assumption. Milliseconds lie far beyond.
const MAX_AHEAD_S: i64 = 3_600;

/// What is wrong with an event: the property, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) property: String,
    pub(super) message: String,
}

fn fault(property: &str, message: &str) -> Fault {
    Fault {
        property: property.to_owned(),
        message: message.to_owned(),
    }
}

/// Returns what is wrong with an event. `now_ms` is in epoch milliseconds.
pub(super) fn judge(event: &Value, now_ms: i64) -> Result<(), Fault> {
    check(event, EVENT).map_err(|wrong| read(&wrong))?;
    let at_s = event["eventTime"].as_i64().unwrap_or_default();
    if !(now_ms / 1_000 - MAX_AGE_S..=now_ms / 1_000 + MAX_AHEAD_S).contains(&at_s) {
        return Err(fault(
            "eventTime",
            "must be Unix seconds of the last 7 days",
        ));
    }
    match event["eventType"].as_str() {
        Some("pageLoad") if event.get("eventSourceUrl").is_none() => {
            return Err(fault("eventSourceUrl", "is required for pageLoad"));
        }
        Some("custom") if event.get("eventName").is_none() => {
            return Err(fault("eventName", "is required for custom"));
        }
        _ => {}
    }
    let has = |key: &str| event["userData"].get(key).is_some();
    let has_one = [
        "em",
        "ph",
        "anonymousId",
        "externalId",
        "msclkid",
        "idfa",
        "gaid",
    ]
    .into_iter()
    .any(has);
    let has_device = has("clientIpAddress") && has("clientUserAgent");
    if !has_one && !has_device {
        return Err(fault("userData", "needs an identifier"));
    }
    Ok(())
}

fn read(wrong: &Wrong) -> Fault {
    match wrong.problem {
        Problem::Missing => fault(&wrong.path, "is required"),
        Problem::Unknown => fault(&wrong.path, "is not a known property"),
        Problem::Form(form) => fault(&wrong.path, &format!("must be {form}")),
    }
}

/// Returns what Microsoft takes and cannot use well; it says so as a warning.
pub(super) fn warnings(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if event.get("eventId").is_none() {
        found.push("no eventId: a copy of the tag counts again".to_owned());
    }
    if event.get("adStorageConsent").is_none() {
        found.push("no adStorageConsent: needed for visitors from Europe".to_owned());
    }
    found
}
