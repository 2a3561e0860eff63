//! The writer thread: owns the only writing connection and commits in groups.
//!
//! It takes what waits (up to a bound), writes it in one transaction, and answers after the commit.
//! While the disk syncs, the next group gathers: the sync is the batching window. An idle store commits
//! at once; a busy one lets the group grow for as long as a commit takes, because a commit costs the
//! same for one request as for many and the doors need the processor meanwhile. After a failure nothing is answered as written; the next group tries again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::watch;

use super::append::Cache;
use super::carry_out::{Done, carry_out};
use super::checkpoint::Checkpointer;
use super::command::{Command, brings_more, weight};
use super::filter::ConsentFilter;
use super::space::Space;
use super::standing::Standings;
use super::tasks::{self, Stepped};
use super::trouble::{self, Trouble};
use super::words::Words;
use super::{SqliteConfig, schema, upkeep};
use crate::store::{Seq, StoreError};

/// A group of this many requests makes the store a busy one.
const BUSY_REQUESTS: usize = 4;
/// Longest time that a busy store lets a group grow.
const LONGEST_GATHERING: Duration = Duration::from_millis(4);

/// Rest after the start before old data is looked for. Tests of the engine do it by a clock of their own.
const FIRST_UPKEEP: Duration = if cfg!(test) {
    Duration::from_hours(24)
} else {
    Duration::from_secs(1)
};
/// How long an idle writer goes without looking whether a command beside it has asked for something.
const TASK_LOOK: Duration = Duration::from_secs(1);
/// The writer works on a task for one part of this many of its time; the doors have the rest.
const TASK_SHARE: u32 = 3;
/// Longest rest between two steps of a task.
const TASK_REST: Duration = Duration::from_millis(200);

/// Everything the thread owns.
pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) config: SqliteConfig,
    pub(super) conn: Option<Connection>,
    pub(super) checkpointer: Checkpointer,
    pub(super) cache: Cache,
    pub(super) commands: Receiver<Command>,
    pub(super) waiting_bytes: Arc<AtomicUsize>,
    pub(super) last_seq: watch::Sender<Seq>,
    pub(super) filter: Arc<ConsentFilter>,
    pub(super) words: Arc<Words>,
    pub(super) standings: Arc<Standings>,
    /// Looks for rows without touching the writer's page cache; opened when it is needed.
    pub(super) finder: Option<Connection>,
    /// Counts tasks that were done, for who waits for one.
    pub(super) tasks_done: watch::Sender<u64>,
    pub(super) metrics: super::metrics::StoreMetrics,
    /// How long a group may grow now: zero unless the last one was large.
    pub(super) gathering: Duration,
    /// SQLite's `data_version` at the last look; it changes when another connection commits.
    pub(super) seen_beside: Option<i64>,
    /// What keeps it from writing.
    pub(super) trouble: watch::Sender<Option<Trouble>>,
    /// How much room there is.
    pub(super) space: Space,
}

