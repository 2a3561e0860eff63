//! X's endpoint for conversions refuses what X refuses; the signatures were computed with the PyPI package `oauthlib` 4.0.1.

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Answer, Bench, DIGEST, NOW_S, bend};
use serde_json::{Value, json};

const PATH: &str = "/x/12/measurement/conversions/o8z6j";

/// Nonce, clock and signature of a POST to `http://ads.example` and the path.
const SIGNED: [(&str, i64, &str); 5] = [
    ("nonce-1", NOW_S, "cQJmduvPCDAkxt7f5ExOed4L1tY%3D"),
    ("nonce-2", NOW_S, "cz8Sz9sV582mpgv%2Fp194Ryi1oOw%3D"),
    (
        "nonce-3",
        NOW_S - 300,
        "wtwGBR6QcV%2B5r%2Bn5Sz%2FPVVugk%2FI%3D",
    ),
    ("nonce-4", NOW_S - 301, "YbpFmWh5IV2Bje5Ut9gjlwGA4co%3D"),
    ("nonce-5", NOW_S + 301, "HVaUNeFBqMeHFYQui%2FXvz4U2gHg%3D"),
];

fn header((nonce, at_s, signature): (&str, i64, &str)) -> String {
    format!(
        "OAuth oauth_nonce=\"{nonce}\", oauth_timestamp=\"{at_s}\", oauth_version=\"1.0\", \
         oauth_signature_method=\"HMAC-SHA1\", oauth_consumer_key=\"x-sandbox-consumer-key\", \
         oauth_token=\"7588892-x-sandbox-token\", oauth_signature=\"{signature}\""
    )
}

fn purchase() -> Value {
    json!({"conversions": [{
        "conversion_time": "2026-11-23T21:59:00.000Z", "event_id": "tw-o8z6j-o8z21", "conversion_id": "purchase:1001",
        "identifiers": [{"twclid": "23opev", "ip_address": "203.0.113.7", "user_agent": "x"}, {"hashed_email": DIGEST}],
        "value": 59.8, "price_currency": "EUR", "number_items": 2,
        "contents": [{"content_id": "mug-01", "content_price": 29.9, "num_items": 2}]
    }]})
}

async fn post(bench: &Bench, path: &str, access: (&str, &str), body: &Value) -> Answer {
    let request = Request::post(path)
        .header("host", "ads.example")
        .header(access.0, access.1)
        .body(Body::from(body.to_string()));
    bench.send(request.expect("valid")).await
}

async fn signed(bench: &Bench, authorization: &str) -> Answer {
    post(bench, PATH, ("authorization", authorization), &purchase()).await
}

async fn send(bench: &Bench, body: &Value) -> Answer {
    post(
        bench,
        PATH,
        ("x-pixel-token", "x-sandbox-pixel-token"),
        body,
    )
    .await
}

#[tokio::test]
async fn a_good_signature_counts_once_within_five_minutes() {
    let bench = Bench::new();
    for (signature, status, words) in [
        (SIGNED[0], 200, None),
        (SIGNED[0], 401, Some("the nonce was used before")),
        (SIGNED[1], 200, None),
        (SIGNED[2], 200, None),
        (SIGNED[3], 401, Some("timestamp out of bounds")),
        (SIGNED[4], 401, Some("timestamp out of bounds")),
    ] {
        let answer = signed(&bench, &header(signature)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.body["errors"][0]["message"].as_str(), words);
    }
    let fates = bench.fates("x").await;
    assert_eq!(
        fates
            .iter()
            .filter(|fate| **fate == json!("dropped"))
            .count(),
        2
    );
}

