//! A data file of an earlier release, with something in every table, read by this one.

use std::path::Path;

use rusqlite::Connection;

use super::schema::OpenError;
use super::*;
use crate::store::conformance::{event, request};
use crate::store::{Outcome, SourceKind, Store as _};

/// What release 0.1 wrote: version 1.
const FIRST_RELEASE: &str = concat!(
    include_str!("schema/0001_log.sql"),
    r#"
INSERT INTO sources VALUES(1, 'web', 0), (2, 'erp', 1);
INSERT INTO log VALUES(1, 2, 1, 5000, '{"from":"web"}', '10 20 1 1 2
ax{}
11 21 8 3 2
purchasep:1{}
');
INSERT INTO dedup VALUES(x'02780061', 1), (x'02703a31007075726368617365', 2);
INSERT INTO copies VALUES(1, 2, 2, 6000, '{"from":"erp"}', '{"note":"copy"}');
INSERT INTO quarantine VALUES(1, 5000, 1, 'q1', 'a', 'invalid_time', 'too old', '{}');
INSERT INTO consent VALUES('v', '{"regime":"opt_in"}', 5000);
INSERT INTO destinations VALUES(1, 'meta', 2, 'token refused');
INSERT INTO attempts VALUES(1, 1, 7000, 3, 2, 500, 'busy');
INSERT INTO outcomes VALUES(1, 1, 2, 9000, 'status 500', 1, 7000, 1), (1, 2, 1, NULL, NULL, 2, 8000, NULL);
INSERT INTO history VALUES(1, 1, 2, 2, 8000, 'status 500', 1, 7000, 1);
INSERT INTO upkeep VALUES('dedup', 1);
PRAGMA user_version=1;"#
);

fn file_of_the_first_release(dir: &Path) -> PathBuf {
    let path = dir.join(FILE_NAME);
    let conn = Connection::open(&path).unwrap();
    conn.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))
        .unwrap();
    conn.execute_batch(FIRST_RELEASE).unwrap();
    path
}

#[tokio::test]
async fn a_file_of_the_first_release_is_brought_up_to_date_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = file_of_the_first_release(dir.path());
    let too_early = Inspector::open(&path, |view| view.newest(1)).unwrap_err();
    assert!(
        matches!(too_early, OpenError::Older { found: 1, .. }),
        "{too_early}"
    );

    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let log = store.read_log(0, 9).await.unwrap();
    let seen: Vec<_> = log
        .iter()
        .map(|e| (e.seq, e.name.as_str(), e.event_id.as_str(), e.copies.len()))
        .collect();
    assert_eq!(seen, [(1, "a", "x", 1), (2, "purchase", "p:1", 2)]);
    assert_eq!(log[1].copies[1].event, r#"{"note":"copy"}"#);
    assert_eq!(log[1].copies[1].kind, SourceKind::Server);
    let word = store.latest_consent(vec!["v".to_owned()]).await.unwrap();
    assert_eq!(word[0].evidence, r#"{"regime":"opt_in"}"#);
    let state = store.destination_state("meta").await.unwrap();
    assert_eq!(
        (state.cursor, state.paused.as_deref()),
        (2, Some("token refused"))
    );
    assert_eq!(store.due("meta", 9000, 9).await.unwrap()[0].seq, 1);
    let told = store.read(|view| view.by_id("p:1")).await.unwrap();
    let steps: Vec<_> = told[0].destinations[0]
        .outcomes
        .iter()
        .map(|o| &o.outcome)
        .collect();
    assert!(
        matches!(steps[..], [Outcome::Retry { .. }, Outcome::Delivered]),
        "{steps:?}"
    );
    let kept = store
        .read(|view| view.quarantine(Some("q1"), 9))
        .await
        .unwrap();
    assert_eq!(kept[0].code, "invalid_time");

    let again = request(
        "web",
        SourceKind::Browser,
        vec![event("a", "x"), event("a", "new")],
    );
    assert_eq!(
        store.append(again).await.unwrap(),
        [Appended::Duplicate(1), Appended::Accepted(3)],
        "the dedup keys count, positions go on"
    );
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = file_of_the_first_release(dir.path());
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 9_999)
        .unwrap();
    let refused = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap_err();
    assert!(
        refused.to_string().contains("use a newer program"),
        "{refused}"
    );
    let files = std::fs::read_dir(dir.path()).unwrap();
    let names: Vec<_> = files.map(|f| f.unwrap().file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|n| n.to_string_lossy().contains("damaged")),
        "{names:?}"
    );
}
