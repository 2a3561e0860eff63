//! Google's token endpoint and ingest endpoint refuse what Google refuses, and name the event.

mod common;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::{Answer, Bench, DIGEST, NOW_S, bend};
use serde_json::{Value, json};

const BASE: &str = "http://sandbox.test";

fn claims() -> Value {
    json!({
        "iss": "firsthand@sandbox.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/datamanager",
        "aud": format!("{BASE}/google_data_manager/token"), "iat": NOW_S, "exp": NOW_S + 3_600
    })
}

fn key(file: &str) -> RsaKeyPair {
    let file: Value = serde_json::from_str(file).expect("valid");
    let pem = file["private_key"].as_str().expect("valid");
    let encoded: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(encoded).expect("valid")).expect("valid")
}

fn assertion(header: &Value, claims: &Value, key: &RsaKeyPair) -> String {
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
        .expect("valid");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn ask(bench: &Bench, assertion: &str) -> Answer {
    let body = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
    );
    let request = Request::post("/google_data_manager/token")
        .header("host", "sandbox.test")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("valid");
    bench.send(request).await
}

async fn token(bench: &Bench) -> String {
    let key = key(&firsthand_sandbox::service_account(BASE));
    let head = json!({"alg": "RS256", "typ": "JWT"});
    let answer = ask(bench, &assertion(&head, &claims(), &key)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["access_token"]
        .as_str()
        .expect("valid")
        .to_owned()
}

async fn ingest(bench: &Bench, token: &str, body: &Value) -> Answer {
    let request = Request::post("/google_data_manager/v1/events:ingest")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("valid");
    bench.send(request).await
}

fn purchase() -> Value {
    json!({
        "destinations": [{
            "reference": "purchase", "productDestinationId": "987654321",
            "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1234567890"}
        }],
        "encoding": "HEX",
        "events": [{
            "destinationReferences": ["purchase"], "eventTimestamp": "2026-11-23T21:59:00Z", "transactionId": "1001",
            "eventSource": "WEB", "currency": "EUR", "conversionValue": 59.8,
            "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"},
            "userData": {"userIdentifiers": [{"emailAddress": DIGEST}]},
            "adIdentifiers": {"gclid": "Cj0K"},
            "eventDeviceInfo": {"ipAddress": "203.0.113.9", "userAgent": "Mozilla/5.0"},
            "cartData": {"items": [{"merchantProductId": "mug-01", "quantity": "2", "unitPrice": 29.9}]}
        }]
    })
}

