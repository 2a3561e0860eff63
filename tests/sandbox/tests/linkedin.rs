//! LinkedIn's endpoint for conversion events refuses what LinkedIn refuses, and takes what it takes.

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Answer, Bench, DIGEST, NOW_S, bend};
use serde_json::{Value, json};

const HEADERS: [(&str, &str); 4] = [
    ("authorization", "Bearer linkedin-sandbox-token"),
    ("linkedin-version", "202604"),
    ("x-restli-protocol-version", "2.0.0"),
    ("x-restli-method", "BATCH_CREATE"),
];

fn purchase() -> Value {
    json!({"elements": [{
        "conversion": "urn:lla:llaPartnerConversion:104012", "conversionHappenedAt": (NOW_S - 60) * 1_000,
        "eventId": "purchase:1001", "conversionValue": {"currencyCode": "EUR", "amount": "59.8"},
        "user": {"userIds": [
            {"idType": "SHA256_EMAIL", "idValue": DIGEST},
            {"idType": "PLAINTEXT_IP_ADDRESS", "idValue": "203.0.113.7"}
        ]}
    }]})
}

async fn post(bench: &Bench, headers: [(&str, &str); 4], body: &Value) -> Answer {
    let mut request = Request::post("/linkedin/rest/conversionEvents");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(body.to_string()));
    bench.send(request.expect("valid")).await
}

async fn send(bench: &Bench, body: &Value) -> Answer {
    post(bench, HEADERS, body).await
}

#[tokio::test]
async fn every_event_has_a_status_and_a_copy_does_not_count() {
    let bench = Bench::new();
    for _ in 0..2 {
        let answer = send(&bench, &purchase()).await;
        assert_eq!(
            (answer.status, &answer.body["elements"][0]["status"]),
            (200, &json!(201))
        );
    }
    let events = bench.events("platform=linkedin").await;
    assert_eq!(
        (&events[0]["counted"], &events[1]["fate"]),
        (&json!(true), &json!("dropped"))
    );
    assert_eq!(
        (&events[0]["event_name"], &events[0]["value"]),
        (&json!("rule 104012"), &json!(59.8))
    );
    assert_eq!(events[0]["match_keys"][0]["name"], "SHA256_EMAIL");
}

#[tokio::test]
async fn the_headers_are_checked() {
    let bench = Bench::new();
    for (at, value, status, code) in [
        (0, "Bearer other", 401, "INVALID_ACCESS_TOKEN"),
        (1, "202511", 426, "NONEXISTENT_VERSION"),
        (1, "latest", 426, "NONEXISTENT_VERSION"),
        (2, "1.0.0", 400, "INVALID_HEADER"),
        (3, "CREATE", 400, "INVALID_HEADER"),
    ] {
        let mut headers = HEADERS;
        headers[at].1 = value;
        let answer = post(&bench, headers, &purchase()).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &json!(code)),
            "{value}"
        );
    }
    for body in [
        json!([]),
        json!({"elements": []}),
        json!({"elements": vec![0; 5_001]}),
        bend(purchase(), "/x", json!(1)),
    ] {
        assert_eq!(send(&bench, &body).await.status, 400);
    }
}

#[tokio::test]
async fn a_wrong_event_fails_its_request_and_its_place_is_named() {
    let bench = Bench::new();
    for (at, value, words) in [
        (
            "conversion",
            json!("urn:li:llaPartnerConversion:104012"),
            "conversion :: is not a conversion URN",
        ),
        (
            "conversion",
            Value::Null,
            "conversion :: field is required but not found",
        ),
        (
            "conversionHappenedAt",
            json!(NOW_S),
            "conversionHappenedAt :: must be Unix milliseconds of the last 90 days",
        ),
        (
            "conversionValue/amount",
            json!(59.8),
            "conversionValue/amount :: must be a number in a text",
        ),
        (
            "pet",
            json!(1),
            "pet :: unrecognized field found but not allowed",
        ),
        ("user", json!({}), "user :: userIds or userInfo is required"),
        (
            "user/userInfo",
            json!({"firstName": "J"}),
            "user/userInfo/lastName :: field is required but not found",
        ),
        (
            "user/userIds/1/idType",
            json!("SHA256_PHONE"),
            "user/userIds/1/idType :: must be one of the listed values",
        ),
        (
            "user/externalIds",
            json!(["a", "b"]),
            "user/externalIds :: must have one value",
        ),
    ] {
        let mut body = purchase();
        let wrong = bend(purchase(), &format!("/elements/0/{at}"), value);
        body["elements"]
            .as_array_mut()
            .expect("list")
            .push(wrong["elements"][0].clone());
        let answer = send(&bench, &body).await;
        assert_eq!(answer.status, 422, "{at}");
        assert_eq!(
            answer.body["message"],
            format!("ERROR :: /elements/1/{words}")
        );
    }
    let other = bend(
        purchase(),
        "/elements/0/conversion",
        json!("urn:lla:llaPartnerConversion:9"),
    );
    assert_eq!(send(&bench, &other).await.status, 403);
    assert_eq!(
        bench.get("/control/summary").await.body["platforms"]["linkedin"]["received"],
        0
    );
}

#[tokio::test]
async fn what_is_taken_and_of_no_use_is_noted() {
    let bench = Bench::new();
    let body = bend(
        purchase(),
        "/elements/0/user/userIds/0/idValue",
        json!("jane@example.com"),
    );
    let body = bend(
        body,
        "/elements/0/conversionValue/currencyCode",
        json!("EURO"),
    );
    assert_eq!(send(&bench, &body).await.status, 200);
    let events = bench.events("platform=linkedin").await;
    let want = json!([
        "an idValue that is not of its idType",
        "a currency that does not exist"
    ]);
    assert_eq!(events[0]["warnings"], want);
}

#[tokio::test]
async fn faults_have_the_documented_status() {
    for (kind, code, status) in [
        ("rate_limit", None, 429),
        ("bad_token", None, 401),
        ("bad_token", Some(426), 426),
        ("transient_error", None, 500),
    ] {
        let bench = Bench::new();
        bench
            .fault(json!({"platform": "linkedin", "kind": kind, "code": code, "count": 1}))
            .await;
        assert_eq!(send(&bench, &purchase()).await.status, status, "{kind}");
        assert_eq!(send(&bench, &purchase()).await.status, 200, "{kind}");
    }
}
