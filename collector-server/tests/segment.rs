//! Segment's HTTP API over HTTP: what SDKs send, what they are told, what is kept.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)] // a failure here is the test's

mod common;

use std::io::Write as _;

use common::{Collector, consent, now_ms, person};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

const WRITE_KEY: &str = "wk_test_0123456789";
/// `wk_test_0123456789:` in base64.
const BASIC: &str = "Basic d2tfdGVzdF8wMTIzNDU2Nzg5Og==";
const ANON: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";

const SOURCE: &str = r#"
[[source]]
name = "cdp"
kind = "segment"
secret_key = { file = "{key}" }
consent_categories = { Advertising = ["marketing", "third_party_sharing"], Analytics = ["analytics"] }
default_phone_country = "DE"
"#;

/// The source stands behind the usual configuration, because a table may not come before its array's others.
fn start(dir: &std::path::Path, extra: &str) -> Collector {
    let config = common::write_config(dir, extra);
    let key = dir.join("write_key");
    std::fs::write(&key, WRITE_KEY).unwrap();
    let mut text = std::fs::read_to_string(&config).unwrap();
    let source = SOURCE.replace("{key}", &key.display().to_string());
    text.push_str(&source);
    std::fs::write(&config, text).unwrap();
    Collector::start_with(&config)
}

fn post(collector: &Collector, path: &str, headers: &str, body: &[u8]) -> common::Answer {
    collector.request(
        &format!("POST {path} HTTP/1.1\r\ncontent-type: application/json{headers}"),
        body,
    )
}

fn send(collector: &Collector, path: &str, body: &Value) -> common::Answer {
    let authorization = format!("\r\nauthorization: {BASIC}");
    post(collector, path, &authorization, body.to_string().as_bytes())
}

fn granted() -> Value {
    json!({ "consent": { "categoryPreferences": { "Advertising": true, "Analytics": true } } })
}

fn track(id: &str, event: &str, properties: Value) -> Value {
    json!({ "type": "track", "messageId": id, "event": event, "userId": "c-77", "anonymousId": ANON,
        "context": granted(), "properties": properties })
}

fn names(collector: &Collector) -> Vec<String> {
    let events = collector.inspect("/v1/inspect/events");
    let events = events["events"].as_array().unwrap();
    let mut names: Vec<String> = events
        .iter()
        .map(|event| event["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn every_call_has_its_door_and_its_event() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let base = |id: &str| json!({ "messageId": id, "userId": "c-77", "context": granted() });
    let with = |id: &str, more: Value| {
        let mut call = base(id);
        let members = call.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        call
    };
    for (path, body) in [
        ("/v1/track", with("1", json!({ "event": "Quiz Finished" }))),
        (
            "/v1/identify",
            with("2", json!({ "traits": { "email": "jane@example.com" } })),
        ),
        ("/v1/page", with("3", json!({ "name": "Home" }))),
        ("/v1/screen", with("4", json!({ "name": "Cart" }))),
        ("/v1/group", with("5", json!({ "groupId": "g" }))),
        ("/v1/alias", with("6", json!({ "previousId": "p" }))),
        (
            "/v1/batch",
            json!({ "batch": [track("7", "Order Completed", json!({ "order_id": "1001" }))] }),
        ),
    ] {
        let answer = send(&collector, path, &body);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"success":true}"#),
            "{path}"
        );
    }
    let want = [
        "alias",
        "group",
        "identify",
        "page_view",
        "purchase",
        "quiz_finished",
        "screen_view",
    ];
    assert_eq!(names(&collector), want);
    let order = collector.inspect("/v1/inspect/events/purchase:1001");
    assert_eq!(
        order["events"].as_array().unwrap().len(),
        1,
        "the order names its event"
    );
}

