//! Google Data Manager API: `POST {base}/v1/events:ingest`, the way into Google Ads, Analytics and Floodlight.
//!
//! A request is taken as a whole or not at all; the refusal names the events. Credentials are a service
//! account's. Sources: the API's reference and its upgrade guide, the client library's retry settings, the
//! normalisation library `google-ads-datamanager-util`; see `docs/destinations/google_data_manager.md`.

mod answer;
mod event;

use std::collections::BTreeMap;
use std::sync::Arc;

use firsthand_core::catalogue;
use firsthand_core::consent::Purpose;
use firsthand_core::wire::json::Object;
use serde::Deserialize;

use super::google_oauth::ServiceAccount;
use super::{
    Account, AccountReader, Answer, Batch, Destination, Mapped, Outgoing, PlatformLimits,
    PlatformSpec, Setup, TokenGrant, Verdict, body, hours,
};
use crate::forward::config::{Checks, Common, ConfigError, is_digits, is_token};
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::{EventNames, Others, Skip};
use crate::secret::SecretSource;

/// 2000 events a request by the reference; the size of a request is not documented, 4 MB is what gRPC takes
/// unless told otherwise. 300 requests a minute a project, so few large ones. No page gives an age: 14 and
/// 63 days are quoted for different uses, so the default stays below the smaller.
pub(super) static SPEC: PlatformSpec = PlatformSpec {
    kind: "google_data_manager",
    limits: PlatformLimits {
        base_url: "https://datamanager.googleapis.com",
        max_batch_events: 2_000,
        default_batch_events: 500,
        max_body_bytes: 4_000_000,
        max_event_age: hours(63 * 24),
        default_max_event_age: hours(13 * 24),
        default_concurrency: 1,
        requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
    },
    names: EventNames {
        table: &[],
        others: Others::Canonical { reserved: &[] },
    },
    account: AccountReader::of::<DataManagerConfig>(),
    #[cfg(test)]
    fixture: tests::FIXTURE,
};

const SCOPE: &str = "https://www.googleapis.com/auth/datamanager";
/// Most destinations of one request.
const MAX_CONVERSIONS: usize = 10;

/// What kind of account receives the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccountType {
    /// Google Ads: every event name has a conversion action of its own.
    #[default]
    GoogleAds,
    /// Floodlight: every event name has an activity of its own.
    FloodlightConfig,
    /// Google Analytics: one property takes all names.
    GoogleAnalyticsProperty,
}

impl AccountType {
    fn as_str(self) -> &'static str {
        match self {
            Self::GoogleAds => "GOOGLE_ADS",
            Self::FloodlightConfig => "FLOODLIGHT_CONFIG",
            Self::GoogleAnalyticsProperty => "GOOGLE_ANALYTICS_PROPERTY",
        }
    }
}

/// The keys of an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataManagerConfig {
    /// Key file of a service account that may use the account.
    service_account: SecretSource,
    /// Kind of the account.
    #[serde(default)]
    account_type: AccountType,
    /// The account that receives: a Google Ads customer id without dashes, an Analytics property id.
    account_id: String,
    /// The manager account through which the service account may use it.
    #[serde(default)]
    login_account_id: Option<String>,
    /// Canonical event name to conversion action (Ads) or activity (Floodlight). Others are not sent.
    #[serde(default)]
    conversions: BTreeMap<String, String>,
    /// Measurement id of the web stream (Analytics).
    #[serde(default)]
    measurement_id: Option<String>,
    /// Google Cloud project that is charged for the quota.
    #[serde(default)]
    quota_project: Option<String>,
    /// Merchant Center account of the products in a cart.
    #[serde(default)]
    merchant_id: Option<String>,
    /// Google checks and records nothing.
    #[serde(default)]
    validate_only: bool,
}

impl Account for DataManagerConfig {
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        checks.require(
            "account_id",
            is_digits(&self.account_id),
            "must be the account's id, digits only (1234567890 for 123-456-7890)",
        )?;
        for (key, id) in [
            ("login_account_id", &self.login_account_id),
            ("merchant_id", &self.merchant_id),
        ] {
            checks.require(
                key,
                id.as_deref().is_none_or(is_digits),
                "must be digits only, or be left out",
            )?;
        }
        checks.require(
            "quota_project",
            self.quota_project.as_deref().is_none_or(is_token),
            "must be the id of a Google Cloud project, or be left out",
        )?;
        if self.account_type == AccountType::GoogleAnalyticsProperty {
            let id = self.measurement_id.as_deref().unwrap_or_default();
            checks.require(
                "measurement_id",
                id.starts_with("G-") && is_token(id),
                "must be the measurement id of the web stream, such as G-ABC123DEF4",
            )?;
            return checks.require(
                "conversions",
                self.conversions.is_empty(),
                "is for Google Ads and Floodlight: leave it out, an Analytics property takes all events",
            );
        }
        checks.require(
            "measurement_id",
            self.measurement_id.is_none(),
            "is for account_type = \"google_analytics_property\" only",
        )?;
        self.validate_conversions(checks)
    }

    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError> {
        const KEY: &str = "service_account";
        let json = setup.secret(KEY, &self.service_account)?;
        let (account, secrets) = ServiceAccount::read(json.expose(), SCOPE)
            .map_err(|problem| setup.problem(KEY, problem))?;
        Checks::new(&setup.common().name).base_url(KEY, account.token_url())?;
        for secret in secrets {
            setup.hide(secret);
        }
        Ok(Arc::new(DataManager {
            config: self.clone(),
            common: setup.common().clone(),
            base_url: setup.base_url(),
            account,
        }))
    }
}

