//! Meta's mapping and answers.

use super::super::fixture::{Bench, EM, PH, allow_all, answer, label, purchase, stored};
use super::*;
use crate::forward::tests::Fixture;
use serde_json::{Value, json};

pub(super) const FIXTURE: Fixture = Fixture {
    account: "dataset_id = \"1000000000000001\"\naccess_token = { file = \"DIR/meta\" }",
    secrets: &[("meta", "EAAsandbox")],
    wrong_secret: Some("access_token = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("meta 100/2804007 Invalid Event Parameter"),
};

fn meta(extra: &str) -> Bench {
    let keys = format!("dataset_id = \"1\"\naccess_token = SECRET\n{extra}");
    Bench::new("meta", &keys, "EAAsecret")
}

#[test]
fn a_purchase_is_written_as_meta_wants_it() {
    let event = meta("").json(&purchase()).unwrap();
    let want = json!({
        "event_name": "Purchase", "event_time": 1_795_471_190, "event_id": "purchase:1001",
        "action_source": "website", "event_source_url": "https://shop.example/thanks",
        "referrer_url": "https://shop.example/checkout",
        "user_data": {
            "em": [EM], "ph": [PH], "fn": [PH], "ln": [EM], "zp": [PH], "external_id": [EM],
            "fbc": "fb.1.1795471100000.IwAR_aB", "fbp": "fb.1.1795471000000.1234567890",
            "client_ip_address": "203.0.113.9", "client_user_agent": "Mozilla/5.0"
        },
        "custom_data": {
            "value": 59.8, "currency": "EUR", "content_ids": ["mug-01", "freebie"],
            "contents": [
                {"id": "mug-01", "quantity": 2, "item_price": 29.9, "title": "Mug"},
                {"id": "freebie", "quantity": 1, "item_price": 0}
            ],
            "content_type": "product", "num_items": 3, "order_id": "1001", "coupon": "SPRING",
            "tax": 9.55, "gift": true
        }
    });
    assert_eq!(event, want);
}

#[test]
fn money_keeps_every_digit() {
    let event = stored(
        "purchase",
        &format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
        r#"{"props":{"currency":"EUR","value":12345678901234.15}}"#,
    );
    let mapped = meta("").map(&event).unwrap();
    assert!(
        mapped.event.contains("\"value\":12345678901234.15,"),
        "{}",
        mapped.event
    );
}

#[test]
fn an_event_of_a_server_alone_is_no_website_event() {
    let event = stored(
        "purchase",
        &format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
        r#"{"props":{"currency":"EUR","value":1}}"#,
    );
    assert_eq!(meta("").json(&event).unwrap()["action_source"], "other");
    let own = meta("server_action_source = \"phone_call\"");
    assert_eq!(own.json(&event).unwrap()["action_source"], "phone_call");
}

#[test]
fn what_meta_would_refuse_is_not_sent() {
    for (name, header, event, want) in [
        (
            "purchase",
            format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
            r#"{"props":{"value":1}}"#,
            "incomplete",
        ),
        (
            "add_to_cart",
            format!(r#"{{"user":{{"ct":["{EM}"],"ge":["{EM}"]}}}}"#),
            "{}",
            "no_match_key",
        ),
        (
            "add_to_cart",
            r#"{"context":{"ua":"x"}}"#.to_owned(),
            "{}",
            "no_match_key",
        ),
        (
            "refund",
            format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
            "{}",
            "no_such_event",
        ),
    ] {
        let event = stored(name, &header, event);
        assert_eq!(meta("").json(&event).unwrap_err().code, want, "{name}");
    }
}

#[test]
fn a_click_cookie_is_passed_on_only_in_metas_form() {
    for (fbc, want) in [
        (
            r#""fbc":"fb.1.1795471000000.IwAR""#,
            json!("fb.1.1795471000000.IwAR"),
        ),
        (
            r#""fbc":"fb.1.1795471000000.IwAR.AQQCAQMC""#,
            json!("fb.1.1795471000000.IwAR.AQQCAQMC"),
        ),
        (r#""fbc":"fb.1.1795471000000.""#, Value::Null),
        (r#""fbc":"fb.1.1795.x""#, Value::Null),
        (r#""fbc":"IwAR""#, Value::Null),
    ] {
        let header =
            format!(r#"{{"user":{{"em":["{EM}"],{fbc},"fbp":"fb.1.1795471000000.abc"}}}}"#);
        let event = stored("page_view", &header, "{}");
        let event = meta("").json(&event).unwrap();
        assert_eq!(event["user_data"]["fbc"], want, "{fbc}");
        assert_eq!(
            event["user_data"]["fbp"],
            Value::Null,
            "a self-made browser id"
        );
    }
}

#[test]
fn a_fallback_without_the_click_id_is_ready() {
    let event = purchase();
    let mapped = meta("").map(&event).unwrap();
    let fallback: Value = serde_json::from_str(&mapped.without_click_id.unwrap()).unwrap();
    assert_eq!(fallback["user_data"]["fbc"], Value::Null);
    assert_eq!(fallback["event_id"], "purchase:1001");
}

#[test]
fn limited_data_use_follows_gpc_and_the_configuration() {
    let event = purchase();
    for (extra, gpc, want) in [
        ("", false, Value::Null),
        ("", true, json!(["LDU"])),
        ("limited_data_use = \"always\"", false, json!(["LDU"])),
        ("limited_data_use = \"never\"", true, Value::Null),
    ] {
        let permission = Permission { gpc, ..allow_all() };
        let mapped = meta(extra).map_as(&event, &permission).unwrap();
        let event: Value = serde_json::from_str(&mapped.event).unwrap();
        assert_eq!(event["data_processing_options"], want, "{extra} {gpc}");
    }
}

#[test]
fn the_request_keeps_the_token_out_of_the_address() {
    let out = meta("test_event_code = \"TEST1\"").request("", &["{\"a\":1}", "{\"b\":2}"]);
    assert_eq!(out.url, "https://graph.facebook.com/v24.0/1/events");
    assert_eq!(
        out.body,
        r#"{"data":[{"a":1},{"b":2}],"test_event_code":"TEST1","access_token":"EAAsecret"}"#
    );
}

#[test]
fn answers_are_read_by_code_and_subcode() {
    let meta = meta("");
    let read = |status, code: i64, sub: Option<i64>, transient| {
        let error = json!({"error": {"code": code, "error_subcode": sub, "is_transient": transient,
            "message": "m EAAsecret", "error_user_title": "", "fbtrace_id": "A1"}});
        let answer = answer(status, &error.to_string());
        meta.read(&answer, 3)
    };
    for (code, sub, transient, want) in [
        (100, Some(2_804_003), false, "batch"),
        (100, Some(2_804_001), false, "click"),
        (100, Some(33), false, "unauthorized"),
        (100, Some(1), true, "transient"),
        (190, Some(463), false, "unauthorized"),
        (200, None, false, "unauthorized"),
        (3, None, false, "unauthorized"),
        (17, None, false, "throttled"),
        (4, None, true, "throttled"),
        (80_003, None, true, "throttled"),
        (2, None, true, "transient"),
        (5_000, None, false, "transient"),
        (12_345, None, false, "unknown"),
    ] {
        let verdict = read(400, code, sub, transient);
        assert_eq!(label(&verdict), want, "{code}/{sub:?}");
        assert!(!format!("{verdict:?}").contains("EAAsecret"));
    }
    let text = |status, body: &str| label(&meta.read(&answer(status, body), 3));
    assert_eq!(
        text(200, r#"{"events_received":3,"fbtrace_id":"A"}"#),
        "delivered"
    );
    assert_eq!(text(200, r#"{"events_received":2}"#), "unknown");
    assert_eq!(text(500, "<html>"), "unreachable");
    assert_eq!(text(429, ""), "throttled");
    assert_eq!(text(302, ""), "unknown");
}

#[test]
fn the_time_to_regain_access_is_obeyed() {
    let answer = Answer {
        status: 400,
        body: r#"{"error":{"code":80003}}"#.to_owned(),
        headers: vec![(
            USAGE,
            r#"{"1":[{"type":"x","estimated_time_to_regain_access":7}]}"#.to_owned(),
        )],
        ..Answer::default()
    };
    let Verdict::Retry { after, .. } = meta("").read(&answer, 1) else {
        panic!("retry")
    };
    assert_eq!(after, Some(std::time::Duration::from_mins(7)));
}
