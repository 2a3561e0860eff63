//! Backups that were bent, byte by byte or row by row, come back, or are refused and leave nothing behind; what came back is read to its last row,
//! and a collector starts on it.
//!
//! The first byte says what is bent, and whether data or keys: bytes (`place: 3, length: 1, bytes`, repeated) or values of rows
//! (`table, column, type, length, value`, repeated).
#![no_main]

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use firsthand_collector::admit::{Connection, Sender, admit};
use firsthand_collector::explain::event_json;
use firsthand_collector::privacy::audit::{Entry, Outcome};
use firsthand_collector::privacy::task::{Asked, Target, TaskKind, VerifiedBy};
use firsthand_collector::privacy::tokens::{self, Role};
use firsthand_collector::store::sqlite::{
    Access, Chain, FILE_NAME, Inspector, NewTask, SqliteConfig, SqliteStore, backup, restore,
};
use firsthand_collector::store::{SourceKind, Store as _};
use firsthand_core::wire::decode_batch;
use firsthand_fuzz::{rules, scratch};
use libfuzzer_sys::fuzz_target;
use rusqlite::types::Value;

const NOW_MS: i64 = 1_795_471_200_000;
const MOST: usize = 1000;

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.build().expect("a runtime")
});

/// A folder with `bak/firsthand.db`, `keys.db` and the key file in `data`.
static BASE: LazyLock<PathBuf> = LazyLock::new(|| {
    let dir = scratch("backup");
    let data = dir.join("data");
    std::fs::create_dir_all(&data).expect("a folder for data");
    RUNTIME.block_on(fill(&data));
    backup(&data, &dir.join("bak"), &dir.join("keys.db")).expect("a backup");
    for name in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("{FILE_NAME}{name}")));
    }
    dir
});

async fn fill(data: &Path) {
    let connection = Connection {
        ip: Some(Cow::Borrowed("203.0.113.9")),
        ..Connection::default()
    };
    let store = SqliteStore::open(SqliteConfig::new(data)).expect("a store");
    for (source, kind) in [("page", SourceKind::Browser), ("shop", SourceKind::Server)] {
        let body = include_str!("../seeds/admission/granted");
        let sender = Sender {
            source: source.into(),
            kind,
            default_phone_country: None,
        };
        let batch = decode_batch(body).expect("a batch");
        let admitted = admit(&rules(), &sender, &connection, None, batch, body, NOW_MS);
        assert!(!admitted.append.events.is_empty() || !admitted.append.quarantined.is_empty());
        store.append(admitted.append).await.expect("kept");
    }
    let task = NewTask {
        id: "01ARYZ6S410000000000000000".to_owned(),
        kind: TaskKind::Suppress,
        asked: Asked {
            actor: "anna".to_owned(),
            role: "privacy".to_owned(),
            verified_by: VerifiedBy::parse("account login").expect("words"),
        },
        target: Target {
            identifiers: Vec::new(),
            seqs: vec![1],
            is_exact: false,
            entry: None,
        },
        asked_at_ms: NOW_MS,
    };
    store.ask_task(task, None).await.expect("written down");
    store
        .task_done("01ARYZ6S410000000000000000")
        .await
        .expect("done");
    store
        .destination_state("meta")
        .await
        .expect("a destination");
    store.close().await;
    let mut access = Access::open(&data.join(FILE_NAME)).expect("the data");
    let (_, token) = tokens::make("anna", Role::Privacy, (7, 9), NOW_MS).expect("a token");
    let entry = Entry {
        at_ms: NOW_MS,
        actor: "cli:anna".to_owned(),
        role: "system".to_owned(),
        action: "token.create",
        what: "anna".to_owned(),
        outcome: Outcome::Done,
    };
    access.add_token(&token, &entry).expect("kept");
}

