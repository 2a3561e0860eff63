//! What TikTok checks in a batch, with its own wording.

use serde_json::{Map, Value};

use super::user::check_user;
use crate::check::{integer, is_absent, is_code_in, is_web_url};
use crate::config::{PlatformBounds, SECOND_MS};

const MAX_EVENTS: usize = 1_000;

/// Currencies the platform's SDK documentation lists.
const CURRENCIES: &str = "AED ARS AUD BDT BHD BIF BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DZD EGP EUR GBP GTQ HKD HNL \
HUF IDR ILS INR ISK JPY KES KHR KRW KWD KZT MAD MOP MXN MYR NGN NIO NOK NZD OMR PEN PHP PKR PLN PYG QAR RON RUB SAR \
SEK SGD THB TRY TWD UAH USD VES VND ZAR";

const SOURCES: &[&str] = &["web", "app", "offline", "crm"];
const REQUEST_KEYS: &[&str] = &[
    "event_source",
    "event_source_id",
    "partner_name",
    "test_event_code",
    "data",
];
const EVENT_KEYS: &[&str] = &[
    "event",
    "event_time",
    "event_id",
    "user",
    "page",
    "properties",
    "device",
    "limited_data_use",
    "lead",
    "app",
    "ad",
];
const DEVICE_KEYS: &[&str] = &[
    "architecture",
    "bitness",
    "browser_version_list",
    "mobile",
    "model",
    "platform",
    "platform_version",
];

/// Code and message of an error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: u32,
    pub(crate) message: String,
}

pub(crate) type Verdict = Result<(), ApiError>;

pub(crate) const NO_PERMISSION: u32 = 40_001;
pub(crate) const INVALID: u32 = 40_002;
pub(crate) const RATE_LIMIT: u32 = 40_100;
pub(crate) const SERVER_ERROR: u32 = 50_000;

pub(crate) const MISSING: &str = "Missing data for required field";
pub(crate) const NOT_STRING: &str = "Not a valid string";
pub(crate) const NOT_NUMBER: &str = "Not a valid number";
pub(crate) const NOT_INTEGER: &str = "Not a valid integer";
pub(crate) const NOT_OBJECT: &str = "Not a valid object";
pub(crate) const NOT_LIST: &str = "Not a valid list";
pub(crate) const UNKNOWN: &str = "Unknown field";

/// Returns error 40002 for `path`.
pub(crate) fn invalid(path: &str, reason: &str) -> ApiError {
    ApiError {
        code: INVALID,
        message: format!("{path}: {reason}"),
    }
}

/// Returns an error when `map` has a key outside `known`.
pub(crate) fn only_keys(map: &Map<String, Value>, known: &[&str], at: &str) -> Verdict {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let key = crate::meta::rules::short(key);
            let path = if at.is_empty() {
                key
            } else {
                format!("{at}.{key}")
            };
            Err(invalid(&path, UNKNOWN))
        }
    }
}

/// Returns the batch's events after every check, the wrong pixel included.
pub(crate) fn check_request<'a>(
    body: &'a Map<String, Value>,
    pixel_code: &str,
    bounds: &PlatformBounds,
    now_ms: i64,
) -> Result<&'a [Value], ApiError> {
    only_keys(body, REQUEST_KEYS, "")?;
    let source = match body.get("event_source") {
        None => return Err(invalid("event_source", MISSING)),
        Some(value) => value
            .as_str()
            .filter(|source| SOURCES.contains(source))
            .ok_or_else(|| invalid("event_source", "Must be one of: web, app, offline, crm"))?,
    };
    match body.get("event_source_id") {
        None => return Err(invalid("event_source_id", MISSING)),
        Some(Value::String(id)) if id == pixel_code => {}
        Some(Value::String(_)) => {
            return Err(ApiError {
                code: NO_PERMISSION,
                message: "No permission to operate this event_source_id".to_owned(),
            });
        }
        Some(_) => return Err(invalid("event_source_id", NOT_STRING)),
    }
    for key in ["partner_name", "test_event_code"] {
        if body.get(key).is_some_and(|value| !value.is_string()) {
            return Err(invalid(key, NOT_STRING));
        }
    }
    let data = match body.get("data") {
        None => return Err(invalid("data", MISSING)),
        Some(value) => value.as_array().ok_or_else(|| invalid("data", NOT_LIST))?,
    };
    if data.is_empty() || data.len() > MAX_EVENTS {
        return Err(invalid("data", "Length must be between 1 and 1000"));
    }
    for (index, event) in data.iter().enumerate() {
        check_event(event, source, &format!("Batch.{index}"), bounds, now_ms)?;
    }
    Ok(data)
}

