//! The key ring of a data file: which master keys it needs, and its blind secret.
//!
//! Opening is where a key that is missing or wrong is found: a store whose data cannot be read does not start.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;

use super::schema::OpenError;
use super::vault::wrapped;
use crate::privacy::keys::{FILE_NAME, KeyConfig, KeyRing, Masters, Origin, Wrapped};

/// Opens the ring for writing: a new file gets its blind secret, a new master key is noted, the blind secret
/// comes under the newest. Nothing is created where data is already there that needs another key.
pub(super) fn open(
    conn: &mut Connection,
    dir: &Path,
    configured: &[KeyConfig],
) -> Result<KeyRing, OpenError> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let is_new = !exists(&transaction, "SELECT 1 FROM masters")?;
    let masters = Masters::load(dir, configured, is_new)?;
    if masters.origin() == Origin::NewFile {
        tracing::warn!(
            file = %dir.join(FILE_NAME).display(),
            "a key for the data was made beside it: keep a copy elsewhere, or list keys in privacy.keys; \
             without it the data cannot be read"
        );
    }
    for id in recognise(&transaction, &masters)? {
        transaction.execute("DELETE FROM masters WHERE id = ?1", params![id])?;
    }
    for id in masters.ids() {
        if let Some(proof) = masters.proof(id) {
            transaction
                .prepare_cached(
                    "INSERT INTO masters(id, proof) VALUES(?1, ?2) ON CONFLICT(id) DO NOTHING",
                )?
                .execute(params![id, proof])?;
        }
    }
    let ring = match blind_secret(&transaction)? {
        Some(blind) => {
            let ring = KeyRing::open(masters, &blind)?;
            if let Some(again) = ring.rewrap_blind(&blind)? {
                keep_blind_secret(&transaction, &again)?;
            }
            ring
        }
        None if exists(&transaction, "SELECT 1 FROM data_keys")? => {
            return Err(OpenError::NoBlindSecret);
        }
        None => {
            let (ring, blind) = KeyRing::create(masters);
            keep_blind_secret(&transaction, &blind)?;
            ring
        }
    };
    transaction.commit()?;
    Ok(ring)
}

/// Opens the ring for reading, also beside a running collector. Writes nothing.
pub(super) fn open_to_read(
    conn: &Connection,
    dir: &Path,
    configured: &[KeyConfig],
) -> Result<KeyRing, OpenError> {
    let masters = Masters::load(dir, configured, false)?;
    recognise(conn, &masters)?;
    let blind = blind_secret(conn)?.ok_or(OpenError::NoBlindSecret)?;
    Ok(KeyRing::open(masters, &blind)?)
}

/// Refuses keys that are missing or wrong. Returns the ids that nothing needs any more, and that are not there.
fn recognise(conn: &Connection, masters: &Masters) -> Result<Vec<String>, OpenError> {
    let known: Vec<(String, Vec<u8>)> = conn
        .prepare("SELECT id, proof FROM masters ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut gone = Vec::new();
    for (id, proof) in known {
        match masters.recognise(&id, &proof) {
            Ok(()) => {}
            Err(error) if is_needed(conn, &id)? => return Err(error.into()),
            Err(_) => gone.push(id),
        }
    }
    Ok(gone)
}

/// Whether anything is wrapped by this master key.
pub(super) fn is_needed(conn: &Connection, id: &str) -> rusqlite::Result<bool> {
    conn.query_row(
        "SELECT EXISTS(SELECT 1 FROM data_keys WHERE master = ?1) OR EXISTS(SELECT 1 FROM secrets WHERE master = ?1)",
        params![id],
        |row| row.get(0),
    )
}

fn exists(conn: &Connection, select: &str) -> rusqlite::Result<bool> {
    conn.query_row(&format!("SELECT EXISTS({select})"), [], |row| row.get(0))
}

fn blind_secret(conn: &Connection) -> rusqlite::Result<Option<Wrapped>> {
    conn.query_row(
        "SELECT master, wrapped FROM secrets WHERE name = 'blind'",
        [],
        |row| Ok(wrapped(row.get(0)?, row.get(1)?)),
    )
    .optional()
}

fn keep_blind_secret(conn: &Connection, blind: &Wrapped) -> rusqlite::Result<()> {
    conn.execute(
        "INSERT OR REPLACE INTO secrets(name, master, wrapped) VALUES('blind', ?1, ?2)",
        params![blind.master, blind.bytes],
    )
    .map(|_| ())
}

/// What the data needs of its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyStatus {
    /// The master keys that the data knows, by id.
    pub masters: Vec<MasterStatus>,
    /// Rows that an older version has written in clear and that are not sealed yet.
    pub clear_rows: i64,
}

/// One master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MasterStatus {
    /// Its id.
    pub id: String,
    /// How many data keys it wraps.
    pub data_keys: i64,
    /// Whether the data cannot be opened without it.
    pub is_needed: bool,
}

/// Returns what the data needs of its keys. Needs none itself.
pub(super) fn status(conn: &Connection) -> rusqlite::Result<KeyStatus> {
    let snapshot = conn.unchecked_transaction()?;
    let ids: Vec<String> = snapshot
        .prepare("SELECT id FROM masters ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let masters = ids
        .into_iter()
        .map(|id| {
            let data_keys = snapshot.query_row(
                "SELECT count(*) FROM data_keys WHERE master = ?1",
                params![id],
                |row| row.get(0),
            )?;
            let is_needed = is_needed(&snapshot, &id)?;
            Ok(MasterStatus {
                id,
                data_keys,
                is_needed,
            })
        })
        .collect::<rusqlite::Result<_>>()?;
    let clear_rows = snapshot.query_row(
        "SELECT (SELECT count(*) FROM log WHERE key IS NULL) + (SELECT count(*) FROM copies WHERE key IS NULL)
           + (SELECT count(*) FROM quarantine WHERE key IS NULL AND payload IS NOT NULL)",
        [],
        |row| row.get(0),
    )?;
    Ok(KeyStatus {
        masters,
        clear_rows,
    })
}
