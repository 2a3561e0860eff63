//! TikTok's mapping and answers.

use super::super::fixture::{EM, NOW_MS, PH, allow_all, purchase, stored};
use super::*;
use crate::forward::config::DestinationConfig;
use crate::forward::merge::merge;
use serde_json::{Value, json};

fn tiktok() -> TikTok {
    let text =
        "kind = \"tiktok\"\nname = \"t\"\npixel_code = \"C1\"\naccess_token = { env = \"X\" }";
    let DestinationConfig::TikTok(config) = toml::from_str(text).unwrap() else {
        panic!("tiktok")
    };
    TikTok::new(config, Secret::new("tt-secret"))
}

#[test]
fn a_purchase_is_written_as_tiktok_wants_it() {
    let event = purchase();
    let mapped = tiktok()
        .map(&merge(&event).unwrap(), &allow_all(), NOW_MS)
        .unwrap();
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
    let mapped = tiktok()
        .map(&merge(&event).unwrap(), &allow_all(), NOW_MS)
        .unwrap();
    let got: Value = serde_json::from_str(&mapped.event).unwrap();
    assert_eq!(got["properties"]["value"], Value::Null);
    assert_eq!(got["properties"]["contents"][0]["price"], Value::Null);
    assert_eq!(got["properties"]["contents"][0]["content_id"], "7");
}

#[test]
fn nobody_to_match_is_a_reason_not_to_send() {
    let event = stored("page_view", r#"{"context":{"lang":"en"}}"#, "{}");
    let skip = tiktok()
        .map(&merge(&event).unwrap(), &allow_all(), NOW_MS)
        .unwrap_err();
    assert_eq!(skip.code, "no_match_key");
}

#[test]
fn gpc_limits_the_use() {
    let event = purchase();
    let permission = Permission {
        gpc: true,
        ..allow_all()
    };
    let mapped = tiktok()
        .map(&merge(&event).unwrap(), &permission, NOW_MS)
        .unwrap();
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
    let read = |body: &str| {
        let answer = Answer {
            status: 200,
            body: body.to_owned(),
            ..Answer::default()
        };
        tiktok().interpret(&answer, 3)
    };
    let envelope =
        |code: i64, message: &str| read(&json!({"code": code, "message": message}).to_string());
    assert_eq!(envelope(0, "OK"), Verdict::Delivered);
    assert_eq!(envelope(20_001, "Partial"), Verdict::Delivered);
    assert!(matches!(
        envelope(40_001, "x"),
        Verdict::Unauthorized { .. }
    ));
    assert!(matches!(
        envelope(40_100, "x"),
        Verdict::Retry {
            class: RetryClass::Throttled,
            ..
        }
    ));
    assert!(matches!(
        envelope(50_000, "x"),
        Verdict::Retry {
            class: RetryClass::Transient,
            ..
        }
    ));
    assert!(matches!(
        envelope(77, "x"),
        Verdict::Retry {
            class: RetryClass::Unknown,
            ..
        }
    ));
    let Verdict::RejectedEvents { indexes, reason } =
        envelope(40_002, "Batch.2.properties.value: Not a valid number")
    else {
        panic!("named event")
    };
    assert_eq!(indexes, [2]);
    assert!(reason.contains("Not a valid number"), "{reason}");
    assert!(matches!(
        envelope(40_002, "Batch.9.x: out of range"),
        Verdict::RejectedBatch { .. }
    ));
    assert!(matches!(
        envelope(40_002, "data: bad"),
        Verdict::RejectedBatch { .. }
    ));
    assert!(matches!(
        read("<html>"),
        Verdict::Retry {
            class: RetryClass::Unknown,
            ..
        }
    ));
}
