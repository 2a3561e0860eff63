//! `[confirm]` in the real process: what waits for a trusted source survives a kill, and goes out when the source tells.

#![allow(clippy::unwrap_used)]

mod common;

use std::future::IntoFuture as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Collector, batch, event_with, now_ms, run, write_config};
use firsthand_sandbox::{Filter, Platform, Sandbox, SandboxConfig, SandboxState};
use serde_json::Value;

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(30);

/// The emulated platforms on a port of their own.
struct Platforms {
    state: SandboxState,
    base: String,
    _runtime: tokio::runtime::Runtime,
}

impl Platforms {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sandbox = Sandbox::new(SandboxConfig::default());
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(axum::serve(listener, sandbox.router()).into_future());
        Self {
            state: sandbox.state(),
            base,
            _runtime: runtime,
        }
    }

    /// Returns ids and values of the purchases that Meta was sent.
    fn purchases(&self) -> Vec<(String, f64)> {
        let records = self.state.records(&Filter {
            platform: Some(Platform::named("meta").unwrap()),
            ..Filter::default()
        });
        records
            .into_iter()
            .map(|record| (record.event_id.unwrap(), record.value.unwrap()))
            .collect()
    }
}

fn config(dir: &Path, platforms: &Platforms, confirm: &str) -> PathBuf {
    std::fs::write(dir.join("meta-token"), "EAAsandbox").unwrap();
    let path = write_config(
        dir,
        &format!(
            "[confirm]\nby_event = {{ purchase = \"trusted\" }}\n{confirm}\n[settle]\nby_event_ms = {{ purchase = 0 }}"
        ),
    );
    let usual = std::fs::read_to_string(&path).unwrap();
    let text = format!(
        "{usual}[[destination]]\nkind = \"meta\"\nname = \"meta\"\ndataset_id = \"1000000000000001\"\n\
         access_token = {{ file = \"{}/meta-token\" }}\nbase_url = \"{}/meta\"\n",
        dir.display(),
        platforms.base
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn purchase(order: u32, value: f64) -> String {
    event_with(
        &format!("purchase:{order}"),
        "purchase",
        &format!(r#"{{"transaction_id":"{order}","currency":"EUR","value":{value}}}"#),
    )
}

fn from_backend(events: &str) -> String {
    format!(
        r#"{{"v":1,"sent_at":{},"consent":{},"user":{{"em":["{}"]}},"events":[{events}]}}"#,
        now_ms(),
        common::consent(true),
        "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    )
}

/// Waits until the event is in this state at Meta; returns its entry.
fn until_state(collector: &Collector, id: &str, wanted: &str) -> Value {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let view = collector.inspect(&format!("/v1/inspect/events/{id}"));
        let entry = view["events"][0]["destinations"][0].clone();
        if entry["state"] == wanted {
            return entry;
        }
        assert!(Instant::now() < deadline, "{id} is not {wanted}: {view}");
        std::thread::yield_now();
    }
}

#[test]
fn a_purchase_is_held_over_a_kill_and_sent_merged_when_it_is_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let config = config(dir.path(), &platforms, "");
    let mut collector = Collector::start_with(&config);
    for order in [1, 2, 3] {
        assert_eq!(collector.page(&batch(&purchase(order, 59.8))).status, 202);
    }
    for id in ["purchase:1", "purchase:2", "purchase:3"] {
        let entry = until_state(&collector, id, "unconfirmed");
        assert_eq!(entry["reason"], "waits for a trusted source to confirm it");
    }
    let held = collector.metric(
        "firsthand_forward_held_total{destination=\"meta\",platform=\"meta\",reason=\"unconfirmed\"}",
    );
    assert_eq!(held.to_string(), "3");
    // Killed while all are held; then killed right after the confirmation was acknowledged.
    collector.kill();
    let mut collector = Collector::start_with(&config);
    let told = collector.server(&from_backend(&purchase(1, 61.25)));
    assert_eq!(
        (told.status, told.json()["duplicates"].as_i64()),
        (202, Some(1))
    );
    collector.kill();
    let collector = Collector::start_with(&config);
    until_state(&collector, "purchase:1", "delivered");
    let told = collector.server(&from_backend(&purchase(3, 75.5)));
    assert_eq!(told.status, 202, "{}", told.body);
    until_state(&collector, "purchase:3", "delivered");
    until_state(&collector, "purchase:2", "unconfirmed");
    let mut sent = platforms.purchases();
    sent.sort_by(|a, b| a.0.cmp(&b.0));
    // A kill between the platform's answer and the commit may send the first twice, under the same id.
    sent.dedup();
    assert_eq!(
        sent,
        [
            ("purchase:1".to_owned(), 61.25),
            ("purchase:3".to_owned(), 75.5)
        ]
    );

    let config = config.to_str().unwrap();
    let told = run(&["explain", "purchase:3", "--config", config]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    for wanted in [
        "waits for a trusted source to confirm it, until ",
        "confirmed by erp",
        "delivered",
    ] {
        assert!(text.contains(wanted), "{wanted:?} not in {text}");
    }
}

#[test]
fn each_partial_refund_of_an_order_is_one_event_whoever_tells_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let refund = |order: &str, refund: &str, value: f64| {
        event_with(
            "made-up",
            "refund",
            &format!(
                r#"{{"transaction_id":"{order}","refund_id":"{refund}","currency":"EUR","value":{value}}}"#
            ),
        )
    };
    let whole = event_with(
        "x",
        "refund",
        r#"{"transaction_id":"1001","value":9,"currency":"EUR"}"#,
    );
    let told = [refund("1001", "7", 10.0), refund("1001", "8", 5.0), whole].join(",");
    let answer = collector.server(&from_backend(&told)).json();
    assert_eq!(
        (&answer["accepted"], &answer["duplicates"]),
        (&3.into(), &0.into())
    );
    // The page spells both numbers as the shop system does.
    let again = refund("gid://shopify/Order/1001", "gid://shopify/Refund/7", 99.0);
    let answer = collector.page(&batch(&again)).json();
    assert_eq!(
        (&answer["accepted"], &answer["duplicates"]),
        (&0.into(), &1.into())
    );
    for (id, copies) in [
        ("refund:1001:7", 2),
        ("refund:1001:8", 1),
        ("refund:1001", 1),
    ] {
        let view = collector.inspect(&format!("/v1/inspect/events/{id}"));
        assert_eq!(
            view["events"][0]["sources"].as_array().unwrap().len(),
            copies,
            "{id}"
        );
    }
    // What names no refund must not become the refund of the whole order.
    let wrong = refund("1001", "jane doe", 1.0);
    let answer = collector.server(&from_backend(&wrong)).json();
    assert_eq!(
        answer["rejected"][0]["code"], "invalid_transaction_id",
        "{answer}"
    );
}

#[test]
fn the_report_tells_the_pair_over_http_and_on_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let config = config(dir.path(), &platforms, "");
    let collector = Collector::start_with(&config);
    for order in [1, 2] {
        assert_eq!(collector.page(&batch(&purchase(order, 59.8))).status, 202);
    }
    let told = collector.server(&from_backend(&purchase(1, 61.25)));
    assert_eq!(told.status, 202);
    until_state(&collector, "purchase:1", "delivered");
    until_state(&collector, "purchase:2", "unconfirmed");

    let config = config.to_str().unwrap();
    let output = run(&[
        "report", "--event", "purchase", "--json", "--config", config,
    ]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let by_command: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{output:?}"));
    let by_door = collector.inspect("/v1/inspect/report?event=purchase");
    for report in [&by_command, &by_door] {
        assert_eq!(report["is_whole"], true);
        let name = &report["names"][0];
        assert_eq!((&name["events"], &name["copies"]), (&2.into(), &3.into()));
        assert_eq!(name["unconfirmed_waiting"], 1);
        let pair = &name["pairs"][0];
        assert_eq!(pair["here"], "web (browser)");
        assert_eq!(pair["there"], "erp (server)");
        assert_eq!((&pair["matched"], &pair["late"]), (&1.into(), &0.into()));
        assert_eq!(
            (&pair["only_here"], &pair["only_there"]),
            (&1.into(), &0.into())
        );
    }
    let text = run(&["report", "--config", config]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("matched 1, only web (browser) 1"), "{text}");

    let path = "/v1/inspect/report";
    let stranger = collector.get(path);
    assert_eq!(stranger.status, 401, "{}", stranger.body);
    for query in [
        "?since=yesterday",
        "?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z",
    ] {
        let head = format!(
            "GET {path}{query} HTTP/1.1\r\nauthorization: Bearer {}",
            common::ADMIN_TOKEN
        );
        let answer = collector.request(&head, b"");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_query")
        );
    }
    let output = run(&[
        "report",
        "--since",
        "2026-02-01T00:00:00Z",
        "--until",
        "2026-01-01T00:00:00Z",
        "--config",
        config,
    ]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--since must be before --until"));
}

#[test]
fn what_must_be_confirmed_is_checked_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let right = config(dir.path(), &platforms, "wait_hours = 24");
    let output = run(&["check", "--config", right.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains(
            "holds back each purchase of a browser until erp tells of it too, at most 24 h"
        ),
        "{said}"
    );
    let wrong = config(dir.path(), &platforms, "wait_hours = 400");
    let output = run(&["check", "--config", wrong.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        said.contains("confirm.wait_hours: must be 1 to 168"),
        "{said}"
    );
}
