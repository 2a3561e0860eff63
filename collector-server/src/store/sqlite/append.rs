//! Writes one request's events inside the writer's transaction.

use std::collections::HashMap;
use std::sync::Arc;

use firsthand_core::wire::ConsentEvidence;
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteConfig;
use super::frame;
use super::ledger::{self, LedgerCache};
use super::outcomes;
use super::people::{self, PeopleCache};
use super::standing::Standings;
use super::values::{Opened, Row, open_with, seal};
use super::vault::{Sealer, Vault};
use crate::privacy::keys::{Blind, KeyRing};
use crate::privacy::retention::Purposes;
use crate::privacy::subject::BlindKey;
use crate::store::{Append, Appended, ConsentChange, NewEvent, Quarantined, Seq, SourceKind};

/// What the writer remembers between transactions. Thrown away after a failed one.
#[derive(Debug)]
pub(super) struct Cache {
    /// Position of the next event.
    pub(super) next_seq: Seq,
    pub(super) ledger: LedgerCache,
    pub(super) vault: Vault,
    pub(super) people: PeopleCache,
    /// Events that were erased within the memory for duplicates, by blind dedup keys.
    erased: HashMap<BlindKey, Seq>,
    /// Whether something that was waited for became due in this transaction: whoever waits must be woken.
    pub(super) has_confirmed: bool,
    quarantine_rows: i64,
    /// Id of the next event in quarantine: a value is sealed for its row before the row is written.
    next_quarantine: i64,
    sources: HashMap<(Arc<str>, SourceKind), i64>,
    key: Vec<u8>,
    row: String,
}

impl Cache {
    /// Reads what must be known before the first append.
    pub(super) fn load(
        conn: &Connection,
        config: &SqliteConfig,
        ring: Arc<KeyRing>,
        standings: Arc<Standings>,
    ) -> rusqlite::Result<Self> {
        let next_seq = conn.query_row(
            "SELECT coalesce((SELECT seq + n FROM log ORDER BY seq DESC LIMIT 1), 1)",
            [],
            |row| row.get(0),
        )?;
        let next_quarantine = conn.query_row(
            "SELECT coalesce((SELECT max(id) FROM quarantine), 0) + 1",
            [],
            |row| row.get(0),
        )?;
        Ok(Self {
            next_seq,
            ledger: LedgerCache::load(conn)?,
            vault: Vault::new(ring),
            has_confirmed: false,
            next_quarantine,
            people: PeopleCache::new(standings, config.person_identifiers),
            erased: erased_events(conn)?,
            quarantine_rows: i64::from(config.quarantine_rows),
            sources: HashMap::new(),
            key: Vec::new(),
            row: String::new(),
        })
    }

    /// Returns where an event was before it was erased. Costs nothing where nothing was erased lately.
    fn erased(&self, dedup_key: &[u8]) -> Option<Seq> {
        if self.erased.is_empty() {
            return None;
        }
        self.erased.get(&self.erased_key(dedup_key)).copied()
    }

    fn erased_key(&self, dedup_key: &[u8]) -> BlindKey {
        BlindKey(self.vault.ring().blind(ERASED_EVENT, dedup_key))
    }

    /// Remembers that an event was erased, so that a late copy of it is a duplicate of nothing and not a new one.
    pub(super) fn forget_event(
        &mut self,
        conn: &Connection,
        dedup_key: &[u8],
        seq: Seq,
        now_ms: i64,
    ) -> rusqlite::Result<()> {
        let key = self.erased_key(dedup_key);
        conn.prepare_cached(
            "INSERT OR REPLACE INTO erased_events(key, seq, erased_at) VALUES(?1, ?2, ?3)",
        )?
        .execute(params![key.0, seq, now_ms])?;
        self.erased.insert(key, seq);
        Ok(())
    }

