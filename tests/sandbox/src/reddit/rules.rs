//! What Reddit checks in one event.

use serde_json::Value;

use crate::config::DAY_S;
use crate::schema::{Field, Form, Problem, Wrong, check, may, must};

const TYPES: &[&str] = &[
    "PAGE_VISIT",
    "VIEW_CONTENT",
    "SEARCH",
    "ADD_TO_CART",
    "ADD_TO_WISHLIST",
    "PURCHASE",
    "LEAD",
    "SIGN_UP",
    "CUSTOM",
];
const SOURCES: &[&str] = &["WEBSITE", "APP", "PHYSICAL_STORE", "OTHER"];

const EVENT: &[Field] = &[
    must("event_at", Form::Positive),
    must("action_source", Form::OneOf(SOURCES)),
    must("type", Form::Object(TYPE)),
    must("user", Form::Object(USER)),
    may("click_id", Form::Plain),
    may("event_source_url", Form::Url),
    may("metadata", Form::Object(METADATA)),
];

const TYPE: &[Field] = &[
    must("tracking_type", Form::OneOf(TYPES)),
    may("custom_event_name", Form::Short(64)),
];

const USER: &[Field] = &[
    may("email", Form::Digest),
    may("phone_number", Form::Digest),
    may("external_id", Form::Text),
    may("ip_address", Form::Text),
    may("user_agent", Form::Plain),
    may("uuid", Form::Plain),
    may("idfa", Form::Text),
    may("aaid", Form::Text),
    may("screen_dimensions", Form::Object(SCREEN)),
    may("data_processing_options", Form::Object(OPTIONS)),
];

const SCREEN: &[Field] = &[
    must("width", Form::Positive),
    must("height", Form::Positive),
];

const OPTIONS: &[Field] = &[
    must("modes", Form::ListOf(&["LDU"])),
    may("country", Form::Text),
    may("region", Form::Text),
];

const METADATA: &[Field] = &[
    may("conversion_id", Form::Text),
    may("currency", Form::Currency),
    may("value", Form::Number),
    may("item_count", Form::Positive),
    may("products", Form::Objects(PRODUCT)),
];

const PRODUCT: &[Field] = &[
    may("id", Form::Text),
    may("category", Form::Text),
    may("name", Form::Text),
];

/// Oldest event.
const MAX_AGE_MS: i64 = 7 * DAY_S * 1_000;
/// How far an event may lie in the future: a connector's bound.
const MAX_AHEAD_MS: i64 = 5 * 60_000;

/// Returns Reddit's words about a wrong event. `now_ms` is in epoch milliseconds.
pub(super) fn judge(event: &Value, now_ms: i64) -> Result<(), String> {
    check(event, EVENT).map_err(|wrong| words(&wrong))?;
    let at_ms = event["event_at"].as_i64().unwrap_or_default();
    // Seconds lie far too early.
    if !(now_ms - MAX_AGE_MS..=now_ms + MAX_AHEAD_MS).contains(&at_ms) {
        return Err("event_at must be Unix milliseconds of the last 7 days".to_owned());
    }
    let kind = event["type"]["tracking_type"].as_str().unwrap_or_default();
    let is_named = event["type"].get("custom_event_name").is_some();
    if is_named != (kind == "CUSTOM") {
        return Err("type.custom_event_name belongs to CUSTOM, and to no other type".to_owned());
    }
    let metadata = |key: &str| event.pointer(&format!("/metadata/{key}")).is_some();
    let is_counted = matches!(
        kind,
        "PURCHASE" | "ADD_TO_CART" | "ADD_TO_WISHLIST" | "CUSTOM"
    );
    if metadata("item_count") && !is_counted {
        return Err(format!("metadata.item_count is not allowed for {kind}"));
    }
    let is_priced = is_counted || matches!(kind, "LEAD" | "SIGN_UP");
    if (metadata("value") || metadata("currency")) && !is_priced {
        return Err(format!("metadata.value is not allowed for {kind}"));
    }
    if !is_matchable(event) {
        return Err("user has no identifier".to_owned());
    }
    Ok(())
}

fn is_matchable(event: &Value) -> bool {
    let has = |key: &str| event["user"].get(key).is_some();
    event.get("click_id").is_some()
        || ["email", "external_id", "uuid", "idfa", "aaid"]
            .into_iter()
            .any(has)
        || ["ip_address", "user_agent", "screen_dimensions"]
            .into_iter()
            .all(has)
}

fn words(wrong: &Wrong) -> String {
    match wrong.problem {
        Problem::Missing => format!("{} is required", wrong.path),
        Problem::Unknown => format!("unknown field {}", wrong.path),
        Problem::Form(form) => format!("{} must be {form}", wrong.path),
    }
}

/// Returns what Reddit takes but cannot use well.
pub(super) fn warnings(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if event.pointer("/metadata/conversion_id").is_none() {
        found.push("no conversion_id: a copy of the pixel counts again".to_owned());
    }
    found
}