#[test]
fn a_key_counts_wherever_a_client_puts_it_and_nothing_else_does() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let body = |id: &str, key: &str| {
        json!({ "batch": [track(id, "X", json!({}))], "writeKey": key }).to_string()
    };
    for (id, headers, key, status) in [
        ("1", format!("\r\nauthorization: {BASIC}"), "", 200),
        ("2", String::new(), WRITE_KEY, 200),
        (
            "3",
            format!("\r\nauthorization: Bearer {WRITE_KEY}"),
            "",
            200,
        ),
        ("4", String::new(), "wk_other", 401),
        ("5", String::new(), "", 401),
        // A wrong key in the head is not saved by the body's.
        (
            "6",
            "\r\nauthorization: Basic d3Jvbmc6".to_owned(),
            WRITE_KEY,
            401,
        ),
        // Keys of other doors open their own only.
        (
            "7",
            format!("\r\nauthorization: Bearer {}", common::SECRET_KEY),
            "",
            401,
        ),
        ("8", String::new(), "pk_test", 401),
    ] {
        let answer = post(&collector, "/v1/batch", &headers, body(id, key).as_bytes());
        assert_eq!(answer.status, status, "{id}: {}", answer.body);
        if status == 401 {
            let told = answer.json();
            assert_eq!(told["success"], false, "{id}");
            assert_eq!(told["code"], "unknown_write_key", "{id}");
            assert_eq!(told["error"]["code"], "unknown_write_key", "{id}");
            assert!(told["message"].is_string(), "{id}: clients read it");
        }
    }
    let answer = collector.request(
        &format!("POST /v1/events HTTP/1.1\r\nauthorization: Bearer {WRITE_KEY}"),
        common::batch(&common::event("e")).as_bytes(),
    );
    assert_eq!(answer.status, 401, "a write key does not open /v1/events");
}

#[test]
fn one_bad_call_never_fails_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let ten_days_ago = jiff::Timestamp::from_millisecond(now_ms() - 10 * 86_400_000).unwrap();
    let ten_days_ago = ten_days_ago.to_string();
    let big = track("big", "X", json!({ "note": "x".repeat(33_000) }));
    let body = json!({ "batch": [
        track("good-1", "X", json!({})),
        7,
        big,
        track("late", "X", json!({})).as_object_mut().map(|call| {
            call.insert("timestamp".to_owned(), json!(ten_days_ago));
            Value::Object(call.clone())
        }),
        track("leak", "X", json!({ "note": "jane@example.com" })),
        { "type": "track", "event": "X", "messageId": "nobody", "context": granted() },
        track("good-2", "Order Completed", json!({ "currency": "EUR", "order_id": "1" })),
    ] });
    let answer = send(&collector, "/v1/batch", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    assert_eq!(told["success"], true);
    let codes: Vec<(u64, &str)> = told["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["index"].as_u64().unwrap(), r["code"].as_str().unwrap()))
        .collect();
    let want = [
        (1, "invalid_type"),
        (2, "too_large"),
        (3, "invalid_time"),
        (4, "personal_data"),
        (5, "invalid_identity"),
    ];
    assert_eq!(codes, want);
    assert!(!answer.body.contains("jane"));
    assert_eq!(names(&collector), ["X", "purchase"]);
    for (_, code) in want {
        let series = format!("firsthand_events_rejected_total{{source=\"cdp\",code=\"{code}\"}}");
        assert!((collector.metric(&series) - 1.0).abs() < 0.1, "{code}");
    }
    let rows = collector.inspect("/v1/inspect/quarantine");
    assert_eq!(rows["quarantine"].as_array().unwrap().len(), 5);
    assert!(!rows.to_string().contains("jane"));
}

#[test]
fn a_repeat_counts_once_and_a_copy_of_another_source_merges() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let order = track(
        "m-1",
        "Order Completed",
        json!({ "order_id": "#1001", "currency": "EUR", "revenue": 5 }),
    );
    for _ in 0..2 {
        assert_eq!(send(&collector, "/v1/track", &order).status, 200);
    }
    let page = common::event_with(
        "x",
        "purchase",
        r#"{"transaction_id":"1001","currency":"EUR","value":5}"#,
    );
    assert_eq!(
        collector.page(&common::batch(&page)).json()["duplicates"],
        1
    );
    let events = collector.inspect("/v1/inspect/events/purchase:1001");
    let sources = &events["events"][0]["sources"];
    assert_eq!(sources.as_array().unwrap().len(), 2, "{events}");
}

