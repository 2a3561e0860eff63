//! The Data Manager API's mapping, requests and answers.

use super::super::fixture::{EM, NOW_MS, PH, allow_all, answer, label, purchase, stored};
use super::super::{Batch, Verdict};
use super::*;
use crate::forward::config::{Connection, DestinationConfig};
use crate::forward::merge::merge;
use crate::forward::tests::Fixture;
use crate::secret::Secret;
use crate::store::StoredEvent;
use serde_json::{Value, json};

pub(super) const FIXTURE: Fixture = Fixture {
    account: "service_account = { file = \"DIR/google\" }\naccount_id = \"1234567890\"\nconversions = { purchase = \"987654321\" }",
    secrets: &[
        ("google", "SERVICE_ACCOUNT"),
        ("google-wrong", "WRONG_SERVICE_ACCOUNT"),
    ],
    wrong_secret: Some("service_account = { file = \"DIR/google-wrong\" }"),
    drops_copies: true,
    refuses_in: Some("google 400 INVALID_FORMAT events.events["),
};

const ADS: &str = "conversions = { purchase = \"987654321\", sign_up = \"5\" }";
const ANALYTICS_KEYS: &str =
    "account_type = \"google_analytics_property\"\nmeasurement_id = \"G-ABC123DEF4\"";

fn table(extra: &str) -> (tempfile::TempDir, toml::Table) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("account.json");
    let account = firsthand_sandbox::service_account("http://127.0.0.1:9");
    std::fs::write(&path, account).unwrap();
    let text = format!(
        "kind = \"google_data_manager\"\nname = \"g\"\naccount_id = \"1234567890\"\nservice_account = {{ file = \"{}\" }}\n{extra}",
        path.display()
    );
    (dir, text.parse().unwrap())
}

fn google(extra: &str) -> Connection {
    let (_dir, table) = table(extra);
    DestinationConfig::read(table).unwrap().connect().unwrap()
}

fn mapped(extra: &str, event: &StoredEvent) -> Result<Value, Skip> {
    google(extra)
        .destination
        .map(&merge(event).unwrap(), &allow_all(), NOW_MS)
        .map(|mapped| serde_json::from_str(&mapped.event).unwrap())
}

#[test]
fn a_purchase_is_written_as_google_ads_wants_it() {
    let event = mapped(&format!("{ADS}\nmerchant_id = \"77\""), &purchase()).unwrap();
    let want = json!({
        "destinationReferences": ["purchase"], "eventTimestamp": "2026-11-23T21:59:50Z", "transactionId": "1001",
        "eventSource": "WEB",
        "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"},
        "userData": {"userIdentifiers": [{"emailAddress": EM}, {"phoneNumber": EM}]},
        "currency": "EUR", "conversionValue": 59.8,
        "eventDeviceInfo": {"userAgent": "Mozilla/5.0", "ipAddress": "203.0.113.9", "languageCode": "en"},
        "cartData": {
            "merchantId": "77", "couponCodes": ["SPRING"],
            "items": [
                {"merchantProductId": "mug-01", "itemId": "mug-01", "quantity": "2", "unitPrice": 29.9},
                {"merchantProductId": "freebie", "itemId": "freebie", "quantity": "1", "unitPrice": 0}
            ]
        }
    });
    assert_eq!(event, want);
    assert_ne!(EM, PH);
}

#[test]
fn a_property_of_analytics_gets_names_clients_and_parameters() {
    let event = mapped(ANALYTICS_KEYS, &purchase()).unwrap();
    assert_eq!(event["destinationReferences"], json!(["analytics"]));
    assert_eq!(event["eventName"], "purchase");
    assert_eq!(event["clientId"], "123.456");
    assert_eq!(event["userId"], "c-77");
    let first = &event["additionalEventParameters"][0];
    assert_eq!(
        first,
        &json!({"parameterName": "session_id", "value": "1795471000"})
    );
}

