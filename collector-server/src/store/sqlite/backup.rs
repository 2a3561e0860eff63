//! Backups that can forget: the data without its keys, and the keys in a small file of their own.
//!
//! A backup is taken while the collector runs, of one moment. The data keys stand in a keys file that every
//! backup replaces, so that a key that was destroyed is gone from all backups once the keys file was replaced
//! the next time: what it sealed is noise in every one of them. The list of those who are kept out travels with
//! the keys, so that who was erased stays out whichever backup comes back. Deleted rows are not in a backup,
//! because the copy is written anew (`VACUUM`).

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde::Serialize;

use super::opening::lock_dir;
use super::proof::{self, Chain};
use super::schema::OpenError;
use super::{FILE_NAME, SqliteConfig, keyring, schema};
use crate::privacy::chain::Head;
use crate::private;
use crate::store::Seq;

/// Usual name of the keys file.
pub const KEYS_FILE_NAME: &str = "keys.db";

/// Pages that are copied at a time.
const PAGES: i32 = 4096;

/// Why there is no backup, or why it cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file could not be made, moved or read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The data cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// SQLite's own words.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The keys file is of other data.
    #[error("{0} holds the keys of other data: name another file with --keys")]
    ForeignKeys(String),
    /// The copy is not whole.
    #[error("the copy is not whole: {0}")]
    Damaged(String),
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// The data.
    pub data: PathBuf,
    /// The keys.
    pub keys: PathBuf,
    /// Bytes of the data.
    pub bytes: u64,
    /// Position of the last event.
    pub last_event: Seq,
    /// Requests in the log.
    pub requests: i64,
    /// Requests whose key was destroyed, or is not in the keys file.
    pub erased_requests: i64,
    /// How many keys there are.
    pub data_keys: i64,
    /// Last receipt: its number and hash.
    pub receipts: (i64, String),
    /// Last row of the audit log: its number and hash.
    pub audit: (i64, String),
    /// What is wrong with the chains in the data itself; empty when they are whole.
    pub faults: Vec<String>,
}

fn failed(path: &Path, reason: &dyn std::fmt::Display) -> BackupError {
    BackupError::File {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}

fn beside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.part", path.display()))
}

/// Removes what an earlier attempt has left.
fn fresh(path: &Path) -> Result<PathBuf, BackupError> {
    let part = beside(path);
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let left = PathBuf::from(format!("{}{suffix}", part.display()));
        match std::fs::remove_file(&left) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&left, &error)),
        }
    }
    Ok(part)
}

fn open_copy(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    Ok(conn)
}

/// Puts a finished file in its place, on disk when it returns.
fn publish(part: &Path, path: &Path) -> Result<(), BackupError> {
    File::open(part)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(part, path))
        .and_then(|()| private::sync_dir_of(path))
        .map_err(|error| failed(path, &error))
}

/// Takes a backup of the data in `dir` into the new file `<out>/firsthand.db`, and replaces the keys file.
/// Verified before either is in its place.
pub fn backup(dir: &Path, out: &Path, keys: &Path) -> Result<BackupReport, BackupError> {
    private::create_dirs(out).map_err(|error| failed(out, &error))?;
    let data = out.join(FILE_NAME);
    if data.exists() {
        return Err(failed(
            &data,
            &"there is a backup already: name a new directory",
        ));
    }
    let source = schema::open_reader(&dir.join(FILE_NAME))?;
    if keys.exists() && identity_of(keys)? != identity(&source)? {
        return Err(BackupError::ForeignKeys(keys.display().to_string()));
    }
    let data_part = fresh(&data)?;
    let keys_part = fresh(keys)?;
    for part in [&data_part, &keys_part] {
        private::create_new(part).map_err(|error| failed(part, &error))?;
    }
    let mut copy = open_copy(&data_part)?;
    copy_all(&source, &mut copy)?;
    copy.query_row("PRAGMA journal_mode=DELETE", [], |_| Ok(()))?;
    take_keys_out(&copy, &keys_part)?;
    let report = inspect(&copy, &keys_part, &data, keys)?;
    drop(copy);
    // Keys first: with newer keys an older backup still opens.
    publish(&keys_part, keys)?;
    publish(&data_part, &data)?;
    Ok(report)
}

/// Copies one moment of the data, whatever is written meanwhile.
fn copy_all(source: &Connection, copy: &mut Connection) -> Result<(), BackupError> {
    let moment = source.unchecked_transaction()?;
    moment.query_row("SELECT count(*) FROM masters", [], |_| Ok(()))?;
    let backup = Backup::new(&moment, copy)?;
    loop {
        match backup.step(PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            other => {
                return Err(BackupError::Damaged(format!(
                    "the data could not be read: {other:?}"
                )));
            }
        }
    }
}

/// Moves the data keys into a file of their own, and writes the rest anew.
fn take_keys_out(copy: &Connection, keys: &Path) -> rusqlite::Result<()> {
    copy.pragma_update(None, "secure_delete", true)?;
    copy.execute(
        "ATTACH DATABASE ?1 AS apart",
        params![keys.display().to_string()],
    )?;
    copy.execute_batch(
        "BEGIN;
         CREATE TABLE apart.identity AS SELECT * FROM main.identity;
         CREATE TABLE apart.masters AS SELECT * FROM main.masters;
         CREATE TABLE apart.secrets AS SELECT * FROM main.secrets;
         CREATE TABLE apart.data_keys(id INTEGER PRIMARY KEY, subject BLOB, master TEXT NOT NULL, wrapped BLOB NOT NULL);
         INSERT INTO apart.data_keys SELECT id, subject, master, wrapped FROM main.data_keys;
         CREATE TABLE apart.suppressed AS SELECT * FROM main.suppressed;
         DELETE FROM main.data_keys;
         COMMIT;
         DETACH DATABASE apart;
         VACUUM;",
    )
}

