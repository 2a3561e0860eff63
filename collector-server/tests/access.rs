//! Roles and the audit log: who may look, and that every look is on record.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::{ADMIN_TOKEN, Answer, Collector, batch, event, run, write_config};
use serde_json::Value;

fn firsthand(dir: &Path, args: &[&str]) -> (bool, String, String) {
    let config = dir.join("collector.toml");
    let mut all = args.to_vec();
    all.extend(["--config", config.to_str().unwrap()]);
    let output = run(&all);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn make(dir: &Path, role: &str, name: &str) -> String {
    let args = ["token", "create", "--role", role, "--name", name];
    let (is_ok, token, said) = firsthand(dir, &args);
    assert!(is_ok && said.contains("not shown again"), "{said}");
    token.trim().to_owned()
}

fn look(collector: &Collector, token: &str, path: &str) -> Answer {
    collector.request(
        &format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {token}"),
        b"",
    )
}

fn audit(dir: &Path) -> Vec<Value> {
    let (is_ok, said, error) = firsthand(dir, &["audit", "export"]);
    assert!(is_ok, "{error}");
    said.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["record"].clone())
        .collect()
}

#[test]
fn a_token_opens_its_doors_until_it_is_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let config = write_config(dir.path(), "");
    // Before the first start too.
    let early = make(dir.path(), "read", "early bird");
    let collector = Collector::start_with(&config);
    let token = make(dir.path(), "privacy", "anna");
    for token in [&early, &token, ADMIN_TOKEN] {
        for _ in 0..2 {
            let answer = look(&collector, token, "/v1/inspect/events");
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
    let (_, list, _) = firsthand(dir.path(), &["token", "list"]);
    let id = token.split('_').nth(1).unwrap();
    assert!(
        list.contains(id) && list.contains("anna") && list.contains("privacy"),
        "{list}"
    );
    assert!(!list.contains(token.split('_').nth(2).unwrap()));

    let (is_ok, _, said) = firsthand(dir.path(), &["token", "revoke", id]);
    assert!(is_ok, "{said}");
    let answer = look(&collector, &token, "/v1/inspect/events");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "unknown_token")
    );
    assert_eq!(look(&collector, &early, "/v1/inspect/events").status, 200);
    let (is_ok, _, said) = firsthand(dir.path(), &["token", "revoke", id]);
    assert!(!is_ok && said.contains("token list"), "{said}");
}

#[test]
fn a_wrong_token_is_told_nothing_and_kept_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let token = make(dir.path(), "admin", "anna");
    let last = if token.ends_with('0') { '1' } else { '0' };
    let forged = format!("{}{last}", &token[..token.len() - 1]);
    let unknown = "fhk_0000000000_00000000000000000000000000";
    for wrong in ["", "nonsense", &forged, unknown, "fhk__"] {
        let answer = look(&collector, wrong, "/v1/inspect/events");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "unknown_token"),
            "{wrong}"
        );
    }
    assert_eq!(look(&collector, &token, "/v1/inspect/events").status, 200);
    assert!(collector.metric("firsthand_admin_refused_total ") >= 5.0);
    let log = collector.log() + &collector.get("/metrics").body;
    let secret = token.split('_').nth(2).unwrap();
    assert!(!log.contains(secret) && !log.contains(ADMIN_TOKEN), "{log}");
    drop(collector);
    for file in std::fs::read_dir(dir.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(
            !bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        );
    }
}

