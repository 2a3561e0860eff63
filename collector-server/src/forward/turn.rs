//! When a request of a destination has its turn, and what its answer teaches about the pace.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::delivery::Channel;
use super::destinations::{EventVerdict, RetryClass, Verdict};
use super::pace::Pace;

impl Channel {
    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the metrics how fast the destination is asked.
    pub(super) fn tell_pace(&self) {
        self.observer.pace(&self.pace());
    }

    /// Returns how many requests may be under way now.
    pub(super) fn concurrency(&self) -> usize {
        self.pace().concurrency()
    }

    /// Waits until one more request may be sent. Returns whether it may: not when the collector stops.
    pub(super) async fn wait_for_turn(&self) -> bool {
        let mut shutdown = self.shutdown.clone();
        let mut is_held_back = false;
        while !self.is_stopping() {
            let now = self.steady_now();
            let Err(wait_ms) = self.pace().take(now) else {
                return true;
            };
            if !std::mem::replace(&mut is_held_back, true) {
                self.observer.held_back();
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
                _ = shutdown.wait_for(|stop| *stop) => return false,
            }
        }
        false
    }

    /// Learns from an answer how fast the platform wants to be asked.
    pub(super) fn keep_pace(&self, verdict: &Verdict<String>) {
        let is_throttled = match verdict {
            Verdict::Retry { class, .. } => match class {
                RetryClass::Throttled => true,
                RetryClass::Transient | RetryClass::Unreachable | RetryClass::Unknown => return,
            },
            Verdict::Unauthorized { .. } => return,
            Verdict::Each(list) => list.iter().any(|one| {
                matches!(
                    one,
                    EventVerdict::Retry {
                        class: RetryClass::Throttled,
                        ..
                    }
                )
            }),
            Verdict::Delivered
            | Verdict::Checked
            | Verdict::RejectedEvents { .. }
            | Verdict::RejectedBatch { .. }
            | Verdict::MalformedClickId { .. } => false,
        };
        let mut pace = self.pace();
        if pace.learn(is_throttled) {
            self.observer.pace(&pace);
        }
    }
}
