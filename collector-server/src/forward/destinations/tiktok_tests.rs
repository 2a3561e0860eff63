//! TikTok's mapping and answers.

use super::super::fixture::{Bench, EM, PH, allow_all, answer, label, purchase, stored};
use super::*;
use crate::forward::tests::Fixture;
use serde_json::{Value, json};

pub(super) const FIXTURE: Fixture = Fixture {
    account: "pixel_code = \"CSANDBOX0001\"\naccess_token = { file = \"DIR/tiktok\" }",
    secrets: &[("tiktok", "tt-sandbox")],
    wrong_secret: Some("access_token = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("tiktok 40002 Batch."),
};

fn tiktok() -> Bench {
    Bench::new(
        "tiktok",
        "pixel_code = \"C1\"\naccess_token = SECRET",
        "tt-secret",
    )
}

#[test]
fn a_purchase_is_written_as_tiktok_wants_it() {
    let event = purchase();
    let mapped = tiktok().map(&event).unwrap();
    let got: Value = serde_json::from_str(&mapped.event).unwrap();
    let want = json!({
        "event": "Purchase", "event_time": 1_795_471_190, "event_id": "purchase:1001",
        "user": {
            "email": [EM], "phone": [EM], "external_id": [PH], "first_name": [PH], "last_name": [EM],
            "zip_code": [PH], "ttclid": "E.C.P.x", "ttp": "2F7h37YkS1j57AYSKTI7IHhJPYH",
            "ip": "203.0.113.9", "user_agent": "Mozilla/5.0", "locale": "en-GB"
        },
        "page": {"url": "https://shop.example/thanks", "referrer": "https://shop.example/checkout"},
        "properties": {
            "value": 59.8, "currency": "EUR",
            "contents": [
                {"content_id": "mug-01", "content_type": "product", "content_name": "Mug", "price": 29.9, "quantity": 2},
                {"content_id": "freebie", "content_type": "product", "price": 0, "quantity": 1}
            ],
            "content_ids": ["mug-01", "freebie"], "content_type": "product", "num_items": 3, "order_id": "1001"
        }
    });
    assert_eq!(got, want);
}

#[test]
fn a_currency_that_tiktok_does_not_know_costs_the_amount_not_the_event() {
    let event = stored(
        "purchase",
        &format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
        r#"{"props":{"currency":"XAF","value":5,"items":[{"item_id":7,"price":5}]}}"#,
    );
    let mapped = tiktok().map(&event).unwrap();
    let got: Value = serde_json::from_str(&mapped.event).unwrap();
    assert_eq!(got["properties"]["value"], Value::Null);
    assert_eq!(got["properties"]["contents"][0]["price"], Value::Null);
    assert_eq!(got["properties"]["contents"][0]["content_id"], "7");
}

#[test]
fn nobody_to_match_is_a_reason_not_to_send() {
    let event = stored("page_view", r#"{"context":{"lang":"en"}}"#, "{}");
    let skip = tiktok().map(&event).unwrap_err();
    assert_eq!(skip.code, "no_match_key");
}

#[test]
fn gpc_limits_the_use() {
    let event = purchase();
    let permission = Permission {
        gpc: true,
        ..allow_all()
    };
    let mapped = tiktok().map_as(&event, &permission).unwrap();
    assert!(mapped.event.ends_with(",\"limited_data_use\":true}"));
}

#[test]
fn the_token_travels_in_its_header() {
    let out = tiktok().request("", &["{}"]);
    assert_eq!(out.headers, [("access-token", "tt-secret".to_owned())]);
    assert_eq!(
        out.url,
        "https://business-api.tiktok.com/open_api/v1.3/event/track/"
    );
    assert_eq!(
        out.body,
        r#"{"event_source":"web","event_source_id":"C1","data":[{}]}"#
    );
}

#[test]
fn answers_are_read_by_code() {
    let tiktok = tiktok();
    let envelope = |code: i64, message: &str| {
        let body = json!({"code": code, "message": message}).to_string();
        tiktok.read(&answer(200, &body), 3)
    };
    for (code, message, want) in [
        (0, "OK", "delivered"),
        (20_001, "Partial", "delivered"),
        (40_001, "x", "unauthorized"),
        (40_100, "x", "throttled"),
        (50_000, "x", "transient"),
        (77, "x", "unknown"),
        (40_002, "Batch.9.x: out of range", "batch"),
        (40_002, "data: bad", "batch"),
    ] {
        assert_eq!(label(&envelope(code, message)), want, "{code} {message}");
    }
    assert_eq!(label(&tiktok.read(&answer(200, "<html>"), 3)), "unknown");
    let named = envelope(40_002, "Batch.2.properties.value: Not a valid number");
    let words = "tiktok 40002 Batch.2.properties.value: Not a valid number".to_owned();
    assert_eq!(
        named,
        Verdict::RejectedEvents {
            events: vec![(2, words)]
        }
    );
}

#[test]
fn test_events_travel_one_a_request() {
    let keys = "pixel_code = \"C1\"\naccess_token = SECRET\ntest_event_code = \"TEST1\"";
    let test = Bench::new("tiktok", keys, "tt-secret");
    assert_eq!(test.destination.max_batch_events(), 1);
}
