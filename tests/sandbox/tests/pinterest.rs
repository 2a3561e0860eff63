//! Pinterest's events endpoint refuses what Pinterest refuses, event by event.

mod common;

use common::{Answer, Bench, DIGEST, NOW_S, bend};
use serde_json::{Value, json};

const PATH: &str = "/pinterest/v5/ad_accounts/549000000001/events";

fn checkout() -> Value {
    json!({"data": [{
        "event_name": "checkout", "action_source": "web", "event_time": NOW_S - 60, "event_id": "purchase:1001",
        "event_source_url": "https://shop.example/thanks", "language": "en",
        "user_data": {"em": [DIGEST], "client_ip_address": "203.0.113.7", "client_user_agent": "Mozilla/5.0"},
        "custom_data": {"currency": "EUR", "value": "59.8", "order_id": "1001", "num_items": 2,
            "contents": [{"id": "mug-01", "item_price": "29.9", "quantity": 2}]}
    }]})
}

async fn send(bench: &Bench, body: &Value) -> Answer {
    bench.bearer(PATH, "pina_sandbox", body).await
}

#[tokio::test]
async fn a_copy_is_dropped_and_a_test_recorded_nowhere() {
    let bench = Bench::new();
    for _ in 0..2 {
        let answer = send(&bench, &checkout()).await;
        assert_eq!(
            (answer.status, &answer.body["events"][0]["status"]),
            (200, &json!("processed"))
        );
    }
    let test = bench
        .bearer(&format!("{PATH}?test=true"), "pina_sandbox", &checkout())
        .await;
    assert_eq!(test.body["num_events_processed"], 1);
    let events = bench.events("platform=pinterest").await;
    assert_eq!(events.len(), 2);
    assert_eq!(
        (&events[0]["counted"], &events[0]["value"]),
        (&json!(true), &json!(59.8))
    );
    assert_eq!(events[1]["fate"], "dropped");
}

#[tokio::test]
async fn a_copy_of_an_offline_event_counts_again() {
    let bench = Bench::new();
    let offline = bend(checkout(), "/data/0/action_source", json!("offline"));
    for _ in 0..2 {
        send(&bench, &offline).await;
    }
    assert_eq!(bench.fates("pinterest").await, [Value::Null, Value::Null]);
}

#[tokio::test]
async fn account_token_and_frame_are_checked() {
    let bench = Bench::new();
    let other = PATH.replace("549", "550");
    for (path, token, body, status, code) in [
        (PATH, "pina_other", checkout(), 401, 2),
        (other.as_str(), "pina_sandbox", checkout(), 403, 29),
        (PATH, "pina_sandbox", json!([]), 400, 1),
        (PATH, "pina_sandbox", json!({"data": []}), 400, 1),
        (
            PATH,
            "pina_sandbox",
            json!({"data": vec![0; 1_001]}),
            400,
            1,
        ),
        (
            PATH,
            "pina_sandbox",
            json!({"data": [{}], "partner": "x"}),
            400,
            1,
        ),
    ] {
        let answer = bench.bearer(path, token, &body).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &json!(code))
        );
    }
}

#[tokio::test]
async fn a_wrong_event_fails_alone() {
    let bench = Bench::new();
    for (number, (at, value, words)) in [
        (
            "event_name",
            json!("Purchase"),
            "'event_name' must be one of the listed values",
        ),
        ("event_id", Value::Null, "'event_id' is a required property"),
        (
            "event_time",
            json!((NOW_S - 60) * 1_000),
            "'event_time' must be Unix seconds of the last 7 days",
        ),
        (
            "event_time",
            json!(NOW_S - 8 * 86_400),
            "'event_time' must be Unix seconds of the last 7 days",
        ),
        ("timestamp", json!(1), "'timestamp' was unexpected"),
        (
            "user_data",
            json!({"ph": [DIGEST]}),
            "'user_data' needs 'em', 'hashed_maids', or 'client_ip_address' and 'client_user_agent'",
        ),
        (
            "user_data/em",
            json!(["jane@example.com"]),
            "'user_data.em' must be a list of SHA-256 digests in lower-case hex",
        ),
        (
            "user_data/em",
            json!(DIGEST),
            "'user_data.em' must be a list of SHA-256 digests in lower-case hex",
        ),
        (
            "user_data/click_id",
            json!(DIGEST),
            "'user_data.click_id' must be a text that is not hashed",
        ),
        (
            "custom_data/value",
            json!(59.8),
            "'custom_data.value' must be a number in a text",
        ),
        (
            "custom_data/currency",
            json!("eur"),
            "'custom_data.currency' must be an ISO 4217 currency",
        ),
        (
            "custom_data/contents/0/quantity",
            json!("2"),
            "'custom_data.contents[0].quantity' must be an integer",
        ),
    ].into_iter().enumerate() {
        let mut body = bend(checkout(), &format!("/data/0/{at}"), value);
        let good = bend(
            checkout(),
            "/data/0/event_id",
            json!(format!("good:{number}")),
        );
        body["data"]
            .as_array_mut()
            .expect("list")
            .push(good["data"][0].clone());
        let answer = send(&bench, &body).await;
        assert_eq!(answer.status, 422, "{at}");
        assert_eq!(answer.body["num_events_processed"], 1, "{at}");
        assert_eq!(answer.body["events"][0]["error_message"], words);
        assert_eq!(answer.body["events"][1]["status"], "processed", "{at}");
    }
    let events = bench.events("platform=pinterest").await;
    let good = events.iter().filter(|e| e["counted"] == true).count();
    assert_eq!((good, events.len()), (12, 24));
}

#[tokio::test]
async fn faults_speak_as_pinterest_does() {
    for (kind, code, status) in [
        ("rate_limit", None, 429),
        ("bad_token", None, 401),
        ("bad_token", Some(29), 403),
        ("transient_error", None, 500),
        ("transient_error", Some(4_197), 503),
    ] {
        let bench = Bench::new();
        bench
            .fault(json!({"platform": "pinterest", "kind": kind, "code": code, "count": 1}))
            .await;
        let answer = send(&bench, &checkout()).await;
        assert_eq!(answer.status, status, "{kind}");
        assert!(answer.body["message"].is_string(), "{kind}");
        assert_eq!(send(&bench, &checkout()).await.status, 200);
    }
    let bench = Bench::new();
    bench.fault(json!({"platform": "pinterest", "kind": "refuse_event_id", "event_id": "purchase:1001"})).await;
    let answer = send(&bench, &checkout()).await;
    assert_eq!(
        (answer.status, &answer.body["events"][0]["status"]),
        (422, &json!("failed"))
    );
}

#[tokio::test]
async fn limited_processing_without_a_place_is_noted() {
    let bench = Bench::new();
    send(
        &bench,
        &bend(checkout(), "/data/0/custom_data/opt_out_type", json!("LDP")),
    )
    .await;
    let events = bench.events("platform=pinterest").await;
    assert_eq!(
        events[0]["warnings"][0],
        "limited data processing needs st and country"
    );
}
