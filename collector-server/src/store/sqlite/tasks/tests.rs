//! Erasure as the engine does it: what goes, what stays, and that a process may die in between.

use super::super::*;
use super::step;
use crate::privacy::subject::{Identifier, Kind, Standing, Subject};
use crate::privacy::task::{Asked, Counts, Receipt, Target, TaskKind, VerifiedBy};
use crate::store::conformance::{event, request};
use crate::store::sqlite::tasks::Stepped;
use crate::store::{
    ConsentChange, Outcome, OutcomeRow, Owner, Progress, Quarantined, SourceKind, Store as _,
};

fn open() -> (tempfile::TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    (dir, store)
}

fn header(browser: &str, user: &str) -> String {
    format!(r#"{{"user":{{"anonymous_id":"{browser}","user_id":"{user}"}}}}"#)
}

fn owner(browser: &str) -> Owner {
    Owner {
        id: Some(browser.to_owned()),
        ..Owner::default()
    }
}

/// A request of a browser whose header names a customer too.
fn of(store: &SqliteStore, browser: &str, user: &str, ids: &[&str]) -> Append {
    let ring = store.key_ring();
    Append {
        header: header(browser, user),
        subject: Subject {
            identifiers: vec![
                ring.identifier(Kind::AnonymousId, browser),
                ring.identifier(Kind::UserId, user),
            ],
            may_link: true,
            ..Subject::default()
        },
        owner: owner(browser),
        ..request(
            "web",
            SourceKind::Browser,
            ids.iter().map(|id| event("a", id)).collect(),
        )
    }
}

fn task(kind: TaskKind, target: Target) -> NewTask {
    NewTask {
        id: crate::privacy::id::ulid(1_000, rand::random()),
        kind,
        asked: Asked {
            actor: "anna".to_owned(),
            role: "privacy".to_owned(),
            verified_by: VerifiedBy::parse("signed in").unwrap(),
        },
        target,
        asked_at_ms: 9_000,
    }
}

fn about(identifier: Identifier) -> Target {
    Target {
        identifiers: vec![identifier],
        ..Target::default()
    }
}

async fn done(store: &SqliteStore, new: NewTask) -> Receipt {
    let id = new.id.clone();
    store.ask_task(new, None).await.unwrap();
    let view = store.task_done(&id).await.unwrap().unwrap();
    serde_json::from_str(&view.receipt.unwrap()).unwrap()
}

async fn erase(store: &SqliteStore, user: &str) -> Receipt {
    let target = about(store.key_ring().identifier(Kind::UserId, user));
    done(store, task(TaskKind::Erase, target)).await
}

async fn ids(store: &SqliteStore) -> Vec<String> {
    let log = store.read_log(0, 10_000).await.unwrap();
    log.into_iter().map(|event| event.event_id).collect()
}

async fn count(store: &SqliteStore, sql: &'static str) -> i64 {
    store
        .with_reader(move |conn| conn.query_row(sql, [], |row| row.get(0)))
        .await
        .unwrap()
}

fn retry(seq: Seq) -> OutcomeRow {
    OutcomeRow {
        seq,
        outcome: Outcome::Retry {
            at_ms: 8_000,
            reason: "status 500".to_owned(),
        },
        attempts: 1,
        at_ms: 7_000,
        attempt: None,
    }
}

#[tokio::test]
async fn everything_of_the_person_goes_and_nothing_of_others() {
    let (_dir, store) = open();
    for (browser, user, ids) in [
        ("phone", "jane", &["1", "2"][..]),
        ("other", "doe", &["3"]),
        ("desktop", "jane", &["4"]),
    ] {
        store.append(of(&store, browser, user, ids)).await.unwrap();
    }
    let mut bad = of(&store, "phone", "jane", &[]);
    bad.quarantined.push(Quarantined {
        event_id: Some("q".to_owned()),
        name: None,
        code: "invalid_name",
        message: "name is empty".to_owned(),
        payload: Some("{}".to_owned()),
    });
    store.append(bad.clone()).await.unwrap();
    let other = of(&store, "other", "doe", &[]);
    (bad.subject, bad.owner) = (other.subject, other.owner);
    store.append(bad).await.unwrap();
    for name in ["phone", "desktop", "other"] {
        let word = ConsentChange {
            anonymous_id: name.to_owned(),
            evidence: "{}".to_owned(),
            received_at_ms: 5_000,
        };
        store.record_consent(vec![word], None).await.unwrap();
    }
    // A server's copy of an order makes the whole event the person's.
    let guest = Append {
        header: header("guest", "guest"),
        owner: owner("guest"),
        ..request("web", SourceKind::Browser, vec![event("purchase", "p:1")])
    };
    store.append(guest).await.unwrap();
    let server = Append {
        source: "erp".into(),
        kind: SourceKind::Server,
        ..of(&store, "desktop", "jane", &[])
    };
    let forged = Append {
        source: "app".into(),
        ..of(&store, "phone", "jane", &["3"])
    };
    store
        .append(Append {
            events: vec![event("purchase", "p:1")],
            ..server
        })
        .await
        .unwrap();
    store.append(forged).await.unwrap();

    let target = about(store.key_ring().identifier(Kind::AnonymousId, "desktop"));
    let expected = store.read(move |view| view.dry_run(&target)).await.unwrap();
    let receipt = erase(&store, "jane").await;
    assert_eq!(receipt.counts, expected.0, "the dry run tells what will go");
    assert_eq!(
        receipt.counts,
        Counts {
            events: 4,
            copies: 2,
            quarantined: 1,
            consent_words: 2,
            ..Counts::default()
        }
    );
    assert_eq!(
        receipt.identifiers,
        serde_json::json!({ "anonymous_id": 2, "user_id": 1 })
    );
    assert_eq!(ids(&store).await, ["3"]);
    assert_eq!(
        store.read_log(0, 9).await.unwrap()[0].copies.len(),
        1,
        "a page's claim takes only itself"
    );
    assert_eq!(count(&store, "SELECT count(*) FROM quarantine").await, 1);
    assert_eq!(count(&store, "SELECT count(*) FROM consent").await, 1);
    assert_eq!(count(&store, "SELECT count(*) FROM links").await, 2);
    assert_eq!(count(&store, "SELECT count(*) FROM copies").await, 0);
    assert_eq!(
        count(
            &store,
            "SELECT count(*) FROM privacy_tasks WHERE state <> ''"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn what_was_to_be_sent_is_not_and_says_why() {
    let (_dir, store) = open();
    store
        .append(of(&store, "other", "doe", &["0"]))
        .await
        .unwrap();
    store
        .append(of(&store, "phone", "jane", &["1", "2", "3"]))
        .await
        .unwrap();
    let dead = OutcomeRow {
        outcome: Outcome::Dead {
            reason: "no".to_owned(),
        },
        ..retry(2)
    };
    let progress = Progress {
        cursor: Some(3),
        outcomes: vec![retry(1), dead, retry(3)],
        ..Progress::default()
    };
    store.commit("meta", progress).await.unwrap();
    let behind = Progress {
        cursor: Some(0),
        ..Progress::default()
    };
    store.commit("tiktok", behind).await.unwrap();
    let target = about(store.key_ring().identifier(Kind::UserId, "jane"));
    let (expected, _) = store.read(move |view| view.dry_run(&target)).await.unwrap();
    let receipt = erase(&store, "jane").await;
    assert_eq!(receipt.counts, expected);
    let counts = receipt.counts;
    // meta: one to be tried again, one not read; tiktok: none read.
    assert_eq!(
        (counts.fates, counts.dead_letters, counts.waiting),
        (2, 1, 5)
    );
    let due: Vec<Seq> = store
        .due("meta", i64::MAX, 9)
        .await
        .unwrap()
        .iter()
        .map(|d| d.seq)
        .collect();
    assert_eq!(due, [1], "others wait on");
    let erased = "SELECT count(*) FROM outcomes WHERE state = 4 AND reason LIKE 'erased%'";
    assert_eq!(count(&store, erased).await, 5);
}

#[tokio::test]
async fn who_was_erased_is_kept_out_until_let_in() {
    let (dir, store) = open();
    store
        .append(of(&store, "phone", "jane", &["1"]))
        .await
        .unwrap();
    store
        .append(of(&store, "desktop", "jane", &["2"]))
        .await
        .unwrap();
    let receipt = erase(&store, "jane").await;
    let send = async |store: &SqliteStore, browser: &str, id: &str| {
        store
            .append(of(store, browser, "someone", &[id]))
            .await
            .unwrap()[0]
    };
    assert_eq!(send(&store, "phone", "3").await, Appended::Suppressed);
    store.close().await;
    drop(store);
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    assert_eq!(send(&store, "desktop", "4").await, Appended::Suppressed);
    let key = store.key_ring().identifier(Kind::AnonymousId, "phone").key;
    let known = store.standings(vec![key]).await.unwrap();
    assert!(known[0].1.is_suppressed);

    let entries = store.read(|view| view.suppressed(9)).await.unwrap();
    assert_eq!(
        (entries.len(), entries[0].entry.as_str()),
        (1, receipt.id.as_str())
    );
    let target = Target {
        entry: Some(receipt.id),
        ..Target::default()
    };
    done(&store, task(TaskKind::Release, target)).await;
    assert_eq!(
        store.standings(vec![key]).await.unwrap(),
        Vec::<(_, Standing)>::new()
    );
    assert!(matches!(
        send(&store, "phone", "5").await,
        Appended::Accepted(_)
    ));
}

#[tokio::test]
async fn a_late_copy_does_not_bring_an_erased_event_back() {
    let (dir, store) = open();
    store
        .append(of(&store, "phone", "jane", &["1"]))
        .await
        .unwrap();
    erase(&store, "jane").await;
    let copy = || {
        request(
            "erp",
            SourceKind::Server,
            vec![event("a", "1"), event("a", "2")],
        )
    };
    assert_eq!(
        store.append(copy()).await.unwrap(),
        [Appended::Duplicate(1), Appended::Accepted(2)]
    );
    store.close().await;
    drop(store);
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    assert_eq!(
        store.append(copy()).await.unwrap()[0],
        Appended::Duplicate(1)
    );
    assert_eq!(ids(&store).await, ["2"]);
}

#[tokio::test]
async fn positions_go_on_where_they_were() {
    let (dir, store) = open();
    store
        .append(of(&store, "phone", "jane", &["1", "2"]))
        .await
        .unwrap();
    erase(&store, "jane").await;
    store.close().await;
    drop(store);
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let next = store
        .append(of(&store, "other", "doe", &["3"]))
        .await
        .unwrap();
    assert_eq!(next, [Appended::Accepted(3)]);
}

/// The process dies after any number of steps; the next one goes on, and everything is gone in the end.
#[tokio::test]
async fn an_erasure_that_was_cut_short_is_finished_by_the_next_start() {
    for steps in 0..7 {
        let dir = tempfile::tempdir().unwrap();
        let config = SqliteConfig::new(dir.path());
        let store = SqliteStore::open(config.clone()).unwrap();
        store
            .append(of(&store, "phone", "jane", &["1"]))
            .await
            .unwrap();
        store
            .append(of(&store, "other", "doe", &["2"]))
            .await
            .unwrap();
        let new = task(
            TaskKind::Erase,
            about(store.key_ring().identifier(Kind::UserId, "jane")),
        );
        store.close().await;
        drop(store);

        let path = dir.path().join(FILE_NAME);
        let mut conn = schema::open_writer(&path, &config).unwrap();
        let ring = Arc::new(keyring::open(&mut conn, dir.path(), &[]).unwrap());
        let standings = Arc::new(Standings::load(&conn).unwrap());
        let mut cache = Cache::load(&conn, &config, ring, standings).unwrap();
        super::ask(&conn, &new).unwrap();
        let finder = schema::open_reader(&path).unwrap();
        for _ in 0..steps {
            let stepped = step(&conn, &finder, &mut cache, &config, 9_500).unwrap();
            assert_eq!(stepped, Stepped::More, "{steps}");
        }
        drop((conn, finder, cache));

        let store = SqliteStore::open(config).unwrap();
        let view = store.task_done(&new.id).await.unwrap().unwrap();
        let receipt: Receipt = serde_json::from_str(&view.receipt.unwrap()).unwrap();
        assert_eq!(
            receipt.counts.events, 1,
            "counted once, after {steps} steps"
        );
        assert_eq!(ids(&store).await, ["2"], "after {steps} steps");
        let audit = count(
            &store,
            "SELECT count(*) FROM audit WHERE body LIKE '%\"erased\"%'",
        )
        .await;
        assert_eq!(audit, 1, "told once, after {steps} steps");
    }
}

/// A file of many requests is walked in slices, to its end.
#[tokio::test]
async fn a_long_log_is_walked_to_its_end() {
    let (_dir, store) = open();
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut sent = tokio::task::JoinSet::new();
    for n in 0..trace::SLICE + 50 {
        let (browser, user) = if n % 10 == 0 {
            ("phone", "jane")
        } else {
            ("other", "doe")
        };
        let append = Append {
            received_at_ms: now_ms,
            ..of(&store, browser, user, &[&n.to_string()])
        };
        let store = store.clone();
        sent.spawn(async move { store.append(append).await.unwrap() });
    }
    sent.join_all().await;
    let receipt = erase(&store, "jane").await;
    assert_eq!(receipt.counts.events, 205);
    let left = ids(&store).await;
    assert!(left.iter().all(|id| !id.ends_with('0')), "{left:?}");
    assert_eq!(
        count(&store, "SELECT count(*) FROM log WHERE events <> ''").await,
        1845
    );
}

#[tokio::test]
async fn an_exact_erasure_leaves_what_is_only_linked() {
    let (_dir, store) = open();
    store
        .append(of(&store, "phone", "jane", &["1"]))
        .await
        .unwrap();
    let alone = Append {
        header: r#"{"user":{"anonymous_id":"desktop"}}"#.to_owned(),
        owner: owner("desktop"),
        ..request("web", SourceKind::Browser, vec![event("a", "2")])
    };
    store.append(alone).await.unwrap();
    store
        .append(of(&store, "desktop", "jane", &["3"]))
        .await
        .unwrap();
    let target = Target {
        is_exact: true,
        ..about(store.key_ring().identifier(Kind::AnonymousId, "phone"))
    };
    done(&store, task(TaskKind::Erase, target)).await;
    assert_eq!(ids(&store).await, ["2", "3"]);
    assert_eq!(count(&store, "SELECT identifiers FROM people").await, 2);
}
