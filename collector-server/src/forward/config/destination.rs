//! One `[[destination]]` table: what every destination has, and what is the platform's own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use firsthand_core::consent::Purpose;
use serde::Deserialize;

use super::keys::{self, KeyError};
use super::{Checks, ConfigError, CustomEvents, Purposes};
use crate::forward::destinations::{
    Account, Blotter, Destination, PLATFORMS, PlatformLimits, PlatformSpec, Setup, platform,
};
use crate::nearest::nearest;

/// What every destination has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// Requests a second in the long run; absent: no limit of ours.
    #[serde(default)]
    pub requests_per_second: Option<u32>,
    /// Requests that may go at once after a rest; absent: as many as in a second.
    #[serde(default)]
    pub request_burst: Option<u32>,
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

/// One `[[destination]]` table.
#[derive(Debug, Clone)]
pub struct DestinationConfig {
    platform: &'static PlatformSpec,
    common: Common,
    account: Arc<dyn Account>,
}

/// A destination with its secrets fetched.
pub struct Connection {
    /// The platform's words.
    pub destination: Arc<dyn Destination>,
    /// Knows every secret of the destination.
    pub blotter: Blotter,
}

impl DestinationConfig {
    /// Reads a table. An error names the key and what to write.
    pub fn read(mut table: toml::Table) -> Result<Self, ConfigError> {
        let name = match table.get("name") {
            Some(toml::Value::String(name)) => name.clone(),
            _ => String::new(),
        };
        let checks = Checks::new(&name);
        let platform = platform_of(table.remove("kind"), &checks)?;
        let shared = keys::of::<Common>();
        let own = (platform.account.keys)();
        let (mut for_all, mut for_platform) = (toml::Table::new(), toml::Table::new());
        for (key, value) in table {
            if shared.contains(&key.as_str()) {
                for_all.insert(key, value);
            } else if own.contains(&key.as_str()) {
                for_platform.insert(key, value);
            } else {
                let known = shared.iter().chain(own).copied();
                return Err(checks.problem(&key, unknown(&key, known, platform)));
            }
        }
        let at = |error: KeyError| match error.key {
            Some(key) => checks.problem(&key, error.problem),
            None => ConfigError::new(checks.table(), error.problem),
        };
        Ok(Self {
            platform,
            common: keys::read(for_all).map_err(at)?,
            account: (platform.account.read)(for_platform).map_err(at)?,
        })
    }

    /// Returns the platform.
    pub fn platform(&self) -> &'static PlatformSpec {
        self.platform
    }

    /// Returns what every destination has.
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// Returns the platform's limits and defaults.
    pub fn limits(&self) -> &'static PlatformLimits {
        &self.platform.limits
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.common.name
    }

    /// Returns the purposes that must all be allowed.
    pub fn requires(&self) -> Vec<Purpose> {
        self.common
            .requires
            .as_ref()
            .map_or_else(|| self.limits().requires.to_vec(), |own| own.0.clone())
    }

    /// Returns the age at which an event is given up.
    pub fn max_event_age(&self) -> Duration {
        self.common
            .max_event_age_secs
            .map_or(self.limits().default_max_event_age, Duration::from_secs)
    }

    /// Whether it is served and can use what trusted servers say in clear only.
    pub fn wants_clear_values(&self) -> bool {
        self.common.enabled && self.account.wants_clear_values()
    }

    /// Fetches the secrets and makes the destination.
    pub fn connect(&self) -> Result<Connection, ConfigError> {
        self.validate()?;
        let mut setup = Setup::new(&self.common, self.platform.limits.base_url);
        let destination = self.account.connect(&mut setup)?;
        Ok(Connection {
            destination,
            blotter: setup.into_blotter(),
        })
    }

    /// Checks everything but the secrets.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_common()?;
        self.account.validate(&Checks::new(self.name()))
    }
}

impl<'de> Deserialize<'de> for DestinationConfig {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        Self::read(table).map_err(serde::de::Error::custom)
    }
}

fn platform_of(
    kind: Option<toml::Value>,
    checks: &Checks<'_>,
) -> Result<&'static PlatformSpec, ConfigError> {
    let known = || PLATFORMS.iter().map(|platform| platform.kind);
    let all = known().collect::<Vec<_>>().join(", ");
    match kind {
        Some(toml::Value::String(kind)) => platform(&kind).ok_or_else(|| {
            let problem = match nearest(&kind, known()) {
                Some(meant) => format!("unknown platform {kind:?}, did you mean {meant:?}?"),
                None => format!("unknown platform {kind:?}, known are {all}"),
            };
            checks.problem("kind", problem)
        }),
        Some(_) => Err(checks.problem("kind", format!("must be a text, one of {all}"))),
        None => Err(checks.problem("kind", format!("is missing, write one of {all}"))),
    }
}

fn unknown<'k>(key: &str, known: impl Iterator<Item = &'k str>, platform: &PlatformSpec) -> String {
    match nearest(key, known) {
        Some(meant) => format!("unknown key `{key}`, did you mean `{meant}`?"),
        None => format!(
            "unknown key `{key}`, a {} destination has none like it: see docs/destinations.md",
            platform.kind
        ),
    }
}
