//! Tells for nearly every visitor, without a read, that nothing is refused elsewhere and nobody is kept out.
//!
//! A filter that never says a wrong "no", and in front of the reads it lets through a memory that is thrown
//! away whenever something was changed: an old answer must not outlive a withdrawal.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use super::filter::ConsentFilter;
use super::recent::Recent;
use super::words::Epoch;
use crate::privacy::subject::{BlindKey, Refusals, Standing};

/// Half of how many answers are remembered; one takes about 150 bytes.
const REMEMBERED: usize = 8_192;

#[derive(Debug)]
pub(super) struct Standings {
    filter: ConsentFilter,
    inner: Mutex<(Recent<BlindKey, Standing>, Epoch)>,
}

impl Standings {
    /// Reads for whom there is something to know.
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let filter = ConsentFilter::new();
        for sql in [
            "SELECT key FROM suppressed",
            "SELECT key FROM links JOIN people ON people.id = links.person WHERE coalesce(refused_marketing,
               refused_analytics, refused_personalization, refused_sharing) IS NOT NULL",
        ] {
            let mut select = conn.prepare(sql)?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                filter.insert(&BlindKey(row.get(0)?));
            }
        }
        Ok(Self {
            filter,
            inner: Mutex::new((Recent::new(REMEMBERED), 0)),
        })
    }

    /// Notes that there is something to know, before the transaction that writes it is committed.
    pub(super) fn expect(&self, key: BlindKey) {
        self.filter.insert(&key);
    }

    pub(super) fn may_hold(&self, key: BlindKey) -> bool {
        self.filter.may_hold(&key)
    }

    /// Returns what is remembered, and leaves on the list what has to be read.
    pub(super) fn take_known(
        &self,
        keys: &mut Vec<BlindKey>,
    ) -> (Vec<(BlindKey, Standing)>, Epoch) {
        keys.retain(|key| self.may_hold(*key));
        if keys.is_empty() {
            return (Vec::new(), 0);
        }
        let mut known = Vec::new();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (recent, epoch) = &mut *inner;
        keys.retain(|key| match recent.get(key) {
            Some(standing) => {
                known.push((*key, standing));
                false
            }
            None => true,
        });
        known.retain(|(_, standing)| *standing != Standing::default());
        (known, *epoch)
    }

    /// Remembers what was read, unless something was changed since `epoch`.
    pub(super) fn keep(&self, read: &[(BlindKey, Standing)], epoch: Epoch) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.1 == epoch {
            for (key, standing) in read {
                inner.0.insert(*key, *standing);
            }
        }
    }

    /// Forgets all answers, after the commit of a change.
    pub(super) fn changed(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.0 = Recent::new(REMEMBERED);
        inner.1 += 1;
    }
}

/// Reads what is known of the people behind these identifiers, one answer each.
pub(super) fn read(
    conn: &Connection,
    keys: &[BlindKey],
) -> rusqlite::Result<Vec<(BlindKey, Standing)>> {
    keys.iter()
        .map(|key| {
            let refused = conn
                .prepare_cached(
                    "SELECT refused_marketing, refused_analytics, refused_personalization, refused_sharing
                     FROM links JOIN people ON people.id = links.person WHERE key = ?1",
                )?
                .query_row(params![key.0], |row| {
                    Ok(Refusals([
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                    ]))
                })
                .optional()?
                .unwrap_or_default();
            let standing = Standing {
                refused,
                is_suppressed: is_suppressed(conn, *key)?,
            };
            Ok((*key, standing))
        })
        .collect()
}

/// Whether an identifier is kept out.
pub(super) fn is_suppressed(conn: &Connection, key: BlindKey) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM suppressed WHERE key = ?1")?
        .exists(params![key.0])
}
