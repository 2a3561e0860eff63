//! Sending: one batch at a time, one sending tab per origin.
//!
//! This is the state between the answers of the browser; the steps that touch outbox, consent and status are in [`crate::app`].
//! There is one timer, set only while something waits; every wait has a deadline (the request's is in `host.js`).

pub(crate) mod retry;

use std::borrow::Cow;

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
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) phase: Phase,
    /// Keys of the events of the request under way.
    pub(crate) keys: Vec<String>,
    /// Bytes of the request under way.
    pub(crate) bytes: usize,
    /// Drop counts that the request under way reports.
    pub(crate) reporting: Vec<(Cow<'static, str>, i64)>,
    /// When the first waiting event wants to leave; `None` when none waits.
    pub(crate) due_ms: Option<i64>,
    /// Not before this time.
    pub(crate) retry_at_ms: i64,
    /// The wait was not asked for by the collector, so a hint that the network is back ends it.
    pub(crate) is_retry_ours: bool,
    /// Failed attempts in a row.
    pub(crate) attempt: u32,
    /// Most events of one batch at the moment; halved when the collector finds a batch too large or unreadable.
    pub(crate) limit: usize,
    /// Somebody waits for an empty outbox.
    pub(crate) is_flushing: bool,
    /// Why this page sends nothing any more.
    pub(crate) stopped: Option<&'static str>,
}

impl Sender {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            phase: Phase::Idle,
            keys: Vec::new(),
            bytes: 0,
            reporting: Vec::new(),
            due_ms: None,
            retry_at_ms: 0,
            is_retry_ours: true,
            attempt: 0,
            limit,
            is_flushing: false,
            stopped: None,
        }
    }

    /// Whether an event is in the request under way.
    pub(crate) fn holds(&self, key: &str) -> bool {
        self.phase == Phase::Sending && self.keys.iter().any(|held| held == key)
    }
}
