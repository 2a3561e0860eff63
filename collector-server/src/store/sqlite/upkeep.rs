//! Forgets what is old, in small slices between commits.
//!
//! Dedup keys go after `dedup_days`, in the order of the log (so neighbours go together); requests go
//! after `retention_days`, but never what a configured destination has not read or wants to
//! look at again; the last row of the log always stays, because it holds the position. Grants that have
//! come to their end get a receipt of it; people who were not seen for `link_days` are nobody any more; both chains
//! lose their oldest rows after their own time. Purposes end before that where they are configured to
//! ([`super::retain`]); rows and keys come under the newest key ([`super::reseal`]).

use rusqlite::{Connection, OptionalExtension, params};

use super::append::Cache;
use super::{
    SqliteConfig, audit, frame, ledger, people, reseal, retain, schema, shop_orders, size,
};
use crate::privacy::audit::{Entry, Outcome};
use crate::store::Seq;

pub(super) const DAY_MS: i64 = 86_400_000;
/// Rows looked at in one slice.
pub(super) const SLICE: usize = 200;

/// Does one slice. Returns whether there is more to do.
pub(super) fn slice(
    conn: &Connection,
    config: &SqliteConfig,
    cache: &mut Cache,
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let age = |days: u32| now_ms.saturating_sub(i64::from(days) * DAY_MS);
    conn.execute_batch("BEGIN IMMEDIATE")?;
    cache.vault.begin(conn)?;
    let keys = prune_keys(conn, age(config.dedup_days))?;
    let rows = prune_log(conn, config, age(config.retention_days), u64::MAX)?;
    let for_size = size::slice(conn, config, now_ms)?;
    let attempts = prune_by_id(
        conn,
        "SELECT id, at_ms FROM attempts ORDER BY id LIMIT 200",
        "DELETE FROM attempts WHERE id = ?1",
        age(config.retention_days),
    )?;
    let quarantine = prune_by_id(
        conn,
        "SELECT id, received_at FROM quarantine ORDER BY id LIMIT 200",
        "DELETE FROM quarantine WHERE id = ?1",
        age(config.quarantine_days),
    )?;
    conn.prepare_cached(
        "DELETE FROM consent WHERE subject IN
           (SELECT subject FROM consent WHERE received_at < ?1 ORDER BY received_at LIMIT 200)",
    )?
    .execute(params![age(config.consent_days)])?;
    let orders = shop_orders::prune(conn, age(config.order_days))?;
    people::prune(conn, &mut cache.people, age(config.link_days))?;
    cache.prune_erased(conn, age(config.dedup_days))?;
    if config.audit_days > 0 {
        // As long as the audit log names them.
        conn.prepare_cached("DELETE FROM privacy_tasks WHERE done_at < ?1")?
            .execute(params![age(config.audit_days)])?;
    }
    let expired = ledger::expire(conn, &mut cache.ledger, now_ms)?;
    for (chain, recorded, days) in [
        ("receipts", "recorded_at", config.receipt_days),
        ("audit", "at", config.audit_days),
    ] {
        if days > 0 {
            prune_chain(conn, chain, recorded, age(days), now_ms)?;
        }
    }
    let retained = retain::slice(conn, config, cache.vault.ring(), now_ms)?;
    let rewrapped = reseal::rewrap(conn, cache.vault.ring())?;
    reseal::forget_unused(conn, &mut cache.vault)?;
    conn.execute_batch("COMMIT")?;
    let sealed = seal_clear(conn, cache)?;
    let done = [keys, rows, attempts, quarantine, orders, expired];
    Ok(done.contains(&SLICE) || [retained, rewrapped, sealed, for_size].contains(&SLICE))
}

/// Seals what an older version has written in clear, in a transaction of its own: what it takes the place of is
/// overwritten on the disk, which costs more than other upkeep.
fn seal_clear(conn: &Connection, cache: &mut Cache) -> rusqlite::Result<usize> {
    if !reseal::has_clear(conn)? {
        return Ok(0);
    }
    schema::overwrite_all_deleted(conn)?;
    conn.execute_batch("BEGIN IMMEDIATE")?;
    cache.vault.begin(conn)?;
    let sealed = reseal::seal_clear(conn, &mut cache.vault)?;
    conn.execute_batch("COMMIT")?;
    schema::overwrite_usual_deleted(conn)?;
    Ok(sealed)
}

/// Deletes the oldest rows of a chain; what went is itself in the audit log.
fn prune_chain(
    conn: &Connection,
    chain: &str,
    recorded: &str,
    before_ms: i64,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let Some(cut) = ledger::prune(conn, chain, recorded, before_ms)? else {
        return Ok(());
    };
    if chain == "receipts" {
        conn.prepare_cached("DELETE FROM choices WHERE receipt <= ?1")?
            .execute(params![cut.number])?;
    }
    let entry = Entry {
        at_ms: now_ms,
        actor: "collector".to_owned(),
        role: "collector".to_owned(),
        action: "retention",
        what: format!("{chain} up to {} ({})", cut.number, cut.hash),
        outcome: Outcome::Done,
    };
    audit::append(conn, &entry)
}

