//! One command inside the writer's transaction.

use rusqlite::Connection;

use super::append::{self, Cache};
use super::command::Command;
use super::vault::keys_of;
use super::{audit, ledger, outcomes, people, settled, shop_orders, tasks};
use crate::privacy::subject::BlindKey;
use crate::store::Appended;

/// A command that was carried out, but not committed yet.
pub(super) enum Done {
    Appended(Vec<Appended>),
    /// How many keys were destroyed, or events made due.
    Counted(usize),
    Nothing,
}

impl Done {
    /// How many keys or events it was about.
    pub(super) fn count(self) -> usize {
        match self {
            Self::Counted(count) => count,
            Self::Appended(_) | Self::Nothing => 0,
        }
    }
}

/// Writes what a command asks for; the caller commits it with its group.
pub(super) fn carry_out(
    conn: &Connection,
    cache: &mut Cache,
    command: &Command,
) -> rusqlite::Result<Done> {
    match command {
        Command::Append(request, subject, _) => {
            append::append(conn, cache, request, *subject).map(Done::Appended)
        }
        Command::Consent(words, receipt, subject, _) => {
            if cache.people.is_suppressed(conn, &subject.identifiers)? {
                return Ok(Done::Nothing);
            }
            let received_at_ms = words.first().map_or(0, |(_, word)| word.received_at_ms);
            people::take_word(conn, &mut cache.people, subject, received_at_ms)?;
            if let Some(draft) = receipt {
                ledger::record(conn, &mut cache.ledger, draft)?;
            }
            for (subject, word) in words {
                // A signal that came with events names nobody but its browser.
                if !cache.people.is_kept_out(conn, BlindKey(*subject))? {
                    append::record_consent(conn, &mut cache.vault, subject, word)?;
                }
            }
            Ok(Done::Nothing)
        }
        Command::Commit(name, progress, _) => {
            outcomes::commit(conn, name, progress).map(|()| Done::Nothing)
        }
        Command::BringForward(name, now_ms, longest, _) => {
            outcomes::bring_forward(conn, name, *now_ms, *longest).map(Done::Counted)
        }
        Command::Access(entry, _) => audit::append(conn, entry).map(|()| Done::Nothing),
        Command::Told(told, _) => shop_orders::remember(conn, cache, told).map(|()| Done::Nothing),
        Command::SendAgain(again, _) => settled::send_again(conn, again).map(Done::Counted),
        Command::DestroyKeys(subjects, _) => {
            let ids = keys_of(conn, subjects)?;
            cache.vault.destroy(conn, &ids).map(Done::Counted)
        }
        Command::Task(task, entry, _) => {
            if let Some(entry) = entry {
                audit::append(conn, entry)?;
            }
            tasks::ask(conn, task).map(|()| Done::Nothing)
        }
        Command::Probe(_) => conn
            .prepare_cached("INSERT OR REPLACE INTO upkeep(task, position) VALUES('probe', 0)")?
            .execute([])
            .map(|_| Done::Nothing),
        #[cfg(test)]
        Command::Upkeep(..) => Ok(Done::Nothing),
        Command::Configure(..) | Command::Close => Ok(Done::Nothing),
    }
}
