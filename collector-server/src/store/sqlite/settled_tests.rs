//! Settled events are found by what is known of them, and taken back once.
#![allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough

use super::*;
use crate::store::conformance::{event, request};
use crate::store::{
    Attempt, Due, Order, Outcome, OutcomeRow, Progress, Settled, SettledEvent, SettledFilter,
    SourceKind, Store as _,
};

fn row(seq: Seq, outcome: Outcome, at_ms: i64) -> OutcomeRow {
    OutcomeRow {
        seq,
        outcome,
        attempts: 2,
        at_ms,
        attempt: Some(0),
    }
}

fn dead(reason: &str) -> Outcome {
    Outcome::Dead {
        reason: reason.to_owned(),
    }
}

/// Five events: dead, dead, suppressed, delivered, to be tried again.
async fn with_five() -> (tempfile::TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let events = (1..=5)
        .map(|n| event("purchase", &format!("p{n}")))
        .collect();
    store
        .append(request("web", SourceKind::Browser, events))
        .await
        .unwrap();
    let progress = Progress {
        cursor: Some(5),
        outcomes: vec![
            row(1, dead("meta 100 Invalid Parameter"), 10),
            row(2, dead("too old: happened 80 h ago"), 20),
            row(
                3,
                Outcome::Suppressed {
                    reason: "dry run".to_owned(),
                },
                30,
            ),
            row(4, Outcome::Delivered, 40),
            row(
                5,
                Outcome::Retry {
                    at_ms: i64::MAX,
                    reason: "http 503".to_owned(),
                },
                50,
            ),
        ],
        attempts: vec![Attempt {
            at_ms: 9,
            took_ms: 1,
            events: 5,
            status: 400,
            answer: "no".to_owned(),
        }],
        paused: None,
    };
    store.commit("meta", progress).await.unwrap();
    (dir, store)
}

async fn list(store: &SqliteStore, filter: SettledFilter, order: Order) -> Vec<SettledEvent> {
    store
        .read(move |view| view.settled("meta", &filter, order, 10))
        .await
        .unwrap()
}

fn all() -> SettledFilter {
    SettledFilter {
        states: vec![Settled::Dead, Settled::Suppressed, Settled::Delivered],
        ..SettledFilter::default()
    }
}

#[tokio::test]
async fn a_filter_means_what_it_says() {
    let (_dir, store) = with_five().await;
    let only = |states: &[Settled]| SettledFilter {
        states: states.to_vec(),
        ..SettledFilter::default()
    };
    for (filter, want) in [
        (only(&[]), vec![]),
        (only(&[Settled::Dead]), vec![1, 2]),
        (only(&[Settled::Suppressed, Settled::Delivered]), vec![3, 4]),
        (all(), vec![1, 2, 3, 4]),
        (
            SettledFilter {
                reason: Some("invalid param".to_owned()),
                ..all()
            },
            vec![1],
        ),
        (
            SettledFilter {
                since_ms: Some(20),
                until_ms: Some(40),
                ..all()
            },
            vec![2, 3],
        ),
        (
            SettledFilter {
                event_ids: vec!["p4".to_owned(), "p5".to_owned(), "p9".to_owned()],
                ..all()
            },
            vec![4],
        ),
    ] {
        let found = list(&store, filter.clone(), Order::After(0)).await;
        let seqs: Vec<Seq> = found.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, want, "{filter:?}");
    }
    let newest = list(&store, all(), Order::Newest).await;
    assert_eq!(newest.first().unwrap().seq, 4);
    let after = list(&store, all(), Order::After(2)).await;
    assert_eq!(after.first().unwrap().names(), Some(("purchase", "p3")));
    assert_eq!(after.first().unwrap().answer, Some((400, "no".to_owned())));
    let unknown = store
        .read(|view| view.settled("ga4", &all(), Order::Newest, 10))
        .await
        .unwrap();
    assert_eq!(unknown, []);
}