    /// Forgets what was erased before `before_ms`: copies of it are too old by now.
    pub(super) fn prune_erased(
        &mut self,
        conn: &Connection,
        before_ms: i64,
    ) -> rusqlite::Result<()> {
        if self.erased.is_empty() {
            return Ok(());
        }
        let gone = conn
            .prepare_cached("DELETE FROM erased_events WHERE erased_at < ?1")?
            .execute(params![before_ms])?;
        if gone > 0 {
            self.erased = erased_events(conn)?;
        }
        Ok(())
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

/// Domain of the blind dedup keys.
const ERASED_EVENT: &str = "erased_event";

fn erased_events(conn: &Connection) -> rusqlite::Result<HashMap<BlindKey, Seq>> {
    conn.prepare("SELECT key, seq FROM erased_events")?
        .query_map([], |row| Ok((BlindKey(row.get(0)?), row.get(1)?)))?
        .collect()
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

/// A request that is being written.
struct Request<'a> {
    append: &'a Append,
    subject: Option<Blind>,
    source: i64,
    receipt: Option<i64>,
    purposes: i64,
    sealer: Option<Sealer>,
}

impl Request<'_> {
    /// Returns the key of the request's owner, fetched when something is kept.
    fn sealer(&mut self, conn: &Connection, vault: &mut Vault) -> rusqlite::Result<Sealer> {
        if let Some(sealer) = &self.sealer {
            return Ok(sealer.clone());
        }
        let sealer = vault.of(conn, self.subject)?;
        self.sealer = Some(sealer.clone());
        Ok(sealer)
    }
}

/// Writes a request, whose owner has this blind index. The answer holds one entry an event.
pub(super) fn append(
    conn: &Connection,
    cache: &mut Cache,
    append: &Append,
    subject: Option<Blind>,
) -> rusqlite::Result<Vec<Appended>> {
    let person = &append.subject;
    if cache.people.is_suppressed(conn, &person.identifiers)? {
        return Ok(vec![Appended::Suppressed; append.events.len()]);
    }
    people::link(conn, &mut cache.people, person, append.received_at_ms)?;
    let source = cache.source(conn, &append.source, append.kind)?;
    let receipt = match &append.receipt {
        Some(draft) if !append.events.is_empty() => {
            Some(ledger::record(conn, &mut cache.ledger, draft)?)
        }
        _ => None,
    };
    let mut request = Request {
        append,
        subject,
        source,
        receipt,
        purposes: Purposes::of(append.owner.allowed).bits(),
        sealer: None,
    };
    let first = cache.next_seq;
    let mut next = first;
    let mut answers = Vec::with_capacity(append.events.len());
    let mut texts = Vec::with_capacity(append.events.len() + 1);
    texts.push(append.header.as_str());
    let mut key = std::mem::take(&mut cache.key);
    let mut row = std::mem::take(&mut cache.row);
    row.clear();
    {
        let mut insert =
            conn.prepare_cached("INSERT OR IGNORE INTO dedup(key, seq) VALUES(?1, ?2)")?;
        for event in &append.events {
            frame::dedup_key(&mut key, &event.name, &event.event_id);
            if let Some(seq) = cache.erased(&key) {
                answers.push(Appended::Duplicate(seq));
                continue;
            }
            if insert.execute(params![key.as_slice(), next])? == 1 {
                frame::push(&mut row, event, "");
                texts.push(&event.event);
                answers.push(Appended::Accepted(next));
                next += 1;
            } else {
                let seq = conn
                    .prepare_cached("SELECT seq FROM dedup WHERE key = ?1")?
                    .query_row(params![key.as_slice()], |row| row.get(0))?;
                // A repeat inside this request comes from the same source: counted only.
                if seq < first
                    && keep_copy(conn, &mut cache.vault, &mut request, event, seq)?
                    && append.kind.is_trusted()
                {
                    cache.has_confirmed |=
                        outcomes::confirm(conn, seq, &append.source, append.received_at_ms)?;
                }
                answers.push(Appended::Duplicate(seq));
            }
        }
    }
    if next > first {
        let sealer = request.sealer(conn, &mut cache.vault)?;
        let sealed = seal(&sealer, Row::Log(first), texts);
        conn.prepare_cached(
            "INSERT INTO log(seq, n, source, received_at, header, events, receipt, key, purposes)
             VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
        )?
        .execute(params![
            first,
            next - first,
            source,
            append.received_at_ms,
            sealed,
            row,
            receipt,
            sealer.id,
            request.purposes
        ])?;
    }
    for quarantined in &append.quarantined {
        quarantine(conn, cache, &mut request, quarantined)?;
    }
    if !append.quarantined.is_empty() {
        conn.prepare_cached("DELETE FROM quarantine WHERE id <= ?1")?
            .execute(params![cache.next_quarantine - 1 - cache.quarantine_rows])?;
    }
    cache.next_seq = next;
    cache.key = key;
    cache.row = row;
    Ok(answers)
}

/// Keeps a copy unless its source already reported this event. Returns whether it did.
fn keep_copy(
    conn: &Connection,
    vault: &mut Vault,
    request: &mut Request<'_>,
    event: &NewEvent,
    seq: Seq,
) -> rusqlite::Result<bool> {
    let source = request.source;
    let first_source: Option<i64> = conn
        .prepare_cached("SELECT source FROM log WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row(params![seq], |row| row.get(0))
        .optional()?;
    if first_source.is_none_or(|first| first == source) {
        return Ok(false);
    }
    let is_known = conn
        .prepare_cached("SELECT 1 FROM copies WHERE seq = ?1 AND source = ?2")?
        .exists(params![seq, source])?;
    if is_known {
        return Ok(false);
    }
    let sealer = request.sealer(conn, vault)?;
    let texts = [request.append.header.as_str(), event.event.as_str()];
    let sealed = seal(&sealer, Row::Copy(seq, source), texts);
    conn.prepare_cached(
        "INSERT INTO copies(seq, source, received_at, header, event, receipt, key, purposes, is_late)
         VALUES(?1,?2,?3,?4,'',?5,?6,?7,?8)",
    )?
    .execute(params![
        seq,
        source,
        request.append.received_at_ms,
        sealed,
        request.receipt,
        sealer.id,
        request.purposes,
        outcomes::is_delivered(conn, seq)?
    ])?;
    Ok(true)
}

fn quarantine(
    conn: &Connection,
    cache: &mut Cache,
    request: &mut Request<'_>,
    event: &Quarantined,
) -> rusqlite::Result<()> {
    let id = cache.next_quarantine;
    let (key, payload) = match &event.payload {
        None => (None, None),
        Some(payload) => {
            let sealer = request.sealer(conn, &mut cache.vault)?;
            let sealed = seal(&sealer, Row::Quarantine(id), [payload.as_str()]);
            (Some(sealer.id), Some(sealed))
        }
    };
    let named = &request.append.subject.identifiers;
    let subject: Vec<u8> = named
        .iter()
        .flat_map(|identifier| identifier.key.0)
        .collect();
    conn.prepare_cached(
        "INSERT INTO quarantine(id, received_at, source, event_id, name, code, message, payload, key, subject)
         VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    )?
    .execute(params![
        id,
        request.append.received_at_ms,
        request.source,
        event.event_id,
        event.name,
        event.code,
        event.message,
        payload,
        key,
        subject
    ])?;
    cache.next_quarantine = id + 1;
    Ok(())
}

/// Keeps a later word on consent; a word that arrived or was said earlier never replaces a later one. What still holds of the word before
/// stays in the one after it ([`ConsentEvidence::keep_of`]): a signal that was once seen, a framework's answers.
pub(super) fn record_consent(
    conn: &Connection,
    vault: &mut Vault,
    subject: &Blind,
    change: &ConsentChange,
) -> rusqlite::Result<()> {
    let sealer = vault.of(conn, Some(*subject))?;
    let known: Option<(i64, Vec<u8>, i64)> = conn
        .prepare_cached("SELECT key, evidence, received_at FROM consent WHERE subject = ?1")?
        .query_row(params![subject], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let merged = known.and_then(|(key, evidence, received_at_ms)| {
        if key != sealer.id {
            return None;
        }
        match open_with(&sealer.key, key, Row::Consent(subject), &evidence) {
            Opened::Texts(texts) => merge(texts.first()?, received_at_ms, change),
            _ => None,
        }
    });
    let evidence = match &merged {
        Some(Merge::Known) => return Ok(()),
        Some(Merge::Text(text)) => text,
        None => &change.evidence,
    };
    let sealed = seal(&sealer, Row::Consent(subject), [evidence.as_str()]);
    conn.prepare_cached(
        "INSERT INTO consent(subject, key, evidence, received_at) VALUES(?1,?2,?3,?4)
         ON CONFLICT(subject) DO UPDATE SET key = excluded.key, evidence = excluded.evidence,
           received_at = excluded.received_at
         WHERE excluded.received_at >= consent.received_at",
    )?
    .execute(params![subject, sealer.id, sealed, change.received_at_ms])?;
    Ok(())
}

/// What becomes of a word that comes to a known one.
enum Merge {
    /// The known one stays.
    Known,
    /// Both in one.
    Text(String),
}

/// Joins a word with the known one; nothing where one of them cannot be read, and the new one stands alone.
fn merge(known: &str, known_received_at_ms: i64, change: &ConsentChange) -> Option<Merge> {
    let mut known: ConsentEvidence<'_> = serde_json::from_str(known).ok()?;
    let mut next: ConsentEvidence<'_> = serde_json::from_str(&change.evidence).ok()?;
    // A choice that was sent again after a failure must not undo the withdrawal that came after it. It was not made after it arrived,
    // whatever the sender's clock says.
    let known_ms = known.said_at_ms().map(|at| at.min(known_received_at_ms));
    let next_ms = next.said_at_ms().map(|at| at.min(change.received_at_ms));
    if next_ms
        .zip(known_ms)
        .is_some_and(|(next, known)| next < known)
    {
        return Some(Merge::Known);
    }
    let joint = if next.is_signal_only() {
        known.keep_of(&next);
        known
    } else {
        let alone = next.clone();
        next.keep_of(&known);
        if next == alone {
            return None;
        }
        next
    };
    let mut text = String::with_capacity(256);
    joint.encode(&mut text);
    Some(Merge::Text(text))
}

#[cfg(test)]
mod tests;
