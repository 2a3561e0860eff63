//! Retention by purpose: what only a purpose justified goes when its time is over.
//!
//! Works along the log, each purpose from where it stopped, never past what a destination has still to read. A
//! purpose that is over is taken out of the row's set: the header loses what it justified, and the event goes
//! with its copies when nothing is left that keeps events. Rows of versions that did not note their purposes
//! stay for `store.retention_days`.
//!
//! Work begins when the oldest row is a day over its time, and then goes on to the last: what went is one audit
//! row a run, not one a slice.

use firsthand_core::consent::Purpose;
use rusqlite::{Connection, OptionalExtension, params};

use super::upkeep::{DAY_MS, SLICE, last_unneeded, pruned_keys};
use super::values::{Opened, Opener, Row, seal};
use super::vault::{KeyId, Sealer};
use super::{SqliteConfig, audit};
use crate::privacy::audit::{Entry, Outcome};
use crate::privacy::keys::KeyRing;
use crate::privacy::retention::{Purposes, redacted};
use crate::store::Seq;

/// What went in a slice.
#[derive(Debug, Default)]
struct Gone {
    rows: usize,
    deleted: i64,
    stripped: i64,
    last: Seq,
}

/// Does one slice of each purpose. Returns the most rows that were looked at for one.
pub(super) fn slice(
    conn: &Connection,
    config: &SqliteConfig,
    ring: &KeyRing,
    now_ms: i64,
) -> rusqlite::Result<usize> {
    let mut most = 0;
    for (purpose, days) in config.purpose_days.all() {
        let Some(days) = days.filter(|days| *days < config.retention_days) else {
            continue;
        };
        let before_ms = now_ms.saturating_sub(i64::from(days) * DAY_MS);
        let gone = end_of(conn, config, ring, purpose, before_ms)?;
        note(conn, purpose, &gone, now_ms)?;
        most = most.max(gone.rows);
    }
    Ok(most)
}

fn task(purpose: Purpose, what: &str) -> String {
    format!("retain_{}{what}", purpose.as_str())
}

fn position(conn: &Connection, task: &str) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT position FROM upkeep WHERE task = ?1")?
        .query_row(params![task], |row| row.get(0))
        .optional()
}

fn set_position(conn: &Connection, task: &str, position: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO upkeep(task, position) VALUES(?1, ?2)")?
        .execute(params![task, position])
        .map(|_| ())
}

struct LogRow {
    seq: Seq,
    n: i64,
    received_at_ms: i64,
    key: Option<KeyId>,
    purposes: Option<i64>,
}

