//! The Meta emulator refuses what Meta refuses, in Meta's form.

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Bench, DIGEST, NOW_S, bend, meta_purchase};
use firsthand_sandbox::SandboxConfig;
use serde_json::{Value, json};

#[tokio::test]
async fn a_valid_purchase_is_received_and_counted() {
    let bench = Bench::new();
    let answer = bench
        .meta(&bend(meta_purchase(), "/test_event_code", json!("TEST1")))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["events_received"], 1);
    assert_eq!(answer.body["messages"], json!([]));
    assert!(answer.body["fbtrace_id"].is_string());
    let event = &bench.events("platform=meta&event_id=purchase:1001").await[0];
    assert_eq!(event["counted"], true);
    assert_eq!(event["test_event_code"], "TEST1");
    assert_eq!(event["value"], 59.8);
    let keys: Vec<&str> = event["match_keys"]
        .as_array()
        .expect("list")
        .iter()
        .filter_map(|k| k["name"].as_str())
        .collect();
    assert_eq!(
        keys,
        ["client_ip_address", "client_user_agent", "em", "fbc", "fbp"]
    );
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table, one rule a line")]
async fn every_rule_answers_with_its_own_code() {
    const EVENT: &str = "/data/0";
    let day = 86_400;
    let cases: Vec<(&str, Value, u64)> = vec![
        ("/access_tokn", json!("x"), 2_804_048),
        ("/data", json!([]), 2_804_048),
        ("/data", json!("x"), 2_804_048),
        ("/test_event_code", json!(1), 2_804_048),
        ("/data/0", json!(7), 2_804_048),
        ("/data/0/event", json!("Purchase"), 2_804_048),
        ("/data/0/event_name", Value::Null, 2_804_007),
        ("/data/0/event_name", json!(" "), 2_804_007),
        ("/data/0/event_id", json!(1001), 2_804_007),
        ("/data/0/event_time", Value::Null, 2_804_007),
        ("/data/0/event_time", json!(NOW_S.to_string()), 2_804_007),
        ("/data/0/event_time", json!(1_795_471_140.5), 2_804_007),
        ("/data/0/event_time", json!(NOW_S * 1_000), 2_804_007),
        ("/data/0/event_time", json!(NOW_S + 601), 2_804_007),
        ("/data/0/event_time", json!(NOW_S - 7 * day - 1), 2_804_003),
        ("/data/0/action_source", Value::Null, 2_804_016),
        ("/data/0/action_source", json!("web"), 2_804_016),
        ("/data/0/event_source_url", Value::Null, 2_804_016),
        (
            "/data/0/event_source_url",
            json!("shop.example/thanks"),
            2_804_016,
        ),
        ("/data/0/referrer_url", json!(1), 2_804_016),
        ("/data/0/opt_out", json!("yes"), 2_804_007),
        ("/data/0/user_data", Value::Null, 2_804_007),
        (
            "/data/0/user_data/client_user_agent",
            Value::Null,
            2_804_017,
        ),
        (
            "/data/0/user_data/client_user_agent",
            json!(DIGEST),
            2_804_017,
        ),
        (
            "/data/0/user_data/client_ip_address",
            json!(DIGEST),
            2_804_017,
        ),
        (
            "/data/0/user_data/client_ip_address",
            json!("203.0.113"),
            2_804_017,
        ),
        ("/data/0/user_data/em", json!("jo@shop.example"), 2_804_017),
        (
            "/data/0/user_data/em",
            json!([DIGEST.to_uppercase()]),
            2_804_017,
        ),
        ("/data/0/user_data/ph", json!([]), 2_804_017),
        ("/data/0/user_data/country", json!("de"), 2_804_017),
        ("/data/0/user_data/external_id", json!(77), 2_804_017),
        ("/data/0/user_data/email", json!(DIGEST), 2_804_017),
        (
            "/data/0/user_data/fbc",
            json!("fb.1.1795471000000."),
            2_804_001,
        ),
        (
            "/data/0/user_data/fbc",
            json!("fb.1.1795471000.IwAR"),
            2_804_001,
        ),
        ("/data/0/user_data/fbc", json!("IwAR"), 2_804_001),
        (
            "/data/0/user_data/fbc",
            json!("fb.1.1795471000000.a.b.c"),
            2_804_001,
        ),
        (
            "/data/0/user_data/fbp",
            json!("fb.1.1795471000000.abc"),
            2_804_017,
        ),
        (
            "/data/0/user_data",
            json!({ "client_user_agent": "M", "ge": DIGEST }),
            2_804_050,
        ),
        (
            "/data/0/user_data",
            json!({ "client_user_agent": "M", "ct": DIGEST, "country": DIGEST }),
            2_804_050,
        ),
        (
            "/data/0/user_data",
            json!({ "client_user_agent": "M" }),
            2_804_050,
        ),
        ("/data/0/custom_data", Value::Null, 2_804_019),
        ("/data/0/custom_data", json!([]), 2_804_007),
        ("/data/0/custom_data/value", Value::Null, 2_804_019),
        ("/data/0/custom_data/value", json!("59.80"), 2_804_019),
        ("/data/0/custom_data/currency", Value::Null, 2_804_019),
        ("/data/0/custom_data/currency", json!("eur"), 2_804_019),
        ("/data/0/custom_data/currency", json!("XYZ"), 2_804_019),
        ("/data/0/custom_data/content_ids", json!([1]), 2_804_019),
        (
            "/data/0/custom_data/content_type",
            json!("products"),
            2_804_019,
        ),
        ("/data/0/custom_data/num_items", json!(1.5), 2_804_019),
        ("/data/0/custom_data/order_id", json!(1001), 2_804_019),
        ("/data/0/custom_data/mine", json!({}), 2_804_019),
        ("/data/0/custom_data/contents/0/id", json!(1), 2_804_019),
        (
            "/data/0/custom_data/contents/0/item_price",
            json!("1"),
            2_804_019,
        ),
        ("/data/0/custom_data/contents/0/price", json!(1), 2_804_019),
        (
            "/data/0/data_processing_options",
            json!(["CCPA"]),
            2_804_048,
        ),
        ("/data/0/data_processing_options", json!(["LDU"]), 2_804_048),
        (
            "/data/0/data_processing_options_state",
            json!(1000),
            2_804_048,
        ),
    ];
    for (pointer, value, subcode) in cases {
        let bench = Bench::new();
        let answer = bench
            .meta(&bend(meta_purchase(), pointer, value.clone()))
            .await;
        let got = &answer.body["error"];
        assert_eq!(
            (
                answer.status,
                &got["code"],
                &got["error_subcode"],
                &got["is_transient"]
            ),
            (400, &json!(100), &json!(subcode), &json!(false)),
            "{pointer} {value}: {}",
            answer.text
        );
        assert!(
            !got["error_user_title"]
                .as_str()
                .unwrap_or_default()
                .is_empty()
        );
        let kept = bench.events("").await;
        assert_eq!(kept[0]["verdict"], "refused", "{pointer}");
        assert_eq!(kept[0]["code"], format!("100/{subcode}"));
        if pointer.starts_with(EVENT) {
            let reason = kept[0]["reason"].as_str().expect("reason");
            assert!(reason.contains("data[0]"), "{reason}");
        }
    }
}