#[test]
fn a_click_id_is_passed_on_and_enough() {
    let header = r#"{"touch":{"last":{"at":1795471100000,"url":"","ref":"","utm":{},"click":{"gclid":"Cj0K","wbraid":"W1"}}}}"#;
    let event = stored(
        "purchase",
        header,
        r#"{"props":{"transaction_id":"7","currency":"EUR","value":1}}"#,
    );
    let event = mapped(ADS, &event).unwrap();
    assert_eq!(
        event["adIdentifiers"],
        json!({"gclid": "Cj0K", "wbraid": "W1"})
    );
    assert_eq!(event["eventSource"], "OTHER");
}

#[test]
fn what_is_no_conversion_or_nobodys_is_not_sent() {
    for (name, header, want) in [
        (
            "add_to_cart",
            format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
            "no_such_event",
        ),
        (
            "refund",
            format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
            "no_such_event",
        ),
        (
            "purchase",
            r#"{"user":{"anonymous_id":"a"}}"#.to_owned(),
            "no_match_key",
        ),
    ] {
        let event = stored(name, &header, "{}");
        assert_eq!(mapped(ADS, &event).unwrap_err().code, want, "{name}");
    }
}

#[test]
fn a_request_names_its_destinations_and_carries_the_token() {
    let connection = google(&format!(
        "{ADS}\nlogin_account_id = \"42\"\nquota_project = \"shop-1\"\nvalidate_only = true"
    ));
    let token = Secret::new("ya29.x");
    let out = connection.destination.request(&Batch {
        envelope: "",
        events: &["{\"a\":1}"],
        event_ids: &["purchase:1"],
        now_ms: NOW_MS,
        token: Some(&token),
    });
    assert_eq!(
        out.url,
        "https://datamanager.googleapis.com/v1/events:ingest"
    );
    assert_eq!(
        out.headers,
        [
            ("authorization", "Bearer ya29.x".to_owned()),
            ("x-goog-user-project", "shop-1".to_owned())
        ]
    );
    let body: Value = serde_json::from_str(&out.body).unwrap();
    let account = |id: &str| json!({"accountType": "GOOGLE_ADS", "accountId": id});
    assert_eq!(
        body,
        json!({
            "destinations": [
                {"reference": "purchase", "operatingAccount": account("1234567890"), "loginAccount": account("42"),
                    "productDestinationId": "987654321"},
                {"reference": "sign_up", "operatingAccount": account("1234567890"), "loginAccount": account("42"),
                    "productDestinationId": "5"}
            ],
            "events": [{"a": 1}], "encoding": "HEX", "validateOnly": true
        })
    );
}

fn failure(code: u16, status: &str, details: &Value) -> String {
    json!({"error": {"code": code, "status": status, "message": "m", "details": details}})
        .to_string()
}

