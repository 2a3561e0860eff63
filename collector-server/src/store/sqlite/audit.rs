//! Rows of the audit log, chained. Written by the collector and by commands beside it, so the head is
//! read in the transaction that continues it.

use rusqlite::{Connection, params};

use super::ledger;
use crate::privacy::audit::{Entry, Row};

/// Writes a row; the caller holds the write transaction.
pub(super) fn append(conn: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let head = ledger::head(conn, "audit")?;
    let body = Row::of(entry, head.number + 1).canonical();
    let next = head.then(&body);
    conn.prepare_cached("INSERT INTO audit(number, hash, body) VALUES(?1, ?2, ?3)")?
        .execute(params![next.number, next.hash.0, body])?;
    Ok(())
}