#[test]
fn a_wrong_question_is_told_what_there_is_and_nothing_of_it_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let token = make(dir.path(), "privacy", "pia");
    for (path, told) in [
        ("/v1/inspect/events?limit=jane", "?limit=50"),
        ("/v1/inspect/events?jane=5", "?limit=50"),
        ("/v1/inspect/quarantine?limit=-1", "?limit=50"),
        ("/v1/inspect/dead?limit=jane", "?destination=meta"),
        ("/v1/inspect/dead?jane=1", "?destination=meta"),
        (
            "/v1/inspect/report?since=2026-11-01T00:00:00Z&jane=1",
            "?since=",
        ),
    ] {
        let answer = look(&collector, &token, path);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_query"),
            "{path}"
        );
        assert!(answer.body.contains(told), "{path}: {}", answer.body);
        assert!(!answer.body.contains("jane"), "{path}: {}", answer.body);
        assert_eq!(collector.get(path).status, 401, "{path}");
    }
    // Cut short, such a text would have lost the sign by which an address is known.
    let task = "/v1/privacy/tasks/jane.doe.of.a.very.long.name.indeed%40example.com";
    assert_eq!(look(&collector, &token, task).status, 404);
    let event = "/v1/inspect/events/jane%20doe";
    assert_eq!(look(&collector, &token, event).status, 200);
    let rows = audit(dir.path());
    assert!(rows.len() >= 8, "{rows:?}");
    assert!(!rows.iter().any(|row| row.to_string().contains("jane")));
}

#[test]
fn every_look_is_on_record_and_the_record_is_chained() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    assert_eq!(collector.page(&batch(&event("e1"))).status, 202);
    let token = make(dir.path(), "read", "ben");
    for path in [
        "/v1/inspect/events?limit=5",
        "/v1/inspect/events/e1",
        "/v1/inspect/events/jane%40example.com",
        "/v1/inspect/quarantine",
    ] {
        assert_eq!(look(&collector, &token, path).status, 200);
    }
    assert!(firsthand(dir.path(), &["explain", "e1"]).0);
    assert!(firsthand(dir.path(), &["consent", "export"]).0);
    let rows = audit(dir.path());
    let facts: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            (
                text("action"),
                text("actor").split(':').next().unwrap(),
                text("role"),
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("token.create", "cli", "system"),
            ("inspect.events", "ben", "read"),
            ("inspect.event", "ben", "read"),
            ("inspect.event", "ben", "read"),
            ("inspect.quarantine", "ben", "read"),
            ("explain", "cli", "system"),
            ("consent.export", "cli", "system"),
            ("audit.export", "cli", "system"),
        ]
    );
    assert_eq!(
        (&rows[2]["what"], &rows[2]["outcome"]),
        (&"e1".into(), &"done".into())
    );
    assert!(!rows.iter().any(|row| row.to_string().contains("jane")));

    let (is_ok, said, error) = firsthand(dir.path(), &["audit", "verify"]);
    assert!(
        is_ok && said.contains("the chain is whole"),
        "{said}{error}"
    );
    drop(collector);
    rusqlite::Connection::open(dir.path().join("data/firsthand.db"))
        .unwrap()
        .execute_batch("DROP TRIGGER audit_remains; DELETE FROM audit WHERE number = 3;")
        .unwrap();
    let (is_ok, said, _) = firsthand(dir.path(), &["audit", "verify"]);
    assert!(!is_ok && said.contains("rows 3 to 3 are missing"), "{said}");
}

#[test]
fn a_right_token_in_the_wrong_role_is_told_which_one_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    assert_eq!(collector.page(&batch(&event("e1"))).status, 202);
    for (role, want) in [
        ("read", 403),
        ("operate", 403),
        ("privacy", 200),
        ("admin", 200),
    ] {
        let token = make(dir.path(), role, role);
        let answer = look(&collector, &token, "/v1/inspect/events/e1/basis");
        assert_eq!(answer.status, want, "{role}");
        if want == 403 {
            assert_eq!(answer.code(), "role_not_allowed");
            assert!(answer.body.contains("the role privacy"), "{}", answer.body);
        } else {
            let record = &answer.json()["events"][0]["copies"][0]["receipt"]["record"];
            assert_eq!(record["action"], "grant");
        }
    }
    let refused: Vec<_> = audit(dir.path())
        .into_iter()
        .filter(|row| row["outcome"] == "refused")
        .map(|row| row["actor"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(refused, ["read", "operate"]);
}

#[test]
fn without_a_token_nothing_is_open_but_intake_sdk_and_health() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    for (path, want) in [
        ("/v1/inspect/events", 401),
        ("/v1/inspect/events/e1", 401),
        ("/v1/inspect/events/e1/basis", 401),
        ("/v1/inspect/quarantine", 401),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/v1/tokens", 404),
    ] {
        assert_eq!(collector.get(path).status, want, "{path}");
    }
}
