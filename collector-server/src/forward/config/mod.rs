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
//! What is a platform's own stands in `forward/destinations/<platform>`. Unknown keys are refused.
//! [`DestinationConfig::validate`] and [`ForwardConfig::validate`] name the
//! key, what is wrong and what to write instead. Secrets are named here, never written here.

mod checks;
mod destination;
pub mod keys;
mod validate;

use firsthand_core::consent::Purpose;
use serde::Deserialize;

pub use checks::{Checks, is_digits, is_safe_url, is_this_machine, is_token, is_version};
pub use destination::{Common, Connection, DestinationConfig};
pub use validate::validate_all;

/// Longest name of a destination, in bytes: it is a label of metrics.
pub const MAX_NAME_BYTES: usize = 40;
/// Most requests of one destination at a time.
pub const MAX_CONCURRENCY: usize = 32;
/// Greatest `requests_per_second` and `request_burst`.
pub const MAX_REQUEST_RATE: u64 = 10_000;
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

#[cfg(test)]
mod tests;
