//! What is unusual is seen by those who look: in the metrics, at `/readyz?verbose`, by `firsthand status`.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::load::firsthand;
use common::platform::Platforms;
use common::{ADMIN_TOKEN, Collector, batch, event, event_with};
use serde_json::{Value, json};

/// Waits until the collector has seen it too: it looks every few seconds.
fn wait(collector: &Collector, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let answer = collector.get("/readyz?verbose");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let overview = answer.json()["overview"].clone();
        if is_so(&overview) {
            return overview;
        }
        assert!(Instant::now() < deadline, "{what}: {overview}");
        std::thread::yield_now();
    }
}

/// The signals without their times.
fn signals(overview: &Value) -> Value {
    let mut signals = overview["signals"].clone();
    for signal in signals.as_array_mut().unwrap() {
        let since = signal.as_object_mut().unwrap().remove("since_ms");
        assert!(since.unwrap().as_i64() > overview["since_ms"].as_i64());
    }
    signals
}

fn status(dir: &std::path::Path, collector: &Collector, more: &[&str]) -> (bool, String) {
    let url = format!("http://{}", collector.addr);
    firsthand(dir, &[&["status", "--url", &url], more].concat())
}

#[test]
fn refusals_are_a_signal_and_what_came_is_known_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let extra = "[signals]\nmin_events = 10\nevents = [\"newsletter\"]\n";
    let mut collector = Collector::start(dir.path(), extra);
    let (is_well, said) = status(dir.path(), &collector, &[]);
    assert!(is_well && said.contains("nothing unusual"), "{said}");
    let good: Vec<String> = (0..8).map(|n| event(&format!("g-{n}"))).collect();
    let bad: Vec<String> = (0..4)
        .map(|n| event_with(&format!("b-{n}"), "purchase", r#"{"currency":"nonsense"}"#))
        .collect();
    let own = event_with("own", "newsletter", "{}");
    let other = event_with("other", "made_up", "{}");
    let body = batch(&[good, bad, vec![own, other]].concat().join(","));
    assert_eq!(collector.page(&body).json()["accepted"], 10);
    // All of them again: the good ones are known.
    assert_eq!(collector.page(&body).json()["duplicates"], 10);
    let overview = wait(&collector, "no signal", |now| now["signals"] != json!([]));
    let want = json!([{"kind": "rejected", "source": "web",
        "message": "28 % of the last hour's events were refused; `firsthand_events_rejected_total` tells why"}]);
    assert_eq!(signals(&overview), want);
    let web = overview["sources"].as_array().unwrap();
    let web = web.iter().find(|source| source["name"] == "web").unwrap();
    assert_eq!(
        (
            &web["last_hour"],
            &web["duplicates_last_hour"],
            &web["refused_last_hour"]
        ),
        (&json!(10), &json!(10), &json!(8))
    );
    let names = web["events"].as_array().unwrap().iter().map(|e| &e["name"]);
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["newsletter", "other", "page_view"]
    );
    let on = r#"firsthand_signal{kind="rejected",source="web"}"#;
    let deadline = Instant::now() + Duration::from_mins(1);
    while collector.metric(on) < 1.0 {
        assert!(Instant::now() < deadline, "no metric");
    }
    assert!(
        collector
            .get("/metrics")
            .body
            .contains(r#"firsthand_signal{kind="silent",source="erp"} 0"#)
    );
    let (is_well, said) = status(dir.path(), &collector, &[]);
    assert!(!is_well, "a signal ends with a failure");
    assert!(said.contains("  rejected     web: 28 %"), "{said}");
    assert!(
        collector.log().contains("kind=\"rejected\""),
        "{}",
        collector.log()
    );

    assert!(collector.terminate().success());
    let collector = Collector::start(dir.path(), extra);
    let overview = wait(&collector, "forgotten", |_| true);
    let web = overview["sources"].as_array().unwrap();
    let web = web.iter().find(|source| source["name"] == "web").unwrap();
    assert!(web["last_seen_ms"].is_i64(), "{web}");
}

/// What usually comes is known from the days before.
#[test]
fn a_source_far_above_the_usual_is_a_spike() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("data")).unwrap();
    let hour = common::now_ms() / 3_600_000;
    let counts = vec![10; 24 * 7];
    let series =
        json!({"last_ms": (hour - 1) * 3_600_000, "hours": {"newest": hour - 1, "counts": counts}});
    let book = json!({"sources": {"web": {"accepted": series}}});
    std::fs::write(dir.path().join("data/signals.json"), book.to_string()).unwrap();
    let collector = Collector::start(
        dir.path(),
        "[signals]\nmin_events = 10\nspike_percent = 200\n",
    );
    let send = |prefix: &str, count: usize| {
        let events: Vec<String> = (0..count)
            .map(|n| event(&format!("{prefix}-{n}")))
            .collect();
        assert_eq!(
            collector.page(&batch(&events.join(","))).json()["accepted"],
            count
        );
    };
    send("usual", 20);
    let quiet = wait(&collector, "nothing counted", |now| {
        now["sources"]
            .as_array()
            .unwrap()
            .iter()
            .any(|source| source["last_hour"] == 20)
    });
    assert_eq!(quiet["signals"], json!([]), "twice the usual is allowed");
    send("more", 1);
    let loud = wait(&collector, "no signal", |now| now["signals"] != json!([]));
    assert_eq!(
        signals(&loud),
        json!([{"kind": "volume_spike", "source": "web", "message": "21 in the last hour, usually 10"}])
    );
}

