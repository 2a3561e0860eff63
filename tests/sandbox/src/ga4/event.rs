//! Event-level rules of the Measurement Protocol: names, parameters, items.

use serde_json::{Map, Value};

use super::rules::{Code, Messages, check_name, check_timestamp, is_name};
use crate::check::{is_currency, is_scalar};

const MAX_NAME_CHARS: usize = 40;
const MAX_PARAMS: usize = 25;
const MAX_VALUE_CHARS: usize = 100;
const MAX_ITEMS: usize = 200;
const MAX_CUSTOM_ITEM_PARAMS: usize = 27;

const RESERVED_EVENTS: &[&str] = &[
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
];
const ITEM_PARAMS: &[&str] = &[
    "item_id",
    "item_name",
    "affiliation",
    "coupon",
    "currency",
    "discount",
    "index",
    "item_brand",
    "item_category",
    "item_category2",
    "item_category3",
    "item_category4",
    "item_category5",
    "item_list_id",
    "item_list_name",
    "item_variant",
    "location_id",
    "price",
    "quantity",
    "creative_name",
    "creative_slot",
    "promotion_id",
    "promotion_name",
];
const EVENT_KEYS: &[&str] = &["name", "params", "timestamp_micros"];

/// Checks one event at the path `at`.
pub(crate) fn check_event(event: &Value, at: &str, now_ms: i64, messages: &mut Messages) {
    let Some(fields) = event.as_object() else {
        messages.add(Code::ValueInvalid, at, "An event must be an object.");
        return;
    };
    if fields.keys().any(|key| !EVENT_KEYS.contains(&key.as_str())) {
        messages.add(
            Code::ValueInvalid,
            at,
            "An event has a field other than name, params and timestamp_micros.",
        );
    }
    let path = format!("{at}.name");
    match fields.get("name").and_then(Value::as_str) {
        None => messages.add(Code::ValueRequired, path, "An event name is required."),
        Some(name) if RESERVED_EVENTS.contains(&name) => {
            messages.add(Code::NameReserved, path, "This event name is reserved.");
        }
        Some(name) if !is_name(name, MAX_NAME_CHARS) => messages.add(
            Code::NameInvalid,
            path,
            "An event name has at most 40 letters, digits and underscores and starts with a letter.",
        ),
        Some(_) => {}
    }
    check_timestamp(
        fields.get("timestamp_micros"),
        &format!("{at}.timestamp_micros"),
        now_ms,
        messages,
    );
    match fields.get("params") {
        None => {}
        Some(Value::Object(params)) => check_params(params, &format!("{at}.params"), messages),
        Some(_) => messages.add(
            Code::ValueInvalid,
            format!("{at}.params"),
            "params must be an object.",
        ),
    }
}

fn check_params(params: &Map<String, Value>, at: &str, messages: &mut Messages) {
    if params.len() > MAX_PARAMS {
        messages.add(
            Code::ExceededMaxEntities,
            at,
            "An event may have at most 25 parameters.",
        );
    }
    for (name, value) in params {
        let path = format!("{at}.{}", crate::meta::rules::short(name));
        check_name(name, MAX_NAME_CHARS, &path, messages);
        if name == "items" {
            check_items(value, &path, messages);
        } else {
            check_value(name, value, &path, messages);
        }
    }
}

fn check_value(name: &str, value: &Value, path: &str, messages: &mut Messages) {
    let max_chars = match name {
        "page_title" => 300,
        "page_referrer" => 420,
        "page_location" => 1_000,
        _ => MAX_VALUE_CHARS,
    };
    match (name, value) {
        ("value", value) if !value.is_number() => {
            messages.add(Code::ValueInvalid, path, "value must be a number.");
        }
        ("currency", value) if !value.as_str().is_some_and(is_currency) => {
            messages.add(
                Code::ValueInvalid,
                path,
                "currency must be an ISO 4217 code in upper case.",
            );
        }
        (_, value) if !is_scalar(value) => {
            messages.add(
                Code::ValueInvalid,
                path,
                "A parameter must be a string or a number; only items is a list.",
            );
        }
        (_, Value::String(text)) if text.chars().count() > max_chars => messages.add(
            Code::ValueOutOfBounds,
            path,
            format!("This parameter may have at most {max_chars} characters."),
        ),
        _ => {}
    }
}

fn check_items(items: &Value, at: &str, messages: &mut Messages) {
    let Some(items) = items.as_array() else {
        messages.add(Code::ValueInvalid, at, "items must be a list.");
        return;
    };
    if items.len() > MAX_ITEMS {
        messages.add(
            Code::ExceededMaxEntities,
            at,
            "An event may have at most 200 items.",
        );
    }
    for (index, item) in items.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let Some(fields) = item.as_object() else {
            messages.add(Code::ValueInvalid, at, "An item must be an object.");
            continue;
        };
        if !fields.contains_key("item_id") && !fields.contains_key("item_name") {
            messages.add(
                Code::ValueRequired,
                at.as_str(),
                "An item needs item_id or item_name.",
            );
        }
        let custom = fields
            .keys()
            .filter(|key| !ITEM_PARAMS.contains(&key.as_str()))
            .count();
        if custom > MAX_CUSTOM_ITEM_PARAMS {
            messages.add(
                Code::ExceededMaxEntities,
                at.as_str(),
                "An item may have at most 27 custom parameters.",
            );
        }
        for (name, value) in fields {
            let path = format!("{at}.{}", crate::meta::rules::short(name));
            check_name(name, MAX_NAME_CHARS, &path, messages);
            match name.as_str() {
                "price" | "quantity" | "discount" | "index" if !value.is_number() => {
                    messages.add(
                        Code::ValueInvalid,
                        path,
                        "price, quantity, discount and index must be numbers.",
                    );
                }
                _ => check_value(name, value, &path, messages),
            }
        }
    }
}

/// Returns what GA4 would accept yet not show in its reports.
pub(crate) fn recommendations(event: &Value) -> Vec<(&'static str, &'static str)> {
    let param = |name: &str| event.get("params").and_then(|params| params.get(name));
    let mut found = Vec::new();
    if param("session_id").is_none() {
        found.push(("session_id", "would not count in reports: no session_id"));
    }
    let engaged = param("engagement_time_msec");
    let engaged_ms = engaged.and_then(|v| {
        v.as_f64()
            .or_else(|| v.as_str().and_then(|t| t.parse().ok()))
    });
    if engaged_ms.is_none_or(|ms| ms < 1.0) {
        found.push((
            "engagement_time_msec",
            "would not count in reports: no engagement_time_msec of at least 1",
        ));
    }
    if param("value").is_some() && param("currency").is_none() {
        found.push(("currency", "value without currency"));
    }
    if event.get("name").is_some_and(|name| name == "purchase") && param("transaction_id").is_none()
    {
        found.push((
            "transaction_id",
            "purchase without transaction_id: a copy would count twice",
        ));
    }
    found
}
