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
            "policyVersion" => set_number(value, 0, u32::MAX, &mut self.policy.version),
            "consentMaxAgeDays" => set_number(value, 1, 3_650, &mut self.policy.max_age_days),
            "sessionTimeoutMinutes" => {
                let mut minutes = self.session_timeout_ms / 60_000;
                set_number(value, 1, 475, &mut minutes);
                self.session_timeout_ms = minutes * 60_000;
            }
            "splitOnCampaign" => self.split_on_campaign = is_on(value),
            "storage" => self.memory_only = value == "memory",
            "ownHosts" => {
                self.own_hosts = value
                    .split([',', ' '])
                    .filter(|host| !host.is_empty())
                    .map(str::to_owned)
                    .collect();
            }
            "batchEvents" => set_number(value, 1, 500, &mut self.batch_events),
            "batchBytes" => set_number(value, 1_024, 60 * 1024, &mut self.batch_bytes),
            "flushMs" => set_number(value, 0, 60_000, &mut self.flush_ms),
            "queueEvents" => set_number(value, 1, 10_000, &mut self.queue_events),
            "queueBytes" => set_number(value, 4_096, 2 * 1024 * 1024, &mut self.queue_bytes),
            "queueDays" => set_number(value, 1, 30, &mut self.queue_days),
            "heldEvents" => set_number(value, 0, 1_000, &mut self.held_events),
            "debug" => self.debug = is_on(value),
            _ => {}
        }
    }
}

fn is_on(value: &str) -> bool {
    !matches!(value, "false" | "0" | "off" | "no")
}

/// Takes a whole number, brought between two bounds.
fn set_number<T: std::str::FromStr + Ord + Copy>(value: &str, min: T, max: T, slot: &mut T) {
    if let Ok(number) = value.parse::<T>() {
        *slot = number.max(min).min(max);
    }
}
