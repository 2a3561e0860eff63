//! The ledger of what was acknowledged.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What an acknowledged event is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owed {
    /// It arrives at every destination and counts once.
    Delivery,
    /// Its consent forbids every destination: it arrives at none, and the reason is on record.
    Silence,
}

/// What senders were told. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Debts(Arc<Mutex<Book>>);

/// The pages of the ledger.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// What is owed to each acknowledged event.
    pub owed: BTreeMap<String, Owed>,
    /// Every event that was sent at all, acknowledged or not.
    pub sent: HashSet<String>,
    /// Events that were refused, as they should be.
    pub refused: BTreeSet<String>,
    /// Answers that no sender should get, in words.
    pub complaints: Vec<String>,
    /// Answers that asked to come again, by status.
    pub asked_to_wait: BTreeMap<u16, u64>,
    /// Requests that were acknowledged.
    pub acknowledged_requests: u64,
}

impl Debts {
    /// Notes that an event is on its way.
    pub fn send(&self, ids: &[String]) {
        self.with(|book| book.sent.extend(ids.iter().cloned()));
    }

    /// Returns a copy of the pages.
    pub fn book(&self) -> Book {
        self.with(|book| book.clone())
    }

    /// Changes or reads the pages.
    pub fn with<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns how many requests were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.with(|book| book.acknowledged_requests)
    }
}
