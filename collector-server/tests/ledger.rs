//! Proof of consent over HTTP and the command line: receipts, their chain, the basis of an event.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{Answer, Collector, SHOP, batch_of, consent, event, now_ms, run, write_config};
use serde_json::Value;

const VISITOR: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
const META: &str = r#"
[privacy]
controller = "Shop GmbH"
withdraw_url = "https://shop.example/privacy"
[[destination]]
kind = "meta"
name = "meta"
dataset_id = "1234567890"
access_token = { env = "ERP_KEY" }
base_url = "http://127.0.0.1:9"
"#;

fn choose(collector: &Collector, consent: &str, user: &str) -> Answer {
    collector.request(
        &format!("POST /v1/consent HTTP/1.1\r\norigin: {SHOP}\r\ncontent-type: text/plain"),
        batch_of("pk_test", consent, user, "").as_bytes(),
    )
}

fn visitor() -> String {
    format!(r#"{{"anonymous_id":"{VISITOR}"}}"#)
}

fn firsthand(dir: &Path, args: &[&str]) -> (bool, String) {
    let config = dir.join("collector.toml");
    let mut all = args.to_vec();
    all.extend(["--config", config.to_str().unwrap()]);
    let output = run(&all);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said + &error)
}

fn exported(dir: &Path, args: &[&str]) -> Vec<Value> {
    let mut all = vec!["consent", "export"];
    all.extend(args);
    let (is_ok, said) = firsthand(dir, &all);
    assert!(is_ok, "{said}");
    said.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_basis_of_an_event_is_told_and_when_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), META);
    let yes = consent(true);
    let with_evidence = yes.replace(
        "\"regime\"",
        &format!(
            r#""locale":"de","ui_version":"7","notice_sha256":"{}","tcf":"CPAAA.YA","regime""#,
            "ab".repeat(32)
        ),
    );
    assert_eq!(choose(&collector, &with_evidence, &visitor()).status, 202);
    let sent = collector.page(&batch_of("pk_test", &yes, &visitor(), &event("e1")));
    assert_eq!(sent.status, 202, "{}", sent.body);
    // The destination reads the log in its own time.
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut before = firsthand(dir.path(), &["explain", "e1"]).1;
    while !before.contains("requires") && Instant::now() < deadline {
        before = firsthand(dir.path(), &["explain", "e1"]).1;
    }
    for want in [
        "grant of",
        "subject ",
        "requires     marketing, third_party_sharing",
        "allowed by   receipt",
        "in force     until",
        "recipients then: meta",
        "Shop GmbH",
    ] {
        assert!(before.contains(want), "{want:?} not in\n{before}");
    }
    assert_eq!(choose(&collector, &consent(false), &visitor()).status, 202);
    let (is_ok, after) = firsthand(dir.path(), &["explain", "e1"]);
    assert!(is_ok && after.contains("by withdraw, receipt"), "{after}");
    let (_, json) = firsthand(dir.path(), &["explain", "e1", "--json"]);
    let told: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    let event = &told["events"][0];
    let record = &event["copies"][0]["receipt"]["record"];
    assert_eq!(
        (&record["action"], &record["locale"]),
        (&"grant".into(), &"de".into())
    );
    assert_eq!(record["signals"]["tcf"], "CPAAA.YA");
    let basis = &event["destinations"][0]["basis"]["receipts"][0];
    assert_eq!(basis["stopped"]["by"], "withdraw");

    let lines = exported(dir.path(), &[]);
    let actions: Vec<_> = lines
        .iter()
        .map(|line| line["record"]["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["grant", "withdraw"],
        "one receipt a choice, none for the batch"
    );
    assert_eq!(
        lines[0]["terms"]["withdraw_url"],
        "https://shop.example/privacy"
    );
    assert_eq!(lines[0]["hash"], lines[1]["prev"]);
    assert!(
        !lines.iter().any(|line| line.to_string().contains(VISITOR)),
        "nothing names the browser"
    );
    let subject = lines[0]["record"]["subject_key"].as_str().unwrap();
    assert_eq!(exported(dir.path(), &["--subject", subject]).len(), 2);
    assert_eq!(exported(dir.path(), &["--subject", "nobody"]).len(), 0);
    assert_eq!(
        exported(dir.path(), &["--until", "2020-01-01T00:00:00Z"]).len(),
        0
    );
    assert_eq!(
        exported(dir.path(), &["--since", "2020-01-01T00:00:00Z"]).len(),
        2
    );
}

#[test]
fn an_event_that_brings_its_choice_leaves_a_receipt_and_so_does_a_refusal_without_an_id() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let yes = consent(true);
    for id in ["e1", "e2"] {
        assert_eq!(
            collector
                .page(&batch_of("pk_test", &yes, &visitor(), &event(id)))
                .status,
            202
        );
    }
    assert_eq!(choose(&collector, &consent(false), "{}").status, 202);
    let signal = format!(
        r#"{{"regime":"opt_out","gpc":true,"policy":1,"at":{}}}"#,
        now_ms()
    );
    let signal_only = signal.split(r#","policy""#).next().unwrap().to_owned() + "}";
    let other = r#"{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-dc0c0c073990"}"#;
    let extra = batch_of("pk_test", &signal_only, other, &event("e3"));
    assert_eq!(collector.page(&extra).status, 202);
    let lines = exported(dir.path(), &[]);
    let facts: Vec<_> = lines
        .iter()
        .map(|line| {
            let record = &line["record"];
            (
                record["action"].as_str().unwrap(),
                record["door"].as_str().unwrap(),
            )
        })
        .collect();
    // The collector's own default is opt_in: without a choice the last batch was not taken at all.
    assert_eq!(facts, [("grant", "events"), ("deny", "consent")]);
}