#[test]
fn a_visitors_own_word_stands_for_a_call_without_consent() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let silent =
        |id: &str| json!({ "type": "track", "messageId": id, "event": "X", "anonymousId": ANON });
    let answer = send(&collector, "/v1/track", &silent("1"));
    assert_eq!(
        answer.json()["rejected"][0]["code"],
        "consent_denied",
        "missing consent is a no"
    );
    assert_eq!(
        collector.inspect("/v1/inspect/quarantine")["quarantine"],
        json!([])
    );
    let word = |answer: bool| {
        let user = format!(r#"{{"anonymous_id":"{ANON}"}}"#);
        let body = common::batch_of("pk_test", &consent(answer), &user, "");
        collector.request(
            &format!("POST /v1/consent HTTP/1.1\r\norigin: {}", common::SHOP),
            body.as_bytes(),
        )
    };
    assert_eq!(word(true).status, 202);
    assert_eq!(
        send(&collector, "/v1/track", &silent("2")).body,
        r#"{"success":true}"#
    );
    // The consent manager's yes is as old as its call: a later no outranks it.
    let mut old = track("3", "X", json!({}));
    let at = jiff::Timestamp::from_millisecond(now_ms() - 60_000).unwrap();
    old["timestamp"] = json!(at.to_string());
    assert_eq!(word(false).status, 202);
    let answer = send(&collector, "/v1/track", &old);
    assert_eq!(answer.json()["rejected"][0]["code"], "consent_denied");
}

#[test]
fn compressed_bodies_are_read_and_bombs_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(
        dir.path(),
        "[limits]\nsegment_body_bytes = 65536\nsegment_messages_per_batch = 3\n",
    );
    let packed = |text: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let whole = json!({ "batch": [track("1", "X", json!({}))] }).to_string();
    let whole = packed(whole.as_bytes());
    let many: Vec<Value> = (0..4)
        .map(|n| track(&format!("m{n}"), "X", json!({})))
        .collect();
    let many = json!({ "batch": many }).to_string().into_bytes();
    let gzip = "\r\ncontent-encoding: gzip";
    for (what, encoding, body, status, code) in [
        ("whole", gzip, whole.clone(), 200, ""),
        (
            "cut",
            gzip,
            whole[..whole.len() - 9].to_vec(),
            400,
            "body_unreadable",
        ),
        ("no gzip", gzip, b"{}".to_vec(), 400, "body_unreadable"),
        (
            "bomb",
            gzip,
            packed(&vec![b' '; 8 << 20]),
            413,
            "body_too_large",
        ),
        ("large", "", vec![b' '; 70_000], 413, "body_too_large"),
        (
            "brotli",
            "\r\ncontent-encoding: br",
            b"x".to_vec(),
            415,
            "unsupported_encoding",
        ),
        ("no JSON", "", b"{\"batch\":".to_vec(), 400, "invalid_json"),
        ("no UTF-8", "", b"\xff".to_vec(), 400, "invalid_json"),
        ("a list", "", b"[]".to_vec(), 400, "invalid_json"),
        ("no batch", "", b"{}".to_vec(), 400, "no_events"),
        ("too many", "", many, 413, "too_many_events"),
    ] {
        let headers = format!("\r\nauthorization: {BASIC}{encoding}");
        let answer = post(&collector, "/v1/batch", &headers, &body);
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert_eq!(answer.code(), code, "{what}");
    }
    assert_eq!(names(&collector), ["X"]);
}

#[test]
fn clocks_that_go_wrong_are_corrected() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let days_ago = |days: i64, more_ms: i64| {
        let at = now_ms() - days * 86_400_000 - more_ms;
        json!(jiff::Timestamp::from_millisecond(at).unwrap().to_string())
    };
    // A sender whose clock is a month behind tells of something that happened a minute before it sent.
    let call = |id: &str| {
        let mut call = track(id, "X", json!({}));
        call["timestamp"] = days_ago(30, 60_000);
        call
    };
    let corrected = json!({ "batch": [call("1")], "sentAt": days_ago(30, 0) });
    assert_eq!(
        send(&collector, "/v1/batch", &corrected).body,
        r#"{"success":true}"#
    );
    let mut of_its_own = call("2");
    of_its_own["sentAt"] = days_ago(30, 0);
    assert_eq!(
        send(&collector, "/v1/track", &of_its_own).body,
        r#"{"success":true}"#
    );
    let uncorrected = json!({ "batch": [call("3")] });
    let answer = send(&collector, "/v1/batch", &uncorrected);
    assert_eq!(
        answer.json()["rejected"][0]["code"],
        "invalid_time",
        "nothing says that the clock is wrong"
    );
}

