//! Reads of the log, always inside one short read transaction.

use std::collections::HashSet;

use rusqlite::{Connection, Row, Transaction, params};

use super::append::kind_of;
use super::frame;
use super::values::{self, Opened, Opener};
use crate::privacy::keys::{Blind, KeyRing};
use crate::store::{ConsentChange, Seq, StoredCopy, StoredEvent};

const COLUMNS: &str =
    "log.seq, log.n, sources.name, sources.kind, log.received_at, log.header, log.events, log.key
     FROM log JOIN sources ON sources.id = log.source";

/// Returns events after a position, in order, at most `limit`.
pub(super) fn log_after(
    conn: &Connection,
    ring: Option<&KeyRing>,
    after: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<StoredEvent>> {
    let snapshot = conn.unchecked_transaction()?;
    let mut opener = Opener::new(&snapshot, ring);
    let mut events = Vec::new();
    {
        let mut rows = snapshot.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE log.seq >=
               (SELECT coalesce(max(seq), 0) FROM log WHERE seq <= ?1) ORDER BY log.seq"
        ))?;
        let mut rows = rows.query(params![after.saturating_add(1)])?;
        while events.len() < limit
            && let Some(row) = rows.next()?
        {
            let wanted = limit - events.len();
            events.extend(
                events_of(row, &mut opener)?
                    .into_iter()
                    .filter(|event| event.seq > after)
                    .take(wanted),
            );
        }
    }
    add_copies(&snapshot, &mut opener, &mut events)?;
    Ok(events)
}

/// Returns these events in order of position.
pub(super) fn events(
    conn: &Connection,
    ring: Option<&KeyRing>,
    mut seqs: Vec<Seq>,
) -> rusqlite::Result<Vec<StoredEvent>> {
    seqs.sort_unstable();
    seqs.dedup();
    let _snapshot = snapshot(conn)?;
    let mut opener = Opener::new(conn, ring);
    let mut found: Vec<StoredEvent> = Vec::with_capacity(seqs.len());
    {
        let mut select = conn.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE log.seq <= ?1 ORDER BY log.seq DESC LIMIT 1"
        ))?;
        // Events of one request share a row: read it once.
        let mut row_events: Vec<StoredEvent> = Vec::new();
        for seq in seqs {
            if !row_events.iter().any(|event| event.seq == seq) {
                let mut rows = select.query(params![seq])?;
                row_events = match rows.next()? {
                    Some(row) => events_of(row, &mut opener)?,
                    None => Vec::new(),
                };
            }
            found.extend(row_events.iter().find(|event| event.seq == seq).cloned());
        }
    }
    add_copies(conn, &mut opener, &mut found)?;
    Ok(found)
}

/// Begins a look at one state of the file; inside a longer look, that one's transaction holds it.
fn snapshot(conn: &Connection) -> rusqlite::Result<Option<Transaction<'_>>> {
    conn.is_autocommit()
        .then(|| conn.unchecked_transaction())
        .transpose()
}

