//! The engine beside the model of a store.

use std::path::PathBuf;

use tempfile::TempDir;

use super::{FILE_NAME, SqliteConfig, SqliteStore};
use crate::store::model::{Engine, holds};

const DEDUP_DAYS: u32 = 2;
const RETENTION_DAYS: u32 = 4;

struct Sqlite {
    folder: TempDir,
    /// Loses everything in a crash: what the suite must see.
    is_forgetful: bool,
}

impl Sqlite {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            is_forgetful: false,
        }
    }

    fn open_here(&self) -> SqliteStore {
        SqliteStore::open(SqliteConfig {
            dedup_days: DEDUP_DAYS,
            retention_days: RETENTION_DAYS,
            destinations: vec!["meta".to_owned(), "ga4".to_owned()],
            // The log of writes is what is copied in a crash: it is not folded meanwhile.
            wal_checkpoint_pages: 1_000_000,
            ..SqliteConfig::new(self.folder.path())
        })
        .unwrap()
    }
}

impl Engine for Sqlite {
    type Store = SqliteStore;

    fn open(&mut self) -> SqliteStore {
        self.open_here()
    }

    async fn reopen(&mut self, store: SqliteStore) -> SqliteStore {
        store.close().await;
        drop(store);
        self.open_here()
    }

    /// What is on disk while the store is open is what a power cut leaves.
    async fn crash(&mut self, store: SqliteStore) -> SqliteStore {
        let left = tempfile::tempdir().unwrap();
        let is_left = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !name.ends_with("-shm") && name != "lock"
        };
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path()).filter(is_left);
        for path in paths.filter(|_| !self.is_forgetful) {
            std::fs::copy(&path, left.path().join(path.file_name().unwrap())).unwrap();
        }
        assert!(self.is_forgetful || left.path().join(FILE_NAME).exists());
        store.close().await;
        self.folder = left;
        self.open_here()
    }

    async fn upkeep(&self, store: &SqliteStore, now_ms: i64) {
        while store.upkeep(now_ms).await.unwrap() {}
    }

    fn days(&self) -> (i64, i64) {
        (DEDUP_DAYS.into(), RETENTION_DAYS.into())
    }
}

#[test]
fn the_engine_answers_what_the_model_answers() {
    holds(Sqlite::new);
}

#[test]
#[should_panic(expected = "Test failed")]
fn an_engine_that_forgets_in_a_crash_is_seen() {
    holds(|| Sqlite {
        is_forgetful: true,
        ..Sqlite::new()
    });
}