fn identity(conn: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    conn.query_row("SELECT id FROM identity", [], |row| row.get(0))
        .optional()
}

fn identity_of(keys: &Path) -> Result<Option<Vec<u8>>, BackupError> {
    let conn = Connection::open_with_flags(keys, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    identity(&conn).map_err(|error| failed(keys, &format!("is no keys file: {error}")))
}

/// Checks a copy and says what it holds.
fn inspect(
    copy: &Connection,
    keys_at: &Path,
    data: &Path,
    keys: &Path,
) -> Result<BackupReport, BackupError> {
    check(copy)?;
    let mut faults = Vec::new();
    let receipts = walk_chain(copy, Chain::Receipts, &mut faults)?;
    let audit = walk_chain(copy, Chain::Audit, &mut faults)?;
    copy.execute(
        "ATTACH DATABASE ?1 AS apart",
        params![keys_at.display().to_string()],
    )?;
    let quick: String = copy.query_row("PRAGMA apart.quick_check", [], |row| row.get(0))?;
    if quick != "ok" {
        return Err(BackupError::Damaged(format!("the keys: {quick}")));
    }
    let one = |sql: &str| copy.query_row(sql, [], |row| row.get::<_, i64>(0));
    let report = BackupReport {
        data: data.to_owned(),
        keys: keys.to_owned(),
        bytes: u64::try_from(
            one("PRAGMA main.page_count")?.saturating_mul(one("PRAGMA main.page_size")?),
        )
        .unwrap_or(0),
        last_event: one("SELECT coalesce(max(seq + n) - 1, 0) FROM main.log")?,
        requests: one("SELECT count(*) FROM main.log")?,
        erased_requests: one("SELECT count(*) FROM main.log l WHERE key IS NOT NULL
               AND NOT EXISTS(SELECT 1 FROM apart.data_keys WHERE id = l.key)")?,
        data_keys: one("SELECT count(*) FROM apart.data_keys")?,
        receipts: (receipts.number, receipts.hash.to_string()),
        audit: (audit.number, audit.hash.to_string()),
        faults,
    };
    copy.execute_batch("DETACH DATABASE apart")?;
    Ok(report)
}

fn check(conn: &Connection) -> Result<(), BackupError> {
    let found: String = conn.query_row("PRAGMA main.quick_check", [], |row| row.get(0))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(BackupError::Damaged(found))
    }
}

/// A chain that was tampered with is no reason to have no backup: it is told.
fn walk_chain(conn: &Connection, chain: Chain, faults: &mut Vec<String>) -> rusqlite::Result<Head> {
    let found = proof::verify(conn, chain, None)?;
    faults.extend(
        found
            .faults
            .iter()
            .map(|fault| format!("{}: {fault}", chain.table())),
    );
    Ok(found.head)
}

/// Puts a backup and its keys where the collector finds them. Refuses where there is data already, or where
/// the master keys do not open it. The collector must not run.
pub fn restore(
    from: &Path,
    keys: &Path,
    config: &SqliteConfig,
) -> Result<BackupReport, BackupError> {
    let source = from.join(FILE_NAME);
    for file in [source.as_path(), keys] {
        if !file.is_file() {
            return Err(failed(file, &"there is no such file"));
        }
    }
    let dir = &config.dir;
    private::create_dirs(dir).map_err(|error| failed(dir, &error))?;
    let _lock = lock_dir(dir).map_err(|error| failed(dir, &error))?;
    let data = dir.join(FILE_NAME);
    if data.exists() {
        return Err(failed(
            &data,
            &"there is data already: move it away first, with its -wal file",
        ));
    }
    let part = fresh(&data)?;
    private::copy_new(&source, &part).map_err(|error| failed(&part, &error))?;
    let conn = open_copy(&part)?;
    schema::require_this_version(&conn)?;
    if identity_of(keys)? != identity(&conn)? {
        return Err(BackupError::ForeignKeys(keys.display().to_string()));
    }
    bring_keys_back(&conn, keys)?;
    keyring::open_to_read(&conn, dir, &config.keys)?;
    let report = inspect(&conn, keys, &data, keys)?;
    drop(conn);
    publish(&part, &data)?;
    Ok(report)
}

fn bring_keys_back(conn: &Connection, keys: &Path) -> rusqlite::Result<()> {
    conn.execute(
        "ATTACH DATABASE ?1 AS apart",
        params![keys.display().to_string()],
    )?;
    conn.execute_batch(
        "BEGIN;
         DELETE FROM main.masters;
         INSERT INTO main.masters SELECT * FROM apart.masters;
         DELETE FROM main.secrets;
         INSERT INTO main.secrets SELECT * FROM apart.secrets;
         DELETE FROM main.data_keys;
         INSERT INTO main.data_keys(id, subject, master, wrapped) SELECT id, subject, master, wrapped FROM apart.data_keys;
         DELETE FROM main.suppressed;
         INSERT INTO main.suppressed(key, kind, entry, added_at) SELECT key, kind, entry, added_at FROM apart.suppressed;
         COMMIT;
         DETACH DATABASE apart;",
    )
}
