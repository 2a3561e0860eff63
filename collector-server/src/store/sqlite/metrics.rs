//! What the store counts.

use std::time::Duration;

use metrics::{Counter, Histogram};

/// Handles of the writer's metrics, looked up once.
pub(super) struct StoreMetrics {
    seconds: Histogram,
    requests: Histogram,
    failures: Counter,
}

impl StoreMetrics {
    pub(super) fn new() -> Self {
        Self {
            seconds: metrics::histogram!("firsthand_store_commit_seconds"),
            requests: metrics::histogram!("firsthand_store_commit_requests"),
            failures: metrics::counter!("firsthand_store_commit_failures_total"),
        }
    }

    pub(super) fn committed(&self, requests: usize, took: Duration) {
        self.seconds.record(took.as_secs_f64());
        self.requests
            .record(f64::from(u32::try_from(requests).unwrap_or(u32::MAX)));
    }

    pub(super) fn failed(&self) {
        self.failures.increment(1);
    }
}
