//! What Meta checks in `user_data`: known keys, digests where digests belong
//! and nowhere else, cookie formats, strong enough combinations.

use serde_json::{Map, Value};

use super::error::{GraphError, subcode};
use super::rules::{Terms, Verdict, event_field, short};
use crate::check::{is_ip, is_sha256_hex, looks_hashed, one_or_many};

/// Keys whose value must be SHA-256, as a string or a list.
const HASHED: &[&str] = &[
    "em", "ph", "fn", "ln", "db", "ge", "ct", "st", "zp", "country", "f5first", "f5last", "fi",
    "dobd", "dobm", "doby",
];
/// Keys whose value must never be a digest.
const PLAIN: &[&str] = &[
    "client_user_agent",
    "subscription_id",
    "fb_login_id",
    "page_id",
    "page_scoped_user_id",
    "ctwa_clid",
    "ig_account_id",
    "ig_sid",
    "madid",
    "anon_id",
];
/// Combinations refused as too weak, and every subset of them (general
/// knowledge of the Graph v13.0 rule). The user agent strengthens none.
const WEAK: &[&[&str]] = &[
    &["ct", "country", "st", "zp", "ge"],
    &["db", "dobd", "dobm", "doby"],
    &["fn", "ge", "fi", "f5first"],
    &["ln", "ge", "f5last"],
];
const MIN_CLICK_MS: i64 = 1_000_000_000_000;
const MAX_CLICK_ID_CHARS: usize = 500;

fn wrong(at: &str, key: &str, message: impl Into<String>) -> GraphError {
    let place = format!("{at}.user_data.{key}");
    GraphError::invalid(
        subcode::USER_DATA,
        "Invalid Customer Information",
        place,
        message,
    )
}

/// Checks one event's `user_data`.
pub(crate) fn check_user_data(
    event: &Map<String, Value>,
    source: &str,
    at: &str,
    terms: Terms<'_>,
) -> Verdict {
    let Some(user) = event.get("user_data").and_then(Value::as_object) else {
        return Err(event_field(
            format!("{at}.user_data"),
            "user_data is required and must be an object.",
        ));
    };
    for (key, value) in user {
        check_key(key, value, at, terms)?;
    }
    if source == "website" && !user.contains_key("client_user_agent") {
        return Err(wrong(
            at,
            "client_user_agent",
            "client_user_agent is required for website events.",
        ));
    }
    if is_weak(user, terms.bounds.meta_ip_and_agent_suffice) {
        return Err(GraphError::invalid(
            subcode::WEAK_MATCH,
            "Insufficient Customer Information",
            format!("{at}.user_data"),
            "You have not added sufficient customer information parameter data for this event.",
        ));
    }
    Ok(())
}

fn check_key(key: &str, value: &Value, at: &str, terms: Terms<'_>) -> Verdict {
    match key {
        _ if HASHED.contains(&key) => {
            if !one_or_many(value, |text| is_sha256_hex(without_appendix(text))) {
                return Err(wrong(
                    at,
                    key,
                    format!(
                        "{key} must be SHA-256 as 64 lower-case hex digits, a string or a list."
                    ),
                ));
            }
        }
        "external_id" => {
            if !one_or_many(value, |text| !text.is_empty()) {
                return Err(wrong(
                    at,
                    key,
                    "external_id must be a string or a list of strings.",
                ));
            }
        }
        "client_ip_address" => {
            if !value
                .as_str()
                .is_some_and(|text| is_ip(text) || is_ip(without_appendix(text)))
            {
                return Err(wrong(
                    at,
                    key,
                    "client_ip_address must be an IPv4 or IPv6 address, not hashed.",
                ));
            }
        }
        "fbc" => {
            if !value.as_str().is_some_and(|text| is_click_id(text, terms)) {
                return Err(GraphError::invalid(
                    subcode::MALFORMED_CLICK_ID,
                    "Invalid Click ID",
                    format!("{at}.user_data.fbc"),
                    "fbc must be fb.{subdomain index}.{creation time in ms}.{fbclid}.",
                ));
            }
        }
        "fbp" => {
            if !value
                .as_str()
                .is_some_and(|text| is_browser_id(text, terms))
            {
                return Err(wrong(
                    at,
                    key,
                    "fbp must be fb.{subdomain index}.{creation time in ms}.{random number}.",
                ));
            }
        }
        "lead_id" => {
            if !(value.is_u64()
                || value
                    .as_str()
                    .is_some_and(|text| !text.is_empty() && !looks_hashed(text)))
            {
                return Err(wrong(
                    at,
                    key,
                    "lead_id must be the id the lead form gave, not hashed.",
                ));
            }
        }
        _ if PLAIN.contains(&key) => {
            if !value
                .as_str()
                .is_some_and(|text| !text.trim().is_empty() && !looks_hashed(text))
            {
                return Err(wrong(
                    at,
                    key,
                    format!("{key} must be a non-empty string and must not be hashed."),
                ));
            }
        }
        _ => {
            return Err(wrong(
                at,
                &short(key),
                "user_data has a key this edge does not know.",
            ));
        }
    }
    Ok(())
}

/// Returns `text` without the parameter builder's appendix of 2 or 8 characters.
fn without_appendix(text: &str) -> &str {
    text.rsplit_once('.')
        .filter(|(_, tail)| matches!(tail.len(), 2 | 8) && tail.starts_with('A'))
        .map_or(text, |(head, _)| head)
}

/// Returns the last part of `fb.{index}.{ms}.{last}` with an optional fifth part.
fn cookie_tail<'a>(text: &'a str, terms: Terms<'_>) -> Option<&'a str> {
    let mut parts = text.split('.');
    let (Some("fb"), Some(index), Some(created), Some(tail)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let appendix_is_sound =
        parts.next().is_none_or(|part| !part.is_empty()) && parts.next().is_none();
    let index_is_sound = index.len() <= 2 && index.parse::<u8>().is_ok();
    let latest = terms.now_ms + terms.bounds.meta_max_future_s * crate::config::SECOND_MS;
    let time_is_sound = created
        .parse::<i64>()
        .is_ok_and(|ms| (MIN_CLICK_MS..=latest.max(MIN_CLICK_MS)).contains(&ms));
    (appendix_is_sound && index_is_sound && time_is_sound && !tail.is_empty()).then_some(tail)
}

fn is_click_id(text: &str, terms: Terms<'_>) -> bool {
    cookie_tail(text, terms).is_some_and(|click| {
        click.len() <= MAX_CLICK_ID_CHARS && click.bytes().all(|b| b.is_ascii_graphic())
    })
}

fn is_browser_id(text: &str, terms: Terms<'_>) -> bool {
    cookie_tail(text, terms).is_some_and(|random| random.bytes().all(|b| b.is_ascii_digit()))
}

fn is_weak(user: &Map<String, Value>, ip_and_agent_suffice: bool) -> bool {
    let keys: Vec<&str> = user
        .keys()
        .map(String::as_str)
        .filter(|key| *key != "client_user_agent")
        .collect();
    if keys == ["client_ip_address"] {
        return !(ip_and_agent_suffice && user.contains_key("client_user_agent"));
    }
    WEAK.iter()
        .any(|weak| keys.iter().all(|key| weak.contains(key)))
}
