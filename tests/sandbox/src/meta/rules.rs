//! What Meta checks in a request: structure, event fields, privacy options.

use serde_json::{Map, Value};

use super::custom_data::check_custom_data;
use super::error::{GraphError, subcode};
use super::user_data::check_user_data;
use crate::check::{integer, is_absent, is_web_url};
use crate::config::{PlatformBounds, SECOND_MS};

const MAX_EVENTS: usize = 1_000;

const REQUEST_KEYS: &[&str] = &[
    "data",
    "access_token",
    "appsecret_proof",
    "test_event_code",
    "partner_agent",
    "namespace_id",
    "upload_id",
    "upload_tag",
    "upload_source",
];
const EVENT_KEYS: &[&str] = &[
    "event_name",
    "event_time",
    "event_id",
    "event_source_url",
    "action_source",
    "user_data",
    "custom_data",
    "referrer_url",
    "opt_out",
    "data_processing_options",
    "data_processing_options_country",
    "data_processing_options_state",
    "app_data",
    "original_event_data",
    "attribution_data",
    "messaging_channel",
    "advanced_measurement_table",
];
const ACTION_SOURCES: &[&str] = &[
    "website",
    "app",
    "email",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
];

/// What an event is checked against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) bounds: &'a PlatformBounds,
    pub(crate) now_ms: i64,
}

pub(crate) type Verdict = Result<(), GraphError>;

pub(crate) fn event_field(place: String, message: impl Into<String>) -> GraphError {
    GraphError::invalid(
        subcode::EVENT_FIELD,
        "Invalid Event Parameter",
        place,
        message,
    )
}

pub(crate) fn structure(place: impl Into<String>, message: impl Into<String>) -> GraphError {
    GraphError::invalid(subcode::STRUCTURE, "Invalid Parameter", place, message)
}

/// Returns the checked events of a request body, the Python SDK's
/// JSON-in-a-string form unpacked.
pub(crate) fn check_request(
    body: &Map<String, Value>,
    terms: Terms<'_>,
) -> Result<Vec<Value>, GraphError> {
    if let Some(key) = body
        .keys()
        .find(|key| !REQUEST_KEYS.contains(&key.as_str()))
    {
        return Err(structure(
            short(key),
            "The request has a key this edge does not know.",
        ));
    }
    for key in REQUEST_KEYS.iter().filter(|key| **key != "data") {
        if body.get(*key).is_some_and(|value| !value.is_string()) {
            return Err(structure(*key, format!("{key} must be a string.")));
        }
    }
    let events = body
        .get("data")
        .and_then(Value::as_array)
        .ok_or_else(|| structure("data", "data is required and must be a list of events."))?;
    if events.is_empty() || events.len() > MAX_EVENTS {
        return Err(structure(
            "data",
            format!("data must hold 1 to {MAX_EVENTS} events."),
        ));
    }
    events
        .iter()
        .enumerate()
        .map(|(index, event)| check_event(event, &format!("data[{index}]"), terms))
        .collect()
}

fn check_event(event: &Value, at: &str, terms: Terms<'_>) -> Result<Value, GraphError> {
    let unpacked = match event {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    };
    let Some(Value::Object(fields)) = unpacked else {
        return Err(structure(at, "An event must be an object."));
    };
    if let Some(key) = fields
        .keys()
        .find(|key| !EVENT_KEYS.contains(&key.as_str()))
    {
        return Err(structure(
            format!("{at}.{}", short(key)),
            "An event has a key this edge does not know.",
        ));
    }
    check_name(&fields, at)?;
    let source = check_source(&fields, at)?;
    check_time(&fields, source, at, terms)?;
    check_options(&fields, at)?;
    for key in [
        "custom_data",
        "app_data",
        "original_event_data",
        "attribution_data",
    ] {
        if fields.get(key).is_some_and(|value| !value.is_object()) {
            return Err(event_field(
                format!("{at}.{key}"),
                format!("{key} must be an object."),
            ));
        }
    }
    if source == "app" && is_absent(fields.get("app_data")) {
        return Err(event_field(
            format!("{at}.app_data"),
            "app_data is required for app events.",
        ));
    }
    check_user_data(&fields, source, at, terms)?;
    check_custom_data(&fields, at)?;
    Ok(Value::Object(fields))
}

fn check_name(fields: &Map<String, Value>, at: &str) -> Verdict {
    match fields.get("event_name") {
        Some(Value::String(name)) if !name.trim().is_empty() => {}
        _ => {
            return Err(event_field(
                format!("{at}.event_name"),
                "event_name is required and must be a non-empty string.",
            ));
        }
    }
    match fields.get("event_id") {
        None => Ok(()),
        Some(Value::String(id)) if !id.is_empty() => Ok(()),
        Some(_) => Err(event_field(
            format!("{at}.event_id"),
            "event_id must be a non-empty string.",
        )),
    }
}

