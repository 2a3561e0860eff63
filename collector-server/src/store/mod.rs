//! The durable event log: the only place where intake and forwarding meet.
//!
//! Promises: an append is answered after it is on disk; the dedup decision is made in the
//! transaction that writes the event; what a forwarder learned and how far it has come are committed
//! together; a choice and its receipt too. Refuses to know: HTTP, the rules of consent, platforms. Fails with [`StoreError`], never by losing.
//!
//! Every destination reads the same log by its own cursor. A row per event and destination exists
//! once something is known about it (waiting, delivered, to retry, dead, suppressed), so nothing
//! disappears without a reason.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod model;
mod room;
mod settled;
pub mod sqlite;

use std::future::Future;
use std::sync::Arc;

use firsthand_core::consent::PURPOSES;

use crate::privacy::keys::KeyRing;
use crate::privacy::ledger::Draft;
use crate::privacy::subject::{BlindKey, Standing, Subject};

pub use self::room::{Room, Short};
pub use self::settled::{ASKED_AGAIN, Again, Order, Settled, SettledEvent, SettledFilter};

/// Position of an event in the log; grows by one an event.
pub type Seq = i64;

/// Which kind of source reported an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A page, with a public key: can be forged.
    Browser,
    /// A server, with a secret key: trusted.
    Server,
    /// A shop system, by a notice whose signature was right: trusted.
    Webhook,
}

impl SourceKind {
    /// Whether what it reports cannot be forged by a visitor.
    pub const fn is_trusted(self) -> bool {
        match self {
            Self::Browser => false,
            Self::Server | Self::Webhook => true,
        }
    }
}

/// One admitted event on its way into the log.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Canonical name.
    pub name: String,
    /// Event id; with the name and the workspace it is the dedup key.
    pub event_id: String,
    /// When it happened, corrected for the sender's clock, in epoch milliseconds.
    pub at_ms: i64,
    /// Not to be forwarded before this time (epoch milliseconds), so that its other copies can arrive.
    pub settle_until_ms: i64,
    /// The event as wire JSON (`firsthand_core::wire::Event`), cleansed.
    pub event: String,
}

/// One event that was not admitted.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// Its id, as far as it could be read.
    pub event_id: Option<String>,
    /// Its name, as far as it could be read.
    pub name: Option<String>,
    /// Code of the reason (`docs/wire.md`).
    pub code: &'static str,
    /// The reason in words, without any value of the event.
    pub message: String,
    /// The event as it came, `None` where nothing may be kept (no consent, personal data).
    pub payload: Option<String>,
}

/// Whose data a request is, and for which purposes it may be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// What names the person best ([`owner_name`](crate::privacy::subject::owner_name)); `None` where nothing does.
    pub id: Option<String>,
    /// What consent allowed when it arrived, in the order of `Purpose::ALL`.
    pub allowed: [bool; PURPOSES],
}

/// What one request brings into the log, in one transaction.
#[derive(Debug, Clone)]
pub struct Append {
    /// Name of the configured source.
    pub source: Arc<str>,
    /// Kind of the source.
    pub kind: SourceKind,
    /// When the request arrived, in epoch milliseconds.
    pub received_at_ms: i64,
    /// What the events share, as wire JSON (`firsthand_core::wire::Header`), cleansed and redacted.
    pub header: String,
    /// The admitted events.
    pub events: Vec<NewEvent>,
    /// The others.
    pub quarantined: Vec<Quarantined>,
    /// The choice under which the events were sent, for the ledger; `None` where there was none.
    pub receipt: Option<Box<Draft>>,
    /// Whose they are, and for which purposes: what the store seals is sealed with this person's key.
    pub owner: Owner,
    /// By what the request names its person, and what it tells of them.
    pub subject: Subject,
}

/// What became of one event of an [`Append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// New in the log.
    Accepted(Seq),
    /// A copy of the event at this position. A copy from another source is kept with it.
    Duplicate(Seq),
    /// Not kept: its person was erased and is kept out.
    Suppressed,
}

/// Another source's copy of an event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCopy {
    /// Name of the source.
    pub source: String,
    /// Kind of the source.
    pub kind: SourceKind,
    /// When it arrived, in epoch milliseconds.
    pub received_at_ms: i64,
    /// Header as wire JSON.
    pub header: String,
    /// Event as wire JSON.
    pub event: String,
}

