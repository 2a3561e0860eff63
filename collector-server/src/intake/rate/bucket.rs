//! One token bucket as one number: the moment at which it is full again. Pure.
//!
//! A request takes the time of one token. It may as long as that leaves the moment at most a whole bucket
//! ahead of now, so an idle sender has its burst and a steady one its rate.

use std::time::Duration;

const SECOND_NS: u64 = 1_000_000_000;

/// Requests a second in the long run, and at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    token_ns: u64,
    bucket_ns: u64,
}

impl Rate {
    /// Returns the rate, nothing when `per_second` is 0: no limit.
    pub(super) fn new(per_second: u32, burst: u32) -> Option<Self> {
        let token_ns = SECOND_NS.checked_div(per_second.into())?;
        Some(Self {
            token_ns,
            bucket_ns: token_ns.saturating_mul(burst.max(1).into()),
        })
    }

    /// Takes a token from a bucket that is full again at `full_at`: returns when it now is, or how long to wait.
    pub(super) fn take(self, full_at: u64, now: u64) -> Result<u64, Duration> {
        let later = full_at.max(now).saturating_add(self.token_ns);
        let wait = later.saturating_sub(now).saturating_sub(self.bucket_ns);
        if wait == 0 {
            Ok(later)
        } else {
            Err(Duration::from_nanos(wait))
        }
    }
}
