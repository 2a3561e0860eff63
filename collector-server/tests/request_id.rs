//! Every request has an id: in its answer, in its log lines, and never personal.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{Collector, SHOP, batch, event};

#[test]
fn a_request_is_found_in_the_log_by_the_id_of_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let own = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
    let post = |id: &str, event_id: &str| {
        let head = format!(
            "POST /v1/events HTTP/1.1\r\norigin: {SHOP}\r\ncontent-type: text/plain\r\nx-request-id: {id}"
        );
        collector.request(&head, batch(&event(event_id)).as_bytes())
    };
    let kept = post(own, "1");
    assert_eq!((kept.status, kept.header("x-request-id")), (202, Some(own)));

    let replaced = post("jane.doe@shop.example", "2");
    assert_eq!(replaced.status, 202);
    let made = replaced.header("x-request-id").unwrap().to_owned();
    assert_eq!(made.len(), 32, "{made}");

    let refused = collector.page("{");
    let refused_id = refused.header("x-request-id").unwrap().to_owned();
    assert_eq!(refused.status, 400);
    for path in ["/nothing", "/healthz", "/metrics", "/v1/inspect/events"] {
        let answer = collector.get(path);
        assert!(answer.header("x-request-id").is_some(), "{path}");
    }

    let line_of = |id: &str| {
        let id = format!("request_id={id}");
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let log = collector.log();
            if let Some(line) = log.lines().find(|line| line.contains(&id)) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "no {id} in {log}");
            std::thread::yield_now();
        }
    };
    assert!(line_of(own).contains("batch taken"));
    assert!(line_of(&made).contains("batch taken"));
    assert!(line_of(&refused_id).contains("invalid_json"));
    let log = collector.log();
    assert!(!log.contains("jane.doe"), "{log}");
}
