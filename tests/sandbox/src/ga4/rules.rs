//! Request-level rules of the Measurement Protocol.

use serde::Serialize;
use serde_json::{Map, Value};

use super::event::check_event;
use crate::check::{is_ip, is_scalar, is_sha256_hex, one_or_many};

pub(crate) const MAX_BODY_BYTES: usize = 130_000;
const MAX_EVENTS: usize = 25;
const MAX_USER_PROPERTIES: usize = 25;
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
const RESERVED_PROPERTIES: &[&str] = &[
    "first_open_time",
    "first_visit_time",
    "last_deep_link_referrer",
    "user_id",
    "first_open_after_install",
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
    /// Most complaints one request can collect.
    const MAX: usize = 200;

    pub(crate) fn add(
        &mut self,
        code: Code,
        path: impl Into<String>,
        description: impl Into<String>,
    ) {
        if self.list.len() < Self::MAX {
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

fn check_consent(consent: Option<&Value>, messages: &mut Messages) {
    let Some(consent) = consent else { return };
    let Some(choices) = consent.as_object() else {
        messages.add(Code::ValueInvalid, "consent", "consent must be an object.");
        return;
    };
    for (key, value) in choices {
        let path = format!("consent.{}", crate::meta::rules::short(key));
        if !matches!(key.as_str(), "ad_user_data" | "ad_personalization") {
            messages.add(
                Code::ValueInvalid,
                path,
                "consent knows ad_user_data and ad_personalization only.",
            );
        } else if !value
            .as_str()
            .is_some_and(|v| matches!(v, "GRANTED" | "DENIED"))
        {
            messages.add(
                Code::ValueInvalid,
                path,
                "A consent must be GRANTED or DENIED.",
            );
        }
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

fn check_user_properties(properties: Option<&Value>, now_ms: i64, messages: &mut Messages) {
    let Some(properties) = properties else { return };
    let Some(properties) = properties.as_object() else {
        messages.add(
            Code::ValueInvalid,
            "user_properties",
            "user_properties must be an object.",
        );
        return;
    };
    if properties.len() > MAX_USER_PROPERTIES {
        messages.add(
            Code::ExceededMaxEntities,
            "user_properties",
            "A request may set at most 25 user properties.",
        );
    }
    for (name, property) in properties {
        let path = format!("user_properties.{}", crate::meta::rules::short(name));
        check_name(name, 24, &path, messages);
        if RESERVED_PROPERTIES.contains(&name.as_str()) {
            messages.add(
                Code::NameReserved,
                path.as_str(),
                "This user property name is reserved.",
            );
        }
        match property.get("value") {
            None => messages.add(
                Code::ValueRequired,
                path.as_str(),
                "A user property needs a value.",
            ),
            Some(Value::String(text)) if text.chars().count() > 36 => {
                messages.add(
                    Code::ValueOutOfBounds,
                    path.as_str(),
                    "A user property value may have at most 36 characters.",
                );
            }
            Some(value) if !is_scalar(value) => {
                messages.add(
                    Code::ValueInvalid,
                    path.as_str(),
                    "A user property value must be a string or a number.",
                );
            }
            Some(_) => {}
        }
        check_timestamp(property.get("timestamp_micros"), &path, now_ms, messages);
    }
}

fn check_user_data(data: Option<&Value>, messages: &mut Messages) {
    let Some(data) = data else { return };
    let Some(data) = data.as_object() else {
        messages.add(
            Code::ValueInvalid,
            "user_data",
            "user_data must be an object.",
        );
        return;
    };
    for (key, value) in data {
        let path = format!("user_data.{}", crate::meta::rules::short(key));
        match key.as_str() {
            "sha256_email_address" | "sha256_phone_number" => {
                if !one_or_many(value, is_sha256_hex) {
                    messages.add(
                        Code::ValueInvalid,
                        path,
                        "Must be SHA-256 as 64 lower-case hex digits.",
                    );
                }
            }
            "address" => match value {
                Value::Array(list) => list
                    .iter()
                    .for_each(|one| check_address(one, &path, messages)),
                one => check_address(one, &path, messages),
            },
            _ => messages.add(
                Code::ValueInvalid,
                path,
                "user_data has a key this protocol does not know.",
            ),
        }
    }
}

fn check_address(address: &Value, at: &str, messages: &mut Messages) {
    let Some(fields) = address.as_object() else {
        messages.add(Code::ValueInvalid, at, "An address must be an object.");
        return;
    };
    for (key, value) in fields {
        let text = value.as_str();
        let sound = match key.as_str() {
            "sha256_first_name" | "sha256_last_name" | "sha256_street" => {
                text.is_some_and(is_sha256_hex)
            }
            "city" | "region" | "postal_code" | "country" => {
                text.is_some_and(|t| !is_sha256_hex(t))
            }
            _ => false,
        };
        if !sound {
            let path = format!("{at}.{}", crate::meta::rules::short(key));
            messages.add(
                Code::ValueInvalid,
                path,
                "An address has an unknown key, a missing or a misplaced digest.",
            );
        }
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
