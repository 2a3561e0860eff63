//! What LinkedIn checks in one event.

use serde_json::Value;

use crate::check::is_sha256_hex;
use crate::config::DAY_S;
use crate::schema::{Field, Form, Problem, Wrong, check, may, must};

const ID_TYPES: &[&str] = &[
    "SHA256_EMAIL",
    "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID",
    "ACXIOM_ID",
    "ORACLE_MOAT_ID",
    "PLAINTEXT_IP_ADDRESS",
    "GOOGLE_AID",
];

const EVENT: &[Field] = &[
    must("conversion", Form::Text),
    must("conversionHappenedAt", Form::Positive),
    must("user", Form::Object(USER)),
    may("conversionValue", Form::Object(VALUE)),
    may("eventId", Form::Text),
];

const VALUE: &[Field] = &[
    must("currencyCode", Form::Text),
    must("amount", Form::NumberText),
];

const USER: &[Field] = &[
    may("userIds", Form::Objects(ID)),
    may("userInfo", Form::Object(INFO)),
    may("externalIds", Form::Texts),
];

const ID: &[Field] = &[
    must("idType", Form::OneOf(ID_TYPES)),
    must("idValue", Form::Text),
];

const INFO: &[Field] = &[
    must("firstName", Form::Text),
    must("lastName", Form::Text),
    may("title", Form::Text),
    may("companyName", Form::Text),
    may("countryCode", Form::Short(2)),
];

/// Start of a conversion rule's name.
pub(super) const URN: &str = "urn:lla:llaPartnerConversion:";
/// Oldest event.
const MAX_AGE_MS: i64 = 90 * DAY_S * 1_000;
/// How far an event may lie in the future: an assumption.
const MAX_AHEAD_MS: i64 = 3_600_000;

/// Returns LinkedIn's words about the event at this place of the request. `now_ms` is in epoch milliseconds.
pub(super) fn judge(index: usize, event: &Value, now_ms: i64) -> Result<(), String> {
    let at = |path: &str| {
        format!(
            "/elements/{index}/{}",
            path.replace(['.', '['], "/").replace(']', "")
        )
    };
    check(event, EVENT).map_err(|wrong| format!("{} :: {}", at(&wrong.path), words(&wrong)))?;
    if !event["conversion"]
        .as_str()
        .is_some_and(|urn| urn.starts_with(URN))
    {
        return Err(format!("{} :: is not a conversion URN", at("conversion")));
    }
    let at_ms = event["conversionHappenedAt"].as_i64().unwrap_or_default();
    // Seconds lie far too early.
    if !(now_ms - MAX_AGE_MS..=now_ms + MAX_AHEAD_MS).contains(&at_ms) {
        return Err(format!(
            "{} :: must be Unix milliseconds of the last 90 days",
            at("conversionHappenedAt")
        ));
    }
    let has_id = event["user"]["userIds"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    if !has_id && event["user"].get("userInfo").is_none() {
        return Err(format!("{} :: userIds or userInfo is required", at("user")));
    }
    let ids = event["user"]["externalIds"].as_array().map_or(0, Vec::len);
    if ids > 1 {
        return Err(format!("{} :: must have one value", at("user.externalIds")));
    }
    Ok(())
}

fn words(wrong: &Wrong) -> String {
    match wrong.problem {
        Problem::Missing => "field is required but not found".to_owned(),
        Problem::Unknown => "unrecognized field found but not allowed".to_owned(),
        Problem::Form(form) => format!("must be {form}"),
    }
}

/// Returns what LinkedIn takes with 201 and cannot use: nobody is told of a malformed value.
pub(super) fn warnings(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let ids = event["user"]["userIds"].as_array();
    for id in ids.into_iter().flatten() {
        let value = id["idValue"].as_str().unwrap_or_default();
        let is_useless = match id["idType"].as_str() {
            Some("SHA256_EMAIL") => !is_sha256_hex(value),
            Some("PLAINTEXT_IP_ADDRESS") => value.parse::<std::net::Ipv4Addr>().is_err(),
            _ => false,
        };
        if is_useless {
            found.push("an idValue that is not of its idType".to_owned());
        }
    }
    let currency = event.pointer("/conversionValue/currencyCode");
    if currency.is_some_and(|code| !code.as_str().is_some_and(crate::check::is_currency)) {
        found.push("a currency that does not exist".to_owned());
    }
    if event.get("eventId").is_none() {
        found.push("no eventId: a copy counts again".to_owned());
    }
    found
}
