//! How long something took, over millions of cases in a few hundred counters.

use std::collections::BTreeMap;

/// Each power of two is split into this many steps: a quantile is told at most an eighth too high.
const STEPS: u64 = 8;

/// Counts of durations by their size. A duration of `n` milliseconds takes one of at most 8 × 64 counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spread {
    counts: BTreeMap<u64, u64>,
    total: u64,
    max_ms: u64,
}

impl Spread {
    /// Adds a duration.
    pub(super) fn add(&mut self, ms: u64) {
        *self.counts.entry(bound(ms)).or_default() += 1;
        self.total += 1;
        self.max_ms = self.max_ms.max(ms);
    }

    /// Returns the longest duration, exactly, in milliseconds; `None` where there was none.
    pub(super) fn max_ms(&self) -> Option<u64> {
        (self.total > 0).then_some(self.max_ms)
    }

    /// Returns a duration in milliseconds that this many of a hundred did not exceed.
    pub(super) fn percentile_ms(&self, percent: u64) -> Option<u64> {
        let rank = self.total.saturating_mul(percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bound, count) in &self.counts {
            seen += count;
            if seen >= rank {
                return Some((*bound).min(self.max_ms));
            }
        }
        None
    }
}

/// Returns the largest duration that is counted together with this one.
fn bound(ms: u64) -> u64 {
    if ms < STEPS {
        return ms;
    }
    let step = 1_u64 << (ms.ilog2() - STEPS.ilog2());
    (ms / step).saturating_mul(step).saturating_add(step - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_percentile_is_right_within_an_eighth(mut list in proptest::collection::vec(0u64..10_000_000, 1..200)) {
            let mut spread = Spread::default();
            for ms in &list {
                spread.add(*ms);
            }
            list.sort_unstable();
            for percent in [1, 50, 95, 100] {
                let exact = list[(list.len() * percent).div_ceil(100).max(1) - 1];
                let told = spread.percentile_ms(percent as u64).unwrap();
                proptest::prop_assert!(told >= exact && told <= exact + exact / 8, "{told} for {exact}");
            }
            proptest::prop_assert_eq!(spread.max_ms(), list.last().copied());
        }
    }

    #[test]
    fn nothing_has_no_percentile_and_the_longest_is_counted() {
        assert_eq!(Spread::default().percentile_ms(50), None);
        assert_eq!(Spread::default().max_ms(), None);
        let mut spread = Spread::default();
        spread.add(u64::MAX);
        assert_eq!(spread.percentile_ms(50), Some(u64::MAX));
    }
}
