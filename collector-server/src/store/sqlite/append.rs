//! Writes one request's events inside the writer's transaction.

use std::collections::HashMap;
use std::sync::Arc;

use firsthand_core::wire::ConsentEvidence;
use rusqlite::{Connection, OptionalExtension, params};

use super::frame;
use super::ledger::{self, LedgerCache};
use crate::store::{Append, Appended, ConsentChange, NewEvent, Quarantined, Seq, SourceKind};

/// What the writer remembers between transactions. Thrown away after a failed one.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Position of the next event.
    pub(super) next_seq: Seq,
    pub(super) ledger: LedgerCache,
    quarantine_rows: i64,
    sources: HashMap<(Arc<str>, SourceKind), i64>,
    key: Vec<u8>,
    row: String,
}

impl Cache {
    /// Reads what must be known before the first append.
    pub(super) fn load(conn: &Connection, quarantine_rows: u32) -> rusqlite::Result<Self> {
        let next_seq = conn.query_row(
            "SELECT coalesce((SELECT seq + n FROM log ORDER BY seq DESC LIMIT 1), 1)",
            [],
            |row| row.get(0),
        )?;
        Ok(Self {
            next_seq,
            ledger: LedgerCache::load(conn)?,
            quarantine_rows: i64::from(quarantine_rows),
            ..Self::default()
        })
    }

    fn source(
        &mut self,
        conn: &Connection,
        name: &Arc<str>,
        kind: SourceKind,
    ) -> rusqlite::Result<i64> {
        // A lookup by a pair needs an owned pair; cloning the Arc is cheap.
        let key = (Arc::clone(name), kind);
        if let Some(id) = self.sources.get(&key) {
            return Ok(*id);
        }
        let kind_number = kind_number(kind);
        conn.prepare_cached("INSERT OR IGNORE INTO sources(name, kind) VALUES(?1, ?2)")?
            .execute(params![name.as_ref(), kind_number])?;
        let id = conn
            .prepare_cached("SELECT id FROM sources WHERE name = ?1 AND kind = ?2")?
            .query_row(params![name.as_ref(), kind_number], |row| row.get(0))?;
        self.sources.insert(key, id);
        Ok(id)
    }
}

pub(super) const fn kind_number(kind: SourceKind) -> i64 {
    match kind {
        SourceKind::Browser => 0,
        SourceKind::Server => 1,
        SourceKind::Webhook => 2,
    }
}

pub(super) const fn kind_of(number: i64) -> SourceKind {
    match number {
        1 => SourceKind::Server,
        2 => SourceKind::Webhook,
        _ => SourceKind::Browser,
    }
}

/// Writes a request. The answer holds one entry an event.
pub(super) fn append(
    conn: &Connection,
    cache: &mut Cache,
    append: &Append,
) -> rusqlite::Result<Vec<Appended>> {
    let source = cache.source(conn, &append.source, append.kind)?;
    let receipt = match &append.receipt {
        Some(draft) if !append.events.is_empty() => {
            Some(ledger::record(conn, &mut cache.ledger, draft)?)
        }
        _ => None,
    };
    let first = cache.next_seq;
    let mut next = first;
    let mut answers = Vec::with_capacity(append.events.len());
    let mut key = std::mem::take(&mut cache.key);
    let mut row = std::mem::take(&mut cache.row);
    row.clear();
    {
        let mut insert =
            conn.prepare_cached("INSERT OR IGNORE INTO dedup(key, seq) VALUES(?1, ?2)")?;
        for event in &append.events {
            frame::dedup_key(&mut key, &event.name, &event.event_id);
            if insert.execute(params![key.as_slice(), next])? == 1 {
                frame::push(&mut row, event);
                answers.push(Appended::Accepted(next));
                next += 1;
            } else {
                let seq = conn
                    .prepare_cached("SELECT seq FROM dedup WHERE key = ?1")?
                    .query_row(params![key.as_slice()], |row| row.get(0))?;
                // A repeat inside this request comes from the same source: counted only.
                if seq < first {
                    keep_copy(conn, source, append, event, (seq, receipt))?;
                }
                answers.push(Appended::Duplicate(seq));
            }
        }
    }
    if next > first {
        conn.prepare_cached(
            "INSERT INTO log(seq, n, source, received_at, header, events, receipt) VALUES(?1,?2,?3,?4,?5,?6,?7)",
        )?
        .execute(params![first, next - first, source, append.received_at_ms, append.header, row, receipt])?;
    }
    for quarantined in &append.quarantined {
        quarantine(conn, source, append.received_at_ms, quarantined)?;
    }
    if !append.quarantined.is_empty() {
        conn.prepare_cached("DELETE FROM quarantine WHERE id <= ?1")?
            .execute(params![conn.last_insert_rowid() - cache.quarantine_rows])?;
    }
    cache.next_seq = next;
    cache.key = key;
    cache.row = row;
    Ok(answers)
}

/// Keeps a copy unless its source already reported this event.
fn keep_copy(
    conn: &Connection,
    source: i64,
    append: &Append,
    event: &NewEvent,
    (seq, receipt): (Seq, Option<i64>),
) -> rusqlite::Result<()> {
    let first_source: Option<i64> = conn
        .prepare_cached("SELECT source FROM log WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row(params![seq], |row| row.get(0))
        .optional()?;
    if first_source.is_none_or(|first| first == source) {
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT OR IGNORE INTO copies(seq, source, received_at, header, event, receipt) VALUES(?1,?2,?3,?4,?5,?6)",
    )?
    .execute(params![seq, source, append.received_at_ms, append.header, event.event, receipt])?;
    Ok(())
}

fn quarantine(
    conn: &Connection,
    source: i64,
    received_at_ms: i64,
    event: &Quarantined,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO quarantine(received_at, source, event_id, name, code, message, payload)
         VALUES(?1,?2,?3,?4,?5,?6,?7)",
    )?
    .execute(params![
        received_at_ms,
        source,
        event.event_id,
        event.name,
        event.code,
        event.message,
        event.payload
    ])?;
    Ok(())
}

/// Keeps a later word on consent; a word that arrived or was said earlier never replaces a later one.
pub(super) fn record_consent(conn: &Connection, change: &ConsentChange) -> rusqlite::Result<()> {
    let known: Option<(String, i64)> = conn
        .prepare_cached("SELECT evidence, received_at FROM consent WHERE anonymous_id = ?1")?
        .query_row(params![change.anonymous_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    // A choice that was sent again after a failure must not undo the withdrawal that came after it.
    if let Some((evidence, received_at_ms)) = known
        && let Some(known_ms) = said_at_ms(&evidence, received_at_ms)
        && let Some(said_ms) = said_at_ms(&change.evidence, change.received_at_ms)
        && said_ms < known_ms
    {
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT INTO consent(anonymous_id, evidence, received_at) VALUES(?1,?2,?3)
         ON CONFLICT(anonymous_id) DO UPDATE SET evidence = excluded.evidence, received_at = excluded.received_at
         WHERE excluded.received_at >= consent.received_at",
    )?
    .execute(params![change.anonymous_id, change.evidence, change.received_at_ms])?;
    Ok(())
}

/// When a choice was made; not after it arrived, whatever the sender's clock says.
fn said_at_ms(evidence: &str, received_at_ms: i64) -> Option<i64> {
    let evidence: ConsentEvidence<'_> = serde_json::from_str(evidence).ok()?;
    Some(evidence.choice?.at_ms.min(received_at_ms))
}
