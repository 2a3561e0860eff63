//! Receipts as the engine keeps them.

use firsthand_core::consent::{Basis, Choice, Regime};
use uuid::Uuid;

use super::*;
use crate::privacy::chain::{Fault, Head};
use crate::privacy::ledger::{
    Action, Actor, Door, Draft, Evidence, Receipt, Said, Terms, TermsText,
};
use crate::store::conformance::{event, request};
use crate::store::{SourceKind, Store as _};

const DAY_MS: i64 = 86_400_000;

fn draft(browser: Option<u128>, answer: bool, at_ms: i64, door: Door) -> Box<Draft> {
    Box::new(Draft {
        browser: browser.map(Uuid::from_u128),
        also_known_as: None,
        said: Said {
            choice: Some(Choice::of_all(answer, 1, at_ms)),
            ..Said::default()
        },
        at_ms,
        received_at_ms: at_ms + 5,
        actor: Actor::Visitor,
        basis: "explicit".to_owned(),
        regime: Regime::OptIn,
        allowed: [answer; 4],
        bases: [Basis::Explicit; 4],
        expires_at_ms: answer.then_some(at_ms + 181 * DAY_MS),
        door,
        source: Arc::from("web"),
        origin: None,
        region: None,
        evidence: Evidence::default(),
        terms: Arc::new(Terms::from(&TermsText::default())),
    })
}

fn open() -> (tempfile::TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    (dir, store)
}

async fn receipts(store: &SqliteStore) -> Vec<Receipt> {
    let mut all = Vec::new();
    store
        .read(move |view| {
            view.walk(Chain::Receipts, |row| {
                all.push(serde_json::from_str(&row.body).unwrap());
                Ok::<_, rusqlite::Error>(())
            })?;
            Ok(all)
        })
        .await
        .unwrap()
}

async fn faults(store: &SqliteStore, pinned: Option<Head>) -> Vec<Fault> {
    let found = store
        .read(move |view| view.verify(Chain::Receipts, pinned))
        .await;
    found.unwrap().faults
}

fn append(id: &str, receipt: Box<Draft>) -> Append {
    Append {
        receipt: Some(receipt),
        ..request("web", SourceKind::Browser, vec![event("a", id)])
    }
}

#[tokio::test]
async fn a_choice_has_one_receipt_however_often_it_comes() {
    let (_dir, store) = open();
    for id in ["1", "2", "3"] {
        store
            .append(append(id, draft(Some(7), true, 100, Door::Events)))
            .await
            .unwrap();
    }
    let all = receipts(&store).await;
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].action, all[0].door, all[0].number),
        (Action::Grant, Door::Events, 1)
    );
    // The choice itself says more than the events that overtook it; sent again, it says nothing new.
    for _ in 0..2 {
        let receipt = Some(draft(Some(7), true, 100, Door::Consent));
        store.record_consent(Vec::new(), receipt).await.unwrap();
    }
    store
        .append(append("4", draft(Some(7), true, 100, Door::Events)))
        .await
        .unwrap();
    let all = receipts(&store).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].door, Door::Consent);
    assert_eq!(all[0].subject_key, all[1].subject_key);
    let told = store.read(|view| view.by_id("4")).await.unwrap();
    let basis = told[0].receipts[0].as_ref().unwrap();
    assert_eq!(basis.receipt.number, 2);
    assert_eq!(basis.terms, Some(TermsText::default()));
    assert_eq!(faults(&store, None).await, []);
}

#[tokio::test]
async fn it_is_recognised_after_a_restart_too() {
    let (dir, store) = open();
    store
        .append(append("1", draft(Some(7), true, 100, Door::Events)))
        .await
        .unwrap();
    store.close().await;
    drop(store);
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    store
        .append(append("2", draft(Some(7), true, 100, Door::Events)))
        .await
        .unwrap();
    store
        .record_consent(Vec::new(), Some(draft(Some(7), false, 200, Door::Consent)))
        .await
        .unwrap();
    let all = receipts(&store).await;
    let actions: Vec<_> = all.iter().map(|r| (r.number, r.action)).collect();
    assert_eq!(actions, [(1, Action::Grant), (2, Action::Withdraw)]);
    assert_eq!(all[0].subject_key, all[1].subject_key);
    assert_ne!(all[0].subject_key, Uuid::from_u128(7).to_string());
    let told = store.read(|view| view.by_id("1")).await.unwrap();
    let choices: Vec<_> = told[0].choices.iter().map(|v| v.receipt.action).collect();
    assert_eq!(choices, [Action::Grant, Action::Withdraw]);
    assert_eq!(faults(&store, None).await, []);
}

#[tokio::test]
async fn a_refusal_without_an_id_names_nobody() {
    let (_dir, store) = open();
    for at in [100, 100] {
        store
            .record_consent(Vec::new(), Some(draft(None, false, at, Door::Consent)))
            .await
            .unwrap();
    }
    let all = receipts(&store).await;
    assert_eq!(all.len(), 2);
    assert_ne!(all[0].subject_key, all[1].subject_key);
    assert_eq!(all[0].action, Action::Deny);
}