/// What is sealed is opened: the time that a replay looks at, and who told of it, are in it.
#[tokio::test]
async fn what_the_log_holds_of_it_is_read_through_the_vault() {
    let (dir, store) = with_five().await;
    let with_keys = list(&store, all(), Order::After(0)).await;
    let copies = |event: &SettledEvent| event.stored.as_ref().unwrap().copies.clone();
    assert!(copies(with_keys.first().unwrap())[0].event.contains("p1"));
    let path = dir.path().join(FILE_NAME);
    let without = Inspector::open(&path, |view| {
        view.settled("meta", &all(), Order::After(0), 1)
    })
    .unwrap();
    assert_eq!(copies(&without[0])[0].event, "");
}

#[tokio::test]
async fn what_waits_for_a_trusted_source_can_be_made_due() {
    let (_dir, store) = with_five().await;
    let progress = Progress {
        outcomes: vec![OutcomeRow {
            attempt: None,
            ..row(5, Outcome::Unconfirmed { until_ms: 9_000 }, 55)
        }],
        ..Progress::default()
    };
    store.commit("meta", progress).await.unwrap();
    let filter = SettledFilter {
        states: vec![Settled::Unconfirmed],
        ..SettledFilter::default()
    };
    let found = list(&store, filter, Order::After(0)).await;
    assert_eq!(found.first().unwrap().seq, 5);
    let again = Again {
        destination: "meta".to_owned(),
        seqs: vec![5],
        states: vec![Settled::Unconfirmed],
        actor: "anna".to_owned(),
        at_ms: 60,
    };
    assert_eq!(store.send_again(again).await.unwrap(), 1);
    assert_eq!(store.due("meta", 60, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_last_word_is_taken_back_once_and_stays_in_the_history() {
    let (_dir, store) = with_five().await;
    let again = Again {
        destination: "meta".to_owned(),
        seqs: vec![1, 3, 4, 5, 99],
        states: vec![Settled::Dead, Settled::Suppressed],
        actor: "anna".to_owned(),
        at_ms: 60,
    };
    assert_eq!(store.send_again(again.clone()).await.unwrap(), 2);
    assert_eq!(store.send_again(again).await.unwrap(), 0);
    let due = store.due("meta", 60, 10).await.unwrap();
    assert_eq!(
        due,
        [1, 3].map(|seq| Due {
            seq,
            attempts: 2,
            is_asked_again: true
        })
    );
    let views = store.read(|view| view.by_id("p1")).await.unwrap();
    let known: Vec<&Outcome> = views[0].destinations[0]
        .outcomes
        .iter()
        .map(|step| &step.outcome)
        .collect();
    let asked = Outcome::Retry {
        at_ms: 60,
        reason: "replay asked for by anna".to_owned(),
    };
    assert_eq!(known, [&dead("meta 100 Invalid Parameter"), &asked]);
    let left = list(&store, all(), Order::After(0)).await;
    let seqs: Vec<Seq> = left.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [2, 4]);
}

#[tokio::test]
async fn what_a_command_writes_beside_wakes_the_forwarder() {
    let (dir, store) = with_five().await;
    let mut log = store.watch();
    log.borrow_and_update();
    let mut desk = Access::open(&dir.path().join(FILE_NAME)).unwrap();
    let again = Again {
        destination: "meta".to_owned(),
        seqs: vec![1],
        states: vec![Settled::Dead],
        actor: "cli:anna".to_owned(),
        at_ms: 60,
    };
    assert_eq!(desk.send_again(&again).unwrap(), 1);
    tokio::time::timeout(std::time::Duration::from_secs(30), log.changed())
        .await
        .expect("it is noticed")
        .unwrap();
    assert_eq!(store.due("meta", 60, 10).await.unwrap().len(), 1);
}

#[test]
fn dead_letters_are_found_by_their_index() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    let conn = schema::open_writer(&path, &SqliteConfig::new(dir.path())).unwrap();
    let plan: String = conn
        .query_row(
            "EXPLAIN QUERY PLAN SELECT o.seq FROM outcomes o WHERE o.destination = ? AND o.state = 3 AND o.seq > ?
             ORDER BY o.seq LIMIT 5",
            [1, 1],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("outcomes_dead"), "{plan}");
}
