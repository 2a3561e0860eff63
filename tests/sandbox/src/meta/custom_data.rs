//! What Meta checks in `custom_data`: money, contents, types.

use serde_json::{Map, Value};

use super::error::{GraphError, subcode};
use super::rules::{Verdict, short};
use crate::check::{integer, is_absent, is_currency, is_scalar};

const CONTENT_TYPES: &[&str] = &["product", "product_group"];
const DELIVERY: &[&str] = &["in_store", "curbside", "home_delivery"];
const TEXTS: &[&str] = &[
    "content_name",
    "content_category",
    "order_id",
    "search_string",
    "item_number",
];
const NUMBERS: &[&str] = &["value", "predicted_ltv", "net_revenue"];

fn wrong(at: &str, key: &str, message: impl Into<String>) -> GraphError {
    let place = format!("{at}.custom_data.{key}");
    GraphError::invalid(subcode::CUSTOM_DATA, "Invalid Custom Data", place, message)
}

/// Checks one event's `custom_data`; a Purchase must have value and currency.
pub(crate) fn check_custom_data(event: &Map<String, Value>, at: &str) -> Verdict {
    let empty = Map::new();
    let custom = event
        .get("custom_data")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    if event
        .get("event_name")
        .is_some_and(|name| name == "Purchase")
    {
        for key in ["value", "currency"] {
            if is_absent(custom.get(key)) {
                return Err(wrong(at, key, format!("Purchase events need {key}.")));
            }
        }
    }
    for (key, value) in custom {
        check_field(key, value, at)?;
    }
    Ok(())
}

fn check_field(key: &str, value: &Value, at: &str) -> Verdict {
    let text = value.as_str();
    let complaint = match key {
        _ if NUMBERS.contains(&key) => {
            (!value.is_number()).then(|| format!("{key} must be a number, not a string."))
        }
        "currency" => (!text.is_some_and(is_currency))
            .then(|| "currency must be an ISO 4217 code in upper case.".to_owned()),
        "content_ids" => {
            let sound = value
                .as_array()
                .is_some_and(|ids| ids.iter().all(Value::is_string));
            (!sound).then(|| "content_ids must be a list of strings.".to_owned())
        }
        "contents" => return check_contents(value, at),
        "content_type" => (!text.is_some_and(|t| CONTENT_TYPES.contains(&t)))
            .then(|| "content_type must be product or product_group.".to_owned()),
        "delivery_category" => (!text.is_some_and(|t| DELIVERY.contains(&t)))
            .then(|| "delivery_category must be in_store, curbside or home_delivery.".to_owned()),
        "num_items" => integer(value)
            .is_none_or(|n| n < 0)
            .then(|| "num_items must be a whole number.".to_owned()),
        "status" => (!(value.is_string() || value.is_boolean()))
            .then(|| "status must be a string or a boolean.".to_owned()),
        _ if TEXTS.contains(&key) => text.is_none().then(|| format!("{key} must be a string.")),
        _ => (!is_scalar(value))
            .then(|| "A custom property must be a string, a number or a boolean.".to_owned()),
    };
    complaint.map_or(Ok(()), |message| Err(wrong(at, &short(key), message)))
}

fn check_contents(value: &Value, at: &str) -> Verdict {
    let Some(contents) = value.as_array() else {
        return Err(wrong(at, "contents", "contents must be a list of objects."));
    };
    for (index, content) in contents.iter().enumerate() {
        let place = format!("contents[{index}]");
        let Some(fields) = content.as_object() else {
            return Err(wrong(at, &place, "contents must be a list of objects."));
        };
        if fields
            .get("id")
            .and_then(Value::as_str)
            .is_none_or(str::is_empty)
        {
            return Err(wrong(
                at,
                &format!("{place}.id"),
                "Every content needs an id that is a string.",
            ));
        }
        for (key, field) in fields {
            let sound = match key.as_str() {
                "id" | "title" | "description" | "brand" | "category" => field.is_string(),
                "quantity" => integer(field).is_some_and(|n| n > 0),
                "item_price" => field.is_number(),
                "delivery_category" => field.as_str().is_some_and(|t| DELIVERY.contains(&t)),
                _ => false,
            };
            if !sound {
                return Err(wrong(
                    at,
                    &format!("{place}.{}", short(key)),
                    "A content has an unknown key or a value of the wrong type.",
                ));
            }
        }
    }
    Ok(())
}