/// Returns the position up to which dedup keys were pruned.
pub(super) fn pruned_keys(conn: &Connection) -> rusqlite::Result<Seq> {
    Ok(conn
        .prepare_cached("SELECT position FROM upkeep WHERE task = 'dedup'")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

fn prune_keys(conn: &Connection, before_ms: i64) -> rusqlite::Result<usize> {
    let from = pruned_keys(conn)?;
    let mut to = from;
    let mut count = 0;
    let mut key = Vec::new();
    let mut delete = conn.prepare_cached("DELETE FROM dedup WHERE key = ?1 AND seq = ?2")?;
    let mut select = conn.prepare_cached(
        "SELECT seq, n, received_at, events FROM log WHERE seq >= ?1 ORDER BY seq LIMIT 200",
    )?;
    let mut rows = select.query(params![from])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(2)? >= before_ms {
            break;
        }
        let first: Seq = row.get(0)?;
        for (event, seq) in frame::iter(row.get_ref(3)?.as_str()?).zip(first..) {
            frame::dedup_key(&mut key, event.name, event.event_id);
            delete.execute(params![key, seq])?;
        }
        to = first + row.get::<_, i64>(1)?;
        count += 1;
    }
    if to > from {
        conn.prepare_cached("INSERT OR REPLACE INTO upkeep(task, position) VALUES('dedup', ?1)")?
            .execute(params![to])?;
    }
    Ok(count)
}

/// Returns the last position that nobody needs any more.
pub(super) fn last_unneeded(conn: &Connection, config: &SqliteConfig) -> rusqlite::Result<Seq> {
    let mut last = Seq::MAX;
    for name in &config.destinations {
        let known: Option<(i64, Seq)> = conn
            .prepare_cached("SELECT id, cursor FROM destinations WHERE name = ?1")?
            .query_row(params![name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((id, cursor)) = known else {
            return Ok(0);
        };
        // What waits for a destination that is gone waits for nobody.
        let oldest_open: Option<Seq> = conn
            .prepare_cached(
                "SELECT min(seq) FROM outcomes WHERE destination = ?1 AND due_at IS NOT NULL",
            )?
            .query_row(params![id], |row| row.get(0))?;
        last = last.min(oldest_open.map_or(cursor, |seq| cursor.min(seq - 1)));
    }
    Ok(last)
}

/// Deletes the oldest rows of the log that arrived before this time, that nobody needs, and whose dedup keys are
/// gone, until so many bytes are free. Returns how many.
pub(super) fn prune_log(
    conn: &Connection,
    config: &SqliteConfig,
    before_ms: i64,
    wanted_bytes: u64,
) -> rusqlite::Result<usize> {
    let unneeded = last_unneeded(conn, config)?;
    let pruned_keys = pruned_keys(conn)?;
    let last_row: Option<Seq> = conn.query_row("SELECT max(seq) FROM log", [], |row| row.get(0))?;
    let mut select = conn.prepare_cached(
        "SELECT seq, n, received_at, length(header) + length(events) FROM log ORDER BY seq LIMIT 200",
    )?;
    let old: Vec<(Seq, i64, i64, i64)> = select
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut freed = 0;
    let gone: Vec<(Seq, Seq)> = old
        .into_iter()
        .map(|(first, n, at, bytes)| (first, first + n - 1, at, bytes))
        .take_while(|(first, last, at, bytes)| {
            let is_wanted = freed < wanted_bytes;
            freed = freed.saturating_add(u64::try_from(*bytes).unwrap_or(0));
            is_wanted
                && *at < before_ms
                && *last <= unneeded
                && *last < pruned_keys
                && Some(*first) != last_row
        })
        .map(|(first, last, ..)| (first, last))
        .collect();
    let (Some((first, _)), Some((_, last))) = (gone.first(), gone.last()) else {
        return Ok(0);
    };
    let range = params![first, last];
    conn.prepare_cached("DELETE FROM log WHERE seq BETWEEN ?1 AND ?2")?
        .execute(range)?;
    conn.prepare_cached("DELETE FROM copies WHERE seq BETWEEN ?1 AND ?2")?
        .execute(range)?;
    conn.prepare_cached("DELETE FROM history WHERE seq BETWEEN ?1 AND ?2")?
        .execute(range)?;
    conn.prepare_cached(
        "DELETE FROM outcomes WHERE destination IN (SELECT id FROM destinations) AND seq BETWEEN ?1 AND ?2",
    )?
    .execute(range)?;
    Ok(gone.len())
}

/// Deletes old rows from the front of a table whose ids grow with time.
fn prune_by_id(
    conn: &Connection,
    select: &str,
    delete: &str,
    before_ms: i64,
) -> rusqlite::Result<usize> {
    let rows: Vec<(i64, i64)> = conn
        .prepare_cached(select)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut count = 0;
    for (id, _) in rows.iter().take_while(|(_, at)| *at < before_ms) {
        conn.prepare_cached(delete)?.execute(params![id])?;
        count += 1;
    }
    Ok(count)
}
