//! Checks every limit of the configuration; an error names the key and what to write.

use std::collections::BTreeSet;

use firsthand_core::catalogue;

use super::checks::Checks;
use super::{
    ConfigError, DestinationConfig, ForwardConfig, MAX_CONCURRENCY, MAX_NAME_BYTES,
    MAX_REQUEST_RATE, MAX_REQUEST_TIMEOUT_MS, MAX_RETRY_CAP_MS,
};

impl ForwardConfig {
    /// Checks every limit.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let within = |key: &str, got: u64, low: u64, high: u64| {
            if (low..=high).contains(&got) {
                Ok(())
            } else {
                Err(ConfigError::new(
                    format!("forward.{key}"),
                    format!("must be {low} to {high}, got {got}"),
                ))
            }
        };
        within(
            "request_timeout_ms",
            self.request_timeout_ms,
            100,
            MAX_REQUEST_TIMEOUT_MS,
        )?;
        within("retry_base_ms", self.retry_base_ms, 1, MAX_RETRY_CAP_MS)?;
        within(
            "retry_cap_ms",
            self.retry_cap_ms,
            self.retry_base_ms,
            MAX_RETRY_CAP_MS,
        )?;
        within(
            "breaker_failures",
            u64::from(self.breaker_failures),
            1,
            1_000,
        )?;
        within(
            "unauthorized_probe_secs",
            self.unauthorized_probe_secs,
            0,
            86_400,
        )
    }
}

impl DestinationConfig {
    pub(super) fn validate_common(&self) -> Result<(), ConfigError> {
        let (common, limits) = (self.common(), self.limits());
        let is_plain = !common.name.is_empty()
            && common.name.len() <= MAX_NAME_BYTES
            && common
                .name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        if !is_plain {
            return Err(ConfigError::new(
                "destination.name",
                format!(
                    "must be 1 to {MAX_NAME_BYTES} of a-z, 0-9, - and _, got {:?}",
                    common.name
                ),
            ));
        }
        let checks = Checks::new(&common.name);
        checks.within(
            "batch_events",
            common.batch_events.map(|n| n as u64),
            1,
            limits.max_batch_events as u64,
        )?;
        checks.within(
            "concurrency",
            common.concurrency.map(|n| n as u64),
            1,
            MAX_CONCURRENCY as u64,
        )?;
        for (key, got) in [
            ("requests_per_second", common.requests_per_second),
            ("request_burst", common.request_burst),
        ] {
            checks.within(key, got.map(u64::from), 1, MAX_REQUEST_RATE)?;
        }
        checks.require(
            "request_burst",
            common.request_burst.is_none() || common.requests_per_second.is_some(),
            "means nothing without requests_per_second",
        )?;
        checks.within(
            "max_event_age_secs",
            common.max_event_age_secs,
            60,
            limits.max_event_age.as_secs(),
        )?;
        checks.within(
            "request_timeout_ms",
            common.request_timeout_ms,
            100,
            MAX_REQUEST_TIMEOUT_MS,
        )?;
        checks.within("retry_base_ms", common.retry_base_ms, 1, MAX_RETRY_CAP_MS)?;
        checks.within("retry_cap_ms", common.retry_cap_ms, 1, MAX_RETRY_CAP_MS)?;
        if let Some(url) = &common.base_url {
            checks.require(
                "base_url",
                !limits.base_url.is_empty(),
                "is not for this platform: every account has an address of its own",
            )?;
            checks.base_url("base_url", url)?;
        }
        checks.require(
            "requires",
            common.requires.as_ref().is_none_or(|own| !own.0.is_empty()),
            "must name at least one purpose, or be left out for the platform's default",
        )?;
        let names = common
            .events
            .iter()
            .flatten()
            .chain(common.rename.keys())
            .find(|name| !catalogue::is_valid(name) || catalogue::canonical(name) != name.as_str());
        if let Some(name) = names {
            return Err(checks.problem(
                "events",
                format!("{name:?} is no canonical event name, write such as \"purchase\""),
            ));
        }
        let is_sound = |to: &str| (1..=50).contains(&to.len()) && !to.contains(char::is_control);
        if let Some((from, _)) = common.rename.iter().find(|(_, to)| !is_sound(to)) {
            return Err(checks.problem(&format!("rename.{from}"), "must be 1 to 50 characters"));
        }
        Ok(())
    }
}

/// Checks all destinations together: each by itself, and that no name occurs twice.
pub fn validate_all(destinations: &[DestinationConfig]) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for destination in destinations {
        destination.validate()?;
        if !seen.insert(destination.name()) {
            return Err(ConfigError::new(
                "destination.name",
                format!("{:?} occurs twice, names must differ", destination.name()),
            ));
        }
    }
    Ok(())
}
