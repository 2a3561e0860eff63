//! What the shop set on the script tag or in `init()`.

use firsthand_core::consent::{AgeBand, DEFAULT_MAX_AGE_DAYS, GpcMode, GpcScope, Policy, Regime};
use firsthand_core::text::{fields, parse_int};

/// Options, complete. Durations carry their unit in the name.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(crate) struct Config {
    /// Browser key of the workspace.
    pub(crate) write_key: String,
    /// Address of the collector, without a slash at the end.
    pub(crate) endpoint: String,
    /// The shop's hosts beside the page's own, separated by commas.
    pub(crate) own_hosts: String,
    /// What an absent choice means: the stricter of the page's option and the collector's word on the region.
    pub(crate) regime: Regime,
    /// The law of the region demands that Global Privacy Control is honoured.
    pub(crate) is_gpc_required: bool,
    /// The visitor's age, where the page knows it.
    pub(crate) age: AgeBand,
    /// Consent frameworks are asked; until one has answered, everything waits.
    pub(crate) has_signals: bool,
    /// Version of the shop's policy and the age at which a grant ends.
    pub(crate) policy: Policy,
    /// Time without activity that ends a session.
    pub(crate) session_timeout_ms: i64,
    /// Whether another campaign starts another session.
    pub(crate) split_on_campaign: bool,
    /// Keep nothing but the choice in the browser.
    pub(crate) memory_only: bool,
    /// Events that make a batch go at once, and the most in one batch.
    pub(crate) batch_events: usize,
    /// The same in bytes.
    pub(crate) batch_bytes: usize,
    /// Longest an event waits for others.
    pub(crate) flush_ms: i64,
    /// Most events in the outbox.
    pub(crate) queue_events: usize,
    /// Most bytes in the outbox.
    pub(crate) queue_bytes: usize,
    /// Greatest age of an event in the outbox.
    pub(crate) queue_days: i64,
    /// Most events that wait for the visitor's choice.
    pub(crate) held_events: usize,
    /// Log to the console.
    pub(crate) debug: bool,
}

impl Config {
    /// Reads the options, one a line, in the order of `OPTIONS` in `npm/src/options.ts`. An option that is missing or unusable has its
    /// default, one out of bounds the bound: a page never breaks over an option.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the bounds of each are within its type"
    )]
    pub(crate) fn parse(text: &str) -> Self {
        let mut lines = fields(text, b'\n');
        let mut line = || lines.next().unwrap_or_default();
        let (write_key, endpoint, own_hosts) = (line().into(), line().into(), line().into());
        let regime = regime(line(), line());
        let policy = Policy {
            gpc_scope: if line() == "required" {
                GpcScope::Required
            } else {
                GpcScope::All
            },
            gpc_mode: if line() == "strict" {
                GpcMode::Strict
            } else {
                GpcMode::Statutory
            },
            ..Policy::default()
        };
        let age = AgeBand::parse(line());
        let mut number = |default, min, max| bounded(line(), default, min, max);
        Self {
            write_key,
            endpoint,
            own_hosts,
            regime,
            age,
            is_gpc_required: number(0, 0, 1) > 0,
            has_signals: number(0, 0, 1) > 0,
            policy: Policy {
                version: number(1, 0, u32::MAX.into()) as u32,
                max_age_days: number(DEFAULT_MAX_AGE_DAYS, 1, 3_650),
                ..policy
            },
            session_timeout_ms: number(30, 1, 475) * 60_000,
            split_on_campaign: number(1, 0, 1) > 0,
            memory_only: number(0, 0, 1) > 0,
            batch_events: number(20, 1, 500) as usize,
            batch_bytes: number(48 * 1024, 1_024, 60 * 1024) as usize,
            flush_ms: number(2_000, 0, 60_000),
            queue_events: number(1_000, 1, 10_000) as usize,
            queue_bytes: number(256 * 1024, 4_096, 2 * 1024 * 1024) as usize,
            queue_days: number(7, 1, 30),
            held_events: number(200, 0, 1_000) as usize,
            debug: number(0, 0, 1) > 0,
        }
    }
}

/// Returns the stricter of the page's regime and the region's. What is no regime is [`Regime::OptIn`], an empty text says nothing.
fn regime(of_page: &str, of_region: &str) -> Regime {
    let read = |name| match name {
        "opt_out" => Regime::OptOut,
        "none" => Regime::None,
        _ => Regime::OptIn,
    };
    match (of_page, of_region) {
        (one, "") | ("", one) => read(one),
        (one, other) => read(one).stricter(read(other)),
    }
}

#[inline(never)]
fn bounded(text: &str, default: i64, min: i64, max: i64) -> i64 {
    parse_int(text).unwrap_or(default).max(min).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_brought_between_their_bounds() {
        let config = Config::parse(
            "pk\nhttps://t.example\na.example,b.example\nopt_out\n\n\n\n\n\n\n\n\n\n\n\n9999\n\n-1",
        );
        assert_eq!(
            (config.write_key.as_str(), config.endpoint.as_str()),
            ("pk", "https://t.example")
        );
        assert_eq!(
            (config.batch_events, config.batch_bytes, config.flush_ms),
            (500, 48 * 1024, 0)
        );
        assert_eq!(
            (config.regime, config.own_hosts.as_str()),
            (Regime::OptOut, "a.example,b.example")
        );
    }

    #[test]
    fn what_is_missing_or_unusable_has_its_default() {
        for text in [
            "",
            "\n\n\nnever\nnever\nnever\nnever\n\nnever\nnever\nnever\nnever",
        ] {
            let config = Config::parse(text);
            assert_eq!(
                (
                    config.regime,
                    config.policy.version,
                    config.policy.max_age_days
                ),
                (Regime::OptIn, 1, DEFAULT_MAX_AGE_DAYS)
            );
            assert_eq!(
                (config.is_gpc_required, config.has_signals, config.age),
                (false, false, AgeBand::Adult)
            );
            assert_eq!(
                (config.policy.gpc_scope, config.policy.gpc_mode),
                (GpcScope::All, GpcMode::Statutory)
            );
            assert_eq!(
                (
                    config.queue_days,
                    config.split_on_campaign,
                    config.memory_only
                ),
                (7, true, false)
            );
        }
    }

    #[test]
    fn the_stricter_regime_counts_and_an_unreadable_one_is_the_strictest() {
        for (of_page, of_region, want) in [
            ("", "", Regime::OptIn),
            ("none", "", Regime::None),
            ("", "opt_out", Regime::OptOut),
            ("none", "opt_out", Regime::OptOut),
            ("opt_in", "none", Regime::OptIn),
            ("none", "nowhere", Regime::OptIn),
            ("all", "", Regime::OptIn),
        ] {
            assert_eq!(regime(of_page, of_region), want, "{of_page} {of_region}");
        }
    }
}
