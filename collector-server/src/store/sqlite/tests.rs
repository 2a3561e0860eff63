#![allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough

use std::cell::RefCell;

use super::*;
use crate::store::conformance::{event, request, suite};
use crate::store::{
    ConsentChange, Outcome, OutcomeRow, Progress, Quarantined, SourceKind, Store as _, StoredEvent,
};

const DAY_MS: i64 = 86_400_000;

fn web(id: &str, received_at_ms: i64) -> Append {
    Append {
        received_at_ms,
        ..request("web", SourceKind::Browser, vec![event("a", id)])
    }
}

#[tokio::test]
async fn the_engine_conforms() {
    let dirs = RefCell::new(Vec::new());
    suite(|| {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
        dirs.borrow_mut().push(dir);
        store
    })
    .await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(dir.path());
    let store = SqliteStore::open(config.clone()).unwrap();
    store.append(web("1", 1)).await.unwrap();
    store
        .record_consent(
            vec![ConsentChange {
                anonymous_id: "v".to_owned(),
                evidence: "no".to_owned(),
                received_at_ms: 1,
            }],
            None,
        )
        .await
        .unwrap();
    store.close().await;
    assert_eq!(store.append(web("2", 1)).await, Err(StoreError::Closed));
    drop(store);
    let store = SqliteStore::open(config).unwrap();
    assert_eq!(*store.watch().borrow(), 1);
    assert_eq!(
        store.append(web("1", 2)).await.unwrap(),
        [Appended::Duplicate(1)]
    );
    assert_eq!(
        store.append(web("2", 2)).await.unwrap(),
        [Appended::Accepted(2)]
    );
    let consent = store.latest_consent(vec!["v".to_owned()]).await.unwrap();
    assert_eq!(consent.len(), 1);
}

#[tokio::test]
async fn a_directory_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let second = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap_err();
    assert!(
        second.to_string().contains("in use by another process"),
        "{second}"
    );
    store.close().await;
}

#[tokio::test]
async fn a_damaged_file_is_moved_aside_and_the_door_opens() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE_NAME), vec![7u8; 9000]).unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    assert_eq!(
        store.append(web("1", 1)).await.unwrap(),
        [Appended::Accepted(1)]
    );
    let kept = std::fs::read_dir(dir.path())
        .unwrap()
        .filter(|f| {
            f.as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .contains("damaged")
        })
        .count();
    assert_eq!(kept, 1, "the damaged bytes are kept");
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        max_mib: 1,
        ..SqliteConfig::new(dir.path())
    };
    let store = SqliteStore::open(config.clone()).unwrap();
    let mut big = web("0", 1);
    big.header = "x".repeat(200_000);
    let mut accepted = Vec::new();
    let refusal = loop {
        big.events = vec![event("a", &accepted.len().to_string())];
        match store.append(big.clone()).await {
            Ok(_) => accepted.push(accepted.len()),
            Err(error) => break error,
        }
        assert!(accepted.len() < 100, "the bound never held");
    };
    assert!(matches!(refusal, StoreError::Unavailable(_)), "{refusal}");
    let trouble = store.trouble().map(|trouble| trouble.words);
    assert_eq!(trouble.as_deref(), Some("database or disk is full"));
    assert!(store.append(big.clone()).await.is_err());
    store.append(web("small", 1)).await.unwrap();
    let log = store.read_log(0, 1000).await.unwrap();
    assert_eq!(
        log.len(),
        accepted.len() + 1,
        "what was refused is not there, what was answered is"
    );
    store.close().await;
    drop(store);
    let store = SqliteStore::open(SqliteConfig {
        max_mib: 8,
        ..config
    })
    .unwrap();
    assert!(matches!(
        store.append(big).await.unwrap()[..],
        [Appended::Accepted(_)]
    ));
}

#[tokio::test]
async fn more_than_may_wait_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        queue_requests: 4,
        ..SqliteConfig::new(dir.path())
    };
    let store = SqliteStore::open(config).unwrap();
    let many: Vec<_> = (0..400)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.append(web(&n.to_string(), 1)).await })
        })
        .collect();
    let mut accepted = 0;
    for task in many {
        match task.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(error) => assert_eq!(error, StoreError::Overloaded),
        }
    }
    assert_eq!(store.read_log(0, 1000).await.unwrap().len(), accepted);
    assert_eq!(store.waiting_bytes(), 0);
}

