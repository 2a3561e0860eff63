//! What needs a person is told to a real receiver, signed.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::load::{DIGEST, done, firsthand};
use common::platform::Platforms;
use common::{Collector, batch, batch_of, consent, event_with, write_config};
use serde_json::Value;

const KEY: [u8; 32] = [7; 32];
const PERSON: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";

/// Somebody who is told; ends with the test.
struct Person {
    url: String,
    messages: Receiver<(HeaderMap, String)>,
    _runtime: tokio::runtime::Runtime,
}

impl Person {
    fn listen() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (said, messages) = channel();
        let receiver = axum::Router::new().route(
            "/alerts",
            post(move |headers: HeaderMap, body: Bytes| async move {
                let text = String::from_utf8(body.to_vec()).unwrap();
                said.send((headers, text)).unwrap();
            }),
        );
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}/alerts", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, receiver).await });
        Self {
            url,
            messages,
            _runtime: runtime,
        }
    }

    /// Waits for the next message; returns it once its signature was found right.
    fn hears(&self) -> Value {
        let (headers, body) = self
            .messages
            .recv_timeout(Duration::from_secs(30))
            .expect("a message");
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let text = format!(
            "{}.{}.{body}",
            header("webhook-id"),
            header("webhook-timestamp")
        );
        let tag = header("webhook-signature");
        let tag = STANDARD.decode(tag.strip_prefix("v1,").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
        hmac::verify(&key, text.as_bytes(), &tag).expect("a right signature");
        assert_eq!(header("content-type"), "application/json");
        serde_json::from_str(&body).unwrap()
    }

    /// Returns the section that tells this person, with the secret in a file of `dir`.
    fn section(&self, dir: &std::path::Path, more: &str) -> String {
        let secret = dir.join("alerts.secret");
        std::fs::write(&secret, format!("whsec_{}", STANDARD.encode(KEY))).unwrap();
        format!(
            "[alerts]\nwebhook = \"{}\"\nsecret = {{ file = \"{}\" }}\n{more}\n",
            self.url,
            secret.display()
        )
    }
}

