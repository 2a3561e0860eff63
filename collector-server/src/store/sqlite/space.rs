//! Looks how much room there is: on the disk, and in the data file.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::watch;

use super::SqliteConfig;
use crate::store::{Room, Short};

/// How often it is looked while nothing is written.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Tells how many bytes are free for this process on the disk of a directory; `None` where the system does not.
pub(super) type FreeBytes = Box<dyn Fn(&Path) -> Option<u64> + Send>;

/// Asks the system.
pub(super) fn free_bytes(dir: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(dir).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// What the writer knows of its room.
pub(super) struct Space {
    free_bytes: FreeBytes,
    looked: Option<Instant>,
    room: watch::Sender<Room>,
}

impl Space {
    /// Begins without a look; the other end is for who asks.
    pub(super) fn new(free_bytes: FreeBytes) -> (Self, watch::Receiver<Room>) {
        let (room, seen) = watch::channel(Room::default());
        let space = Self {
            free_bytes,
            looked: None,
            room,
        };
        (space, seen)
    }

    /// Whether the last look was long ago.
    pub(super) fn is_look_due(&self) -> bool {
        self.looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY)
    }

    /// Looks. Returns what is short.
    pub(super) fn look(
        &mut self,
        conn: Option<&Connection>,
        config: &SqliteConfig,
    ) -> Option<Short> {
        self.looked = Some(Instant::now());
        let before = self.short();
        let used_before = self.room.borrow().used_bytes;
        // A file that cannot be asked is as large as it was; what is wrong with it, the next commit tells.
        let used_bytes = conn
            .and_then(|conn| used_bytes(conn).ok())
            .unwrap_or(used_before);
        let free_bytes = (self.free_bytes)(&config.dir);
        self.room.send_replace(room(config, used_bytes, free_bytes));
        let short = self.short();
        match (before, short) {
            (None, Some(short)) => {
                tracing::error!(%short, "no room for more events, they are refused with 503");
            }
            (Some(_), None) => tracing::info!("there is room again, events are taken"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        short
    }

    /// Returns what was short at the last look.
    pub(super) fn short(&self) -> Option<Short> {
        self.room.borrow().short()
    }
}

/// Returns how much room these numbers are.
pub(super) fn room(config: &SqliteConfig, used_bytes: u64, free_bytes: Option<u64>) -> Room {
    let is_limit_ours = config.max_log_mib > 0;
    let limit_mib = if is_limit_ours {
        config.max_log_mib
    } else {
        config.max_mib
    };
    Room {
        used_bytes,
        limit_bytes: u64::from(limit_mib) << 20,
        is_limit_ours,
        free_bytes,
        min_free_bytes: u64::from(config.min_free_mib) << 20,
    }
}

/// Returns how many bytes of the data file are in use: what was deleted leaves pages that are written again.
pub(super) fn used_bytes(conn: &Connection) -> rusqlite::Result<u64> {
    let number = |pragma: &str| -> rusqlite::Result<u64> {
        let number: i64 = conn
            .prepare_cached(pragma)?
            .query_row([], |row| row.get(0))?;
        Ok(u64::try_from(number).unwrap_or(0))
    };
    let pages = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?);
    Ok(pages.saturating_mul(number("PRAGMA page_size")?))
}
