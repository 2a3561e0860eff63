//! Rules about the person behind a request: consent, properties, digests.

use serde_json::Value;

use super::rules::{Code, Messages, check_name, check_timestamp};
use crate::check::{is_scalar, is_sha256_hex, one_or_many};

const MAX_USER_PROPERTIES: usize = 25;
const RESERVED_PROPERTIES: &[&str] = &[
    "first_open_time",
    "first_visit_time",
    "last_deep_link_referrer",
    "user_id",
    "first_open_after_install",
];

/// Checks the request's `consent`.
pub(crate) fn check_consent(consent: Option<&Value>, messages: &mut Messages) {
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

/// Checks the request's `user_properties`.
pub(crate) fn check_user_properties(
    properties: Option<&Value>,
    now_ms: i64,
    messages: &mut Messages,
) {
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

/// Checks the request's `user_data`.
pub(crate) fn check_user_data(data: Option<&Value>, messages: &mut Messages) {
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
