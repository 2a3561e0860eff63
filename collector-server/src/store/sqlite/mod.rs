//! The SQLite engine: the default store, one file on one machine.
//!
//! WAL, `synchronous=FULL`, one writer thread with group commit, a few reading connections on the
//! blocking pool. Promises what [`Store`] promises, also over `kill -9` and power cuts. A file that
//! is damaged at start is moved aside, loudly, and a new one begun: the door opens again.

mod access;
mod append;
mod arrivals;
mod audit;
mod backup;
mod carry_out;
mod checkpoint;
mod checkup;
mod command;
mod config;
mod engine;
mod filter;
mod frame;
mod inspect;
mod keyring;
mod ledger;
mod metrics;
mod opening;
mod outcomes;
mod people;
mod person;
mod proof;
mod read;
mod recent;
mod reseal;
mod retain;
mod schema;
mod settled;
mod shop_orders;
mod size;
mod space;
mod standing;
mod tasks;
mod trace;
mod trouble;
mod upkeep;
mod values;
mod vault;
mod words;
mod writer;

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot, watch};
use uuid::Uuid;

use self::append::Cache;
use self::checkpoint::Checkpointer;
use self::command::Command;
use self::filter::ConsentFilter;
use self::opening::{fill_filter, lock_dir, open_or_replace};
use self::shop_orders::Told;
use self::space::{FreeBytes, Space};
use self::standing::Standings;
use self::words::Words;
use self::writer::Writer;
use super::{Again, Append, Appended, Room, Seq, ShopOrder, StoreError};
use crate::privacy::audit::Entry;
use crate::privacy::keys::{Blind, KeyRing};
use crate::privacy::ledger::Draft;
use crate::privacy::tokens::TokenRow;
use crate::private;

pub use self::access::Access;
pub use self::arrivals::{Arrival, Arrivals, DISORDER_MS, Doubt, SLICE_ROWS, SourceId};
pub use self::backup::{BackupError, BackupReport, KEYS_FILE_NAME, backup, restore};
pub use self::checkup::{Checkup, Depth, DestinationStanding, Disagreements, RECENT_POSITIONS};
pub use self::config::SqliteConfig;
pub use self::inspect::{
    AttemptView, DestinationView, EventView, Inspector, OutcomeView, QuarantineView,
};
pub use self::keyring::{KeyStatus, MasterStatus};
pub use self::person::PersonRecord;
pub use self::proof::{Chain, ReceiptView};
pub use self::schema::OpenError;
pub use self::tasks::{NewTask, SuppressedView, TaskView};
pub use self::trouble::Trouble;

/// Name of the data file inside the data directory.
pub const FILE_NAME: &str = "firsthand.db";

