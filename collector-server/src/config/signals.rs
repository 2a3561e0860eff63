//! `[signals]`: what is unusual enough to be told.

use firsthand_core::catalogue;
use serde::Deserialize;

use super::Config;
use super::validate::Problems;
use crate::signals::{MAX_DAYS, Rules};

/// Most names that are watched beside the catalogue's.
const MOST_NAMES: usize = 100;

/// `[signals]`; a number of 0 switches its signal off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignalsSection {
    /// Names of events that are watched by themselves, beside the catalogue's.
    pub events: Vec<String>,
    /// How long nothing may come in an hour in which there usually is something, in minutes.
    pub silent_minutes: u32,
    /// Fewer events an hour than this say nothing.
    pub min_events: u32,
    /// Days of which the same hour tells what is usual.
    pub baseline_days: u32,
    /// A last hour below so many percent of the usual is told.
    pub drop_percent: u32,
    /// A last hour above so many percent of the usual is told.
    pub spike_percent: u32,
    /// From so many percent of duplicates on, where that is unusual.
    pub duplicate_percent: u32,
    /// From so many percent of refused events on.
    pub rejected_percent: u32,
    /// How long the oldest event of a healthy destination may wait, in seconds.
    pub lag_secs: u32,
}

impl Default for SignalsSection {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            silent_minutes: 30,
            min_events: 20,
            baseline_days: 7,
            drop_percent: 30,
            spike_percent: 400,
            duplicate_percent: 50,
            rejected_percent: 20,
            lag_secs: 300,
        }
    }
}

impl SignalsSection {
    /// Returns when something is a signal.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            silent_minutes: self.silent_minutes,
            min_events: self.min_events,
            baseline_days: self.baseline_days,
            drop_percent: self.drop_percent,
            spike_percent: self.spike_percent,
            duplicate_percent: self.duplicate_percent,
            rejected_percent: self.rejected_percent,
            lag_secs: self.lag_secs,
        }
    }
}

impl Config {
    pub(super) fn check_signals(&self, problems: &mut Problems) {
        let signals = &self.signals;
        for (key, got, low, high) in [
            ("signals.silent_minutes", signals.silent_minutes, 0, 10_080),
            ("signals.min_events", signals.min_events, 1, 1_000_000),
            ("signals.baseline_days", signals.baseline_days, 3, MAX_DAYS),
            ("signals.drop_percent", signals.drop_percent, 0, 99),
            ("signals.spike_percent", signals.spike_percent, 0, 100_000),
            (
                "signals.duplicate_percent",
                signals.duplicate_percent,
                0,
                100,
            ),
            ("signals.rejected_percent", signals.rejected_percent, 0, 100),
            ("signals.lag_secs", signals.lag_secs, 0, 604_800),
        ] {
            problems.within(key, got.into(), low, high.into());
        }
        if (1..=100).contains(&signals.spike_percent) {
            problems.add(
                "signals.spike_percent",
                "must be 0 (off) or above 100, the usual; write 400 for four times as much",
            );
        }
        if signals.events.len() > MOST_NAMES {
            problems.add(
                "signals.events",
                format!(
                    "must be at most {MOST_NAMES} names, got {}",
                    signals.events.len()
                ),
            );
        }
        for name in &signals.events {
            let canonical = catalogue::canonical(name);
            if canonical != name.as_str() || !catalogue::is_valid(name) {
                problems.add(
                    "signals.events",
                    format!("{name:?} is no canonical event name, write {canonical}"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    const SOURCE: &str = "[[source]]\nname = \"web\"\nkind = \"browser\"\nwrite_key = \"pk_1\"\norigins = [\"https://shop.example\"]\n";

    #[test]
    fn what_makes_no_sense_is_named_with_what_to_write() {
        for (section, want) in [
            (
                "silent_minutes = 10081",
                "signals.silent_minutes: must be 0 to 10080",
            ),
            (
                "baseline_days = 29",
                "signals.baseline_days: must be 3 to 28",
            ),
            ("spike_percent = 50", "must be 0 (off) or above 100"),
            ("events = [\"Order Completed\"]", "write purchase"),
            ("lag_sec = 1", "did you mean `lag_secs`"),
        ] {
            let error = parse(&format!("[signals]\n{section}\n{SOURCE}"), "test.toml").unwrap_err();
            assert!(error.to_string().contains(want), "{section}: {error}");
        }
        let off = "[signals]\nsilent_minutes = 0\nspike_percent = 0\nlag_secs = 0\nevents = [\"newsletter\"]\n";
        assert!(parse(&format!("{off}{SOURCE}"), "test.toml").is_ok());
    }
}
