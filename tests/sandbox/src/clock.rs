//! The sandbox's clock: the configured wall clock plus a movable offset.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::config::SECOND_MS;

/// Largest offset accepted, in seconds: ten years either way.
pub(crate) const MAX_OFFSET_S: i64 = 10 * 366 * 86_400;

/// A clock that tests and demos can move without waiting.
#[derive(Debug)]
pub(crate) struct MovableClock {
    base: fn() -> i64,
    offset_ms: AtomicI64,
}

impl MovableClock {
    pub(crate) fn new(base: fn() -> i64) -> Self {
        Self {
            base,
            offset_ms: AtomicI64::new(0),
        }
    }

    /// Returns now in milliseconds since 1970, offset included.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.base)().saturating_add(self.offset_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn offset_s(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed) / SECOND_MS
    }

    /// Sets (does not add) the offset.
    pub(crate) fn set_offset_s(&self, offset_s: i64) {
        self.offset_ms
            .store(offset_s.saturating_mul(SECOND_MS), Ordering::Relaxed);
    }
}
