//! What every door shares, built from the configuration before a port is bound.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use firsthand_core::identity::Country;
use http::StatusCode;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::access::Access;
use super::answer::Refused;
use super::cookie::CookieWriter;
use super::metrics::IntakeMetrics;
use super::network::Network;
use super::rate::RateLimits;
use super::room::Room;
use super::sources::Sources;
use crate::admit;
use crate::config::{BotPolicy, Config};
use crate::explain::basis::Requirement;
use crate::forward::config::DestinationConfig;
use crate::forward::replay::Served;
use crate::privacy::ledger::Terms;
use crate::region::Regions;
use crate::signals::Signals;
use crate::store::sqlite::SqliteStore;

/// State of the doors.
#[derive(Debug)]
pub struct App {
    pub(super) store: SqliteStore,
    pub(super) sources: Sources,
    pub(super) rules: admit::Rules,
    pub(super) regions: Regions,
    pub(super) gpc_statement_date: String,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) cookie: CookieWriter,
    pub(super) body_bytes: usize,
    pub(super) events_per_batch: usize,
    pub(super) segment_body_bytes: usize,
    pub(super) segment_messages: usize,
    pub(super) webhook_body_bytes: usize,
    pub(super) read_timeout: Duration,
    pub(super) permits: Semaphore,
    /// Room for the bodies of all requests.
    pub(super) room: Arc<Room>,
    pub(super) rates: RateLimits,
    pub(super) path_prefix: String,
    pub(super) has_metrics_listener: bool,
    pub(super) access: Access,
    pub(super) destinations: Vec<String>,
    pub(super) requirements: Vec<Requirement>,
    /// Country of phone numbers that a privacy officer writes without one.
    pub(super) phone_country: Option<Country>,
    pub(super) confirmed: BTreeSet<String>,
    /// One report at a time.
    pub(super) reports: Semaphore,
    pub(super) replay_served: Served,
    pub(crate) sdk_max_age_secs: u32,
    pub(super) prometheus: PrometheusHandle,
    pub(super) metrics: IntakeMetrics,
    /// Counts what comes, to tell what is unusual.
    pub(super) signals: Signals,
}

impl App {
    /// Builds the doors' state; resolves the secrets.
    pub fn build(
        config: &Config,
        store: SqliteStore,
        destinations: Vec<String>,
        prometheus: PrometheusHandle,
        signals: Signals,
    ) -> anyhow::Result<Arc<Self>> {
        let sources = Sources::build(
            &config.sources,
            config.consent.policy_version,
            config.limits.segment_message_bytes,
        )?;
        let admin_token = config
            .admin
            .token
            .as_ref()
            .map(|source| source.resolve().context("admin.token"))
            .transpose()?;
        let limits = &config.limits;
        let names: HashSet<&str> = sources.names().collect();
        let rates = RateLimits::new(limits, names.iter().copied());
        let metrics = IntakeMetrics::new(names);
        Ok(Arc::new(Self {
            store,
            sources,
            rules: rules(config),
            regions: Regions::build(config)?,
            gpc_statement_date: config.consent.gpc_statement_date.clone(),
            trusted_proxies: config.server.trusted_networks(),
            cookie: CookieWriter::new(&config.cookie, config.server.public_url.as_deref()),
            body_bytes: limits.body_bytes,
            events_per_batch: limits.events_per_batch,
            segment_body_bytes: limits.segment_body_bytes,
            segment_messages: limits.segment_messages_per_batch,
            webhook_body_bytes: limits.webhook_body_bytes,
            read_timeout: Duration::from_secs(config.server.read_timeout_secs),
            permits: Semaphore::new(limits.concurrent_requests),
            room: Room::new(limits.bytes_in_flight),
            rates,
            path_prefix: config.server.path_prefix.clone(),
            has_metrics_listener: config.server.metrics_listen.is_some(),
            access: Access::new(admin_token),
            destinations,
            requirements: config.requirements(),
            phone_country: config.phone_country(),
            confirmed: config.confirm.rules().names,
            reports: Semaphore::new(1),
            replay_served: config.replay_served(),
            sdk_max_age_secs: config.server.sdk_max_age_secs,
            prometheus,
            metrics,
            signals,
        }))
    }

    /// Returns the right to work on one more request, or what its sender is told.
    pub(super) fn permit(&self) -> Result<SemaphorePermit<'_>, Refused> {
        self.permits.try_acquire().map_err(|_| {
            Refused::later(
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "too many requests at a time: send it again later",
                1,
            )
        })
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
        keeps_clear: config
            .destinations
            .iter()
            .any(DestinationConfig::wants_clear_values),
        terms: Arc::new(Terms::from(&config.terms())),
    }
}
