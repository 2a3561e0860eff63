//! Checks every limit of the configuration; an error names the key and what to write.

use std::collections::BTreeSet;

use firsthand_core::catalogue;

use super::{
    ConfigError, DestinationConfig, ForwardConfig, MAX_CONCURRENCY, MAX_NAME_BYTES,
    MAX_REQUEST_TIMEOUT_MS, MAX_RETRY_CAP_MS, MetaConfig,
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
    /// Checks everything but the secret.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let common = self.common();
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
        self.validate_common()?;
        match self {
            Self::Meta(meta) => self.validate_meta(meta),
            Self::TikTok(tiktok) => {
                self.require("pixel_code", is_token(&tiktok.pixel_code), "must be the pixel code, letters and digits")?;
                self.require("api_version", is_version(&tiktok.api_version), "must look like v1.3")
            }
            Self::Ga4(ga4) => self.require(
                "measurement_id",
                ga4.measurement_id.starts_with("G-") && is_token(&ga4.measurement_id),
                "must be the measurement id of the web stream, such as G-ABC123DEF4 (not the numeric stream id)",
            ),
        }
    }

    fn validate_meta(&self, meta: &MetaConfig) -> Result<(), ConfigError> {
        self.require(
            "dataset_id",
            !meta.dataset_id.is_empty() && meta.dataset_id.bytes().all(|b| b.is_ascii_digit()),
            "must be the dataset (pixel) id, digits only",
        )?;
        self.require(
            "api_version",
            is_version(&meta.api_version),
            "must look like v24.0",
        )?;
        self.require(
            "server_action_source",
            META_SERVER_SOURCES.contains(&meta.server_action_source.as_str()),
            &format!("must be one of {}", META_SERVER_SOURCES.join(", ")),
        )
    }

    fn validate_common(&self) -> Result<(), ConfigError> {
        let (common, limits) = (self.common(), self.limits());
        self.within(
            "batch_events",
            common.batch_events.map(|n| n as u64),
            1,
            limits.max_batch_events as u64,
        )?;
        self.within(
            "concurrency",
            common.concurrency.map(|n| n as u64),
            1,
            MAX_CONCURRENCY as u64,
        )?;
        self.within(
            "max_event_age_secs",
            common.max_event_age_secs,
            60,
            limits.max_event_age.as_secs(),
        )?;
        self.within(
            "request_timeout_ms",
            common.request_timeout_ms,
            100,
            MAX_REQUEST_TIMEOUT_MS,
        )?;
        self.within("retry_base_ms", common.retry_base_ms, 1, MAX_RETRY_CAP_MS)?;
        self.within("retry_cap_ms", common.retry_cap_ms, 1, MAX_RETRY_CAP_MS)?;
        if let Some(url) = &common.base_url {
            self.require(
                "base_url",
                is_safe_base(url),
                "must be https://host without a path's trailing slash (http:// only for 127.0.0.1, [::1] or localhost)",
            )?;
        }
        self.require(
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
            return Err(ConfigError::new(
                self.key("events"),
                format!("{name:?} is no canonical event name, write such as \"purchase\""),
            ));
        }
        let is_sound = |to: &str| (1..=50).contains(&to.len()) && !to.contains(char::is_control);
        if let Some((from, _)) = common.rename.iter().find(|(_, to)| !is_sound(to)) {
            return Err(ConfigError::new(
                self.key(&format!("rename.{from}")),
                "must be 1 to 50 characters",
            ));
        }
        Ok(())
    }

    fn key(&self, key: &str) -> String {
        format!("destination.{}.{key}", self.name())
    }

    fn require(&self, key: &str, is_fine: bool, problem: &str) -> Result<(), ConfigError> {
        if is_fine {
            return Ok(());
        }
        Err(ConfigError::new(self.key(key), problem))
    }

    fn within(&self, key: &str, got: Option<u64>, low: u64, high: u64) -> Result<(), ConfigError> {
        match got {
            Some(got) if !(low..=high).contains(&got) => Err(ConfigError::new(
                self.key(key),
                format!("must be {low} to {high}, got {got}"),
            )),
            _ => Ok(()),
        }
    }
}

/// `action_source` values that need no browser.
const META_SERVER_SOURCES: [&str; 6] = [
    "other",
    "system_generated",
    "physical_store",
    "phone_call",
    "chat",
    "email",
];

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

fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| major.parse::<u16>().is_ok() && minor.parse::<u16>().is_ok())
}

/// Whether credentials may travel there: TLS, or this machine.
pub(super) fn is_safe_base(url: &str) -> bool {
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return false;
    };
    let is_plain = !url.ends_with('/')
        && parsed.username().is_empty()
        && parsed.password().is_none()
        && parsed.query().is_none()
        && parsed.fragment().is_none();
    let is_loopback = match parsed.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    };
    is_plain
        && match parsed.scheme() {
            "https" => parsed.host_str().is_some(),
            "http" => is_loopback,
            _ => false,
        }
}