fuzz_target!(|bytes: &[u8]| {
    let [which, edits @ ..] = bytes else { return };
    let base = BASE.as_path();
    let work = base.join("work");
    let _ = std::fs::remove_dir_all(&work);
    std::fs::create_dir_all(work.join("data")).expect("a folder");
    let (from, keys, data) = (
        work.join(FILE_NAME),
        work.join("keys.db"),
        work.join("data"),
    );
    std::fs::copy(base.join("bak").join(FILE_NAME), &from).expect("a copy");
    std::fs::copy(base.join("keys.db"), &keys).expect("a copy");
    for file in std::fs::read_dir(base.join("data"))
        .expect("the keys")
        .flatten()
    {
        std::fs::copy(file.path(), data.join(file.file_name())).expect("a copy");
    }
    let bent = if which & 1 == 0 { &from } else { &keys };
    if which & 2 == 0 {
        bend_bytes(bent, edits);
    } else {
        bend_rows(bent, edits);
    }
    let config = SqliteConfig {
        min_free_mib: 0,
        readers: 1,
        ..SqliteConfig::new(&data)
    };
    match restore(&work, &keys, &config) {
        Ok(_) => look(&config, !edits.is_empty()),
        Err(error) => {
            assert!(!edits.is_empty(), "a whole backup is refused: {error}");
            assert!(!data.join(FILE_NAME).exists(), "left behind: {error}");
        }
    }
});

/// Reads everything there is. What cannot be read is an error of its own, and the rest is read.
fn look(config: &SqliteConfig, is_bent: bool) {
    let _ = Inspector::open_with_keys(config, |view| {
        let events = view.newest(MOST);
        assert!(is_bent || events.as_ref().is_ok_and(|events| !events.is_empty()));
        for event in events.unwrap_or_default() {
            let json = event_json(&event, &["meta".to_owned()]);
            assert!(json.is_object());
        }
        let _ = view.quarantine(None, MOST);
        let _ = view.sources();
        let _ = view.tokens();
        let _ = view.suppressed(MOST);
        let _ = view.key_status();
        let _ = view.task("01ARYZ6S410000000000000000");
        for chain in [Chain::Receipts, Chain::Audit] {
            let _ = view.verify(chain, None);
            let _ = view.anchor(chain);
        }
        Ok(())
    });
    let Ok(store) = SqliteStore::open(config.clone()) else {
        return;
    };
    RUNTIME.block_on(async {
        let seqs = match store.read_log(0, MOST).await {
            Ok(events) => events.iter().map(|event| event.seq).collect(),
            Err(_) => Vec::new(),
        };
        let _ = store.read_events(seqs).await;
        let _ = store.destination_state("meta").await;
        let _ = store.due("meta", i64::MAX, MOST).await;
        let _ = store
            .latest_consent(vec!["0199d2a4-79b0-7cc3-98c4-dc0c0c07398f".to_owned()])
            .await;
        store.close().await;
    });
}

fn bend_bytes(path: &Path, mut edits: &[u8]) {
    let mut file = std::fs::read(path).expect("a file");
    while let [a, b, c, length, rest @ ..] = edits {
        let place = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let (bytes, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        let place = place % file.len();
        for (slot, byte) in file[place..].iter_mut().zip(bytes) {
            *slot = *byte;
        }
        edits = rest;
    }
    std::fs::write(path, file).expect("a file");
}

fn bend_rows(path: &Path, mut edits: &[u8]) {
    let conn = rusqlite::Connection::open(path).expect("a file");
    let names = |sql: &str| -> Vec<String> {
        let mut rows = conn.prepare(sql).expect("a query");
        let names = rows.query_map([], |row| row.get(0)).expect("names");
        names.map(|name| name.expect("a name")).collect()
    };
    for trigger in names("SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
        conn.execute_batch(&format!("DROP TRIGGER {trigger}"))
            .expect("a trigger");
    }
    let tables =
        names("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    while let [table, column, kind, length, rest @ ..] = edits {
        let (bytes, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        edits = rest;
        let table = &tables[usize::from(*table) % tables.len()];
        let columns = names(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let column = &columns[usize::from(*column) % columns.len()];
        let value = match kind % 5 {
            0 => Value::Null,
            1 => Value::Integer(
                bytes
                    .iter()
                    .fold(-1, |all: i64, b| all << 8 | i64::from(*b)),
            ),
            2 => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            3 => Value::Real(f64::from(bytes.len() as u32) * 1e18),
            _ => Value::Blob(bytes.to_vec()),
        };
        // What the table itself refuses was not bent.
        let _ = conn.execute(&format!("UPDATE {table} SET {column} = ?1"), [value]);
    }
}
