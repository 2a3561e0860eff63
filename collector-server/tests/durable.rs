//! What was answered 202 is there after a kill, and a termination finishes what is at work.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use common::{Collector, SHOP, batch, event};
use firsthand_collector::store::sqlite::{FILE_NAME, Inspector};

/// Returns the ids of all events in the data directory.
fn stored_ids(dir: &std::path::Path) -> BTreeSet<String> {
    let path = dir.join("data").join(FILE_NAME);
    Inspector::open(&path, |view| view.newest(1_000_000))
        .unwrap()
        .into_iter()
        .map(|view| view.stored.event_id)
        .collect()
}

#[test]
fn nothing_is_acknowledged_before_it_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..3 {
        let mut collector = Collector::start(dir.path(), "");
        let addr = collector.addr;
        let is_over = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let acknowledged = Arc::clone(&acknowledged);
                let is_over = Arc::clone(&is_over);
                std::thread::spawn(move || {
                    for n in 0.. {
                        let id = format!("r{round}-s{sender}-{n}");
                        if is_over.load(Ordering::Acquire) || !send(addr, &id) {
                            return;
                        }
                        acknowledged.lock().unwrap().insert(id);
                    }
                })
            })
            .collect();
        // Kill in full flight: once enough was acknowledged in this round.
        let goal = (round + 1) * 200;
        while acknowledged.lock().unwrap().len() < goal {
            std::thread::yield_now();
        }
        collector.kill();
        is_over.store(true, Ordering::Release);
        for sender in senders {
            sender.join().unwrap();
        }
    }
    let collector = Collector::start(dir.path(), "");
    let stored = stored_ids(dir.path());
    let acknowledged = acknowledged.lock().unwrap();
    let missing: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(missing.is_empty(), "acknowledged and gone: {missing:?}");
    let again = collector.page(&batch(&event(acknowledged.first().unwrap())));
    assert_eq!(again.json()["duplicates"], 1, "the dedup keys survived too");
}

/// Sends one event; whether it was answered 202.
fn send(addr: std::net::SocketAddr, id: &str) -> bool {
    use std::io::{Read as _, Write as _};
    let body = batch(&event(id));
    let Ok(mut stream) = std::net::TcpStream::connect(addr) else {
        return false;
    };
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: c\r\norigin: {SHOP}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut answer = String::new();
    stream.write_all(head.as_bytes()).is_ok()
        && stream.write_all(body.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 202")
}

#[test]
fn a_termination_finishes_the_request_at_work() {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), "");
    let body = batch(&event("last"));
    let mut stream = std::net::TcpStream::connect(collector.addr).unwrap();
    let (before, after) = body.split_at(20);
    write!(
        stream,
        "POST /v1/events HTTP/1.1\r\nhost: c\r\norigin: {SHOP}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    )
    .unwrap();
    // The collector asks for the body, so it is at work on this request.
    let mut ask = [0u8; 25];
    std::io::Read::read_exact(&mut stream, &mut ask).unwrap();
    assert!(ask.starts_with(b"HTTP/1.1 100"));
    stream.write_all(before.as_bytes()).unwrap();
    collector.signal_term();
    while !collector.log().contains("stopping") {
        std::thread::yield_now();
    }
    stream.write_all(after.as_bytes()).unwrap();
    let answer = common::Answer::read(stream);
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert!(collector.wait().success());
    assert!(stored_ids(dir.path()).contains("last"));
}

#[test]
fn the_store_is_ready_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    assert_eq!(collector.get("/healthz").status, 200);
    assert_eq!(collector.get("/readyz").body, r#"{"status":"ready"}"#);
    let answer = collector.get("/nothing");
    assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
}
