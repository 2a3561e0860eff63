//! Where a person's records are: one slice of a table at a time.
//!
//! A record names its person in its own header, so it is found there, whoever wrote it and whatever was known
//! of the person then; no index leads from a person to events. A header is sealed: it is opened, unless its key
//! is the person's already. A slice reads a bounded number of rows. What is kept under the person's own indexes
//! (words on consent, choices, orders) is found by them, at once.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::append::kind_of;
use super::frame;
use super::values::{Opened, Opener, Row as Place};
use super::vault::{KeyId, keys_of};
use crate::privacy::keys::{Blind, KeyRing};
use crate::privacy::subject::{BlindKey, Identifier, Kind};
use crate::store::{Seq, SourceKind};
use firsthand_core::wire::decode_header;

/// Rows that one slice reads.
pub(super) const SLICE: usize = 2_000;

/// Whose records are looked for.
#[derive(Debug)]
pub(super) struct Trace<'r> {
    ring: &'r KeyRing,
    identifiers: Vec<Identifier>,
    keys: HashSet<BlindKey>,
    /// Numbers of the person's data keys.
    data_keys: HashSet<KeyId>,
    seqs: HashSet<Seq>,
}

/// What a slice found, and where the next one begins; `None` at the end.
#[derive(Debug)]
pub(super) struct Found<T, P> {
    pub(super) rows: Vec<T>,
    pub(super) next: Option<P>,
}

/// A row of the log that is the person's: its events' positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogRow {
    pub(super) first: Seq,
    pub(super) last: Seq,
}

/// A copy of an event that names the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CopyRow {
    pub(super) id: i64,
    pub(super) seq: Seq,
    pub(super) kind: SourceKind,
}

/// A choice of the person's browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChoiceRow {
    pub(super) key: Vec<u8>,
    pub(super) subject: String,
}

/// An order of a shop system whose visitor is the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OrderRow {
    pub(super) source: String,
    pub(super) reference: String,
    pub(super) transaction_id: String,
    pub(super) received_at_ms: i64,
}

impl<'r> Trace<'r> {
    /// Looks up the person's keys on the connection that is going to be read.
    pub(super) fn new(
        conn: &Connection,
        ring: &'r KeyRing,
        identifiers: &[Identifier],
        seqs: &[Seq],
    ) -> rusqlite::Result<Self> {
        let data_keys = keys_of(conn, &subjects(ring, identifiers))?;
        Ok(Self {
            ring,
            identifiers: identifiers.to_vec(),
            keys: identifiers
                .iter()
                .map(|identifier| identifier.key)
                .collect(),
            data_keys: data_keys.into_iter().collect(),
            seqs: seqs.iter().copied().collect(),
        })
    }

    /// Whether a header names the person.
    pub(super) fn names(&self, header: &str) -> bool {
        decode_header(header).is_ok_and(|header| {
            self.ring
                .identifiers(&header.user)
                .iter()
                .any(|identifier| self.keys.contains(&identifier.key))
        })
    }

