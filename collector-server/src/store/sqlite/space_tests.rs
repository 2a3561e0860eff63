//! A store that is short of room, on a disk that a test fills and empties.

#![allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough

use std::path::Path;
use std::sync::atomic::AtomicU64;

use super::*;
use crate::store::conformance::{event, request};
use crate::store::{ConsentChange, Outcome, OutcomeRow, Progress, Short, SourceKind, Store as _};

const MIB: u64 = 1 << 20;
const DAY_MS: i64 = 86_400_000;

fn open(config: SqliteConfig, free: &Arc<AtomicU64>) -> SqliteStore {
    let free = Arc::clone(free);
    let measure = move |_: &Path| Some(free.load(Ordering::Relaxed));
    SqliteStore::open_on(config, Box::new(measure)).unwrap()
}

fn one(id: &str) -> Append {
    request("web", SourceKind::Browser, vec![event("page_view", id)])
}

/// One event whose header takes 64 KiB.
fn large(id: &str) -> Append {
    let mut append = one(id);
    append.header = format!(r#"{{"context":{{"ua":"{}"}}}}"#, "x".repeat(64 * 1024));
    append
}

/// Waits until the store has seen how much room there is.
async fn until(store: &SqliteStore, is_right: impl Fn(&Room) -> bool) {
    let mut room = store.inner.room.clone();
    let seen = tokio::time::timeout(std::time::Duration::from_secs(30), room.wait_for(is_right));
    seen.await.expect("a look within the deadline").unwrap();
}

#[tokio::test]
async fn events_are_refused_before_the_disk_is_full_and_taken_again_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(200 * MIB));
    let store = open(SqliteConfig::new(dir.path()), &free);
    store.append(one("before")).await.unwrap();

    free.store(100 * MIB, Ordering::Relaxed);
    until(&store, |room| room.short().is_some()).await;
    let short = Short::Disk {
        free: 100 * MIB,
        min_free: 128 * MIB,
    };
    assert_eq!(
        store.append(one("short")).await,
        Err(StoreError::Full(short))
    );
    let many = store.append_all(vec![one("a"), one("b")]).await;
    assert_eq!(many, Err(StoreError::Full(short)));
    assert_eq!(store.probe().await, Err(StoreError::Full(short)));
    let words = store.trouble().unwrap().words;
    assert!(words.contains("store.min_free_mib"), "{words}");

    // What lets room be made, and a no, go on.
    let delivered = Progress {
        cursor: Some(1),
        ..Progress::default()
    };
    store.commit("meta", delivered).await.unwrap();
    let word = ConsentChange {
        anonymous_id: "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f".to_owned(),
        evidence: "{}".to_owned(),
        received_at_ms: 1,
    };
    store.record_consent(vec![word], None).await.unwrap();

    free.store(128 * MIB, Ordering::Relaxed);
    until(&store, |room| room.short().is_none()).await;
    store.append(one("after")).await.unwrap();
    store.probe().await.unwrap();
    let log = store.read_log(0, 10).await.unwrap();
    let ids: Vec<&str> = log.iter().map(|event| event.event_id.as_str()).collect();
    assert_eq!(ids, ["before", "after"]);
}

#[tokio::test]
async fn a_new_floor_counts_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(100 * MIB));
    let config = SqliteConfig::new(dir.path());
    let store = open(config.clone(), &free);
    let refused = store.append(one("1")).await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    let lower = SqliteConfig {
        min_free_mib: 0,
        ..config
    };
    store.configure(lower).await.unwrap();
    store.append(one("1")).await.unwrap();
}

fn limited(dir: &Path) -> SqliteConfig {
    SqliteConfig {
        max_log_mib: 4,
        destinations: vec!["meta".to_owned(), "ga4".to_owned()],
        ..SqliteConfig::new(dir)
    }
}

/// Fills until the door refuses. Returns how many events were taken.
async fn fill(store: &SqliteStore, prefix: &str) -> i64 {
    for n in 0..1000 {
        match store.append(large(&format!("{prefix}{n}"))).await {
            Ok(_) => {}
            Err(StoreError::Full(Short::Log { .. })) => return n,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the bound never held");
}

async fn read_to(store: &SqliteStore, destination: &str, cursor: Seq, open: Option<Seq>) {
    let outcomes = open.map(|seq| OutcomeRow {
        seq,
        outcome: Outcome::Retry {
            at_ms: i64::MAX,
            reason: "http 503".to_owned(),
        },
        attempts: 1,
        at_ms: 1,
        attempt: None,
    });
    let progress = Progress {
        cursor: Some(cursor),
        outcomes: outcomes.into_iter().collect(),
        ..Progress::default()
    };
    store.commit(destination, progress).await.unwrap();
}

/// Returns the ids that still have their content, and how many have lost it.
async fn left(store: &SqliteStore) -> (Vec<Seq>, usize) {
    let log = store.read_log(0, 10_000).await.unwrap();
    let (whole, emptied): (Vec<_>, Vec<_>) = log.iter().partition(|event| !event.copies.is_empty());
    (whole.iter().map(|event| event.seq).collect(), emptied.len())
}

#[tokio::test]
async fn the_oldest_finished_events_make_room_and_what_is_undelivered_never_does() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(u64::MAX));
    let store = open(limited(dir.path()), &free);
    let taken = fill(&store, "a").await;
    assert!((40..70).contains(&taken), "{taken}");
    assert_eq!(store.upkeep(0).await, Ok(false));
    assert_eq!(
        left(&store).await.1,
        0,
        "no destination has read anything yet"
    );

    // One has read all but has still to send the tenth; the other stands at the twentieth.
    read_to(&store, "meta", taken, Some(10)).await;
    read_to(&store, "ga4", 20, None).await;
    store.upkeep(0).await.unwrap();
    let (whole, emptied) = left(&store).await;
    assert_eq!((whole[0], emptied), (10, 9), "up to what is still open");

    until(&store, |room| room.short().is_none()).await;
    let again = store.append(large("a0")).await.unwrap();
    assert_eq!(again, [Appended::Duplicate(1)], "an emptied event is known");
    assert!(fill(&store, "b").await > 0, "there was room again");

    let audit = store
        .read(|view| {
            let mut rows = Vec::new();
            view.walk(Chain::Audit, |row| {
                rows.push(row.body);
                Ok::<_, rusqlite::Error>(())
            })?;
            Ok(rows)
        })
        .await
        .unwrap();
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert!(audit[0].contains("0 deleted, 9 emptied"), "{audit:?}");
}

#[tokio::test]
async fn what_is_old_enough_goes_whole_and_only_as_much_as_needed() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(u64::MAX));
    let config = limited(dir.path());
    let store = open(config.clone(), &free);
    let taken = fill(&store, "a").await;
    for destination in ["meta", "ga4"] {
        read_to(&store, destination, taken, None).await;
    }
    // The dedup keys are gone, the time of the events is not over.
    let later = i64::from(config.dedup_days + 1) * DAY_MS;
    store.upkeep(later).await.unwrap();
    let (whole, emptied) = left(&store).await;
    assert_eq!(emptied, 0, "{whole:?}");
    let taken = usize::try_from(taken).unwrap();
    let still_there = taken / 2..taken;
    assert!(still_there.contains(&whole.len()), "{whole:?}");
    until(&store, |room| room.short().is_none()).await;
}