fn check_event(
    event: &Value,
    source: &str,
    at: &str,
    bounds: &PlatformBounds,
    now_ms: i64,
) -> Verdict {
    let fields = event.as_object().ok_or_else(|| invalid(at, NOT_OBJECT))?;
    only_keys(fields, EVENT_KEYS, at)?;
    match fields.get("event") {
        None => return Err(invalid(&format!("{at}.event"), MISSING)),
        Some(Value::String(name)) if !name.is_empty() => {}
        Some(_) => return Err(invalid(&format!("{at}.event"), NOT_STRING)),
    }
    check_time(fields, source, at, bounds, now_ms)?;
    match fields.get("event_id") {
        None => {}
        Some(Value::String(id)) if !id.is_empty() => {}
        Some(_) => return Err(invalid(&format!("{at}.event_id"), NOT_STRING)),
    }
    if fields
        .get("limited_data_use")
        .is_some_and(|value| !value.is_boolean())
    {
        return Err(invalid(
            &format!("{at}.limited_data_use"),
            "Not a valid boolean",
        ));
    }
    let user = match fields.get("user") {
        None => return Err(invalid(&format!("{at}.user"), MISSING)),
        Some(value) => value
            .as_object()
            .ok_or_else(|| invalid(&format!("{at}.user"), NOT_OBJECT))?,
    };
    check_user(user, &format!("{at}.user"))?;
    check_page(fields.get("page"), &format!("{at}.page"))?;
    check_small_objects(fields, at)?;
    check_properties(fields.get("properties"), &format!("{at}.properties"))
}

fn check_time(
    fields: &Map<String, Value>,
    source: &str,
    at: &str,
    bounds: &PlatformBounds,
    now_ms: i64,
) -> Verdict {
    let path = format!("{at}.event_time");
    let value = fields
        .get("event_time")
        .ok_or_else(|| invalid(&path, MISSING))?;
    let seconds = integer(value).ok_or_else(|| invalid(&path, NOT_INTEGER))?;
    let now_s = now_ms / SECOND_MS;
    let max_age_s = if source == "offline" {
        bounds.tiktok_offline_max_age_s
    } else {
        bounds.tiktok_max_age_s
    };
    if seconds < now_s - max_age_s {
        let days = max_age_s / crate::config::DAY_S;
        return Err(invalid(&path, &format!("Event is older than {days} days")));
    }
    if seconds > now_s + bounds.tiktok_max_future_s {
        return Err(invalid(
            &path,
            "Event lies in the future, Unix seconds expected",
        ));
    }
    Ok(())
}

fn check_page(page: Option<&Value>, at: &str) -> Verdict {
    let Some(page) = page else { return Ok(()) };
    let fields = page.as_object().ok_or_else(|| invalid(at, NOT_OBJECT))?;
    only_keys(fields, &["url", "referrer"], at)?;
    match fields.get("url") {
        None => {}
        Some(Value::String(url)) if is_web_url(url) => {}
        Some(_) => return Err(invalid(&format!("{at}.url"), "Not a valid URL")),
    }
    if fields
        .get("referrer")
        .is_some_and(|value| !value.is_string())
    {
        return Err(invalid(&format!("{at}.referrer"), NOT_STRING));
    }
    Ok(())
}

fn check_small_objects(fields: &Map<String, Value>, at: &str) -> Verdict {
    for (key, known) in [
        ("device", Some(DEVICE_KEYS)),
        ("lead", Some(&["lead_id", "lead_event_source"])),
        ("app", None),
        ("ad", None),
    ] {
        let Some(value) = fields.get(key) else {
            continue;
        };
        let path = format!("{at}.{key}");
        let map = value
            .as_object()
            .ok_or_else(|| invalid(&path, NOT_OBJECT))?;
        if let Some(known) = known {
            only_keys(map, known, &path)?;
        }
    }
    Ok(())
}

