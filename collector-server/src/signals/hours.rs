//! How much came in which hour, of the last days, and in the last hour. Pure: time is passed in.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Hours of a day.
const DAY: i64 = 24;
/// Length of an hour, in milliseconds.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Parts of the last hour that are counted apart.
const PARTS: u8 = 12;
/// Length of such a part, in milliseconds.
const PART_MS: i64 = HOUR_MS / PARTS as i64;
/// Most hours that are remembered: [`MAX_DAYS`] days and the hour that runs.
const MOST_HOURS: usize = MAX_DAYS as usize * 24 + 1;
/// Most days that a baseline may look back.
pub(crate) const MAX_DAYS: u32 = 28;

/// Counts by hour. Of fixed size at most, whatever is counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Hours {
    /// The hour of the last count, in hours since the epoch.
    newest: i64,
    /// Counts, the oldest first; the last is that of `newest`.
    counts: VecDeque<u32>,
    /// The last hour in parts; not kept over a start.
    #[serde(skip)]
    recent: Recent,
}

impl Hours {
    /// Counts what came at this time. A clock that went back a little counts into the newest hour; one that was ahead by more has its hours
    /// counted as this one.
    pub(super) fn add(&mut self, count: u32, now_ms: i64) {
        let hour = now_ms.div_euclid(HOUR_MS);
        if self.newest.saturating_sub(hour) > 1 {
            self.go_back_to(hour);
        }
        if self.counts.is_empty() {
            self.newest = hour;
            self.counts.push_back(0);
        }
        let missing = usize::try_from(hour.saturating_sub(self.newest)).unwrap_or(0);
        if missing > 0 {
            if missing >= MOST_HOURS {
                self.counts.clear();
            }
            for _ in 0..missing.min(MOST_HOURS) {
                self.counts.push_back(0);
            }
            while self.counts.len() > MOST_HOURS {
                self.counts.pop_front();
            }
            self.newest = hour;
        }
        if let Some(last) = self.counts.back_mut() {
            *last = last.saturating_add(count);
        }
        self.recent.add(count, now_ms);
    }

    /// Makes `hour` the newest: what was counted after it came while the clock was ahead.
    fn go_back_to(&mut self, hour: i64) {
        let ahead = usize::try_from(self.newest.saturating_sub(hour)).unwrap_or(usize::MAX);
        // Where all of it came then, it says nothing of the hours there are.
        let kept = self.counts.len().saturating_sub(ahead);
        let late = self.counts.drain(kept..).fold(0, u32::saturating_add);
        match self.counts.back_mut() {
            Some(last) => *last = last.saturating_add(late),
            None => self.counts.push_back(0),
        }
        self.newest = hour;
        self.recent = Recent::default();
    }

    /// Returns how much came in the last 55 to 60 minutes.
    pub(super) fn last_hour(&self, now_ms: i64) -> u32 {
        self.recent.sum(now_ms)
    }

    /// Drops hours beyond what is kept; for counts that were read from outside.
    pub(super) fn cut(&mut self) {
        while self.counts.len() > MOST_HOURS {
            self.counts.pop_front();
        }
    }

    /// Returns the counts of the same hour on the `days` days before, as far as something was counted at all by then.
    pub(super) fn same_hour(&self, now_ms: i64, days: u32) -> Vec<u32> {
        let hour = now_ms.div_euclid(HOUR_MS);
        (1..=i64::from(days))
            .filter_map(|day| self.at(hour - day * DAY))
            .collect()
    }

    /// The count of an hour: `None` before the first, 0 after the last.
    fn at(&self, hour: i64) -> Option<u32> {
        let back = self.newest.saturating_sub(hour);
        if back < 0 {
            return (!self.counts.is_empty()).then_some(0);
        }
        let index = self
            .counts
            .len()
            .checked_sub(usize::try_from(back).ok()?.checked_add(1)?)?;
        self.counts.get(index).copied()
    }
}

/// The last hour in parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Recent {
    newest: i64,
    counts: [u32; PARTS as usize],
}

impl Recent {
    fn slot(part: i64) -> usize {
        usize::try_from(part.rem_euclid(PARTS.into())).unwrap_or(0)
    }

