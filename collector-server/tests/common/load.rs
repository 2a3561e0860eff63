//! Visitors who send events while something else happens, and what the data directory holds afterwards.
#![allow(dead_code, unreachable_pub)] // not every suite uses everything
#![allow(clippy::unwrap_used)] // a failure here is the test's

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use firsthand_collector::config;
use firsthand_collector::store::sqlite::{Inspector, SqliteConfig};

use super::{Collector, SHOP, batch_of, consent, event, run};

pub const DIGEST: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";

pub fn firsthand(dir: &Path, args: &[&str]) -> (bool, String) {
    let config = dir.join("collector.toml");
    let mut all = args.to_vec();
    all.extend(["--config", config.to_str().unwrap()]);
    let output = run(&all);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said + &error)
}

pub fn done(dir: &Path, args: &[&str]) -> String {
    let (is_ok, said) = firsthand(dir, args);
    assert!(is_ok, "{args:?}: {said}");
    said
}

pub fn engine(dir: &Path) -> SqliteConfig {
    // The secrets that the configuration names are not needed to read the data.
    let config = config::load(&dir.join("collector.toml")).unwrap();
    config.store.engine(&config.privacy, Vec::new())
}

/// Event ids in the data directory, with the texts of their first copy; none where it was erased.
pub fn stored(dir: &Path) -> Vec<(String, Option<String>)> {
    let views = Inspector::open_with_keys(&engine(dir), |view| view.newest(1_000_000)).unwrap();
    views
        .into_iter()
        .map(|view| {
            let first = view.stored.copies.first();
            let texts = first.map(|copy| format!("{}{}", copy.header, copy.event));
            (view.stored.event_id, texts)
        })
        .collect()
}

pub fn user(id: &str) -> String {
    format!(r#"{{"anonymous_id":"{id}","em":["{DIGEST}"]}}"#)
}

pub fn visit(collector: &Collector, person: &str, event_id: &str) {
    let body = batch_of("pk_test", &consent(true), &user(person), &event(event_id));
    let answer = collector.page(&body);
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
}

/// Sends events of different visitors until it is told to end or the collector is gone.
pub struct Load {
    acknowledged: Arc<Mutex<BTreeSet<String>>>,
    is_over: Arc<AtomicBool>,
    senders: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    pub fn start(collector: &Collector, round: &str) -> Self {
        let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let senders = (0..3)
            .map(|sender| {
                let (addr, round) = (collector.addr, round.to_owned());
                let (acknowledged, is_over) = (Arc::clone(&acknowledged), Arc::clone(&is_over));
                std::thread::spawn(move || {
                    for n in 0.. {
                        let id = format!("{round}-{sender}-{n}");
                        // Every fourth event is of somebody new.
                        let person = format!("0199d2a4-79b0-7cc3-8{sender}c4-{:012x}", n / 4);
                        if is_over.load(Ordering::Acquire) || !send(addr, &person, &id) {
                            return;
                        }
                        acknowledged.lock().unwrap().insert(id);
                    }
                })
            })
            .collect();
        Self {
            acknowledged,
            is_over,
            senders,
        }
    }

    pub fn wait_for(&self, count: usize) -> BTreeSet<String> {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let so_far = self.acknowledged.lock().unwrap().clone();
            if so_far.len() >= count {
                return so_far;
            }
            assert!(
                Instant::now() < deadline,
                "only {} were taken",
                so_far.len()
            );
            std::thread::yield_now();
        }
    }

    pub fn end(self) -> BTreeSet<String> {
        self.is_over.store(true, Ordering::Release);
        for sender in self.senders {
            sender.join().unwrap();
        }
        std::mem::take(&mut self.acknowledged.lock().unwrap())
    }
}

pub fn send(addr: std::net::SocketAddr, person: &str, id: &str) -> bool {
    use std::io::{Read as _, Write as _};
    let body = batch_of("pk_test", &consent(true), &user(person), &event(id));
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
