//! Sending: one batch at a time, one sending tab per origin.
//!
//! This is the state between the answers of the browser; the steps that touch outbox and consent are in [`crate::app`].
//! There is one timer, set only while something waits; every wait has a deadline (the request's is in `host.js`).

pub(crate) mod retry;

/// Where a send stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing under way.
    #[default]
    Idle,
    /// Asked for the right to send.
    Locking,
    /// Holding the right, a request is under way.
    Sending,
}

/// The sender of this tab.
#[derive(Default)]
pub(crate) struct Sender {
    pub(crate) phase: Phase,
    /// Events of the request under way.
    pub(crate) count: usize,
    /// The segment they are of.
    pub(crate) segment: String,
    /// When the first waiting event wants to leave; `None` when none waits.
    pub(crate) due_ms: Option<i64>,
    /// Not before this time.
    pub(crate) retry_at_ms: i64,
    /// The wait was asked for by the collector, so a hint that the network is back does not end it.
    pub(crate) is_told: bool,
    /// Failed attempts in a row.
    pub(crate) attempt: u32,
    /// Most events of one batch at the moment; halved when the collector finds a batch too large or unreadable.
    pub(crate) limit: usize,
    /// Somebody waits for an empty outbox.
    pub(crate) is_flushing: bool,
    /// Digests are being made: what waits leaves with them.
    pub(crate) is_paused: bool,
    /// Why this page sends nothing any more; empty while it does.
    pub(crate) stopped: &'static str,
}
