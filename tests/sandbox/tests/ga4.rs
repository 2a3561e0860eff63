//! The GA4 emulator says 204 to everything; the debug door explains.

mod common;

use common::{Bench, DIGEST, NOW_S, bend, ga4_purchase};
use serde_json::{Map, Value, json};

const DEBUG: &str = "/ga4/debug/mp/collect";

#[tokio::test]
async fn a_valid_purchase_is_kept_and_has_no_complaints() {
    let bench = Bench::new();
    assert_eq!(bench.ga4(&ga4_purchase()).await.status, 204);
    let event = &bench.events("platform=ga4&event_id=1001").await[0];
    assert_eq!(
        (&event["counted"], &event["warnings"]),
        (&json!(true), &json!([]))
    );
    let answer = bench.post(DEBUG, &ga4_purchase()).await;
    assert_eq!(answer.body, json!({ "validationMessages": [] }));
    assert_eq!(
        bench.events("").await.len(),
        1,
        "the debug door keeps nothing"
    );
}

fn many(count: usize, value: &Value) -> Value {
    (0..count)
        .map(|i| (format!("p{i}"), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table, one rule a line")]
async fn every_limit_drops_silently_and_is_explained_by_debug() {
    let long = |n: usize| json!("x".repeat(n));
    let params = "/events/0/params";
    let at = |name: &str| format!("{params}/{name}");
    let event = ga4_purchase()["events"][0].clone();
    let cases: Vec<(String, Value, &str, &str)> = vec![
        (
            "/client_id".into(),
            Value::Null,
            "client_id",
            "VALUE_REQUIRED",
        ),
        (
            "/client_id".into(),
            json!(123),
            "client_id",
            "VALUE_INVALID",
        ),
        (
            "/user_id".into(),
            long(257),
            "user_id",
            "VALUE_OUT_OF_BOUNDS",
        ),
        ("/clientId".into(), json!("x"), "clientId", "VALUE_INVALID"),
        (
            "/timestamp_micros".into(),
            json!((NOW_S - 72 * 3_600 - 1) * 1_000_000),
            "timestamp_micros",
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            "/timestamp_micros".into(),
            json!("soon"),
            "timestamp_micros",
            "VALUE_INVALID",
        ),
        (
            "/consent".into(),
            json!({ "ad_user_data": "granted" }),
            "consent.ad_user_data",
            "VALUE_INVALID",
        ),
        (
            "/consent".into(),
            json!({ "analytics_storage": "GRANTED" }),
            "consent.analytics_storage",
            "VALUE_INVALID",
        ),
        (
            "/user_properties".into(),
            many(26, &json!({ "value": 1 })),
            "user_properties",
            "EXCEEDED_MAX_ENTITIES",
        ),
        (
            "/user_properties".into(),
            json!({ "a": { "value": "x".repeat(37) } }),
            "user_properties.a",
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            "/user_properties".into(),
            json!({ "user_id": { "value": 1 } }),
            "user_properties.user_id",
            "NAME_RESERVED",
        ),
        (
            "/user_properties".into(),
            json!({ "a_name_of_25_characters_xx": { "value": 1 } }),
            "user_properties.a_name_of_25_characters_xx",
            "NAME_INVALID",
        ),
        (
            "/user_data".into(),
            json!({ "sha256_email_address": ["jo@shop.example"] }),
            "user_data.sha256_email_address",
            "VALUE_INVALID",
        ),
        (
            "/user_data".into(),
            json!({ "address": [{ "sha256_city": DIGEST }] }),
            "user_data.address.sha256_city",
            "VALUE_INVALID",
        ),
        (
            "/validation_behavior".into(),
            json!("STRICT"),
            "validation_behavior",
            "VALUE_INVALID",
        ),
        (
            "/ip_override".into(),
            json!("home"),
            "ip_override",
            "VALUE_INVALID",
        ),
        ("/events".into(), json!([]), "events", "VALUE_REQUIRED"),
        (
            "/events".into(),
            json!(vec![event; 26]),
            "events",
            "EXCEEDED_MAX_ENTITIES",
        ),
        (
            "/events/0/name".into(),
            Value::Null,
            "events[0].name",
            "VALUE_REQUIRED",
        ),
        (
            "/events/0/name".into(),
            json!("session_start"),
            "events[0].name",
            "NAME_RESERVED",
        ),
        (
            "/events/0/name".into(),
            json!("1st"),
            "events[0].name",
            "NAME_INVALID",
        ),
        (
            "/events/0/name".into(),
            json!("add to cart"),
            "events[0].name",
            "NAME_INVALID",
        ),
        (
            "/events/0/name".into(),
            long(41),
            "events[0].name",
            "NAME_INVALID",
        ),
        (
            params.into(),
            many(26, &json!(1)),
            "events[0].params",
            "EXCEEDED_MAX_ENTITIES",
        ),
        (
            at("ga_x"),
            json!(1),
            "events[0].params.ga_x",
            "NAME_RESERVED",
        ),
        (
            at("firebase_conversion"),
            json!(1),
            "events[0].params.firebase_conversion",
            "NAME_RESERVED",
        ),
        (at("a-b"), json!(1), "events[0].params.a-b", "NAME_INVALID"),
        (
            at("coupon"),
            long(101),
            "events[0].params.coupon",
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            at("page_title"),
            long(301),
            "events[0].params.page_title",
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            at("page_referrer"),
            long(421),
            "events[0].params.page_referrer",
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            at("page_location"),
            long(1_001),
            "events[0].params.page_location",
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            at("nested"),
            json!({}),
            "events[0].params.nested",
            "VALUE_INVALID",
        ),
        (
            at("value"),
            json!("59.80"),
            "events[0].params.value",
            "VALUE_INVALID",
        ),
        (
            at("currency"),
            json!("eur"),
            "events[0].params.currency",
            "VALUE_INVALID",
        ),
        (
            at("items"),
            json!("mug"),
            "events[0].params.items",
            "VALUE_INVALID",
        ),
        (
            at("items"),
            json!(vec![json!({ "item_id": "a" }); 201]),
            "events[0].params.items",
            "EXCEEDED_MAX_ENTITIES",
        ),
        (
            at("items"),
            json!([{ "price": 1 }]),
            "events[0].params.items[0]",
            "VALUE_REQUIRED",
        ),
        (
            at("items/0/price"),
            json!("1"),
            "events[0].params.items[0].price",
            "VALUE_INVALID",
        ),
    ];
    for (pointer, value, path, code) in cases {
        let bench = Bench::new();
        let body = bend(ga4_purchase(), &pointer, value);
        assert_eq!(bench.ga4(&body).await.status, 204);
        let kept = bench.events("").await;
        assert_eq!(kept[0]["verdict"], "discarded", "{pointer}");
        let complaint = &bench.post(DEBUG, &body).await.body["validationMessages"][0];
        assert_eq!(
            (&complaint["fieldPath"], &complaint["validationCode"]),
            (&json!(path), &json!(code)),
            "{pointer}"
        );
        let reason = kept[0]["reason"].as_str().expect("reason");
        assert!(reason.starts_with(path), "{reason}");
    }
}

#[tokio::test]
async fn values_at_the_limit_are_kept() {
    let long = |n: usize| json!("x".repeat(n));
    for (name, value) in [
        ("coupon", long(100)),
        ("page_title", long(300)),
        ("page_referrer", long(420)),
        ("page_location", long(1_000)),
    ] {
        let bench = Bench::new();
        bench
            .ga4(&bend(
                ga4_purchase(),
                &format!("/events/0/params/{name}"),
                value,
            ))
            .await;
        assert_eq!(bench.events("").await[0]["counted"], true, "{name}");
    }
}

#[tokio::test]
async fn a_bad_event_does_not_take_its_neighbour_along() {
    let bench = Bench::new();
    let good = ga4_purchase()["events"][0].clone();
    let bad = bend(good.clone(), "/name", json!("error"));
    bench
        .ga4(&bend(ga4_purchase(), "/events", json!([bad, good])))
        .await;
    let verdicts: Vec<_> = bench
        .events("")
        .await
        .iter()
        .map(|e| e["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["discarded", "accepted"]);
}

#[tokio::test]
async fn a_wrong_secret_or_stream_is_204_and_nothing_counts() {
    for query in [
        "",
        "measurement_id=G-OTHER&api_secret=ga4-sandbox",
        "measurement_id=G-SANDBOX01&api_secret=no",
    ] {
        let bench = Bench::new();
        let answer = bench
            .post(&format!("/ga4/mp/collect?{query}"), &ga4_purchase())
            .await;
        assert_eq!(answer.status, 204);
        assert_eq!(bench.events("").await[0]["verdict"], "discarded");
    }
}

#[tokio::test]
async fn a_body_of_130_kb_is_thrown_away() {
    let bench = Bench::new();
    let item = json!({ "item_id": "x".repeat(100), "item_name": "y".repeat(100) });
    let event = bend(
        ga4_purchase()["events"][0].clone(),
        "/params/items",
        json!(vec![item; 100]),
    );
    let body = bend(ga4_purchase(), "/events", json!(vec![event; 6]));
    assert!(body.to_string().len() >= 130_000);
    bench.ga4(&body).await;
    assert_eq!(
        bench.events("").await[0]["reason"],
        "The body must be smaller than 130 kB."
    );
}

#[tokio::test]
async fn an_event_without_session_counts_with_a_warning() {
    let bench = Bench::new();
    let body = bend(ga4_purchase(), "/events/0/params/session_id", Value::Null);
    let body = bend(body, "/events/0/params/engagement_time_msec", json!(0));
    bench.ga4(&body).await;
    let event = &bench.events("").await[0];
    assert_eq!(event["counted"], true);
    assert_eq!(event["warnings"].as_array().map(Vec::len), Some(2));
    let strict = bend(
        body,
        "/validation_behavior",
        json!("ENFORCE_RECOMMENDATIONS"),
    );
    let answer = bench.post(DEBUG, &strict).await;
    assert_eq!(
        answer.body["validationMessages"][0]["fieldPath"],
        "events[0].params.session_id"
    );
}

#[tokio::test]
async fn an_item_has_at_most_27_custom_parameters() {
    for (count, verdict) in [(27, "accepted"), (28, "discarded")] {
        let mut item =
            json!({ "item_id": "mug-01", "item_brand": "Tide", "price": 29.9, "quantity": 2 });
        for n in 0..count {
            item[format!("glaze_{n}")] = json!("blue");
        }
        let body = bend(ga4_purchase(), "/events/0/params/items/0", item);
        let bench = Bench::new();
        assert_eq!(bench.ga4(&body).await.status, 204, "{count}");
        let kept = bench.events("").await;
        assert_eq!(
            kept[0]["verdict"], verdict,
            "{count}: {}",
            kept[0]["reason"]
        );
    }
}
