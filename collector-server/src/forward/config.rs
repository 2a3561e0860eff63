//! What the operator says about forwarding: one `[forward]` table, one `[[destinations]]` table an
//! account.
//!
//! ```toml
//! [forward]
//! request_timeout_ms = 10000
//!
//! [[destinations]]
//! kind = "meta"
//! name = "meta-main"
//! dataset_id = "1000000000000001"
//! access_token = { env = "META_TOKEN" }
//! ```
//!
//! Unknown keys are refused. [`DestinationConfig::validate`] and [`ForwardConfig::validate`] name the
//! key, what is wrong and what to write instead. Secrets are named here, never written here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use firsthand_core::catalogue;
use firsthand_core::consent::Purpose;
use serde::Deserialize;

use crate::secret::SecretSource;

/// Longest name of a destination, in bytes: it is a label of metrics.
pub const MAX_NAME_BYTES: usize = 40;
/// Most requests of one destination at a time.
pub const MAX_CONCURRENCY: usize = 32;
/// Default of `[forward] request_timeout_ms`. Meta recommends 1500 ms for most answers come in 600;
/// a slow answer is still an answer, so the default waits longer.
pub const DEFAULT_REQUEST_TIMEOUT_MS: u64 = 10_000;
/// Longest `request_timeout_ms`.
pub const MAX_REQUEST_TIMEOUT_MS: u64 = 120_000;
/// Default of `[forward] retry_base_ms`.
pub const DEFAULT_RETRY_BASE_MS: u64 = 5_000;
/// Default of `[forward] retry_cap_ms`.
pub const DEFAULT_RETRY_CAP_MS: u64 = 3_600_000;
/// Longest `retry_cap_ms`: a day.
pub const MAX_RETRY_CAP_MS: u64 = 86_400_000;
/// Default of `[forward] breaker_failures`.
pub const DEFAULT_BREAKER_FAILURES: u32 = 3;
/// Default of `[forward] unauthorized_probe_secs`.
pub const DEFAULT_UNAUTHORIZED_PROBE_SECS: u64 = 900;

/// What is wrong with the configuration, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigError {
    /// The key, such as `destinations.meta-main.base_url`.
    pub key: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl ConfigError {
    /// Makes an error about a key.
    pub fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
        }
    }
}

/// `[forward]`: how every destination is served unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForwardConfig {
    /// How long one request may take, connection included, in milliseconds.
    pub request_timeout_ms: u64,
    /// Ceiling of the first retry's random delay, in milliseconds; doubles with every attempt.
    pub retry_base_ms: u64,
    /// Greatest ceiling of a retry's delay, and the longest `Retry-After` that is obeyed in full, in
    /// milliseconds.
    pub retry_cap_ms: u64,
    /// Failures in a row after which a destination gets single probes only.
    pub breaker_failures: u32,
    /// How long a destination that refused the credentials rests before one event tries again, in
    /// seconds. 0: until the configuration is reloaded.
    pub unauthorized_probe_secs: u64,
}

impl Default for ForwardConfig {
    fn default() -> Self {
        Self {
            request_timeout_ms: DEFAULT_REQUEST_TIMEOUT_MS,
            retry_base_ms: DEFAULT_RETRY_BASE_MS,
            retry_cap_ms: DEFAULT_RETRY_CAP_MS,
            breaker_failures: DEFAULT_BREAKER_FAILURES,
            unauthorized_probe_secs: DEFAULT_UNAUTHORIZED_PROBE_SECS,
        }
    }
}

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

/// What happens to an event for which the platform has no standard name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomEvents {
    /// It is sent under its own name.
    Send,
    /// It is not sent, with that as the reason.
    #[default]
    Skip,
}

/// When the platform is told to limit its use of the data (US state laws).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedDataUse {
    /// When the browser sends Global Privacy Control, or sharing is not allowed.
    #[default]
    Auto,
    /// With every event.
    Always,
    /// Never.
    Never,
}

/// Which events a GA4 destination sends. GA4 knows copies of purchases only (by `transaction_id`):
/// everything else that the page's own tag reports too would count twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerEvents {
    /// All: the page has no Google tag for this stream.
    #[default]
    All,
    /// Purchases with a `transaction_id` only: the page's tag reports the rest.
    Purchases,
}

/// Purposes by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purposes(pub Vec<Purpose>);

