//! GA4's mapping, limits and answers.

use super::super::fixture::{Bench, EM, PH, allow, allow_all, answer, purchase, stored};
use super::params::{MAX_LOCATION_CHARS, MAX_PARAMS, MAX_VALUE_CHARS};
use super::*;
use crate::forward::merge::merge;
use crate::forward::tests::Fixture;
use crate::store::StoredEvent;
use serde_json::{Value, json};

pub(super) const FIXTURE: Fixture = Fixture {
    account: "measurement_id = \"G-SANDBOX01\"\napi_secret = { file = \"DIR/ga4\" }",
    secrets: &[("ga4", "ga4-sandbox")],
    // Google answers 2xx to whatever it gets.
    wrong_secret: None,
    drops_copies: true,
    refuses_in: None,
};

fn ga4(extra: &str) -> Bench {
    let keys = format!("measurement_id = \"G-A1\"\napi_secret = SECRET\n{extra}");
    Bench::new("ga4", &keys, "s3&cret")
}

fn body_of(ga4: &Bench, event: &StoredEvent, permission: &Permission) -> Value {
    let mapped = ga4.map_as(event, permission).unwrap();
    let out = ga4.request(&mapped.envelope, &[&mapped.event]);
    serde_json::from_str(&out.body).unwrap()
}

#[test]
fn a_purchase_is_written_as_ga4_wants_it() {
    let got = body_of(&ga4(""), &purchase(), &allow_all());
    let want = json!({
        "client_id": "123.456", "user_id": "c-77",
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"},
        "device": {"language": "en-GB", "screen_resolution": "1440x900"},
        "ip_override": "203.0.113.9",
        "user_data": {
            "sha256_email_address": [EM], "sha256_phone_number": [EM],
            "address": [{"sha256_first_name": PH, "sha256_last_name": EM}]
        },
        "events": [{
            "name": "purchase", "timestamp_micros": 1_795_471_190_000_000_i64,
            "params": {
                "session_id": "1795471000", "engagement_time_msec": 1, "event_id": "purchase:1001",
                "page_location": "https://shop.example/thanks?gclid=Cj0%20K",
                "page_referrer": "https://shop.example/checkout", "page_title": "Thank you",
                "currency": "EUR", "value": 59.8, "tax": 9.55, "transaction_id": "1001", "coupon": "SPRING",
                "items": [
                    {"item_id": "mug-01", "item_name": "Mug", "price": 29.9, "quantity": 2},
                    {"item_id": "freebie", "price": 0}
                ],
                "gift": true
            }
        }]
    });
    assert_eq!(got, want);
}

#[test]
fn without_ads_consent_nothing_that_matches_a_person_leaves() {
    let got = body_of(&ga4(""), &purchase(), &allow(&[Purpose::Analytics]));
    assert_eq!(
        got["consent"],
        json!({"ad_user_data": "DENIED", "ad_personalization": "DENIED"})
    );
    assert_eq!(got["user_data"], Value::Null);
    assert_eq!(got["ip_override"], Value::Null);
    assert_eq!(
        got["events"][0]["params"]["page_location"],
        "https://shop.example/thanks"
    );
    let some = allow(&[
        Purpose::Analytics,
        Purpose::Marketing,
        Purpose::ThirdPartySharing,
    ]);
    let got = body_of(&ga4(""), &purchase(), &some);
    assert_eq!(
        got["consent"],
        json!({"ad_user_data": "GRANTED", "ad_personalization": "DENIED"})
    );
}

