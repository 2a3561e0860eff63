//! What Snapchat checks in one event.

use serde_json::Value;

use crate::config::DAY_S;
use crate::schema::{Field, Form, Problem, Wrong, check, may, must};

const NAMES: &[&str] = &[
    "PURCHASE",
    "SAVE",
    "START_CHECKOUT",
    "ADD_CART",
    "VIEW_CONTENT",
    "ADD_BILLING",
    "SIGN_UP",
    "SEARCH",
    "PAGE_VIEW",
    "SUBSCRIBE",
    "AD_CLICK",
    "AD_VIEW",
    "COMPLETE_TUTORIAL",
    "LEVEL_COMPLETE",
    "INVITE",
    "LOGIN",
    "SHARE",
    "RESERVE",
    "ACHIEVEMENT_UNLOCKED",
    "ADD_TO_WISHLIST",
    "SPENT_CREDITS",
    "RATE",
    "START_TRIAL",
    "LIST_VIEW",
    "APP_INSTALL",
    "APP_OPEN",
    "CUSTOM_EVENT_1",
    "CUSTOM_EVENT_2",
    "CUSTOM_EVENT_3",
    "CUSTOM_EVENT_4",
    "CUSTOM_EVENT_5",
];
const SOURCES: &[&str] = &["WEB", "MOBILE_APP", "OFFLINE"];

const EVENT: &[Field] = &[
    must("event_name", Form::OneOf(NAMES)),
    must("event_time", Form::Positive),
    must("action_source", Form::OneOf(SOURCES)),
    must("user_data", Form::Object(USER)),
    may("event_id", Form::Text),
    may("event_source_url", Form::Url),
    may("integration", Form::Text),
    may("data_processing_options", Form::ListOf(&["LDU"])),
    may("data_processing_options_country", Form::Integer),
    may("data_processing_options_state", Form::Integer),
    may("custom_data", Form::Object(CUSTOM)),
];

const USER: &[Field] = &[
    may("em", Form::Digests),
    may("ph", Form::Digests),
    may("fn", Form::Digest),
    may("ln", Form::Digest),
    may("ge", Form::Digest),
    may("db", Form::Digest),
    may("ct", Form::Digest),
    may("st", Form::Digest),
    may("zp", Form::Digest),
    may("country", Form::Digest),
    may("external_id", Form::Digest),
    may("client_ip_address", Form::Ip),
    may("client_user_agent", Form::Plain),
    may("sc_click_id", Form::Plain),
    may("sc_cookie1", Form::Plain),
    may("madid", Form::Plain),
    may("idfv", Form::Plain),
    may("lead_id", Form::Plain),
    may("subscription_id", Form::Plain),
    may("anon_id", Form::Plain),
    may("download_id", Form::Plain),
];

const CUSTOM: &[Field] = &[
    may("currency", Form::Currency),
    may("value", Form::Number),
    may("contents", Form::Objects(CONTENT)),
    may("content_ids", Form::Texts),
    may("content_category", Form::Texts),
    may("content_name", Form::Text),
    may("num_items", Form::Integer),
    may("order_id", Form::Text),
    may("search_string", Form::Text),
    may("sign_up_method", Form::Text),
    may("brands", Form::Texts),
    may("predicted_ltv", Form::Number),
];

const CONTENT: &[Field] = &[
    may("id", Form::Text),
    may("quantity", Form::Integer),
    may("item_price", Form::Number),
    may("brand", Form::Text),
    may("delivery_category", Form::Text),
];

/// Oldest event.
const MAX_AGE_S: i64 = 37 * DAY_S;
/// How far an event may lie in the future, in seconds: an assumption. Milliseconds lie far beyond.
const MAX_AHEAD_S: i64 = 3_600;

/// Returns Snapchat's words about a wrong event. `now_ms` is in epoch milliseconds.
pub(super) fn judge(event: &Value, now_ms: i64) -> Result<(), String> {
    check(event, EVENT).map_err(|wrong| words(&wrong))?;
    let at_s = event["event_time"].as_i64().unwrap_or_default();
    if !(now_ms / 1_000 - MAX_AGE_S..=now_ms / 1_000 + MAX_AHEAD_S).contains(&at_s) {
        return Err("event_time must be Unix seconds of the last 37 days".to_owned());
    }
    let has = |key: &str| event["user_data"].get(key).is_some();
    let has_device = has("client_ip_address") && has("client_user_agent");
    if !["em", "ph", "madid"].into_iter().any(has) && !has_device {
        return Err(
            "user_data needs em, ph, madid, or client_ip_address and client_user_agent".to_owned(),
        );
    }
    if event["action_source"] == "WEB" && event.get("event_source_url").is_none() {
        return Err("event_source_url is required for WEB".to_owned());
    }
    Ok(())
}

fn words(wrong: &Wrong) -> String {
    match wrong.problem {
        Problem::Missing => format!("{} is required", wrong.path),
        Problem::Unknown => format!("{} is not known", wrong.path),
        Problem::Form(form) => format!("{} must be {form}", wrong.path),
    }
}

/// Returns what Snapchat takes but cannot use well.
pub(super) fn warnings(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if event.get("event_id").is_none() {
        found.push("no event_id: a copy of the pixel counts again".to_owned());
    }
    if event["event_name"] == "PURCHASE" && event.pointer("/custom_data/value").is_none() {
        found.push("a purchase without value".to_owned());
    }
    found
}
