//! What Google checks in a request, with the place of what is wrong.

use serde_json::{Map, Value};

use super::ACCOUNT;
use crate::check::{is_currency, is_ip, is_sha256_hex};

/// Most events of one request.
const MAX_EVENTS: usize = 2_000;
/// Most destinations of one request.
const MAX_DESTINATIONS: usize = 10;
/// Most identifiers of one person.
const MAX_IDENTIFIERS: usize = 10;
/// Oldest event. No page gives a number: an assumption.
const MAX_AGE_S: i64 = 63 * 86_400;
/// How far an event may lie in the future, in seconds: an assumption.
const MAX_AHEAD_S: i64 = 3_600;

const REQUEST_KEYS: &[&str] = &[
    "destinations",
    "events",
    "consent",
    "validateOnly",
    "encoding",
];
const EVENT_KEYS: &[&str] = &[
    "destinationReferences",
    "transactionId",
    "eventTimestamp",
    "lastUpdatedTimestamp",
    "userData",
    "consent",
    "adIdentifiers",
    "currency",
    "conversionValue",
    "eventSource",
    "eventDeviceInfo",
    "cartData",
    "customVariables",
    "userProperties",
    "eventName",
    "clientId",
    "userId",
    "additionalEventParameters",
    "eventLocation",
];
const CLICK_KEYS: &[&str] = &["gclid", "gbraid", "wbraid", "dclid"];
const SOURCES: &[&str] = &["WEB", "APP", "IN_STORE", "PHONE", "MESSAGE", "OTHER"];

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) field: String,
    pub(crate) reason: &'static str,
    pub(crate) description: &'static str,
}

/// All that is wrong with a request: empty when it is taken.
pub(crate) struct Checker {
    pub(crate) found: Vec<Violation>,
    now_ms: i64,
}

impl Checker {
    /// Checks a request. `now_ms` is in epoch milliseconds.
    pub(crate) fn check(body: &Map<String, Value>, now_ms: i64) -> Vec<Violation> {
        let mut checker = Self {
            found: Vec::new(),
            now_ms,
        };
        checker.request(body);
        checker.found
    }

    fn wrong(&mut self, field: impl Into<String>, reason: &'static str, description: &'static str) {
        self.found.push(Violation {
            field: field.into(),
            reason,
            description,
        });
    }

    fn request(&mut self, body: &Map<String, Value>) {
        for key in body.keys() {
            if !REQUEST_KEYS.contains(&key.as_str()) {
                self.wrong("request", "UNKNOWN_FIELD", "Cannot find field.");
            }
        }
        let references = self.destinations(body.get("destinations"));
        let Some(events) = body.get("events").and_then(Value::as_array) else {
            return self.wrong("events", "REQUIRED_FIELD_MISSING", "events are required");
        };
        if events.is_empty() {
            return self.wrong("events", "REQUIRED_FIELD_MISSING", "events are required");
        }
        if events.len() > MAX_EVENTS {
            return self.wrong("events", "TOO_MANY_EVENTS", "at most 2000 events");
        }
        let has_user_data = events.iter().any(|event| event.get("userData").is_some());
        let encoding = body.get("encoding").and_then(Value::as_str);
        if has_user_data && encoding != Some("HEX") {
            self.wrong(
                "encoding",
                "REQUIRED_FIELD_MISSING",
                "encoding is required with user data; the sandbox reads HEX",
            );
        }
        for (index, event) in events.iter().enumerate() {
            self.event(event, &format!("events.events[{index}]"), &references);
        }
    }

