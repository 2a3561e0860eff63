//! Keys that change and go, and data from the time before there were any.

#![allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough

use std::path::Path;

use rusqlite::params;

use super::seal_tests::{
    ADDRESS, AGENT, ANNA, BERT, DIGEST, PAGE, count, header, holds, of, open, second, word,
};
use super::*;
use crate::privacy::keys::FILE_NAME as KEY_FILE_NAME;
use crate::privacy::keys::KeyConfig;
use crate::secret::SecretSource;
use crate::store::Store as _;

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn a_key_goes_when_it_seals_nothing_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for (person, id) in [(Some(ANNA), "1"), (None, "2"), (Some(BERT), "3")] {
        store.append(of(person, id)).await.unwrap();
    }
    store
        .record_consent(vec![word(ANNA, true, 5)], None)
        .await
        .unwrap();
    store.upkeep(31 * DAY_MS).await.unwrap();
    let left = "SELECT group_concat(id) FROM data_keys";
    let left: String = second(dir.path())
        .query_row(left, [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        left, "1,3",
        "a word and the last row of the log need theirs"
    );
    store.append(of(Some(ANNA), "4")).await.unwrap();
    assert!(
        store.read_log(3, 9).await.unwrap()[0].copies[0]
            .header
            .contains(ANNA)
    );
    store.upkeep(500 * DAY_MS).await.unwrap();
    assert_eq!(
        count(dir.path(), "SELECT min(id) FROM data_keys"),
        1,
        "the last row's"
    );
    assert_eq!(count(dir.path(), "SELECT count(*) FROM data_keys"), 1);
}

fn key(dir: &Path, id: &str, digits: &str) -> KeyConfig {
    let path = dir.join(format!("{id}.secret"));
    std::fs::write(&path, digits.repeat(32)).unwrap();
    KeyConfig {
        id: id.to_owned(),
        secret: SecretSource::File(path),
    }
}

#[tokio::test]
async fn keys_are_rotated_and_an_old_one_goes_when_nothing_needs_it() {
    let dir = tempfile::tempdir().unwrap();
    let secrets = tempfile::tempdir().unwrap();
    let a = key(secrets.path(), "a", "11");
    let b = key(secrets.path(), "b", "22");
    let with = |keys: &[&KeyConfig]| SqliteConfig {
        keys: keys.iter().map(|key| (*key).clone()).collect(),
        ..SqliteConfig::new(dir.path())
    };
    let store = SqliteStore::open(with(&[&a])).unwrap();
    for n in 0..3 {
        store.append(of(None, &n.to_string())).await.unwrap();
    }
    drop(store);
    assert!(!dir.path().join(KEY_FILE_NAME).exists());
    let refused = |keys: &[&KeyConfig]| SqliteStore::open(with(keys)).unwrap_err().to_string();
    for keys in [&[][..], &[&b][..]] {
        let why = refused(keys);
        assert!(why.contains("put") && why.contains("back"), "{why}");
    }
    assert!(
        !dir.path().join(KEY_FILE_NAME).exists(),
        "no new key for old data"
    );

    let store = SqliteStore::open(with(&[&b, &a])).unwrap();
    store.append(of(Some(ANNA), "4")).await.unwrap();
    let status = |store: &SqliteStore| {
        let store = store.clone();
        async move { store.read(|view| view.key_status()).await.unwrap() }
    };
    let keys_of = |status: KeyStatus| -> Vec<(String, i64, bool)> {
        let masters = status.masters.into_iter();
        masters
            .map(|one| (one.id, one.data_keys, one.is_needed))
            .collect()
    };
    assert_eq!(
        keys_of(status(&store).await),
        [("a".to_owned(), 3, true), ("b".to_owned(), 1, true)]
    );
    store.upkeep(1).await.unwrap();
    assert_eq!(
        keys_of(status(&store).await),
        [("a".to_owned(), 0, false), ("b".to_owned(), 4, true)]
    );
    drop(store);
    let store = SqliteStore::open(with(&[&b])).unwrap();
    assert_eq!(keys_of(status(&store).await).len(), 1);
    let log = store.read_log(0, 9).await.unwrap();
    assert!(log.iter().all(|event| event.copies[0].event.contains(PAGE)));
    drop(store);
    let other = key(secrets.path(), "b", "33");
    let why = refused(&[&other]);
    assert!(why.contains("\"b\" is not the one"), "{why}");
}

