//! Freshness and oddities: what stopped coming, what suddenly changed, what lags.
//!
//! ```text
//! doors ─▶ book (counts by source and event name, by hour) ─┐
//! store: where each destination stands ─────────────────────┼─▶ judge (pure) ─▶ metrics, /readyz?verbose, alerts
//! destinations' health ─────────────────────────────────────┘
//! ```
//!
//! Promises: bounded memory whatever is sent; a door waits for nobody here longer than a few counts take; what usually
//! comes survives a start (`signals.json` in the data directory: counts only). Knows nothing of a person. Fails by a log
//! line: without its file it learns anew what is usual.

mod book;
mod file;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hours;
mod judge;
mod lag;
mod task;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

pub(crate) use self::book::{Brought, EventNow, SourceNow};
pub(crate) use self::hours::MAX_DAYS;
pub use self::judge::Kind;
pub(crate) use self::judge::Rules;
pub(crate) use self::lag::DestinationNow;
pub(crate) use self::task::run;

use self::book::Book;
use crate::config::Config;

/// Something odd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// What.
    pub kind: Kind,
    /// Of which source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Of which of its events; `None`: of all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Of which destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Since when, in epoch milliseconds.
    pub since_ms: i64,
    /// In words.
    pub message: String,
}

/// How everything stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Overview {
    /// Since when this process takes events.
    pub(crate) since_ms: i64,
    /// When this was written.
    pub(crate) at_ms: i64,
    pub(crate) sources: Vec<SourceNow>,
    pub(crate) destinations: Vec<DestinationNow>,
    pub(crate) signals: Vec<Signal>,
}

/// The counts and what was found last; shared, cheap to clone.
#[derive(Debug, Clone)]
pub struct Signals(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    since_ms: i64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    book: Book,
    rules: Rules,
    destinations: Vec<DestinationNow>,
    signals: Vec<Signal>,
}

impl Signals {
    /// Reads what is known from the data directory.
    pub(crate) fn open(config: &Config, now_ms: i64) -> Self {
        let signals = Self(Arc::new(Inner {
            dir: config.store.dir.clone(),
            since_ms: now_ms,
            state: Mutex::new(State {
                book: file::read(&config.store.dir),
                rules: config.signals.rules(),
                destinations: Vec::new(),
                signals: Vec::new(),
            }),
        }));
        signals.configure(config);
        signals
    }

    /// Takes over a new configuration; what was counted stays.
    pub(crate) fn configure(&self, config: &Config) {
        let sources = config.sources.iter().map(|source| source.name.as_str());
        let mut state = self.state();
        state.book.arrange(sources, &config.signals.events);
        state.rules = config.signals.rules();
    }

    /// Counts what a request brought.
    pub(crate) fn add(&self, source: &str, brought: Brought<'_>, now_ms: i64) {
        self.state().book.add(source, brought, now_ms);
    }

    /// Returns how everything stands.
    pub(crate) fn overview(&self, now_ms: i64) -> Overview {
        let state = self.state();
        Overview {
            since_ms: self.0.since_ms,
            at_ms: now_ms,
            sources: state.book.now(now_ms, &state.rules),
            destinations: state.destinations.clone(),
            signals: state.signals.clone(),
        }
    }

    /// Returns what is unusual.
    pub(crate) fn found(&self) -> Vec<Signal> {
        self.state().signals.clone()
    }

    fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// A count is whole, whoever held the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
