//! Request-level rules of the Measurement Protocol.

use serde::Serialize;
use serde_json::{Map, Value};

use super::event::check_event;
use super::person::{check_consent, check_user_data, check_user_properties};
use crate::check::is_ip;

pub(crate) const MAX_BODY_BYTES: usize = 130_000;
const MAX_EVENTS: usize = 25;
const MAX_BACK_MICROS: i64 = 72 * 3_600 * 1_000_000;

const REQUEST_KEYS: &[&str] = &[
    "client_id",
    "user_id",
    "timestamp_micros",
    "user_properties",
    "user_data",
    "consent",
    "non_personalized_ads",
    "user_location",
    "ip_override",
    "device",
    "validation_behavior",
    "events",
    "user_agent",
];
const LOCATION_KEYS: &[&str] = &[
    "city",
    "region_id",
    "country_id",
    "subcontinent_id",
    "continent_id",
];
const DEVICE_KEYS: &[&str] = &[
    "category",
    "language",
    "screen_resolution",
    "operating_system",
    "operating_system_version",
    "model",
    "brand",
    "browser",
    "browser_version",
];
const RESERVED_PREFIXES: &[&str] = &["_", "ga_", "google_", "firebase_", "gtag."];

/// Kinds of complaint, as the validation endpoint names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    ValueInvalid,
    ValueRequired,
    NameInvalid,
    NameReserved,
    ValueOutOfBounds,
    ExceededMaxEntities,
}

/// One complaint of the validation endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) field_path: String,
    pub(crate) description: String,
    pub(crate) validation_code: Code,
    /// Event the complaint is about, `None` when the whole request is lost.
    #[serde(skip)]
    pub(crate) event: Option<usize>,
}

/// Complaints collected so far.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) list: Vec<Message>,
    event: Option<usize>,
}

impl Messages {
    /// Most complaints kept of one event, or of the request around the events.
    const MAX: usize = 20;

    pub(crate) fn add(
        &mut self,
        code: Code,
        path: impl Into<String>,
        description: impl Into<String>,
    ) {
        let known = self
            .list
            .iter()
            .filter(|message| message.event == self.event)
            .count();
        if known < Self::MAX {
            self.list.push(Message {
                field_path: path.into(),
                description: description.into(),
                validation_code: code,
                event: self.event,
            });
        }
    }
}

/// Returns every complaint about a request.
pub(crate) fn check_request(body: &Value, now_ms: i64) -> Vec<Message> {
    let mut messages = Messages::default();
    let Some(body) = body.as_object() else {
        messages.add(Code::ValueInvalid, "", "The body must be a JSON object.");
        return messages.list;
    };
    check_ids(body, &mut messages);
    check_timestamp(
        body.get("timestamp_micros"),
        "timestamp_micros",
        now_ms,
        &mut messages,
    );
    check_consent(body.get("consent"), &mut messages);
    check_context(body, &mut messages);
    check_user_properties(body.get("user_properties"), now_ms, &mut messages);
    check_user_data(body.get("user_data"), &mut messages);
    let Some(events) = body
        .get("events")
        .and_then(Value::as_array)
        .filter(|e| !e.is_empty())
    else {
        messages.add(
            Code::ValueRequired,
            "events",
            "At least one event is required.",
        );
        return messages.list;
    };
    if events.len() > MAX_EVENTS {
        messages.add(
            Code::ExceededMaxEntities,
            "events",
            "A request may hold at most 25 events.",
        );
    }
    for (index, event) in events.iter().enumerate() {
        messages.event = Some(index);
        check_event(event, &format!("events[{index}]"), now_ms, &mut messages);
    }
    messages.list
}

