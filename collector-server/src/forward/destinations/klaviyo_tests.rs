//! Klaviyo's mapping and answers.

use super::super::fixture::{Bench, EM, allow, allow_all, answer, label, purchase, stored};
use crate::forward::tests::Fixture;
use crate::store::{SourceKind, StoredEvent};
use firsthand_core::consent::Purpose;
use serde_json::json;

pub(super) const FIXTURE: Fixture = Fixture {
    account: "api_key = { file = \"DIR/klaviyo\" }",
    secrets: &[("klaviyo", "pk_klaviyo_sandbox")],
    wrong_secret: Some("api_key = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("klaviyo 400 invalid: "),
};

fn klaviyo(extra: &str) -> Bench {
    Bench::new(
        "klaviyo",
        &format!("api_key = SECRET\n{extra}"),
        "pk_secret",
    )
}

#[test]
fn a_purchase_is_written_as_klaviyo_wants_it() {
    let event = klaviyo("").json(&purchase()).unwrap();
    let want = json!({"data": {"type": "event", "attributes": {
        "time": "2026-11-23T21:59:50Z", "unique_id": "purchase:1001", "value": 59.8, "value_currency": "EUR",
        "properties": {
            "OrderId": "1001", "DiscountCode": "SPRING", "URL": "https://shop.example/thanks", "Tax": 9.55,
            "ItemNames": ["Mug"],
            "Items": [
                {"ProductID": "mug-01", "ProductName": "Mug", "ItemPrice": 29.9, "Quantity": 2},
                {"ProductID": "freebie", "ItemPrice": 0, "Quantity": 1}
            ],
            "gift": true
        },
        "metric": {"data": {"type": "metric", "attributes": {"name": "Placed Order"}}},
        "profile": {"data": {"type": "profile", "attributes": {
            "external_id": "c-77", "anonymous_id": "0199d2a4-0000-7000-8000-000000000001"}}}
    }}});
    assert_eq!(event, want);
}

#[test]
fn a_digest_names_no_profile() {
    let event = stored(
        "page_view",
        &format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
        "{}",
    );
    let skip = klaviyo("custom_events = \"send\"")
        .json(&event)
        .unwrap_err();
    assert_eq!(skip.code, "no_match_key");
}

/// What a backend said of itself, and what a page would like to have said.
fn of_kind(kind: SourceKind) -> StoredEvent {
    let header = r#"{"user":{"kept":{"email":"jane@example.com","phone":"+491711234567"}}}"#;
    let mut event = stored("purchase", header, "{}");
    event.copies[0].kind = kind;
    event
}

#[test]
fn clear_values_go_out_where_everything_says_so() {
    let everything = allow_all();
    let unshared = allow(&[Purpose::Marketing, Purpose::Analytics]);
    let clear = "send_clear_identifiers = true";
    for (extra, kind, permission, is_clear) in [
        (clear, SourceKind::Server, &everything, true),
        (clear, SourceKind::Webhook, &everything, true),
        (clear, SourceKind::Browser, &everything, false),
        (clear, SourceKind::Server, &unshared, false),
        ("", SourceKind::Server, &everything, false),
    ] {
        match klaviyo(extra).map_as(&of_kind(kind), permission) {
            Ok(mapped) => {
                assert!(is_clear, "{extra} {kind:?}");
                let event: serde_json::Value = serde_json::from_str(&mapped.event).unwrap();
                assert_eq!(
                    event["data"]["attributes"]["profile"]["data"]["attributes"],
                    json!({"email": "jane@example.com", "phone_number": "+491711234567"})
                );
            }
            // They were all that named somebody.
            Err(skip) => assert_eq!((skip.code, is_clear), ("no_match_key", false)),
        }
    }
}

#[test]
fn the_key_and_the_revision_travel_in_headers() {
    let out = klaviyo("revision = \"2026-01-15\"").request("", &["{\"data\":{}}"]);
    assert_eq!(out.url, "https://a.klaviyo.com/api/events");
    assert_eq!(out.content_type, "application/vnd.api+json");
    assert_eq!(
        out.headers,
        [
            ("authorization", "Klaviyo-API-Key pk_secret".to_owned()),
            ("revision", "2026-01-15".to_owned()),
            ("accept", "application/vnd.api+json".to_owned())
        ]
    );
    assert_eq!(out.body, "{\"data\":{}}");
}

#[test]
fn answers_are_read_by_their_status() {
    let klaviyo = klaviyo("");
    let error = json!({"errors": [{"id": "e-1", "status": 400, "code": "invalid", "title": "Invalid input.",
        "detail": "Not for pk_secret.", "source": {"pointer": "/data/attributes/time"}}]})
    .to_string();
    for (status, want) in [
        (202, "delivered"),
        (400, "batch"),
        (401, "unauthorized"),
        (403, "unauthorized"),
        (429, "throttled"),
        (500, "transient"),
        (503, "transient"),
    ] {
        let verdict = klaviyo.read(&answer(status, &error), 1);
        assert_eq!(label(&verdict), want, "{status}");
    }
    let refused = klaviyo.read(&answer(400, &error), 1);
    assert_eq!(
        refused.reason().map(String::as_str),
        Some("klaviyo 400 invalid: Not for ***. /data/attributes/time (error_id e-1)")
    );
    assert_eq!(
        label(&klaviyo.read(&answer(503, "<html>"), 1)),
        "unreachable"
    );
}
