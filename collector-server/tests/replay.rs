//! Dead letters are found with the platform's answer, and sent again once, also beside a running collector.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::load::{DIGEST, done, firsthand};
use common::platform::Platforms;
use common::{Answer, Collector, batch_of, consent, event_with, write_config};
use serde_json::{Value, json};

const ORDERS: [&str; 3] = ["1001", "1002", "1003"];
const PERSON: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";

fn order(collector: &Collector, number: &str) {
    let props = format!(r#"{{"transaction_id":"{number}","currency":"EUR","value":5}}"#);
    let event = event_with(&format!("purchase:{number}"), "purchase", &props);
    let user = format!(r#"{{"anonymous_id":"{PERSON}","em":["{DIGEST}"]}}"#);
    let body = batch_of("pk_test", &consent(true), &user, &event);
    let answer = collector.page(&body);
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
}

fn state(collector: &Collector, number: &str) -> Value {
    let told = collector.inspect(&format!("/v1/inspect/events/purchase:{number}"));
    told["events"][0]["destinations"][0].clone()
}

fn wait_for(collector: &Collector, number: &str, wanted: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let state = state(collector, number);
        if state["state"] == wanted {
            return state;
        }
        assert!(Instant::now() < deadline, "{number}: {state}");
        std::thread::yield_now();
    }
}

/// A collector of which Meta has refused the second of three orders.
fn with_one_refused(dir: &Path, platforms: &Platforms) -> Collector {
    platforms.refuse("purchase:1002");
    let destination = platforms.meta(dir, "meta-main", "");
    let collector = Collector::start(dir, &settled_at_once(&destination));
    for number in ORDERS {
        order(&collector, number);
    }
    wait_for(&collector, "1001", "delivered");
    wait_for(&collector, "1002", "dead");
    wait_for(&collector, "1003", "delivered");
    collector
}

fn settled_at_once(destination: &str) -> String {
    format!("[settle]\ndefault_ms = 0\nby_event_ms = {{ purchase = 0 }}\n{destination}")
}

fn post(collector: &Collector, token: &str, body: &Value) -> Answer {
    collector.request(
        &format!("POST /v1/operate/replay HTTP/1.1\r\nauthorization: Bearer {token}"),
        body.to_string().as_bytes(),
    )
}

#[test]
fn a_dead_letter_is_told_with_the_platforms_answer_and_sent_again_once() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let collector = with_one_refused(dir.path(), &platforms);

    let told = done(dir.path(), &["dead"]);
    assert!(told.contains("purchase purchase:1002: meta 100"), "{told}");
    assert!(told.contains("status 400"), "{told}");
    let listed = collector.inspect("/v1/inspect/dead?destination=meta-main");
    assert_eq!(listed["dead"][0]["event_id"], "purchase:1002");
    assert_eq!(listed["dead"][0]["status"], 400);
    assert_eq!(listed["dead"].as_array().unwrap().len(), 1);

    platforms.is_good_again();
    let dry = done(dir.path(), &["replay"]);
    assert!(dry.contains("1 event would be sent again"), "{dry}");
    assert_eq!(state(&collector, "1002")["state"], "dead");
    assert_eq!(platforms.totals().counted, 2);

    let told = done(dir.path(), &["replay", "--yes"]);
    assert!(told.contains("1 event will be sent again"), "{told}");
    wait_for(&collector, "1002", "delivered");
    assert_eq!(platforms.totals().counted, 3);

    // Again: nothing is left, and that is no failure.
    let told = done(dir.path(), &["replay", "--yes"]);
    assert!(told.contains("nothing to send again"), "{told}");
    assert_eq!(platforms.totals().counted, 3);
    let replayed = "firsthand_forward_replayed_total{destination=\"meta-main\",platform=\"meta\",reason=\"asked\"}";
    assert!((collector.metric(replayed) - 1.0).abs() < f64::EPSILON);

    let story = done(dir.path(), &["explain", "purchase:1002"]);
    let places: Vec<usize> = [
        "given up: meta 100",
        "to be sent again under the same id: replay asked for by cli:",
        "Z  delivered",
    ]
    .iter()
    .map(|words| {
        story
            .find(words)
            .unwrap_or_else(|| panic!("{words} not in {story}"))
    })
    .collect();
    assert!(places.is_sorted(), "{story}");
}

#[test]
fn what_was_delivered_is_sent_again_only_by_force_and_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let collector = with_one_refused(dir.path(), &platforms);
    let args = [
        "replay",
        "--event",
        "purchase:1001",
        "--state",
        "delivered",
        "--yes",
    ];
    let (is_ok, said) = firsthand(dir.path(), &args);
    assert!(!is_ok && said.contains("--force"), "{said}");
    let forced: Vec<&str> = args.into_iter().chain(["--force"]).collect();
    let told = done(dir.path(), &forced);
    assert!(told.contains("1 event will be sent again"), "{told}");
    assert!(told.contains("warning"), "{told}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while platforms.totals().duplicates == 0 {
        assert!(Instant::now() < deadline, "{:?}", platforms.totals());
        std::thread::yield_now();
    }
    wait_for(&collector, "1001", "delivered");
    assert_eq!(platforms.totals().counted, 2, "the same id: a copy");
}