fn end_of(
    conn: &Connection,
    config: &SqliteConfig,
    ring: &KeyRing,
    purpose: Purpose,
    before_ms: i64,
) -> rusqlite::Result<Gone> {
    let mut gone = Gone::default();
    let from = position(conn, &task(purpose, ""))?.unwrap_or(0);
    let is_running = position(conn, &task(purpose, "_deleted"))?.is_some();
    // An event outlives its dedup key, which is found by it.
    let free = last_unneeded(conn, config)?.min(pruned_keys(conn)? - 1);
    let last_row: Option<Seq> = conn.query_row("SELECT max(seq) FROM log", [], |row| row.get(0))?;
    let rows: Vec<LogRow> = conn
        .prepare_cached(
            "SELECT seq, n, received_at, key, purposes FROM log WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
        )?
        .query_map(params![from, i64::try_from(SLICE).unwrap_or(i64::MAX)], |row| {
            Ok(LogRow {
                seq: row.get(0)?,
                n: row.get(1)?,
                received_at_ms: row.get(2)?,
                key: row.get(3)?,
                purposes: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let is_due = |row: &LogRow, before_ms: i64| {
        row.received_at_ms < before_ms && row.seq + row.n - 1 <= free && Some(row.seq) != last_row
    };
    let oldest_before = if is_running {
        before_ms
    } else {
        before_ms - DAY_MS
    };
    if !rows.first().is_some_and(|row| is_due(row, oldest_before)) {
        return Ok(gone);
    }
    let mut opener = Opener::new(conn, Some(ring));
    for row in rows.iter().take_while(|row| is_due(row, before_ms)) {
        end_in_row(conn, &mut opener, row, purpose, &mut gone)?;
        gone.rows += 1;
        gone.last = row.seq + row.n - 1;
    }
    set_position(conn, &task(purpose, ""), gone.last + 1)?;
    Ok(gone)
}

fn end_in_row(
    conn: &Connection,
    opener: &mut Opener<'_>,
    row: &LogRow,
    purpose: Purpose,
    gone: &mut Gone,
) -> rusqlite::Result<()> {
    let range = params![row.seq, row.seq + row.n - 1];
    let (Some(key), Some(bits)) = (row.key, row.purposes) else {
        return Ok(());
    };
    let purposes = Purposes::from_bits(bits);
    let left = purposes.without(purpose);
    if !left.keeps_events() {
        for delete in [
            "DELETE FROM log WHERE seq BETWEEN ?1 AND ?2",
            "DELETE FROM copies WHERE seq BETWEEN ?1 AND ?2",
            "DELETE FROM history WHERE seq BETWEEN ?1 AND ?2",
            "DELETE FROM outcomes WHERE destination IN (SELECT id FROM destinations) AND seq BETWEEN ?1 AND ?2",
        ] {
            conn.prepare_cached(delete)?.execute(range)?;
        }
        gone.deleted += row.n;
        return Ok(());
    }
    if left != purposes {
        let sealed: Vec<u8> = conn
            .prepare_cached("SELECT header FROM log WHERE seq = ?1")?
            .query_row(params![row.seq], |row| row.get(0))?;
        if let Some(sealed) = strip(opener, key, Row::Log(row.seq), &sealed, left)? {
            conn.prepare_cached("UPDATE log SET header = ?2, purposes = ?3 WHERE seq = ?1")?
                .execute(params![row.seq, sealed, left.bits()])?;
            gone.stripped += row.n;
        }
    }
    end_in_copies(conn, opener, row, purpose)
}

/// A copy came under its own choice; it goes no later than its event.
fn end_in_copies(
    conn: &Connection,
    opener: &mut Opener<'_>,
    row: &LogRow,
    purpose: Purpose,
) -> rusqlite::Result<()> {
    type Copy = (i64, Seq, i64, Vec<u8>, KeyId, i64);
    let copies: Vec<Copy> = conn
        .prepare_cached(
            "SELECT id, seq, source, header, key, purposes FROM copies
             WHERE seq BETWEEN ?1 AND ?2 AND key IS NOT NULL AND purposes IS NOT NULL",
        )?
        .query_map(params![row.seq, row.seq + row.n - 1], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (id, seq, source, sealed, key, bits) in copies {
        let purposes = Purposes::from_bits(bits);
        let left = purposes.without(purpose);
        if !left.keeps_events() {
            conn.prepare_cached("DELETE FROM copies WHERE id = ?1")?
                .execute(params![id])?;
        } else if left != purposes
            && let Some(sealed) = strip(opener, key, Row::Copy(seq, source), &sealed, left)?
        {
            conn.prepare_cached("UPDATE copies SET header = ?2, purposes = ?3 WHERE id = ?1")?
                .execute(params![id, sealed, left.bits()])?;
        }
    }
    Ok(())
}

/// Returns the sealed value with a header that holds only what is left; `None` where it cannot be read.
fn strip(
    opener: &mut Opener<'_>,
    id: KeyId,
    row: Row<'_>,
    sealed: &[u8],
    left: Purposes,
) -> rusqlite::Result<Option<Vec<u8>>> {
    let Opened::Texts(texts) = opener.open(id, row, sealed)? else {
        return Ok(None);
    };
    let Some(header) = texts.first().and_then(|header| redacted(header, left)) else {
        return Ok(None);
    };
    let Some(key) = opener.key(id) else {
        return Ok(None);
    };
    let events = texts.iter().skip(1).map(String::as_str);
    let texts = std::iter::once(header.as_str()).chain(events);
    Ok(Some(seal(&Sealer { id, key }, row, texts)))
}

/// Adds up what went, and writes it into the audit log when the run is at its end.
fn note(conn: &Connection, purpose: Purpose, gone: &Gone, now_ms: i64) -> rusqlite::Result<()> {
    let (deleted_task, stripped_task) = (task(purpose, "_deleted"), task(purpose, "_stripped"));
    let deleted = position(conn, &deleted_task)?;
    if gone.rows == 0 && deleted.is_none() {
        return Ok(());
    }
    let deleted = deleted.unwrap_or(0) + gone.deleted;
    let stripped = position(conn, &stripped_task)?.unwrap_or(0) + gone.stripped;
    if gone.rows == SLICE {
        set_position(conn, &deleted_task, deleted)?;
        return set_position(conn, &stripped_task, stripped);
    }
    conn.prepare_cached("DELETE FROM upkeep WHERE task IN (?1, ?2)")?
        .execute(params![deleted_task, stripped_task])?;
    let last = position(conn, &task(purpose, ""))?.unwrap_or(1) - 1;
    for (what, count) in [("deleted", deleted), ("stripped", stripped)] {
        metrics::counter!("firsthand_retention_events_total", "purpose" => purpose.as_str(), "what" => what)
            .increment(u64::try_from(count).unwrap_or(0));
    }
    let entry = Entry {
        at_ms: now_ms,
        actor: "collector".to_owned(),
        role: "collector".to_owned(),
        action: "retention",
        what: format!(
            "{} up to event {last}: {deleted} deleted, {stripped} without match keys",
            purpose.as_str()
        ),
        outcome: Outcome::Done,
    };
    audit::append(conn, &entry)
}
