//! Klaviyo's event endpoint refuses what Klaviyo refuses.

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Answer, Bench, DIGEST, bend};
use serde_json::{Value, json};

fn placed_order() -> Value {
    json!({"data": {"type": "event", "attributes": {
        "time": "2026-11-23T21:59:00Z", "unique_id": "purchase:1001", "value": 59.8, "value_currency": "EUR",
        "properties": {"OrderId": "1001"},
        "metric": {"data": {"type": "metric", "attributes": {"name": "Placed Order"}}},
        "profile": {"data": {"type": "profile", "attributes": {"external_id": "c-77"}}}
    }}})
}

async fn create(bench: &Bench, headers: [(&str, &str); 3], body: &Value) -> Answer {
    let mut request = Request::post("/klaviyo/api/events");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    bench
        .send(request.body(Body::from(body.to_string())).expect("valid"))
        .await
}

const HEADERS: [(&str, &str); 3] = [
    ("authorization", "Klaviyo-API-Key pk_klaviyo_sandbox"),
    ("revision", "2026-07-15"),
    ("content-type", "application/vnd.api+json"),
];

#[tokio::test]
async fn an_event_is_queued_and_its_copy_does_not_count() {
    let bench = Bench::new();
    for _ in 0..2 {
        let answer = create(&bench, HEADERS, &placed_order()).await;
        assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    }
    let events = bench.events("platform=klaviyo").await;
    assert_eq!(events[0]["counted"], true);
    assert_eq!(events[1]["fate"], "dropped");
    assert_eq!(events[0]["event_name"], "Placed Order");
    assert_eq!(events[0]["match_keys"][0]["name"], "external_id");
}

#[tokio::test]
async fn the_headers_are_checked() {
    let bench = Bench::new();
    for (at, value, status) in [
        (0, "Klaviyo-API-Key pk_other", 401),
        (0, "Bearer pk_klaviyo_sandbox", 401),
        (1, "latest", 400),
        (2, "application/json", 415),
    ] {
        let mut headers = HEADERS;
        headers[at].1 = value;
        let answer = create(&bench, headers, &placed_order()).await;
        assert_eq!(answer.status, status, "{value}");
        assert!(answer.body["errors"][0]["detail"].is_string());
    }
}

#[tokio::test]
async fn a_wrong_event_is_refused_with_its_place() {
    let bench = Bench::new();
    for (pointer, value) in [
        ("/data/type", json!("metric")),
        ("/data/attributes/time", json!("yesterday")),
        ("/data/attributes/time", json!("1989-12-31T23:59:59Z")),
        ("/data/attributes/value", json!("59.8")),
        ("/data/attributes/value_currency", json!("euro")),
        ("/data/attributes/unique_id", json!("")),
        ("/data/attributes/properties", Value::Null),
        ("/data/attributes/metric/data/attributes/name", json!("")),
    ] {
        let answer = create(&bench, HEADERS, &bend(placed_order(), pointer, value)).await;
        assert_eq!(answer.status, 400, "{pointer}");
        assert_eq!(answer.body["errors"][0]["source"]["pointer"], pointer);
    }
    let profile = "/data/attributes/profile/data/attributes";
    for value in [json!({}), json!({"email": DIGEST}), json!({"pet": "cat"})] {
        let answer = create(&bench, HEADERS, &bend(placed_order(), profile, value)).await;
        assert_eq!(answer.body["errors"][0]["source"]["pointer"], profile);
    }
    let own = bend(placed_order(), "/data/attributes/shop", json!(1));
    assert_eq!(create(&bench, HEADERS, &own).await.status, 400);
    assert_eq!(
        bench
            .events("platform=klaviyo")
            .await
            .iter()
            .filter(|e| e["counted"] == true)
            .count(),
        0
    );
}
