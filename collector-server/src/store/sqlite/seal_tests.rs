//! What is sealed: nothing in clear on disk, nothing that opens where it does not belong, keys that change and go.

#![allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough

use rusqlite::params;

use super::*;
use crate::privacy::keys::FILE_NAME as KEY_FILE_NAME;
use crate::secret::SecretSource;
use crate::store::conformance::{event, request};
use crate::store::{Owner, Quarantined, SourceKind};

const DAY_MS: i64 = 86_400_000;
const ANNA: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
const BERT: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c073990";
const DIGEST: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";
const ADDRESS: &str = "192.0.2.77";
const AGENT: &str = "Mozilla/5.0 (Quuxbook; rv:1)";
const PAGE: &str = "https://shop.example/account/mirabelle";

fn header(id: &str) -> String {
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

fn word(id: &str, answer: bool, at_ms: i64) -> ConsentChange {
    ConsentChange {
        anonymous_id: id.to_owned(),
        evidence: format!(
            r#"{{"regime":"opt_in","policy":1,"at":{at_ms},"marketing":{answer},"analytics":{answer}}}"#
        ),
        received_at_ms: at_ms,
    }
}

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(SqliteConfig::new(dir)).unwrap()
}

fn second(dir: &Path) -> Connection {
    let conn = Connection::open(dir.join(FILE_NAME)).unwrap();
    conn.busy_timeout(std::time::Duration::from_secs(10))
        .unwrap();
    conn
}

fn count(dir: &Path, sql: &str) -> i64 {
    second(dir).query_row(sql, [], |row| row.get(0)).unwrap()
}

fn holds(dir: &Path, what: &[u8]) -> Vec<String> {
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
        "INSERT INTO choices VALUES(?1, 1, 'subject')",
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
    for what in [ANNA, DIGEST, ADDRESS, AGENT, "mirabelle"] {
        let found = holds(dir.path(), what.as_bytes());
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}