#[tokio::test]
async fn a_forged_header_is_refused() {
    let bench = Bench::new();
    let good = header(SIGNED[0]);
    for (from, to) in [
        ("nonce-1", "nonce-9"),
        ("1795471200", "1795471201"),
        ("cQJm", "dQJm"),
        ("cQJmduvPCDAkxt7f5ExOed4L1tY%3D", "not base64"),
        ("HMAC-SHA1", "PLAINTEXT"),
        ("x-sandbox-consumer-key", "other"),
        ("7588892", "7588893"),
        ("oauth_version=\"1.0\", ", ""),
        (
            "oauth_version=\"1.0\"",
            "oauth_version=\"1.0\", oauth_version=\"1.0\"",
        ),
        (
            "oauth_version=\"1.0\"",
            "oauth_version=\"1.0\", oauth_body_hash=\"x\"",
        ),
        ("OAuth ", "Bearer "),
    ] {
        assert!(good.contains(from), "{from}");
        let answer = signed(&bench, &good.replacen(from, to, 1)).await;
        assert_eq!(answer.status, 401, "{from}");
    }
    // The address is part of what is signed.
    let other = PATH.replace("o8z6j", "o8z6k");
    let answer = post(&bench, &other, ("authorization", &good), &purchase()).await;
    assert_eq!(answer.status, 401);
    assert_eq!(signed(&bench, &good).await.status, 200);
    let token = post(&bench, PATH, ("x-pixel-token", "other"), &purchase()).await;
    assert_eq!(token.status, 401);
    let pixel = post(
        &bench,
        &other,
        ("x-pixel-token", "x-sandbox-pixel-token"),
        &purchase(),
    )
    .await;
    assert_eq!(pixel.status, 404);
}

#[tokio::test]
async fn a_wrong_conversion_fails_its_request() {
    let bench = Bench::new();
    let nobody = "identifiers: one of twclid, hashed_email, hashed_phone_number is required";
    for (at, value, words) in [
        (
            "conversion_time",
            json!(NOW_S),
            "conversion_time must be a text",
        ),
        (
            "conversion_time",
            json!("23 Nov 2026"),
            "conversion_time must be ISO 8601 and not in the future",
        ),
        (
            "conversion_time",
            json!("2027-11-23T21:59:00Z"),
            "conversion_time must be ISO 8601 and not in the future",
        ),
        (
            "event_id",
            json!("purchase:1001"),
            "event_id is not a single event tag of this account",
        ),
        ("identifiers", json!([]), nobody),
        (
            "identifiers",
            json!([{"ip_address": "203.0.113.7", "user_agent": "x"}]),
            nobody,
        ),
        (
            "identifiers/1/hashed_email",
            json!("test@x.com"),
            "identifiers[1].hashed_email must be a SHA-256 digest in lower-case hex",
        ),
        (
            "identifiers/0/twclid",
            json!(DIGEST),
            "identifiers[0].twclid must be a text that is not hashed",
        ),
        ("value", json!("59.8"), "value must be a number"),
        (
            "number_items",
            json!(0),
            "number_items must be an integer above zero",
        ),
        (
            "currency",
            json!("EUR"),
            "currency is not a known parameter",
        ),
    ] {
        let answer = send(
            &bench,
            &bend(purchase(), &format!("/conversions/0/{at}"), value),
        )
        .await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["message"]),
            (400, &json!(words)),
            "{at}"
        );
    }
    for body in [
        json!([]),
        json!({"conversions": []}),
        json!({"conversions": vec![0; 501]}),
    ] {
        assert_eq!(send(&bench, &body).await.status, 400);
    }
    assert_eq!(
        bench.get("/control/summary").await.body["platforms"]["x"]["received"],
        0
    );
}

#[tokio::test]
async fn a_value_without_a_currency_is_noted() {
    let bench = Bench::new();
    let body = bend(purchase(), "/conversions/0/price_currency", Value::Null);
    let answer = send(&bench, &body).await;
    assert_eq!(answer.body["data"]["conversions_processed"], 1);
    let events = bench.events("platform=x").await;
    assert_eq!(
        events[0]["warnings"][0],
        "a value without price_currency is in dollars"
    );
    assert_eq!(events[0]["match_keys"][0]["name"], "ip_address");
}

#[tokio::test]
async fn a_rate_limit_tells_when_it_ends() {
    let bench = Bench::new();
    bench
        .fault(json!({"platform": "x", "kind": "rate_limit", "count": 1, "retry_after_s": 90}))
        .await;
    let answer = send(&bench, &purchase()).await;
    let reset = answer
        .headers
        .get("x-rate-limit-reset")
        .and_then(|value| value.to_str().ok());
    assert_eq!((answer.status, reset), (429, Some("1795471290")));
    for (kind, status) in [("bad_token", 401), ("transient_error", 500)] {
        bench
            .fault(json!({"platform": "x", "kind": kind, "count": 1}))
            .await;
        assert_eq!(send(&bench, &purchase()).await.status, status, "{kind}");
    }
    assert_eq!(send(&bench, &purchase()).await.status, 200);
}
