//! How much room a store has, when it is short of it, and when that is near. Pure.

use std::fmt;

/// Part of a limit, in percent, from which somebody is told that it is near.
const NEAR_PERCENT: u64 = 95;
/// Somebody is told when less is free than this many times what must stay free.
const NEAR_TIMES: u64 = 2;

/// What is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// The disk: less is free than must stay free.
    Disk {
        /// Free bytes.
        free: u64,
        /// Bytes that must stay free (`store.min_free_mib`).
        min_free: u64,
    },
    /// The data file: more is in use than may be, and no event of it can be forgotten yet.
    Log {
        /// Bytes in use.
        used: u64,
        /// Bytes that may be in use (`store.max_log_mib`).
        limit: u64,
    },
}

impl fmt::Display for Short {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Disk { free, min_free } => write!(
                out,
                "{} MiB of the disk are free, {} must stay free (store.min_free_mib): make room on the disk",
                mib(free),
                mib(min_free)
            ),
            Self::Log { used, limit } => write!(
                out,
                "{} MiB of the data file are in use, at most {} may be (store.max_log_mib), and a destination has \
                 still to read the oldest events, or they are all forgotten: see which one waits, or raise the limit",
                mib(used),
                mib(limit)
            ),
        }
    }
}

/// How much room there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes of the data file that are in use.
    pub used_bytes: u64,
    /// How many may be, 0 for no limit.
    pub limit_bytes: u64,
    /// Whether the store itself refuses at the limit: `store.max_log_mib`; `store.max_mib` is the engine's to keep.
    pub is_limit_ours: bool,
    /// Free bytes of the disk; `None` where the system does not tell.
    pub free_bytes: Option<u64>,
    /// How many must stay free, 0 for none.
    pub min_free_bytes: u64,
}

impl Room {
    /// Returns what is short, `None` while more events can be taken.
    pub fn short(&self) -> Option<Short> {
        let min_free = self.min_free_bytes;
        if let Some(free) = self.free_bytes.filter(|free| *free < min_free) {
            return Some(Short::Disk { free, min_free });
        }
        let (used, limit) = (self.used_bytes, self.limit_bytes);
        (self.is_limit_ours && limit > 0 && used >= limit).then_some(Short::Log { used, limit })
    }

    /// Returns in words what will soon be short, `None` where nothing will.
    pub fn filling(&self) -> Option<String> {
        let (used, limit) = (self.used_bytes, self.limit_bytes);
        if limit > 0 && used >= percent(limit, NEAR_PERCENT) {
            let key = if self.is_limit_ours {
                "store.max_log_mib"
            } else {
                "store.max_mib"
            };
            return Some(format!(
                "{} of {} MiB of the data file are in use ({key}); see which destination waits, or raise the limit",
                mib(used),
                mib(limit)
            ));
        }
        let near = self.min_free_bytes.saturating_mul(NEAR_TIMES);
        let free = self.free_bytes.filter(|free| *free < near)?;
        Some(format!(
            "{} MiB of the disk are free, {} must stay free (store.min_free_mib); make room on the disk",
            mib(free),
            mib(self.min_free_bytes)
        ))
    }
}

/// Returns a part of a size.
pub(crate) const fn percent(of: u64, percent: u64) -> u64 {
    of / 100 * percent
}

const fn mib(bytes: u64) -> u64 {
    bytes >> 20
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn room(used: u64, limit: u64, free: Option<u64>, min_free: u64) -> Room {
        Room {
            used_bytes: used * MIB,
            limit_bytes: limit * MIB,
            is_limit_ours: true,
            free_bytes: free.map(|free| free * MIB),
            min_free_bytes: min_free * MIB,
        }
    }

    #[test]
    fn it_is_told_before_it_is_refused_and_refused_before_the_disk_is_full() {
        for (seen, is_filling, is_short) in [
            (Room::default(), false, false),
            (room(10, 100, Some(1000), 128), false, false),
            (room(94, 100, Some(1000), 128), false, false),
            (room(95, 100, Some(1000), 128), true, false),
            (room(100, 100, Some(1000), 128), true, true),
            (room(999, 0, Some(1000), 128), false, false),
            (room(0, 0, Some(256), 128), false, false),
            (room(0, 0, Some(255), 128), true, false),
            (room(0, 0, Some(128), 128), true, false),
            (room(0, 0, Some(127), 128), true, true),
            (room(0, 0, Some(0), 0), false, false),
            (room(0, 0, None, 128), false, false),
        ] {
            let got = (seen.filling().is_some(), seen.short().is_some());
            assert_eq!(got, (is_filling, is_short), "{seen:?}");
        }
        let engines = Room {
            is_limit_ours: false,
            ..room(100, 100, None, 0)
        };
        assert_eq!(engines.short(), None, "the engine keeps store.max_mib");
        assert!(engines.filling().unwrap().contains("store.max_mib"));
    }
}
