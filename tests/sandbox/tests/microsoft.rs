//! Microsoft's events endpoint refuses what Microsoft refuses.

mod common;

use common::{Answer, Bench, DIGEST, NOW_S, bend};
use serde_json::{Value, json};

const PATH: &str = "/microsoft/v1/97000001/events";
const TOKEN: &str = "uet-sandbox-token";

fn purchase() -> Value {
    json!({"continueOnValidationError": true, "data": [{
        "eventType": "custom", "eventId": "purchase:1001", "eventName": "purchase", "eventTime": NOW_S - 60,
        "eventSourceUrl": "https://shop.example/thanks", "adStorageConsent": "G",
        "userData": {"em": DIGEST, "msclkid": "dd4afccc", "clientIpAddress": "203.0.113.7", "clientUserAgent": "x"},
        "customData": {"value": 59.8, "currency": "EUR", "transactionId": "1001", "pageType": "purchase",
            "items": [{"id": "mug-01", "price": 29.9, "quantity": 2}]}
    }]})
}

async fn send(bench: &Bench, body: &Value) -> Answer {
    bench.bearer(PATH, TOKEN, body).await
}

#[tokio::test]
async fn copies_meet_by_name_and_id() {
    let bench = Bench::new();
    let other = bend(purchase(), "/data/0/eventName", json!("order"));
    for body in [purchase(), purchase(), other] {
        let answer = send(&bench, &body).await;
        assert_eq!(
            (answer.status, &answer.body["eventsReceived"]),
            (200, &json!(1))
        );
        assert_eq!(answer.body["error"], Value::Null);
    }
    let fates = bench.fates("microsoft").await;
    assert_eq!(fates, [Value::Null, json!("dropped"), Value::Null]);
}

#[tokio::test]
async fn token_tag_and_frame_are_checked() {
    let bench = Bench::new();
    let other = PATH.replace("97", "98");
    for (path, token, body, status) in [
        (PATH, "other", purchase(), 401),
        (other.as_str(), TOKEN, purchase(), 403),
        (PATH, TOKEN, json!([]), 400),
        (PATH, TOKEN, json!({"data": []}), 400),
        (PATH, TOKEN, json!({"data": vec![0; 1_001]}), 400),
        (PATH, TOKEN, bend(purchase(), "/events", json!([])), 400),
    ] {
        let answer = bench.bearer(path, token, &body).await;
        assert_eq!(answer.status, status, "{path} {token}");
        assert!(answer.body["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn a_wrong_event_is_named_with_its_place_and_fails_alone_where_asked() {
    for (at, value, property, message) in [
        (
            "eventType",
            json!("event"),
            "eventType",
            "must be one of the listed values",
        ),
        (
            "eventName",
            Value::Null,
            "eventName",
            "is required for custom",
        ),
        (
            "eventTime",
            json!(NOW_S * 1_000),
            "eventTime",
            "must be Unix seconds of the last 7 days",
        ),
        (
            "eventTime",
            json!(NOW_S - 8 * 86_400),
            "eventTime",
            "must be Unix seconds of the last 7 days",
        ),
        (
            "adStorageConsent",
            json!("granted"),
            "adStorageConsent",
            "must be one of the listed values",
        ),
        (
            "userData",
            json!({"clientIpAddress": "203.0.113.7"}),
            "userData",
            "needs an identifier",
        ),
        (
            "userData/em",
            json!("jane@example.com"),
            "userData.em",
            "must be a SHA-256 digest in lower-case hex",
        ),
        (
            "userData/msclkid",
            json!(DIGEST),
            "userData.msclkid",
            "must be a text that is not hashed",
        ),
        (
            "customData/price",
            json!(1),
            "customData.price",
            "is not a known property",
        ),
        (
            "customData/items/0/quantity",
            json!(1.5),
            "customData.items[0].quantity",
            "must be an integer",
        ),
    ] {
        let bench = Bench::new();
        let wrong = bend(purchase(), &format!("/data/0/{at}"), value.clone());
        let mut body = bend(purchase(), "/data/0/eventId", json!("good"));
        body["data"]
            .as_array_mut()
            .expect("list")
            .push(wrong["data"][0].clone());
        let answer = send(&bench, &body).await;
        let detail = &answer.body["error"]["details"][0];
        assert_eq!((answer.status, &detail["index"]), (200, &json!(1)), "{at}");
        assert_eq!(
            (&detail["propertyName"], &detail["errorMessage"]),
            (&json!(property), &json!(message))
        );
        if !value.is_null() && at.starts_with("userData/") {
            assert_eq!(detail["attemptedValue"], value);
        }
        let counted = |events: &[Value]| events.iter().filter(|e| e["counted"] == true).count();
        assert_eq!(
            counted(&bench.events("platform=microsoft").await),
            1,
            "{at}"
        );
        let atomic = bend(body, "/continueOnValidationError", json!(false));
        assert_eq!(send(&bench, &atomic).await.status, 400, "{at}");
        assert_eq!(
            counted(&bench.events("platform=microsoft").await),
            1,
            "{at}"
        );
    }
}

#[tokio::test]
async fn a_warning_is_no_failure() {
    let bench = Bench::new();
    let answer = send(&bench, &bend(purchase(), "/data/0/eventId", Value::Null)).await;
    assert_eq!(answer.body["error"]["details"][0]["isWarning"], true);
    let page = bend(purchase(), "/data/0/eventType", json!("pageLoad"));
    let page = bend(page, "/data/0/eventSourceUrl", Value::Null);
    let answer = send(&bench, &page).await;
    assert_eq!(
        answer.body["error"]["details"][0]["errorMessage"],
        "is required for pageLoad"
    );
    assert_eq!(
        bench.events("platform=microsoft&limit=1").await[0]["counted"],
        true
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
            .fault(json!({"platform": "microsoft", "kind": kind, "count": 1}))
            .await;
        assert_eq!(send(&bench, &purchase()).await.status, status, "{kind}");
        assert_eq!(send(&bench, &purchase()).await.status, 200, "{kind}");
    }
}
