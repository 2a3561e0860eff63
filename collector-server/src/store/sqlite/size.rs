//! Retention by size: where the data file holds more than it may, the oldest events go first.
//!
//! Begins a tenth below `store.max_log_mib`, so that the limit itself is met only by what must not go: events that an
//! enabled destination has still to read or to send. What is old enough that its dedup keys are gone goes as by age
//! ([`super::upkeep::prune_log`]). Of what is younger only the content goes, the sealed header, events and copies: a
//! repeat of an emptied event is still a duplicate, and what became of it is still known.

use rusqlite::{Connection, OptionalExtension, params};

use super::upkeep::{SLICE, last_unneeded, prune_log};
use super::{SqliteConfig, audit, space};
use crate::privacy::audit::{Entry, Outcome};
use crate::store::Seq;
use crate::store::room::percent;

/// Part of the limit, in percent, from which events are forgotten, and down to which.
const FORGET_PERCENT: u64 = 90;
const LEAVE_PERCENT: u64 = 85;

/// Where emptying goes on, and what a run has taken until now (`upkeep`).
const POSITION: &str = "size";
const DELETED: &str = "size_deleted";
const EMPTIED: &str = "size_emptied";

/// Does one slice where there is too much. Returns how many requests it took.
pub(super) fn slice(
    conn: &Connection,
    config: &SqliteConfig,
    now_ms: i64,
) -> rusqlite::Result<usize> {
    let limit = u64::from(config.max_log_mib) << 20;
    let used = if limit > 0 {
        space::used_bytes(conn)?
    } else {
        0
    };
    let mut taken = 0;
    if limit > 0 && used >= percent(limit, FORGET_PERCENT) {
        let wanted = used - percent(limit, LEAVE_PERCENT);
        let before = events_before(conn)?;
        taken = prune_log(conn, config, i64::MAX, wanted)?;
        if taken > 0 {
            add(conn, DELETED, events_before(conn)? - before)?;
        } else {
            let emptied;
            (taken, emptied) = empty(conn, config, wanted)?;
            add(conn, EMPTIED, emptied)?;
        }
    }
    if taken < SLICE {
        note(conn, now_ms)?;
    }
    Ok(taken)
}

/// Returns how many positions lie before the first event that is still there.
fn events_before(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT coalesce(min(seq), 1) FROM log", [], |row| {
        row.get(0)
    })
}

/// Takes the content of the oldest requests that nobody needs, until so many bytes are free. Returns how many
/// requests and events that were.
fn empty(
    conn: &Connection,
    config: &SqliteConfig,
    wanted_bytes: u64,
) -> rusqlite::Result<(usize, i64)> {
    let unneeded = last_unneeded(conn, config)?;
    let from = position(conn, POSITION)?.unwrap_or(0);
    // What an older version wrote in clear is sealed first.
    let rows: Vec<(Seq, i64, i64)> = conn
        .prepare_cached(
            "SELECT seq, n, length(header) FROM log WHERE seq >= ?1 AND key IS NOT NULL ORDER BY seq LIMIT ?2",
        )?
        .query_map(
            params![from, i64::try_from(SLICE).unwrap_or(i64::MAX)],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let mut row_of_log = conn.prepare_cached("UPDATE log SET header = x'' WHERE seq = ?1")?;
    let mut copies = conn
        .prepare_cached("UPDATE copies SET header = x'', event = '' WHERE seq BETWEEN ?1 AND ?2")?;
    let (mut requests, mut events, mut next, mut freed) = (0, 0, from, 0);
    for (first, n, bytes) in rows {
        let last = first + n - 1;
        if last > unneeded || freed >= wanted_bytes {
            break;
        }
        row_of_log.execute(params![first])?;
        copies.execute(params![first, last])?;
        freed = freed.saturating_add(u64::try_from(bytes).unwrap_or(0));
        requests += 1;
        events += n;
        next = last + 1;
    }
    if next > from {
        set(conn, POSITION, next)?;
    }
    Ok((requests, events))
}

fn position(conn: &Connection, task: &str) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT position FROM upkeep WHERE task = ?1")?
        .query_row(params![task], |row| row.get(0))
        .optional()
}

fn set(conn: &Connection, task: &str, position: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO upkeep(task, position) VALUES(?1, ?2)")?
        .execute(params![task, position])
        .map(|_| ())
}

fn add(conn: &Connection, task: &str, events: i64) -> rusqlite::Result<()> {
    if events == 0 {
        return Ok(());
    }
    let before = position(conn, task)?.unwrap_or(0);
    set(conn, task, before + events)
}

/// At the end of a run: counts what went, and writes it into the audit log.
fn note(conn: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    let (deleted, emptied) = (position(conn, DELETED)?, position(conn, EMPTIED)?);
    if deleted.is_none() && emptied.is_none() {
        return Ok(());
    }
    conn.prepare_cached("DELETE FROM upkeep WHERE task IN (?1, ?2)")?
        .execute(params![DELETED, EMPTIED])?;
    let (deleted, emptied) = (deleted.unwrap_or(0), emptied.unwrap_or(0));
    for (what, count) in [("deleted", deleted), ("emptied", emptied)] {
        metrics::counter!("firsthand_retention_size_events_total", "what" => what)
            .increment(u64::try_from(count).unwrap_or(0));
    }
    tracing::warn!(
        deleted,
        emptied,
        "the oldest events were forgotten to make room (store.max_log_mib)"
    );
    let entry = Entry {
        at_ms: now_ms,
        actor: "collector".to_owned(),
        role: "collector".to_owned(),
        action: "retention",
        what: format!("size: {deleted} deleted, {emptied} emptied, the oldest first"),
        outcome: Outcome::Done,
    };
    audit::append(conn, &entry)
}
