//! Views for people: the life of an event, the newest events, the quarantine.

use std::path::Path;

use rusqlite::{Connection, params};
use serde::Serialize;

use super::arrivals::{self, Arrivals, Doubt, SourceId};
use super::keyring::{self, KeyStatus};
use super::person::{self, PersonRecord};
use super::proof::{self, Chain, ReceiptView};
use super::schema::OpenError;
use super::tasks::{self, SuppressedView, TaskView};
use super::values::{Opened, Opener, Row as Place};
use super::{SqliteConfig, access, ledger, outcomes, read, schema, settled};
use crate::privacy::chain::{Head, Row, Verified};
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::Identifier;
use crate::privacy::task::{Counts, Target};
use crate::privacy::tokens::TokenRow;
use crate::store::{Order, Outcome, Seq, SettledEvent, SettledFilter, SourceKind, StoredEvent};

/// One event with what is known about it everywhere.
#[derive(Debug, Clone)]
pub struct EventView {
    /// The event and its copies.
    pub stored: StoredEvent,
    /// What is known, destination by destination.
    pub destinations: Vec<DestinationView>,
    /// The receipt under which each copy came, in the order of the copies.
    pub receipts: Vec<Option<ReceiptView>>,
    /// Whether each copy came after the event had been sent, in the order of the copies.
    pub late: Vec<bool>,
    /// Everything that the same visitors chose, before and after, by time.
    pub choices: Vec<ReceiptView>,
}

/// What is known about an event at one destination.
#[derive(Debug, Clone)]
pub struct DestinationView {
    /// Name of the destination.
    pub name: String,
    /// Why the destination is paused, if it is.
    pub paused: Option<String>,
    /// Whether it has read the log as far as this event.
    pub is_read: bool,
    /// What was learned, in order; the last is the state. Empty when nothing was.
    pub outcomes: Vec<OutcomeView>,
}

/// One thing that was learned.
#[derive(Debug, Clone)]
pub struct OutcomeView {
    /// What.
    pub outcome: Outcome,
    /// When, in epoch milliseconds.
    pub at_ms: i64,
    /// How many requests had carried the event by then.
    pub attempts: u32,
    /// The request that taught it.
    pub attempt: Option<AttemptView>,
}

/// One request to a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptView {
    /// When it was sent, in epoch milliseconds.
    pub at_ms: i64,
    /// How long the answer took, in milliseconds.
    pub took_ms: i64,
    /// How many events it carried.
    pub events: i64,
    /// HTTP status, 0 when no answer came.
    pub status: u16,
    /// The platform's answer, shortened.
    pub answer: String,
}

/// One event in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuarantineView {
    /// When it arrived, in epoch milliseconds.
    pub received_at_ms: i64,
    /// Name of the source.
    pub source: String,
    /// Its id, as far as it could be read.
    pub event_id: Option<String>,
    /// Its name, as far as it could be read.
    pub name: Option<String>,
    /// Code of the reason.
    pub code: String,
    /// The reason in words.
    pub message: String,
    /// The event as it came, where it may be kept.
    pub payload: Option<String>,
}

impl QuarantineView {
    /// Reads a row of [`QUARANTINE`].
    pub(super) fn of_row(
        row: &rusqlite::Row<'_>,
        opener: &mut Opener<'_>,
    ) -> rusqlite::Result<Self> {
        let payload = match row.get::<_, Option<i64>>(8)? {
            None => row.get(6)?,
            Some(key) => {
                let sealed = row.get_ref(6)?.as_bytes()?;
                match opener.open(key, Place::Quarantine(row.get(7)?), sealed)? {
                    Opened::Texts(texts) => texts.into_iter().next(),
                    Opened::Erased | Opened::Unreadable => None,
                }
            }
        };
        Ok(Self {
            received_at_ms: row.get(0)?,
            source: row.get(1)?,
            event_id: row.get(2)?,
            name: row.get(3)?,
            code: row.get(4)?,
            message: row.get(5)?,
            payload,
        })
    }
}

/// Columns and tables of a [`QuarantineView`].
pub(super) const QUARANTINE: &str =
    "SELECT received_at, sources.name, event_id, q.name, code, message, payload, q.id, q.key
     FROM quarantine q JOIN sources ON sources.id = q.source";

/// Reads views on one connection.
#[derive(Debug, Clone, Copy)]
pub struct Inspector<'c> {
    conn: &'c Connection,
    ring: Option<&'c KeyRing>,
}

impl<'c> Inspector<'c> {
    pub(super) const fn new(conn: &'c Connection, ring: Option<&'c KeyRing>) -> Self {
        Self { conn, ring }
    }

