//! What every door shares, built from the configuration before a port is bound.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use firsthand_core::consent::Regime;
use http::HeaderName;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use super::cookie::CookieWriter;
use super::metrics::IntakeMetrics;
use super::network::Network;
use super::sources::Sources;
use crate::admit;
use crate::config::{BotPolicy, Config};
use crate::secret::Secret;
use crate::store::sqlite::SqliteStore;

/// State of the doors.
#[derive(Debug)]
pub struct App {
    pub(super) store: SqliteStore,
    pub(super) sources: Sources,
    pub(super) rules: admit::Rules,
    pub(super) regime_default: Regime,
    pub(super) regime_by_country: BTreeMap<String, Regime>,
    pub(super) country_header: Option<HeaderName>,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) cookie: CookieWriter,
    pub(super) body_bytes: usize,
    pub(super) events_per_batch: usize,
    pub(super) read_timeout: Duration,
    pub(super) permits: Semaphore,
    pub(super) path_prefix: String,
    pub(super) has_metrics_listener: bool,
    pub(super) admin_token: Option<Secret>,
    pub(super) destinations: Vec<String>,
    pub(crate) sdk_max_age_secs: u32,
    pub(super) prometheus: PrometheusHandle,
    pub(super) metrics: IntakeMetrics,
}

impl App {
    /// Builds the doors' state; resolves the secrets.
    pub fn build(
        config: &Config,
        store: SqliteStore,
        destinations: Vec<String>,
        prometheus: PrometheusHandle,
    ) -> anyhow::Result<Arc<Self>> {
        let sources = Sources::build(&config.sources)?;
        let admin_token = config
            .admin
            .token
            .as_ref()
            .map(|source| source.resolve().context("admin.token"))
            .transpose()?;
        let country_header = config
            .server
            .country_header
            .as_deref()
            .map(|name| HeaderName::from_bytes(name.as_bytes()).context("server.country_header"))
            .transpose()?;
        let limits = &config.limits;
        let names: HashSet<&str> = sources.names().collect();
        let metrics = IntakeMetrics::new(names);
        Ok(Arc::new(Self {
            store,
            sources,
            rules: rules(config),
            regime_default: config.consent.default_regime.into(),
            regime_by_country: config
                .consent
                .regime_by_country
                .iter()
                .map(|(country, regime)| (country.clone(), (*regime).into()))
                .collect(),
            country_header,
            trusted_proxies: config
                .server
                .trusted_proxies
                .iter()
                .filter_map(|text| Network::parse(text))
                .collect(),
            cookie: CookieWriter::new(&config.cookie, config.server.public_url.as_deref()),
            body_bytes: limits.body_bytes,
            events_per_batch: limits.events_per_batch,
            read_timeout: Duration::from_secs(config.server.read_timeout_secs),
            permits: Semaphore::new(limits.concurrent_requests),
            path_prefix: config.server.path_prefix.clone(),
            has_metrics_listener: config.server.metrics_listen.is_some(),
            admin_token,
            destinations,
            sdk_max_age_secs: config.server.sdk_max_age_secs,
            prometheus,
            metrics,
        }))
    }
}

fn rules(config: &Config) -> admit::Rules {
    let limits = &config.limits;
    admit::Rules {
        policy: config.consent.policy(),
        max_age_ms: i64::from(limits.max_event_age_days) * 86_400_000,
        max_future_ms: i64::from(limits.max_event_future_minutes) * 60_000,
        refuse_bots: config.bots.policy == BotPolicy::Reject,
        settle_default_ms: config.settle.default_ms.into(),
        settle_by_event_ms: config
            .settle
            .by_event_ms
            .iter()
            .map(|(name, ms)| (name.clone(), i64::from(*ms)))
            .collect(),
        quarantine_payload_bytes: limits.quarantine_payload_bytes,
    }
}
