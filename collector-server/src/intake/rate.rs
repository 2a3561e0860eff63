//! How fast a sender may send: token buckets by source and by client address.
//!
//! Promises: one lookup a request, memory bounded by `limits.rate_limit_addresses`, and a wait that is told
//! with the refusal. What the bound makes it forget errs on the sender's side: a forgotten bucket is full.
//!
//! An address that the Internet does not route (loopback, private, link-local) is not limited: seen here it
//! is a proxy that `server.trusted_proxies` does not name, and stands for every visitor behind it.

mod addresses;
mod bucket;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use addresses::Addresses;
use bucket::Rate;

use crate::config::LimitsSection;

/// Whose bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Key,
    Address,
}

impl By {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Address => "address",
        }
    }
}

/// A request came too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooFast {
    pub(super) by: By,
    /// After this the next request finds room.
    pub(super) wait: Duration,
}

impl TooFast {
    /// Returns the wait in whole seconds, at least one.
    pub(super) fn retry_after_secs(self) -> u32 {
        let whole = self.wait.as_secs() + u64::from(self.wait.subsec_nanos() > 0);
        u32::try_from(whole.max(1)).unwrap_or(u32::MAX)
    }
}

/// The buckets of all senders.
#[derive(Debug)]
pub(super) struct RateLimits {
    started: Instant,
    per_key: Option<(Rate, HashMap<String, Mutex<u64>>)>,
    per_address: Option<(Rate, Mutex<Addresses>)>,
}

impl RateLimits {
    pub(super) fn new<'a>(
        limits: &LimitsSection,
        sources: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let per_key = Rate::new(
            limits.requests_per_second_per_key,
            limits.request_burst_per_key,
        );
        let per_address = Rate::new(
            limits.requests_per_second_per_address,
            limits.request_burst_per_address,
        );
        let buckets = || {
            sources
                .into_iter()
                .map(|name| (name.to_owned(), Mutex::new(0)))
                .collect()
        };
        Self {
            started: Instant::now(),
            per_key: per_key.map(|rate| (rate, buckets())),
            per_address: per_address.map(|rate| {
                let addresses = Addresses::new(limits.rate_limit_addresses);
                (rate, Mutex::new(addresses))
            }),
        }
    }

    /// Counts a request of this source.
    pub(super) fn take_key(&self, source: &str) -> Result<(), TooFast> {
        let Some((rate, buckets)) = &self.per_key else {
            return Ok(());
        };
        let Some(bucket) = buckets.get(source) else {
            return Ok(());
        };
        let mut full_at = lock(bucket);
        match rate.take(*full_at, self.now_ns()) {
            Ok(later) => {
                *full_at = later;
                Ok(())
            }
            Err(wait) => Err(TooFast { by: By::Key, wait }),
        }
    }

    /// Counts a request of this client.
    pub(super) fn take_address(&self, address: IpAddr) -> Result<(), TooFast> {
        let Some((rate, addresses)) = &self.per_address else {
            return Ok(());
        };
        if !is_routed(address) {
            return Ok(());
        }
        let taken = lock(addresses).take(*rate, address, self.now_ns());
        metrics::counter!("firsthand_rate_limit_forgotten_total").increment(taken.forgotten);
        taken.outcome.map_err(|wait| TooFast {
            by: By::Address,
            wait,
        })
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A bucket is a number: whoever held the lock left a valid one.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Whether the Internet routes an address, so that it can be a visitor's own (RFC 1918, RFC 3927, RFC 4193, RFC 4291, RFC 6598).
fn is_routed(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && second & 0b1100_0000 == 64;
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || is_shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests;
