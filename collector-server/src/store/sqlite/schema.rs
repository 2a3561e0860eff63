//! Connection settings of the SQLite engine; the tables are in `schema/`, version by version.
//!
//! One file, so that an event, its dedup key and its forwarding state share a transaction. A request
//! is one row of `log` (header once, its events framed by [`super::frame`]); a dedup key is one row of
//! `dedup`, keyed by the event id first, so that UUIDv7 ids keep to the tree's right edge.

mod migrations;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

pub use self::migrations::OpenError;
use self::migrations::{MIGRATIONS, migrate, require_current};
use super::SqliteConfig;
use crate::private;

/// First version without the WAL-reset race of 3.7.0 to 3.51.2.
pub(super) const OLDEST_SQLITE: i32 = 3_051_003;

/// Makes a file that is not there yet, for its owner's eyes alone; `SQLite` gives the log beside it the same mode. Where that fails, `SQLite`
/// says why in its own words.
fn make_private(path: &Path) {
    if let Err(error) = private::create_new(path)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        tracing::debug!(%error, "the data file could not be made");
    }
}

/// Opens the writer's connection; makes the tables of a new file, brings those of an older one up to date.
pub(super) fn open_writer(path: &Path, config: &SqliteConfig) -> Result<Connection, OpenError> {
    make_private(path);
    let mut conn = Connection::open_with_flags(
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
    conn.set_prepared_statement_cache_capacity(96);
    // A version may leave behind tables and indexes that hold what is sealed from now on.
    overwrite_all_deleted(&conn)?;
    let found = migrate(&mut conn, MIGRATIONS)?;
    overwrite_usual_deleted(&conn)?;
    if let (1.., Some(newest)) = (found, MIGRATIONS.last())
        && found < newest.version
    {
        tracing::info!(
            from = found,
            to = newest.version,
            "the data was brought up to date"
        );
    }
    Ok(conn)
}

/// What is deleted from now on is overwritten, pages that are given up too.
pub(super) fn overwrite_all_deleted(conn: &Connection) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA secure_delete=ON", [], |_| Ok(()))
}

/// The usual: what is deleted is overwritten where that costs no further page.
pub(super) fn overwrite_usual_deleted(conn: &Connection) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA secure_delete=FAST", [], |_| Ok(()))
}

/// Opens the connection that folds the log into the file, and does nothing else.
pub(super) fn open_checkpointer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = open_second(path)?;
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(conn)
}

/// Opens a connection that writes beside a running collector; the file must be of this program's version.
pub(super) fn open_beside(path: &Path) -> Result<Connection, OpenError> {
    let conn = open_second(path)?;
    conn.busy_timeout(Duration::from_secs(10))?;
    require_current(&conn, MIGRATIONS)?;
    Ok(conn)
}

/// Refuses a file of another version than this program's.
pub(super) fn require_this_version(conn: &Connection) -> Result<(), OpenError> {
    require_current(conn, MIGRATIONS)
}

fn open_second(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    Ok(conn)
}

/// Opens a connection that can only read a file of this program's version.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let conn = open_any(path)?;
    require_current(&conn, MIGRATIONS)?;
    Ok(conn)
}

/// Opens a connection that can only read, whatever version has written the file.
pub(super) fn open_any(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.pragma_update(None, "query_only", true)?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}
