//! Pinterest's mapping and answers.

use super::super::fixture::{
    Bench, EM, PH, allow_all, allow_all_but_gpc, answer, country, digest, known_purchase, label,
    purchase_from, stored,
};
use super::*;
use crate::forward::tests::Fixture;
use serde_json::{Value, json};

pub(super) const FIXTURE: Fixture = Fixture {
    account: "ad_account_id = \"549000000001\"\naccess_token = { file = \"DIR/pinterest\" }",
    secrets: &[("pinterest", "pina_sandbox")],
    wrong_secret: Some("access_token = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("pinterest failed "),
};

fn pinterest(extra: &str) -> Bench {
    let keys = format!("ad_account_id = \"549\"\naccess_token = SECRET\n{extra}");
    Bench::new("pinterest", &keys, "pina_secret")
}

#[test]
fn a_purchase_is_written_as_pinterest_wants_it() {
    let got = pinterest("").json(&known_purchase()).unwrap();
    let want = json!({
        "event_name": "checkout", "action_source": "web", "event_time": 1_795_471_190, "event_id": "purchase:1001",
        "event_source_url": "https://shop.example/thanks", "language": "en",
        "user_data": {
            "em": [digest("em")], "ph": [digest("ph")], "ge": [digest("ge")], "db": [digest("db")],
            "fn": [digest("fn_g")], "ln": [digest("ln_g")], "ct": [digest("ct")], "st": [digest("st")],
            "zp": [digest("zp")], "country": [country("US")], "external_id": [digest("xid_t")],
            "client_ip_address": "203.0.113.9", "client_user_agent": "Mozilla/5.0", "click_id": "dj0y-9"
        },
        "custom_data": {
            "currency": "EUR", "value": "59.8", "content_ids": ["mug-01", "freebie"],
            "contents": [
                {"id": "mug-01", "item_name": "Mug", "item_price": "29.9", "quantity": 2},
                {"id": "freebie", "item_price": "0", "quantity": 1}
            ],
            "num_items": 3, "order_id": "1001"
        }
    });
    assert_eq!(got, want);
}

#[test]
fn a_postal_code_or_state_that_pinterest_writes_otherwise_is_left_out() {
    for (code, has_state, has_zip) in [
        ("CA", true, false),
        ("GB", false, false),
        ("DE", false, true),
    ] {
        let got = pinterest("").json(&purchase_from(code)).unwrap();
        let user = &got["user_data"];
        assert_eq!(user["st"].is_array(), has_state, "{code}");
        assert_eq!(user["zp"].is_array(), has_zip, "{code}");
        assert_eq!(user["country"], json!([country(code)]), "{code}");
    }
}

#[test]
fn a_phone_alone_names_nobody_at_pinterest() {
    for (header, is_sent) in [
        (format!(r#"{{"user":{{"ph":["{PH}"]}}}}"#), false),
        (r#"{"context":{"ip":"203.0.113.9"}}"#.to_owned(), false),
        (format!(r#"{{"user":{{"em":["{EM}"]}}}}"#), true),
        (
            r#"{"context":{"ip":"203.0.113.9","ua":"x"}}"#.to_owned(),
            true,
        ),
    ] {
        let got = pinterest("").json(&stored("purchase", &header, "{}"));
        assert_eq!(got.is_ok(), is_sent, "{header}");
        if let Err(skip) = got {
            assert_eq!(skip.code, "no_match_key");
        }
    }
}

#[test]
fn what_no_browser_told_of_has_the_configured_source() {
    let event = stored(
        "purchase",
        &format!(r#"{{"user":{{"em":["{EM}"]}}}}"#),
        "{}",
    );
    for (extra, want) in [
        ("", "web"),
        ("server_action_source = \"offline\"", "offline"),
    ] {
        let got = pinterest(extra).json(&event).unwrap();
        assert_eq!(got["action_source"], want);
        assert_eq!(got["custom_data"], json!({}));
    }
}

#[test]
fn gpc_asks_for_limited_processing() {
    for (extra, permission, want) in [
        ("", allow_all(), Value::Null),
        ("", allow_all_but_gpc(), json!("LDP")),
        ("limited_data_use = \"always\"", allow_all(), json!("LDP")),
        (
            "limited_data_use = \"never\"",
            allow_all_but_gpc(),
            Value::Null,
        ),
    ] {
        let mapped = pinterest(extra).map_as(&known_purchase(), &permission);
        let got: Value = serde_json::from_str(&mapped.unwrap().event).unwrap();
        assert_eq!(got["custom_data"]["opt_out_type"], want, "{extra}");
    }
}

#[test]
fn the_token_travels_in_its_header() {
    let out = pinterest("").request("", &["{}", "{}"]);
    assert_eq!(
        out.headers,
        [("authorization", "Bearer pina_secret".to_owned())]
    );
    assert_eq!(
        out.url,
        "https://api.pinterest.com/v5/ad_accounts/549/events"
    );
    assert_eq!(out.body, r#"{"data":[{},{}]}"#);
    let test = pinterest("test_mode = true").request("", &["{}"]);
    assert!(test.url.ends_with("/events?test=true"), "{}", test.url);
}

fn report(events: &Value) -> String {
    let list = events.as_array().unwrap();
    let processed = list
        .iter()
        .filter(|row| row["status"] == "processed")
        .count();
    json!({"num_events_received": list.len(), "num_events_processed": processed, "events": events})
        .to_string()
}

#[test]
fn every_event_has_its_own_verdict() {
    let good = json!({"status": "processed", "error_message": null, "warning_message": ""});
    let bad = json!({"status": "failed", "error_message": "'event_time' is of pina_secret"});
    let all = report(&json!([good, good]));
    let mixed = report(&json!([good, bad]));
    for (extra, status, body, events, want) in [
        ("", 200, &all, 2, "delivered"),
        ("", 422, &mixed, 2, "each"),
        ("", 200, &mixed, 2, "each"),
        // About other events than those that were sent.
        ("", 200, &all, 3, "unknown"),
        ("test_mode = true", 200, &all, 2, "checked"),
        ("test_mode = true", 422, &mixed, 2, "events"),
    ] {
        let verdict = pinterest(extra).read(&answer(status, body), events);
        assert_eq!(label(&verdict), want, "{extra} {status} {events}");
    }
    let verdict = pinterest("").read(&answer(422, &mixed), 2);
    let reason = "pinterest failed 'event_time' is of ***".to_owned();
    assert_eq!(
        verdict,
        Verdict::Each(vec![
            EventVerdict::Delivered,
            EventVerdict::Rejected { reason }
        ])
    );
}

#[test]
fn a_refusal_is_read_by_its_status() {
    for (status, code, want) in [
        (400, 1, "batch"),
        (401, 2, "unauthorized"),
        (403, 29, "unauthorized"),
        (404, 50, "unauthorized"),
        (429, 8, "throttled"),
        (500, 0, "transient"),
        (503, 4197, "transient"),
        (418, 0, "unknown"),
    ] {
        let body = json!({"code": code, "message": "No."}).to_string();
        let verdict = pinterest("").read(&answer(status, &body), 1);
        assert_eq!(label(&verdict), want, "{status}");
        let words = format!("pinterest {status}/{code} No.");
        assert_eq!(verdict.reason(), Some(&words));
    }
    let foreign = pinterest("").read(&answer(502, "<html>"), 1);
    assert_eq!(label(&foreign), "unreachable");
}