impl DataManagerConfig {
    fn validate_conversions(&self, checks: &Checks<'_>) -> Result<(), ConfigError> {
        const KEY: &str = "conversions";
        checks.require(
            KEY,
            (1..=MAX_CONVERSIONS).contains(&self.conversions.len()),
            "must name 1 to 10 conversions, such as conversions = { purchase = \"123456789\" }",
        )?;
        for (name, id) in &self.conversions {
            let key = format!("{KEY}.{name}");
            checks.require(
                &key,
                catalogue::is_valid(name)
                    && catalogue::canonical(name) == name.as_str()
                    && name != "refund",
                "is no event that can be a conversion: write a canonical name such as purchase",
            )?;
            checks.require(
                &key,
                is_digits(id),
                "must be the id of the conversion action, digits only",
            )?;
        }
        Ok(())
    }
}

/// An account.
struct DataManager {
    config: DataManagerConfig,
    common: Common,
    base_url: String,
    account: ServiceAccount,
}

impl Destination for DataManager {
    fn map(
        &self,
        event: &Merged<'_>,
        permission: &Permission,
        now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let name = SPEC.names.of(&self.common, event.name)?;
        let is_analytics = self.config.account_type == AccountType::GoogleAnalyticsProperty;
        if !is_analytics && !self.config.conversions.contains_key(event.name) {
            return Err(Skip::new(
                "no_such_event",
                format!("no conversion is configured for {}", event.name),
            ));
        }
        let writer = event::Writer {
            event,
            allowed: permission.verdict,
            analytics_name: is_analytics.then_some(&*name),
            merchant_id: self.config.merchant_id.as_deref(),
        };
        let text = writer.write(event.at_ms.min(now_ms))?;
        Ok(Mapped {
            event: text,
            ..Mapped::default()
        })
    }

    fn request(&self, batch: &Batch<'_>) -> Outgoing {
        let mut out = String::with_capacity(batch.body_capacity() + 2_048);
        let mut object = Object::begin(&mut out);
        let destinations = self.destinations();
        body::objects(
            &mut object,
            "destinations",
            &destinations,
            |destination, (reference, product_id)| {
                destination.text("reference", reference);
                self.write_account(destination, "operatingAccount", &self.config.account_id);
                if let Some(login) = &self.config.login_account_id {
                    self.write_account(destination, "loginAccount", login);
                }
                destination.text("productDestinationId", product_id);
            },
        );
        body::list(object.key("events"), batch.events);
        object.text("encoding", "HEX");
        object.bool_opt("validateOnly", Some(self.config.validate_only));
        object.end();
        let mut outgoing = Outgoing::json(format!("{}/v1/events:ingest", self.base_url), out);
        if let Some(token) = batch.token {
            outgoing = outgoing.header("authorization", format!("Bearer {}", token.expose()));
        }
        match &self.config.quota_project {
            Some(project) => outgoing.header("x-goog-user-project", project.as_str()),
            None => outgoing,
        }
    }

    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict {
        answer::interpret(answer, batch.events.len(), self.config.validate_only)
    }

    fn token_grant(&self) -> Option<&dyn TokenGrant> {
        Some(&self.account)
    }
}

/// Name of the only destination of an Analytics property.
const ANALYTICS: &str = "analytics";

impl DataManager {
    /// Returns the destinations of a request: reference, id at the product.
    fn destinations(&self) -> Vec<(&str, &str)> {
        match &self.config.measurement_id {
            Some(id) => vec![(ANALYTICS, id)],
            None => self
                .config
                .conversions
                .iter()
                .map(|(name, id)| (name.as_str(), id.as_str()))
                .collect(),
        }
    }

    fn write_account(&self, object: &mut Object<'_>, key: &str, id: &str) {
        let mut account = Object::begin(object.key(key));
        account.text("accountType", self.config.account_type.as_str());
        account.text("accountId", id);
        account.end();
    }
}

#[cfg(test)]
mod tests;
