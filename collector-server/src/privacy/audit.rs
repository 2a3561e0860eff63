//! Who looked at personal records, and what they did.
//!
//! A row names what was looked at by an event id, a subject key or a filter, never by a personal value.
//! It is written before the answer is given: who cannot be recorded gets nothing.

use serde::{Deserialize, Serialize};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused: the role does not allow it.
    Refused,
}

/// An access on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in epoch milliseconds.
    pub at_ms: i64,
    /// Who: a token's name, or `cli:` and the system's user.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// What was done, such as `inspect.event`.
    pub action: &'static str,
    /// To what: an event id, a subject key, a filter, the name of a token.
    pub what: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// Longest [`Entry::what`] that is kept, in bytes.
pub const MAX_WHAT_BYTES: usize = 256;

/// A row. Its members stand in the order of their names: written as it is, it is canonical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What was done.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// When, in epoch milliseconds.
    pub at: i64,
    /// Its place in the chain.
    pub number: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// In which role.
    pub role: String,
    /// To what.
    pub what: String,
}

impl Row {
    /// Writes the row of an access. An e-mail address that somebody looked for is not kept.
    pub fn of(entry: &Entry, number: i64) -> Self {
        let mut what = entry.what.clone();
        if what.contains('@') || what.to_ascii_lowercase().contains("%40") {
            "(not kept: looks like an e-mail address)".clone_into(&mut what);
        }
        let mut end = what.len().min(MAX_WHAT_BYTES);
        while !what.is_char_boundary(end) {
            end -= 1;
        }
        what.truncate(end);
        Self {
            action: entry.action.to_owned(),
            actor: entry.actor.clone(),
            at: entry.at_ms,
            number,
            outcome: entry.outcome,
            role: entry.role.clone(),
            what,
        }
    }

    /// Returns the canonical form: what is kept, hashed and exported.
    pub fn canonical(&self) -> String {
        // Strings and numbers: nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_canonical_bounded_and_without_an_address() {
        let mut entry = Entry {
            at_ms: 5,
            actor: "anna".to_owned(),
            role: "privacy".to_owned(),
            action: "inspect.event",
            what: "purchase:1001".to_owned(),
            outcome: Outcome::Done,
        };
        assert_eq!(
            Row::of(&entry, 3).canonical(),
            r#"{"action":"inspect.event","actor":"anna","at":5,"number":3,"outcome":"done","role":"privacy","what":"purchase:1001"}"#
        );
        entry.what = "jane@example.com".to_owned();
        assert!(!Row::of(&entry, 3).canonical().contains("jane"));
        entry.what = "ü".repeat(200);
        assert_eq!(Row::of(&entry, 3).what.len(), MAX_WHAT_BYTES);
    }
}