#[tokio::test]
async fn what_is_old_is_forgotten_but_never_what_was_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        destinations: vec!["meta".to_owned()],
        ..SqliteConfig::new(dir.path())
    };
    let store = SqliteStore::open(config).unwrap();
    for n in 1..=4 {
        store.append(web(&n.to_string(), 0)).await.unwrap();
    }
    store.append(web("young", 39 * DAY_MS)).await.unwrap();

    store.upkeep(8 * DAY_MS).await.unwrap();
    assert_eq!(
        store.append(web("1", 8 * DAY_MS)).await.unwrap(),
        [Appended::Accepted(6)],
        "the key is free again after dedup_days"
    );
    store.upkeep(40 * DAY_MS).await.unwrap();
    assert_eq!(
        store.read_log(0, 99).await.unwrap().len(),
        6,
        "nothing goes before the destination has read it"
    );
    let retry = OutcomeRow {
        seq: 3,
        outcome: Outcome::Retry {
            at_ms: 1,
            reason: String::new(),
        },
        attempts: 1,
        at_ms: 1,
        attempt: None,
    };
    let read_all = Progress {
        cursor: Some(6),
        outcomes: vec![retry.clone()],
        ..Progress::default()
    };
    store.commit("meta", read_all).await.unwrap();
    store.upkeep(40 * DAY_MS).await.unwrap();
    let seqs = |log: Vec<StoredEvent>| log.iter().map(|e| e.seq).collect::<Vec<_>>();
    assert_eq!(
        seqs(store.read_log(0, 99).await.unwrap()),
        [3, 4, 5, 6],
        "what waits for a second look stays"
    );
    let done = Progress {
        outcomes: vec![OutcomeRow {
            outcome: Outcome::Delivered,
            ..retry
        }],
        ..Progress::default()
    };
    store.commit("meta", done).await.unwrap();
    store.upkeep(40 * DAY_MS).await.unwrap();
    assert_eq!(seqs(store.read_log(0, 99).await.unwrap()), [5, 6]);
    store.upkeep(400 * DAY_MS).await.unwrap();
    assert_eq!(
        seqs(store.read_log(0, 99).await.unwrap()),
        [6],
        "the last row holds the position"
    );
}

#[tokio::test]
async fn the_quarantine_is_bounded_by_count_and_age() {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        quarantine_rows: 3,
        ..SqliteConfig::new(dir.path())
    };
    let store = SqliteStore::open(config).unwrap();
    for n in 0..5 {
        let mut bad = web("x", 1);
        bad.events.clear();
        bad.quarantined.push(Quarantined {
            event_id: Some(format!("q{n}")),
            name: None,
            code: "invalid_id",
            message: "id is empty".to_owned(),
            payload: None,
        });
        store.append(bad).await.unwrap();
    }
    let rows = store.read(|view| view.quarantine(None, 9)).await.unwrap();
    let ids: Vec<_> = rows.iter().filter_map(|r| r.event_id.as_deref()).collect();
    assert_eq!(ids, ["q4", "q3", "q2"]);
    store.upkeep(31 * DAY_MS).await.unwrap();
    assert_eq!(store.read(|view| view.quarantine_rows()).await.unwrap(), 0);
}

#[tokio::test]
async fn the_life_of_an_event_can_be_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    store.append(web("e1", 1)).await.unwrap();
    let step = |outcome, at_ms, status| Progress {
        cursor: Some(1),
        outcomes: vec![OutcomeRow {
            seq: 1,
            outcome,
            attempts: 1,
            at_ms,
            attempt: Some(0),
        }],
        attempts: vec![crate::store::Attempt {
            at_ms,
            took_ms: 3,
            events: 1,
            status,
            answer: format!("said {status}"),
        }],
        paused: None,
    };
    let retry = Outcome::Retry {
        at_ms: 50,
        reason: "status 500".to_owned(),
    };
    store.commit("meta", step(retry, 10, 500)).await.unwrap();
    store
        .commit("meta", step(Outcome::Delivered, 60, 200))
        .await
        .unwrap();
    let told = store.read(|view| view.by_id("e1")).await.unwrap();
    assert_eq!(told.len(), 1);
    let statuses: Vec<_> = told[0].destinations[0]
        .outcomes
        .iter()
        .filter_map(|o| o.attempt.as_ref().map(|a| a.status))
        .collect();
    assert_eq!(statuses, [500, 200]);
    assert_eq!(
        told[0].destinations[0].outcomes.last().unwrap().outcome,
        Outcome::Delivered
    );
    assert!(
        store
            .read(|view| view.by_id("e2"))
            .await
            .unwrap()
            .is_empty()
    );
    let newest = store.read(|view| view.newest(5)).await.unwrap();
    assert_eq!(newest[0].stored.event_id, "e1");
}