#[tokio::test]
async fn documented_variants_are_accepted() {
    let now_ms = NOW_S * 1_000;
    for (pointer, value) in [
        ("/data/0/user_data/em", json!(DIGEST)),
        ("/data/0/user_data/em", json!(format!("{DIGEST}.AQQCAQMC"))),
        (
            "/data/0/user_data/fbc",
            json!(format!("fb.1.{now_ms}.IwAR.AQQCAQMC")),
        ),
        (
            "/data/0/user_data/fbp",
            json!(format!("fb.2.{now_ms}.123.Bg")),
        ),
        ("/data/0/user_data/external_id", json!(["c-77"])),
        ("/data/0/user_data/client_ip_address", json!("2001:db8::1")),
        (
            "/data/0/user_data",
            json!({ "client_user_agent": "M", "client_ip_address": "203.0.113.7" }),
        ),
        ("/data/0/event_time", json!(NOW_S - 7 * 86_400)),
        ("/data/0/data_processing_options", json!([])),
        ("/data/0/custom_data/mine", json!("yes")),
        ("/data/0/custom_data/value", json!(0)),
        ("/data/0", json!(meta_purchase()["data"][0].to_string())),
    ] {
        let answer = Bench::new()
            .meta(&bend(meta_purchase(), pointer, value.clone()))
            .await;
        assert_eq!(answer.status, 200, "{pointer} {value}: {}", answer.text);
    }
    let mut limited = bend(
        meta_purchase(),
        "/data/0/data_processing_options",
        json!(["LDU"]),
    );
    for (country, state, want) in [(0, 0, 200), (1, 1000, 200), (1, 0, 400), (2, 0, 400)] {
        limited = bend(
            limited,
            "/data/0/data_processing_options_country",
            json!(country),
        );
        limited = bend(
            limited,
            "/data/0/data_processing_options_state",
            json!(state),
        );
        assert_eq!(
            Bench::new().meta(&limited).await.status,
            want,
            "{country} {state}"
        );
    }
}

#[tokio::test]
async fn one_old_event_fails_the_whole_request() {
    let bench = Bench::new();
    let good = meta_purchase()["data"][0].clone();
    let old = bend(good.clone(), "/event_time", json!(NOW_S - 8 * 86_400));
    let answer = bench.meta(&json!({ "data": [good, old] })).await;
    assert_eq!(answer.body["error"]["error_subcode"], 2_804_003);
    let summary = bench.get("/control/summary").await.body;
    assert_eq!(summary["platforms"]["meta"]["received"], 0);
    assert_eq!(summary["platforms"]["meta"]["refused"], 1);
}

