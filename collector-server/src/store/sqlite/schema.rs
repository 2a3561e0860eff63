//! Tables and connection settings of the SQLite engine.
//!
//! One file, so that an event, its dedup key and its forwarding state share a transaction. A request
//! is one row of `log` (header once, its events framed by [`super::frame`]); a dedup key is one row of
//! `dedup`, keyed by the event id first, so that UUIDv7 ids keep to the tree's right edge.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::SqliteConfig;

/// First version without the WAL-reset race of 3.7.0 to 3.51.2.
pub(super) const OLDEST_SQLITE: i32 = 3_051_003;

/// Version of the tables, kept in `PRAGMA user_version`.
const SCHEMA_VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE sources(id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind INTEGER NOT NULL, UNIQUE(name, kind));
CREATE TABLE log(seq INTEGER PRIMARY KEY, n INTEGER NOT NULL, source INTEGER NOT NULL,
  received_at INTEGER NOT NULL, header TEXT NOT NULL, events TEXT NOT NULL);
CREATE TABLE dedup(key BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE copies(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, source INTEGER NOT NULL,
  received_at INTEGER NOT NULL, header TEXT NOT NULL, event TEXT NOT NULL, UNIQUE(seq, source));
CREATE TABLE quarantine(id INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, source INTEGER NOT NULL,
  event_id TEXT, name TEXT, code TEXT NOT NULL, message TEXT NOT NULL, payload TEXT);
CREATE INDEX quarantine_event ON quarantine(event_id);
CREATE TABLE consent(anonymous_id TEXT PRIMARY KEY, evidence TEXT NOT NULL, received_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX consent_age ON consent(received_at);
CREATE TABLE destinations(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cursor INTEGER NOT NULL DEFAULT 0, paused TEXT);
CREATE TABLE attempts(id INTEGER PRIMARY KEY, destination INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  took_ms INTEGER NOT NULL, events INTEGER NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL);
CREATE TABLE outcomes(destination INTEGER NOT NULL, seq INTEGER NOT NULL, state INTEGER NOT NULL, due_at INTEGER,
  reason TEXT, attempts INTEGER NOT NULL, at_ms INTEGER NOT NULL, attempt INTEGER,
  PRIMARY KEY(destination, seq)) WITHOUT ROWID;
CREATE INDEX outcomes_due ON outcomes(destination, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outcomes_open ON outcomes(seq) WHERE due_at IS NOT NULL;
CREATE TABLE history(id INTEGER PRIMARY KEY, destination INTEGER NOT NULL, seq INTEGER NOT NULL, state INTEGER NOT NULL,
  due_at INTEGER, reason TEXT, attempts INTEGER NOT NULL, at_ms INTEGER NOT NULL, attempt INTEGER);
CREATE INDEX history_seq ON history(seq);
CREATE TABLE upkeep(task TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
";

/// Opens the writer's connection, creating the tables in a new file.
pub(super) fn open_writer(path: &Path, config: &SqliteConfig) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(10))?;
    conn.pragma_update(None, "page_size", config.page_bytes)?;
    conn.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "cache_size", -i64::from(config.cache_kib))?;
    // `super::checkpoint` does it.
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    if config.max_mib > 0 {
        let pages = i64::from(config.max_mib) * 1024 * 1024 / i64::from(config.page_bytes);
        conn.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(()))?;
    }
    conn.set_prepared_statement_cache_capacity(64);
    create_tables(&conn)?;
    Ok(conn)
}

/// Opens the connection that folds the log into the file, and does nothing else.
pub(super) fn open_checkpointer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(conn)
}

/// Opens a connection that can only read.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.pragma_update(None, "query_only", true)?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

fn create_tables(conn: &Connection) -> rusqlite::Result<()> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == SCHEMA_VERSION {
        return Ok(());
    }
    if version > SCHEMA_VERSION {
        return Err(rusqlite::Error::InvalidParameterName(format!(
            "the data is of version {version}, this program knows {SCHEMA_VERSION}: use a newer one"
        )));
    }
    conn.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
    ))
}
