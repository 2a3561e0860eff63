//! `firsthand doctor` beside a running collector, and on data that somebody or a disk has changed.

#![allow(clippy::unwrap_used)]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use common::load::firsthand;
use common::{Collector, batch, event};
use firsthand_collector::privacy::keys;
use firsthand_collector::store::sqlite::FILE_NAME;
use serde_json::Value;

/// Returns whether the command succeeded, and its report.
fn doctor(dir: &Path, more: &[&str]) -> (bool, Value) {
    let mut args = vec!["doctor", "--json"];
    args.extend(more);
    let (is_ok, said) = firsthand(dir, &args);
    let end = said
        .rfind('}')
        .unwrap_or_else(|| panic!("no report: {said}"));
    (is_ok, serde_json::from_str(&said[..=end]).unwrap())
}

/// Returns what is said about a check, with its level.
fn told<'r>(report: &'r Value, check: &str) -> Vec<(&'r str, &'r str)> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .filter(|finding| finding["check"] == check)
        .map(|finding| {
            let level = finding["level"].as_str().unwrap();
            assert_eq!(level != "ok", finding["do"].is_string(), "{finding}");
            (level, finding["what"].as_str().unwrap())
        })
        .collect()
}

fn change(dir: &Path, sql: &str) {
    let path = dir.join("data").join(FILE_NAME);
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch(sql).unwrap();
}

const CHECKS: [&str; 12] = [
    "config",
    "permissions",
    "integrity",
    "wal",
    "room",
    "version",
    "keys",
    "consistency",
    "receipts",
    "audit",
    "clock",
    "privacy",
];

#[test]
fn a_whole_collector_is_healthy_while_it_runs_and_after() {
    let dir = tempfile::tempdir().unwrap();
    let (is_ok, report) = doctor_before_the_first_start(dir.path());
    assert!(is_ok, "{report}");
    let mut collector = Collector::start(dir.path(), "");
    for id in ["1", "2", "3"] {
        assert_eq!(collector.page(&batch(&event(id))).status, 202);
    }
    let data = dir.path().join("data");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
    for is_running in [true, false] {
        if !is_running {
            assert!(collector.terminate().success());
        }
        for depth in [&[][..], &["--full"][..]] {
            let (is_ok, report) = doctor(dir.path(), depth);
            assert!(is_ok && report["healthy"] == true, "{report}");
            for check in CHECKS {
                let told = told(&report, check);
                assert!(told.iter().all(|(level, _)| *level == "ok"), "{report}");
                assert!(!told.is_empty(), "{check}: {report}");
            }
            assert!(told(&report, "consistency")[0].1.contains("3 "), "{report}");
        }
    }
    let (_, text) = firsthand(dir.path(), &["doctor"]);
    assert!(text.contains("quick check found nothing"), "{text}");
}

fn doctor_before_the_first_start(dir: &Path) -> (bool, Value) {
    common::write_config(dir, "");
    let found = doctor(dir, &[]);
    assert!(told(&found.1, "data")[0].1.contains("no data yet"));
    assert!(!dir.join("data").exists(), "nothing was made");
    found
}

#[test]
fn what_does_not_agree_is_named_and_fails() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), META);
    for id in ["1", "2", "3", "4"] {
        assert_eq!(collector.page(&batch(&event(id))).status, 202);
    }
    assert!(collector.terminate().success());
    change(
        dir.path(),
        "DELETE FROM outcomes;
         DELETE FROM dedup WHERE seq = 1;
         UPDATE log SET events = 'torn' WHERE seq = 2;
         DELETE FROM log WHERE seq = 3;
         INSERT OR REPLACE INTO destinations(id, name, cursor) VALUES(1, 'meta', 99);
         INSERT OR REPLACE INTO outcomes(destination, seq, state, attempts, at_ms) VALUES(1, 77, 1, 1, 1);
         UPDATE log SET received_at = received_at + 7200000 WHERE seq = 4;
         DROP TRIGGER receipts_stay;
         UPDATE receipts SET body = replace(body, 'opt_in', 'opt_out') WHERE number = 1;",
    );
    let (is_ok, report) = doctor(dir.path(), &["--full"]);
    assert!(!is_ok && report["healthy"] == false, "{report}");
    let consistency = told(&report, "consistency");
    for (level, words) in [
        ("error", "1 requests in the log cannot be read"),
        ("error", "1 events without their dedup key"),
        ("error", "1 dedup keys of events that are not there"),
        ("warning", "1 fates of events"),
    ] {
        let found = consistency
            .iter()
            .any(|(l, what)| *l == level && what.contains(words));
        assert!(found, "{words}: {report}");
    }
    for (check, words) in [
        (
            "destination",
            "meta stands at position 99, the log ends at 4",
        ),
        ("clock", "behind the arrival of the newest event"),
        ("receipts", "row 1 was changed"),
    ] {
        let (level, what) = told(&report, check)[0];
        assert!(
            level == "error" && what.contains(words),
            "{check}: {report}"
        );
    }
}

const META: &str = r#"
[[destination]]
kind = "meta"
name = "meta"
dataset_id = "1234567890"
access_token = { env = "ERP_KEY" }
base_url = "http://127.0.0.1:9"
"#;

#[test]
fn keys_files_and_versions_are_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), "");
    assert_eq!(collector.page(&batch(&event("1"))).status, 202);
    assert!(collector.terminate().success());
    let key = dir.path().join("data").join(keys::FILE_NAME);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let aside = dir
        .path()
        .join("data")
        .join(format!("{FILE_NAME}.damaged-17"));
    std::fs::write(&aside, "").unwrap();
    let (is_ok, report) = doctor(dir.path(), &[]);
    assert!(!is_ok, "{report}");
    let readable = told(&report, "permissions");
    assert!(
        readable
            .iter()
            .any(|(level, what)| *level == "error" && what.contains("everybody")),
        "{report}"
    );
    assert_eq!(told(&report, "damaged")[0].0, "warning");

    std::fs::remove_file(&key).unwrap();
    let (is_ok, report) = doctor(dir.path(), &[]);
    assert!(!is_ok, "{report}");
    assert_eq!(told(&report, "keys")[0].0, "error", "{report}");

    change(dir.path(), "PRAGMA user_version = 9999");
    let (is_ok, report) = doctor(dir.path(), &[]);
    assert!(!is_ok, "{report}");
    let (level, what) = told(&report, "version")[0];
    assert!(level == "error" && what.contains("9999"), "{report}");
}

#[test]
fn a_damaged_page_is_found() {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), "");
    for id in ["1", "2"] {
        assert_eq!(collector.page(&batch(&event(id))).status, 202);
    }
    assert!(collector.terminate().success());
    let path = dir.path().join("data").join(FILE_NAME);
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Beyond the schema: every page from the fourth on.
    let bytes = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(3 * 4096)).unwrap();
    file.write_all(&vec![0xA5; usize::try_from(bytes).unwrap() - 3 * 4096])
        .unwrap();
    drop(file);
    let (is_ok, report) = doctor(dir.path(), &[]);
    assert!(!is_ok, "{report}");
    let found = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|finding| {
            finding["level"] == "error"
                && (finding["check"] == "integrity" || finding["check"] == "data")
        });
    assert!(found, "{report}");
}
