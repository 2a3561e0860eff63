//! Events that rest at a destination: with a last word, or held for a confirmation. To look at them, and to send them
//! again.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Seq, StoredEvent};

/// How an event rests at a destination.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// Will never be taken; a dead letter.
    Dead,
    /// Must not be sent, or the platform has no such event.
    Suppressed,
    /// The platform took it.
    Delivered,
    /// Waits for a trusted source to tell of it.
    Unconfirmed,
}

impl Settled {
    /// Returns the name in commands, answers and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Suppressed => "suppressed",
            Self::Delivered => "delivered",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Which events are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettledFilter {
    /// With one of these last words; none: no event.
    pub states: Vec<Settled>,
    /// With this text in the reason, in upper or lower case.
    pub reason: Option<String>,
    /// Settled at or after this time, in epoch milliseconds.
    pub since_ms: Option<i64>,
    /// Settled before this time, in epoch milliseconds.
    pub until_ms: Option<i64>,
    /// With one of these ids; none: with any.
    pub event_ids: Vec<String>,
}

/// In which order, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By position, after this one.
    After(Seq),
    /// The last position first.
    Newest,
}

/// One event that a destination has settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledEvent {
    /// Its position.
    pub seq: Seq,
    /// What the log holds of it; `None` where it was forgotten, without copies where it was erased.
    pub stored: Option<StoredEvent>,
    /// The last word.
    pub state: Settled,
    /// Why; empty where it was delivered.
    pub reason: String,
    /// When it was said, in epoch milliseconds.
    pub settled_at_ms: i64,
    /// How many requests have carried the event.
    pub attempts: u32,
    /// HTTP status and words of the platform's answer; `None` where no request was made.
    pub answer: Option<(u16, String)>,
}

impl SettledEvent {
    /// Returns the event's name and id, where the log still has them.
    pub fn names(&self) -> Option<(&str, &str)> {
        let stored = self.stored.as_ref()?;
        Some((&stored.name, &stored.event_id))
    }

    /// Returns it as JSON, with the destination it is about.
    pub fn json(&self, destination: &str) -> Value {
        let answer = self.answer.as_ref();
        let names = self.names();
        json!({
            "destination": destination,
            "event_id": names.map(|(_, id)| id),
            "name": names.map(|(name, _)| name),
            "state": self.state.as_str(),
            "reason": self.reason,
            "settled_at_ms": self.settled_at_ms,
            "attempts": self.attempts,
            "status": answer.map(|(status, _)| status),
            "answer": answer.map(|(_, words)| words),
        })
    }
}

/// What is asked for when events are to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Name of the destination.
    pub destination: String,
    /// The events.
    pub seqs: Vec<Seq>,
    /// Only what still has one of these last words: nothing is queued twice.
    pub states: Vec<Settled>,
    /// Who asked: a token's name, or `cli:` and the system's user.
    pub actor: String,
    /// When, in epoch milliseconds.
    pub at_ms: i64,
}

/// How the reason of an event begins that is sent again because somebody asked for it.
pub const ASKED_AGAIN: &str = "replay asked for by ";
