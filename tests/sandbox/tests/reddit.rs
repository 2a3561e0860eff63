//! Reddit's conversions endpoint refuses what Reddit is known to refuse.

mod common;

use common::{Answer, Bench, DIGEST, NOW_S, bend};
use serde_json::{Value, json};

const PATH: &str = "/reddit/api/v3/pixels/a2_sandbox/conversion_events";
const TOKEN: &str = "reddit-sandbox-token";

fn purchase() -> Value {
    json!({"data": {"events": [{
        "event_at": (NOW_S - 60) * 1_000, "action_source": "WEBSITE", "event_source_url": "https://shop.example/thanks",
        "type": {"tracking_type": "PURCHASE"}, "click_id": "Zy9_1",
        "user": {"email": DIGEST, "ip_address": "203.0.113.7", "user_agent": "Mozilla/5.0",
            "screen_dimensions": {"width": 1440, "height": 900}},
        "metadata": {"conversion_id": "purchase:1001", "value": 59.8, "currency": "EUR", "item_count": 2,
            "products": [{"id": "mug-01", "name": "Mug"}]}
    }]}})
}

async fn send(bench: &Bench, body: &Value) -> Answer {
    bench.bearer(PATH, TOKEN, body).await
}

#[tokio::test]
async fn a_copy_does_not_count_and_a_test_is_marked() {
    let bench = Bench::new();
    let test = bend(purchase(), "/data/test_id", json!("t1"));
    for _ in 0..2 {
        let answer = send(&bench, &test).await;
        assert_eq!(
            answer.body["data"]["message"],
            "Successfully processed 1 conversion events."
        );
    }
    let events = bench.events("platform=reddit").await;
    assert_eq!(
        (&events[0]["counted"], &events[1]["fate"]),
        (&json!(true), &json!("dropped"))
    );
    assert_eq!(events[0]["test_event_code"], "t1");
    assert_eq!(events[0]["match_keys"][0]["name"], "click_id");
}

#[tokio::test]
async fn token_pixel_and_frame_are_checked() {
    let bench = Bench::new();
    let other = PATH.replace("a2_", "t2_");
    for (path, token, body, status) in [
        (PATH, "other", purchase(), 401),
        (other.as_str(), TOKEN, purchase(), 403),
        (PATH, TOKEN, json!([]), 400),
        (PATH, TOKEN, json!({"data": {"events": []}}), 400),
        (
            PATH,
            TOKEN,
            json!({"data": {"events": vec![0; 1_001]}}),
            400,
        ),
        (
            PATH,
            TOKEN,
            bend(purchase(), "/test_mode", json!(true)),
            400,
        ),
        (
            PATH,
            TOKEN,
            bend(purchase(), "/data/test_mode", json!(true)),
            400,
        ),
    ] {
        let answer = bench.bearer(path, token, &body).await;
        assert_eq!(answer.status, status, "{path} {token}");
        assert_eq!(answer.body["error"]["code"], status);
    }
}

#[tokio::test]
async fn a_wrong_event_fails_its_request() {
    let bench = Bench::new();
    for (at, value, words) in [
        (
            "event_at",
            json!(NOW_S),
            "event_at must be Unix milliseconds of the last 7 days",
        ),
        (
            "event_at",
            json!((NOW_S + 301) * 1_000),
            "event_at must be Unix milliseconds of the last 7 days",
        ),
        (
            "event_at",
            json!((NOW_S - 7 * 86_400 - 1) * 1_000),
            "event_at must be Unix milliseconds of the last 7 days",
        ),
        (
            "event_at",
            json!("2026-11-23T22:00:00Z"),
            "event_at must be an integer above zero",
        ),
        (
            "action_source",
            json!("website"),
            "action_source must be one of the listed values",
        ),
        (
            "type/tracking_type",
            json!("Purchase"),
            "type.tracking_type must be one of the listed values",
        ),
        (
            "type/tracking_type",
            json!("CUSTOM"),
            "type.custom_event_name belongs to CUSTOM, and to no other type",
        ),
        (
            "type/custom_event_name",
            json!("x"),
            "type.custom_event_name belongs to CUSTOM, and to no other type",
        ),
        (
            "type/tracking_type",
            json!("LEAD"),
            "metadata.item_count is not allowed for LEAD",
        ),
        (
            "user",
            json!({"email": "jane@example.com"}),
            "user.email must be a SHA-256 digest in lower-case hex",
        ),
        ("user/em", json!(DIGEST), "unknown field user.em"),
        (
            "user/screen_dimensions",
            json!({"width": 0, "height": 1}),
            "user.screen_dimensions.width must be an integer above zero",
        ),
        (
            "user/data_processing_options",
            json!({"modes": ["LDP"]}),
            "user.data_processing_options.modes must be a list of the listed values",
        ),
        (
            "click_id",
            json!(DIGEST),
            "click_id must be a text that is not hashed",
        ),
        (
            "metadata/value_decimal",
            json!(5),
            "unknown field metadata.value_decimal",
        ),
    ] {
        let body = bend(purchase(), &format!("/data/events/0/{at}"), value);
        let answer = send(&bench, &body).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["message"]),
            (400, &json!(words)),
            "{at}"
        );
    }
    assert_eq!(
        bench.get("/control/summary").await.body["platforms"]["reddit"]["received"],
        0
    );
}

#[tokio::test]
async fn a_view_has_no_value_and_an_event_without_identifiers_no_person() {
    let bench = Bench::new();
    let view = bend(
        purchase(),
        "/data/events/0/type/tracking_type",
        json!("PAGE_VISIT"),
    );
    let view = bend(view, "/data/events/0/metadata/item_count", Value::Null);
    let answer = send(&bench, &view).await;
    assert_eq!(
        answer.body["error"]["message"],
        "metadata.value is not allowed for PAGE_VISIT"
    );
    let nobody = bend(purchase(), "/data/events/0/click_id", Value::Null);
    let nobody = bend(
        nobody,
        "/data/events/0/user",
        json!({"ip_address": "203.0.113.7", "user_agent": "x"}),
    );
    assert_eq!(
        send(&bench, &nobody).await.body["error"]["message"],
        "user has no identifier"
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
            .fault(json!({"platform": "reddit", "kind": kind, "count": 1}))
            .await;
        assert_eq!(send(&bench, &purchase()).await.status, status, "{kind}");
        assert_eq!(send(&bench, &purchase()).await.status, 200, "{kind}");
    }
}