#[tokio::test]
async fn a_token_is_given_for_a_true_assertion_only() {
    let bench = Bench::new();
    let known = key(&firsthand_sandbox::service_account(BASE));
    let unknown = key(&firsthand_sandbox::unknown_service_account(BASE));
    let rs256 = json!({"alg": "RS256", "typ": "JWT"});
    let bent = |pointer: &str, value: Value| bend(claims(), pointer, value);
    for (text, want) in [
        (assertion(&rs256, &claims(), &known), ""),
        (assertion(&rs256, &claims(), &unknown), "invalid_grant"),
        (
            assertion(&json!({"alg": "none", "typ": "JWT"}), &claims(), &known),
            "invalid_grant",
        ),
        (
            assertion(&rs256, &bent("/exp", json!(NOW_S)), &known),
            "invalid_grant",
        ),
        (
            assertion(&rs256, &bent("/exp", json!(NOW_S + 3_601)), &known),
            "invalid_grant",
        ),
        (
            assertion(&rs256, &bent("/iat", json!(NOW_S + 61)), &known),
            "invalid_grant",
        ),
        (
            assertion(
                &rs256,
                &bent("/aud", json!("https://x.example/token")),
                &known,
            ),
            "invalid_grant",
        ),
        (
            assertion(&rs256, &bent("/iss", json!("other@x.example")), &known),
            "invalid_grant",
        ),
        (
            assertion(&rs256, &bent("/scope", json!("email")), &known),
            "invalid_scope",
        ),
        ("a.b".to_owned(), "invalid_grant"),
        (String::new(), "invalid_grant"),
    ] {
        let answer = ask(&bench, &text).await;
        let got = answer.body["error"].as_str().unwrap_or_default();
        assert_eq!(got, want, "{}", answer.text);
    }
    // Claims that were changed after they were signed.
    let signed = assertion(&rs256, &claims(), &known);
    let mut parts: Vec<&str> = signed.split('.').collect();
    let forged = URL_SAFE_NO_PAD.encode(bent("/exp", json!(NOW_S + 3_000)).to_string());
    parts[1] = &forged;
    assert_eq!(
        ask(&bench, &parts.join(".")).await.body["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_token_ends_after_an_hour_and_cannot_be_made_up() {
    let bench = Bench::new();
    let token = token(&bench).await;
    assert_eq!(ingest(&bench, &token, &purchase()).await.status, 200);
    let longer = token.replacen(
        &(NOW_S + 3_600).to_string(),
        &(NOW_S + 9_000).to_string(),
        1,
    );
    for forged in ["", "ya29.x", longer.as_str()] {
        let answer = ingest(&bench, forged, &purchase()).await;
        assert_eq!(answer.status, 401, "{forged}");
        assert_eq!(answer.body["error"]["status"], "UNAUTHENTICATED");
    }
    bench.clock(3_600).await;
    assert_eq!(ingest(&bench, &token, &purchase()).await.status, 401);
}

#[tokio::test]
async fn one_wrong_event_refuses_the_request_and_is_named() {
    let bench = Bench::new();
    let token = token(&bench).await;
    let mut body = purchase();
    let good = body["events"][0].clone();
    body["events"] = json!([good, good, good]);
    for (pointer, value, field, reason) in [
        (
            "/currency",
            json!("EURO"),
            "events.events[1].currency",
            "INVALID_CURRENCY_CODE",
        ),
        (
            "/currency",
            Value::Null,
            "events.events[1].conversion_value",
            "REQUIRED_FIELD_MISSING",
        ),
        (
            "/transactionId",
            Value::Null,
            "events.events[1].transaction_id",
            "REQUIRED_FIELD_MISSING",
        ),
        (
            "/eventTimestamp",
            json!(NOW_S),
            "events.events[1].event_timestamp",
            "INVALID_FORMAT",
        ),
        (
            "/eventTimestamp",
            json!("2026-01-01T00:00:00Z"),
            "events.events[1].event_timestamp",
            "EVENT_TIME_INVALID",
        ),
        (
            "/eventSource",
            json!("MARS"),
            "events.events[1].event_source",
            "INVALID_FORMAT",
        ),
        (
            "/userData/userIdentifiers/0/emailAddress",
            json!("jane@example.com"),
            "events.events[1].user_data.user_identifiers[0]",
            "INVALID_SHA256_FORMAT",
        ),
        (
            "/destinationReferences/0",
            json!("other"),
            "events.events[1].destination_references",
            "INVALID_FORMAT",
        ),
        (
            "/cartData/items/0/quantity",
            json!(2),
            "events.events[1].cart_data.items[0]",
            "INVALID_FORMAT",
        ),
        (
            "/consent/adUserData",
            json!("GRANTED"),
            "events.events[1].consent",
            "INVALID_FORMAT",
        ),
        ("/email", json!("x"), "events.events[1]", "UNKNOWN_FIELD"),
    ] {
        let answer = ingest(
            &bench,
            &token,
            &bend(body.clone(), &format!("/events/1{pointer}"), value),
        )
        .await;
        assert_eq!(answer.status, 400, "{pointer}");
        let violation = &answer.body["error"]["details"][1]["fieldViolations"][0];
        assert_eq!(violation["field"], field, "{pointer}");
        assert_eq!(violation["reason"], reason, "{pointer}");
        assert!(!answer.text.contains("jane@"), "{pointer}");
    }
    let nobody = bend(body.clone(), "/events/1/userData", Value::Null);
    let nobody = bend(nobody, "/events/1/adIdentifiers", Value::Null);
    let answer = ingest(&bench, &token, &nobody).await;
    assert!(
        answer.text.contains("NO_IDENTIFIERS_PROVIDED"),
        "{}",
        answer.text
    );
    let summary = bench.get("/control/summary").await;
    assert_eq!(
        summary.body["platforms"]["google_data_manager"]["received"],
        0
    );
}

#[tokio::test]
async fn what_is_wrong_with_the_account_is_said_of_the_account() {
    let bench = Bench::new();
    let token = token(&bench).await;
    for (pointer, value, want) in [
        (
            "/destinations/0/productDestinationId",
            json!("1"),
            "destinations[0].product_destination_id",
        ),
        (
            "/destinations/0/operatingAccount/accountId",
            json!("2"),
            "destinations[0].operating_account",
        ),
        ("/encoding", Value::Null, "encoding"),
    ] {
        let answer = ingest(&bench, &token, &bend(purchase(), pointer, value)).await;
        let field = &answer.body["error"]["details"][1]["fieldViolations"][0]["field"];
        assert_eq!(field, want);
    }
}

#[tokio::test]
async fn copies_meet_by_transaction_id_and_validation_records_nothing() {
    let bench = Bench::new();
    let token = token(&bench).await;
    let trial = bend(purchase(), "/validateOnly", json!(true));
    let answer = ingest(&bench, &token, &trial).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    assert!(
        bench
            .events("platform=google_data_manager")
            .await
            .is_empty()
    );
    for _ in 0..2 {
        let answer = ingest(&bench, &token, &purchase()).await;
        assert!(answer.body["requestId"].is_string(), "{}", answer.text);
    }
    let events = bench.events("platform=google_data_manager").await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["counted"], true);
    assert_eq!(events[1]["fate"], "dropped");
    assert_eq!(events[0]["event_name"], "purchase");
    assert_eq!(events[0]["value"], 59.8);
}

#[tokio::test]
async fn the_demo_accounts_key_file_can_be_fetched() {
    let bench = Bench::new();
    let request = Request::get("/google_data_manager/service-account.json")
        .header("host", "sandbox.test")
        .body(Body::empty())
        .expect("valid");
    let answer = bench.send(request).await;
    assert_eq!(answer.text, firsthand_sandbox::service_account(BASE));
    assert_eq!(
        answer.body["token_uri"],
        format!("{BASE}/google_data_manager/token")
    );
}
