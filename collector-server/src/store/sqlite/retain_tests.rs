//! Retention by purpose on a store with a clock of its own.

#![allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough

use std::path::Path;

use firsthand_core::consent::Purpose;

use super::seal_tests::of;
use super::*;
use crate::privacy::retention::RetentionDays;
use crate::store::{Progress, SourceKind, Store as _};

const DAY_MS: i64 = 86_400_000;
const ANNA: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";

fn allowing(purposes: &[Purpose], event_id: &str, received_at_ms: i64) -> Append {
    let mut append = of(Some(ANNA), event_id);
    append.owner.allowed = Purpose::ALL.map(|purpose| purposes.contains(&purpose));
    append.received_at_ms = received_at_ms;
    append
}

fn open(dir: &Path, destinations: &[&str]) -> SqliteStore {
    SqliteStore::open(SqliteConfig {
        purpose_days: RetentionDays {
            marketing: Some(10),
            analytics: Some(20),
            ..RetentionDays::default()
        },
        destinations: destinations.iter().map(|name| (*name).to_owned()).collect(),
        ..SqliteConfig::new(dir)
    })
    .unwrap()
}

async fn seen(store: &SqliteStore) -> Vec<(String, bool, bool)> {
    let log = store.read_log(0, 999).await.unwrap();
    log.into_iter()
        .map(|event| {
            let header = &event.copies[0].header;
            let holds = |what: &str| header.contains(what);
            assert_eq!(holds("\"em\""), holds("gclid"), "{header}");
            assert!(holds(ANNA) && event.copies[0].event.contains("mirabelle"));
            (event.event_id.clone(), holds("\"em\""), holds("192.0.2.77"))
        })
        .collect()
}

async fn audit(store: &SqliteStore) -> Vec<String> {
    let rows = store.read(|view| {
        let mut rows = Vec::new();
        view.walk(Chain::Audit, |row| {
            rows.push(row.body);
            Ok::<_, rusqlite::Error>(())
        })?;
        Ok(rows)
    });
    rows.await.unwrap()
}

#[tokio::test]
async fn what_a_purpose_justified_goes_when_its_time_is_over() {
    use Purpose::{Analytics, Marketing, Personalization, ThirdPartySharing};
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &[]);
    for (id, purposes) in [
        (
            "all",
            &[Marketing, Analytics, Personalization, ThirdPartySharing][..],
        ),
        ("ads", &[Marketing, ThirdPartySharing][..]),
        ("both", &[Marketing, Analytics, ThirdPartySharing][..]),
    ] {
        store.append(allowing(purposes, id, 0)).await.unwrap();
    }
    let copy = Append {
        source: Arc::from("erp"),
        kind: SourceKind::Server,
        ..allowing(&[Marketing, Analytics, ThirdPartySharing], "all", 0)
    };
    store.append(copy).await.unwrap();
    let whole = |id: &str| (id.to_owned(), true, true);
    let bare = |id: &str| (id.to_owned(), false, false);
    store
        .append(allowing(&[Analytics], "young", 30 * DAY_MS))
        .await
        .unwrap();

    store.upkeep(10 * DAY_MS + 1).await.unwrap();
    assert_eq!(
        seen(&store).await.len(),
        4,
        "work waits for a day, and then is done at once"
    );
    assert!(audit(&store).await.is_empty());
    store.upkeep(11 * DAY_MS + 1).await.unwrap();
    let left = seen(&store).await;
    assert_eq!(left, [bare("all"), bare("both"), whole("young")]);
    let copy = &store.read_events(vec![1]).await.unwrap()[0].copies[1];
    assert!(
        !copy.header.contains("gclid"),
        "copies too: {}",
        copy.header
    );
    let told = audit(&store).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("marketing up to event 3: 1 deleted, 2 without match keys"),
        "{told:?}"
    );
    store.upkeep(12 * DAY_MS).await.unwrap();
    assert_eq!(audit(&store).await.len(), 1, "what is done is done once");

    store.upkeep(21 * DAY_MS + 1).await.unwrap();
    let left = seen(&store).await;
    assert_eq!(
        left,
        [bare("all"), whole("young")],
        "personalization keeps it"
    );
    assert!(
        store
            .read(|view| view.verify(Chain::Audit, None))
            .await
            .unwrap()
            .faults
            .is_empty()
    );
}

#[tokio::test]
async fn a_purpose_never_ends_before_a_destination_has_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &["meta"]);
    for n in 0..3 {
        let append = allowing(
            &[Purpose::Marketing, Purpose::ThirdPartySharing],
            &n.to_string(),
            0,
        );
        store.append(append).await.unwrap();
    }
    store.upkeep(25 * DAY_MS).await.unwrap();
    assert_eq!(seen(&store).await.len(), 3);
    let progress = |cursor| Progress {
        cursor: Some(cursor),
        ..Progress::default()
    };
    store.commit("meta", progress(1)).await.unwrap();
    store.upkeep(25 * DAY_MS).await.unwrap();
    assert_eq!(seen(&store).await.len(), 2);
    store.commit("meta", progress(3)).await.unwrap();
    store.upkeep(25 * DAY_MS).await.unwrap();
    assert_eq!(
        seen(&store).await.len(),
        1,
        "the last row holds the position"
    );
}

#[tokio::test]
async fn a_long_run_goes_on_where_it_stopped_and_is_one_audit_row() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &[]);
    for n in 0..450 {
        let append = allowing(&[Purpose::Marketing], &n.to_string(), 0);
        store.append(append).await.unwrap();
    }
    store
        .append(allowing(&[Purpose::Marketing], "last", DAY_MS))
        .await
        .unwrap();
    let now_ms = 11 * DAY_MS + 1;
    assert!(store.upkeep(now_ms).await.unwrap());
    drop(store);
    let store = open(dir.path(), &[]);
    while store.upkeep(now_ms).await.unwrap() {}
    assert_eq!(seen(&store).await.len(), 1);
    let told = audit(&store).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("450 deleted"), "{told:?}");
}
