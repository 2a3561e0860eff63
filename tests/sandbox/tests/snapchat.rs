//! Snapchat's events endpoint refuses what Snapchat refuses.

mod common;

use common::{Answer, Bench, DIGEST, NOW_S, bend};
use serde_json::{Value, json};

const PATH: &str = "/snapchat/v3/9f6d8a1e-0000-4000-8000-123456789abc/events";
const TOKEN: &str = "access_token=snap%2Fsandbox%2Btoken";

fn purchase() -> Value {
    json!({"data": [{
        "event_name": "PURCHASE", "event_time": NOW_S - 60, "event_id": "purchase:1001", "action_source": "WEB",
        "event_source_url": "https://shop.example/thanks",
        "user_data": {"em": [DIGEST], "client_ip_address": "203.0.113.7", "client_user_agent": "Mozilla/5.0",
            "sc_click_id": "a1b2-Cd"},
        "custom_data": {"currency": "EUR", "value": 59.8, "order_id": "1001", "num_items": 2,
            "contents": [{"id": "mug-01", "quantity": 2, "item_price": 29.9}]}
    }]})
}

async fn send(bench: &Bench, body: &Value) -> Answer {
    bench.post(&format!("{PATH}?{TOKEN}"), body).await
}

#[tokio::test]
async fn a_copy_is_dropped_and_a_check_recorded_nowhere() {
    let bench = Bench::new();
    let code = bend(purchase(), "/test_event_code", json!("T1"));
    for _ in 0..2 {
        assert_eq!(send(&bench, &code).await.status, 200);
    }
    let check = bench
        .post(&format!("{PATH}/validate?{TOKEN}"), &purchase())
        .await;
    assert_eq!(
        (check.status, &check.body["status"]),
        (200, &json!("VALID"))
    );
    let events = bench.events("platform=snapchat").await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["test_event_code"], "T1");
    assert_eq!(
        (&events[0]["counted"], &events[1]["fate"]),
        (&json!(true), &json!("dropped"))
    );
}

#[tokio::test]
async fn pixel_token_and_frame_are_checked() {
    let bench = Bench::new();
    let other = PATH.replace("9f6d", "0000");
    for (path, body, status) in [
        (
            format!("{PATH}?access_token=snap%2Fother%2Btoken"),
            purchase(),
            401,
        ),
        // A plus that was not encoded is a space.
        (
            format!("{PATH}?access_token=snap/sandbox+token"),
            purchase(),
            401,
        ),
        (PATH.to_owned(), purchase(), 401),
        (format!("{other}?{TOKEN}"), purchase(), 403),
        (format!("{PATH}?{TOKEN}"), json!([]), 400),
        (format!("{PATH}?{TOKEN}"), json!({"data": []}), 400),
        (
            format!("{PATH}?{TOKEN}"),
            json!({"data": vec![0; 2_001]}),
            400,
        ),
        (
            format!("{PATH}?{TOKEN}"),
            json!({"data": [{}], "partner": 1}),
            400,
        ),
    ] {
        let answer = bench.post(&path, &body).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body["reason"].is_string());
    }
    assert!(
        !bench
            .get("/control/events")
            .await
            .text
            .contains("sandbox+token")
    );
}

#[tokio::test]
async fn a_wrong_event_fails_the_request_and_is_named() {
    let bench = Bench::new();
    for (at, value, words) in [
        (
            "event_name",
            json!("purchase"),
            "event_name must be one of the listed values",
        ),
        (
            "event_time",
            json!(NOW_S * 1_000),
            "event_time must be Unix seconds of the last 37 days",
        ),
        (
            "event_time",
            json!(NOW_S - 38 * 86_400),
            "event_time must be Unix seconds of the last 37 days",
        ),
        ("action_source", Value::Null, "action_source is required"),
        (
            "event_source_url",
            Value::Null,
            "event_source_url is required for WEB",
        ),
        (
            "user_data",
            json!({"fn": DIGEST}),
            "user_data needs em, ph, madid, or client_ip_address and client_user_agent",
        ),
        (
            "user_data/fn",
            json!([DIGEST]),
            "user_data.fn must be a SHA-256 digest in lower-case hex",
        ),
        (
            "user_data/sc_click_id",
            json!(DIGEST),
            "user_data.sc_click_id must be a text that is not hashed",
        ),
        (
            "custom_data/event_id",
            json!("x"),
            "custom_data.event_id is not known",
        ),
        (
            "custom_data/value",
            json!("59.8"),
            "custom_data.value must be a number",
        ),
        (
            "data_processing_options",
            json!(["LDP"]),
            "data_processing_options must be a list of the listed values",
        ),
    ] {
        let answer = send(&bench, &bend(purchase(), &format!("/data/0/{at}"), value)).await;
        assert_eq!(answer.status, 400, "{at}");
        assert_eq!(answer.body["reason"], format!("data[0]: {words}"));
    }
    assert_eq!(
        bench.get("/control/summary").await.body["platforms"]["snapchat"]["received"],
        0
    );
}

#[tokio::test]
async fn faults_have_the_documented_status() {
    for (kind, status) in [
        ("rate_limit", 429),
        ("bad_token", 401),
        ("transient_error", 500),
    ] {
        let bench = Bench::new();
        bench
            .fault(json!({"platform": "snapchat", "kind": kind, "count": 1}))
            .await;
        assert_eq!(send(&bench, &purchase()).await.status, status, "{kind}");
        assert_eq!(send(&bench, &purchase()).await.status, 200, "{kind}");
    }
}
