//! What the writer can be asked for, and what a command costs while it waits.

use tokio::sync::oneshot;

use super::SqliteConfig;
use super::shop_orders::Told;
use super::tasks::NewTask;
use crate::privacy::audit::Entry;
use crate::privacy::keys::Blind;
use crate::privacy::ledger::Draft;
use crate::privacy::subject::Subject;
use crate::store::{Again, Append, Appended, ConsentChange, LongestWait, Progress, StoreError};

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the writer can be asked for.
pub(super) enum Command {
    /// With the blind index of its owner.
    Append(Append, Option<Blind>, Reply<Vec<Appended>>),
    /// Each word with the blind index of its browser.
    Consent(
        Vec<(Blind, ConsentChange)>,
        Option<Box<Draft>>,
        Subject,
        Reply<()>,
    ),
    Commit(String, Progress, Reply<()>),
    /// Makes due what a clock that was set back lets wait too long.
    BringForward(String, i64, LongestWait, Reply<usize>),
    Access(Entry, Reply<()>),
    Told(Told, Reply<()>),
    /// Takes over what of a configuration may change while the store is open.
    Configure(Box<SqliteConfig>, Reply<()>),
    /// Makes settled events due again.
    SendAgain(Again, Reply<usize>),
    /// Destroys the keys of these subjects.
    DestroyKeys(Vec<Blind>, Reply<usize>),
    /// Writes down what a privacy officer asks for; it is carried out afterwards.
    Task(Box<NewTask>, Option<Entry>, Reply<()>),
    /// Commits nothing, but as durably as anything: tells whether the disk can be written.
    Probe(Reply<()>),
    /// Forgets what is old, now.
    #[cfg(test)]
    Upkeep(i64, Reply<bool>),
    Close,
}

/// Bytes a command occupies while it waits, roughly.
pub(super) fn weight(command: &Command) -> usize {
    const BASE: usize = 256;
    const RECEIPT: usize = 1024;
    match command {
        Command::Append(append, ..) => {
            let events: usize = append
                .events
                .iter()
                .map(|e| e.event.len() + e.event_id.len() + e.name.len() + 96)
                .sum();
            let kept: usize = append
                .quarantined
                .iter()
                .map(|q| q.payload.as_ref().map_or(0, String::len) + 192)
                .sum();
            let receipt = append.receipt.as_ref().map_or(0, |_| RECEIPT);
            let subject = append.subject.identifiers.len() * 32;
            BASE + append.header.len() + events + kept + receipt + subject
        }
        Command::Consent(words, receipt, ..) => {
            let words: usize = words.iter().map(|(_, word)| word.evidence.len() + 80).sum();
            BASE + words + receipt.as_ref().map_or(0, |_| RECEIPT)
        }
        Command::Commit(_, progress, _) => BASE + progress.outcomes.len() * 128,
        Command::Access(entry, _) => BASE + entry.what.len(),
        Command::Told(told, _) => BASE + told.orders.len() * 512,
        Command::SendAgain(again, _) => BASE + again.seqs.len() * 64,
        Command::DestroyKeys(subjects, _) => BASE + subjects.len() * size_of::<Blind>(),
        Command::Task(task, _, _) => {
            BASE + task.target.identifiers.len() * 32 + task.target.seqs.len() * 8
        }
        Command::BringForward(..) | Command::Probe(_) | Command::Configure(..) | Command::Close => {
            BASE
        }
        #[cfg(test)]
        Command::Upkeep(..) => BASE,
    }
}

/// Whether a command needs room that is kept for others. The probe asks for events.
pub(super) const fn brings_more(command: &Command) -> bool {
    match command {
        Command::Append(..) | Command::Told(..) | Command::Probe(_) => true,
        Command::Consent(..)
        | Command::Commit(..)
        | Command::BringForward(..)
        | Command::Access(..)
        | Command::Configure(..)
        | Command::SendAgain(..)
        | Command::DestroyKeys(..)
        | Command::Task(..)
        | Command::Close => false,
        #[cfg(test)]
        Command::Upkeep(..) => false,
    }
}
