//! What Klaviyo checks in an event.

use serde_json::{Map, Value};

use crate::check::{is_currency, looks_hashed};
use crate::google_data_manager::rules::epoch_seconds;

/// Most properties of one event.
const MAX_PROPERTIES: usize = 400;
/// Longest name of a metric, in characters.
const MAX_METRIC_CHARS: usize = 127;
/// Oldest event: 1990.
const OLDEST_S: i64 = 631_152_000;
/// A year, in seconds.
const YEAR_S: i64 = 366 * 86_400;

const ATTRIBUTES: &[&str] = &[
    "properties",
    "time",
    "value",
    "value_currency",
    "unique_id",
    "metric",
    "profile",
    "backfill",
];
const PROFILE: &[&str] = &[
    "id",
    "email",
    "phone_number",
    "external_id",
    "anonymous_id",
    "_kx",
    "first_name",
    "last_name",
    "organization",
    "locale",
    "title",
    "image",
    "location",
    "properties",
];
const NAMES_A_PROFILE: &[&str] = &[
    "id",
    "email",
    "phone_number",
    "external_id",
    "anonymous_id",
    "_kx",
];

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) pointer: &'static str,
    pub(crate) detail: &'static str,
}

fn wrong(pointer: &'static str, detail: &'static str) -> Result<(), Wrong> {
    Err(Wrong { pointer, detail })
}

/// Checks a document. `now_ms` is in epoch milliseconds.
pub(crate) fn check(body: &Value, now_ms: i64) -> Result<(), Wrong> {
    if body.pointer("/data/type").and_then(Value::as_str) != Some("event") {
        return wrong("/data/type", "The type must be event.");
    }
    let Some(attributes) = body.pointer("/data/attributes").and_then(Value::as_object) else {
        return wrong("/data/attributes", "Attributes are required.");
    };
    if attributes
        .keys()
        .any(|key| !ATTRIBUTES.contains(&key.as_str()))
    {
        return wrong("/data/attributes", "An attribute is not known.");
    }
    let Some(properties) = attributes.get("properties").and_then(Value::as_object) else {
        return wrong("/data/attributes/properties", "Properties are required.");
    };
    if properties.len() > MAX_PROPERTIES {
        return wrong(
            "/data/attributes/properties",
            "At most 400 properties are allowed.",
        );
    }
    check_values(attributes, now_ms)?;
    let metric = body
        .pointer("/data/attributes/metric/data/attributes/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if metric.is_empty() || metric.chars().count() > MAX_METRIC_CHARS {
        return wrong(
            "/data/attributes/metric/data/attributes/name",
            "A metric name has 1 to 127 characters.",
        );
    }
    check_profile(body)
}

fn check_values(attributes: &Map<String, Value>, now_ms: i64) -> Result<(), Wrong> {
    if let Some(time) = attributes.get("time") {
        let is_good = time
            .as_str()
            .and_then(epoch_seconds)
            .is_some_and(|seconds| (OLDEST_S..=now_ms / 1_000 + YEAR_S).contains(&seconds));
        if !is_good {
            return wrong("/data/attributes/time", "The time must be ISO 8601.");
        }
    }
    if attributes
        .get("value")
        .is_some_and(|value| !value.is_number())
    {
        return wrong("/data/attributes/value", "The value must be a number.");
    }
    let currency = attributes.get("value_currency");
    if currency.is_some_and(|code| !code.as_str().is_some_and(is_currency)) {
        return wrong(
            "/data/attributes/value_currency",
            "The currency must be an ISO 4217 code.",
        );
    }
    let id = attributes.get("unique_id");
    if id.is_some_and(|id| id.as_str().is_none_or(str::is_empty)) {
        return wrong("/data/attributes/unique_id", "The id must be a text.");
    }
    Ok(())
}

fn check_profile(body: &Value) -> Result<(), Wrong> {
    const AT: &str = "/data/attributes/profile/data/attributes";
    let Some(profile) = body.pointer(AT).and_then(Value::as_object) else {
        return wrong(AT, "A profile is required.");
    };
    if profile.keys().any(|key| !PROFILE.contains(&key.as_str())) {
        return wrong(AT, "A profile attribute is not known.");
    }
    let has_name = NAMES_A_PROFILE.iter().any(|key| {
        profile
            .get(*key)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    });
    if !has_name {
        return wrong(AT, "A profile needs an identifier.");
    }
    let is_hashed = ["email", "phone_number"].iter().any(|key| {
        profile
            .get(*key)
            .and_then(Value::as_str)
            .is_some_and(looks_hashed)
    });
    if is_hashed {
        return wrong(AT, "An e-mail address or phone number must be clear.");
    }
    Ok(())
}

/// Returns what Klaviyo would take yet not use well.
pub(crate) fn warnings(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if body.pointer("/data/attributes/unique_id").is_none() {
        found.push("no unique_id: two events of one second become one".to_owned());
    }
    let profile = body.pointer("/data/attributes/profile/data/attributes");
    let has = |key: &str| profile.and_then(|profile| profile.get(key)).is_some();
    if !has("email") && !has("phone_number") && !has("external_id") && !has("id") {
        found.push("an anonymous profile: no flow can write to it".to_owned());
    }
    found
}
