//! Whatever a platform answers: it is read without a panic, and nothing but success delivers.

use std::sync::Arc;

use proptest::prelude::*;

use crate::forward::destinations::{Answer, Batch, Destination, PLATFORMS, Verdict};

/// Answers as platforms give them, to be bent.
const KNOWN: &[&str] = &[
    "",
    "{}",
    "[]",
    "null",
    r#"{"events_received":3,"fbtrace_id":"A"}"#,
    r#"{"error":{"code":100,"error_subcode":2804007,"message":"m","is_transient":false,"fbtrace_id":"A"}}"#,
    r#"{"error":{"code":190,"message":"ended"}}"#,
    r#"{"code":0,"message":"OK","request_id":"1"}"#,
    r#"{"code":40002,"message":"Batch.1.user: wrong","data":{}}"#,
    r#"{"code":20001,"message":"partly","data":{"failed_events":[{"order_in_request":99}]}}"#,
    r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"fieldViolations":[{"field":"events.events[7]"}]}]}}"#,
    r#"{"errors":[{"code":"invalid","detail":"d","source":{"pointer":"/data/-1"}}]}"#,
    "<!doctype html><title>Bad gateway</title>",
];

/// An answer: one of those, with a piece of it replaced by something else.
fn body() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[-0-9]{1,24}",
        prop::sample::select(KNOWN).prop_map(str::to_owned),
    ];
    let place = any::<(prop::sample::Index, prop::sample::Index)>();
    (prop::sample::select(KNOWN), place, piece, any::<bool>()).prop_map(
        |(known, (from, to), piece, is_whole)| {
            if is_whole {
                return known.to_owned();
            }
            let (a, b) = (from.index(known.len() + 1), to.index(known.len() + 1));
            format!("{}{piece}{}", &known[..a.min(b)], &known[a.max(b)..])
        },
    )
}

fn everywhere() -> Vec<(&'static str, Arc<dyn Destination>)> {
    let dir = tempfile::tempdir().unwrap();
    let base = "http://127.0.0.1:9";
    let connect = |fixture: &super::Fixture, kind| {
        fixture.write_secrets(dir.path(), base);
        let config = fixture.destination(kind, dir.path(), base, "").unwrap();
        config.connect().unwrap().destination
    };
    PLATFORMS
        .iter()
        .map(|platform| (platform.kind, connect(&platform.fixture, platform.kind)))
        .collect()
}

#[test]
fn whatever_a_platform_answers_only_success_delivers() {
    let destinations = everywhere();
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }, |(
        status in prop_oneof![100..600u16, prop::sample::select(&[200u16, 204, 400, 401, 413, 429, 500][..])],
        body in body(),
        events in 1..5usize,
    )| {
        let answer = Answer { status, retry_after: None, headers: Vec::new(), body };
        let texts = vec!["{}"; events];
        let ids: Vec<String> = (0..events).map(|n| format!("e{n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let batch = Batch { envelope: "", events: &texts, event_ids: &ids, now_ms: 1, token: None };
        for (kind, destination) in &destinations {
            match destination.interpret(&answer, &batch) {
                Verdict::Delivered | Verdict::Checked => {
                    prop_assert!((200..300).contains(&status), "{} took {}", kind, status);
                }
                Verdict::RejectedEvents { events: named } => {
                    prop_assert!(named.iter().all(|(at, _)| *at < events), "{} names others", kind);
                }
                Verdict::Each(each) => prop_assert!(each.len() <= events, "{} names others", kind),
                Verdict::Retry { .. }
                | Verdict::Unauthorized { .. }
                | Verdict::RejectedBatch { .. }
                | Verdict::MalformedClickId { .. } => {}
            }
        }
    });
}
