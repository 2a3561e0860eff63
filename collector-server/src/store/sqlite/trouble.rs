//! What keeps the store from writing.

use tokio::sync::watch;

/// How long nothing may have failed before it is over: near the limit small requests still fit where large ones do not.
const STEADY_MS: i64 = 10_000;

/// The disk is full or failing: what comes is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when, in epoch milliseconds.
    pub since_ms: i64,
    /// When it was met last, in epoch milliseconds.
    pub last_ms: i64,
    /// SQLite's words.
    pub words: String,
}

/// A transaction met it.
pub(super) fn met(trouble: &watch::Sender<Option<Trouble>>, words: &str, now_ms: i64) {
    trouble.send_modify(|trouble| {
        let since_ms = trouble.as_ref().map_or(now_ms, |known| known.since_ms);
        *trouble = Some(Trouble {
            since_ms,
            last_ms: now_ms,
            words: words.to_owned(),
        });
    });
}

/// A transaction was committed.
pub(super) fn committed(trouble: &watch::Sender<Option<Trouble>>, now_ms: i64) {
    trouble.send_if_modified(|trouble| {
        let is_over = trouble
            .as_ref()
            .is_some_and(|known| now_ms.saturating_sub(known.last_ms) >= STEADY_MS);
        is_over && trouble.take().is_some()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_between_failures_ends_nothing() {
        let (trouble, seen) = watch::channel(None);
        met(&trouble, "database or disk is full", 100);
        committed(&trouble, 200);
        met(&trouble, "database or disk is full", 5_000);
        committed(&trouble, 5_000 + STEADY_MS - 1);
        assert_eq!(
            seen.borrow().as_ref().map(|known| known.since_ms),
            Some(100)
        );
        committed(&trouble, 5_000 + STEADY_MS);
        assert_eq!(*seen.borrow(), None);
    }
}
