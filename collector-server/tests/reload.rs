//! A new configuration takes over while requests come, and nothing is lost.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::load::Load;
use common::platform::Platforms;
use common::{Collector, batch, event, write_config};

const DONE: &str = "firsthand_reload_total{result=\"done\"}";
const REFUSED: &str = "firsthand_reload_total{result=\"refused\"}";

fn until(what: &str, collector: &Collector, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(
            Instant::now() < deadline,
            "never: {what}; log: {}",
            collector.log()
        );
        std::thread::yield_now();
    }
}

fn write(dir: &Path, destinations: &[String], rest: &str) {
    write_config(
        dir,
        &format!(
            "[settle]\ndefault_ms = 0\n{rest}\n{}",
            destinations.concat()
        ),
    );
}

fn states(collector: &Collector, id: &str) -> Vec<(String, String)> {
    let told = collector.inspect(&format!("/v1/inspect/events/{id}"));
    let list = told["events"][0]["destinations"].as_array().cloned();
    list.unwrap_or_default()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or("").to_owned();
            (text("name"), text("state"))
        })
        .collect()
}

fn visit(collector: &Collector, id: &str) {
    common::load::visit(collector, "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f", id);
}

/// Every 202 is a debt: what was acknowledged while configurations changed is delivered to each destination.
#[test]
fn reloads_under_load_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let main = |more: &str| platforms.meta(dir.path(), "meta-main", more);
    let second = platforms.meta(dir.path(), "meta-second", "");
    write(dir.path(), &[main("")], "");
    let collector = Collector::start_with(&dir.path().join("collector.toml"));
    let load = Load::start(&collector, "reload");
    load.wait_for(50);
    for round in 0..6 {
        let more = format!("batch_events = {}", 10 + round);
        let destinations = if round % 2 == 0 {
            vec![main(&more), second.clone()]
        } else {
            vec![main(&more)]
        };
        write(dir.path(), &destinations, "");
        collector.reload(DONE);
        assert_eq!(collector.get("/readyz").status, 200);
        let so_far = load.wait_for(0).len();
        load.wait_for(so_far + 30);
    }
    write(dir.path(), &[main(""), second], "");
    collector.reload(DONE);
    let acknowledged = load.end();
    assert!(acknowledged.len() > 200, "{}", acknowledged.len());
    let count = i64::try_from(acknowledged.len()).unwrap();
    until("everything is delivered", &collector, || {
        ["meta-main", "meta-second"].iter().all(|name| {
            let delivered = format!(
                "firsthand_forward_delivered_total{{destination=\"{name}\",platform=\"meta\",reason=\"delivered\"}}"
            );
            #[allow(clippy::cast_precision_loss)] // some hundreds
            let is_all = collector.metric(&delivered) >= count as f64;
            is_all
        })
    });
    for id in &acknowledged {
        let want = ["meta-main", "meta-second"].map(|n| (n.to_owned(), "delivered".to_owned()));
        assert_eq!(states(&collector, id), want, "{id}");
    }
}

#[test]
fn a_bad_file_changes_nothing_and_is_named_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let good = platforms.meta(dir.path(), "meta-main", "");
    write(dir.path(), std::slice::from_ref(&good), "");
    let collector = Collector::start_with(&dir.path().join("collector.toml"));
    let path = dir.path().join("collector.toml");
    let right = std::fs::read_to_string(&path).unwrap();
    for (wrong, want) in [
        (
            right.replace("batch", "x").replace("listen =", "lisen ="),
            "did you mean `listen`",
        ),
        (
            right.replace("ERP_KEY", "NO_SUCH_KEY"),
            "NO_SUCH_KEY is not set",
        ),
        (
            right.replace("meta-main.token", "gone"),
            "destination.meta-main.access_token",
        ),
        (
            right.replace("[store]", "[store]\nretention_days = 1"),
            "store.retention_days",
        ),
    ] {
        std::fs::write(&path, wrong).unwrap();
        collector.reload(REFUSED);
        until(want, &collector, || collector.log().contains(want));
        assert_eq!(collector.get("/readyz").status, 200);
    }
    visit(&collector, "after");
    until("delivered", &collector, || {
        states(&collector, "after") == [("meta-main".to_owned(), "delivered".to_owned())]
    });
}

#[test]
fn sources_limits_and_destinations_are_swapped_and_what_is_fixed_is_named() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[], "");
    let path = dir.path().join("collector.toml");
    let collector = Collector::start_with(&path);
    visit(&collector, "before");
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\"pk_test\"", "\"pk_new\"")
        .replace("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:9\"")
        + "\n[limits]\nevents_per_batch = 1\n";
    std::fs::write(&path, text).unwrap();
    // A connection from before goes through the new doors too.
    let mut old = collector.keep_alive();
    assert!(old.get("/readyz").starts_with("HTTP/1.1 200"));
    collector.reload(DONE);
    assert!(old.get("/readyz").starts_with("HTTP/1.1 200"));
    let answer = collector.page(&batch(&event("old-key")));
    assert_eq!(answer.status, 401, "{}", answer.body);
    let two = format!("{},{}", event("a"), event("b"));
    let answer = collector.page(&batch(&two).replace("pk_test", "pk_new"));
    assert_eq!(answer.status, 413, "{}", answer.body);
    let answer = collector.page(&batch(&event("new-key")).replace("pk_test", "pk_new"));
    assert_eq!(answer.status, 202, "{}", answer.body);
    let named = "count from the next start on";
    until(named, &collector, || {
        let log = collector.log();
        log.contains(named) && log.contains("server.listen")
    });
}

#[test]
fn a_secret_that_was_rotated_resumes_its_destination() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let destination = platforms.meta(dir.path(), "meta-main", "");
    let secret = dir.path().join("meta-main.token");
    std::fs::write(&secret, "EAAexpired").unwrap();
    write(
        dir.path(),
        &[destination],
        "[forward]\nunauthorized_probe_secs = 0\n",
    );
    let collector = Collector::start_with(&dir.path().join("collector.toml"));
    visit(&collector, "kept");
    let is =
        |state: &str| states(&collector, "kept") == [("meta-main".to_owned(), state.to_owned())];
    until("paused", &collector, || is("paused"));
    std::fs::write(&secret, common::platform::TOKEN).unwrap();
    collector.reload(DONE);
    until("delivered", &collector, || is("delivered"));
    assert_eq!(platforms.totals().counted, 1);
    assert!(!collector.log().contains("EAAexpired"));
}

/// What is held, and what a trusted source must tell of, follows the file.
#[test]
fn what_must_be_confirmed_follows_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let destination = platforms.meta(dir.path(), "meta-main", "");
    let with = "[confirm]\nby_event = { page_view = \"trusted\" }\n";
    write(dir.path(), std::slice::from_ref(&destination), "");
    let collector = Collector::start_with(&dir.path().join("collector.toml"));
    let is = |id: &str, state: &str| {
        states(&collector, id) == [("meta-main".to_owned(), state.to_owned())]
    };
    visit(&collector, "free");
    until("delivered", &collector, || is("free", "delivered"));
    write(dir.path(), std::slice::from_ref(&destination), with);
    collector.reload(DONE);
    visit(&collector, "held");
    until("held", &collector, || is("held", "unconfirmed"));
    write(dir.path(), &[destination], "");
    collector.reload(DONE);
    visit(&collector, "free-again");
    until("delivered", &collector, || is("free-again", "delivered"));
}