#[test]
fn no_clear_trait_reaches_disk_log_or_metrics() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let traits = json!({ "email": "Mirabelle.Quux@Example.org", "firstName": "Mirabelle", "lastName": "Quuxington",
        "phone": "01711234567", "address": { "city": "Wuppertal-Ronsdorf", "street": "Quuxweg 1", "country": "DE" } });
    let mut identify = json!({ "type": "identify", "messageId": "1", "userId": "Mirabelle.Quux@Example.org", "traits": traits, "context": granted() });
    assert_eq!(
        send(&collector, "/v1/identify", &identify).body,
        r#"{"success":true}"#
    );
    let order = track(
        "2",
        "Order Completed",
        json!({ "order_id": "1001", "email": "Mirabelle.Quux@Example.org", "shipping_address": traits["address"] }),
    );
    assert_eq!(
        send(&collector, "/v1/track", &order).body,
        r#"{"success":true}"#
    );
    identify["traits"] = json!([traits.clone()]);
    identify["messageId"] = json!("Mirabelle.Quux@Example.org");
    let answer = send(&collector, "/v1/identify", &identify);
    assert_eq!(answer.json()["rejected"][0]["code"], "personal_data");
    let inspection = collector.inspect("/v1/inspect/events").to_string()
        + &collector.inspect("/v1/inspect/quarantine").to_string();
    let mut places = vec![
        collector.log(),
        collector.get("/metrics").body,
        inspection,
        answer.body,
    ];
    for file in std::fs::read_dir(dir.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        places.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    for place in places {
        let lower = place.to_lowercase();
        for secret in [
            "mirabelle",
            "quux",
            "01711234567",
            "491711234567",
            "wuppertal",
        ] {
            assert!(!lower.contains(secret), "{secret} was kept in clear");
        }
    }
}

/// Invariant 13 at this door: a no of a person, said of their customer id, holds for a call that brings its own yes from
/// before; and who is on the list is kept out.
#[test]
fn a_no_of_the_person_and_the_list_hold_for_calls() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let call = |id: &str, user: &str, anonymous: &str| {
        json!({ "type": "track", "messageId": id, "event": "Product Viewed", "userId": user, "anonymousId": anonymous,
            "context": granted(), "properties": {} })
    };
    let phone = "0199d2a4-79b0-7cc3-98c4-dc0c0c073981";
    let first = send(&collector, "/v1/track", &call("1", "c-77", ANON));
    assert!(!first.body.contains("rejected"), "{}", first.body);
    let refused = |answer: common::Answer| answer.json()["rejected"][0]["code"].clone();

    let whom = json!({ "user": { "user_id": "c-77" }, "verified_by": "signed in" });
    let entry = person::door(&collector, "/v1/privacy/suppress", &whom).json();
    let batch = json!({ "batch": [call("2", "c-77", phone), call("3", "c-88", phone), call("4", "c-99", ANON)] });
    let answer = send(&collector, "/v1/batch", &batch).json();
    let codes: Vec<_> = answer["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (&r["index"], &r["code"]))
        .collect();
    assert_eq!(
        codes,
        [
            (&json!(0), &json!("suppressed")),
            (&json!(2), &json!("suppressed"))
        ],
        "{answer}"
    );
    let off = json!({ "entry": entry["id"], "verified_by": "signed in" });
    assert_eq!(
        person::door(&collector, "/v1/privacy/release", &off).status,
        200
    );
    let back = send(&collector, "/v1/track", &call("5", "c-77", ANON));
    assert!(!back.body.contains("rejected"), "{}", back.body);

    // The shop's own server passes on a withdrawal of the customer.
    let head = format!(
        "POST /v1/consent HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/json",
        common::SECRET_KEY
    );
    let word = common::batch_of("", &consent(false), r#"{"user_id":"c-77"}"#, "");
    assert_eq!(collector.request(&head, word.as_bytes()).status, 202);
    let mut older = call("6", "c-77", ANON);
    older["context"] = json!({});
    assert_eq!(
        refused(send(&collector, "/v1/track", &older)),
        "consent_denied"
    );
}
