//! Sealed values in their rows: how they are written, and how they are read again.
//!
//! A sealed value is a list of texts, each with its length before it (four bytes, little-endian), sealed as one
//! for its place:
//!
//! | table | row it is bound to | texts |
//! |---|---|---|
//! | `log` | `seq` | header, then the JSON of each event |
//! | `copies` | `seq`, `source` | header, event |
//! | `quarantine` | `id` | payload |
//! | `consent` | `subject` | evidence |
//! | `shop_orders` | `source`, `reference` | anonymous id, evidence |

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::vault::{KeyId, Sealer, owner, wrapped};
use crate::privacy::keys::{Blind, DataKey, KeyRing, Place};

/// Which row a value belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row<'r> {
    Log(i64),
    Copy(i64, i64),
    Quarantine(i64),
    Consent(&'r Blind),
    /// Source and reference, joined.
    Order(&'r [u8]),
}

impl Row<'_> {
    fn table(self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Copy(..) => "copies",
            Self::Quarantine(_) => "quarantine",
            Self::Consent(_) => "consent",
            Self::Order(_) => "shop_orders",
        }
    }

    fn with_place<T>(self, then: impl FnOnce(Place<'_>) -> T) -> T {
        let mut row = [0; 16];
        let (left, right) = match self {
            Self::Log(id) | Self::Quarantine(id) => (id, 0),
            Self::Copy(seq, source) => (seq, source),
            Self::Consent(subject) => {
                return then(Place {
                    table: self.table(),
                    row: subject,
                });
            }
            Self::Order(row) => {
                return then(Place {
                    table: self.table(),
                    row,
                });
            }
        };
        for (slot, byte) in row
            .iter_mut()
            .zip(left.to_be_bytes().into_iter().chain(right.to_be_bytes()))
        {
            *slot = byte;
        }
        then(Place {
            table: self.table(),
            row: &row,
        })
    }
}

/// Seals texts for a row.
pub(super) fn seal<'t>(
    sealer: &Sealer,
    row: Row<'_>,
    texts: impl IntoIterator<Item = &'t str>,
) -> Vec<u8> {
    let mut all = Vec::with_capacity(2048);
    for text in texts {
        // A text is part of a request, whose size is bounded far below.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        all.extend_from_slice(&length.to_le_bytes());
        all.extend_from_slice(text.as_bytes());
    }
    row.with_place(|place| sealer.key.seal(place, &all))
}

/// A value as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opened {
    /// Its texts.
    Texts(Vec<String>),
    /// Its key was destroyed (the subject was erased), or it was emptied to make room.
    Erased,
    /// It does not open, or there is no key at hand.
    Unreadable,
}

/// Splits what [`seal`] has joined.
fn split(all: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    let mut rest = all;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (text, after) = after.split_at_checked(length)?;
        texts.push(std::str::from_utf8(text).ok()?.to_owned());
        rest = after;
    }
    Some(texts)
}

/// Opens sealed values on one connection. The keys are read from the same snapshot as the values, so that
/// a key that was destroyed opens nothing any more.
pub(super) struct Opener<'c> {
    conn: &'c Connection,
    ring: Option<&'c KeyRing>,
    keys: HashMap<KeyId, Held>,
}

/// What a read knows of a key that is there.
enum Held {
    Key(DataKey),
    /// It does not open.
    Damaged,
}

/// Keys that one read remembers.
const MOST_KEYS: usize = 1024;

impl<'c> Opener<'c> {
    /// Without a ring nothing that was sealed opens.
    pub(super) fn new(conn: &'c Connection, ring: Option<&'c KeyRing>) -> Self {
        Self {
            conn,
            ring,
            keys: HashMap::new(),
        }
    }

    /// Opens a value that was sealed for this row with this key.
    pub(super) fn open(
        &mut self,
        id: KeyId,
        row: Row<'_>,
        sealed: &[u8],
    ) -> rusqlite::Result<Opened> {
        // Emptied to make room (`super::size`): nothing is left to open, as after an erasure.
        if sealed.is_empty() {
            return Ok(Opened::Erased);
        }
        let Some(ring) = self.ring else {
            return Ok(Opened::Unreadable);
        };
        if self.keys.len() >= MOST_KEYS {
            self.keys.clear();
        }
        if !self.keys.contains_key(&id) {
            let Some(key) = read_key(self.conn, ring, id)? else {
                return Ok(Opened::Erased);
            };
            self.keys.insert(id, key);
        }
        let Some(Held::Key(key)) = self.keys.get(&id) else {
            return Ok(Opened::Unreadable);
        };
        Ok(open_with(key, id, row, sealed))
    }

    /// Returns a key that this read has used.
    pub(super) fn key(&self, id: KeyId) -> Option<DataKey> {
        match self.keys.get(&id)? {
            Held::Key(key) => Some(key.clone()),
            Held::Damaged => None,
        }
    }
}

/// Opens a value with a key that is at hand.
pub(super) fn open_with(key: &DataKey, id: KeyId, row: Row<'_>, sealed: &[u8]) -> Opened {
    match row.with_place(|place| key.open(place, sealed)) {
        Ok(all) => split(&all).map_or(Opened::Unreadable, Opened::Texts),
        Err(error) => {
            unreadable(row.table(), id, &error);
            Opened::Unreadable
        }
    }
}

/// Returns the key of this number, `None` where it was destroyed.
fn read_key(conn: &Connection, ring: &KeyRing, id: KeyId) -> rusqlite::Result<Option<Held>> {
    let row = conn
        .prepare_cached("SELECT subject, master, wrapped FROM data_keys WHERE id = ?1")?
        .query_row(params![id], |row| {
            Ok((
                row.get::<_, Option<Blind>>(0)?,
                wrapped(row.get(1)?, row.get(2)?),
            ))
        })
        .optional()?;
    Ok(row.map(
        |(subject, wrapped)| match ring.data_key(owner(subject.as_ref()), &wrapped) {
            Ok(key) => Held::Key(key),
            Err(error) => {
                unreadable("data_keys", id, &error);
                Held::Damaged
            }
        },
    ))
}

/// Tells that something sealed cannot be read, and counts it.
pub(super) fn unreadable(table: &'static str, key: KeyId, error: &dyn std::error::Error) {
    metrics::counter!("firsthand_store_unreadable_total", "table" => table).increment(1);
    tracing::error!(table, key, %error, "a sealed value cannot be read");
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes_are_split_without_a_panic(all in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            let _ = split(&all);
        }
    }

    #[test]
    fn what_was_cut_is_not_split() {
        assert_eq!(
            split(&[2, 0, 0, 0, b'a', b'b']),
            Some(vec!["ab".to_owned()])
        );
        assert_eq!(split(&[2, 0, 0, 0, b'a']), None);
        assert_eq!(split(&[1, 0, 0]), None);
        assert_eq!(split(&[255; 8]), None);
        assert_eq!(split(&[]), Some(Vec::new()));
    }
}