    /// Returns the references, and whether each is of Analytics.
    fn destinations(&mut self, list: Option<&Value>) -> Vec<(String, bool)> {
        let list = list
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        if list.is_empty() || list.len() > MAX_DESTINATIONS {
            self.wrong(
                "destinations",
                "REQUIRED_FIELD_MISSING",
                "1 to 10 destinations",
            );
        }
        let mut references = Vec::new();
        for (index, one) in list.iter().enumerate() {
            let at = format!("destinations[{index}]");
            let text = |path: &str| {
                one.pointer(path)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            if text("/operatingAccount/accountId") != ACCOUNT.customer {
                self.wrong(
                    format!("{at}.operating_account"),
                    "INVALID_ARGUMENT",
                    "no such account",
                );
            }
            let is_analytics = text("/operatingAccount/accountType") == "GOOGLE_ANALYTICS_PROPERTY";
            let want = if is_analytics {
                ACCOUNT.measurement_id
            } else {
                ACCOUNT.conversion_action
            };
            if text("/productDestinationId") != want {
                self.wrong(
                    format!("{at}.product_destination_id"),
                    "INVALID_CONVERSION_ACTION_ID",
                    "no such conversion action",
                );
            }
            let reference = text("/reference");
            if reference.is_empty() || references.iter().any(|(known, _)| known == reference) {
                self.wrong(
                    format!("{at}.reference"),
                    "INVALID_FORMAT",
                    "a name that is unique in the request",
                );
            }
            references.push((reference.to_owned(), is_analytics));
        }
        references
    }

    fn event(&mut self, event: &Value, at: &str, references: &[(String, bool)]) {
        let Some(fields) = event.as_object() else {
            return self.wrong(at, "INVALID_FORMAT", "an event is an object");
        };
        if fields.keys().any(|key| !EVENT_KEYS.contains(&key.as_str())) {
            self.wrong(at, "UNKNOWN_FIELD", "Cannot find field.");
        }
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        self.time(text("eventTimestamp"), at);
        if text("transactionId").is_none_or(str::is_empty) {
            self.wrong(
                format!("{at}.transaction_id"),
                "REQUIRED_FIELD_MISSING",
                "transactionId is required",
            );
        }
        if !text("eventSource").is_some_and(|source| SOURCES.contains(&source)) {
            self.wrong(
                format!("{at}.event_source"),
                "INVALID_FORMAT",
                "unknown event source",
            );
        }
        let chosen: Vec<&str> = fields
            .get("destinationReferences")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if chosen
            .iter()
            .any(|one| references.iter().all(|(known, _)| known != one))
        {
            self.wrong(
                format!("{at}.destination_references"),
                "INVALID_FORMAT",
                "no such destination in this request",
            );
        }
        let is_analytics = references
            .iter()
            .any(|(known, is_analytics)| *is_analytics && chosen.contains(&known.as_str()));
        if is_analytics && text("eventName").is_none_or(str::is_empty) {
            self.wrong(
                format!("{at}.event_name"),
                "REQUIRED_FIELD_MISSING",
                "eventName is required",
            );
        }
        self.consent(fields.get("consent"), at);
        self.who(fields, at, is_analytics);
        self.money(fields, at);
        let ip = event.pointer("/eventDeviceInfo/ipAddress");
        if ip.is_some_and(|ip| !ip.as_str().is_some_and(is_ip)) {
            self.wrong(
                format!("{at}.event_device_info.ip_address"),
                "INVALID_FORMAT",
                "no address",
            );
        }
    }

    fn time(&mut self, text: Option<&str>, at: &str) {
        let field = format!("{at}.event_timestamp");
        let Some(seconds) = text.and_then(epoch_seconds) else {
            return self.wrong(field, "INVALID_FORMAT", "RFC 3339 in UTC is expected");
        };
        let now_s = self.now_ms / 1_000;
        if seconds < now_s - MAX_AGE_S || seconds > now_s + MAX_AHEAD_S {
            self.wrong(field, "EVENT_TIME_INVALID", "too old, or in the future");
        }
    }

    fn consent(&mut self, consent: Option<&Value>, at: &str) {
        for key in ["adUserData", "adPersonalization"] {
            let word = consent
                .and_then(|consent| consent.get(key))
                .and_then(Value::as_str);
            if word.is_some_and(|word| !matches!(word, "CONSENT_GRANTED" | "CONSENT_DENIED")) {
                self.wrong(format!("{at}.consent"), "INVALID_FORMAT", "unknown status");
            }
        }
    }

    fn who(&mut self, fields: &Map<String, Value>, at: &str, is_analytics: bool) {
        let identifiers = fields
            .get("userData")
            .and_then(|data| data.get("userIdentifiers"))
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        if identifiers.len() > MAX_IDENTIFIERS {
            self.wrong(
                format!("{at}.user_data"),
                "TOO_MANY_USER_IDENTIFIERS",
                "at most 10",
            );
        }
        for (index, one) in identifiers.iter().enumerate() {
            let field = format!("{at}.user_data.user_identifiers[{index}]");
            let Some((key, value)) = one
                .as_object()
                .filter(|one| one.len() == 1)
                .and_then(|one| one.iter().next())
            else {
                self.wrong(field, "INVALID_FORMAT", "exactly one identifier each");
                continue;
            };
            let is_digest = value.as_str().is_some_and(is_sha256_hex);
            if !matches!(key.as_str(), "emailAddress" | "phoneNumber") || !is_digest {
                self.wrong(
                    field,
                    "INVALID_SHA256_FORMAT",
                    "a SHA-256 digest in hex digits is expected",
                );
            }
        }
        let ads = fields.get("adIdentifiers").and_then(Value::as_object);
        let clicks = ads.into_iter().flatten();
        for (key, value) in clicks.clone() {
            let is_text = value.as_str().is_some_and(|text| !text.is_empty());
            if !CLICK_KEYS.contains(&key.as_str()) || !is_text {
                self.wrong(
                    format!("{at}.ad_identifiers"),
                    "INVALID_FORMAT",
                    "unknown or empty identifier",
                );
            }
        }
        let has_client = ["clientId", "userId"]
            .iter()
            .any(|key| fields.get(*key).and_then(Value::as_str).is_some());
        let is_nobody = identifiers.is_empty() && clicks.count() == 0;
        if (is_analytics && !has_client) || (!is_analytics && is_nobody) {
            self.wrong(at, "NO_IDENTIFIERS_PROVIDED", "no identifier");
        }
    }

    fn money(&mut self, fields: &Map<String, Value>, at: &str) {
        let currency = fields.get("currency");
        if currency.is_some_and(|code| !code.as_str().is_some_and(is_currency)) {
            self.wrong(
                format!("{at}.currency"),
                "INVALID_CURRENCY_CODE",
                "an ISO 4217 code is expected",
            );
        }
        if let Some(value) = fields.get("conversionValue") {
            let field = format!("{at}.conversion_value");
            if !value.as_f64().is_some_and(|value| value >= 0.0) {
                self.wrong(field, "INVALID_FORMAT", "a number from zero on");
            } else if currency.is_none() {
                self.wrong(field, "REQUIRED_FIELD_MISSING", "a value needs a currency");
            }
        }
        let items = fields
            .get("cartData")
            .and_then(|cart| cart.get("items"))
            .and_then(Value::as_array);
        for (index, item) in items.into_iter().flatten().enumerate() {
            let is_count = item
                .get("quantity")
                .is_none_or(|count| count.as_str().is_some_and(|n| n.parse::<u64>().is_ok()));
            let is_price = item.get("unitPrice").is_none_or(Value::is_number);
            if !is_count || !is_price {
                self.wrong(
                    format!("{at}.cart_data.items[{index}]"),
                    "INVALID_FORMAT",
                    "quantity is a 64-bit number in a text, unitPrice a number",
                );
            }
        }
    }
}

/// Returns what Google would take and warn of.
pub(crate) fn warnings(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let has = |path: &str| event.pointer(path).is_some();
    if has("/cartData") && (has("/adIdentifiers/gbraid") || has("/adIdentifiers/wbraid")) {
        found.push("cart data is not used with gbraid or wbraid".to_owned());
    }
    if !has("/consent/adUserData") {
        found.push("no consent: it can end as unknown, and be lost in the EEA".to_owned());
    }
    found
}

/// Reads `2026-11-23T22:00:00[.fff]Z` as seconds since 1970.
pub(crate) fn epoch_seconds(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let number = |part: Option<&str>| part?.parse::<i64>().ok();
    let mut date = date.split('-');
    let (year, month, day) = (
        number(date.next())?,
        number(date.next())?,
        number(date.next())?,
    );
    let mut time = time.split(['.', ':']);
    let (hour, minute, second) = (
        number(time.next())?,
        number(time.next())?,
        number(time.next())?,
    );
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day) && date.next().is_none();
    let is_time =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if !is_date || !is_time {
        return None;
    }
    // Days from a civil date: years begin in March, so that the leap day is the last.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::epoch_seconds;

    #[test]
    fn a_time_is_rfc_3339_in_utc() {
        for (text, want) in [
            ("2026-11-23T22:00:00Z", Some(1_795_471_200)),
            ("2026-11-23T22:00:00.250Z", Some(1_795_471_200)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800)),
            ("2026-11-23 22:00:00Z", None),
            ("2026-13-23T22:00:00Z", None),
            ("2026-11-23T25:00:00Z", None),
            ("2026-11-23T22:00:00", None),
            ("", None),
        ] {
            assert_eq!(epoch_seconds(text), want, "{text}");
        }
    }
}
