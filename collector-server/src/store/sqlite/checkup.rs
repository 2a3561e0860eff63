//! Looks whether a data file is whole and its tables agree; reads only, also beside a running collector.
//!
//! Counts what is wrong; what it means and what to do, `crate::doctor` says.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Params, params};

use super::inspect::Inspector;
use super::proof::Chain;
use super::schema::{self, OpenError};
use super::tasks::erase::REASON;
use super::upkeep::pruned_keys;
use super::{FILE_NAME, SqliteConfig, frame, space};
use crate::privacy::chain::Verified;
use crate::store::{Room, Seq};

/// Most lines of SQLite's own check that are told.
const MOST_DAMAGE: usize = 20;
/// Positions at the end of the log that are looked at unless all are.
pub const RECENT_POSITIONS: i64 = 20_000;

/// How thoroughly it is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Pages and the end of the log: seconds.
    Quick,
    /// Every index, every row: minutes for a large file.
    Full,
}

/// What does not agree, by count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disagreements {
    /// Events that were looked at.
    pub events: u64,
    /// Requests whose events cannot be told apart.
    pub unreadable_requests: u64,
    /// Requests whose positions were given twice.
    pub overlapping_requests: u64,
    /// Events without the dedup key they should have: a repeat would count again.
    pub missing_keys: u64,
    /// Dedup keys of events that are not there: the event would never be taken.
    pub orphaned_keys: u64,
    /// Fates of events that are neither there nor erased.
    pub orphaned_outcomes: u64,
    /// Copies of events that are not there.
    pub orphaned_copies: u64,
}

/// Where a destination stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationStanding {
    /// Its name.
    pub name: String,
    /// The last position it has read; `None` where it has never been seen.
    pub cursor: Option<Seq>,
    /// Why it is paused, if it is.
    pub paused: Option<String>,
    /// When the first event arrived that it has not read, in epoch milliseconds.
    pub unread_since_ms: Option<i64>,
    /// Events that wait for another try.
    pub open: i64,
    /// Events it has given up.
    pub dead: i64,
}

/// An opened data file of whatever version.
#[derive(Debug)]
pub struct Checkup {
    conn: Connection,
    path: PathBuf,
}

impl Checkup {
    /// Opens the file for reading only.
    pub fn open(dir: &Path) -> rusqlite::Result<Self> {
        let path = dir.join(FILE_NAME);
        let conn = schema::open_any(&path)?;
        Ok(Self { conn, path })
    }

    /// Refuses a file of another version than this program's.
    pub fn require_this_version(&self) -> Result<(), OpenError> {
        schema::require_this_version(&self.conn)
    }

    /// Returns what SQLite finds wrong with the file, empty where it is whole.
    pub fn damage(&self, depth: Depth) -> rusqlite::Result<Vec<String>> {
        let check = match depth {
            Depth::Quick => "quick_check",
            Depth::Full => "integrity_check",
        };
        let mut lines: Vec<String> = self
            .conn
            .prepare(&format!("PRAGMA {check}({MOST_DAMAGE})"))?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        lines.retain(|line| line != "ok");
        Ok(lines)
    }

    /// Returns the size of the write-ahead log in bytes, and the page size.
    pub fn log_bytes(&self) -> rusqlite::Result<(u64, u64)> {
        let wal = format!("{}-wal", self.path.display());
        let bytes = std::fs::metadata(wal).map_or(0, |file| file.len());
        let page: i64 = self
            .conn
            .query_row("PRAGMA page_size", [], |row| row.get(0))?;
        Ok((bytes, u64::try_from(page).unwrap_or(0)))
    }

    /// Returns how much room there is.
    pub fn room(&self, config: &SqliteConfig) -> rusqlite::Result<Room> {
        let used = space::used_bytes(&self.conn)?;
        Ok(space::room(config, used, space::free_bytes(&config.dir)))
    }

    /// Walks a chain.
    pub fn verify(&self, chain: Chain) -> rusqlite::Result<Verified> {
        Inspector::new(&self.conn, None).verify(chain, None)
    }