fn order(collector: &Collector, number: &str) {
    let props = format!(r#"{{"transaction_id":"{number}","currency":"EUR","value":5}}"#);
    let event = event_with(&format!("purchase:{number}"), "purchase", &props);
    let user = format!(r#"{{"anonymous_id":"{PERSON}","em":["{DIGEST}"]}}"#);
    let answer = collector.page(&batch_of("pk_test", &consent(true), &user, &event));
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
}

/// A destination whose token is wrong, one that is not there, one that refuses the order.
#[test]
fn a_pause_a_rest_and_dead_letters_are_told_once_and_signed() {
    let dir = tempfile::tempdir().unwrap();
    let (platforms, strict, person) = (Platforms::start(), Platforms::start(), Person::listen());
    strict.refuse("purchase:1001");
    let refusing = strict.meta(dir.path(), "meta-refusing", "");
    std::fs::write(dir.path().join("meta-expired.token"), "EAAexpired").unwrap();
    let expired = platforms.meta(dir.path(), "meta-expired", "");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = platforms.meta(dir.path(), "meta-gone", "").replace(
        &platforms.base,
        &format!("http://{}", nobody.local_addr().unwrap()),
    );
    drop(nobody);
    let alerts = person.section(dir.path(), "rest_minutes = 0\ndead_letters = 1");
    let extra = format!(
        "[settle]\nby_event_ms = {{ purchase = 0 }}\n[forward]\nunauthorized_probe_secs = 0\nbreaker_failures = 1\n\
         {alerts}{refusing}{expired}{gone}"
    );
    let collector = Collector::start(dir.path(), &extra);
    let told = done(dir.path(), &["check"]);
    assert!(told.contains("alerts"), "{told}");
    order(&collector, "1001");
    let mut heard: BTreeMap<String, Value> = BTreeMap::new();
    while heard.len() < 3 {
        let message = person.hears();
        let name = message["data"]["destination"].as_str().unwrap().to_owned();
        assert_eq!(message["data"]["state"], "raised", "{message}");
        let before = heard.insert(name, message);
        assert!(before.is_none(), "told twice: {before:?}");
    }
    for (name, kind, words) in [
        (
            "meta-expired",
            "alert.destination_paused",
            "reload (SIGHUP)",
        ),
        (
            "meta-gone",
            "alert.destination_resting",
            "has taken nothing for",
        ),
        (
            "meta-refusing",
            "alert.dead_letters",
            "has given up 1 events within 60 minutes",
        ),
    ] {
        let message = &heard[name];
        assert_eq!(message["type"], kind);
        let said = message["data"]["message"].as_str().unwrap();
        assert!(said.contains(words), "{said}");
        assert!(
            !said.contains("EAAexpired") && !said.contains(DIGEST),
            "{said}"
        );
    }
    for kind in ["destination_paused", "destination_resting", "dead_letters"] {
        // It is counted when the receiver's answer is there.
        let sent = format!("firsthand_alerts_total{{alert=\"{kind}\",result=\"sent\"}}");
        let deadline = Instant::now() + Duration::from_secs(30);
        while collector.metric(&sent) < 1.0 {
            assert!(Instant::now() < deadline, "never: {sent}");
            std::thread::yield_now();
        }
        assert!(
            (collector.metric(&sent) - 1.0).abs() < f64::EPSILON,
            "{sent}"
        );
    }
}

#[test]
fn who_is_told_follows_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (platforms, person) = (Platforms::start(), Person::listen());
    std::fs::write(dir.path().join("meta.token"), "EAAexpired").unwrap();
    let expired = platforms.meta(dir.path(), "meta", "");
    let config = |alerts: &str| {
        let settle = "[settle]\nby_event_ms = { purchase = 0 }\n";
        write_config(dir.path(), &format!("{settle}{alerts}{expired}"))
    };
    let collector = Collector::start_with(&config(""));
    order(&collector, "1001");
    config(&person.section(dir.path(), ""));
    collector.reload("firsthand_reload_total{result=\"done\"}");
    let message = person.hears();
    assert_eq!(message["type"], "alert.destination_paused", "{message}");
    assert_eq!(message["data"]["destination"], "meta");
}

#[test]
fn a_store_that_is_full_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let person = Person::listen();
    let path = write_config(dir.path(), &person.section(dir.path(), ""));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("[store]", "[store]\nmax_mib = 2")).unwrap();
    let collector = Collector::start_with(&path);
    let deadline = Instant::now() + Duration::from_mins(1);
    for round in 0.. {
        let title = "x".repeat(2_000);
        let events: Vec<String> = (0..100)
            .map(|n| {
                event_with(
                    &format!("{round}-{n}"),
                    "view_item",
                    &format!(r#"{{"title":"{title}"}}"#),
                )
            })
            .collect();
        let answer = collector.page(&batch(&events.join(",")));
        if answer.status == 503 {
            break;
        }
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert!(Instant::now() < deadline, "the disk never was full");
    }
    let mut message = person.hears();
    if message["type"] == "alert.store_filling" {
        // Where it was looked just before.
        message = person.hears();
    }
    assert_eq!(message["type"], "alert.store_failing", "{message}");
    assert_eq!(message["data"]["destination"], Value::Null);
    let said = message["data"]["message"].as_str().unwrap();
    assert!(said.contains("database or disk is full"), "{said}");
}

#[test]
fn a_receiver_that_could_not_know_who_speaks_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write_config(
        dir.path(),
        "[alerts]\nwebhook = \"https://hooks.example/x\"\n",
    );
    let (is_ok, said) = firsthand(dir.path(), &["check"]);
    assert!(
        !is_ok && said.contains("alerts.secret: is missing"),
        "{said}"
    );
    std::fs::write(dir.path().join("s"), "whsec_c2hvcnQ=").unwrap();
    let secret = format!("secret = {{ file = \"{}/s\" }}", dir.path().display());
    write_config(
        dir.path(),
        &format!("[alerts]\nwebhook = \"https://hooks.example/x\"\n{secret}\n"),
    );
    let (is_ok, said) = firsthand(dir.path(), &["check"]);
    assert!(!is_ok && said.contains("24 to 64 random bytes"), "{said}");
}