fn check_properties(properties: Option<&Value>, at: &str) -> Verdict {
    let Some(properties) = properties else {
        return Ok(());
    };
    let fields = properties
        .as_object()
        .ok_or_else(|| invalid(at, NOT_OBJECT))?;
    for (key, value) in fields {
        let path = format!("{at}.{}", crate::meta::rules::short(key));
        match key.as_str() {
            "contents" => check_contents(value, &path)?,
            "content_ids" => {
                let ids = value.as_array().ok_or_else(|| invalid(&path, NOT_LIST))?;
                if let Some(index) = ids.iter().position(|id| !id.is_string()) {
                    return Err(invalid(&format!("{path}.{index}"), NOT_STRING));
                }
            }
            "num_items" | "quantity" => {
                integer(value).ok_or_else(|| invalid(&path, NOT_INTEGER))?;
            }
            "currency"
                if !value
                    .as_str()
                    .is_some_and(|code| is_code_in(code, CURRENCIES)) =>
            {
                return Err(invalid(&path, "Not a supported currency"));
            }
            "currency" => {}
            _ => check_common(key, value, &path)?,
        }
    }
    Ok(())
}

/// Checks a key that properties and contents share, or refuses it.
fn check_common(key: &str, value: &Value, path: &str) -> Verdict {
    let complaint = match key {
        "content_id"
        | "content_name"
        | "content_category"
        | "brand"
        | "query"
        | "search_string"
        | "description"
        | "order_id"
        | "shop_id"
        | "delivery_category"
        | "status"
        | "event_trigger_source"
        | "gtm_version" => (!value.is_string()).then_some(NOT_STRING),
        "value" | "price" | "predicted_ltv" => (!value.is_number()).then_some(NOT_NUMBER),
        "content_type" => (!value
            .as_str()
            .is_some_and(|t| matches!(t, "product" | "product_group")))
        .then_some("Must be one of: product, product_group"),
        _ => Some(UNKNOWN),
    };
    complaint.map_or(Ok(()), |reason| Err(invalid(path, reason)))
}

fn check_contents(value: &Value, at: &str) -> Verdict {
    const KEYS: &[&str] = &[
        "content_id",
        "content_type",
        "content_name",
        "content_category",
        "brand",
        "price",
        "quantity",
    ];
    let contents = value.as_array().ok_or_else(|| invalid(at, NOT_LIST))?;
    for (index, content) in contents.iter().enumerate() {
        let at = format!("{at}.{index}");
        let fields = content
            .as_object()
            .ok_or_else(|| invalid(&at, NOT_OBJECT))?;
        only_keys(fields, KEYS, &at)?;
        for (key, field) in fields {
            let path = format!("{at}.{key}");
            if key == "quantity" {
                integer(field).ok_or_else(|| invalid(&path, NOT_INTEGER))?;
            } else {
                check_common(key, field, &path)?;
            }
        }
    }
    Ok(())
}

/// Returns what TikTok would accept yet not use well.
pub(crate) fn warnings(event: &Value, source: Option<&str>) -> Vec<String> {
    let user = event.get("user").and_then(Value::as_object);
    let properties = event.get("properties");
    let has = |key: &str| !is_absent(properties.and_then(|p| p.get(key)));
    let mut found = Vec::new();
    if event.get("event_id").is_none() {
        found.push("no event_id: a pixel copy would count twice".to_owned());
    }
    if user.is_none_or(Map::is_empty) {
        found.push("no user keys: nobody can be matched".to_owned());
    }
    if source == Some("web") {
        if event.pointer("/page/url").is_none() {
            found.push("no page.url".to_owned());
        }
        if !user.is_some_and(|u| u.contains_key("ip") && u.contains_key("user_agent")) {
            found.push("ip and user_agent should both be sent for web".to_owned());
        }
    }
    if has("value") && !has("currency") {
        found.push("value without currency".to_owned());
    }
    if event.get("event").is_some_and(|name| name == "Purchase") && !has("value") {
        found.push("Purchase without value".to_owned());
    }
    found
}
