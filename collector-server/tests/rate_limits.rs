//! A sender that comes too fast is told so, and when to come again; nobody else is.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Answer, Collector, SECRET_KEY, SHOP, batch, batch_of, consent, event};

/// Starts a collector behind a proxy that it trusts, so that a test can come from any address.
fn start(dir: &std::path::Path, limits: &str) -> Collector {
    let path = common::write_config(dir, &format!("[limits]\n{limits}\n"));
    let config = std::fs::read_to_string(&path).unwrap();
    let behind_a_proxy = "[server]\ntrusted_proxies = [\"127.0.0.1\"]";
    std::fs::write(&path, config.replace("[server]", behind_a_proxy)).unwrap();
    Collector::start_with(&path)
}

fn post(collector: &Collector, door: &str, from: &str, body: &str) -> Answer {
    collector.request(
        &format!("POST {door} HTTP/1.1\r\norigin: {SHOP}\r\nx-forwarded-for: {from}"),
        body.as_bytes(),
    )
}

fn limited(collector: &Collector, by: &str) -> f64 {
    collector.metric(&format!("firsthand_rate_limited_total{{by=\"{by}\"}}"))
}

#[track_caller]
fn assert_too_fast(answer: &Answer, message: &str) {
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert_eq!(answer.code(), "rate_limited");
    assert_eq!(answer.message(), message);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("retry-after"),
        "the page must be able to read when"
    );
}

#[test]
fn an_address_that_comes_too_fast_is_told_when_to_come_again() {
    const WORDS: &str = "too many requests from this address: send them again later";
    let dir = tempfile::tempdir().unwrap();
    // One request a second, and the whole burst is taken before the first second is over or the assertion says so.
    let collector = start(
        dir.path(),
        "requests_per_second_per_address = 1\nrequest_burst_per_address = 2",
    );
    let send = |from: &str, id: &str| post(&collector, "/v1/events", from, &batch(&event(id)));
    let house = "2001:db8:1:2";
    let mut refusal = None;
    for n in 0..50 {
        // Each request from another address of one IPv6 network.
        let answer = send(&format!("{house}::{n:x}"), &format!("v6-{n}"));
        if answer.status == 429 {
            refusal = Some(answer);
            break;
        }
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
    let refusal = refusal.expect("50 requests took less than 50 seconds");
    assert_too_fast(&refusal, WORDS);
    assert!(limited(&collector, "address") >= 1.0);
    assert!(limited(&collector, "key") < 1.0);
    let code = "firsthand_requests_refused_total{code=\"rate_limited\"}";
    assert!(collector.metric(code) >= 1.0);
    assert!(collector.metric("firsthand_requests_total{status=\"429\"}") >= 1.0);

    assert_eq!(send("2001:db8:1:3::1", "neighbour").status, 202);
    assert_eq!(send("198.51.100.7", "elsewhere").status, 202);
    for n in 0..10 {
        let answer = send("10.0.0.9", &format!("inside-{n}"));
        assert_eq!(
            answer.status, 202,
            "an address that is not routed may be everybody's proxy"
        );
    }
    for n in 0..10 {
        let answer = collector.request(
            &format!("POST /v1/events HTTP/1.1\r\nauthorization: Bearer {SECRET_KEY}\r\nx-forwarded-for: {house}::1"),
            batch(&event(&format!("server-{n}"))).as_bytes(),
        );
        assert_eq!(
            answer.status, 202,
            "a server speaks for many: {}",
            answer.body
        );
    }
}

#[test]
fn what_was_refused_is_taken_when_it_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(
        dir.path(),
        "requests_per_second_per_address = 20\nrequest_burst_per_address = 1",
    );
    let body = batch(&event("again"));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let mut refused = 0;
    // Until one was refused, and then until it was taken: it was not lost, and counts once.
    loop {
        assert!(std::time::Instant::now() < deadline, "{refused} refused");
        let answer = post(&collector, "/v1/events", "198.51.100.7", &body);
        match answer.status {
            429 => refused += 1,
            202 if refused > 0 => break,
            _ => assert_eq!(answer.status, 202, "{}", answer.body),
        }
    }
    let accepted = collector.metric("firsthand_events_accepted_total{source=\"web\"}");
    assert!((accepted - 1.0).abs() < 0.1, "{accepted}");
}

#[test]
fn a_key_has_a_rate_of_its_own_and_never_keeps_a_withdrawal_out() {
    const WORDS: &str = "too many requests with this key: send them again later";
    let dir = tempfile::tempdir().unwrap();
    let collector = start(
        dir.path(),
        "requests_per_second_per_key = 1\nrequest_burst_per_key = 1",
    );
    let send = |n: u32| {
        let from = format!("198.51.100.{n}");
        post(
            &collector,
            "/v1/events",
            &from,
            &batch(&event(&format!("k-{n}"))),
        )
    };
    let refusal = (1..50)
        .map(send)
        .find(|answer| answer.status != 202)
        .expect("49 requests took less than 49 seconds");
    assert_too_fast(&refusal, WORDS);
    assert!(limited(&collector, "key") >= 1.0);
    let id = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
    let user = format!(r#"{{"anonymous_id":"{id}"}}"#);
    for _ in 0..5 {
        let body = batch_of("pk_test", &consent(false), &user, "");
        let answer = post(&collector, "/v1/consent", "198.51.100.99", &body);
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
    let wrong = batch(&event("wrong-key")).replace("pk_test", "pk_other");
    let answer = post(&collector, "/v1/events", "198.51.100.98", &wrong);
    assert_eq!(answer.status, 401, "a wrong key uses up nobody's rate");
}
