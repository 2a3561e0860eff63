//! Folds the write-ahead log into the file, beside the writer instead of in its way.
//!
//! SQLite would do it inside the commit that fills the log, and every request of that moment would wait for
//! tens of milliseconds of copying. Here a thread with a connection of its own copies most of the log while the
//! writer goes on (`SQLITE_CHECKPOINT_PASSIVE` stops nobody); what was written meanwhile is little, and the
//! writer folds that in itself between two commits, so that the log starts again from its beginning.
//!
//! Source of the rule: "Write-Ahead Logging", sections 2.2 and 6 (`SQLite` documentation): a log starts again when
//! all of it is in the file and no reader needs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::schema;

/// A pass that leaves at most one page in this many of the limit is followed by the writer's own.
const REMAINDER: i32 = 4;
/// Passes in a row before the writer folds in what is left, however much that is.
const MOST_PASSES: usize = 3;

/// The thread, and what the writer needs to talk to it.
pub(super) struct Checkpointer {
    wake: Option<SyncSender<()>>,
    is_nearly_done: Arc<AtomicBool>,
    limit_pages: i32,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread. The log is folded in from `limit_pages` pages on.
    pub(super) fn start(path: &Path, limit_pages: u32) -> std::io::Result<Self> {
        let limit_pages = i32::try_from(limit_pages).unwrap_or(i32::MAX);
        let (wake, woken) = sync_channel(1);
        let is_nearly_done = Arc::new(AtomicBool::new(false));
        let work = Work {
            path: path.to_owned(),
            conn: None,
            limit_pages,
            is_nearly_done: Arc::clone(&is_nearly_done),
        };
        let thread = std::thread::Builder::new()
            .name("firsthand-fold".to_owned())
            .spawn(move || work.run(&woken))?;
        Ok(Self {
            wake: Some(wake),
            is_nearly_done,
            limit_pages,
            thread: Some(thread),
        })
    }

    /// Watches the log of the writer's connection.
    pub(super) fn attach(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        let Some(wake) = self.wake.clone() else {
            return Ok(());
        };
        let limit = self.limit_pages;
        let mut wake_at = limit;
        let mut before = 0;
        conn.wal_hook(Some(move |_: &mut Wal, pages| {
            if pages < before {
                wake_at = limit;
            }
            before = pages;
            if pages >= wake_at {
                // A reader may keep the log from starting again: not every commit is worth another look.
                wake_at = pages.saturating_add((limit / REMAINDER).max(1));
                // Full: it is about to look.
                let _ = wake.try_send(());
            }
            Ok(())
        }))
    }

    /// Folds in the rest if there is little left. Called by the writer between two commits.
    pub(super) fn finish(&self, conn: &Connection) -> rusqlite::Result<()> {
        if self.is_nearly_done.swap(false, Ordering::Acquire) {
            passive(conn)?;
        }
        Ok(())
    }

    /// Ends the thread and waits for it; its connection is closed then.
    pub(super) fn stop(&mut self, conn: Option<&mut Connection>) {
        self.wake = None;
        // The watch holds the other end of the thread's line.
        if let Some(conn) = conn
            && let Err(error) = conn.wal_hook(None::<fn(&mut Wal, i32) -> rusqlite::Result<()>>)
        {
            tracing::error!(%error, "the watch of the write-ahead log could not be taken off");
            return;
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's checkpoint thread panicked");
        }
    }
}

/// What the thread owns.
struct Work {
    path: PathBuf,
    conn: Option<Connection>,
    limit_pages: i32,
    is_nearly_done: Arc<AtomicBool>,
}

impl Work {
    fn run(mut self, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            if let Err(error) = self.fold() {
                // The log stays as it is and grows; the next commits ask again.
                tracing::warn!(%error, "the write-ahead log could not be folded into the file");
                self.conn = None;
            }
        }
    }

    fn fold(&mut self) -> rusqlite::Result<()> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => schema::open_checkpointer(&self.path)?,
        };
        for _ in 0..MOST_PASSES {
            let before = passive(&conn)?;
            let left = left_after(&conn, before)?;
            if left <= self.limit_pages / REMAINDER {
                break;
            }
        }
        self.conn = Some(conn);
        self.is_nearly_done.store(true, Ordering::Release);
        Ok(())
    }
}

/// Copies what can be copied without stopping anybody; returns how many pages of the log are in the file.
fn passive(conn: &Connection) -> rusqlite::Result<i32> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))
}

/// Returns how many pages were written to the log since `folded` of them were in the file.
fn left_after(conn: &Connection, folded: i32) -> rusqlite::Result<i32> {
    let pages: i32 = conn.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
    Ok((pages - folded).max(0))
}
