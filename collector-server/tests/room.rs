//! A collector that is short of room says so, loses nothing, and takes events again without a restart.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{Collector, batch, batch_of, consent, event, write_config};

/// More than any disk has, in MiB.
const NEVER_FREE: u32 = u32::MAX;

fn config(dir: &std::path::Path, min_free_mib: u32) -> std::path::PathBuf {
    let path = write_config(dir, "");
    let text = std::fs::read_to_string(&path).unwrap();
    let store = format!("[store]\nmin_free_mib = {min_free_mib}");
    std::fs::write(&path, text.replace("[store]", &store)).unwrap();
    path
}

#[test]
fn short_of_disk_it_answers_503_and_recovers_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start_with(&config(dir.path(), NEVER_FREE));
    let body = batch(&event("1"));
    for answer in [
        collector.page(&body),
        collector.server(&body),
        collector.get("/readyz"),
    ] {
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert_eq!(answer.code(), "storage_full");
        assert_eq!(answer.header("retry-after"), Some("30"));
    }
    assert_eq!(collector.get("/healthz").status, 200, "the process works");
    let refused = "firsthand_requests_refused_total{code=\"storage_full\"}";
    assert!((collector.metric(refused) - 2.0).abs() < f64::EPSILON);
    let free = collector.metric("firsthand_store_free_bytes");
    let min_free = collector.metric("firsthand_store_min_free_bytes");
    assert!(0.0 < free && free < min_free, "{free} {min_free}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !collector.log().contains("no room for more events") {
        assert!(Instant::now() < deadline, "{}", collector.log());
        std::thread::yield_now();
    }

    // A no is heard all the same: it needs little, and must hold.
    let visitor = r#"{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-dc0c0c07398f"}"#;
    let word = batch_of("pk_test", &consent(false), visitor, "");
    let head = format!(
        "POST /v1/consent HTTP/1.1\r\norigin: {}\r\ncontent-type: text/plain",
        common::SHOP
    );
    let heard = collector.request(&head, word.as_bytes());
    assert!(heard.status < 300, "{} {}", heard.status, heard.body);

    config(dir.path(), 0);
    collector.reload("firsthand_reload_total{result=\"done\"}");
    let taken = collector.page(&body);
    assert_eq!(taken.json()["accepted"], 1, "{}", taken.body);
    assert_eq!(collector.get("/readyz").status, 200);
}