    /// Returns when the newest request arrived, in epoch milliseconds.
    pub fn newest_ms(&self) -> rusqlite::Result<Option<i64>> {
        self.conn
            .query_row(
                "SELECT received_at FROM log ORDER BY seq DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()
    }

    /// Returns how many requests of people were asked for before this time and are not done.
    pub fn waiting_tasks(&self, before_ms: i64) -> rusqlite::Result<i64> {
        self.conn.query_row(
            "SELECT count(*) FROM privacy_tasks WHERE done_at IS NULL AND asked_at < ?1",
            params![before_ms],
            |row| row.get(0),
        )
    }

    /// Returns the last position of the log, 0 for an empty one.
    pub fn last_position(&self) -> rusqlite::Result<Seq> {
        self.conn.query_row(
            "SELECT coalesce((SELECT seq + n - 1 FROM log ORDER BY seq DESC LIMIT 1), 0)",
            [],
            |row| row.get(0),
        )
    }

    /// Returns where these destinations stand.
    pub fn standings(&self, names: &[String]) -> rusqlite::Result<Vec<DestinationStanding>> {
        let snapshot = self.conn.unchecked_transaction()?;
        names.iter().map(|name| standing(&snapshot, name)).collect()
    }

    /// Returns what does not agree, in one state of the file.
    pub fn disagreements(&self, depth: Depth) -> rusqlite::Result<Disagreements> {
        let snapshot = self.conn.unchecked_transaction()?;
        let from = match depth {
            Depth::Quick => self.last_position()?.saturating_sub(RECENT_POSITIONS),
            Depth::Full => 0,
        };
        let mut found = Disagreements::default();
        walk(&snapshot, from, &mut found)?;
        found.orphaned_outcomes = count(&snapshot, ORPHANED_OUTCOMES, params![from, REASON])?;
        found.orphaned_copies = count(&snapshot, ORPHANED_COPIES, params![from])?;
        if depth == Depth::Full {
            found.orphaned_keys = count(&snapshot, ORPHANED_KEYS, params![from])?;
        }
        Ok(found)
    }
}

/// Whether a position is that of no event in the log.
macro_rules! is_nowhere {
    ($seq:literal) => {
        concat!(
            "coalesce((SELECT log.seq + log.n FROM log WHERE log.seq <= ",
            $seq,
            " ORDER BY log.seq DESC LIMIT 1), 0) <= ",
            $seq
        )
    };
}

const ORPHANED_KEYS: &str = concat!(
    "SELECT count(*) FROM dedup d WHERE d.seq >= ?1 AND ",
    is_nowhere!("d.seq")
);
const ORPHANED_COPIES: &str = concat!(
    "SELECT count(*) FROM copies c WHERE c.seq >= ?1 AND ",
    is_nowhere!("c.seq")
);
const ORPHANED_OUTCOMES: &str = concat!(
    "SELECT count(*) FROM destinations JOIN outcomes o ON o.destination = destinations.id AND o.seq >= ?1
     WHERE o.seq NOT IN (SELECT seq FROM erased_events) AND o.reason IS NOT ?2 AND ",
    is_nowhere!("o.seq")
);

fn count(conn: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<u64> {
    let count: i64 = conn.query_row(sql, params, |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Looks at each request from a position on.
fn walk(conn: &Connection, from: Seq, found: &mut Disagreements) -> rusqlite::Result<()> {
    let pruned = pruned_keys(conn)?;
    let mut key_of = conn.prepare_cached("SELECT seq FROM dedup WHERE key = ?1")?;
    let mut select =
        conn.prepare_cached("SELECT seq, n, events FROM log WHERE seq >= ?1 ORDER BY seq")?;
    let mut rows = select.query(params![from])?;
    let mut next: Seq = 0;
    let mut key = Vec::new();
    while let Some(row) = rows.next()? {
        let (first, n): (Seq, i64) = (row.get(0)?, row.get(1)?);
        let events = row.get_ref(2)?.as_str().unwrap_or_default();
        if first < next {
            found.overlapping_requests += 1;
        }
        next = first + n;
        // Of an erased one at the end of the log only the positions are left.
        if events.is_empty() && n > 0 {
            continue;
        }
        let mut told = 0;
        for (event, seq) in frame::iter(events).zip(first..) {
            told += 1;
            found.events += 1;
            if first < pruned {
                continue;
            }
            frame::dedup_key(&mut key, event.name, event.event_id);
            let known: Option<Seq> = key_of
                .query_row(params![key], |row| row.get(0))
                .optional()?;
            if known != Some(seq) {
                found.missing_keys += 1;
            }
        }
        if told != n {
            found.unreadable_requests += 1;
        }
    }
    Ok(())
}

fn standing(conn: &Connection, name: &str) -> rusqlite::Result<DestinationStanding> {
    let known: Option<(i64, Seq, Option<String>)> = conn
        .prepare_cached("SELECT id, cursor, paused FROM destinations WHERE name = ?1")?
        .query_row(params![name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let read_to = known.as_ref().map_or(0, |(_, cursor, _)| *cursor);
    // The request with the first position that it has not read; the events of one share a row.
    let unread_since_ms = conn
        .prepare_cached(
            "SELECT received_at FROM log WHERE seq + n - 1 > ?1 AND seq >=
               (SELECT coalesce(max(seq), 0) FROM log WHERE seq <= ?1 + 1) ORDER BY seq LIMIT 1",
        )?
        .query_row(params![read_to], |row| row.get(0))
        .optional()?;
    let mut standing = DestinationStanding {
        name: name.to_owned(),
        cursor: None,
        paused: None,
        unread_since_ms,
        open: 0,
        dead: 0,
    };
    if let Some((id, cursor, paused)) = known {
        let counted = |sql: &str| -> rusqlite::Result<i64> {
            conn.prepare_cached(sql)?
                .query_row(params![id], |row| row.get(0))
        };
        standing.cursor = Some(cursor);
        standing.paused = paused;
        standing.open =
            counted("SELECT count(*) FROM outcomes WHERE destination = ?1 AND due_at IS NOT NULL")?;
        standing.dead =
            counted("SELECT count(*) FROM outcomes WHERE destination = ?1 AND state = 3")?;
    }
    Ok(standing)
}