impl<'de> Deserialize<'de> for Purposes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<String>::deserialize(deserializer)?
            .iter()
            .map(|name| {
                Purpose::parse(name).ok_or_else(|| {
                    let known = Purpose::ALL.map(Purpose::as_str).join(", ");
                    serde::de::Error::custom(format!("unknown purpose {name:?}, write {known}"))
                })
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Purposes)
    }
}

/// Takes what no other field took, and refuses it: `deny_unknown_fields` beside `flatten`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoOtherKeys;

impl<'de> Deserialize<'de> for NoOtherKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = NoOtherKeys;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("no other keys")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<NoOtherKeys, A::Error> {
                match map.next_key::<String>()? {
                    None => Ok(NoOtherKeys),
                    Some(key) => Err(serde::de::Error::custom(format!(
                        "unknown key {key:?} in a destination, see docs/destinations.md"
                    ))),
                }
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// What every destination has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Common {
    /// Name in logs, metrics and the store. Renaming a destination makes a new one.
    pub name: String,
    /// Whether it is served.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Purposes that must all be allowed; the platform's default otherwise.
    #[serde(default)]
    pub requires: Option<Purposes>,
    /// Maps and decides, sends nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Canonical names to send; all others are suppressed. Absent: all.
    #[serde(default)]
    pub events: Option<BTreeSet<String>>,
    /// Canonical name to the platform's name, before the built-in table.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// What happens to events without a standard name.
    #[serde(default)]
    pub custom_events: CustomEvents,
    /// Most events of one request; the platform's default otherwise.
    #[serde(default)]
    pub batch_events: Option<usize>,
    /// Requests at a time; the platform's default otherwise.
    #[serde(default)]
    pub concurrency: Option<usize>,
    /// Age at which an event is given up, in seconds; the platform's default otherwise.
    #[serde(default)]
    pub max_event_age_secs: Option<u64>,
    /// Start of the address, such as `https://graph.facebook.com`; the platform's default otherwise.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Overrides `[forward] request_timeout_ms`.
    #[serde(default)]
    pub request_timeout_ms: Option<u64>,
    /// Overrides `[forward] retry_base_ms`.
    #[serde(default)]
    pub retry_base_ms: Option<u64>,
    /// Overrides `[forward] retry_cap_ms`.
    #[serde(default)]
    pub retry_cap_ms: Option<u64>,
}

const fn yes() -> bool {
    true
}

/// A Meta Conversions API dataset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MetaConfig {
    /// What every destination has.
    #[serde(flatten)]
    pub common: Common,
    /// Dataset (pixel) id.
    pub dataset_id: String,
    /// Access token of a system user.
    pub access_token: SecretSource,
    /// Graph API version. Meta keeps each for two years at least.
    #[serde(default = "meta_api_version")]
    pub api_version: String,
    /// Code of the Test Events tool. Test traffic may count as real: not for production.
    #[serde(default)]
    pub test_event_code: Option<String>,
    /// When Limited Data Use is asked for.
    #[serde(default)]
    pub limited_data_use: LimitedDataUse,
    /// `action_source` of events that no browser reported (without page or user agent).
    #[serde(default = "meta_server_action_source")]
    pub server_action_source: String,
    /// Nothing else.
    #[serde(flatten)]
    pub no_other_keys: NoOtherKeys,
}

fn meta_api_version() -> String {
    "v24.0".to_owned()
}

fn meta_server_action_source() -> String {
    "other".to_owned()
}

/// A TikTok Events API pixel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TikTokConfig {
    /// What every destination has.
    #[serde(flatten)]
    pub common: Common,
    /// Pixel code.
    pub pixel_code: String,
    /// Access token, made in Events Manager.
    pub access_token: SecretSource,
    /// Version in the address.
    #[serde(default = "tiktok_api_version")]
    pub api_version: String,
    /// Code of the test view. Test events travel one a request.
    #[serde(default)]
    pub test_event_code: Option<String>,
    /// When limited data use is asked for.
    #[serde(default)]
    pub limited_data_use: LimitedDataUse,
    /// Nothing else.
    #[serde(flatten)]
    pub no_other_keys: NoOtherKeys,
}

fn tiktok_api_version() -> String {
    "v1.3".to_owned()
}

