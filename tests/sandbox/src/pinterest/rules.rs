//! What Pinterest checks in one event.

use serde_json::Value;

use crate::config::DAY_S;
use crate::schema::{Field, Form, Problem, Wrong, check, may, must};

const NAMES: &[&str] = &[
    "add_payment_info",
    "add_to_cart",
    "add_to_wishlist",
    "app_install",
    "app_open",
    "checkout",
    "contact",
    "custom",
    "customize_product",
    "find_location",
    "initiate_checkout",
    "lead",
    "page_visit",
    "schedule",
    "search",
    "signup",
    "start_trial",
    "submit_application",
    "subscribe",
    "view_category",
    "view_content",
    "watch_video",
];
const SOURCES: &[&str] = &["web", "app_android", "app_ios", "offline"];

const EVENT: &[Field] = &[
    must("event_name", Form::OneOf(NAMES)),
    must("action_source", Form::OneOf(SOURCES)),
    must("event_time", Form::Positive),
    must("event_id", Form::Text),
    must("user_data", Form::Object(USER)),
    may("event_source_url", Form::Url),
    may("language", Form::Short(2)),
    may("partner_name", Form::Text),
    may("opt_out", Form::Bool),
    may("app_id", Form::Text),
    may("app_name", Form::Text),
    may("app_version", Form::Text),
    may("device_brand", Form::Text),
    may("device_carrier", Form::Text),
    may("device_model", Form::Text),
    may("device_type", Form::Text),
    may("os_version", Form::Text),
    may("wifi", Form::Bool),
    may("custom_data", Form::Object(CUSTOM)),
];

const USER: &[Field] = &[
    may("em", Form::Digests),
    may("ph", Form::Digests),
    may("ge", Form::Digests),
    may("db", Form::Digests),
    may("fn", Form::Digests),
    may("ln", Form::Digests),
    may("ct", Form::Digests),
    may("st", Form::Digests),
    may("zp", Form::Digests),
    may("country", Form::Digests),
    may("external_id", Form::Digests),
    may("hashed_maids", Form::Digests),
    may("client_ip_address", Form::Ip),
    may("client_user_agent", Form::Plain),
    may("click_id", Form::Plain),
    may("partner_id", Form::Text),
];

const CUSTOM: &[Field] = &[
    may("currency", Form::Currency),
    may("value", Form::NumberText),
    may("content_ids", Form::Texts),
    may("contents", Form::Objects(CONTENT)),
    may("num_items", Form::Integer),
    may("order_id", Form::Text),
    may("search_string", Form::Text),
    may("content_name", Form::Text),
    may("content_category", Form::Text),
    may("content_brand", Form::Text),
    may("predicted_ltv", Form::NumberText),
    may("opt_out_type", Form::Text),
];

const CONTENT: &[Field] = &[
    may("id", Form::Text),
    may("item_price", Form::NumberText),
    may("quantity", Form::Integer),
    may("item_name", Form::Text),
    may("item_category", Form::Text),
    may("item_brand", Form::Text),
];

/// Oldest event: an assumption.
const MAX_AGE_S: i64 = 7 * DAY_S;
/// How far an event may lie in the future, in seconds: an assumption. Milliseconds lie far beyond.
const MAX_AHEAD_S: i64 = 3_600;

/// Returns Pinterest's words about a wrong event. `now_ms` is in epoch milliseconds.
pub(super) fn judge(event: &Value, now_ms: i64) -> Result<(), String> {
    check(event, EVENT).map_err(|wrong| words(&wrong))?;
    let at_s = event["event_time"].as_i64().unwrap_or_default();
    if !(now_ms / 1_000 - MAX_AGE_S..=now_ms / 1_000 + MAX_AHEAD_S).contains(&at_s) {
        return Err("'event_time' must be Unix seconds of the last 7 days".to_owned());
    }
    let has = |key: &str| event["user_data"].get(key).is_some();
    let is_matchable =
        has("em") || has("hashed_maids") || (has("client_ip_address") && has("client_user_agent"));
    if !is_matchable {
        return Err(
            "'user_data' needs 'em', 'hashed_maids', or 'client_ip_address' and 'client_user_agent'"
                .to_owned(),
        );
    }
    Ok(())
}

fn words(wrong: &Wrong) -> String {
    match wrong.problem {
        Problem::Missing => format!("'{}' is a required property", wrong.path),
        Problem::Unknown => format!("'{}' was unexpected", wrong.path),
        Problem::Form(form) => format!("'{}' must be {form}", wrong.path),
    }
}

/// Returns what Pinterest takes but cannot use well.
pub(super) fn warnings(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let has = |key: &str| event["user_data"].get(key).is_some();
    if event["custom_data"]["opt_out_type"] == "LDP" && !(has("st") && has("country")) {
        found.push("limited data processing needs st and country".to_owned());
    }
    if event["action_source"] == "offline" {
        found.push("copies of an offline event are not recognised".to_owned());
    }
    found
}
