//! The configuration: one TOML file, read by `check` and `serve` alike.
//!
//! Unknown keys are refused with the nearest known one, numbers carry their unit in their name, the
//! whole is validated at once and every error names the key and what to write. Secrets are named
//! here (`{ env = "…" }`, `{ file = "…" }`), never written here. See `docs/config.md`.

mod load;
mod sections;
mod validate;

pub use load::{ConfigError, load, parse};
pub use sections::{
    AdminSection, BotPolicy, BotsSection, ConsentSection, CookieSection, GpcModeName, GpcScopeName,
    LimitsSection, LogFormat, RegimeName, SameSite, ServerSection, SettleSection, SourceKindName,
    SourceSection, StoreSection,
};
pub use validate::Problem;

use serde::Deserialize;

use crate::forward::config::{DestinationConfig, ForwardConfig};

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where and how the collector listens.
    #[serde(default)]
    pub server: ServerSection,
    /// Greatest sizes and counts.
    #[serde(default)]
    pub limits: LimitsSection,
    /// The first-party cookie.
    #[serde(default)]
    pub cookie: CookieSection,
    /// What an absent choice means, and which policy is in force.
    #[serde(default)]
    pub consent: ConsentSection,
    /// What happens to bots.
    #[serde(default)]
    pub bots: BotsSection,
    /// How long an event waits for its other copies.
    #[serde(default)]
    pub settle: SettleSection,
    /// Where and how long events are kept.
    #[serde(default)]
    pub store: StoreSection,
    /// Access for the operator.
    #[serde(default)]
    pub admin: AdminSection,
    /// Who may send.
    #[serde(default, rename = "source", alias = "sources")]
    pub sources: Vec<SourceSection>,
    /// How destinations are served.
    #[serde(default)]
    pub forward: ForwardConfig,
    /// Where events go.
    #[serde(default, rename = "destination", alias = "destinations")]
    pub destinations: Vec<DestinationConfig>,
}

impl Config {
    /// Returns the names of the destinations that are served.
    pub fn destination_names(&self) -> Vec<String> {
        self.destinations
            .iter()
            .filter(|destination| destination.common().enabled)
            .map(|destination| destination.name().to_owned())
            .collect()
    }
}
