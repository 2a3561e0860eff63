//! The buckets of client addresses, within a bound.
//!
//! Two generations: when the young one is full it becomes the old one, and the old one goes. A bucket that
//! is full again is worth nothing, so little is lost; what is, is counted.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::bucket::Rate;
use crate::intake::network_of;

/// Buckets by network; at most the bound it was made with.
#[derive(Debug)]
pub(super) struct Addresses {
    half: usize,
    young: HashMap<u128, u64>,
    old: HashMap<u128, u64>,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) outcome: Result<(), Duration>,
    /// Buckets that were not full yet and had to go.
    pub(super) forgotten: u64,
}

impl Addresses {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            half: (bound / 2).max(1),
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// Counts a request of the network of `address` at `now`.
    pub(super) fn take(&mut self, rate: Rate, address: IpAddr, now: u64) -> Taken {
        let key = network_of(address);
        if let Some(full_at) = self.young.get_mut(&key) {
            let outcome = rate.take(*full_at, now).map(|later| *full_at = later);
            return Taken {
                outcome,
                forgotten: 0,
            };
        }
        let full_at = self.old.remove(&key).unwrap_or(0);
        let outcome = rate.take(full_at, now);
        let forgotten = self.insert(key, *outcome.as_ref().unwrap_or(&full_at), now);
        Taken {
            outcome: outcome.map(|_| ()),
            forgotten,
        }
    }

    fn insert(&mut self, key: u128, full_at: u64, now: u64) -> u64 {
        let mut forgotten = 0;
        if self.young.len() >= self.half {
            let gone = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            let unfilled = gone.into_values().filter(|full_at| *full_at > now).count();
            forgotten = u64::try_from(unfilled).unwrap_or(u64::MAX);
        }
        self.young.insert(key, full_at);
        forgotten
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}
