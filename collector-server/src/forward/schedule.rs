//! What to do with an event that is looked at, and which events share a request. Pure.

use std::collections::HashMap;

use super::destinations::Mapped;
use crate::store::{ConsentMark, Seq};

/// Most of an event's retries that halve the batch it travels in: after these it travels alone.
const MAX_HALVINGS: u32 = 16;

/// Whether an event's time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timing {
    /// Its other copies may still arrive until then (epoch milliseconds).
    Waits(i64),
    /// Past the age at which the platform takes it.
    TooOld(String),
    /// Now.
    Now,
}

/// Decides whether an event's time has come at `now_ms`. It waits no longer than any event does: a time further ahead comes from a clock that
/// was set back since.
pub fn timing(
    happened_ms: i64,
    settle_until_ms: i64,
    now_ms: i64,
    max_age_ms: i64,
    longest_settle_ms: i64,
) -> Timing {
    let age_ms = now_ms.saturating_sub(happened_ms);
    if age_ms > max_age_ms {
        return Timing::TooOld(format!(
            "too old: happened {} ago, at most {} allowed",
            span(age_ms),
            span(max_age_ms)
        ));
    }
    if (1..=longest_settle_ms).contains(&settle_until_ms.saturating_sub(now_ms)) {
        return Timing::Waits(settle_until_ms);
    }
    Timing::Now
}

/// Returns a span of time in words.
pub(super) fn span(ms: i64) -> String {
    let hours = ms / 3_600_000;
    if hours < 2 {
        return format!("{} s", ms / 1_000);
    }
    format!("{hours} h")
}

/// An event that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its position.
    pub seq: Seq,
    /// Its id, the same in every try.
    pub event_id: String,
    /// How many requests have carried it before.
    pub attempts: u32,
    /// Since when it could have been sent, in epoch milliseconds.
    pub ready_ms: i64,
    /// In the platform's words.
    pub mapped: Mapped,
    /// The names under which words on consent of its people are kept.
    pub anonymous_ids: Vec<String>,
    /// When that word was asked for.
    pub asked: ConsentMark,
}

/// Puts events into requests: same envelope, at most `max_events`, at most `max_bytes`. Events that were
/// tried before travel apart from fresh ones, with half as many in each further attempt, so that one that
/// breaks its request is soon alone.
pub fn pack(
    candidates: Vec<Candidate>,
    max_events: usize,
    max_bytes: usize,
) -> Vec<Vec<Candidate>> {
    struct Open {
        at: usize,
        bytes: usize,
    }
    let mut batches: Vec<Vec<Candidate>> = Vec::new();
    let mut open: HashMap<(String, u32), Open> = HashMap::new();
    for candidate in candidates {
        let halvings = candidate.attempts.min(MAX_HALVINGS);
        let limit = (max_events >> halvings).max(1);
        let bytes = candidate.mapped.event.len() + 1;
        let key = (candidate.mapped.envelope.clone(), halvings);
        let envelope_bytes = key.0.len();
        if let Some(open) = open.get_mut(&key)
            && let Some(batch) = batches.get_mut(open.at)
            && batch.len() < limit
            && open.bytes + bytes <= max_bytes
        {
            open.bytes += bytes;
            batch.push(candidate);
            continue;
        }
        open.insert(
            key,
            Open {
                at: batches.len(),
                bytes: envelope_bytes + bytes,
            },
        );
        batches.push(vec![candidate]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(seq: Seq, attempts: u32, envelope: &str) -> Candidate {
        Candidate {
            seq,
            event_id: format!("purchase:{seq}"),
            attempts,
            ready_ms: 0,
            mapped: Mapped {
                event: "{\"a\":123}".to_owned(),
                envelope: envelope.to_owned(),
                ..Mapped::default()
            },
            anonymous_ids: Vec::new(),
            asked: ConsentMark::default(),
        }
    }

    fn seqs(batches: &[Vec<Candidate>]) -> Vec<Vec<Seq>> {
        batches
            .iter()
            .map(|batch| batch.iter().map(|c| c.seq).collect())
            .collect()
    }

    #[test]
    fn an_event_waits_then_goes_then_is_too_old() {
        let hour = 3_600_000;
        let at = |now_ms| timing(0, 100, now_ms, 3 * hour, 60);
        assert_eq!(at(40), Timing::Waits(100));
        assert_eq!(at(99), Timing::Waits(100));
        assert_eq!(at(100), Timing::Now);
        assert_eq!(at(39), Timing::Now, "the clock was set back");
        assert_eq!(
            at(4 * hour),
            Timing::TooOld("too old: happened 4 h ago, at most 3 h allowed".to_owned())
        );
    }

    #[test]
    fn a_request_holds_one_envelope_and_keeps_the_limits() {
        let list = vec![
            candidate(1, 0, "a"),
            candidate(2, 0, "b"),
            candidate(3, 0, "a"),
            candidate(4, 0, "a"),
        ];
        assert_eq!(
            seqs(&pack(list.clone(), 2, 1_000)),
            [vec![1, 3], vec![2], vec![4]]
        );
        assert_eq!(
            seqs(&pack(list, 25, 12)),
            [vec![1], vec![2], vec![3], vec![4]]
        );
    }

    #[test]
    fn what_failed_before_travels_apart_and_in_ever_smaller_requests() {
        let list = vec![
            candidate(1, 0, ""),
            candidate(2, 1, ""),
            candidate(3, 1, ""),
            candidate(4, 1, ""),
            candidate(5, 40, ""),
            candidate(6, 40, ""),
        ];
        assert_eq!(
            seqs(&pack(list, 4, 1_000)),
            [vec![1], vec![2, 3], vec![4], vec![5], vec![6]]
        );
    }
}
