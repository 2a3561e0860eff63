//! A backup is taken while the collector works, accounts for everything before it, and can forget.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::load::{DIGEST, Load, done, engine, firsthand, stored, user, visit};
use common::{Collector, batch_of, consent, event, write_config};
use firsthand_collector::store::Store as _;
use firsthand_collector::store::sqlite::{FILE_NAME, SqliteStore};
use serde_json::Value;

const ANNA: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
const BERT: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c073990";

#[test]
fn a_backup_under_load_accounts_for_every_event_acknowledged_before() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let load = Load::start(&collector, "load");
    load.wait_for(100);
    let before = load.wait_for(100);
    let out = dir.path().join("backups/first");
    let said = done(
        dir.path(),
        &["backup", "--json", "--out", out.to_str().unwrap()],
    );
    let report: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(report["erased_requests"], 0, "{report}");
    load.end();
    drop(collector);
    let keys = rusqlite::Connection::open(out.join(FILE_NAME)).unwrap();
    let count = |sql: &str| keys.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM data_keys"), 0, "keys are apart");

    let (is_ok, said) = firsthand(dir.path(), &["backup", "--out", out.to_str().unwrap()]);
    assert!(!is_ok && said.contains("name a new directory"), "{said}");
    let (is_ok, said) = firsthand(dir.path(), &["restore", "--from", out.to_str().unwrap()]);
    assert!(!is_ok && said.contains("move it away first"), "{said}");

    let other = tempfile::tempdir().unwrap();
    write_config(other.path(), "");
    std::fs::create_dir(other.path().join("data")).unwrap();
    let (is_ok, said) = firsthand(other.path(), &["restore", "--from", out.to_str().unwrap()]);
    assert!(!is_ok && said.contains("firsthand.key back"), "{said}");
    let key = "data/firsthand.key";
    std::fs::copy(dir.path().join(key), other.path().join(key)).unwrap();
    done(other.path(), &["restore", "--from", out.to_str().unwrap()]);
    let restored = Collector::start_with(&other.path().join("collector.toml"));
    let found = stored(other.path());
    assert!(
        found
            .iter()
            .all(|(_, texts)| texts.as_ref().is_some_and(|t| t.contains(DIGEST)))
    );
    let found: BTreeSet<String> = found.into_iter().map(|(id, _)| id).collect();
    let missing: Vec<_> = before.difference(&found).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let again = batch_of(
        "pk_test",
        &consent(true),
        &user(ANNA),
        &event(before.first().unwrap()),
    );
    assert_eq!(restored.page(&again).json()["duplicates"], 1);
    visit(&restored, ANNA, "new");
    let said = done(other.path(), &["audit", "verify"]);
    assert!(said.contains("the chain is whole"), "{said}");
}

#[test]
fn a_destroyed_key_is_gone_from_older_backups_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), "");
    visit(&collector, ANNA, "anna");
    visit(&collector, BERT, "bert");
    let out = |name: &str| dir.path().join("backups").join(name).display().to_string();
    done(dir.path(), &["backup", "--out", &out("before")]);
    collector.terminate();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(engine(dir.path())).unwrap();
        let subjects = vec![store.key_ring().subject(ANNA)];
        assert_eq!(store.destroy_keys(subjects).await.unwrap(), 1);
        store.close().await;
    });
    done(dir.path(), &["backup", "--out", &out("after")]);

    let other = tempfile::tempdir().unwrap();
    write_config(other.path(), "");
    std::fs::create_dir(other.path().join("data")).unwrap();
    let key = "data/firsthand.key";
    std::fs::copy(dir.path().join(key), other.path().join(key)).unwrap();
    let said = done(other.path(), &["restore", "--from", &out("before")]);
    assert!(said.contains("erased    1 requests"), "{said}");
    let found = stored(other.path());
    assert_eq!(found.len(), 2);
    for (id, texts) in found {
        assert_eq!(texts.is_some(), id == "bert", "{id}");
    }
    let collector = Collector::start_with(&other.path().join("collector.toml"));
    let said = done(other.path(), &["explain", "anna"]);
    assert!(said.contains("erased"), "{said}");
    visit(&collector, ANNA, "anna-is-back");

    let stranger = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(stranger.path(), "");
    visit(&collector, ANNA, "1");
    let keys = dir.path().join("backups/keys.db").display().to_string();
    let args = ["backup", "--out", &out("stranger"), "--keys", &keys];
    let (is_ok, said) = firsthand(stranger.path(), &args);
    assert!(!is_ok && said.contains("keys of other data"), "{said}");
    collector.terminate();
}

#[test]
fn data_whose_chain_was_tampered_with_is_backed_up_and_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), "");
    visit(&collector, ANNA, "1");
    collector.terminate();
    let conn = rusqlite::Connection::open(dir.path().join("data").join(FILE_NAME)).unwrap();
    conn.execute_batch(
        "DROP TRIGGER receipts_stay; UPDATE receipts SET body = replace(body, 'grant', 'deny');",
    )
    .unwrap();
    conn.close().unwrap();
    let out = dir.path().join("backups/one");
    let (is_ok, said) = firsthand(dir.path(), &["backup", "--out", out.to_str().unwrap()]);
    assert!(
        !is_ok && said.contains("FAULT     receipts: row 1"),
        "{said}"
    );
    assert!(
        out.join(FILE_NAME).exists(),
        "a broken chain is no reason to have no backup"
    );
}
