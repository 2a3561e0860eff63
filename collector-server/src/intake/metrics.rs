//! What the doors count. Names and meanings: `docs/metrics.md`. Labels come from the configuration
//! and from lists, never from a request.

use std::collections::{HashMap, HashSet};

use firsthand_core::wire::drop_reason;
use http::StatusCode;
use metrics::{Counter, Histogram, counter, histogram};

use super::rate::TooFast;
use crate::admit::{self, Rejected};

/// Handles that every request uses, looked up once.
#[derive(Debug)]
pub(super) struct IntakeMetrics {
    by_source: HashMap<String, SourceMetrics>,
    accepted_202: Counter,
    pub(super) seconds: Histogram,
    dropped_user_values: Counter,
}

#[derive(Debug)]
struct SourceMetrics {
    accepted: Counter,
    duplicates: Counter,
}

/// A reason that an SDK reports for events it had to drop; one of another version is `other`.
struct SdkReason(&'static str);

impl SdkReason {
    fn of(text: &str) -> Self {
        Self(
            drop_reason::ALL
                .into_iter()
                .find(|known| *known == text)
                .unwrap_or("other"),
        )
    }
}

impl IntakeMetrics {
    pub(super) fn new(sources: HashSet<&str>) -> Self {
        let by_source = sources
            .into_iter()
            .map(|name| {
                let label = name.to_owned();
                let metrics = SourceMetrics {
                    accepted: counter!("firsthand_events_accepted_total", "source" => label.clone()),
                    duplicates: counter!("firsthand_events_duplicate_total", "source" => label.clone()),
                };
                (label, metrics)
            })
            .collect();
        Self {
            by_source,
            accepted_202: counter!("firsthand_requests_total", "status" => "202"),
            seconds: histogram!("firsthand_request_seconds"),
            dropped_user_values: counter!("firsthand_user_values_dropped_total"),
        }
    }

    pub(super) fn answered(&self, status: StatusCode) {
        if status == StatusCode::ACCEPTED {
            self.accepted_202.increment(1);
        } else {
            counter!("firsthand_requests_total", "status" => status.as_str().to_owned())
                .increment(1);
        }
    }

    pub(super) fn stored(&self, source: &str, accepted: usize, duplicates: usize) {
        if let Some(metrics) = self.by_source.get(source) {
            metrics.accepted.increment(u64_of(accepted));
            metrics.duplicates.increment(u64_of(duplicates));
        }
    }

    pub(super) fn dropped_user_values(&self, count: usize) {
        if count > 0 {
            self.dropped_user_values.increment(u64_of(count));
        }
    }
}

/// Counts refused events. Not a method: there is no handle to keep for labels of two kinds.
pub(super) fn rejected(source: &str, rejected: &[Rejected]) {
    for event in rejected {
        counter!("firsthand_events_rejected_total", "source" => source.to_owned(), "code" => event.code)
            .increment(1);
    }
}

/// Returns how many events were refused because something about them was wrong: not for lack of consent, not because of whose
/// they are.
pub(super) fn wrong(rejected: &[Rejected]) -> usize {
    let is_wrong = |code: &str| !matches!(code, "consent_denied" | "bot" | admit::SUPPRESSED);
    rejected.iter().filter(|event| is_wrong(event.code)).count()
}

/// Counts a request that was refused as a whole, by the codes of `docs/wire.md`.
pub(super) fn refused(code: &'static str) {
    tracing::debug!(code, "request refused");
    counter!("firsthand_requests_refused_total", "code" => code).increment(1);
}

/// Counts a request that came too fast; passes it on.
pub(super) fn too_fast(too_fast: TooFast) -> TooFast {
    counter!("firsthand_rate_limited_total", "by" => too_fast.by.as_str()).increment(1);
    too_fast
}

/// Events that an SDK had to drop since its last batch. The number is the sender's word.
pub(super) fn dropped_by_sdk(reason: &str, count: i64) {
    /// A page cannot have dropped more than this since its last batch.
    const MOST: i64 = 10_000;
    let reason = SdkReason::of(reason).0;
    let count = u64::try_from(count.clamp(0, MOST)).unwrap_or(0);
    counter!("firsthand_sdk_dropped_total", "reason" => reason).increment(count);
}

fn u64_of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
