//! The end of an erasure: what the file and its log still hold of what was deleted.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::Stepped;
use crate::privacy::task::TaskKind;
use crate::store::sqlite::SqliteConfig;

/// How long the last step waits for readers of an older state of the file; it is tried again.
const WIPE_PATIENCE: Duration = Duration::from_millis(50);
/// How long the writer waits for others otherwise.
const USUAL_PATIENCE: Duration = Duration::from_secs(10);

/// Overwrites what the file and its log still hold of what was deleted, then closes the task.
pub(super) fn wipe(
    conn: &Connection,
    config: &SqliteConfig,
    (id, kind): (&str, TaskKind),
    now_ms: i64,
) -> rusqlite::Result<Stepped> {
    if kind == TaskKind::Erase {
        conn.busy_timeout(WIPE_PATIENCE)?;
        let is_clean = rewrite(conn, config).and_then(|()| truncate(conn));
        conn.busy_timeout(USUAL_PATIENCE)?;
        if !is_clean? {
            return Ok(Stepped::Busy);
        }
    }
    conn.prepare_cached("UPDATE privacy_tasks SET state = '', done_at = ?2 WHERE id = ?1")?
        .execute(params![id, now_ms])?;
    Ok(Stepped::Done)
}

/// Writes a small file anew: SQLite overwrites what it deletes, but not what it has moved inside a page before.
fn rewrite(conn: &Connection, config: &SqliteConfig) -> rusqlite::Result<()> {
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let page_bytes: i64 = conn.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    if pages.saturating_mul(page_bytes) > i64::from(config.rewrite_max_mib) << 20 {
        return Ok(());
    }
    match conn.execute_batch("VACUUM") {
        Err(error) if is_full(&error) => {
            tracing::warn!(%error, "no room to write the data file anew after an erasure");
            Ok(())
        }
        other => other,
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

/// Folds the whole write-ahead log into the file and cuts it off. Returns whether nobody was in the way.
fn truncate(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0).map(|busy| busy == 0)
    })
}