/// An event in the log with all its copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its position.
    pub seq: Seq,
    /// Canonical name.
    pub name: String,
    /// Event id.
    pub event_id: String,
    /// When it happened, in epoch milliseconds.
    pub at_ms: i64,
    /// Not to be forwarded before, in epoch milliseconds.
    pub settle_until_ms: i64,
    /// The copy that arrived first, then the others in the order of their arrival. None where the key of one
    /// was destroyed: the person was erased. One that cannot be read is there with empty texts.
    pub copies: Vec<StoredCopy>,
}

/// What is known about one event at one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Waits for its other copies until this time.
    Waiting {
        /// Epoch milliseconds.
        until_ms: i64,
    },
    /// Waits until this time for a source that can be trusted to tell of it too.
    Unconfirmed {
        /// Epoch milliseconds.
        until_ms: i64,
    },
    /// A source that can be trusted has told of what was [`Unconfirmed`](Self::Unconfirmed): due at once. Written by
    /// the store itself, in the transaction that keeps the copy or, where the copy came first, that records the wait.
    Confirmed {
        /// Name of the source.
        source: String,
        /// When it was confirmed, in epoch milliseconds.
        at_ms: i64,
    },
    /// The platform took it.
    Delivered,
    /// To be tried again at this time.
    Retry {
        /// Epoch milliseconds.
        at_ms: i64,
        /// Why it was not taken.
        reason: String,
    },
    /// Will never be taken; kept as a dead letter.
    Dead {
        /// The platform's words, or the limit that was passed.
        reason: String,
    },
    /// Must not be sent, or the platform has no such event.
    Suppressed {
        /// Why.
        reason: String,
    },
}

/// A row of [`Outcome`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    /// The event.
    pub seq: Seq,
    /// What is known.
    pub outcome: Outcome,
    /// How many requests have carried it.
    pub attempts: u32,
    /// When this was learned, in epoch milliseconds.
    pub at_ms: i64,
    /// Which [`Attempt`] taught it, by its index in [`Progress::attempts`].
    pub attempt: Option<usize>,
}

/// One request to a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it was sent, in epoch milliseconds.
    pub at_ms: i64,
    /// How long the answer took, in milliseconds.
    pub took_ms: i64,
    /// How many events it carried.
    pub events: usize,
    /// HTTP status; 0 when no answer came.
    pub status: u16,
    /// The platform's answer, shortened, free of personal data: its code, words and trace id.
    pub answer: String,
}

/// What one round of forwarding has learned, committed as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// New cursor, if the log was read further.
    pub cursor: Option<Seq>,
    /// What was learned, event by event.
    pub outcomes: Vec<OutcomeRow>,
    /// The requests that were made.
    pub attempts: Vec<Attempt>,
    /// Pauses (with the reason) or resumes (`None`) the destination.
    pub paused: Option<Option<String>>,
}

/// An event that needs a second look at one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The event.
    pub seq: Seq,
    /// How many requests have carried it.
    pub attempts: u32,
    /// Whether it is due because somebody asked for it again.
    pub is_asked_again: bool,
}

/// The longest that an event may have to wait for its next look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongestWait {
    /// Between two tries, in milliseconds.
    pub retry_ms: i64,
    /// For its other copies, in milliseconds.
    pub settle_ms: i64,
}

/// Where a destination stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DestinationState {
    /// The last position that was read.
    pub cursor: Seq,
    /// Why it is paused, if it is.
    pub paused: Option<String>,
    /// When the next event becomes due for a second look, in epoch milliseconds.
    pub next_due_ms: Option<i64>,
}

/// A visitor's later word on consent, which outranks what came with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentChange {
    /// The browser's first-party id, or [`Identifier::word_name`](crate::privacy::subject::Identifier::word_name) of another identifier.
    pub anonymous_id: String,
    /// `firsthand_core::wire::ConsentEvidence` as wire JSON.
    pub evidence: String,
    /// When it arrived, in epoch milliseconds.
    pub received_at_ms: i64,
}

