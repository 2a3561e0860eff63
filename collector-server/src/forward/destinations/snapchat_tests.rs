//! Snapchat's mapping and answers.

use super::super::fixture::{
    Bench, EM, PH, allow_all, allow_all_but_gpc, answer, country, digest, known_purchase, label,
    stored,
};
use crate::forward::tests::Fixture;
use serde_json::{Value, json};

pub(super) const FIXTURE: Fixture = Fixture {
    account: "pixel_id = \"9f6d8a1e-0000-4000-8000-123456789abc\"\naccess_token = { file = \"DIR/snapchat\" }",
    secrets: &[("snapchat", "snap/sandbox+token")],
    wrong_secret: Some("access_token = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("snapchat 400 INVALID "),
};

fn snapchat(extra: &str) -> Bench {
    let keys = format!("pixel_id = \"p-1\"\naccess_token = SECRET\n{extra}");
    Bench::new("snapchat", &keys, "snap secret/+")
}

#[test]
fn a_purchase_is_written_as_snapchat_wants_it() {
    let got = snapchat("").json(&known_purchase()).unwrap();
    let want = json!({
        "event_name": "PURCHASE", "event_time": 1_795_471_190, "event_id": "purchase:1001", "action_source": "WEB",
        "event_source_url": "https://shop.example/thanks",
        "user_data": {
            "em": [digest("em")], "ph": [digest("ph")], "fn": digest("fn_g"), "ln": digest("ln_g"),
            "ge": digest("ge"), "db": digest("db"), "ct": digest("ct"), "st": digest("st"), "zp": digest("zp"),
            "country": country("US"), "external_id": digest("xid"),
            "client_ip_address": "203.0.113.9", "client_user_agent": "Mozilla/5.0",
            "sc_click_id": "a1b2-Cd", "sc_cookie1": "8d0c1c39"
        },
        "custom_data": {
            "currency": "EUR", "value": 59.8, "content_ids": ["mug-01", "freebie"],
            "contents": [
                {"id": "mug-01", "quantity": 2, "item_price": 29.9},
                {"id": "freebie", "quantity": 1, "item_price": 0}
            ],
            "num_items": 3, "order_id": "1001"
        }
    });
    assert_eq!(got, want);
}

#[test]
fn an_event_needs_somebody_to_match() {
    for (header, is_sent) in [
        (format!(r#"{{"user":{{"ph":["{PH}"]}}}}"#), true),
        (format!(r#"{{"user":{{"em":["{EM}"]}}}}"#), true),
        (format!(r#"{{"user":{{"fn":["{EM}"]}}}}"#), false),
        (r#"{"context":{"ua":"x"}}"#.to_owned(), false),
        (
            r#"{"context":{"ip":"203.0.113.9","ua":"x"}}"#.to_owned(),
            true,
        ),
    ] {
        let got = snapchat("").json(&stored("purchase", &header, "{}"));
        assert_eq!(got.is_ok(), is_sent, "{header}");
    }
}

#[test]
fn a_shops_own_event_is_sent_under_a_number_only() {
    let header = format!(r#"{{"user":{{"em":["{EM}"]}}}}"#);
    let quiz = stored("quiz", &header, "{}");
    let skip = snapchat("custom_events = \"send\"").json(&quiz);
    assert_eq!(skip.unwrap_err().code, "no_such_event");
    let named = snapchat("rename = { quiz = \"CUSTOM_EVENT_1\" }").json(&quiz);
    let named = named.unwrap();
    assert_eq!(named["event_name"], "CUSTOM_EVENT_1");
    assert_eq!(named["action_source"], "OFFLINE");
}

#[test]
fn limited_data_use_is_said_as_configured() {
    let places = "limited_data_use_country = 1\nlimited_data_use_state = 1000";
    for (extra, permission, option, state) in [
        ("", allow_all(), Value::Null, Value::Null),
        ("", allow_all_but_gpc(), json!(["LDU"]), Value::Null),
        (places, allow_all_but_gpc(), json!(["LDU"]), json!(1_000)),
        (places, allow_all(), Value::Null, Value::Null),
    ] {
        let mapped = snapchat(extra).map_as(&known_purchase(), &permission);
        let got: Value = serde_json::from_str(&mapped.unwrap().event).unwrap();
        assert_eq!(got["data_processing_options"], option, "{extra}");
        assert_eq!(got["data_processing_options_state"], state, "{extra}");
    }
}

#[test]
fn the_token_travels_in_the_address_and_test_modes_are_there() {
    let out = snapchat("").request("", &["{}"]);
    assert_eq!(
        out.url,
        "https://tr.snapchat.com/v3/p-1/events?access_token=snap%20secret%2F%2B"
    );
    assert_eq!(
        (out.headers.len(), out.body.as_str()),
        (0, r#"{"data":[{}]}"#)
    );
    let test = snapchat("validate_only = true\ntest_event_code = \"T1\"").request("", &["{}"]);
    assert!(
        test.url.contains("/v3/p-1/events/validate?"),
        "{}",
        test.url
    );
    assert_eq!(test.body, r#"{"test_event_code":"T1","data":[{}]}"#);
}

#[test]
fn answers_are_read_by_their_status() {
    for (extra, status, word, want) in [
        ("", 200, "VALID", "delivered"),
        ("", 200, "", "delivered"),
        ("", 200, "FAILED", "batch"),
        ("validate_only = true", 200, "VALID", "checked"),
        ("", 400, "INVALID", "batch"),
        ("", 413, "INVALID", "batch"),
        ("", 401, "UNAUTHORIZED", "unauthorized"),
        ("", 403, "", "unauthorized"),
        ("", 404, "", "unauthorized"),
        ("", 429, "", "throttled"),
        ("", 500, "", "transient"),
        ("", 302, "", "unknown"),
    ] {
        let body = json!({"status": word, "reason": "because of snap secret/+"}).to_string();
        let verdict = snapchat(extra).read(&answer(status, &body), 2);
        assert_eq!(label(&verdict), want, "{status} {word}");
        assert!(
            verdict
                .reason()
                .is_none_or(|words| words.ends_with("because of ***")),
            "{verdict:?}"
        );
    }
    let in_address = json!({"reason": "GET /v3?access_token=snap%20secret%2F%2B"}).to_string();
    let verdict = snapchat("").read(&answer(400, &in_address), 1);
    assert!(!format!("{verdict:?}").contains("snap%20"), "{verdict:?}");
    let foreign = snapchat("").read(&answer(503, "<html>"), 1);
    assert_eq!(label(&foreign), "unreachable");
}
