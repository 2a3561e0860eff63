//! What is sealed: nothing in clear on disk, nothing that opens where it does not belong, keys that change and go.

#![allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough

use std::path::Path;

use super::*;
use crate::store::conformance::{event, request};
use crate::store::{ConsentChange, Owner, Quarantined, SourceKind, Store as _};

pub(super) const ANNA: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
pub(super) const BERT: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c073990";
pub(super) const DIGEST: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";
pub(super) const ADDRESS: &str = "192.0.2.77";
pub(super) const AGENT: &str = "Mozilla/5.0 (Quuxbook; rv:1)";
pub(super) const PAGE: &str = "https://shop.example/account/mirabelle";

pub(super) fn header(id: &str) -> String {
    format!(
        r#"{{"context":{{"ip":"{ADDRESS}","ua":"{AGENT}"}},"consent":{{"regime":"opt_in"}},"user":{{"anonymous_id":"{id}","em":["{DIGEST}"]}},"touch":{{"last":{{"at":1,"url":"{PAGE}","ref":"","utm":{{}},"click":{{"gclid":"Cj0KCQiA-click"}}}}}}}}"#
    )
}

pub(super) fn of(person: Option<&str>, event_id: &str) -> Append {
    let mut one = event("page_view", event_id);
    one.event =
        format!(r#"{{"id":"{event_id}","name":"page_view","page":{{"url":"{PAGE}/{event_id}"}}}}"#);
    Append {
        header: header(person.unwrap_or("")),
        owner: Owner {
            id: person.map(str::to_owned),
            allowed: [true; 4],
        },
        ..request("web", SourceKind::Browser, vec![one])
    }
}

pub(super) fn word(id: &str, answer: bool, at_ms: i64) -> ConsentChange {
    ConsentChange {
        anonymous_id: id.to_owned(),
        evidence: format!(
            r#"{{"regime":"opt_in","policy":1,"at":{at_ms},"marketing":{answer},"analytics":{answer}}}"#
        ),
        received_at_ms: at_ms,
    }
}

pub(super) fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(SqliteConfig::new(dir)).unwrap()
}

pub(super) fn second(dir: &Path) -> Connection {
    let conn = Connection::open(dir.join(FILE_NAME)).unwrap();
    conn.busy_timeout(std::time::Duration::from_secs(10))
        .unwrap();
    conn
}

pub(super) fn count(dir: &Path, sql: &str) -> i64 {
    second(dir).query_row(sql, [], |row| row.get(0)).unwrap()
}

pub(super) fn holds(dir: &Path, what: &[u8]) -> Vec<String> {
    let files = std::fs::read_dir(dir).unwrap();
    files
        .map(|file| file.unwrap().path())
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(what.len()).any(|part| part == what)
        })
        .map(|path| path.display().to_string())
        .collect()
}

#[tokio::test]
async fn nothing_that_names_a_person_is_on_disk_in_clear() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut first = of(Some(ANNA), "1");
    first.quarantined.push(Quarantined {
        event_id: None,
        name: None,
        code: "invalid_time",
        message: "too old".to_owned(),
        payload: Some(format!(r#"{{"page":"{PAGE}/refused"}}"#)),
    });
    store.append(first).await.unwrap();
    let copy = Append {
        source: Arc::from("erp"),
        kind: SourceKind::Server,
        ..of(Some(ANNA), "1")
    };
    store.append(copy).await.unwrap();
    store
        .record_consent(vec![word(ANNA, true, 5)], None)
        .await
        .unwrap();
    let seen = store.read_log(0, 9).await.unwrap();
    assert_eq!(seen[0].copies.len(), 2);
    for copy in &seen[0].copies {
        assert!(copy.header.contains(DIGEST) && copy.event.contains(PAGE));
    }
    let kept = store.read(|view| view.quarantine(None, 9)).await.unwrap();
    assert!(kept[0].payload.as_ref().unwrap().contains("refused"));
    let known = store.latest_consent(vec![ANNA.to_owned()]).await.unwrap();
    assert_eq!(known[0], word(ANNA, true, 5));
    let id = Uuid::try_parse(ANNA).unwrap();
    for what in [
        ANNA.as_bytes(),
        id.as_bytes(),
        DIGEST.as_bytes(),
        ADDRESS.as_bytes(),
        AGENT.as_bytes(),
        b"mirabelle",
        b"Cj0KCQiA",
    ] {
        let found = holds(dir.path(), what);
        assert!(
            found.is_empty(),
            "{}: {found:?}",
            String::from_utf8_lossy(what)
        );
    }
    let ids = holds(dir.path(), b"page_view1");
    assert!(!ids.is_empty(), "the search finds what is there");
}

#[tokio::test]
async fn a_known_visitor_costs_no_key_and_nobody_shares_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let keys = || count(dir.path(), "SELECT count(*) FROM data_keys");
    for (person, id, want) in [
        (Some(ANNA), "1", 1),
        (Some(ANNA), "2", 1),
        (Some(BERT), "3", 2),
        (None, "4", 3),
        (None, "5", 4),
    ] {
        store.append(of(person, id)).await.unwrap();
        assert_eq!(keys(), want, "{id}");
    }
    store
        .record_consent(vec![word(ANNA, true, 5)], None)
        .await
        .unwrap();
    drop(store);
    let store = open(dir.path());
    store.append(of(Some(ANNA), "6")).await.unwrap();
    assert_eq!(keys(), 4, "known after a restart, and by any door");
}

