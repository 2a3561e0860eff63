//! Which sources told of each event, and when: read row by row without opening anything that is sealed.
//!
//! A slice is a short read of its own, so that however long a report takes, it holds back neither the writer's
//! checkpoints nor other readers.

use rusqlite::{Connection, params};

use super::append::kind_of;
use super::{frame, outcomes};
use crate::store::{Seq, SourceKind};

/// Rows of the log (requests) that one slice reads.
pub const SLICE_ROWS: i64 = 2_000;

/// By how much a request may stand in the log before or after its time of arrival, in milliseconds: requests wait
/// for the writer, and clocks are set.
pub const DISORDER_MS: i64 = 600_000;

/// Number of a source in the data file.
pub type SourceId = i64;

/// One source's word of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Who told.
    pub source: SourceId,
    /// When it arrived, in epoch milliseconds.
    pub received_at_ms: i64,
    /// Whether the event had been sent by then.
    pub is_late: bool,
}

/// What became of an event that no trusted source told of, where one has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It still waits at some destination.
    Waits,
    /// Its time is over.
    Expired,
}

/// One event and who told of it, the first first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrivals<'r> {
    /// Canonical name.
    pub name: &'r str,
    /// At least one.
    pub arrivals: &'r [Arrival],
}

/// Returns all sources that the data knows.
pub(super) fn sources(conn: &Connection) -> rusqlite::Result<Vec<(SourceId, String, SourceKind)>> {
    conn.prepare_cached("SELECT id, name, kind FROM sources ORDER BY id")?
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, kind_of(row.get(2)?)))
        })?
        .collect()
}

/// Returns a position from which on everything is found that arrived at this time or later, by halving.
pub(super) fn position_of(conn: &Connection, since_ms: i64) -> rusqlite::Result<Seq> {
    let wanted = since_ms.saturating_sub(DISORDER_MS);
    let mut high: Seq = conn.query_row("SELECT coalesce(max(seq), 0) + 1 FROM log", [], |row| {
        row.get(0)
    })?;
    let mut low: Seq = conn.query_row("SELECT coalesce(min(seq), 1) FROM log", [], |row| {
        row.get(0)
    })?;
    let mut probe =
        conn.prepare_cached("SELECT received_at FROM log WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let arrived: Option<i64> = {
            let mut rows = probe.query(params![middle])?;
            rows.next()?.map(|row| row.get(0)).transpose()?
        };
        if arrived.is_some_and(|at| at < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // What was found may be inside a request that began before.
    conn.query_row(
        "SELECT coalesce(max(seq), ?1) FROM log WHERE seq < ?1",
        params![low],
        |row| row.get(0),
    )
}

/// Hands over the events of a slice of the log that begins at a position. Returns where the next slice begins and
/// when its last request arrived, `None` at the end of the log.
pub(super) fn slice(
    conn: &Connection,
    from: Seq,
    mut take: impl FnMut(Seq, &Arrivals<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<Option<(Seq, i64)>> {
    let snapshot = conn.unchecked_transaction()?;
    let mut select = snapshot.prepare_cached(
        "SELECT seq, n, source, received_at, events FROM log WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut select_copies = snapshot.prepare_cached(
        "SELECT seq, source, received_at, is_late FROM copies WHERE seq >= ?1 ORDER BY seq, id",
    )?;
    let mut rows = select.query(params![from, SLICE_ROWS])?;
    let mut copies = select_copies.query(params![from])?;
    let mut copy = next_copy(&mut copies)?;
    let mut end = None;
    let mut arrivals = Vec::new();
    while let Some(row) = rows.next()? {
        let (first, count): (Seq, i64) = (row.get(0)?, row.get(1)?);
        let origin = Arrival {
            source: row.get(2)?,
            received_at_ms: row.get(3)?,
            is_late: false,
        };
        for (event, seq) in frame::iter(row.get_ref(4)?.as_str()?).zip(first..) {
            arrivals.clear();
            arrivals.push(origin);
            while let Some((at, arrival)) = copy
                && at <= seq
            {
                if at == seq {
                    arrivals.push(arrival);
                }
                copy = next_copy(&mut copies)?;
            }
            let told = Arrivals {
                name: event.name,
                arrivals: &arrivals,
            };
            take(seq, &told)?;
        }
        end = Some((first + count, origin.received_at_ms));
    }
    Ok(end)
}

fn next_copy(rows: &mut rusqlite::Rows<'_>) -> rusqlite::Result<Option<(Seq, Arrival)>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let arrival = Arrival {
        source: row.get(1)?,
        received_at_ms: row.get(2)?,
        is_late: row.get(3)?,
    };
    Ok(Some((row.get(0)?, arrival)))
}

/// Returns what became of an event that nobody confirmed; `reason` is how the words of its end begin.
pub(super) fn doubt(conn: &Connection, seq: Seq, reason: &str) -> rusqlite::Result<Option<Doubt>> {
    let (waits, is_over): (Option<bool>, Option<bool>) = conn
        .prepare_cached(
            "SELECT max(o.state = ?2), max(o.state = ?3 AND substr(o.reason, 1, length(?4)) = ?4)
             FROM destinations d CROSS JOIN outcomes o ON o.destination = d.id AND o.seq = ?1",
        )?
        .query_row(
            params![seq, outcomes::UNCONFIRMED, outcomes::SUPPRESSED, reason],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    Ok(if waits == Some(true) {
        Some(Doubt::Waits)
    } else if is_over == Some(true) {
        Some(Doubt::Expired)
    } else {
        None
    })
}