#[test]
fn an_opt_out_signal_leaves_a_receipt_with_the_events_it_came_with() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "[consent]\ndefault_regime = \"opt_out\"\n");
    let signal = r#"{"regime":"opt_out","gpc":true}"#;
    for id in ["e1", "e2"] {
        assert_eq!(
            collector
                .page(&batch_of("pk_test", signal, &visitor(), &event(id)))
                .status,
            202
        );
    }
    let lines = exported(dir.path(), &[]);
    assert_eq!(lines.len(), 1);
    let record = &lines[0]["record"];
    assert_eq!(
        (&record["action"], &record["basis"]),
        (&"gpc".into(), &"gpc".into())
    );
    assert!(
        !record["allowed"]
            .to_string()
            .contains("third_party_sharing")
    );
}

#[test]
fn the_chain_is_verified_against_a_noted_head_and_what_was_done_to_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    for n in 0..3 {
        let user = format!(r#"{{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-dc0c0c07390{n}"}}"#);
        assert_eq!(choose(&collector, &consent(true), &user).status, 202);
    }
    let (is_ok, said) = firsthand(dir.path(), &["consent", "verify", "--json"]);
    assert!(is_ok, "{said}");
    let whole: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(whole["count"], 3);
    let head = whole["head"].as_str().unwrap();
    let pinned = ["consent", "verify", "--head", head, "--count", "3"];
    assert_eq!(choose(&collector, &consent(false), &visitor()).status, 202);
    let (is_ok, said) = firsthand(dir.path(), &pinned);
    assert!(is_ok && said.contains("the chain is whole"), "{said}");
    drop(collector);

    let tamper = |sql: &str| {
        let conn = rusqlite::Connection::open(dir.path().join("data/firsthand.db")).unwrap();
        conn.execute_batch(sql).unwrap();
    };
    assert!(
        rusqlite::Connection::open(dir.path().join("data/firsthand.db"))
            .unwrap()
            .execute("DELETE FROM receipts", [])
            .is_err()
    );
    tamper(
        "DROP TRIGGER receipts_remain; DELETE FROM receipts WHERE number > 2; DELETE FROM choices WHERE receipt > 2;",
    );
    let (is_ok, said) = firsthand(dir.path(), &["consent", "verify"]);
    assert!(is_ok, "nothing inside tells: {said}");
    let (is_ok, said) = firsthand(dir.path(), &pinned);
    assert!(
        !is_ok && said.contains("the last row is 2, but row 3 was there"),
        "{said}"
    );
    tamper(
        "DROP TRIGGER receipts_stay; UPDATE receipts SET body = replace(body, 'grant', 'deny') WHERE number = 1;",
    );
    let (is_ok, said) = firsthand(dir.path(), &["consent", "verify"]);
    assert!(!is_ok && said.contains("row 1 was changed"), "{said}");
}

#[test]
fn a_killed_collector_leaves_a_whole_chain() {
    let dir = tempfile::tempdir().unwrap();
    let config = write_config(dir.path(), "");
    let mut answered = 0;
    for round in 0..3u32 {
        let mut collector = Collector::start_with(&config);
        let addr = collector.addr;
        let senders: Vec<_> = (0..4u32)
            .map(|sender| {
                std::thread::spawn(move || {
                    let mut count = 0;
                    for n in 0..400u32 {
                        let id = format!("0199d2a4-79b0-7cc3-98c4-{round:04x}{sender:04x}{n:04x}");
                        let user = format!(r#"{{"anonymous_id":"{id}"}}"#);
                        if !post(
                            addr,
                            &batch_of("pk_test", &consent(true), &user, &event(&id)),
                        ) {
                            break;
                        }
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        // Killed in the middle: as soon as something is answered, and while more is on its way.
        while collector.metric("firsthand_events_accepted_total{source=\"web\"} ") < 40.0 {
            std::thread::yield_now();
        }
        collector.kill();
        answered += senders
            .into_iter()
            .map(|sender| sender.join().unwrap())
            .sum::<usize>();
    }
    let (is_ok, said) = firsthand(dir.path(), &["consent", "verify", "--json"]);
    assert!(is_ok, "{said}");
    let found: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert!(
        found["count"].as_u64().unwrap() >= u64::try_from(answered).unwrap(),
        "{answered}: {said}"
    );
}

/// Sends a batch; whether it was answered 202.
fn post(addr: std::net::SocketAddr, body: &str) -> bool {
    use std::io::{Read as _, Write as _};
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
