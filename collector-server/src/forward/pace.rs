//! How fast a destination is asked, and by how many requests at a time. Pure: time is passed in.
//!
//! The operator's numbers are the ceiling. Below it the destination's own throttling decides: a window of answers
//! without trouble adds one request at a time and one a second, a window with too many throttled ones takes three
//! tenths away. Additive increase and multiplicative decrease is how senders that know nothing of each other share
//! a limit fairly (Chiu and Jain, 1989).

/// Answers that make a window.
pub const WINDOW_ANSWERS: u32 = 20;
/// Share of throttled answers above which a window is not clean, in percent.
pub const MOST_THROTTLED_PERCENT: u32 = 10;
/// What is left after a window that was not clean, in percent.
pub const DECREASE_PERCENT: u32 = 70;
/// Requests a second below which throttling does not push.
pub const LEAST_PER_SECOND: f64 = 0.1;

/// What adding fractions of a token may be off by.
const ROUNDING: f64 = 1e-9;

/// The ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceRules {
    /// Requests at a time.
    pub concurrency: usize,
    /// Requests a second in the long run; `None`: no limit.
    pub per_second: Option<u32>,
    /// Requests that may go at once after a rest.
    pub burst: u32,
}

/// The pace of one destination.
#[derive(Debug, Clone)]
pub struct Pace {
    rules: PaceRules,
    concurrency: f64,
    per_second: Option<f64>,
    tokens: f64,
    filled_at_ms: i64,
    answers: u32,
    throttled: u32,
}

impl Pace {
    /// Begins at the ceiling.
    pub fn new(rules: PaceRules, now_ms: i64) -> Self {
        Self {
            rules,
            concurrency: as_f64(rules.concurrency),
            per_second: rules.per_second.map(f64::from),
            tokens: f64::from(rules.burst),
            filled_at_ms: now_ms,
            answers: 0,
            throttled: 0,
        }
    }

    /// Returns how many requests may be under way, at least one.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // from 1 to the ceiling
    pub fn concurrency(&self) -> usize {
        (self.concurrency as usize).clamp(1, self.rules.concurrency.max(1))
    }

    /// Returns how many requests a second are sent in the long run, `None` without a limit.
    pub const fn per_second(&self) -> Option<f64> {
        self.per_second
    }

    /// Takes the right to send one request, or returns how many milliseconds to wait before asking again.
    pub fn take(&mut self, now_ms: i64) -> Result<(), u64> {
        let Some(per_second) = self.per_second else {
            return Ok(());
        };
        // A clock that went back fills nothing.
        let passed = now_ms.saturating_sub(self.filled_at_ms).max(0);
        self.filled_at_ms = now_ms;
        let passed = f64::from(u32::try_from(passed).unwrap_or(u32::MAX)) / 1_000.0;
        self.tokens = (self.tokens + passed * per_second).min(f64::from(self.rules.burst));
        if self.tokens + ROUNDING >= 1.0 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Ok(());
        }
        let wait_ms = (1.0 - ROUNDING - self.tokens) / per_second * 1_000.0;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 10,000
        Err((wait_ms.ceil() as u64).max(1))
    }

    /// Learns whether the platform found an answered request too many. Returns whether the pace changed.
    pub fn learn(&mut self, is_throttled: bool) -> bool {
        self.answers += 1;
        self.throttled += u32::from(is_throttled);
        let is_bad = self.throttled * 100 > WINDOW_ANSWERS * MOST_THROTTLED_PERCENT;
        if !is_bad && self.answers < WINDOW_ANSWERS {
            return false;
        }
        // What is bad already does not become clean by waiting for the window's end.
        (self.answers, self.throttled) = (0, 0);
        let before = (self.concurrency, self.per_second);
        let change = |now: f64, least: f64, most: f64| {
            let next = if is_bad {
                now * f64::from(DECREASE_PERCENT) / 100.0
            } else {
                now + 1.0
            };
            next.clamp(least.min(most), most)
        };
        self.concurrency = change(
            self.concurrency,
            1.0,
            as_f64(self.rules.concurrency).max(1.0),
        );
        self.per_second = self
            .per_second
            .zip(self.rules.per_second)
            .map(|(now, most)| change(now, LEAST_PER_SECOND, f64::from(most)));
        before != (self.concurrency, self.per_second)
    }
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(concurrency: usize, per_second: u32, burst: u32) -> PaceRules {
        PaceRules {
            concurrency,
            per_second: Some(per_second),
            burst,
        }
    }

    fn window(pace: &mut Pace, throttled: u32) {
        for n in 0..WINDOW_ANSWERS {
            pace.learn(n < throttled);
        }
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut pace = Pace::new(rules(1, 2, 3), 0);
        for _ in 0..3 {
            assert_eq!(pace.take(0), Ok(()));
        }
        assert_eq!(pace.take(0), Err(500));
        assert_eq!(pace.take(499), Err(1));
        assert_eq!(pace.take(500), Ok(()));
        assert_eq!(pace.take(500), Err(500));
        // A long rest fills the burst and no more; a clock that goes back fills nothing.
        for _ in 0..3 {
            assert_eq!(pace.take(3_600_000), Ok(()));
        }
        assert!(pace.take(0).is_err());
    }

    #[test]
    fn throttling_slows_it_down_and_clean_windows_bring_it_back() {
        let mut pace = Pace::new(rules(10, 10, 10), 0);
        window(&mut pace, 2);
        assert_eq!((pace.concurrency(), pace.per_second()), (10, Some(10.0)));
        for _ in 0..3 {
            pace.learn(true);
        }
        assert_eq!((pace.concurrency(), pace.per_second()), (7, Some(7.0)));
        for _ in 0..300 {
            pace.learn(true);
        }
        assert_eq!(pace.concurrency(), 1);
        assert_eq!(pace.per_second(), Some(LEAST_PER_SECOND));
        for _ in 0..4 {
            window(&mut pace, 0);
        }
        assert_eq!(pace.concurrency(), 5);
        for _ in 0..20 {
            window(&mut pace, 0);
        }
        assert_eq!((pace.concurrency(), pace.per_second()), (10, Some(10.0)));
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut pace = Pace::new(
            PaceRules {
                per_second: None,
                ..rules(4, 1, 1)
            },
            0,
        );
        for _ in 0..10_000 {
            assert_eq!(pace.take(0), Ok(()));
        }
    }

    proptest! {
        #[test]
        fn the_ceiling_is_kept_whatever_happens(
            concurrency in 1usize..40, per_second in 1u32..100, burst in 1u32..100,
            steps in prop::collection::vec((0i64..3_000, any::<bool>()), 1..300),
        ) {
            let mut pace = Pace::new(rules(concurrency, per_second, burst), 0);
            let (mut now, mut sent) = (0i64, 0u32);
            for (passes, is_throttled) in steps {
                now += passes;
                if pace.take(now).is_ok() {
                    sent += 1;
                    pace.learn(is_throttled);
                }
                prop_assert!((1..=concurrency).contains(&pace.concurrency()));
            }
            let seconds = f64::from(u32::try_from(now).unwrap()) / 1_000.0;
            prop_assert!(f64::from(sent) <= f64::from(burst) + seconds * f64::from(per_second) + 1e-6);
        }
    }
}