#[test]
fn answers_are_read_by_status_and_place() {
    let connection = google(ADS);
    let batch = Batch {
        envelope: "",
        events: &["{}"; 5],
        event_ids: &["a", "b", "c", "d", "e"],
        now_ms: NOW_MS,
        token: None,
    };
    let read = |status, body: &str| {
        connection
            .destination
            .interpret(&answer(status, body), &batch)
            .map(|words| words.kept(&connection.blotter))
    };
    let violation = |field: &str| {
        json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "INVALID_ARGUMENT"},
        {"@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": field, "description": "d", "reason": "INVALID_FORMAT"}]}])
    };
    for (status, body, want) in [
        (200, r#"{"requestId":"r1"}"#.to_owned(), "delivered"),
        (200, "<html>".to_owned(), "unknown"),
        (
            400,
            failure(
                400,
                "INVALID_ARGUMENT",
                &violation("events.events[3].currency"),
            ),
            "events",
        ),
        (
            400,
            failure(
                400,
                "INVALID_ARGUMENT",
                &violation("events.events[9].currency"),
            ),
            "batch",
        ),
        (
            400,
            failure(
                400,
                "INVALID_ARGUMENT",
                &violation("destinations[0].product_destination_id"),
            ),
            "unauthorized",
        ),
        (400, failure(400, "INVALID_ARGUMENT", &json!([])), "batch"),
        (
            401,
            failure(401, "UNAUTHENTICATED", &json!([])),
            "unauthorized",
        ),
        (
            403,
            failure(403, "PERMISSION_DENIED", &json!([])),
            "unauthorized",
        ),
        (404, failure(404, "NOT_FOUND", &json!([])), "unauthorized"),
        (
            429,
            failure(429, "RESOURCE_EXHAUSTED", &json!([])),
            "throttled",
        ),
        (500, failure(500, "INTERNAL", &json!([])), "transient"),
        (503, failure(503, "UNAVAILABLE", &json!([])), "transient"),
        (502, "<html>".to_owned(), "unreachable"),
    ] {
        assert_eq!(label(&read(status, &body)), want, "{status} {body}");
    }
    let two = json!([{"fieldViolations": [
        {"field": "events.events[1].event_timestamp", "description": "too old", "reason": "EVENT_TIME_INVALID"},
        {"field": "events.events[3].user_data.user_identifiers[0]", "description": "no digest", "reason": "INVALID_SHA256_FORMAT"},
        {"field": "events.events[3].currency", "description": "again", "reason": "INVALID_FORMAT"}
    ]}, {"requestId": "r-9"}]);
    assert_eq!(
        read(400, &failure(400, "INVALID_ARGUMENT", &two)),
        Verdict::RejectedEvents {
            events: vec![
                (1, "google 400 EVENT_TIME_INVALID events.events[1].event_timestamp too old (request_id r-9)".to_owned()),
                (3, "google 400 INVALID_SHA256_FORMAT events.events[3].user_data.user_identifiers[0] no digest (request_id r-9)".to_owned()),
            ]
        }
    );
}

#[test]
fn a_validated_request_is_checked_and_not_delivered() {
    let connection = google(&format!("{ADS}\nvalidate_only = true"));
    let batch = Batch {
        envelope: "",
        events: &["{}"],
        event_ids: &["a"],
        now_ms: NOW_MS,
        token: None,
    };
    let verdict = connection
        .destination
        .interpret(&answer(200, "{}"), &batch)
        .map(|words| words.kept(&connection.blotter));
    assert_eq!(verdict, Verdict::Checked);
}

#[test]
fn a_key_that_makes_no_sense_is_named() {
    for (extra, want) in [
        ("", "g.conversions: must name 1 to 10 conversions"),
        (
            "conversions = { refund = \"1\" }",
            "g.conversions.refund: is no event",
        ),
        (
            "conversions = { purchase = \"x\" }",
            "g.conversions.purchase: must be the id",
        ),
        (
            "account_type = \"google_analytics_property\"",
            "g.measurement_id: must be the measurement id",
        ),
        (
            &format!("{ADS}\nmeasurement_id = \"G-A\""),
            "g.measurement_id: is for account_type",
        ),
        (
            &format!("{ADS}\nlogin_account_id = \"1-2\""),
            "g.login_account_id: must be digits",
        ),
    ] {
        let (_dir, table) = table(extra);
        let error = DestinationConfig::read(table)
            .unwrap()
            .validate()
            .unwrap_err();
        assert!(error.to_string().contains(want), "{extra}: {error}");
    }
}

#[test]
fn a_key_file_that_cannot_sign_is_refused_without_showing_it() {
    for (content, want) in [
        ("{}", "is no key file of a service account"),
        (
            r#"{"type":"authorized_user","client_email":"a","private_key":"SECRETKEY"}"#,
            "another kind of account",
        ),
        (
            r#"{"type":"service_account","client_email":"a","private_key":"SECRETKEY"}"#,
            "no PKCS #8 key in PEM form",
        ),
    ] {
        let (dir, table) = table(ADS);
        std::fs::write(dir.path().join("account.json"), content).unwrap();
        let error = DestinationConfig::read(table)
            .unwrap()
            .connect()
            .err()
            .unwrap();
        let text = error.to_string();
        assert!(
            text.starts_with("destination.g.service_account: "),
            "{text}"
        );
        assert!(text.contains(want) && !text.contains("SECRETKEY"), "{text}");
    }
}