/// A moment in the order in which words on consent are recorded; of this process only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ConsentMark(pub(crate) u64);

/// What a webhook source is known to have told, so that what it tells later finds its order, and what it tells again is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopOrder {
    /// What the shop system calls the order or refund.
    pub reference: String,
    /// Its transaction id.
    pub transaction_id: String,
    /// The visitor's first-party id, where the order told it.
    pub anonymous_id: Option<String>,
    /// `firsthand_core::wire::ConsentEvidence` as wire JSON, where the order told a choice.
    pub evidence: Option<String>,
}

/// Why the store could not do what was asked.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum StoreError {
    /// More is waiting than may wait: ask again later.
    #[error("the store's queue is full")]
    Overloaded,
    /// Disk full or failing: nothing was written, ask again later.
    #[error("storage unavailable: {0}")]
    Unavailable(String),
    /// What is left of the room is kept for what must go on: nothing was written, ask again later.
    #[error("no room for more events: {0}")]
    Full(Short),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

/// The log. Cheap to clone handles are shared as `Arc<dyn …>`-free generics: engines implement this.
pub trait Store: Send + Sync + 'static {
    /// Writes one request's events and answers when they are on disk, one [`Appended`] an event.
    fn append(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Vec<Appended>, StoreError>> + Send;

    /// Keeps a choice in the ledger, and as the later word of each browser it counts for, in one
    /// transaction; on disk when answered. A choice that comes again gets no second receipt.
    fn record_consent(
        &self,
        words: Vec<ConsentChange>,
        receipt: Option<Box<Draft>>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.record_word(words, receipt, Subject::default())
    }

    /// The same; what `subject` refused holds from now on for every identifier of the same person.
    fn record_word(
        &self,
        words: Vec<ConsentChange>,
        receipt: Option<Box<Draft>>,
        subject: Subject,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns what is known of the people behind these identifiers, as far as there is something.
    fn standings(
        &self,
        keys: Vec<BlindKey>,
    ) -> impl Future<Output = Result<Vec<(BlindKey, Standing)>, StoreError>> + Send;

    /// Returns what makes the blind indexes of this store.
    fn key_ring(&self) -> &KeyRing;

    /// Returns the latest word on consent of each of these browsers that has one.
    fn latest_consent(
        &self,
        anonymous_ids: Vec<String>,
    ) -> impl Future<Output = Result<Vec<ConsentChange>, StoreError>> + Send;

    /// Returns a mark of this moment for [`has_consent_changed`](Self::has_consent_changed). Take it before the
    /// words are read that a decision rests on.
    fn consent_mark(&self) -> ConsentMark;

    /// Whether a word of one of these browsers was recorded since the mark: what was decided then has to be
    /// decided again. In doubt, yes.
    fn has_consent_changed(&self, since: ConsentMark, anonymous_ids: &[String]) -> bool;

    /// Returns events after a position, in order, with their copies, at most `limit`.
    fn read_log(
        &self,
        after: Seq,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, StoreError>> + Send;

    /// Returns these events, in order of position; those that are gone are left out.
    fn read_events(
        &self,
        seqs: Vec<Seq>,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, StoreError>> + Send;

    /// Returns where a destination stands; one that was never seen starts at the log's beginning.
    fn destination_state(
        &self,
        destination: &str,
    ) -> impl Future<Output = Result<DestinationState, StoreError>> + Send;

    /// Returns what is due for a second look at `now_ms`, the longest due first, at most `limit`.
    fn due(
        &self,
        destination: &str,
        now_ms: i64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Due>, StoreError>> + Send;

    /// Makes due at `now_ms` what waits for longer than anything can have to: its time comes from a clock that was set back since.
    /// What waits for a confirmation stays. Returns how many events that were.
    fn bring_forward(
        &self,
        destination: &str,
        now_ms: i64,
        longest: LongestWait,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Commits what a round of forwarding has learned; on disk when answered.
    fn commit(
        &self,
        destination: &str,
        progress: Progress,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns a watch on the last position in the log, to wait for new events without polling. It also wakes when
    /// an event that was waited for became due ([`Outcome::Confirmed`]).
    fn watch(&self) -> tokio::sync::watch::Receiver<Seq>;
}
