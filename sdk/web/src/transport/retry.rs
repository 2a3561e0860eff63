//! When to try again, and what an answer means. Pure.

use firsthand_core::wire::drop_reason;

/// First ceiling of the wait, in milliseconds.
pub(crate) const BASE_MS: i64 = 1_000;
/// Greatest ceiling of the wait.
pub(crate) const CAP_MS: i64 = 15 * 60 * 1_000;
/// Longest a collector's `Retry-After` is obeyed.
pub(crate) const MAX_RETRY_AFTER_MS: i64 = 60 * 60 * 1_000;

/// Returns the ceiling of the wait before attempt `attempt` (the first retry is 1); the wait itself is a random part of it (full jitter).
pub(crate) fn ceiling_ms(attempt: u32) -> i64 {
    let doublings = attempt.saturating_sub(1).min(20);
    (BASE_MS << doublings).min(CAP_MS)
}

/// What to do after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The collector has the events.
    Acknowledged,
    /// Send fewer at once; a single event is dropped for this reason.
    Halve(&'static str),
    /// The key or origin is refused: stop for this page, keep the events.
    Stop(&'static str),
    /// Try later.
    Retry,
}

/// Judges an HTTP status; 0 is no answer.
pub(crate) fn judge(status: i64) -> Verdict {
    match status {
        202 => Verdict::Acknowledged,
        400 => Verdict::Halve(drop_reason::REFUSED_400),
        413 => Verdict::Halve(drop_reason::TOO_LARGE),
        401 => Verdict::Stop("unauthorized"),
        403 => Verdict::Stop("forbidden"),
        _ => Verdict::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_until_the_cap() {
        for (attempt, want) in [
            (0, 1_000),
            (1, 1_000),
            (2, 2_000),
            (5, 16_000),
            (11, CAP_MS),
            (u32::MAX, CAP_MS),
        ] {
            assert_eq!(ceiling_ms(attempt), want, "attempt {attempt}");
        }
    }

    #[test]
    fn only_an_acknowledgement_acknowledges() {
        for (status, want) in [
            (202, Verdict::Acknowledged),
            (200, Verdict::Retry),
            (0, Verdict::Retry),
            (400, Verdict::Halve("refused_400")),
            (401, Verdict::Stop("unauthorized")),
            (403, Verdict::Stop("forbidden")),
            (404, Verdict::Retry),
            (408, Verdict::Retry),
            (413, Verdict::Halve("too_large")),
            (425, Verdict::Retry),
            (429, Verdict::Retry),
            (503, Verdict::Retry),
        ] {
            assert_eq!(judge(status), want, "{status}");
        }
    }
}