#[tokio::test]
async fn two_ids_of_one_browser_are_one_subject() {
    let (_dir, store) = open();
    let mut both = draft(Some(7), true, 100, Door::Consent);
    both.also_known_as = Some(Uuid::from_u128(8));
    store
        .record_consent(Vec::new(), Some(both.clone()))
        .await
        .unwrap();
    assert_eq!(receipts(&store).await.len(), 1);
    both.also_known_as = Some(Uuid::from_u128(9));
    store.record_consent(Vec::new(), Some(both)).await.unwrap();
    for browser in [8, 9] {
        let later = draft(
            Some(browser),
            false,
            200 + i64::try_from(browser).unwrap(),
            Door::Consent,
        );
        store.record_consent(Vec::new(), Some(later)).await.unwrap();
    }
    let all = receipts(&store).await;
    assert!(
        all.iter().all(|r| r.subject_key == all[0].subject_key),
        "{all:#?}"
    );
    assert_eq!(all.len(), 3);
}

#[tokio::test]
async fn a_skewed_clock_makes_no_second_choice() {
    let (_dir, store) = open();
    let mut said = draft(Some(7), true, 100, Door::Consent);
    said.at_ms = 90_000;
    store.record_consent(Vec::new(), Some(said)).await.unwrap();
    // As the page sends it again, and as the store keeps the word.
    for (id, at) in [("1", 100), ("2", 90_000)] {
        store
            .append(append(id, draft(Some(7), true, at, Door::Events)))
            .await
            .unwrap();
    }
    assert_eq!(receipts(&store).await.len(), 1);
}

#[tokio::test]
async fn the_end_of_a_grant_is_recorded_once_unless_something_came_after_it() {
    let (_dir, store) = open();
    for (browser, answer, at) in [
        (1, true, 100),
        (2, true, 200),
        (2, false, 300),
        (3, false, 400),
    ] {
        let receipt = draft(Some(browser), answer, at, Door::Consent);
        store
            .record_consent(Vec::new(), Some(receipt))
            .await
            .unwrap();
    }
    store.upkeep(180 * DAY_MS).await.unwrap();
    assert_eq!(receipts(&store).await.len(), 4, "not yet");
    for _ in 0..2 {
        store.upkeep(182 * DAY_MS).await.unwrap();
    }
    let all = receipts(&store).await;
    assert_eq!(all.len(), 5);
    assert_eq!(all[4].action, Action::Expire);
    assert_eq!(all[4].subject_key, all[0].subject_key);
    assert_eq!(faults(&store, None).await, []);
}

#[tokio::test]
async fn nobody_changes_or_deletes_a_row() {
    let (dir, store) = open();
    store
        .append(append("1", draft(Some(7), true, 100, Door::Events)))
        .await
        .unwrap();
    let conn = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    for sql in [
        "UPDATE receipts SET body = '{}'",
        "DELETE FROM receipts",
        "UPDATE terms SET body = '{}'",
        "DELETE FROM terms",
    ] {
        assert!(conn.execute(sql, []).is_err(), "{sql}");
    }
}

#[tokio::test]
async fn what_is_done_behind_the_triggers_is_found() {
    let cases: [(&str, &str, Fault); 4] = [
        (
            "changed",
            "UPDATE receipts SET body = replace(body, '\"grant\"', '\"deny\"') WHERE number = 2",
            Fault::Changed { number: 2 },
        ),
        (
            "missing",
            "DELETE FROM receipts WHERE number = 2",
            Fault::Missing { from: 2, to: 2 },
        ),
        (
            "truncated",
            "DELETE FROM receipts WHERE number = 3",
            Fault::Truncated { last: 2, known: 3 },
        ),
        (
            "terms",
            "UPDATE terms SET body = replace(body, 'contact', 'tactcon')",
            Fault::Detached {
                number: 1,
                what: format!("terms {}", Terms::from(&TermsText::default()).sha256),
            },
        ),
    ];
    for (name, sql, want) in cases {
        let (dir, store) = open();
        for browser in 1..=3 {
            let receipt = draft(Some(browser), true, 100, Door::Events);
            store
                .append(append(&browser.to_string(), receipt))
                .await
                .unwrap();
        }
        let conn = Connection::open(dir.path().join(FILE_NAME)).unwrap();
        conn.execute_batch(
            "DROP TRIGGER receipts_stay; DROP TRIGGER receipts_remain; DROP TRIGGER terms_stay;",
        )
        .unwrap();
        conn.execute(sql, []).unwrap();
        assert_eq!(faults(&store, None).await.first(), Some(&want), "{name}");
    }
}

#[tokio::test]
async fn retention_cuts_from_the_front_and_the_rest_still_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        receipt_days: 200,
        ..SqliteConfig::new(dir.path())
    };
    let store = SqliteStore::open(config).unwrap();
    for (browser, at) in [(1, 0), (2, DAY_MS), (3, 150 * DAY_MS)] {
        let receipt = draft(Some(browser), false, at, Door::Consent);
        store
            .record_consent(Vec::new(), Some(receipt))
            .await
            .unwrap();
    }
    let pinned = store
        .read(|view| view.verify(Chain::Receipts, None))
        .await
        .unwrap()
        .head;
    store.upkeep(201 * DAY_MS).await.unwrap();
    assert_eq!(receipts(&store).await.len(), 3, "rows go in groups");
    store.upkeep(210 * DAY_MS).await.unwrap();
    let left: Vec<_> = receipts(&store).await.iter().map(|r| r.number).collect();
    assert_eq!(left, [3]);
    assert_eq!(faults(&store, Some(pinned)).await, []);
    let audit = store
        .read(|view| view.verify(Chain::Audit, None))
        .await
        .unwrap();
    assert_eq!(
        (audit.rows, audit.faults.len()),
        (1, 0),
        "what went is in the audit log"
    );
    // The choice of a browser whose receipt went gets a new one.
    let again = draft(Some(1), false, 0, Door::Events);
    store.append(append("1", again)).await.unwrap();
    assert_eq!(faults(&store, None).await, []);
}