/// A Google Analytics 4 web stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ga4Config {
    /// What every destination has.
    #[serde(flatten)]
    pub common: Common,
    /// Measurement id, `G-…`.
    pub measurement_id: String,
    /// API secret of the stream. Google wants it in the address; it is kept out of logs and errors.
    pub api_secret: SecretSource,
    /// Sends to the validation endpoint, which checks and records nothing.
    #[serde(default)]
    pub test_mode: bool,
    /// Which events are sent.
    #[serde(default)]
    pub server_events: ServerEvents,
    /// Nothing else.
    #[serde(flatten)]
    pub no_other_keys: NoOtherKeys,
}

/// One `[[destinations]]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum DestinationConfig {
    /// Meta Conversions API.
    Meta(MetaConfig),
    /// TikTok Events API 2.0.
    TikTok(TikTokConfig),
    /// GA4 Measurement Protocol.
    Ga4(Ga4Config),
}

/// What a platform allows and what it gets unless the operator says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformLimits {
    /// The platform's name in configuration, logs and metrics.
    pub kind: &'static str,
    /// Default of `base_url`.
    pub base_url: &'static str,
    /// Most events of one request that the platform takes.
    pub max_batch_events: usize,
    /// Default of `batch_events`.
    pub default_batch_events: usize,
    /// Largest body that is sent, in bytes.
    pub max_body_bytes: usize,
    /// Greatest `max_event_age_secs`.
    pub max_event_age: Duration,
    /// Default of `max_event_age_secs`, below the platform's limit by a margin.
    pub default_max_event_age: Duration,
    /// Default of `concurrency`.
    pub default_concurrency: usize,
    /// Default of `requires`.
    pub requires: &'static [Purpose],
}

const HOUR: Duration = Duration::from_hours(1);

/// Limits of the Meta Conversions API. 1000 events a request is widely documented; smaller batches
/// make the search for a refused event cheaper. One event older than 7 days fails its whole request.
pub const META: PlatformLimits = PlatformLimits {
    kind: "meta",
    base_url: "https://graph.facebook.com",
    max_batch_events: 1_000,
    default_batch_events: 200,
    max_body_bytes: 4_000_000,
    max_event_age: HOUR.saturating_mul(168),
    default_max_event_age: HOUR.saturating_mul(164),
    default_concurrency: 1,
    requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
};

/// Limits of the TikTok Events API. Connectors cap a body at 1 MB; 7 days are assumed.
pub const TIKTOK: PlatformLimits = PlatformLimits {
    kind: "tiktok",
    base_url: "https://business-api.tiktok.com",
    max_batch_events: 1_000,
    default_batch_events: 200,
    max_body_bytes: 1_000_000,
    max_event_age: HOUR.saturating_mul(168),
    default_max_event_age: HOUR.saturating_mul(164),
    default_concurrency: 1,
    requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
};

/// Limits of the GA4 Measurement Protocol: 25 events, 130 kB, 72 hours. A request holds one visitor's
/// events only, so several requests run at a time.
pub const GA4: PlatformLimits = PlatformLimits {
    kind: "ga4",
    base_url: "https://www.google-analytics.com",
    max_batch_events: 25,
    default_batch_events: 25,
    max_body_bytes: 128_000,
    max_event_age: HOUR.saturating_mul(72),
    default_max_event_age: HOUR.saturating_mul(71),
    default_concurrency: 8,
    requires: &[Purpose::Analytics],
};

impl DestinationConfig {
    /// Returns what every destination has.
    pub fn common(&self) -> &Common {
        match self {
            Self::Meta(meta) => &meta.common,
            Self::TikTok(tiktok) => &tiktok.common,
            Self::Ga4(ga4) => &ga4.common,
        }
    }

    /// Returns the platform's limits and defaults.
    pub fn limits(&self) -> &'static PlatformLimits {
        match self {
            Self::Meta(_) => &META,
            Self::TikTok(_) => &TIKTOK,
            Self::Ga4(_) => &GA4,
        }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.common().name
    }

    /// Returns the purposes that must all be allowed.
    pub fn requires(&self) -> Vec<Purpose> {
        self.common()
            .requires
            .as_ref()
            .map_or_else(|| self.limits().requires.to_vec(), |own| own.0.clone())
    }

    /// Returns where the secret is.
    pub fn secret(&self) -> &SecretSource {
        match self {
            Self::Meta(meta) => &meta.access_token,
            Self::TikTok(tiktok) => &tiktok.access_token,
            Self::Ga4(ga4) => &ga4.api_secret,
        }
    }

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
                "destinations.name",
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
        format!("destinations.{}.{key}", self.name())
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
                "destinations.name",
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
fn is_safe_base(url: &str) -> bool {
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

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