    fn add(&mut self, count: u32, now_ms: i64) {
        let part = now_ms.div_euclid(PART_MS);
        let passed = part.saturating_sub(self.newest);
        for step in 0..passed.clamp(0, PARTS.into()) {
            if let Some(old) = self.counts.get_mut(Self::slot(part - step)) {
                *old = 0;
            }
        }
        self.newest = self.newest.max(part);
        if let Some(now) = self.counts.get_mut(Self::slot(self.newest)) {
            *now = now.saturating_add(count);
        }
    }

    fn sum(&self, now_ms: i64) -> u32 {
        let passed = now_ms.div_euclid(PART_MS).saturating_sub(self.newest);
        (0..i64::from(PARTS) - passed.clamp(0, PARTS.into()))
            .filter_map(|back| self.counts.get(Self::slot(self.newest - back)))
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Returns the median, 0 of nothing; of an even number of counts the lower one.
pub(super) fn median(mut counts: Vec<u32>) -> u32 {
    counts.sort_unstable();
    let middle = counts.len().saturating_sub(1) / 2;
    counts.get(middle).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 500_000 * HOUR_MS;

    #[test]
    fn the_same_hour_of_the_days_before_is_found() {
        let mut hours = Hours::default();
        for day in 0..4 {
            hours.add(
                10 + u32::try_from(day).unwrap(),
                START + day * DAY * HOUR_MS,
            );
            hours.add(1, START + day * DAY * HOUR_MS + HOUR_MS);
        }
        let now = START + 4 * DAY * HOUR_MS;
        assert_eq!(hours.same_hour(now, 7), [13, 12, 11, 10]);
        assert_eq!(hours.same_hour(now, 2), [13, 12]);
        assert_eq!(hours.same_hour(now + HOUR_MS, 7), [1, 1, 1, 1]);
        assert_eq!(hours.same_hour(now + 2 * HOUR_MS, 7), [0, 0, 0, 0]);
        assert_eq!(hours.same_hour(now + 10 * DAY * HOUR_MS, 3), [0, 0, 0]);
        assert_eq!(Hours::default().same_hour(now, 7), [0_u32; 0]);
    }

    #[test]
    fn what_is_kept_has_a_bound_and_jumps_of_the_clock_are_survived() {
        let mut hours = Hours::default();
        for hour in 0..2_000 {
            hours.add(1, START + hour * HOUR_MS);
        }
        assert_eq!(hours.counts.len(), MOST_HOURS);
        hours.add(5, 0);
        hours.add(1, i64::MAX);
        hours.add(1, i64::MIN);
        assert!(hours.counts.len() <= MOST_HOURS);
    }

    #[test]
    fn a_clock_that_was_ahead_leaves_the_usual_and_the_last_hour_right() {
        let mut hours = Hours::default();
        for hour in 0..24 {
            hours.add(10, START + hour * HOUR_MS);
        }
        let now = START + 24 * HOUR_MS;
        hours.add(1, now + 3 * DAY * HOUR_MS);
        hours.add(2, now);
        hours.add(3, now + HOUR_MS);
        assert_eq!(hours.last_hour(now + HOUR_MS), 3);
        assert_eq!(hours.same_hour(now + DAY * HOUR_MS, 2), [3, 10]);
        assert_eq!(hours.counts.len(), 26);
        // A clock that was behind all of it.
        hours.add(4, START - DAY * HOUR_MS);
        assert_eq!(
            (hours.counts.len(), hours.last_hour(START - DAY * HOUR_MS)),
            (1, 4)
        );
    }

    #[test]
    fn the_last_hour_slides() {
        let mut hours = Hours::default();
        hours.add(3, START);
        hours.add(4, START + 30 * 60_000);
        assert_eq!(hours.last_hour(START + 30 * 60_000), 7);
        assert_eq!(hours.last_hour(START + 59 * 60_000), 7);
        assert_eq!(hours.last_hour(START + 61 * 60_000), 4);
        assert_eq!(hours.last_hour(START + 91 * 60_000), 0);
        hours.add(1, START + 300 * 60_000);
        assert_eq!(hours.last_hour(START + 300 * 60_000), 1);
    }

    #[test]
    fn the_median_is_not_moved_by_one_odd_day() {
        assert_eq!(median(vec![100, 0, 90, 110, 5_000]), 100);
        assert_eq!(median(vec![10, 20]), 10);
        assert_eq!(median(vec![]), 0);
    }
}
