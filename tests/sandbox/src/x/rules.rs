//! What X checks in one conversion.

use serde_json::Value;

use super::ACCOUNT;
use crate::google_data_manager::rules::epoch_seconds;
use crate::schema::{Field, Form, Problem, Wrong, check, may, must};

const CONVERSION: &[Field] = &[
    must("conversion_time", Form::Text),
    must("event_id", Form::Text),
    must("identifiers", Form::Objects(IDENTIFIER)),
    may("conversion_id", Form::Text),
    may("value", Form::Number),
    may("price_currency", Form::Currency),
    may("number_items", Form::Positive),
    may("contents", Form::Objects(CONTENT)),
    may("search_string", Form::Text),
    may("description", Form::Text),
    may("event_source_url", Form::Url),
];

const IDENTIFIER: &[Field] = &[
    may("twclid", Form::Plain),
    may("hashed_email", Form::Digest),
    may("hashed_phone_number", Form::Digest),
    may("ip_address", Form::Ip),
    may("user_agent", Form::Plain),
];

const CONTENT: &[Field] = &[
    may("content_id", Form::Text),
    may("content_name", Form::Text),
    may("content_type", Form::Text),
    may("content_price", Form::Number),
    may("num_items", Form::Integer),
    may("content_group_id", Form::Text),
];

/// How far a conversion may lie in the future, in seconds: an assumption.
const MAX_AHEAD_S: i64 = 3_600;

/// Returns X's words about a wrong conversion. `now_ms` is in epoch milliseconds.
pub(super) fn judge(event: &Value, now_ms: i64) -> Result<(), String> {
    check(event, CONVERSION).map_err(|wrong| words(&wrong))?;
    let time = event["conversion_time"].as_str().and_then(epoch_seconds);
    if time.is_none_or(|at_s| at_s > now_ms / 1_000 + MAX_AHEAD_S) {
        return Err("conversion_time must be ISO 8601 and not in the future".to_owned());
    }
    let tag = event["event_id"].as_str().unwrap_or_default();
    if !ACCOUNT.tags.contains(&tag) {
        return Err("event_id is not a single event tag of this account".to_owned());
    }
    let list = event["identifiers"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let names_somebody = |one: &Value| {
        ["twclid", "hashed_email", "hashed_phone_number"]
            .iter()
            .any(|key| one.get(key).is_some())
    };
    if list.is_empty() || !list.iter().all(names_somebody) {
        return Err(
            "identifiers: one of twclid, hashed_email, hashed_phone_number is required".to_owned(),
        );
    }
    Ok(())
}

fn words(wrong: &Wrong) -> String {
    match wrong.problem {
        Problem::Missing => format!("{} is required", wrong.path),
        Problem::Unknown => format!("{} is not a known parameter", wrong.path),
        Problem::Form(form) => format!("{} must be {form}", wrong.path),
    }
}

/// Returns what X takes and may read otherwise than it was meant.
pub(super) fn warnings(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if event.get("conversion_id").is_none() {
        found.push("no conversion_id: a copy of the pixel counts again".to_owned());
    }
    if event.get("value").is_some() && event.get("price_currency").is_none() {
        found.push("a value without price_currency is in dollars".to_owned());
    }
    found
}