#[test]
fn the_door_replays_for_who_may_operate_and_records_it() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let collector = with_one_refused(dir.path(), &platforms);
    platforms.is_good_again();
    let token = |role: &str| {
        let args = ["token", "create", "--role", role, "--name", role];
        let said = done(dir.path(), &args);
        said.lines().next().unwrap().to_owned()
    };
    let (read, operate) = (token("read"), token("operate"));
    let wanted = json!({ "destinations": ["meta-main"], "reason": "META 100", "dry_run": false });
    assert_eq!(post(&collector, &read, &wanted).code(), "role_not_allowed");
    assert_eq!(post(&collector, "nobody", &wanted).status, 401);
    assert_eq!(state(&collector, "1002")["state"], "dead");

    let dry = post(&collector, &operate, &json!({})).json();
    assert_eq!((&dry["dry_run"], &dry["ready"]), (&json!(true), &json!(1)));
    assert_eq!(dry["lines"][0]["destination"], "meta-main");

    let report = post(&collector, &operate, &wanted).json();
    assert_eq!(report["replayed"], 1, "{report}");
    wait_for(&collector, "1002", "delivered");
    let report = post(&collector, &operate, &wanted).json();
    assert_eq!(
        (&report["replayed"], &report["ready"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(platforms.totals().counted, 3);

    for (body, want) in [
        (json!({ "destination": "meta-main" }), "each part optional"),
        (
            json!({ "destinations": ["meta-mian"] }),
            "did you mean \\\"meta-main",
        ),
        (json!({ "states": ["delivered"] }), "only when it is forced"),
        (json!({ "since": "yesterday" }), "2026-01-01T00:00:00Z"),
    ] {
        let answer = post(&collector, &operate, &body);
        assert_eq!(
            (answer.status, answer.code()),
            (400, "invalid_replay".to_owned())
        );
        assert!(answer.body.contains(want), "{}", answer.body);
    }
    let audit = done(dir.path(), &["audit", "export"]);
    assert!(
        audit.contains(r#""action":"replay","actor":"operate""#),
        "{audit}"
    );
    assert!(
        audit.contains(r#""action":"replay","actor":"read","at""#),
        "{audit}"
    );
}

#[test]
fn nothing_to_replay_is_said_and_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let path = write_config(dir.path(), &platforms.meta(dir.path(), "meta-main", ""));
    let (is_ok, said) = firsthand(dir.path(), &["replay"]);
    assert!(!is_ok && said.contains("there is no data yet"), "{said}");
    let _collector = Collector::start_with(&path);
    for args in [&["replay"][..], &["replay", "--yes"]] {
        let told = done(dir.path(), args);
        assert!(told.contains("nothing to send again"), "{told}");
    }
    let told = done(dir.path(), &["replay", "--json"]);
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(report["ready"], 0);
    let (is_ok, said) = firsthand(dir.path(), &["replay", "--destination", "meta-mian"]);
    assert!(
        !is_ok && said.contains("did you mean \"meta-main\""),
        "{said}"
    );
}

/// A visitor who took consent back meanwhile is not sent, whoever asks for it.
#[test]
fn consent_is_decided_again_before_a_replay_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let collector = with_one_refused(dir.path(), &platforms);
    platforms.is_good_again();
    let withdrawal = format!(
        r#"{{"v":1,"write_key":"pk_test","sent_at":{},"user":{{"anonymous_id":"{PERSON}"}},"consent":{}}}"#,
        common::now_ms(),
        consent(false)
    );
    let answer = collector.request(
        &format!("POST /v1/consent HTTP/1.1\r\norigin: {}", common::SHOP),
        withdrawal.as_bytes(),
    );
    assert_eq!(answer.status, 202, "{}", answer.body);
    done(dir.path(), &["replay", "--yes"]);
    let state = wait_for(&collector, "1002", "suppressed");
    assert!(
        state["reason"].as_str().unwrap().starts_with("consent:"),
        "{state}"
    );
    assert_eq!(platforms.totals().counted, 2);
}

/// What the rules of `[confirm]` hold is no matter of a replay as long as they hold it.
#[test]
fn what_nobody_confirmed_is_sent_again_only_when_the_rules_allow_it() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let destination = settled_at_once(&platforms.meta(dir.path(), "meta-main", ""));
    let held = format!("[confirm]\nby_event = {{ purchase = \"trusted\" }}\n{destination}");
    let collector = Collector::start(dir.path(), &held);
    order(&collector, "1001");
    wait_for(&collector, "1001", "unconfirmed");
    let args = ["replay", "--state", "unconfirmed", "--yes"];
    let told = done(dir.path(), &args);
    assert!(
        told.contains("1 no trusted source has told of it"),
        "{told}"
    );
    assert!(
        told.contains("nothing to send again: 1 event stays as it is"),
        "{told}"
    );
    assert_eq!(state(&collector, "1001")["state"], "unconfirmed");

    write_config(dir.path(), &destination);
    collector.reload("firsthand_reload_total{result=\"done\"}");
    let told = done(dir.path(), &args);
    assert!(told.contains("1 event will be sent again"), "{told}");
    wait_for(&collector, "1001", "delivered");
    assert_eq!(platforms.totals().counted, 1);
}

#[test]
fn who_is_kept_out_or_was_erased_is_sent_to_nobody_whoever_asks() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let collector = with_one_refused(dir.path(), &platforms);
    platforms.is_good_again();
    let whom = ["--anonymous-id", PERSON, "--verified-by", "test"];
    done(dir.path(), &[&["suppress", "add"][..], &whom].concat());
    done(dir.path(), &["replay", "--yes"]);
    let state = wait_for(&collector, "1002", "suppressed");
    assert_eq!(state["reason"], "its person was erased and is kept out");

    done(dir.path(), &[&["erase", "--yes"][..], &whom].concat());
    let all = [
        "replay",
        "--yes",
        "--force",
        "--state",
        "suppressed",
        "--state",
        "delivered",
    ];
    let told = done(dir.path(), &all);
    assert!(told.contains("nothing to send again"), "{told}");
    assert_eq!(platforms.totals().counted, 2);
}
