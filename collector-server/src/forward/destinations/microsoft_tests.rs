//! Microsoft Advertising's mapping and answers.

use super::super::fixture::{
    Bench, EM, PH, allow_all, allow_all_but_gpc, answer, digest, known_purchase, label, stored,
};
use super::*;
use crate::forward::tests::Fixture;
use serde_json::{Value, json};

pub(super) const FIXTURE: Fixture = Fixture {
    account: "tag_id = \"97000001\"\naccess_token = { file = \"DIR/microsoft\" }",
    secrets: &[("microsoft", "uet-sandbox-token")],
    wrong_secret: Some("access_token = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("microsoft 200 eventId: "),
};

fn microsoft(extra: &str) -> Bench {
    let keys = format!("tag_id = \"97\"\naccess_token = SECRET\n{extra}");
    Bench::new("microsoft", &keys, "uet-secret")
}

#[test]
fn a_purchase_is_written_as_microsoft_wants_it() {
    let got = microsoft("").json(&known_purchase()).unwrap();
    let want = json!({
        "eventType": "custom", "eventId": "purchase:1001", "eventName": "purchase", "eventTime": 1_795_471_190,
        "eventSourceUrl": "https://shop.example/thanks", "referrerUrl": "https://shop.example/checkout",
        "pageTitle": "Thank you", "adStorageConsent": "G",
        "userData": {
            "em": digest("em_m"), "ph": digest("ph_e"), "msclkid": "dd4afccc",
            "clientIpAddress": "203.0.113.9", "clientUserAgent": "Mozilla/5.0"
        },
        "customData": {
            "value": 59.8, "currency": "EUR", "transactionId": "1001", "pageType": "purchase",
            "itemIds": ["mug-01", "freebie"],
            "items": [
                {"id": "mug-01", "name": "Mug", "price": 29.9, "quantity": 2},
                {"id": "freebie", "price": 0, "quantity": 1}
            ]
        }
    });
    assert_eq!(got, want);
}

#[test]
fn the_forms_before_hashing_are_configured() {
    for (extra, em, ph) in [
        ("", "em_m", "ph_e"),
        ("email_form = \"plain\"", "em", "ph_e"),
        ("phone_form = \"digits\"", "em_m", "ph"),
    ] {
        let got = microsoft(extra).json(&known_purchase()).unwrap();
        assert_eq!(got["userData"]["em"], digest(em), "{extra}");
        assert_eq!(got["userData"]["ph"], digest(ph), "{extra}");
    }
}

#[test]
fn a_page_load_has_an_address_and_no_name() {
    let header = format!(r#"{{"user":{{"em":["{EM}"]}}}}"#);
    let page = r#"{"page":{"url":"https://shop.example/p"}}"#;
    let got = microsoft("")
        .json(&stored("page_view", &header, page))
        .unwrap();
    assert_eq!(got["eventType"], "pageLoad");
    assert_eq!(got["eventName"], Value::Null);
    let skip = microsoft("").json(&stored("page_view", &header, "{}"));
    assert_eq!(skip.unwrap_err().code, "incomplete");
    let refund = microsoft("custom_events = \"send\"").json(&stored("refund", &header, page));
    assert_eq!(refund.unwrap_err().code, "no_such_event");
}

#[test]
fn an_event_needs_somebody_to_match() {
    for (header, is_sent) in [
        (format!(r#"{{"user":{{"ph_e":["{PH}"]}}}}"#), true),
        (format!(r#"{{"user":{{"xid":["{PH}"]}}}}"#), false),
        (r#"{"user":{"msclkid":"dd4a"}}"#.to_owned(), true),
        (r#"{"context":{"ip":"203.0.113.9"}}"#.to_owned(), false),
        (
            r#"{"context":{"ip":"203.0.113.9","ua":"x"}}"#.to_owned(),
            true,
        ),
    ] {
        let got = microsoft("").json(&stored("purchase", &header, "{}"));
        assert_eq!(got.is_ok(), is_sent, "{header}");
    }
}

#[test]
fn gpc_denies_storage_for_ads() {
    for (extra, permission, want) in [
        ("", allow_all(), "G"),
        ("", allow_all_but_gpc(), "D"),
        ("limited_data_use = \"never\"", allow_all_but_gpc(), "G"),
        ("limited_data_use = \"always\"", allow_all(), "D"),
    ] {
        let mapped = microsoft(extra).map_as(&known_purchase(), &permission);
        let got: Value = serde_json::from_str(&mapped.unwrap().event).unwrap();
        assert_eq!(got["adStorageConsent"], want, "{extra}");
    }
}

#[test]
fn going_on_after_an_error_is_asked_for_as_configured() {
    let key = "continue_on_validation_error";
    for (extra, in_request, in_event) in [
        (String::new(), true, false),
        (format!("{key} = \"event\""), false, true),
        (format!("{key} = \"never\""), false, false),
    ] {
        let bench = microsoft(&extra);
        let out = bench.request("", &["{}"]);
        assert_eq!(out.body.contains("continueOnValidationError"), in_request);
        let event = bench.json(&known_purchase()).unwrap();
        assert_eq!(event["continueOnValidationError"] == true, in_event);
        assert_eq!(out.url, "https://capi.uet.microsoft.com/v1/97/events");
        assert_eq!(
            out.headers,
            [("authorization", "Bearer uet-secret".to_owned())]
        );
    }
}

fn report(details: &Value) -> String {
    json!({
        "eventsReceived": 2, "traceId": "t-1",
        "error": {"code": "ValidationError", "message": "Bad uet-secret", "details": details}
    })
    .to_string()
}

#[test]
fn a_detail_names_its_event_and_a_warning_is_none() {
    let detail = |index: usize, is_warning: bool| {
        json!({"index": index, "propertyName": "eventTime", "attemptedValue": "jane@example.com",
            "errorMessage": "is too old", "isWarning": is_warning})
    };
    let bad = report(&json!([detail(1, false), detail(1, false)]));
    let warned = report(&json!([detail(1, true)]));
    let beyond = report(&json!([detail(7, false)]));
    let good = json!({"eventsReceived": 2, "traceId": "t-1"}).to_string();
    for (status, body, want) in [
        (200, &good, "delivered"),
        (200, &warned, "delivered"),
        (200, &bad, "each"),
        (400, &bad, "events"),
        (400, &warned, "batch"),
        (400, &beyond, "batch"),
        (401, &bad, "unauthorized"),
        (404, &bad, "unauthorized"),
        (429, &good, "throttled"),
        (500, &good, "transient"),
    ] {
        let verdict = microsoft("").read(&answer(status, body), 2);
        assert_eq!(label(&verdict), want, "{status} {body}");
        assert!(!format!("{verdict:?}").contains("jane"), "{verdict:?}");
        assert!(
            !format!("{verdict:?}").contains("uet-secret"),
            "{verdict:?}"
        );
    }
    let reason = "microsoft 200 eventTime: is too old (traceId t-1)".to_owned();
    assert_eq!(
        microsoft("").read(&answer(200, &bad), 2),
        Verdict::Each(vec![
            EventVerdict::Delivered,
            EventVerdict::Rejected { reason }
        ])
    );
    for (status, body, want) in [(200, "{}", "unknown"), (502, "<html>", "unreachable")] {
        assert_eq!(label(&microsoft("").read(&answer(status, body), 2)), want);
    }
}
