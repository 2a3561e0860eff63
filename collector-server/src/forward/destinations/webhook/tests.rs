//! The webhook's messages and signatures.

use super::super::fixture::{Bench, answer, label, purchase, stored};
use super::*;
use crate::forward::tests::Fixture;
use serde_json::Value;

const SECRET: &str = "whsec_Rmlyc3RoYW5kLXdlYmhvb2stZGVtby1zZWNyZXQtMDE=";

pub(super) const FIXTURE: Fixture = Fixture {
    account: "url = \"BASE/webhook/orders\"\nsecret = { file = \"DIR/webhook\" }",
    secrets: &[
        (
            "webhook",
            "whsec_Rmlyc3RoYW5kLXdlYmhvb2stZGVtby1zZWNyZXQtMDE=",
        ),
        (
            "webhook-wrong",
            "whsec_Tm90LXRoZS1zZWNyZXQtb2YtdGhlLXNhbmRib3gtMDE=",
        ),
    ],
    wrong_secret: Some("secret = { file = \"DIR/webhook-wrong\" }"),
    drops_copies: true,
    refuses_in: Some("webhook http 422 event refused"),
};

fn webhook(extra: &str) -> Bench {
    let keys = format!("url = \"https://erp.example/hook?shop=1\"\nsecret = SECRET\n{extra}");
    Bench::new("webhook", &keys, SECRET)
}

#[derive(serde::Deserialize)]
struct Vector {
    secret: String,
    id: String,
    at: i64,
    body: String,
    signature: String,
}

/// Signatures that the standard's own library (npm `standardwebhooks` 1.1.1) computed.
#[test]
fn signatures_are_those_of_the_standards_own_library() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let key = SigningKey::read(&Secret::new(vector.secret.as_str())).unwrap();
        assert_eq!(
            key.sign(&vector.id, vector.at, &vector.body),
            vector.signature,
            "{}",
            vector.id
        );
    }
}

#[test]
fn a_message_is_the_merged_event_in_its_documented_form() {
    let event = webhook("").json(&purchase()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&event).unwrap());
}

#[test]
fn while_a_secret_is_replaced_both_sign() {
    let out = webhook("previous_secret = SECRET").request("purchase", &["{}"]);
    let header = |name: &str| {
        out.headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
            .unwrap()
    };
    let signatures: Vec<&str> = header("webhook-signature").split(' ').collect();
    assert_eq!(signatures.len(), 2);
    assert!(signatures.iter().all(|one| one.starts_with("v1,")));
    assert_eq!(header("webhook-timestamp"), "1795471200");
    assert_eq!(out.url, "https://erp.example/hook?shop=1");
}

#[test]
fn a_message_id_names_its_events_and_stays_the_same() {
    let id = signature::message_id;
    assert_eq!(id("purchase", &["a"]), id("purchase", &["a"]));
    for other in [
        id("refund", &["a"]),
        id("purchase", &["b"]),
        id("purchase", &["a", "b"]),
        id("purchase", &["ab"]),
    ] {
        assert_ne!(id("purchase", &["a"]), other);
    }
    assert!(id("ü", &["ü\n"]).bytes().all(|b| b.is_ascii_graphic()));
}

#[test]
fn several_events_travel_in_a_message_of_their_own_type() {
    let single = webhook("").request("purchase", &["{\"type\":\"purchase\"}"]);
    assert_eq!(single.body, "{\"type\":\"purchase\"}");
    assert_eq!(webhook("").destination.max_batch_events(), 1);
    let batched = webhook("batch_events = 50");
    for events in [&["{\"a\":1}"][..], &["{\"a\":1}", "{\"b\":2}"]] {
        let body: Value = serde_json::from_str(&batched.request("", events).body).unwrap();
        assert_eq!(body["type"], "events.batch");
        assert_eq!(
            body["data"]["events"].as_array().unwrap().len(),
            events.len()
        );
    }
}

#[test]
fn answers_are_read_by_their_status() {
    let webhook = webhook("");
    for (status, want) in [
        (200, "delivered"),
        (204, "delivered"),
        (302, "unknown"),
        (400, "batch"),
        (401, "unauthorized"),
        (404, "unauthorized"),
        (410, "unauthorized"),
        (413, "batch"),
        (422, "batch"),
        (429, "throttled"),
        (500, "unreachable"),
        (503, "unreachable"),
    ] {
        assert_eq!(
            label(&webhook.read(&answer(status, ""), 1)),
            want,
            "{status}"
        );
    }
    let refused = webhook.read(&answer(422, r#"{"error":"no such jane@example.com"}"#), 1);
    assert_eq!(
        refused.reason().map(String::as_str),
        Some("webhook http 422 no such …")
    );
    let page = webhook.read(&answer(404, "<html>jane</html>"), 1);
    assert_eq!(page.reason().map(String::as_str), Some("webhook http 404"));
}

#[test]
fn a_secret_that_cannot_sign_is_refused_with_what_to_write() {
    for (secret, want) in [
        ("c2VjcmV0", "must begin with whsec_"),
        ("whsec_!!", "must be base64"),
        ("whsec_c2hvcnQ=", "24 to 64 random bytes"),
    ] {
        let problem = SigningKey::read(&Secret::new(secret)).err().unwrap();
        assert!(problem.contains(want), "{secret}: {problem}");
    }
}

#[test]
fn an_event_of_any_name_is_sent() {
    let event = stored("quiz_finished", r#"{"user":{"anonymous_id":"a"}}"#, "{}");
    assert_eq!(
        webhook("").json(&event).unwrap()["data"]["name"],
        "quiz_finished"
    );
}