impl Writer {
    /// Works until it is told to close or all handles are gone.
    pub(super) fn run(mut self) {
        let pause = Duration::from_secs(10);
        let mut next_upkeep = Instant::now() + FIRST_UPKEEP;
        // One that was cut short by the end of the process goes on at once.
        let mut next_task = Instant::now();
        // What is written beside from here on is noticed, also before the first look.
        self.look_beside();
        let mut group = Vec::new();
        loop {
            let wait = next_upkeep
                .min(next_task)
                .saturating_duration_since(Instant::now());
            match self.commands.recv_timeout(wait) {
                Ok(first) => {
                    self.gather(first, &mut group);
                    let is_closing = group.iter().any(|c| matches!(c, Command::Close));
                    if group.iter().any(|c| matches!(c, Command::Task(..))) {
                        next_task = Instant::now();
                    }
                    self.commit_group(&mut group);
                    if is_closing {
                        break;
                    }
                    self.finish_checkpoint();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.space.is_look_due() {
                self.look_at_room();
            }
            if Instant::now() >= next_task {
                self.look_beside();
                next_task = Instant::now() + self.work_on_task(now_ms());
            }
            if Instant::now() >= next_upkeep {
                let has_more = self.upkeep(now_ms());
                next_upkeep = Instant::now()
                    + if has_more {
                        Duration::from_millis(50)
                    } else {
                        pause
                    };
            }
        }
        self.finder = None;
        self.checkpointer.stop(self.conn.as_mut());
        if let Some(conn) = self.conn.take() {
            // The last connection checkpoints on close; a reader may still hold it off.
            if let Err((_, error)) = conn.close() {
                tracing::warn!(%error, "store did not close cleanly");
            }
        }
    }

    /// Tells the forwarder to look again where a command wrote into the file: there may be something to send again.
    fn look_beside(&mut self) {
        let Some(conn) = &self.conn else { return };
        let version = conn
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut version| version.query_row([], |row| row.get::<_, i64>(0)));
        match version {
            Ok(version) => {
                let before = self.seen_beside.replace(version);
                if before.is_some_and(|before| before != version) {
                    self.wake();
                }
            }
            Err(error) => tracing::warn!(%error, "the data file could not be looked at"),
        }
    }

    fn wake(&self) {
        self.last_seq.send_modify(|_| {});
    }

    /// Takes what waits, up to the bounds of one transaction.
    fn gather(&self, first: Command, group: &mut Vec<Command>) {
        let mut bytes = weight(&first);
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let mut is_closing = matches!(first, Command::Close);
        group.push(first);
        if !is_closing && !self.gathering.is_zero() {
            std::thread::sleep(self.gathering);
        }
        let deadline = Instant::now() + Duration::from_millis(self.config.commit_delay_ms.into());
        while !is_closing
            && group.len() < self.config.commit_requests as usize
            && bytes < self.config.commit_bytes as usize
        {
            let next = if self.config.commit_delay_ms == 0 {
                self.commands.try_recv().ok()
            } else {
                let wait = deadline.saturating_duration_since(Instant::now());
                self.commands.recv_timeout(wait).ok()
            };
            let Some(command) = next else { break };
            let weight = weight(&command);
            self.waiting_bytes.fetch_sub(weight, Ordering::Relaxed);
            bytes += weight;
            is_closing = matches!(command, Command::Close);
            group.push(command);
        }
    }

    /// Looks how much room there is.
    fn look_at_room(&mut self) {
        let now_ms = now_ms();
        if let Some(short) = self.space.look(self.conn.as_ref(), &self.config) {
            trouble::met(&self.trouble, &short.to_string(), now_ms);
        }
    }

    /// Takes out of a group what would bring more events where there is no room for them, and answers it. What lets
    /// room be made stays: progress of destinations, a no, an erasure.
    fn refuse_growth(&mut self, group: &mut Vec<Command>) {
        self.look_at_room();
        let Some(short) = self.space.short() else {
            return;
        };
        let (growing, rest) = std::mem::take(group).into_iter().partition(brings_more);
        *group = rest;
        for command in growing {
            self.answer(command, Err(StoreError::Full(short)));
        }
    }

    fn commit_group(&mut self, group: &mut Vec<Command>) {
        self.refuse_growth(group);
        if group.is_empty() {
            return;
        }
        let started = Instant::now();
        match self.write(group) {
            Ok(done) => {
                let took = started.elapsed();
                self.outdate();
                self.metrics.committed(group.len(), took);
                trouble::committed(&self.trouble, now_ms());
                self.gathering = if group.len() < BUSY_REQUESTS {
                    Duration::ZERO
                } else {
                    took.min(LONGEST_GATHERING)
                };
                let has_confirmed = std::mem::take(&mut self.cache.has_confirmed);
                self.last_seq.send_if_modified(|last| {
                    let newest = self.cache.next_seq - 1;
                    std::mem::replace(last, newest) != newest || has_confirmed
                });
                for (command, done) in group.drain(..).zip(done) {
                    self.answer(command, Ok(done));
                }
            }
            Err(error) if group.len() > 1 && !is_disk_error(&error) => {
                // One command may be at fault; the others must not suffer for it.
                let mut all = std::mem::take(group);
                for command in all.drain(..) {
                    self.commit_group(&mut vec![command]);
                }
            }
            Err(error) => {
                self.metrics.failed();
                if is_disk_error(&error) {
                    trouble::met(&self.trouble, &error.to_string(), now_ms());
                }
                let error = StoreError::Unavailable(error.to_string());
                tracing::error!(%error, requests = group.len(), "commit failed, nothing was written");
                for command in group.drain(..) {
                    self.answer(command, Err(error.clone()));
                }
            }
        }
    }

    fn answer(&mut self, command: Command, result: Result<Done, StoreError>) {
        // A receiver that is gone stopped waiting; what was written stays written.
        match (command, result) {
            (Command::Append(_, _, reply), Ok(Done::Appended(answers))) => {
                let _ = reply.send(Ok(answers));
            }
            (Command::DestroyKeys(_, reply), result) => {
                if result.is_ok() {
                    self.words.forget_all();
                }
                let _ = reply.send(result.map(Done::count));
            }
            (Command::BringForward(.., reply), result) => {
                let _ = reply.send(result.map(Done::count));
            }
            (Command::SendAgain(_, reply), result) => {
                if result.is_ok() {
                    self.wake();
                }
                let _ = reply.send(result.map(Done::count));
            }
            (Command::Append(_, _, reply), result) => {
                let _ = reply.send(result.map(|_| Vec::new()));
            }
            (Command::Consent(words, _, _, reply), result) => {
                if result.is_ok() {
                    for (subject, _) in &words {
                        self.filter.insert(subject);
                    }
                    self.words
                        .changed(words.iter().map(|(_, word)| word.anonymous_id.as_str()));
                }
                let _ = reply.send(result.map(|_| ()));
            }
            (
                Command::Commit(_, _, reply)
                | Command::Access(_, reply)
                | Command::Told(_, reply)
                | Command::Task(_, _, reply)
                | Command::Probe(reply),
                result,
            ) => {
                let _ = reply.send(result.map(|_| ()));
            }
            (Command::Configure(config, reply), result) => {
                if result.is_ok() {
                    self.config = *config;
                    self.look_at_room();
                }
                let _ = reply.send(result.map(|_| ()));
            }
            #[cfg(test)]
            (Command::Upkeep(now_ms, reply), _) => {
                let conn = self.conn.as_ref().expect("open in tests");
                let _ = reply.send(
                    upkeep::slice(conn, &self.config, &mut self.cache, now_ms)
                        .map_err(|e| StoreError::Unavailable(e.to_string())),
                );
            }
            (Command::Close, _) => {}
        }
    }

    /// Writes a group in one transaction.
    fn write(&mut self, group: &[Command]) -> rusqlite::Result<Vec<Done>> {
        self.reopen_if_needed()?;
        let Some(conn) = &self.conn else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        let cache = &mut self.cache;
        let next_seq = cache.next_seq;
        let result = (|| {
            conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            cache.vault.begin(conn)?;
            let done = group
                .iter()
                .map(|command| carry_out(conn, cache, command))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            conn.prepare_cached("COMMIT")?.execute([])?;
            Ok(done)
        })();
        if let Err(error) = &result {
            let is_rolled_back = conn.is_autocommit() || conn.execute_batch("ROLLBACK").is_ok();
            match reloaded(conn, &self.config, &self.cache, &self.standings) {
                Ok(fresh) if is_rolled_back && !must_reopen(error) => self.cache = fresh,
                // Nothing more can be trusted of this connection.
                _ => {
                    self.cache.next_seq = next_seq;
                    self.conn = None;
                }
            }
        }
        result
    }

    fn reopen_if_needed(&mut self) -> rusqlite::Result<()> {
        if self.conn.is_none() {
            let mut conn = schema::open_writer(&self.path, &self.config)
                .map_err(schema::OpenError::into_sqlite)?;
            self.checkpointer.attach(&mut conn)?;
            self.cache = reloaded(&conn, &self.config, &self.cache, &self.standings)?;
            self.finder = None;
            self.conn = Some(conn);
            tracing::info!("store opened again");
        }
        Ok(())
    }

    /// What cannot be folded in stays in the log, where it is as safe.
    fn finish_checkpoint(&self) {
        if let Some(conn) = &self.conn
            && let Err(error) = self.checkpointer.finish(conn)
        {
            tracing::warn!(%error, "the rest of the write-ahead log could not be folded into the file");
        }
    }

    /// After a commit: what others remember of people may be of before it.
    fn outdate(&mut self) {
        if std::mem::take(&mut self.cache.people.is_changed) {
            self.standings.changed();
            self.words.forget_all();
        }
    }

    /// Puts the connection and the memory back to what is on disk after a failure outside a group.
    fn recover(&mut self) {
        let Some(conn) = &self.conn else { return };
        let is_rolled_back = conn.is_autocommit() || conn.execute_batch("ROLLBACK").is_ok();
        match reloaded(conn, &self.config, &self.cache, &self.standings) {
            Ok(fresh) if is_rolled_back => self.cache = fresh,
            _ => self.conn = None,
        }
    }

    fn upkeep(&mut self, now_ms: i64) -> bool {
        let Some(conn) = &self.conn else { return false };
        match upkeep::slice(conn, &self.config, &mut self.cache, now_ms) {
            Ok(has_more) => {
                self.outdate();
                has_more
            }
            Err(error) => {
                self.recover();
                tracing::warn!(%error, "store upkeep failed, will be tried again");
                false
            }
        }
    }

    /// Does a step of what was asked for. Returns how long to rest.
    fn work_on_task(&mut self, now_ms: i64) -> Duration {
        let started = Instant::now();
        match self.step(now_ms) {
            Ok(Stepped::Idle) => TASK_LOOK,
            Ok(Stepped::More) => {
                self.outdate();
                (started.elapsed() * (TASK_SHARE - 1)).min(TASK_REST)
            }
            Ok(Stepped::Busy) => TASK_REST,
            Ok(Stepped::Done) => {
                self.tasks_done.send_modify(|count| *count += 1);
                Duration::ZERO
            }
            Err(error) => {
                self.recover();
                tracing::warn!(%error, "a privacy task could not go on, will be tried again");
                TASK_LOOK
            }
        }
    }

    fn step(&mut self, now_ms: i64) -> rusqlite::Result<Stepped> {
        let Some(conn) = &self.conn else {
            return Ok(Stepped::Idle);
        };
        // Nearly always there is nothing, and then nothing is opened for it.
        if !tasks::is_any_open(conn)? {
            self.finder = None;
            return Ok(Stepped::Idle);
        }
        let finder = match self.finder.take() {
            Some(finder) => finder,
            None => schema::open_reader(&self.path).map_err(schema::OpenError::into_sqlite)?,
        };
        let stepped = tasks::step(conn, &finder, &mut self.cache, &self.config, now_ms)?;
        if stepped != Stepped::Idle {
            self.finder = Some(finder);
        }
        Ok(stepped)
    }
}

/// Reads anew what must be known, after a failure.
fn reloaded(
    conn: &Connection,
    config: &SqliteConfig,
    cache: &Cache,
    standings: &Arc<Standings>,
) -> rusqlite::Result<Cache> {
    let ring = Arc::clone(cache.vault.ring());
    Cache::load(conn, config, ring, Arc::clone(standings))
}

fn is_disk_error(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull)) || must_reopen(error)
}

fn must_reopen(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::NotADatabase
        )
    )
}

fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
