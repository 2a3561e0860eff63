//! The receiver of signed webhooks verifies as the standard asks it to.

mod common;

use aws_lc_rs::hmac;
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Answer, Bench, NOW_S};
use serde_json::{Value, json};

const SECRET: &str = "Rmlyc3RoYW5kLXdlYmhvb2stZGVtby1zZWNyZXQtMDE=";
const OTHER: &str = "Tm90LXRoZS1zZWNyZXQtb2YtdGhlLXNhbmRib3gtMDE=";

fn message(id: &str) -> Value {
    json!({"type": "purchase", "timestamp": "2026-11-23T21:59:00Z", "data": {
        "id": id, "name": "purchase", "at": (NOW_S - 60) * 1_000,
        "props": {"transaction_id": "1001", "currency": "EUR", "value": 59.8}, "user": {"anonymous_id": "a"}
    }})
}

fn sign(secret: &str, id: &str, at_s: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).expect("valid"));
    let tag = hmac::sign(&key, format!("{id}.{at_s}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

async fn send(bench: &Bench, id: &str, at_s: i64, signature: &str, body: &str) -> Answer {
    let request = Request::post("/webhook/orders/new")
        .header("webhook-id", id)
        .header("webhook-timestamp", at_s.to_string())
        .header("webhook-signature", signature)
        .body(Body::from(body.to_owned()))
        .expect("valid");
    bench.send(request).await
}

#[tokio::test]
async fn only_a_timely_message_with_a_right_signature_is_taken() {
    let bench = Bench::new();
    let body = message("purchase:1001").to_string();
    let good = sign(SECRET, "msg_1", NOW_S, &body);
    let wrong = sign(OTHER, "msg_1", NOW_S, &body);
    for (at_s, signature, want) in [
        (NOW_S, good.clone(), 204),
        // One of several is enough: that is how a secret is replaced.
        (NOW_S, format!("{wrong} {good}"), 204),
        (NOW_S - 300, sign(SECRET, "msg_1", NOW_S - 300, &body), 204),
        (NOW_S + 300, sign(SECRET, "msg_1", NOW_S + 300, &body), 204),
        (NOW_S - 301, sign(SECRET, "msg_1", NOW_S - 301, &body), 401),
        (NOW_S + 301, sign(SECRET, "msg_1", NOW_S + 301, &body), 401),
        (NOW_S, wrong, 401),
        // Signed for another time.
        (NOW_S - 1, good.clone(), 401),
        (NOW_S, good.replacen("v1,", "v1a,", 1), 401),
        (NOW_S, good[..good.len() - 8].to_owned(), 401),
        (NOW_S, String::new(), 401),
    ] {
        let answer = send(&bench, "msg_1", at_s, &signature, &body).await;
        assert_eq!(answer.status, want, "{at_s} {signature}");
    }
    assert_eq!(send(&bench, "msg_2", NOW_S, &good, &body).await.status, 401);
    let changed = body.replace("59.8", "0.01");
    assert_eq!(
        send(&bench, "msg_1", NOW_S, &good, &changed).await.status,
        401
    );
}

#[tokio::test]
async fn a_message_that_came_before_is_a_copy() {
    let bench = Bench::new();
    let body = message("purchase:1001").to_string();
    for at_s in [NOW_S - 5, NOW_S] {
        let signature = sign(SECRET, "msg_1", at_s, &body);
        assert_eq!(
            send(&bench, "msg_1", at_s, &signature, &body).await.status,
            204
        );
    }
    let events = bench.events("platform=webhook").await;
    assert_eq!(events[0]["counted"], true);
    assert_eq!(events[1]["fate"], "dropped");
}

#[tokio::test]
async fn a_message_of_several_events_counts_each() {
    let bench = Bench::new();
    let events = json!([message("purchase:1"), message("purchase:2")]);
    let body = json!({"type": "events.batch", "timestamp": "2026-11-23T22:00:00Z", "data": {"events": events}})
        .to_string();
    let signature = sign(SECRET, "msg_b", NOW_S, &body);
    assert_eq!(
        send(&bench, "msg_b", NOW_S, &signature, &body).await.status,
        204
    );
    assert_eq!(bench.events("platform=webhook").await.len(), 2);
    for broken in ["{}", "[]", "x", r#"{"type":"purchase","data":{}}"#] {
        let signature = sign(SECRET, "msg_x", NOW_S, broken);
        let answer = send(&bench, "msg_x", NOW_S, &signature, broken).await;
        assert_eq!(answer.status, 400, "{broken}");
    }
}