#[tokio::test]
async fn what_was_moved_or_changed_is_unreadable_and_stops_nobody() {
    for change in [
        "UPDATE log SET header = (SELECT header FROM log WHERE seq = 2) WHERE seq = 1",
        "UPDATE log SET header = substr(header, 1, length(header) - 1) || x'00' WHERE seq = 1",
        "UPDATE log SET key = (SELECT key FROM log WHERE seq = 3) WHERE seq = 1",
        "UPDATE log SET header = 'clear' WHERE seq = 1",
        "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE id = 2) WHERE id = 1",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        for (person, id) in [(ANNA, "1"), (ANNA, "2"), (BERT, "3")] {
            store.append(of(Some(person), id)).await.unwrap();
        }
        second(dir.path()).execute(change, []).unwrap();
        let log = store.read_log(0, 9).await.unwrap();
        assert_eq!(log.len(), 3, "{change}");
        let copy = &log[0].copies[0];
        assert_eq!(
            (copy.header.as_str(), copy.event.as_str()),
            ("", ""),
            "{change}"
        );
        assert!(log[2].copies[0].header.contains(BERT), "{change}");
        let taken = store.append(of(Some(ANNA), "4")).await.unwrap();
        assert_eq!(taken, [Appended::Accepted(4)], "{change}");
        let log = store.read_log(3, 9).await.unwrap();
        assert!(log[0].copies[0].header.contains(ANNA), "{change}");
    }
}

#[tokio::test]
async fn a_destroyed_key_takes_its_person_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for (person, id) in [(ANNA, "1"), (BERT, "2")] {
        store.append(of(Some(person), id)).await.unwrap();
        store
            .record_consent(vec![word(person, true, 5)], None)
            .await
            .unwrap();
    }
    let copy = Append {
        source: Arc::from("erp"),
        ..of(Some(ANNA), "2")
    };
    store.append(copy).await.unwrap();
    store.append(of(Some(BERT), "3")).await.unwrap();
    let subjects = vec![store.key_ring().subject(ANNA)];
    assert_eq!(store.destroy_keys(subjects.clone()).await.unwrap(), 1);
    assert_eq!(store.destroy_keys(subjects).await.unwrap(), 0);
    let log = store.read_log(0, 9).await.unwrap();
    let copies: Vec<_> = log.iter().map(|event| event.copies.len()).collect();
    assert_eq!(copies, [0, 0, 1], "a lost copy may have held the denial");
    assert_eq!(store.read_events(vec![1]).await.unwrap()[0].copies, []);

    drop(store);
    let store = open(dir.path());
    let words = store
        .latest_consent(vec![ANNA.to_owned(), BERT.to_owned()])
        .await
        .unwrap();
    assert!(
        words[0].evidence.contains(r#""marketing":false"#),
        "{words:?}"
    );
    assert_eq!(words[1], word(BERT, true, 5));
    store.append(of(Some(ANNA), "4")).await.unwrap();
    store
        .record_consent(vec![word(ANNA, true, 9)], None)
        .await
        .unwrap();
    let log = store.read_log(3, 9).await.unwrap();
    assert!(
        log[0].copies[0].header.contains(ANNA),
        "who comes back gets a new key"
    );
    let words = store.latest_consent(vec![ANNA.to_owned()]).await.unwrap();
    assert_eq!(words, [word(ANNA, true, 9)]);
}

#[tokio::test]
async fn a_key_that_another_process_took_away_is_never_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(of(Some(ANNA), "1")).await.unwrap();
    second(dir.path())
        .execute("DELETE FROM data_keys", [])
        .unwrap();
    store.append(of(Some(ANNA), "2")).await.unwrap();
    let log = store.read_log(0, 9).await.unwrap();
    assert_eq!(log[0].copies, []);
    assert!(log[1].copies[0].header.contains(ANNA));
}

#[tokio::test]
async fn only_its_owner_may_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    store.probe().await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let file = dir.path().join(format!("{FILE_NAME}{suffix}"));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}
