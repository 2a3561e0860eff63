//! The data keys of the subjects, as the writer uses them, and what it seals with them.
//!
//! A known subject's key is in memory, so sealing costs neither a read nor a row. What another process did to
//! the keys is noticed at the next transaction; keys that the writer itself takes away are forgotten here first.
//! Thrown away after a failed transaction, with the keys that were not committed.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::recent::Recent;
use super::values;
use crate::privacy::keys::{Blind, DataKey, KeyRing, Wrapped};

/// Half of how many keys are remembered; one takes about 700 bytes.
const REMEMBERED: usize = 8_192;

/// Number of a data key.
pub(super) type KeyId = i64;

/// A data key with its number.
#[derive(Debug, Clone)]
pub(super) struct Sealer {
    pub(super) id: KeyId,
    pub(super) key: DataKey,
}

/// Keys by subject.
#[derive(Debug)]
pub(super) struct Vault {
    ring: Arc<KeyRing>,
    known: Recent<Blind, Sealer>,
    /// Changes when another connection has written.
    data_version: i64,
}

impl Vault {
    pub(super) fn new(ring: Arc<KeyRing>) -> Self {
        Self {
            ring,
            known: Recent::new(REMEMBERED),
            data_version: 0,
        }
    }

    pub(super) const fn ring(&self) -> &Arc<KeyRing> {
        &self.ring
    }

    /// Begins a transaction of the writer: forgets all keys if somebody else has written meanwhile.
    pub(super) fn begin(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let version = conn
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if version != self.data_version {
            self.data_version = version;
            self.known = Recent::new(REMEMBERED);
        }
        Ok(())
    }

    /// Returns the key of a subject, made now if there was none; without a subject, a key of its own.
    pub(super) fn of(
        &mut self,
        conn: &Connection,
        subject: Option<Blind>,
    ) -> rusqlite::Result<Sealer> {
        let Some(subject) = subject else {
            return self.make(conn, None);
        };
        if let Some(sealer) = self.known.get(&subject) {
            return Ok(sealer);
        }
        let found: Option<(KeyId, Wrapped)> = conn
            .prepare_cached("SELECT id, master, wrapped FROM data_keys WHERE subject = ?1")?
            .query_row(params![subject], |row| {
                Ok((row.get(0)?, wrapped(row.get(1)?, row.get(2)?)))
            })
            .optional()?;
        let sealer = match found {
            None => self.make(conn, Some(subject))?,
            Some((id, wrapped)) => match self.ring.data_key(&subject, &wrapped) {
                Ok(key) => Sealer { id, key },
                Err(error) => {
                    // What it sealed is lost; what comes now must not be.
                    values::unreadable("data_keys", id, &error);
                    conn.prepare_cached("UPDATE data_keys SET subject = NULL WHERE id = ?1")?
                        .execute(params![id])?;
                    self.make(conn, Some(subject))?
                }
            },
        };
        self.known.insert(subject, sealer.clone());
        Ok(sealer)
    }

    fn make(&self, conn: &Connection, subject: Option<Blind>) -> rusqlite::Result<Sealer> {
        let (key, wrapped) = self.ring.new_data_key(owner(subject.as_ref()));
        conn.prepare_cached("INSERT INTO data_keys(subject, master, wrapped) VALUES(?1, ?2, ?3)")?
            .execute(params![subject, wrapped.master, wrapped.bytes])?;
        Ok(Sealer {
            id: conn.last_insert_rowid(),
            key,
        })
    }

    /// Destroys keys: what they sealed can never be read again, here and in every backup that is restored
    /// with a newer key file. Returns how many there were. The rows they sealed are the caller's to delete.
    pub(super) fn destroy(&mut self, conn: &Connection, ids: &[KeyId]) -> rusqlite::Result<usize> {
        let mut count = 0;
        for id in ids {
            let subject: Option<Option<Blind>> = conn
                .prepare_cached("SELECT subject FROM data_keys WHERE id = ?1")?
                .query_row(params![id], |row| row.get(0))
                .optional()?;
            if let Some(Some(subject)) = subject {
                self.known.remove(&subject);
            }
            count += conn
                .prepare_cached("DELETE FROM data_keys WHERE id = ?1")?
                .execute(params![id])?;
        }
        Ok(count)
    }
}

/// What a key's row says of its subject, as it is authenticated.
pub(super) fn owner(subject: Option<&Blind>) -> &[u8] {
    subject.map_or(b"", |subject| subject.as_slice())
}

/// Returns a wrapped key as its columns hold it.
pub(super) const fn wrapped(master: String, bytes: Vec<u8>) -> Wrapped {
    Wrapped { master, bytes }
}

/// Returns the numbers of these subjects' keys.
pub(super) fn keys_of(conn: &Connection, subjects: &[Blind]) -> rusqlite::Result<Vec<KeyId>> {
    let mut select = conn.prepare_cached("SELECT id FROM data_keys WHERE subject = ?1")?;
    let mut ids = Vec::new();
    for subject in subjects {
        ids.extend(
            select
                .query_row(params![subject], |row| row.get::<_, KeyId>(0))
                .optional()?,
        );
    }
    Ok(ids)
}
