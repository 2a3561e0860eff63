//! What the shop set on the script tag or in `init()`.

use firsthand_core::consent::{DEFAULT_MAX_AGE_DAYS, Policy, Regime};
use firsthand_core::identity::Country;
use firsthand_core::session;

/// Options, complete. Durations carry their unit in the name.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Browser key of the workspace.
    pub(crate) write_key: String,
    /// Address of the collector, without the path of the door and without a slash at the end.
    pub(crate) endpoint: String,
    /// Country of phone numbers written without a country code.
    pub(crate) default_country: Option<Country>,
    /// What an absent choice means.
    pub(crate) regime: Regime,
    /// Version of the shop's policy and the age at which a grant ends.
    pub(crate) policy: Policy,
    /// Time without activity that ends a session.
    pub(crate) session_timeout_ms: i64,
    /// Whether another campaign starts another session.
    pub(crate) split_on_campaign: bool,
    /// Keep nothing but the choice in the browser.
    pub(crate) memory_only: bool,
    /// The shop's hosts beside the page's own.
    pub(crate) own_hosts: Vec<String>,
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

impl Default for Config {
    fn default() -> Self {
        Self {
            write_key: String::new(),
            endpoint: String::new(),
            default_country: None,
            regime: Regime::OptIn,
            policy: Policy {
                version: 1,
                max_age_days: DEFAULT_MAX_AGE_DAYS,
                ..Policy::default()
            },
            session_timeout_ms: session::DEFAULT_TIMEOUT_MS,
            split_on_campaign: true,
            memory_only: false,
            own_hosts: Vec::new(),
            batch_events: 20,
            batch_bytes: 48 * 1024,
            flush_ms: 2_000,
            queue_events: 1_000,
            queue_bytes: 256 * 1024,
            queue_days: 7,
            held_events: 200,
            debug: false,
        }
    }
}

impl Config {
    /// Reads `name<tab>value` lines. An unknown name or an unusable value changes nothing: a page never breaks over an option.
    pub(crate) fn parse(text: &str) -> Self {
        let mut config = Self::default();
        for line in text.lines() {
            if let Some((name, value)) = line.split_once('\t') {
                config.set(name, value);
            }
        }
        config
    }

    fn set(&mut self, name: &str, value: &str) {
        match name {
            "writeKey" => value.clone_into(&mut self.write_key),
            "endpoint" => value.trim_end_matches('/').clone_into(&mut self.endpoint),
            "defaultCountry" => self.default_country = Country::parse(value),
            "regime" => self.regime = Regime::parse(value).unwrap_or_default(),
            "splitOnCampaign" => self.split_on_campaign = is_on(value),
            "storage" => self.memory_only = value == "memory",
            "ownHosts" => {
                self.own_hosts = value
                    .split(',')
                    .map(|host| host.trim().to_owned())
                    .collect();
            }
            "debug" => self.debug = is_on(value),
            _ => {
                if let Ok(number) = value.parse() {
                    self.set_number(name, number);
                }
            }
        }
    }

    /// Takes a number, brought between its bounds.
    fn set_number(&mut self, name: &str, number: i64) {
        let within = |min: i64, max: i64| number.max(min).min(max);
        // In range by the bounds, so the fallback is never taken.
        let size = |min, max| usize::try_from(within(min, max)).unwrap_or_default();
        match name {
            "policyVersion" => {
                self.policy.version = u32::try_from(number).unwrap_or_default();
            }
            "consentMaxAgeDays" => self.policy.max_age_days = within(1, 3_650),
            "sessionTimeoutMinutes" => self.session_timeout_ms = within(1, 475) * 60_000,
            "batchEvents" => self.batch_events = size(1, 500),
            "batchBytes" => self.batch_bytes = size(1_024, 60 * 1024),
            "flushMs" => self.flush_ms = within(0, 60_000),
            "queueEvents" => self.queue_events = size(1, 10_000),
            "queueBytes" => self.queue_bytes = size(4_096, 2 * 1024 * 1024),
            "queueDays" => self.queue_days = within(1, 30),
            "heldEvents" => self.held_events = size(0, 1_000),
            _ => {}
        }
    }
}

fn is_on(value: &str) -> bool {
    !matches!(value, "false" | "0" | "off" | "no")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_brought_between_their_bounds() {
        let config = Config::parse(
            "writeKey\tpk\nendpoint\thttps://t.example/\nbatchEvents\t9999\nflushMs\t-1\nregime\topt_out\nownHosts\ta.example, b.example",
        );
        assert_eq!(
            (config.write_key.as_str(), config.endpoint.as_str()),
            ("pk", "https://t.example")
        );
        assert_eq!(
            (config.batch_events, config.flush_ms, config.regime),
            (500, 0, Regime::OptOut)
        );
        assert_eq!(config.own_hosts, ["a.example", "b.example"]);
    }

    #[test]
    fn what_cannot_be_used_changes_nothing_and_an_unknown_regime_is_the_strictest() {
        let config = Config::parse("batchEvents\tmany\nregime\tmaybe\nno tab\nunknown\t1");
        assert_eq!((config.batch_events, config.regime), (20, Regime::OptIn));
    }
}