#[tokio::test]
async fn without_its_key_file_the_data_is_not_opened_and_no_new_key_made() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(of(Some(ANNA), "1")).await.unwrap();
    drop(store);
    let path = dir.path().join(KEY_FILE_NAME);
    let kept = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let why = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap_err();
    assert!(why.to_string().contains("firsthand.key back"), "{why}");
    assert!(!path.exists());
    std::fs::write(&path, kept).unwrap();
    let log = open(dir.path()).read_log(0, 9).await.unwrap();
    assert!(log[0].copies[0].header.contains(ANNA));
}

#[tokio::test]
async fn rows_of_an_older_version_are_read_as_they_are_and_sealed_in_slices() {
    let dir = tempfile::tempdir().unwrap();
    let conn = second(dir.path());
    for sql in [
        include_str!("schema/0001_log.sql"),
        include_str!("schema/0002_proof.sql"),
        "PRAGMA user_version=2; INSERT INTO sources VALUES(1, 'web', 0), (2, 'erp', 1);",
    ] {
        conn.execute_batch(sql).unwrap();
    }
    let header = header(ANNA);
    let json = format!(r#"{{"page":{{"url":"{PAGE}"}}}}"#);
    for seq in 1..=450 {
        let frame = format!("10 20 1 3 {}\na{seq:03}{json}\n", json.len());
        conn.execute(
            "INSERT INTO log(seq, n, source, received_at, header, events) VALUES(?1, 1, 1, 5, ?2, ?3)",
            params![seq, header, frame],
        )
        .unwrap();
    }
    conn.execute(
        "INSERT INTO copies(seq, source, received_at, header, event) VALUES(2, 2, 6, ?1, ?2)",
        params![header, json],
    )
    .unwrap();
    conn.execute(
        "INSERT INTO quarantine(received_at, source, code, message, payload) VALUES(5, 1, 'x', 'y', ?1)",
        params![json],
    )
    .unwrap();
    let no = word(ANNA, false, 5);
    conn.execute(
        "INSERT INTO consent VALUES(?1, ?2, 5)",
        params![ANNA, no.evidence],
    )
    .unwrap();
    let mut choice = Uuid::try_parse(ANNA).unwrap().as_bytes().to_vec();
    choice.extend([7; 14]);
    conn.execute(
        "INSERT INTO choices VALUES(?1, 0, 'subject')",
        params![choice],
    )
    .unwrap();
    conn.close().unwrap();

    let store = open(dir.path());
    let seen = store.read_log(0, 999).await.unwrap();
    assert_eq!(seen.len(), 450);
    assert_eq!(seen[1].copies.len(), 2);
    assert!(
        seen.iter()
            .all(|e| e.copies[0].header == header && e.copies[0].event == json)
    );
    assert_eq!(
        store.latest_consent(vec![ANNA.to_owned()]).await.unwrap(),
        [no]
    );
    let subject = store.key_ring().subject(ANNA);
    let found: Vec<u8> = second(dir.path())
        .query_row("SELECT key FROM choices", [], |row| row.get(0))
        .unwrap();
    assert_eq!((&found[..16], &found[16..]), (&subject[..], &[7; 14][..]));

    let clear = |store: &SqliteStore| {
        let store = store.clone();
        async move {
            store
                .read(|view| view.key_status())
                .await
                .unwrap()
                .clear_rows
        }
    };
    assert_eq!(clear(&store).await, 452);
    drop(store);
    for want in [250, 50, 0] {
        let store = open(dir.path());
        assert_eq!(store.upkeep(6).await.unwrap(), want > 0, "{want}");
        assert_eq!(clear(&store).await, want);
    }
    let store = open(dir.path());
    assert_eq!(
        store.read_log(0, 999).await.unwrap(),
        seen,
        "nothing has changed"
    );
    assert_eq!(
        count(dir.path(), "SELECT count(DISTINCT key) FROM log"),
        1,
        "one person, one key"
    );
    store.close().await;
    // What an older version has left in unused parts of pages goes with the next copy.
    let copy = tempfile::tempdir().unwrap();
    backup(dir.path(), copy.path(), &copy.path().join(KEYS_FILE_NAME)).unwrap();
    for what in [ANNA, DIGEST, ADDRESS, AGENT, "mirabelle"] {
        let found = holds(copy.path(), what.as_bytes());
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}