    /// Whether a header as its row holds it is the person's.
    fn is_theirs(
        &self,
        opener: &mut Opener<'_>,
        (key, place): (Option<KeyId>, Place<'_>),
        header: rusqlite::types::ValueRef<'_>,
    ) -> rusqlite::Result<bool> {
        let Some(key) = key else {
            // Of an older version, not sealed yet.
            return Ok(self.names(header.as_str()?));
        };
        if self.data_keys.contains(&key) {
            return Ok(true);
        }
        Ok(match opener.open(key, place, header.as_bytes()?)? {
            Opened::Texts(texts) => texts.first().is_some_and(|header| self.names(header)),
            Opened::Erased | Opened::Unreadable => false,
        })
    }

    /// Rows of the log from a position on.
    pub(super) fn log(&self, conn: &Connection, from: Seq) -> rusqlite::Result<Found<LogRow, Seq>> {
        let mut opener = Opener::new(conn, Some(self.ring));
        let mut select = conn.prepare_cached(
            "SELECT seq, n, header, events <> '', key FROM log WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut rows = select.query(params![from, limit()])?;
        let mut found = Vec::new();
        let (mut read, mut next) = (0, from);
        while let Some(row) = rows.next()? {
            let first: Seq = row.get(0)?;
            let last = first + row.get::<_, i64>(1)? - 1;
            let is_named = (first..=last).any(|seq| self.seqs.contains(&seq));
            // What was erased before has no events any more.
            let is_there: bool = row.get(3)?;
            let sealed = (row.get(4)?, Place::Log(first));
            if is_there && (is_named || self.is_theirs(&mut opener, sealed, row.get_ref(2)?)?) {
                found.push(LogRow { first, last });
            }
            read += 1;
            next = last + 1;
        }
        Ok(Found {
            rows: found,
            next: (read == SLICE).then_some(next),
        })
    }

    /// Copies after an id.
    pub(super) fn copies(
        &self,
        conn: &Connection,
        after: i64,
    ) -> rusqlite::Result<Found<CopyRow, i64>> {
        let mut opener = Opener::new(conn, Some(self.ring));
        let mut select = conn.prepare_cached(
            "SELECT copies.id, seq, kind, header, key, source
             FROM copies JOIN sources ON sources.id = copies.source
             WHERE copies.id > ?1 ORDER BY copies.id LIMIT ?2",
        )?;
        let mut rows = select.query(params![after, limit()])?;
        let mut found = Vec::new();
        let (mut read, mut next) = (0, after);
        while let Some(row) = rows.next()? {
            let (id, seq): (i64, Seq) = (row.get(0)?, row.get(1)?);
            let sealed = (row.get(4)?, Place::Copy(seq, row.get(5)?));
            if self.seqs.contains(&seq) || self.is_theirs(&mut opener, sealed, row.get_ref(3)?)? {
                let kind = kind_of(row.get(2)?);
                found.push(CopyRow { id, seq, kind });
            }
            read += 1;
            next = id;
        }
        Ok(Found {
            rows: found,
            next: (read == SLICE).then_some(next),
        })
    }

    /// Refused events after an id.
    pub(super) fn quarantine(
        &self,
        conn: &Connection,
        after: i64,
    ) -> rusqlite::Result<Found<i64, i64>> {
        let mut select = conn.prepare_cached(
            "SELECT id, subject, key FROM quarantine WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let mut rows = select.query(params![after, limit()])?;
        let mut found = Vec::new();
        let (mut read, mut next) = (0, after);
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let subject: Option<Vec<u8>> = row.get(1)?;
            let key: Option<KeyId> = row.get(2)?;
            let mut keys = subject
                .iter()
                .flat_map(|keys| keys.chunks_exact(BlindKey::BYTES));
            let is_named = keys.any(|key| {
                key.try_into()
                    .is_ok_and(|key| self.keys.contains(&BlindKey(key)))
            });
            if is_named || key.is_some_and(|key| self.data_keys.contains(&key)) {
                found.push(id);
            }
            read += 1;
            next = id;
        }
        Ok(Found {
            rows: found,
            next: (read == SLICE).then_some(next),
        })
    }

    /// Of which of the identifiers a word on consent is kept.
    pub(super) fn words(&self, conn: &Connection) -> rusqlite::Result<Vec<Identifier>> {
        let mut exists = conn.prepare_cached("SELECT 1 FROM consent WHERE subject = ?1")?;
        let mut found = Vec::new();
        for identifier in &self.identifiers {
            if exists.exists(params![self.ring.subject_of(identifier)])? {
                found.push(*identifier);
            }
        }
        Ok(found)
    }

    /// Choices of the person's browsers.
    pub(super) fn choices(&self, conn: &Connection) -> rusqlite::Result<Vec<ChoiceRow>> {
        /// What follows the index of a browser in a key is no longer.
        const REST: [u8; 64] = [0xff; 64];
        let mut select = conn.prepare_cached(
            "SELECT key, subject_key FROM choices WHERE key BETWEEN ?1 AND ?2 ORDER BY key",
        )?;
        let mut found = Vec::new();
        for browser in &self.identifiers {
            if browser.kind != Kind::AnonymousId {
                continue;
            }
            let from = browser.key.0.as_slice();
            let rows = select.query_map(params![from, [from, &REST].concat()], |row| {
                Ok(ChoiceRow {
                    key: row.get(0)?,
                    subject: row.get(1)?,
                })
            })?;
            for row in rows {
                found.push(row?);
            }
        }
        Ok(found)
    }

    /// Orders whose visitor is the person.
    pub(super) fn orders(&self, conn: &Connection) -> rusqlite::Result<Vec<OrderRow>> {
        let mut select = conn.prepare_cached(
            "SELECT source, reference, transaction_id, received_at FROM shop_orders WHERE key = ?1",
        )?;
        let mut found = Vec::new();
        for key in &self.data_keys {
            let rows = select.query_map(params![key], |row| {
                Ok(OrderRow {
                    source: row.get(0)?,
                    reference: row.get(1)?,
                    transaction_id: row.get(2)?,
                    received_at_ms: row.get(3)?,
                })
            })?;
            for row in rows {
                found.push(row?);
            }
        }
        Ok(found)
    }
}

/// Returns the indexes under which the store keeps keys and words of these identifiers.
pub(super) fn subjects(ring: &KeyRing, identifiers: &[Identifier]) -> Vec<Blind> {
    identifiers
        .iter()
        .map(|identifier| ring.subject_of(identifier))
        .collect()
}

/// Returns the key of a row that seals nothing but its request: it belongs to nobody else.
pub(super) fn own_key(conn: &Connection, key: Option<KeyId>) -> rusqlite::Result<Option<KeyId>> {
    conn.prepare_cached("SELECT id FROM data_keys WHERE id = ?1 AND subject IS NULL")?
        .query_row(params![key], |row| row.get(0))
        .optional()
}

fn limit() -> i64 {
    i64::try_from(SLICE).unwrap_or(i64::MAX)
}

/// Returns the row of the log that an event is in, if it is still there.
pub(super) fn row_of(conn: &Connection, seq: Seq) -> rusqlite::Result<Option<LogRow>> {
    let mut select = conn.prepare_cached(
        "SELECT seq, n, events <> '' FROM log WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1",
    )?;
    let mut rows = select.query(params![seq])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let first: Seq = row.get(0)?;
    let last = first + row.get::<_, i64>(1)? - 1;
    Ok((row.get::<_, bool>(2)? && (first..=last).contains(&seq)).then_some(LogRow { first, last }))
}

/// Returns the dedup keys of the events of a row, with their positions.
pub(super) fn dedup_keys(conn: &Connection, row: LogRow) -> rusqlite::Result<Vec<(Vec<u8>, Seq)>> {
    conn.prepare_cached("SELECT events FROM log WHERE seq = ?1")?
        .query_row(params![row.first], |found| {
            let text = found.get_ref(0)?.as_str()?;
            Ok(frame::iter(text)
                .zip(row.first..)
                .map(|(event, seq)| {
                    let mut key = Vec::new();
                    frame::dedup_key(&mut key, event.name, event.event_id);
                    (key, seq)
                })
                .collect())
        })
}
