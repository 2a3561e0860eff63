//! What is odd about a source now. Pure: time is passed in.
//!
//! The baseline is the median of the same hour of the last days: one odd day, a sale or an outage, does not move it. It
//! counts from [`MIN_DAYS`] days on. Between two hours it goes over from the one to the other.

use super::hours::{HOUR_MS, Hours, median};

/// Days that must be known before something is called unusual.
const MIN_DAYS: usize = 3;

/// When something is a signal; 0 switches one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// How long nothing may come in an hour in which there usually is something, in minutes.
    pub(crate) silent_minutes: u32,
    /// Fewer events an hour than this say nothing.
    pub(crate) min_events: u32,
    /// Days of the baseline.
    pub(crate) baseline_days: u32,
    /// A last hour below so many percent of the usual is a drop.
    pub(crate) drop_percent: u32,
    /// A last hour above so many percent of the usual is a spike.
    pub(crate) spike_percent: u32,
    /// From so many percent of duplicates on.
    pub(crate) duplicate_percent: u32,
    /// From so many percent of refused events on.
    pub(crate) rejected_percent: u32,
    /// How old the oldest event may be that a healthy destination has not got, in seconds.
    pub(crate) lag_secs: u32,
}

/// What is odd.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing comes, though at this time something usually does.
    Silent,
    /// Much less comes than usual.
    VolumeDrop,
    /// Much more comes than usual.
    VolumeSpike,
    /// Much of what comes is known already.
    Duplicates,
    /// Much of what comes is refused.
    Rejected,
    /// A healthy destination is behind.
    Lag,
}

impl Kind {
    /// What can be odd about a source.
    pub(crate) const OF_SOURCES: [Self; 5] = [
        Self::Silent,
        Self::VolumeDrop,
        Self::VolumeSpike,
        Self::Duplicates,
        Self::Rejected,
    ];

    /// Returns the name in metrics, messages and the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::VolumeDrop => "volume_drop",
            Self::VolumeSpike => "volume_spike",
            Self::Duplicates => "duplicates",
            Self::Rejected => "rejected",
            Self::Lag => "lag",
        }
    }
}

/// Something odd, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Odd {
    pub(super) kind: Kind,
    pub(super) words: String,
}

const fn odd(kind: Kind, words: String) -> Odd {
    Odd { kind, words }
}

/// Returns how much usually comes in an hour around this time, `None` while too little is known.
pub(super) fn usual(hours: &Hours, now_ms: i64, rules: &Rules) -> Option<u32> {
    let of = |at_ms| {
        let counts = hours.same_hour(at_ms, rules.baseline_days);
        (counts.len() >= MIN_DAYS).then(|| u64::from(median(counts)))
    };
    let (before, now) = (of(now_ms.saturating_sub(HOUR_MS))?, of(now_ms)?);
    // The last hour lies in two hours of the clock.
    let part = u64::try_from(now_ms.rem_euclid(HOUR_MS)).unwrap_or(0);
    let whole = u64::try_from(HOUR_MS).unwrap_or(1);
    let usual = (before * (whole - part) + now * part) / whole;
    Some(u32::try_from(usual).unwrap_or(u32::MAX))
}

/// What is odd about how much comes. `since_ms` is since when the collector takes events without a break.
pub(super) fn volume(
    hours: &Hours,
    last_ms: Option<i64>,
    since_ms: i64,
    now_ms: i64,
    rules: &Rules,
) -> Option<Odd> {
    let usual = usual(hours, now_ms, rules)?;
    let got = hours.last_hour(now_ms);
    let up_ms = now_ms.saturating_sub(since_ms);
    if usual >= rules.min_events {
        let quiet_ms = now_ms.saturating_sub(last_ms.unwrap_or(since_ms).max(since_ms));
        let limit_ms = i64::from(rules.silent_minutes) * 60_000;
        // Also when it began it was a time in which something usually comes.
        let was_usual =
            median(hours.same_hour(now_ms.saturating_sub(quiet_ms), rules.baseline_days));
        if limit_ms > 0 && quiet_ms >= limit_ms && was_usual >= rules.min_events {
            return Some(odd(
                Kind::Silent,
                format!(
                    "nothing for {} minutes, usually {usual} an hour at this time",
                    quiet_ms / 60_000
                ),
            ));
        }
        let is_drop = percent(got, usual) < u64::from(rules.drop_percent);
        if is_drop && up_ms >= HOUR_MS {
            return Some(odd(
                Kind::VolumeDrop,
                format!("{got} in the last hour, usually {usual}"),
            ));
        }
    }
    let spike = u64::from(rules.spike_percent);
    let is_spike = spike > 0 && percent(got, usual.max(rules.min_events)) > spike;
    is_spike.then(|| Odd {
        kind: Kind::VolumeSpike,
        words: format!("{got} in the last hour, usually {usual}"),
    })
}

/// What is odd about how much of what comes is known already. Copies of another source are, so that only what is unusual
/// counts: a quarter more than on the days before.
pub(super) fn duplicates(
    accepted: &Hours,
    duplicates: &Hours,
    now_ms: i64,
    rules: &Rules,
) -> Option<Odd> {
    const UNUSUAL_PERCENT: u64 = 25;
    let sum = |hours: &Hours| -> u32 {
        let counts = hours.same_hour(now_ms, rules.baseline_days);
        counts
            .iter()
            .fold(0, |sum: u32, count| sum.saturating_add(*count))
    };
    if accepted.same_hour(now_ms, rules.baseline_days).len() < MIN_DAYS {
        return None;
    }
    let (old, new) = (sum(duplicates), sum(accepted));
    let usual = percent(old, old.saturating_add(new));
    let (known, fresh) = (duplicates.last_hour(now_ms), accepted.last_hour(now_ms));
    let all = known.saturating_add(fresh);
    let now = percent(known, all);
    let limit = u64::from(rules.duplicate_percent);
    if limit > 0 && all >= rules.min_events && now >= limit && now >= usual + UNUSUAL_PERCENT {
        return Some(odd(
            Kind::Duplicates,
            format!("{now} % of the last hour's events were known already, usually {usual} %"),
        ));
    }
    None
}

/// What is odd about how much is refused. Needs no baseline: what is right is not refused.
pub(super) fn rejected(taken: u32, refused: u32, rules: &Rules) -> Option<Odd> {
    let all = taken.saturating_add(refused);
    let share = percent(refused, all);
    let limit = u64::from(rules.rejected_percent);
    if limit > 0 && all >= rules.min_events && share >= limit {
        return Some(odd(
            Kind::Rejected,
            format!(
                "{share} % of the last hour's events were refused; `firsthand_events_rejected_total` tells why"
            ),
        ));
    }
    None
}

/// A share in percent, 0 of nothing.
fn percent(part: u32, whole: u32) -> u64 {
    (u64::from(part) * 100)
        .checked_div(u64::from(whole))
        .unwrap_or(0)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