#[test]
fn a_browser_without_the_tag_has_one_client_id_of_its_own() {
    let with = |user: &str| {
        let event = stored("page_view", &format!(r#"{{"user":{user}}}"#), "{}");
        client_id(&merge(&event).unwrap())
    };
    let derived = with(r#"{"anonymous_id":"0199d2a4-0000-7000-8000-000000000001"}"#).unwrap();
    assert!(is_client_id(&derived), "{derived}");
    assert_eq!(
        Some(&derived),
        with(r#"{"anonymous_id":"0199d2a4-0000-7000-8000-000000000001","ga_client":"x"}"#).as_ref()
    );
    assert_ne!(
        Some(&derived),
        with(r#"{"anonymous_id":"0199d2a4-0000-7000-8000-000000000002"}"#).as_ref()
    );
    assert_eq!(with("{}"), None);
}

#[test]
fn limits_are_kept_and_what_is_left_out_is_counted() {
    let own = (10..45)
        .map(|i| format!(",\"p{i}\":\"{}\"", "ü".repeat(150)))
        .collect::<Vec<_>>()
        .concat();
    let event = format!(
        r#"{{"page":{{"url":"https://shop.example/{}"}},"props":{{"_secret":1,"ga_x":2,"event_id":"x"{own}}}}}"#,
        "a".repeat(2_000)
    );
    let event = stored("quiz", r#"{"user":{"anonymous_id":"a"}}"#, &event);
    let mapped = ga4("").map(&event).unwrap();
    let got: Value = serde_json::from_str(&mapped.event).unwrap();
    let params = got["params"].as_object().unwrap();
    assert_eq!(params.len(), MAX_PARAMS);
    // 35 of the shop's own, 22 fit beside three of Google's; two reserved names.
    assert_eq!(mapped.dropped_params, 13 + 2);
    assert_eq!(
        params["page_location"].as_str().unwrap().chars().count(),
        MAX_LOCATION_CHARS
    );
    assert_eq!(
        params["p10"].as_str().unwrap().chars().count(),
        MAX_VALUE_CHARS
    );
    assert_eq!(params["event_id"], "purchase:1001");
}

#[test]
fn a_click_of_an_earlier_session_is_not_attributed_again() {
    for (session, want) in [
        ("1795471000000", "https://shop.example/?gclid=X"),
        ("1795471300000", "https://shop.example/"),
    ] {
        let event = stored(
            "page_view",
            r#"{"user":{"anonymous_id":"a"},"touch":{"last":{"at":1795471000000,"url":"","ref":"","utm":{},"click":{"gclid":"X"}}}}"#,
            &format!(r#"{{"session":{session},"page":{{"url":"https://shop.example/"}}}}"#),
        );
        let got = body_of(&ga4(""), &event, &allow_all());
        assert_eq!(got["events"][0]["params"]["page_location"], want);
    }
}

#[test]
fn events_that_the_tag_reports_too_are_left_to_it() {
    let purchases = ga4("server_events = \"purchases\"");
    let event = purchase();
    assert!(purchases.map(&event).is_ok());
    let event = stored("add_to_cart", r#"{"user":{"anonymous_id":"a"}}"#, "{}");
    let skip = purchases.map(&event).unwrap_err();
    assert_eq!(skip.code, "left_to_tag");
}

#[test]
fn the_secret_is_encoded_and_test_mode_has_its_own_door() {
    assert_eq!(
        ga4("").request("{\"client_id\":\"1.2\"}", &["{}"]).url,
        "https://www.google-analytics.com/mp/collect?measurement_id=G-A1&api_secret=s3%26cret"
    );
    let test = ga4("test_mode = true");
    assert!(test.request("", &[]).url.contains("/debug/mp/collect?"));
    let read = |status, body: &str| test.read(&answer(status, body), 2);
    assert_eq!(read(200, r#"{"validationMessages":[]}"#), Verdict::Checked);
    let wrong = r#"{"validationMessages":[{"fieldPath":"events[1].name","description":"d","validationCode":"NAME_INVALID"}]}"#;
    assert_eq!(
        read(200, wrong),
        Verdict::RejectedEvents {
            events: vec![(1, "ga4 NAME_INVALID events[1].name: d".to_owned())]
        }
    );
    assert!(matches!(read(503, ""), Verdict::Retry { .. }));
    assert_eq!(ga4("").read(&answer(204, ""), 2), Verdict::Delivered);
}
