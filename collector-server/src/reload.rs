//! A new configuration for a running collector, without a request or an event lost.
//!
//! Promises: everything is built from the new file before anything is swapped, so a bad file changes nothing;
//! requests that are at work end behind the doors they came in by, the next go through the new ones; each
//! destination finishes and commits the request it is in. Secrets are read again. Refuses to change what is bound
//! or open: that is named in the log and counts from the next start on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

use crate::alerts::Plan;
use crate::config::{self, Config, ConfigError};
use crate::forward::health::Health;
use crate::forward::{self, Forwarder};
use crate::intake::{self, App};
use crate::inventory;
use crate::serve::check_secrets;
use crate::signals::Signals;
use crate::store::sqlite::SqliteStore;

/// What runs, and can be swapped.
pub(crate) struct Running {
    /// Where the configuration is.
    pub(crate) file: PathBuf,
    /// The configuration in force.
    pub(crate) config: Config,
    pub(crate) store: SqliteStore,
    pub(crate) prometheus: PrometheusHandle,
    pub(crate) forwarder: Forwarder,
    /// Where it is noted how the destinations stand.
    pub(crate) health: Health,
    /// Who is told what needs a person.
    pub(crate) alert_plan: watch::Sender<Option<Arc<Plan>>>,
    /// What came and what is unusual.
    pub(crate) signals: Signals,
    /// The destinations that are served, for who looks how far they are.
    pub(crate) destination_names: watch::Sender<Vec<String>>,
    /// The doors that requests go through.
    pub(crate) doors: watch::Sender<Router>,
    /// Those of the listener for metrics, where there is one.
    pub(crate) metrics_doors: Option<watch::Sender<Router>>,
}

impl Running {
    /// Reads the file again and takes it over, or says why not and goes on as before.
    pub(crate) async fn reload(&mut self) {
        let result = match self.try_reload().await {
            Ok(kept) => {
                if !kept.is_empty() {
                    tracing::warn!(
                        keys = kept.join(", "),
                        "these keys count from the next start on"
                    );
                }
                tracing::info!(
                    destinations = self.config.destination_names().join(", "),
                    "configuration reloaded"
                );
                "done"
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "configuration not reloaded, the old one stays in force"
                );
                "refused"
            }
        };
        metrics::counter!("firsthand_reload_total", "result" => result).increment(1);
    }

    async fn try_reload(&mut self) -> anyhow::Result<Vec<&'static str>> {
        let (file, running) = (self.file.clone(), self.config.clone());
        let health = self.health.clone();
        let (store, prometheus) = (self.store.clone(), self.prometheus.clone());
        // Files and secrets are read, digests made: not on the threads that serve.
        let signals = self.signals.clone();
        let built = tokio::task::spawn_blocking(move || {
            build(&file, &running, store, prometheus, &health, signals)
        });
        let built = built.await.context("building the new configuration")??;
        let destinations = built.config.destination_names();
        let served = destinations.clone();
        let engine = built
            .config
            .store
            .engine(&built.config.privacy, destinations);
        self.store
            .configure(engine)
            .await
            .context("telling the store")?;
        // Nothing can fail any more.
        self.signals.configure(&built.config);
        inventory::register(&built.config);
        self.destination_names.send_replace(served);
        self.forwarder
            .replace(&Arc::new(self.store.clone()), built.forwarding);
        if let Some(doors) = &self.metrics_doors {
            let new = intake::metrics_router(Arc::clone(&built.app));
            doors.send_modify(|doors| *doors = new);
        }
        let new = intake::router(built.app);
        self.doors.send_modify(|doors| *doors = new);
        self.alert_plan.send_replace(built.alerts);
        self.config = built.config;
        Ok(built.kept)
    }
}

struct Built {
    config: Config,
    kept: Vec<&'static str>,
    app: Arc<App>,
    forwarding: forward::Prepared,
    alerts: Option<Arc<Plan>>,
}

fn build(
    file: &Path,
    running: &Config,
    store: SqliteStore,
    prometheus: PrometheusHandle,
    health: &Health,
    signals: Signals,
) -> anyhow::Result<Built> {
    let mut config = config::load(file)?;
    let kept = config.keep_fixed(running);
    // Old and new values may contradict each other.
    let problems = config.problems();
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems)).context(
            "with the keys that count from the next start on only, the configuration makes no sense",
        );
    }
    check_secrets(&config)?;
    let names = config.destination_names();
    let app = App::build(&config, store, names, prometheus, signals)?;
    let forwarding = forward::prepare(&config.forwarding(health))?;
    let alerts = Plan::build(&config)?;
    Ok(Built {
        config,
        kept,
        app,
        forwarding,
        alerts,
    })
}