/// Returns the newest events, newest first.
pub(super) fn newest(
    conn: &Connection,
    ring: Option<&KeyRing>,
    limit: usize,
) -> rusqlite::Result<Vec<StoredEvent>> {
    let last: Option<Seq> =
        conn.query_row("SELECT max(seq + n) - 1 FROM log", [], |row| row.get(0))?;
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    let first = last.saturating_sub(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut events = log_after(conn, ring, first, limit)?;
    events.reverse();
    Ok(events)
}

/// Returns the positions of all events with this id, whatever their name.
pub(super) fn seqs_of_id(conn: &Connection, event_id: &str) -> rusqlite::Result<Vec<Seq>> {
    let mut from = Vec::new();
    frame::dedup_prefix(&mut from, event_id);
    let mut to = from.clone();
    // Names are ASCII, so nothing with this prefix sorts after 0xff.
    to.push(0xff);
    let mut seqs: Vec<Seq> = conn
        .prepare_cached("SELECT seq FROM dedup WHERE key >= ?1 AND key < ?2")?
        .query_map(params![from, to], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if seqs.is_empty() {
        seqs = scan_for_id(conn, event_id)?;
    }
    Ok(seqs)
}

/// Looks for an id whose dedup key has been pruned, row by row.
fn scan_for_id(conn: &Connection, event_id: &str) -> rusqlite::Result<Vec<Seq>> {
    let mut seqs = Vec::new();
    let mut rows =
        conn.prepare_cached("SELECT seq, events FROM log WHERE instr(events, ?1) > 0")?;
    let mut rows = rows.query(params![event_id])?;
    while let Some(row) = rows.next()? {
        let first: Seq = row.get(0)?;
        let text = row.get_ref(1)?.as_str()?;
        seqs.extend(
            frame::iter(text)
                .zip(first..)
                .filter(|(event, _)| event.event_id == event_id)
                .map(|(_, seq)| seq),
        );
    }
    Ok(seqs)
}

/// Returns the latest word on consent of each of these browsers that has one. A word that cannot be read is a
/// no, said when it arrived.
pub(super) fn latest_consent(
    conn: &Connection,
    ring: &KeyRing,
    browsers: &[(Blind, String)],
) -> rusqlite::Result<Vec<ConsentChange>> {
    let _snapshot = snapshot(conn)?;
    let mut opener = Opener::new(conn, Some(ring));
    let mut select =
        conn.prepare_cached("SELECT key, evidence, received_at FROM consent WHERE subject = ?1")?;
    let mut found = Vec::new();
    for (subject, id) in browsers {
        let mut rows = select.query(params![subject])?;
        let Some(row) = rows.next()? else { continue };
        let received_at_ms = row.get(2)?;
        let sealed = row.get_ref(1)?.as_bytes()?;
        let opened = opener.open(row.get(0)?, values::Row::Consent(subject), sealed)?;
        let evidence = match opened {
            Opened::Texts(texts) => texts.into_iter().next(),
            Opened::Erased | Opened::Unreadable => None,
        };
        found.push(ConsentChange {
            anonymous_id: id.clone(),
            evidence: evidence.unwrap_or_else(|| denial(received_at_ms)),
            received_at_ms,
        });
    }
    Ok(found)
}

fn denial(at_ms: i64) -> String {
    format!(
        r#"{{"regime":"opt_in","policy":0,"at":{at_ms},"marketing":false,"analytics":false,"personalization":false,"third_party_sharing":false}}"#
    )
}

/// Header and JSON of the events of a row; `None` where its key was destroyed.
fn texts_of(
    row: &Row<'_>,
    opener: &mut Opener<'_>,
    first: Seq,
) -> rusqlite::Result<Option<Vec<String>>> {
    let header = row.get_ref(5)?;
    let Some(key) = row.get::<_, Option<i64>>(7)? else {
        let frames = frame::iter(row.get_ref(6)?.as_str()?).map(|event| event.event);
        return Ok(Some(
            std::iter::once(header.as_str()?)
                .chain(frames)
                .map(str::to_owned)
                .collect(),
        ));
    };
    let opened = opener.open(key, values::Row::Log(first), header.as_bytes()?)?;
    Ok(match opened {
        Opened::Texts(texts) => Some(texts),
        Opened::Erased => None,
        Opened::Unreadable => Some(Vec::new()),
    })
}

fn events_of(row: &Row<'_>, opener: &mut Opener<'_>) -> rusqlite::Result<Vec<StoredEvent>> {
    let first: Seq = row.get(0)?;
    let source: String = row.get(2)?;
    let kind = kind_of(row.get(3)?);
    let received_at_ms = row.get(4)?;
    let texts = texts_of(row, opener, first)?;
    // What cannot be read is an empty text, and never another event's.
    let mut texts = texts.map(Vec::into_iter);
    let header = texts.as_mut().map(|texts| texts.next().unwrap_or_default());
    Ok(frame::iter(row.get_ref(6)?.as_str()?)
        .zip(first..)
        .map(|(event, seq)| StoredEvent {
            seq,
            name: event.name.to_owned(),
            event_id: event.event_id.to_owned(),
            at_ms: event.at_ms,
            settle_until_ms: event.settle_until_ms,
            copies: texts
                .as_mut()
                .zip(header.as_ref())
                .map(|(texts, header)| StoredCopy {
                    source: source.clone(),
                    kind,
                    received_at_ms,
                    header: header.clone(),
                    event: texts.next().unwrap_or_default(),
                })
                .into_iter()
                .collect(),
        })
        .collect())
}

/// Adds the later copies to events that are sorted by position. An event of which one copy was erased has none:
/// it may be the one that held the denial.
fn add_copies(
    conn: &Connection,
    opener: &mut Opener<'_>,
    events: &mut [StoredEvent],
) -> rusqlite::Result<()> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(());
    };
    let range = params![first.seq, last.seq];
    let mut erased: HashSet<Seq> = events
        .iter()
        .filter(|event| event.copies.is_empty())
        .map(|event| event.seq)
        .collect();
    let mut select = conn.prepare_cached(
        "SELECT copies.seq, sources.name, sources.kind, copies.received_at, copies.header, copies.event,
           copies.key, copies.source
         FROM copies JOIN sources ON sources.id = copies.source
         WHERE copies.seq BETWEEN ?1 AND ?2 ORDER BY copies.seq, copies.id",
    )?;
    let mut rows = select.query(range)?;
    while let Some(row) = rows.next()? {
        let seq: Seq = row.get(0)?;
        let Ok(at) = events.binary_search_by_key(&seq, |event| event.seq) else {
            continue;
        };
        let Some(event) = events.get_mut(at) else {
            continue;
        };
        let (header, json) = match row.get::<_, Option<i64>>(6)? {
            None => (row.get(4)?, row.get(5)?),
            Some(key) => {
                let place = values::Row::Copy(seq, row.get(7)?);
                match opener.open(key, place, row.get_ref(4)?.as_bytes()?)? {
                    Opened::Texts(texts) => {
                        let mut texts = texts.into_iter();
                        let header = texts.next().unwrap_or_default();
                        (header, texts.next().unwrap_or_default())
                    }
                    Opened::Unreadable => (String::new(), String::new()),
                    Opened::Erased => {
                        erased.insert(seq);
                        continue;
                    }
                }
            }
        };
        event.copies.push(StoredCopy {
            source: row.get(1)?,
            kind: kind_of(row.get(2)?),
            received_at_ms: row.get(3)?,
            header,
            event: json,
        });
    }
    if !erased.is_empty() {
        for event in events
            .iter_mut()
            .filter(|event| erased.contains(&event.seq))
        {
            event.copies.clear();
        }
    }
    Ok(())
}
