//! The TikTok emulator answers 200 and says the truth in `code`.

mod common;

use common::{Bench, DIGEST, NOW_S, bend, tiktok_purchase};
use serde_json::{Value, json};

#[tokio::test]
async fn a_valid_purchase_is_code_zero() {
    let bench = Bench::new();
    let answer = bench.tiktok(&tiktok_purchase()).await;
    assert_eq!(
        (answer.status, &answer.body["code"], &answer.body["message"]),
        (200, &json!(0), &json!("OK"))
    );
    assert_eq!(answer.body["data"], json!({}));
    let event = &bench.events("event_id=purchase:1001").await[0];
    assert_eq!(
        (&event["counted"], &event["currency"]),
        (&json!(true), &json!("EUR"))
    );
    assert_eq!(event["warnings"], json!([]));
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table, one rule a line")]
async fn every_rule_names_the_place_and_the_reason() {
    let cases: Vec<(&str, Value, u64, &str)> = vec![
        (
            "/pixel_code",
            json!("x"),
            40_002,
            "pixel_code: Unknown field",
        ),
        (
            "/event_source",
            Value::Null,
            40_002,
            "event_source: Missing data for required field",
        ),
        (
            "/event_source",
            json!("site"),
            40_002,
            "event_source: Must be one of: web, app, offline, crm",
        ),
        (
            "/event_source_id",
            json!("OTHER"),
            40_001,
            "No permission to operate this event_source_id",
        ),
        (
            "/event_source_id",
            json!(1),
            40_002,
            "event_source_id: Not a valid string",
        ),
        (
            "/data",
            Value::Null,
            40_002,
            "data: Missing data for required field",
        ),
        (
            "/data",
            json!([]),
            40_002,
            "data: Length must be between 1 and 1000",
        ),
        (
            "/data/0/event",
            Value::Null,
            40_002,
            "Batch.0.event: Missing data for required field",
        ),
        (
            "/data/0/timestamp",
            json!("2026"),
            40_002,
            "Batch.0.timestamp: Unknown field",
        ),
        (
            "/data/0/event_time",
            json!("1795471200"),
            40_002,
            "Batch.0.event_time: Not a valid integer",
        ),
        (
            "/data/0/event_time",
            json!(NOW_S - 7 * 86_400 - 1),
            40_002,
            "Batch.0.event_time: Event is older than 7 days",
        ),
        (
            "/data/0/event_time",
            json!(NOW_S * 1_000),
            40_002,
            "Batch.0.event_time: Event lies in the future, Unix seconds expected",
        ),
        (
            "/data/0/event_id",
            json!(5),
            40_002,
            "Batch.0.event_id: Not a valid string",
        ),
        (
            "/data/0/user",
            Value::Null,
            40_002,
            "Batch.0.user: Missing data for required field",
        ),
        (
            "/data/0/limited_data_use",
            json!(1),
            40_002,
            "Batch.0.limited_data_use: Not a valid boolean",
        ),
        (
            "/data/0/user/email",
            json!("jo@shop.example"),
            40_002,
            "Batch.0.user.email: Not a valid SHA-256 digest, 64 lower-case hex digits expected",
        ),
        (
            "/data/0/user/phone",
            json!([DIGEST.to_uppercase()]),
            40_002,
            "Batch.0.user.phone: Not a valid SHA-256 digest, 64 lower-case hex digits expected",
        ),
        (
            "/data/0/user/ttclid",
            json!(DIGEST),
            40_002,
            "Batch.0.user.ttclid: Must not be hashed",
        ),
        (
            "/data/0/user/ip",
            json!("home"),
            40_002,
            "Batch.0.user.ip: Not a valid IP address",
        ),
        (
            "/data/0/user/em",
            json!(DIGEST),
            40_002,
            "Batch.0.user.em: Unknown field",
        ),
        (
            "/data/0/page/url",
            json!("shop"),
            40_002,
            "Batch.0.page.url: Not a valid URL",
        ),
        (
            "/data/0/page/title",
            json!("x"),
            40_002,
            "Batch.0.page.title: Unknown field",
        ),
        (
            "/data/0/device",
            json!({ "brand": "x" }),
            40_002,
            "Batch.0.device.brand: Unknown field",
        ),
        (
            "/data/0/properties/value",
            json!("59.8"),
            40_002,
            "Batch.0.properties.value: Not a valid number",
        ),
        (
            "/data/0/properties/currency",
            json!("eur"),
            40_002,
            "Batch.0.properties.currency: Not a supported currency",
        ),
        (
            "/data/0/properties/currency",
            json!("XOF"),
            40_002,
            "Batch.0.properties.currency: Not a supported currency",
        ),
        (
            "/data/0/properties/content_type",
            json!("item"),
            40_002,
            "Batch.0.properties.content_type: Must be one of: product, product_group",
        ),
        (
            "/data/0/properties/content_ids",
            json!([1]),
            40_002,
            "Batch.0.properties.content_ids.0: Not a valid string",
        ),
        (
            "/data/0/properties/coupon",
            json!("x"),
            40_002,
            "Batch.0.properties.coupon: Unknown field",
        ),
        (
            "/data/0/properties/contents/0/content_id",
            json!(7),
            40_002,
            "Batch.0.properties.contents.0.content_id: Not a valid string",
        ),
        (
            "/data/0/properties/contents/0/price",
            json!("7"),
            40_002,
            "Batch.0.properties.contents.0.price: Not a valid number",
        ),
        (
            "/data/0/properties/contents/0/quantity",
            json!(1.5),
            40_002,
            "Batch.0.properties.contents.0.quantity: Not a valid integer",
        ),
        (
            "/data/0/properties/contents/0/id",
            json!("7"),
            40_002,
            "Batch.0.properties.contents.0.id: Unknown field",
        ),
    ];
    for (pointer, value, code, message) in cases {
        let bench = Bench::new();
        let answer = bench
            .tiktok(&bend(tiktok_purchase(), pointer, value.clone()))
            .await;
        assert_eq!(
            (answer.status, &answer.body["code"], &answer.body["message"]),
            (200, &json!(code), &json!(message)),
            "{pointer} {value}"
        );
        let kept = &bench.events("platform=tiktok").await[0];
        assert_eq!(
            (&kept["verdict"], &kept["reason"]),
            (&json!("refused"), &json!(message))
        );
    }
}

#[tokio::test]
async fn a_bad_row_fails_its_batch_and_is_named() {
    let bench = Bench::new();
    let good = tiktok_purchase()["data"][0].clone();
    let bad = bend(good.clone(), "/properties/value", json!("1"));
    let answer = bench
        .tiktok(&bend(tiktok_purchase(), "/data", json!([good, bad])))
        .await;
    assert_eq!(
        answer.body["message"],
        "Batch.1.properties.value: Not a valid number"
    );
    assert_eq!(
        bench.get("/control/summary").await.body["platforms"]["tiktok"]["received"],
        0
    );
}

#[tokio::test]
async fn a_wrong_or_missing_token_is_40001() {
    let answer = Bench::new()
        .post("/tiktok/open_api/v1.3/event/track/", &tiktok_purchase())
        .await;
    assert_eq!((answer.status, &answer.body["code"]), (200, &json!(40_001)));
}

#[tokio::test]
async fn an_offline_event_may_be_older_than_a_web_event() {
    let body = bend(tiktok_purchase(), "/event_source", json!("offline"));
    let body = bend(body, "/data/0/event_time", json!(NOW_S - 20 * 86_400));
    assert_eq!(Bench::new().tiktok(&body).await.body["code"], 0);
}

#[tokio::test]
async fn more_than_a_thousand_events_are_refused() {
    let event = tiktok_purchase()["data"][0].clone();
    for (count, code) in [(1_000, 0), (1_001, 40_002)] {
        let bench = Bench::new();
        let body = bend(
            tiktok_purchase(),
            "/data",
            json!(vec![event.clone(); count]),
        );
        let answer = bench.tiktok(&body).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (200, &json!(code)),
            "{count}"
        );
        let totals = &bench.get("/control/summary").await.body["platforms"]["tiktok"];
        assert_eq!(totals["received"], if code == 0 { count } else { 0 });
    }
}