#[test]
fn a_destination_that_answers_and_is_behind_lags() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    // Takes connections and never answers: until its time is over the gate stays open.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let meta = platforms.meta(dir.path(), "meta-mute", "").replace(
        &platforms.base,
        &format!("http://{}", mute.local_addr().unwrap()),
    );
    let collector = Collector::start(
        dir.path(),
        &format!("[signals]\nlag_secs = 1\n[forward]\nrequest_timeout_ms = 60000\n{meta}"),
    );
    let props = r#"{"transaction_id":"1","currency":"EUR","value":5}"#;
    let user = format!(
        r#"{{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-dc0c0c07398f","em":["{}"]}}"#,
        common::load::DIGEST
    );
    let view = event_with("v-1", "view_item", props);
    let body = common::batch_of("pk_test", &common::consent(true), &user, &view);
    assert_eq!(collector.page(&body).json()["accepted"], 1);
    let overview = wait(&collector, "no lag", |now| now["signals"] != json!([]));
    let signal = &overview["signals"][0];
    assert_eq!(
        (&signal["kind"], &signal["destination"]),
        (&json!("lag"), &json!("meta-mute"))
    );
    assert_eq!(overview["destinations"][0]["gate"], "open");
    let deadline = Instant::now() + Duration::from_mins(1);
    while collector.metric(r#"firsthand_signal{kind="lag",destination="meta-mute"}"#) < 1.0 {
        assert!(
            Instant::now() < deadline,
            "no metric: {}",
            collector.get("/metrics").body
        );
    }
    assert!(collector.metric(r#"firsthand_forward_lag_seconds{destination="meta-mute"}"#) >= 1.0);
}

#[test]
fn who_comes_from_elsewhere_needs_a_token_to_see_how_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let from = "GET /readyz?verbose HTTP/1.1\r\nx-forwarded-for: 192.0.2.1";
    assert_eq!(collector.request(from, b"").status, 401);
    let with = format!("{from}\r\nauthorization: Bearer {ADMIN_TOKEN}");
    assert_eq!(collector.request(&with, b"").status, 200);
    let plain = collector.request("GET /readyz HTTP/1.1\r\nx-forwarded-for: 192.0.2.1", b"");
    assert_eq!(plain.body, r#"{"status":"ready"}"#);
    let (is_well, said) = status(dir.path(), &collector, &["--json"]);
    assert!(is_well, "{said}");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["status"], "ready");
    let (is_well, said) = firsthand(dir.path(), &["status"]);
    assert!(!is_well && said.contains("port 0"), "{said}");
}
