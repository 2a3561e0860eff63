//! Reads of the log, always inside one short read transaction.

use rusqlite::{Connection, Row, params};

use super::append::kind_of;
use super::frame;
use crate::store::{ConsentChange, Seq, StoredCopy, StoredEvent};

const COLUMNS: &str =
    "log.seq, log.n, sources.name, sources.kind, log.received_at, log.header, log.events
     FROM log JOIN sources ON sources.id = log.source";

/// Returns events after a position, in order, at most `limit`.
pub(super) fn log_after(
    conn: &Connection,
    after: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<StoredEvent>> {
    let snapshot = conn.unchecked_transaction()?;
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
                events_of(row)?
                    .into_iter()
                    .filter(|event| event.seq > after)
                    .take(wanted),
            );
        }
    }
    add_copies(&snapshot, &mut events)?;
    Ok(events)
}

/// Returns these events in order of position.
pub(super) fn events(conn: &Connection, mut seqs: Vec<Seq>) -> rusqlite::Result<Vec<StoredEvent>> {
    seqs.sort_unstable();
    seqs.dedup();
    let snapshot = conn.unchecked_transaction()?;
    let mut found: Vec<StoredEvent> = Vec::with_capacity(seqs.len());
    {
        let mut select = snapshot.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE log.seq <= ?1 ORDER BY log.seq DESC LIMIT 1"
        ))?;
        // Events of one request share a row: read it once.
        let mut row_events: Vec<StoredEvent> = Vec::new();
        for seq in seqs {
            if !row_events.iter().any(|event| event.seq == seq) {
                let mut rows = select.query(params![seq])?;
                row_events = match rows.next()? {
                    Some(row) => events_of(row)?,
                    None => Vec::new(),
                };
            }
            found.extend(row_events.iter().find(|event| event.seq == seq).cloned());
        }
    }
    add_copies(&snapshot, &mut found)?;
    Ok(found)
}

/// Returns the newest events, newest first.
pub(super) fn newest(conn: &Connection, limit: usize) -> rusqlite::Result<Vec<StoredEvent>> {
    let last: Option<Seq> =
        conn.query_row("SELECT max(seq + n) - 1 FROM log", [], |row| row.get(0))?;
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    let first = last.saturating_sub(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut events = log_after(conn, first, limit)?;
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

/// Returns the latest word on consent of each of these browsers that has one.
pub(super) fn latest_consent(
    conn: &Connection,
    ids: &[String],
) -> rusqlite::Result<Vec<ConsentChange>> {
    let mut select =
        conn.prepare_cached("SELECT evidence, received_at FROM consent WHERE anonymous_id = ?1")?;
    let mut found = Vec::new();
    for id in ids {
        let mut rows = select.query(params![id])?;
        if let Some(row) = rows.next()? {
            found.push(ConsentChange {
                anonymous_id: id.clone(),
                evidence: row.get(0)?,
                received_at_ms: row.get(1)?,
            });
        }
    }
    Ok(found)
}

fn events_of(row: &Row<'_>) -> rusqlite::Result<Vec<StoredEvent>> {
    let first: Seq = row.get(0)?;
    let source: String = row.get(2)?;
    let kind = kind_of(row.get(3)?);
    let received_at_ms = row.get(4)?;
    let header = row.get_ref(5)?.as_str()?;
    let text = row.get_ref(6)?.as_str()?;
    Ok(frame::iter(text)
        .zip(first..)
        .map(|(event, seq)| StoredEvent {
            seq,
            name: event.name.to_owned(),
            event_id: event.event_id.to_owned(),
            at_ms: event.at_ms,
            settle_until_ms: event.settle_until_ms,
            copies: vec![StoredCopy {
                source: source.clone(),
                kind,
                received_at_ms,
                header: header.to_owned(),
                event: event.event.to_owned(),
            }],
        })
        .collect())
}

/// Adds the later copies to events that are sorted by position.
fn add_copies(conn: &Connection, events: &mut [StoredEvent]) -> rusqlite::Result<()> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(());
    };
    let range = params![first.seq, last.seq];
    let mut select = conn.prepare_cached(
        "SELECT copies.seq, sources.name, sources.kind, copies.received_at, copies.header, copies.event
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
        event.copies.push(StoredCopy {
            source: row.get(1)?,
            kind: kind_of(row.get(2)?),
            received_at_ms: row.get(3)?,
            header: row.get(4)?,
            event: row.get(5)?,
        });
    }
    Ok(())
}