    /// Opens a data file for reading only, also while the collector runs, and reads from it with its keys.
    pub fn open_with_keys<T>(
        config: &SqliteConfig,
        read: impl FnOnce(Inspector<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, OpenError> {
        let conn = schema::open_reader(&config.dir.join(super::FILE_NAME))?;
        let ring = keyring::open_to_read(&conn, &config.dir, &config.keys)?;
        Ok(read(Inspector::new(&conn, Some(&ring)))?)
    }

    /// The same without keys: what is sealed stays closed.
    pub fn open<T>(
        path: &Path,
        read: impl FnOnce(Inspector<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, OpenError> {
        let conn = schema::open_reader(path)?;
        Ok(read(Inspector::new(&conn, None))?)
    }

    /// Returns the newest events, newest first.
    pub fn newest(self, limit: usize) -> rusqlite::Result<Vec<EventView>> {
        read::newest(self.conn, self.ring, limit)?
            .into_iter()
            .map(|stored| self.view(stored))
            .collect()
    }

    /// Returns all events with this id (a name and an id make an event).
    pub fn by_id(self, event_id: &str) -> rusqlite::Result<Vec<EventView>> {
        let seqs = read::seqs_of_id(self.conn, event_id)?;
        read::events(self.conn, self.ring, seqs)?
            .into_iter()
            .map(|stored| self.view(stored))
            .collect()
    }

    /// Returns the newest quarantined events, newest first, of one event id if given.
    pub fn quarantine(
        &self,
        event_id: Option<&str>,
        limit: usize,
    ) -> rusqlite::Result<Vec<QuarantineView>> {
        let mut opener = Opener::new(self.conn, self.ring);
        let mut select = self.conn.prepare_cached(&format!(
            "{QUARANTINE} WHERE ?1 IS NULL OR event_id = ?1 ORDER BY q.id DESC LIMIT ?2"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = select.query(params![event_id, limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(QuarantineView::of_row(row, &mut opener)?);
        }
        Ok(found)
    }

    /// Returns all sources that the data knows.
    pub fn sources(self) -> rusqlite::Result<Vec<(SourceId, String, SourceKind)>> {
        arrivals::sources(self.conn)
    }

    /// Returns a position from which on everything is found that arrived at this time or later.
    pub fn position_of(self, since_ms: i64) -> rusqlite::Result<Seq> {
        arrivals::position_of(self.conn, since_ms)
    }

    /// Hands over who told of the events of a slice of the log, which begins at a position. Returns where the next
    /// begins and when the last request of this one arrived; `None` at the end of the log.
    pub fn arrivals(
        self,
        from: Seq,
        take: impl FnMut(Seq, &Arrivals<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Option<(Seq, i64)>> {
        arrivals::slice(self.conn, from, take)
    }

    /// Returns what became of an event that nobody confirmed; `reason` is how the words of its end begin.
    pub fn doubt(self, seq: Seq, reason: &str) -> rusqlite::Result<Option<Doubt>> {
        arrivals::doubt(self.conn, seq, reason)
    }

    /// Returns events on which a destination has said its last word, at most `limit`.
    pub fn settled(
        self,
        destination: &str,
        filter: &SettledFilter,
        order: Order,
        limit: usize,
    ) -> rusqlite::Result<Vec<SettledEvent>> {
        settled::list(self.conn, self.ring, destination, filter, order, limit)
    }

    /// Returns how many events are in quarantine.
    pub fn quarantine_rows(self) -> rusqlite::Result<i64> {
        self.conn
            .query_row("SELECT count(*) FROM quarantine", [], |row| row.get(0))
    }

    /// Walks a chain and says what is wrong with it; `pinned` is a head that was noted earlier.
    pub fn verify(self, chain: Chain, pinned: Option<Head>) -> rusqlite::Result<Verified> {
        proof::verify(self.conn, chain, pinned)
    }

    /// Hands over every row of a chain, in order, until `take` fails.
    pub fn walk<E: From<rusqlite::Error>>(
        self,
        chain: Chain,
        take: impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        proof::walk(self.conn, chain, take)
    }

    /// Returns the canonical text of the terms with this name.
    pub fn terms_text(self, name: &str) -> rusqlite::Result<Option<String>> {
        proof::terms_text(self.conn, name)
    }

    /// Returns all tokens of the administrative doors, the oldest first.
    pub fn tokens(self) -> rusqlite::Result<Vec<TokenRow>> {
        access::tokens(self.conn)
    }

    /// Returns what makes the blind indexes of this file and opens what is sealed. Fails where the file was opened
    /// without keys.
    pub fn keys(self) -> rusqlite::Result<&'c KeyRing> {
        self.ring.ok_or_else(|| {
            rusqlite::Error::ToSqlConversionFailure("the data was opened without its keys".into())
        })
    }

    /// Returns how a task stands.
    pub fn task(self, id: &str) -> rusqlite::Result<Option<TaskView>> {
        tasks::view(self.conn, id)
    }

    /// Returns who is kept out, the newest entry first.
    pub fn suppressed(self, limit: usize) -> rusqlite::Result<Vec<SuppressedView>> {
        tasks::suppressed(self.conn, limit)
    }

    /// Counts what an erasure would take, and tells about whom it would be.
    pub fn dry_run(self, target: &Target) -> rusqlite::Result<(Counts, Vec<Identifier>)> {
        let snapshot = self.conn.unchecked_transaction()?;
        tasks::dry_run(&snapshot, self.keys()?, target)
    }

    /// Hands over every record of a person, in one state of the file, until `take` fails. Returns by what the person
    /// is known.
    pub fn person<E: From<rusqlite::Error>>(
        self,
        target: &Target,
        take: impl FnMut(PersonRecord) -> Result<(), E>,
    ) -> Result<Vec<Identifier>, E> {
        // Held to the end: reads inside it see one state.
        let _snapshot = self.conn.unchecked_transaction()?;
        person::records(self, self.conn, target, take)
    }

    /// Returns the events of an order, and by what they name people.
    pub fn of_transaction(self, id: &str) -> rusqlite::Result<(Vec<Seq>, Vec<Identifier>)> {
        person::of_transaction(self.conn, self.keys()?, id)
    }

    pub(super) fn quarantined(self, id: i64) -> rusqlite::Result<Option<QuarantineView>> {
        person::quarantined(self.conn, self.keys()?, id)
    }

    /// Returns where retention has cut a chain.
    pub fn anchor(self, chain: Chain) -> rusqlite::Result<Head> {
        ledger::anchor(self.conn, chain.table())
    }

    /// Returns what the data needs of its keys.
    pub fn key_status(self) -> rusqlite::Result<KeyStatus> {
        keyring::status(self.conn)
    }

    pub(super) fn view(self, stored: StoredEvent) -> rusqlite::Result<EventView> {
        let destinations = self
            .conn
            .prepare_cached("SELECT id, name, paused, cursor FROM destinations ORDER BY name")?
            .query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Seq>(3)?))
            })?
            .collect::<rusqlite::Result<Vec<(i64, String, Option<String>, Seq)>>>()?
            .into_iter()
            .map(|(id, name, paused, cursor)| {
                Ok(DestinationView {
                    name,
                    paused,
                    is_read: cursor >= stored.seq,
                    outcomes: self.outcomes(id, stored.seq)?,
                })
            })
            .collect::<rusqlite::Result<_>>()?;
        let late = std::iter::once(Ok(false))
            .chain(
                self.conn
                    .prepare_cached("SELECT is_late FROM copies WHERE seq = ?1 ORDER BY id")?
                    .query_map(params![stored.seq], |row| row.get(0))?,
            )
            .collect::<rusqlite::Result<_>>()?;
        let receipts = proof::of_event(self.conn, stored.seq)?;
        let mut subjects: Vec<&str> = receipts
            .iter()
            .flatten()
            .map(|view| view.receipt.subject_key.as_str())
            .collect();
        subjects.sort_unstable();
        subjects.dedup();
        let mut choices = Vec::new();
        for subject in subjects {
            choices.extend(proof::of_subject(self.conn, subject)?);
        }
        choices.sort_by_key(|view| (view.receipt.at, view.receipt.number));
        Ok(EventView {
            stored,
            destinations,
            receipts,
            late,
            choices,
        })
    }

    fn outcomes(self, destination: i64, seq: Seq) -> rusqlite::Result<Vec<OutcomeView>> {
        let tail = "state, due_at, reason, o.attempts, o.at_ms, a.at_ms, a.took_ms, a.events, a.status, a.answer";
        let sql = format!(
            "SELECT * FROM (SELECT o.id AS place, {tail} FROM history o LEFT JOIN attempts a ON a.id = o.attempt
               WHERE o.seq = ?2 AND o.destination = ?1
             UNION ALL SELECT 9223372036854775807, {tail} FROM outcomes o LEFT JOIN attempts a ON a.id = o.attempt
               WHERE o.destination = ?1 AND o.seq = ?2) ORDER BY place"
        );
        self.conn
            .prepare_cached(&sql)?
            .query_map(params![destination, seq], |row| {
                let attempt_at: Option<i64> = row.get(6)?;
                let attempt = match attempt_at {
                    None => None,
                    Some(at_ms) => Some(AttemptView {
                        at_ms,
                        took_ms: row.get(7)?,
                        events: row.get(8)?,
                        status: row.get(9)?,
                        answer: row.get(10)?,
                    }),
                };
                Ok(OutcomeView {
                    outcome: outcomes::from_columns(row.get(1)?, row.get(2)?, row.get(3)?),
                    attempts: row.get(4)?,
                    at_ms: row.get(5)?,
                    attempt,
                })
            })?
            .collect()
    }
}
