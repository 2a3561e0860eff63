//! How long to wait before the next attempt: exponential, capped, with full jitter.
//!
//! Full jitter (a uniform pick below the ceiling) spreads the retries of many senders best; see "Exponential
//! Backoff And Jitter", AWS Architecture Blog.

use std::time::Duration;

/// Returns the longest wait before retry number `attempt` (from 1), in milliseconds.
pub fn ceiling_ms(attempt: u32, base_ms: u64, cap_ms: u64) -> u64 {
    base_ms
        .saturating_mul(2u64.saturating_pow(attempt.saturating_sub(1)))
        .min(cap_ms)
}

/// Picks a wait of 1 to `ceiling_ms` by a random number.
pub fn full_jitter_ms(ceiling_ms: u64, random: u64) -> u64 {
    1 + random % ceiling_ms.max(1)
}

/// Picks a wait of half the ceiling to the ceiling: for one probe at a time, where spreading matters less
/// than rest.
pub fn equal_jitter_ms(ceiling_ms: u64, random: u64) -> u64 {
    let half = ceiling_ms / 2;
    half + full_jitter_ms(ceiling_ms - half, random)
}

/// Returns the wait in milliseconds, where the platform may have asked for a longer one; what it asks for
/// counts up to `cap_ms`.
pub fn wait_ms(
    attempt: u32,
    base_ms: u64,
    cap_ms: u64,
    asked: Option<Duration>,
    random: u64,
) -> i64 {
    let asked_ms = asked
        .map_or(0, |asked| {
            u64::try_from(asked.as_millis()).unwrap_or(u64::MAX)
        })
        .min(cap_ms);
    let own_ms = full_jitter_ms(ceiling_ms(attempt, base_ms, cap_ms), random);
    i64::try_from(own_ms.max(asked_ms)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ceiling_doubles_until_the_cap() {
        for (attempt, want) in [(0, 5), (1, 5), (2, 10), (3, 20), (9, 60), (u32::MAX, 60)] {
            assert_eq!(ceiling_ms(attempt, 5, 60), want, "attempt {attempt}");
        }
    }

    #[test]
    fn the_platforms_wish_is_obeyed_up_to_the_cap() {
        let wish = |secs| Some(Duration::from_secs(secs));
        assert_eq!(wait_ms(1, 5_000, 60_000, wish(30), 0), 30_000);
        assert_eq!(wait_ms(1, 5_000, 60_000, wish(90), 0), 60_000);
        assert_eq!(wait_ms(1, 5_000, 60_000, wish(1), 4_999), 5_000);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_zero_and_never_above_its_ceiling(
            attempt in 0u32..80, base in 1u64..10_000, cap in 1u64..10_000_000, random: u64,
        ) {
            let ceiling = ceiling_ms(attempt, base, cap);
            prop_assert!(ceiling <= ceiling_ms(attempt + 1, base, cap));
            let jitter = full_jitter_ms(ceiling, random);
            prop_assert!((1..=ceiling).contains(&jitter));
            let equal = equal_jitter_ms(ceiling, random);
            prop_assert!(equal >= ceiling / 2 && equal <= ceiling);
        }
    }
}