/// A handle on the store; clones share it.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    commands: SyncSender<Command>,
    waiting_bytes: Arc<AtomicUsize>,
    queue_bytes: usize,
    last_seq: watch::Receiver<Seq>,
    filter: Arc<ConsentFilter>,
    words: Arc<Words>,
    ring: Arc<KeyRing>,
    standings: Arc<Standings>,
    tasks_done: watch::Receiver<u64>,
    trouble: watch::Receiver<Option<Trouble>>,
    room: watch::Receiver<Room>,
    readers: Mutex<Vec<Connection>>,
    reader_permits: Semaphore,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Held for as long as the store is open, so that two processes never share a directory.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store, making what is missing.
    pub fn open(config: SqliteConfig) -> Result<Self, StoreError> {
        Self::open_on(config, Box::new(space::free_bytes))
    }

    /// The same, with something else that tells how much of the disk is free.
    fn open_on(config: SqliteConfig, free_bytes: FreeBytes) -> Result<Self, StoreError> {
        if rusqlite::version_number() < schema::OLDEST_SQLITE {
            return Err(StoreError::Unavailable(format!(
                "SQLite {} is too old, 3.51.3 or newer is needed",
                rusqlite::version()
            )));
        }
        private::create_dirs(&config.dir).map_err(|e| unavailable(&e))?;
        let lock = lock_dir(&config.dir)?;
        let path = config.dir.join(FILE_NAME);
        let mut conn = open_or_replace(&path, &config)?;
        let ring =
            keyring::open(&mut conn, &config.dir, &config.keys).map_err(|e| unavailable(&e))?;
        let ring = Arc::new(ring);
        let standings = Arc::new(Standings::load(&conn).map_err(|e| unavailable(&e))?);
        let mut cache = Cache::load(&conn, &config, Arc::clone(&ring), Arc::clone(&standings))
            .map_err(|e| unavailable(&e))?;
        let (done, tasks_done) = watch::channel(0);
        let (troubled, trouble) = watch::channel(None);
        let (space, room) = Space::new(free_bytes);
        let converted =
            reseal::convert_ids(&mut conn, &mut cache.vault).map_err(|e| unavailable(&e))?;
        if converted > 0 {
            tracing::info!(
                rows = converted,
                "words and choices of visitors are kept by blind indexes now"
            );
        }
        let filter = Arc::new(ConsentFilter::new());
        fill_filter(&conn, &filter).map_err(|e| unavailable(&e))?;
        let checkpointer =
            Checkpointer::start(&path, config.wal_checkpoint_pages).map_err(|e| unavailable(&e))?;
        checkpointer
            .attach(&mut conn)
            .map_err(|e| unavailable(&e))?;
        let words = Arc::new(Words::new());
        let (last_seq, watch) = watch::channel(cache.next_seq - 1);
        let (commands, receiver) = sync_channel(config.queue_requests as usize);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let queue_bytes = config.queue_bytes as usize;
        let readers = config.readers.max(1) as usize;
        let writer = Writer {
            path: path.clone(),
            config,
            conn: Some(conn),
            checkpointer,
            cache,
            commands: receiver,
            waiting_bytes: Arc::clone(&waiting_bytes),
            last_seq,
            filter: Arc::clone(&filter),
            words: Arc::clone(&words),
            standings: Arc::clone(&standings),
            finder: None,
            tasks_done: done,
            metrics: metrics::StoreMetrics::new(),
            gathering: std::time::Duration::ZERO,
            seen_beside: None,
            trouble: troubled,
            space,
        };
        let thread = std::thread::Builder::new()
            .name("firsthand-store".to_owned())
            .spawn(move || writer.run())
            .map_err(|e| unavailable(&e))?;
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                commands,
                waiting_bytes,
                queue_bytes,
                last_seq: watch,
                filter,
                words,
                ring,
                standings,
                tasks_done,
                trouble,
                room,
                readers: Mutex::new(Vec::new()),
                reader_permits: Semaphore::new(readers),
                thread: Mutex::new(Some(thread)),
                _lock: lock,
            }),
        })
    }

    /// Answers once a probe is on disk: the store can be written.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.ask(Command::Probe).await
    }

    /// Records an access to personal records; on disk when answered.
    pub async fn record_access(&self, entry: Entry) -> Result<(), StoreError> {
        self.ask(|reply| Command::Access(entry, reply)).await
    }

    /// Writes down what a privacy officer asks for, with the record of it unless there is one; on disk when
    /// answered, done later.
    pub async fn ask_task(&self, task: NewTask, entry: Option<Entry>) -> Result<(), StoreError> {
        let task = Box::new(task);
        self.ask(|reply| Command::Task(task, entry, reply)).await
    }

    /// Returns how a task stands.
    pub async fn task(&self, id: String) -> Result<Option<TaskView>, StoreError> {
        self.read(move |view| view.task(&id)).await
    }

    /// Waits until a task is done; `None` where there is no such task. What it waits for has no deadline here.
    pub async fn task_done(&self, id: &str) -> Result<Option<TaskView>, StoreError> {
        let mut done = self.inner.tasks_done.clone();
        loop {
            done.borrow_and_update();
            let view = self.task(id.to_owned()).await?;
            if view.as_ref().is_none_or(|view| view.done_at_ms.is_some()) {
                return Ok(view);
            }
            done.changed().await.map_err(|_| StoreError::Closed)?;
        }
    }

    /// Returns a token that is not revoked.
    pub async fn token(&self, id: String) -> Result<Option<TokenRow>, StoreError> {
        self.with_reader(move |conn| access::token(conn, &id)).await
    }

    /// Writes several requests and answers when all of them are on disk. On an error some may be written: sent again, they are duplicates.
    pub async fn append_all(&self, appends: Vec<Append>) -> Result<Vec<Vec<Appended>>, StoreError> {
        self.require_room()?;
        let mut waiting = Vec::with_capacity(appends.len());
        for append in appends {
            let (reply, answer) = oneshot::channel();
            let (append, subject) = self.prepared(append);
            self.send(Command::Append(append, subject, reply))?;
            waiting.push(answer);
        }
        let mut answers = Vec::with_capacity(waiting.len());
        for answer in waiting {
            answers.push(answer.await.map_err(|_| StoreError::Closed)??);
        }
        Ok(answers)
    }

    /// Keeps what a webhook source told of its orders; on disk when answered.
    pub async fn remember_orders(
        &self,
        source: &str,
        orders: Vec<ShopOrder>,
        received_at_ms: i64,
    ) -> Result<(), StoreError> {
        self.require_room()?;
        let told = Told {
            source: source.to_owned(),
            orders,
            received_at_ms,
        };
        self.ask(|reply| Command::Told(told, reply)).await
    }

    /// Returns those of the orders and refunds that a webhook source has told of.
    pub async fn known_orders(
        &self,
        source: &str,
        references: Vec<String>,
    ) -> Result<Vec<ShopOrder>, StoreError> {
        let source = source.to_owned();
        let ring = Arc::clone(&self.inner.ring);
        self.with_reader(move |conn| shop_orders::known(conn, &ring, &source, &references))
            .await
    }

    /// Takes over times of retention, bounds of a transaction and the destinations that hold retention back. What
    /// is fixed while the store is open (directory, page size, queues, readers, size, keys, identifiers of a person, rows of the
    /// quarantine) must be as before: `Config::keep_fixed` sees to that.
    pub async fn configure(&self, config: SqliteConfig) -> Result<(), StoreError> {
        self.ask(|reply| Command::Configure(Box::new(config), reply))
            .await
    }

    /// Makes settled events due again; on disk when answered, and told to the forwarder. Returns how many still
    /// had one of the named last words.
    pub async fn send_again(&self, again: Again) -> Result<usize, StoreError> {
        self.ask(|reply| Command::SendAgain(again, reply)).await
    }

    /// Destroys the keys of these subjects ([`KeyRing::subject`]): what they sealed can never be read again.
    /// Returns how many keys there were.
    pub async fn destroy_keys(&self, subjects: Vec<Blind>) -> Result<usize, StoreError> {
        self.ask(|reply| Command::DestroyKeys(subjects, reply))
            .await
    }

    /// Makes the indexes of a request, outside the writer.
    fn prepared(&self, mut append: Append) -> (Append, Option<Blind>) {
        let subject = append
            .owner
            .id
            .as_deref()
            .map(|id| self.inner.ring.subject(id));
        let owner = append.owner.id.as_deref().zip(subject);
        append.receipt = self.blinded(append.receipt.take(), owner);
        (append, subject)
    }

    /// Replaces the ids of browsers in a draft by their blind indexes, which are what the ledger keeps.
    /// `known` is an id whose index is at hand: the browser's is the owner's, nearly always.
    fn blinded(
        &self,
        mut receipt: Option<Box<Draft>>,
        known: Option<(&str, Blind)>,
    ) -> Option<Box<Draft>> {
        if let Some(draft) = &mut receipt {
            for id in [&mut draft.browser, &mut draft.also_known_as] {
                *id = id.map(|id| {
                    let mut text = Uuid::encode_buffer();
                    let text: &str = id.hyphenated().encode_lower(&mut text);
                    let known = known.filter(|(owner, _)| *owner == text);
                    Uuid::from_bytes(match known {
                        Some((_, subject)) => subject,
                        None => self.inner.ring.subject(text),
                    })
                });
            }
        }
        receipt
    }

    /// Returns what keeps the store from writing, `None` while it can.
    pub fn trouble(&self) -> Option<Trouble> {
        self.inner.trouble.borrow().clone()
    }

    /// Returns how much room there is, as it was seen last: a second ago at most.
    pub fn room(&self) -> Room {
        *self.inner.room.borrow()
    }

    /// Refuses before anything waits for the writer, which decides again.
    fn require_room(&self) -> Result<(), StoreError> {
        match self.room().short() {
            Some(short) => Err(StoreError::Full(short)),
            None => Ok(()),
        }
    }

    /// Returns how many bytes wait for the writer.
    pub fn waiting_bytes(&self) -> usize {
        self.inner.waiting_bytes.load(Ordering::Relaxed)
    }

    /// Finishes what waits, closes the file and ends the writer. Later calls fail with
    /// [`StoreError::Closed`].
    pub async fn close(&self) {
        let inner = Arc::clone(&self.inner);
        let closing = tokio::task::spawn_blocking(move || {
            inner.take_readers().clear();
            let thread = inner
                .thread
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(thread) = thread {
                // A full queue empties as the writer works; a dead writer refuses.
                let close = Command::Close;
                inner
                    .waiting_bytes
                    .fetch_add(command::weight(&close), Ordering::Relaxed);
                let _ = inner.commands.send(close);
                if thread.join().is_err() {
                    tracing::error!("the store's writer panicked");
                }
            }
        });
        if closing.await.is_err() {
            tracing::error!("closing the store panicked");
        }
    }

    /// Runs a read on the blocking pool and one reading connection.
    pub async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(Inspector<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let ring = Arc::clone(&self.inner.ring);
        self.with_reader(move |conn| read(Inspector::new(conn, Some(&ring))))
            .await
    }

    async fn with_reader<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let _permit = self
            .inner
            .reader_permits
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let inner = Arc::clone(&self.inner);
        // What a read has to log belongs to the request it is for.
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _entered = span.enter();
            let pooled = inner.take_readers().pop();
            let conn = match pooled {
                Some(conn) => conn,
                None => schema::open_reader(&inner.path).map_err(|e| unavailable(&e))?,
            };
            let result = read(&conn).map_err(|e| unavailable(&e));
            // A connection that failed is not trusted again.
            if result.is_ok() {
                inner.take_readers().push(conn);
            }
            result
        })
        .await
        .map_err(|_| StoreError::Unavailable("a read panicked".to_owned()))?
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Command,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    fn send(&self, command: Command) -> Result<(), StoreError> {
        let weight = command::weight(&command);
        let bytes = &self.inner.waiting_bytes;
        let before = bytes.fetch_add(weight, Ordering::Relaxed);
        let sent = if before > 0 && before + weight > self.inner.queue_bytes {
            Err(StoreError::Overloaded)
        } else {
            self.inner
                .commands
                .try_send(command)
                .map_err(|error| match error {
                    TrySendError::Full(_) => StoreError::Overloaded,
                    TrySendError::Disconnected(_) => StoreError::Closed,
                })
        };
        if sent.is_err() {
            bytes.fetch_sub(weight, Ordering::Relaxed);
        }
        sent
    }

    #[cfg(test)]
    pub(super) async fn upkeep(&self, now_ms: i64) -> Result<bool, StoreError> {
        self.ask(|reply| Command::Upkeep(now_ms, reply)).await
    }
}

impl Inner {
    fn take_readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(error: &dyn std::error::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[cfg(test)]
mod key_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod retain_tests;
#[cfg(test)]
mod seal_tests;
#[cfg(test)]
mod settled_tests;
#[cfg(test)]
mod space_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upgrade_tests;
