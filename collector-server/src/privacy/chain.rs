//! A log that nobody changes unnoticed.
//!
//! Rows are numbered from 1 without a gap. A row is its number, a body, and a hash:
//!
//! ```text
//! hash(0) = 32 zero bytes
//! hash(n) = SHA-256( hash(n-1) || body(n) )
//! ```
//!
//! The body is canonical JSON (RFC 8785): UTF-8, members sorted by name, no white space, no escape that
//! is not needed, whole numbers only. It names its own number, so that a row is bound to its place.
//! What was cut off at the end is found by an auditor who has noted an earlier head ([`Head`]).

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A row's hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first row continues.
    pub const GENESIS: Self = Self([0; 32]);

    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The last row of a chain, or of the part of it that retention has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 before the first.
    pub number: i64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// Of a chain without rows.
    pub const EMPTY: Self = Self {
        number: 0,
        hash: Hash::GENESIS,
    };

    /// Returns the head after one more row.
    #[must_use]
    pub fn then(&self, body: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.hash.0);
        hasher.update(body.as_bytes());
        Self {
            number: self.number + 1,
            hash: Hash(hasher.finalize().into()),
        }
    }
}

impl Default for Head {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// One row as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place.
    pub number: i64,
    /// Its hash as it is kept.
    pub hash: Hash,
    /// Its canonical body.
    pub body: String,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Rows are not there.
    #[error("rows {from} to {to} are missing")]
    Missing {
        /// The first that is missing.
        from: i64,
        /// The last that is missing.
        to: i64,
    },
    /// The hash is not that of the row before and the body.
    #[error("row {number} was changed, or the row before it: its hash does not follow")]
    Changed {
        /// The row.
        number: i64,
    },
    /// A row says that it belongs elsewhere.
    #[error("row {number} was moved or inserted: it says that it is row {says}")]
    Moved {
        /// Where it stands.
        number: i64,
        /// Where it says that it belongs.
        says: i64,
    },
    /// The body is not what a body looks like.
    #[error("row {number} cannot be read")]
    Unreadable {
        /// The row.
        number: i64,
    },
    /// The chain ends before a row that is known to have been there.
    #[error("the end is missing: the last row is {last}, but row {known} was there")]
    Truncated {
        /// The last row.
        last: i64,
        /// A row that was there.
        known: i64,
    },
    /// The row with the pinned number is another one.
    #[error("row {number} is not the one that was noted: the chain was written anew")]
    Rewritten {
        /// The row.
        number: i64,
    },
    /// A row names something that is kept beside the chain, and that is not there or not the same.
    #[error("row {number} names {what}, which is missing or was changed")]
    Detached {
        /// The row.
        number: i64,
        /// What it names.
        what: String,
    },
}

/// Most faults that are told; one wrong row is enough to distrust all.
pub const MAX_FAULTS: usize = 20;

/// Walks a chain row by row.
#[derive(Debug)]
pub struct Verifier {
    last: Head,
    pinned: Option<Head>,
    rows: u64,
    faults: Vec<Fault>,
}

/// What a walk has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The last row.
    pub head: Head,
    /// How many rows there are.
    pub rows: u64,
    /// What is wrong, at most [`MAX_FAULTS`]; empty when the chain is whole.
    pub faults: Vec<Fault>,
}

#[derive(serde::Deserialize)]
struct Numbered {
    number: i64,
}

impl Verifier {
    /// Begins after `anchor` (where retention has cut, else [`Head::EMPTY`]). `pinned` is a head that was
    /// noted earlier.
    pub fn new(anchor: Head, pinned: Option<Head>) -> Self {
        let mut verifier = Self {
            last: anchor,
            pinned,
            rows: 0,
            faults: Vec::new(),
        };
        verifier.compare_with_pin();
        verifier
    }

    /// Takes the next row; rows come in the order of their numbers.
    pub fn take(&mut self, row: &Row) {
        self.rows += 1;
        if row.number > self.last.number + 1 {
            self.add(Fault::Missing {
                from: self.last.number + 1,
                to: row.number - 1,
            });
        } else if self.last.then(&row.body).hash != row.hash {
            self.add(Fault::Changed { number: row.number });
        }
        match serde_json::from_str::<Numbered>(&row.body) {
            Ok(Numbered { number }) if number == row.number => {}
            Ok(Numbered { number }) => self.add(Fault::Moved {
                number: row.number,
                says: number,
            }),
            Err(_) => self.add(Fault::Unreadable { number: row.number }),
        }
        // The next row is measured by what is kept, so that each fault is told once.
        self.last = Head {
            number: row.number,
            hash: row.hash,
        };
        self.compare_with_pin();
    }

    /// Notes a fault that lies beside the chain.
    pub fn add(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    /// Ends the walk. `known` is a row that something else refers to, 0 for none.
    pub fn finish(mut self, known: i64) -> Verified {
        let pinned = self.pinned.map_or(0, |pin| pin.number);
        let known = known.max(pinned);
        if known > self.last.number {
            self.add(Fault::Truncated {
                last: self.last.number,
                known,
            });
        }
        Verified {
            head: self.last,
            rows: self.rows,
            faults: self.faults,
        }
    }

    fn compare_with_pin(&mut self) {
        let Some(pin) = self.pinned else { return };
        if pin.number == self.last.number && pin.hash != self.last.hash {
            self.add(Fault::Rewritten { number: pin.number });
        }
    }
}

#[cfg(test)]
mod tests;
