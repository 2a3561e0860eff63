//! What the operator says about forwarding: one `[forward]` table, one `[[destination]]` table an
//! account.
//!
//! ```toml
//! [forward]
//! request_timeout_ms = 10000
//!
//! [[destination]]
//! kind = "meta"
//! name = "meta-main"
//! dataset_id = "1000000000000001"
//! access_token = { env = "META_TOKEN" }
//! ```
//!
//! Unknown keys are refused. [`DestinationConfig::validate`] and [`ForwardConfig::validate`] name the
//! key, what is wrong and what to write instead. Secrets are named here, never written here.

mod limits;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use firsthand_core::consent::Purpose;
use serde::Deserialize;

use crate::secret::SecretSource;

pub use limits::{GA4, META, PlatformLimits, TIKTOK};
pub use validate::validate_all;

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
    /// The key, such as `destination.meta-main.base_url`.
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

/// One `[[destination]]` table.
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
}

#[cfg(test)]
mod tests;
