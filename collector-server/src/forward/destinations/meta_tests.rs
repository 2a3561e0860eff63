//! Meta's mapping and answers.

use super::super::fixture::{EM, NOW_MS, PH, allow_all, purchase, stored};
use super::*;
use crate::forward::config::DestinationConfig;
use crate::forward::merge::merge;
use crate::store::StoredEvent;
use serde_json::{Value, json};

fn meta(extra: &str) -> Meta {
    let text = format!(
        "kind = \"meta\"\nname = \"m\"\ndataset_id = \"1\"\naccess_token = {{ env = \"X\" }}\n{extra}"
    );
    let DestinationConfig::Meta(config) = toml::from_str(&text).unwrap() else {
        panic!("meta")
    };
    Meta::new(config, Secret::new("EAAsecret"))
}

fn mapped(meta: &Meta, event: &StoredEvent) -> Result<Value, Skip> {
    meta.map(&merge(event).unwrap(), &allow_all(), NOW_MS)
        .map(|mapped| serde_json::from_str(&mapped.event).unwrap())
}

#[test]
fn a_purchase_is_written_as_meta_wants_it() {
    let event = mapped(&meta(""), &purchase()).unwrap();
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
    let mapped = meta("")
        .map(&merge(&event).unwrap(), &allow_all(), NOW_MS)
        .unwrap();
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
    assert_eq!(mapped(&meta(""), &event).unwrap()["action_source"], "other");
    let own = meta("server_action_source = \"phone_call\"");
    assert_eq!(mapped(&own, &event).unwrap()["action_source"], "phone_call");
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
        assert_eq!(mapped(&meta(""), &event).unwrap_err().code, want, "{name}");
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
        let event = mapped(&meta(""), &event).unwrap();
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
    let mapped = meta("")
        .map(&merge(&event).unwrap(), &allow_all(), NOW_MS)
        .unwrap();
    let fallback: Value = serde_json::from_str(&mapped.without_click_id.unwrap()).unwrap();
    assert_eq!(fallback["user_data"]["fbc"], Value::Null);
    assert_eq!(fallback["event_id"], "purchase:1001");
}

#[test]
fn limited_data_use_follows_gpc_and_the_configuration() {
    let event = purchase();
    let merged = merge(&event).unwrap();
    for (extra, gpc, want) in [
        ("", false, Value::Null),
        ("", true, json!(["LDU"])),
        ("limited_data_use = \"always\"", false, json!(["LDU"])),
        ("limited_data_use = \"never\"", true, Value::Null),
    ] {
        let permission = Permission { gpc, ..allow_all() };
        let mapped = meta(extra).map(&merged, &permission, NOW_MS).unwrap();
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
        let answer = Answer {
            status,
            body: error.to_string(),
            ..Answer::default()
        };
        meta.interpret(&answer, 3)
    };
    let label = |verdict: &Verdict| match verdict {
        Verdict::Delivered => "delivered",
        Verdict::Checked => "checked",
        Verdict::Retry { class, .. } => class.as_str(),
        Verdict::Unauthorized { .. } => "unauthorized",
        Verdict::RejectedEvents { .. } => "events",
        Verdict::RejectedBatch { .. } => "batch",
        Verdict::MalformedClickId { .. } => "click",
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
    let text = |status, body: &str| {
        let answer = Answer {
            status,
            body: body.to_owned(),
            ..Answer::default()
        };
        label(&meta.interpret(&answer, 3)).to_owned()
    };
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
        usage: Some(r#"{"1":[{"type":"x","estimated_time_to_regain_access":7}]}"#.to_owned()),
        ..Answer::default()
    };
    let Verdict::Retry { after, .. } = meta("").interpret(&answer, 1) else {
        panic!("retry")
    };
    assert_eq!(after, Some(std::time::Duration::from_mins(7)));
}
