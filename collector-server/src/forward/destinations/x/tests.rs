//! X's mapping and answers.

use super::*;
use crate::forward::config::DestinationConfig;
use crate::forward::destinations::fixture::{
    Bench, EM, NOW_MS, PH, allow_all_but_gpc, answer, digest, known_purchase, label, stored,
};
use crate::forward::tests::Fixture;
use serde_json::json;

pub(super) const FIXTURE: Fixture = Fixture {
    account: "pixel_id = \"o8z6j\"\nconversions = { purchase = \"tw-o8z6j-o8z21\" }
        consumer_key = { file = \"DIR/x-consumer-key\" }\nconsumer_secret = { file = \"DIR/x-consumer-secret\" }
        access_token = { file = \"DIR/x-token\" }\naccess_token_secret = { file = \"DIR/x-token-secret\" }",
    secrets: &[
        ("x-consumer-key", "x-sandbox-consumer-key"),
        ("x-consumer-secret", "x/sandbox+consumer=secret"),
        ("x-token", "7588892-x-sandbox-token"),
        ("x-token-secret", "x-sandbox-token&secret"),
    ],
    wrong_secret: Some("access_token_secret = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("x 400 INVALID_PARAMETER "),
};

fn x(extra: &str) -> Bench {
    let keys = format!(
        "pixel_id = \"o8z6j\"\nconversions = {{ purchase = \"tw-a-b\" }}\npixel_token = SECRET\n{extra}"
    );
    Bench::new("x", &keys, "x-secret")
}

#[test]
fn a_purchase_is_written_as_x_wants_it() {
    let got = x("").json(&known_purchase()).unwrap();
    let with_device = |key: &str, value: String| json!({key: value, "ip_address": "203.0.113.9", "user_agent": "Mozilla/5.0"});
    let want = json!({
        "conversion_time": "2026-11-23T21:59:50Z", "event_id": "tw-a-b", "conversion_id": "purchase:1001",
        "identifiers": [
            with_device("twclid", "23opev".to_owned()),
            with_device("hashed_email", digest("em")),
            with_device("hashed_phone_number", digest("ph_e"))
        ],
        "value": 59.8, "price_currency": "EUR", "number_items": 3,
        "contents": [
            {"content_id": "mug-01", "content_name": "Mug", "content_price": 29.9, "num_items": 2},
            {"content_id": "freebie", "content_price": 0, "num_items": 1}
        ],
        "event_source_url": "https://shop.example/thanks"
    });
    assert_eq!(got, want);
}

#[test]
fn what_has_no_tag_no_person_or_a_no_is_not_sent() {
    let em = format!(r#"{{"user":{{"em":["{EM}"]}}}}"#);
    let device = r#"{"context":{"ip":"203.0.113.9","ua":"x"}}"#;
    for (name, header, want) in [
        ("add_to_cart", em.as_str(), Some("no_such_event")),
        ("refund", em.as_str(), Some("no_such_event")),
        ("purchase", device, Some("no_match_key")),
        ("purchase", em.as_str(), None),
    ] {
        let code = x("").json(&stored(name, header, "{}")).err();
        assert_eq!(code.map(|skip| skip.code), want, "{name} {header}");
    }
    let phone = format!(r#"{{"user":{{"ph_e":["{PH}"]}}}}"#);
    let got = x("").json(&stored("purchase", &phone, "{}")).unwrap();
    assert_eq!(got["identifiers"], json!([{"hashed_phone_number": PH}]));
    let skip = x("").map_as(&known_purchase(), &allow_all_but_gpc());
    assert_eq!(skip.unwrap_err().code, "opted_out");
    let sent = x("send_with_gpc = true").map_as(&known_purchase(), &allow_all_but_gpc());
    assert!(sent.is_ok());
}

#[test]
fn an_amount_without_a_currency_is_no_dollars() {
    let event = stored(
        "purchase",
        &format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
        r#"{"props":{"value":5,"items":[{"item_id":"a","price":5}]}}"#,
    );
    let got = x("").json(&event).unwrap();
    assert!(got["value"].is_null() && got["contents"][0]["content_price"].is_null());
}

#[test]
fn a_pixels_token_travels_in_a_header_of_its_own() {
    let out = x("").request("", &["{}", "{}"]);
    assert_eq!(
        out.url,
        "https://ads-api.x.com/12/measurement/conversions/o8z6j"
    );
    assert_eq!(out.headers, [("x-pixel-token", "x-secret".to_owned())]);
    assert_eq!(out.body, r#"{"conversions":[{},{}]}"#);
}

#[test]
fn answers_are_read_by_their_status() {
    let taken = |count: usize| {
        json!({"request": {}, "data": {"conversions_processed": count, "debug_id": "d-1"}})
            .to_string()
    };
    let error = json!({"errors": [{"code": "INVALID", "message": "not of x-secret"}]}).to_string();
    for (status, body, want) in [
        (200, taken(2), "delivered"),
        (200, taken(1), "batch"),
        (200, "{}".to_owned(), "unknown"),
        (400, error.clone(), "batch"),
        (401, error.clone(), "unauthorized"),
        (403, error.clone(), "unauthorized"),
        (404, error.clone(), "unauthorized"),
        (429, error.clone(), "throttled"),
        (500, error.clone(), "transient"),
        (503, "<html>".to_owned(), "unreachable"),
    ] {
        let verdict = x("").read(&answer(status, &body), 2);
        assert_eq!(label(&verdict), want, "{status} {body}");
    }
    let verdict = x("").read(&answer(400, &error), 2);
    assert_eq!(
        verdict.reason().map(String::as_str),
        Some("x 400 INVALID not of ***")
    );
}

#[test]
fn a_rate_limit_lasts_until_its_reset() {
    let error = json!({"errors": [{"code": "TOO_MANY_REQUESTS"}]}).to_string();
    let now_s = NOW_MS / 1_000;
    for (reset, retry_after_s, want_s) in [
        (Some(now_s + 90), None, Some(90)),
        (Some(now_s - 90), None, Some(0)),
        (Some(now_s + 90), Some(5), Some(5)),
        (None, None, None),
    ] {
        let limited = Answer {
            headers: reset
                .map(|at| (RESET, at.to_string()))
                .into_iter()
                .collect(),
            retry_after: retry_after_s.map(Duration::from_secs),
            ..answer(429, &error)
        };
        let Verdict::Retry { after, .. } = x("").read(&limited, 1) else {
            panic!("not a retry")
        };
        assert_eq!(after, want_s.map(Duration::from_secs), "{reset:?}");
    }
}

#[test]
fn one_way_of_access_is_configured_and_each_key_is_named() {
    let env = "{ env = \"NONE\" }";
    let four = [
        "consumer_key",
        "consumer_secret",
        "access_token",
        "access_token_secret",
    ];
    let all: Vec<String> = four.iter().map(|key| format!("{key} = {env}")).collect();
    let pixel = format!("pixel_token = {env}");
    let tag = "conversions = { purchase = \"tw-a-b\" }";
    for (keys, want) in [
        (format!("{tag}\n{}", all.join("\n")), None),
        (format!("{tag}\n{pixel}"), None),
        (
            tag.to_owned(),
            Some("destination.x.consumer_key: is missing: write consumer_key"),
        ),
        (
            format!("{tag}\n{}", all[..3].join("\n")),
            Some("destination.x.access_token_secret: is missing"),
        ),
        (
            format!("{tag}\n{pixel}\n{}", all[2]),
            Some("destination.x.access_token: is not needed"),
        ),
        (
            format!("{pixel}\nconversions = {{ purchase = \"o8z21\" }}"),
            Some("destination.x.conversions.purchase: must be"),
        ),
        (
            format!("{pixel}\nconversions = {{ purchase = \"tw-a-\" }}"),
            Some("destination.x.conversions.purchase: must be"),
        ),
    ] {
        let text = format!("kind = \"x\"\nname = \"x\"\npixel_id = \"p\"\n{keys}");
        let config = DestinationConfig::read(text.parse().unwrap()).unwrap();
        let error = config.validate().err().map(|error| error.to_string());
        match want {
            None => assert_eq!(error, None, "{keys}"),
            Some(want) => assert!(
                error.as_ref().is_some_and(|e| e.starts_with(want)),
                "{error:?}"
            ),
        }
    }
}