fn check_source<'a>(fields: &'a Map<String, Value>, at: &str) -> Result<&'a str, GraphError> {
    let wrong = |key: &str, message: &str| {
        GraphError::invalid(
            subcode::SOURCE,
            "Invalid Event Source",
            format!("{at}.{key}"),
            message,
        )
    };
    let source = fields
        .get("action_source")
        .and_then(Value::as_str)
        .filter(|source| ACTION_SOURCES.contains(source))
        .ok_or_else(|| {
            wrong(
                "action_source",
                "action_source is required and must be a documented value.",
            )
        })?;
    match fields.get("event_source_url") {
        Some(Value::String(url)) if is_web_url(url) => {}
        None if source != "website" => {}
        None => {
            return Err(wrong(
                "event_source_url",
                "event_source_url is required for website events.",
            ));
        }
        Some(_) => {
            return Err(wrong(
                "event_source_url",
                "event_source_url must begin with http:// or https://.",
            ));
        }
    }
    if fields
        .get("referrer_url")
        .is_some_and(|url| !url.is_string())
    {
        return Err(wrong("referrer_url", "referrer_url must be a string."));
    }
    Ok(source)
}

fn check_time(fields: &Map<String, Value>, source: &str, at: &str, terms: Terms<'_>) -> Verdict {
    let place = format!("{at}.event_time");
    let Some(seconds) = fields.get("event_time").and_then(integer) else {
        return Err(event_field(
            place,
            "event_time is required and must be a whole number of Unix seconds.",
        ));
    };
    let now_s = terms.now_ms / SECOND_MS;
    let max_age_s = if source == "physical_store" {
        terms.bounds.meta_store_max_age_s
    } else {
        terms.bounds.meta_max_age_s
    };
    if seconds < now_s - max_age_s {
        return Err(GraphError::invalid(
            subcode::TOO_OLD,
            "Event Timestamp Too Old",
            place,
            format!(
                "The timestamp for this event is too far in the past. Events may be at most {} days old; \
                 nothing of this request was processed.",
                max_age_s / crate::config::DAY_S
            ),
        ));
    }
    if seconds > now_s + terms.bounds.meta_max_future_s {
        return Err(event_field(
            place,
            "event_time lies in the future. It counts seconds, not milliseconds.",
        ));
    }
    Ok(())
}

fn check_options(fields: &Map<String, Value>, at: &str) -> Verdict {
    if fields
        .get("opt_out")
        .is_some_and(|value| !value.is_boolean())
    {
        return Err(event_field(
            format!("{at}.opt_out"),
            "opt_out must be true or false.",
        ));
    }
    for key in ["messaging_channel", "advanced_measurement_table"] {
        if fields.get(key).is_some_and(|value| !value.is_string()) {
            return Err(event_field(
                format!("{at}.{key}"),
                format!("{key} must be a string."),
            ));
        }
    }
    let place = format!("{at}.data_processing_options");
    let country = fields.get("data_processing_options_country");
    let state = fields.get("data_processing_options_state");
    let Some(options) = fields.get("data_processing_options") else {
        if country.is_some() || state.is_some() {
            return Err(structure(
                place,
                "Country and state need data_processing_options.",
            ));
        }
        return Ok(());
    };
    let known = options
        .as_array()
        .is_some_and(|list| list.len() <= 1 && list.iter().all(|option| option == "LDU"));
    if !known {
        return Err(structure(
            place,
            "data_processing_options must be [] or [\"LDU\"].",
        ));
    }
    let is_limited = options.as_array().is_some_and(|list| !list.is_empty());
    let country = country.map(|value| integer(value).unwrap_or(-1));
    let state = state.map(|value| integer(value).unwrap_or(-1));
    let known = match (country, state) {
        (None, None) => !is_limited,
        (Some(0), Some(0)) => true,
        (Some(1), Some(state)) => (1_000..1_100).contains(&state),
        _ => false,
    };
    if known {
        return Ok(());
    }
    Err(structure(
        place,
        "LDU needs integers data_processing_options_country and _state: 0 and 0, or 1 and a state code.",
    ))
}

/// Returns a key from outside, bounded, so that it can stand in a reason.
pub(crate) fn short(key: &str) -> String {
    key.chars()
        .filter(char::is_ascii_graphic)
        .take(40)
        .collect()
}
