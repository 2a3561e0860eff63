//! The configuration: one TOML file, read by `check` and `serve` alike.
//!
//! Unknown keys are refused with the nearest known one, numbers carry their unit in their name, the
//! whole is validated at once and every error names the key and what to write. Secrets are named
//! here (`{ env = "…" }`, `{ file = "…" }`), never written here. See `docs/config.md`.

mod alerts;
mod confirm;
mod fixed;
mod limits;
mod load;
mod mistake;
mod sections;
mod signals;
mod source;
mod validate;
mod validate_source;

pub use alerts::AlertsSection;
pub use confirm::{ConfirmName, ConfirmSection, DEFAULT_WAIT_HOURS};
pub use limits::LimitsSection;
pub use load::{ConfigError, load, parse};
use sections::names;
pub use sections::{
    AdminSection, BotPolicy, BotsSection, ConsentSection, CookieSection, GpcModeName, GpcScopeName,
    LogFormat, PrivacySection, RegimeName, SameSite, ServerSection, SettleSection, StoreSection,
};
pub use signals::SignalsSection;
pub use source::{
    AbsentName, ItemIdName, MAX_SECRETS, OrderValueName, PurposeName, SIGNATURE_TOLERANCE_SECS,
    SourceKindName, SourceSection,
};
pub use validate::Problem;

use firsthand_core::identity::Country;
use serde::Deserialize;

use crate::explain::basis::Requirement;
use crate::forward::Settings;
use crate::forward::config::{DestinationConfig, ForwardConfig};
use crate::forward::health::Health;
use crate::forward::replay::{Served, Target};
use crate::privacy::ledger::{Controller, DATA_CLASSES, Recipient, Retention, TermsText};

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
    /// What a trusted source must confirm before it is forwarded.
    #[serde(default)]
    pub confirm: ConfirmSection,
    /// Where and how long events are kept.
    #[serde(default)]
    pub store: StoreSection,
    /// What a proof of consent says about the shop, and how long proofs are kept.
    #[serde(default)]
    pub privacy: PrivacySection,
    /// Who is told what needs a person.
    #[serde(default)]
    pub alerts: AlertsSection,
    /// What is unusual enough to be told.
    #[serde(default)]
    pub signals: SignalsSection,
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
    /// Returns what each destination that is served requires.
    pub fn requirements(&self) -> Vec<Requirement> {
        self.destinations
            .iter()
            .filter(|destination| destination.common().enabled)
            .map(|destination| Requirement {
                name: destination.name().to_owned(),
                purposes: destination.requires(),
            })
            .collect()
    }

    /// Returns the country of phone numbers without one, where all sources that name one name the same.
    pub fn phone_country(&self) -> Option<Country> {
        let mut named = self
            .sources
            .iter()
            .filter_map(|source| Country::parse(source.default_phone_country.as_deref()?));
        let first = named.next()?;
        named.all(|other| other == first).then_some(first)
    }

    /// Returns what every receipt says about the shop: controller, recipients, retention.
    pub fn terms(&self) -> TermsText {
        let privacy = &self.privacy;
        let recipients = self
            .requirements()
            .into_iter()
            .map(|requirement| Recipient {
                name: requirement.name,
                requires: requirement
                    .purposes
                    .into_iter()
                    .map(|purpose| purpose.as_str().to_owned())
                    .collect(),
            })
            .collect();
        TermsText {
            controller: Controller {
                contact: privacy.contact.clone(),
                name: privacy.controller.clone(),
            },
            data_classes: DATA_CLASSES.map(str::to_owned).to_vec(),
            notice_sha256: privacy.notice_sha256.clone(),
            notice_url: privacy.notice_url.clone(),
            recipients,
            retention: Retention {
                by_purpose_days: privacy.retention_days.by_name(),
                events_days: self.store.retention_days,
                receipts_days: privacy.receipt_days,
            },
            storage_location: privacy.storage_location.clone(),
            withdraw_url: privacy.withdraw_url.clone(),
        }
    }

    /// Returns what may be sent again to whom.
    pub fn replay_served(&self) -> Served {
        let served = self
            .destinations
            .iter()
            .filter(|destination| destination.common().enabled)
            .map(|destination| Target {
                name: destination.name().to_owned(),
                max_age_ms: i64::try_from(destination.max_event_age().as_millis())
                    .unwrap_or(i64::MAX),
            });
        Served {
            targets: served.collect(),
            confirmed: self.confirm.rules().names,
        }
    }

    /// Returns what the forwarder needs to know.
    pub(crate) fn forwarding(&self, health: &Health) -> Settings {
        Settings {
            health: health.clone(),
            confirm: self.confirm.rules(),
            longest_settle_ms: self.settle.longest_ms(),
            ..Settings::new(
                self.forward.clone(),
                self.destinations.clone(),
                self.consent.policy(),
            )
        }
    }

    /// Returns the names of the destinations that are served.
    pub fn destination_names(&self) -> Vec<String> {
        self.destinations
            .iter()
            .filter(|destination| destination.common().enabled)
            .map(|destination| destination.name().to_owned())
            .collect()
    }
}