#[tokio::test]
async fn more_than_a_thousand_events_are_refused() {
    let event = meta_purchase()["data"][0].clone();
    for (count, want) in [(1_000, 200), (1_001, 400)] {
        let answer = Bench::new()
            .meta(&json!({ "data": vec![event.clone(); count] }))
            .await;
        assert_eq!(answer.status, want, "{count}");
    }
}

#[tokio::test]
async fn the_token_is_checked_wherever_it_travels_and_never_kept() {
    let bench = Bench::new();
    let edge = "/meta/v26.0/1000000000000001/events";
    let with_body_token = bend(meta_purchase(), "/access_token", json!("EAAsandbox"));
    assert_eq!(bench.post(edge, &with_body_token).await.status, 200);
    let bearer = Request::post(edge)
        .header("authorization", "Bearer EAAsandbox")
        .body(Body::from(meta_purchase().to_string()))
        .expect("request");
    assert_eq!(bench.send(bearer).await.status, 200);
    for body in [
        meta_purchase(),
        bend(meta_purchase(), "/access_token", json!("EAAwrong")),
    ] {
        let answer = bench.post(edge, &body).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (400, &json!(190))
        );
    }
    let kept = bench.get("/control/events").await.text;
    assert!(!kept.contains("EAAwrong") && !kept.contains("EAAsandbox"));
}

#[tokio::test]
async fn an_unknown_dataset_is_100_33() {
    let answer = Bench::new()
        .post(
            "/meta/v26.0/2/events?access_token=EAAsandbox",
            &meta_purchase(),
        )
        .await;
    assert_eq!(answer.body["error"]["code"], 100);
    assert_eq!(answer.body["error"]["error_subcode"], 33);
}

#[tokio::test]
async fn no_answer_and_no_reason_repeats_a_value() {
    let bench = Bench::new();
    let body = bend(
        meta_purchase(),
        "/data/0/user_data/em",
        json!("jo@shop.example"),
    );
    let answer = bench.meta(&body).await;
    assert!(!answer.text.contains("jo@shop.example"));
    let reason = bench.events("").await[0]["reason"].to_string();
    assert!(!reason.contains("jo@shop.example"));
}

#[tokio::test]
async fn without_an_event_id_a_server_copy_is_dropped_after_the_browsers() {
    const HOUR_S: i64 = 3_600;
    let fbp = "fb.1.1795470000000.1098115397";
    let pixel = format!("/meta/tr?id=1000000000000001&ev=Purchase&fbp={fbp}");
    let by_name = "/meta/tr?id=1000000000000001&ev=Purchase&ud%5Bexternal_id%5D=c-77";
    let server = bend(meta_purchase(), "/data/0/event_id", json!(null));
    let known = bend(
        server.clone(),
        "/data/0/user_data/external_id",
        json!("c-77"),
    );
    let stranger = bend(
        server.clone(),
        "/data/0/user_data/fbp",
        json!("fb.1.1795470000000.77"),
    );
    let lead = bend(server.clone(), "/data/0/event_name", json!("Lead"));
    let with_id = meta_purchase();
    for (what, hit, copy, later_s, counted) in [
        ("the same fbp", pixel.as_str(), &server, 60, 1),
        ("the same external id", by_name, &known, 60, 1),
        ("another visitor", pixel.as_str(), &stranger, 60, 2),
        ("another name", pixel.as_str(), &lead, 60, 2),
        ("an event id on one side", pixel.as_str(), &with_id, 60, 2),
        (
            "after the window",
            pixel.as_str(),
            &server,
            48 * HOUR_S + 1,
            2,
        ),
    ] {
        let bench = Bench::new();
        bench.get(hit).await;
        bench.clock(later_s).await;
        let fresh = bend(copy.clone(), "/data/0/event_time", json!(NOW_S + later_s));
        assert_eq!(bench.meta(&fresh).await.status, 200, "{what}");
        let totals = &bench.get("/control/summary").await.body["platforms"]["meta"];
        assert_eq!(totals["counted"], counted, "{what}");
    }

    let bench = Bench::new();
    bench.meta(&server).await;
    bench.get(&pixel).await;
    bench.get(&pixel).await;
    assert_eq!(
        bench.fates("meta").await,
        [json!(null), json!(null), json!(null)],
        "a browser copy that comes second, or again, counts"
    );

    let mut config = SandboxConfig::default();
    config.bounds.meta_dedup_without_event_id = false;
    let bench = Bench::with(config);
    bench.get(&pixel).await;
    bench.meta(&server).await;
    let totals = &bench.get("/control/summary").await.body["platforms"]["meta"];
    assert_eq!(totals["counted"], 2, "it can be switched off");
}