fn check_ids(body: &Map<String, Value>, messages: &mut Messages) {
    if let Some(key) = body
        .keys()
        .find(|key| !REQUEST_KEYS.contains(&key.as_str()))
    {
        let path = crate::meta::rules::short(key);
        messages.add(
            Code::ValueInvalid,
            path,
            "The request has a field this protocol does not know.",
        );
    }
    match body.get("client_id") {
        None => messages.add(Code::ValueRequired, "client_id", "client_id is required."),
        Some(Value::String(id)) if !id.trim().is_empty() => {}
        Some(_) => messages.add(
            Code::ValueInvalid,
            "client_id",
            "client_id must be a non-empty string.",
        ),
    }
    if let Some(id) = body.get("user_id")
        && !id
            .as_str()
            .is_some_and(|text| (1..=256).contains(&text.chars().count()))
    {
        messages.add(
            Code::ValueOutOfBounds,
            "user_id",
            "user_id must be a string of 1 to 256 characters.",
        );
    }
}

/// Checks a time in microseconds: at most 72 hours back, not in the future.
pub(crate) fn check_timestamp(
    value: Option<&Value>,
    path: &str,
    now_ms: i64,
    messages: &mut Messages,
) {
    let Some(value) = value else { return };
    let number = value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    let now_micros = now_ms.saturating_mul(1_000);
    match number {
        None => messages.add(
            Code::ValueInvalid,
            path,
            "timestamp_micros must be a whole number of microseconds.",
        ),
        Some(micros) if micros < now_micros - MAX_BACK_MICROS => {
            messages.add(
                Code::ValueOutOfBounds,
                path,
                "timestamp_micros lies more than 72 hours back.",
            );
        }
        Some(micros) if micros > now_micros + 600_000_000 => {
            messages.add(
                Code::ValueOutOfBounds,
                path,
                "timestamp_micros lies in the future.",
            );
        }
        Some(_) => {}
    }
}

fn check_context(body: &Map<String, Value>, messages: &mut Messages) {
    for (field, known) in [("user_location", LOCATION_KEYS), ("device", DEVICE_KEYS)] {
        let Some(value) = body.get(field) else {
            continue;
        };
        let sound = value.as_object().is_some_and(|map| {
            map.iter()
                .all(|(key, v)| known.contains(&key.as_str()) && v.is_string())
        });
        if !sound {
            messages.add(
                Code::ValueInvalid,
                field,
                format!("{field} has an unknown key or a value that is no string."),
            );
        }
    }
    if body
        .get("ip_override")
        .is_some_and(|ip| !ip.as_str().is_some_and(is_ip))
    {
        messages.add(
            Code::ValueInvalid,
            "ip_override",
            "ip_override must be an IP address.",
        );
    }
    if body
        .get("user_agent")
        .is_some_and(|agent| !agent.is_string())
    {
        messages.add(
            Code::ValueInvalid,
            "user_agent",
            "user_agent must be a string.",
        );
    }
    if body
        .get("non_personalized_ads")
        .is_some_and(|value| !value.is_boolean())
    {
        messages.add(
            Code::ValueInvalid,
            "non_personalized_ads",
            "non_personalized_ads must be true or false.",
        );
    }
    let behaviour = body.get("validation_behavior").map(Value::as_str);
    if !matches!(
        behaviour,
        None | Some(Some("RELAXED" | "ENFORCE_RECOMMENDATIONS"))
    ) {
        messages.add(
            Code::ValueInvalid,
            "validation_behavior",
            "validation_behavior must be RELAXED or ENFORCE_RECOMMENDATIONS.",
        );
    }
}

/// Checks the syntax and reserved prefixes of a parameter or property name.
pub(crate) fn check_name(name: &str, max_chars: usize, path: &str, messages: &mut Messages) {
    if RESERVED_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || name == "firebase_conversion"
    {
        messages.add(
            Code::NameReserved,
            path,
            "This name or its prefix is reserved.",
        );
    } else if !is_name(name, max_chars) {
        messages.add(
            Code::NameInvalid,
            path,
            format!("A name has at most {max_chars} letters, digits and underscores and starts with a letter."),
        );
    }
}

/// Returns whether `name` starts with a letter and holds letters, digits and
/// underscores only.
pub(crate) fn is_name(name: &str, max_chars: usize) -> bool {
    name.chars().count() <= max_chars
        && name.starts_with(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