#[tokio::test]
async fn a_destination_that_is_not_configured_any_more_holds_nothing_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    for id in ["1", "2"] {
        store.append(web(id, 1)).await.unwrap();
    }
    let waiting = Progress {
        cursor: Some(2),
        outcomes: vec![OutcomeRow {
            seq: 1,
            outcome: Outcome::Retry {
                at_ms: 5,
                reason: "status 500".to_owned(),
            },
            attempts: 1,
            at_ms: 1,
            attempt: None,
        }],
        ..Progress::default()
    };
    store.commit("removed", waiting).await.unwrap();
    store.upkeep(40 * DAY_MS).await.unwrap();
    let log = store.read_log(0, 99).await.unwrap();
    assert_eq!(log.iter().map(|e| e.seq).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn an_older_choice_that_arrives_late_never_replaces_a_withdrawal() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let word = |said_ms: i64, answer: bool, received_at_ms: i64| ConsentChange {
        anonymous_id: "v".to_owned(),
        evidence: format!(r#"{{"policy":1,"at":{said_ms},"marketing":{answer}}}"#),
        received_at_ms,
    };
    let withdrawal = word(200, false, 210);
    for change in [withdrawal.clone(), word(100, true, 300)] {
        store.record_consent(vec![change], None).await.unwrap();
    }
    let known = store.latest_consent(vec!["v".to_owned()]).await.unwrap();
    assert_eq!(known, [withdrawal]);
    // A clock that runs ahead must not make a word the last one for ever.
    let (ahead, next) = (word(9_000, true, 400), word(500, false, 510));
    for change in [ahead, next.clone()] {
        store.record_consent(vec![change], None).await.unwrap();
    }
    let known = store.latest_consent(vec!["v".to_owned()]).await.unwrap();
    assert_eq!(known, [next]);
}

#[tokio::test]
async fn the_write_ahead_log_starts_again_while_the_store_is_busy() {
    const REQUESTS: i64 = 1500;
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        wal_checkpoint_pages: 64,
        ..SqliteConfig::new(dir.path())
    };
    let store = SqliteStore::open(config).unwrap();
    for n in 0..REQUESTS {
        store.append(web(&format!("e{n}"), n)).await.unwrap();
    }
    let log = dir.path().join(format!("{FILE_NAME}-wal"));
    let log_pages = std::fs::metadata(&log).unwrap().len() / 4096;
    // Each request writes two pages at least.
    assert!(
        log_pages < u64::try_from(REQUESTS).unwrap(),
        "{log_pages} pages: nothing was folded in"
    );
    store.close().await;
    drop(store);
    assert!(!log.exists(), "the last connection folds everything in");
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    assert_eq!(*store.watch().borrow(), REQUESTS);
}

#[tokio::test]
async fn a_copy_that_comes_after_the_event_was_sent_is_late() {
    use crate::store::{Attempt, Outcome, OutcomeRow, Progress, SourceKind};
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let copy = |source: &str, kind, received_at_ms| Append {
        received_at_ms,
        ..request(source, kind, vec![event("purchase", "purchase:1")])
    };
    let told = |source: &str, at_ms| copy(source, SourceKind::Server, at_ms);
    store
        .append(copy("web", SourceKind::Browser, 5_000))
        .await
        .unwrap();
    store.append(told("in time", 5_500)).await.unwrap();
    // It arrives while the platform's answer is awaited.
    store.append(told("meanwhile", 6_500)).await.unwrap();
    let sent = Progress {
        cursor: Some(1),
        outcomes: vec![OutcomeRow {
            seq: 1,
            outcome: Outcome::Delivered,
            attempts: 1,
            at_ms: 7_000,
            attempt: Some(0),
        }],
        attempts: vec![Attempt {
            at_ms: 6_000,
            took_ms: 1_000,
            events: 1,
            status: 200,
            answer: String::new(),
        }],
        ..Progress::default()
    };
    store.commit("meta", sent).await.unwrap();
    store.append(told("after", 8_000)).await.unwrap();
    let views = store.read(|view| view.by_id("purchase:1")).await.unwrap();
    let copies = views[0]
        .stored
        .copies
        .iter()
        .map(|copy| copy.source.as_str());
    let late: Vec<_> = copies.zip(views[0].late.iter().copied()).collect();
    assert_eq!(
        late,
        [
            ("web", false),
            ("in time", false),
            ("meanwhile", true),
            ("after", true)
        ]
    );
    assert_eq!(views[0].destinations[0].outcomes.len(), 1, "sent once");
}
