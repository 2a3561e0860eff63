//! The life of the collector process: build everything, bind, serve, drain.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::alerts;
use crate::config::Config;
use crate::forward;
use crate::forward::health::Health;
use crate::intake::{self, App};
use crate::inventory;
use crate::listen;
use crate::open_files;
use crate::privacy::keys::Masters;
use crate::reload::Running;
use crate::signals::{self, Signals};
use crate::store::sqlite::SqliteStore;

/// Builds everything that can fail before a port is bound, without touching the data: what `check` and
/// `serve` share after the file is read.
pub fn check_secrets(config: &Config) -> anyhow::Result<()> {
    for source in &config.sources {
        if let Some(secret) = &source.secret_key {
            secret
                .resolve()
                .with_context(|| format!("source.{}.secret_key", source.name))?;
        }
        for secret in &source.secrets {
            secret
                .resolve()
                .with_context(|| format!("source.{}.secrets", source.name))?;
        }
    }
    if !config.privacy.keys.is_empty() {
        Masters::load(&config.store.dir, &config.privacy.keys, false)?;
    }
    if let Some(token) = &config.admin.token {
        token.resolve().context("admin.token")?;
    }
    for destination in &config.destinations {
        if destination.common().enabled {
            destination.connect()?;
        }
    }
    alerts::Plan::build(config)?;
    Ok(())
}

/// Serves until SIGTERM or SIGINT, then drains; reads `file` again at SIGHUP.
pub async fn serve(config: Config, file: &Path, port_file: Option<&Path>) -> anyhow::Result<()> {
    // From the first moment on: a signal that nobody waits for ends the process.
    let mut hangup = signal(SignalKind::hangup()).context("waiting for SIGHUP")?;
    check_secrets(&config)?;
    open_files::make_room(config.limits.connections);
    let prometheus = install_metrics()?;
    inventory::register(&config);
    let destinations = config.destination_names();
    let store = SqliteStore::open(config.store.engine(&config.privacy, destinations.clone()))
        .context("opening the store")?;
    let signals = Signals::open(&config, jiff::Timestamp::now().as_millisecond());
    let (destination_names, served) = watch::channel(destinations.clone());
    let app = App::build(
        &config,
        store.clone(),
        destinations,
        prometheus.clone(),
        signals.clone(),
    )?;
    let listener = bind(config.server.listen).await?;
    let address = listener.local_addr().context("the bound address")?;
    let metrics_listener = match config.server.metrics_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };

    let health = Health::default();
    let forwarder = forward::spawn(&Arc::new(store.clone()), &config.forwarding(&health))?;
    let (stop, stopped) = watch::channel(false);
    let mut metrics_doors = None;
    let metrics_task = metrics_listener.map(|listener| {
        let (doors, through) = watch::channel(intake::metrics_router(Arc::clone(&app)));
        metrics_doors = Some(doors);
        tokio::spawn(listen::run(&config, listener, through, stopped.clone()))
    });
    let (alert_plan, plan) = watch::channel(alerts::Plan::build(&config)?);
    let seen = alerts::Sources {
        health: health.clone(),
        store: store.clone(),
        signals: signals.clone(),
    };
    let alerts = tokio::spawn(alerts::run(seen, plan, stopped.clone()));
    let watching = tokio::spawn(signals::run(
        signals.clone(),
        store.clone(),
        health.clone(),
        served,
        stopped.clone(),
    ));
    let upkeep = tokio::spawn(metrics_upkeep(prometheus.clone(), stopped.clone()));
    let (doors, through) = watch::channel(intake::router(app));
    let server = tokio::spawn(listen::run(&config, listener, through, stopped));
    let mut running = Running {
        file: file.to_owned(),
        config,
        store: store.clone(),
        prometheus,
        forwarder,
        health,
        alert_plan,
        signals,
        destination_names,
        doors,
        metrics_doors,
    };
    announce(address, port_file)?;
    tracing::info!(%address, "collector started");

    let mut shutdown = pin!(shutdown_signal());
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(()) = hangup.recv() => running.reload().await,
        }
    }
    let Running {
        config, forwarder, ..
    } = running;
    tracing::info!("stopping: no new requests, finishing those at work");
    // Nobody listening any more is what is wanted.
    let _ = stop.send(true);
    let deadline = Duration::from_secs(config.server.drain_timeout_secs);
    let drain = async {
        let _ = server.await;
        if let Some(task) = metrics_task {
            let _ = task.await;
        }
        let _ = upkeep.await;
        let _ = alerts.await;
        let _ = watching.await;
        forwarder.stop().await;
    };
    if tokio::time::timeout(deadline, drain).await.is_err() {
        tracing::warn!(
            "requests or destinations were still at work after server.drain_timeout_secs"
        );
    }
    store.close().await;
    tracing::info!("collector stopped");
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}"))
}

/// Says where the collector listens, for people and for programs that started it on port 0.
#[allow(clippy::print_stdout)] // the command's one line of output
fn announce(address: SocketAddr, port_file: Option<&Path>) -> anyhow::Result<()> {
    println!("listening on http://{address}");
    std::io::stdout().flush().context("writing to stdout")?;
    if let Some(path) = port_file {
        std::fs::write(path, format!("{}\n", address.port()))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn install_metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".to_owned()),
            &[
                0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0,
            ],
        )?
        .set_buckets_for_metric(
            Matcher::Suffix("_commit_requests".to_owned()),
            &[
                1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0,
            ],
        )?
        .install_recorder()
        .context("starting the metrics")
}

/// The exporter's buffers grow until they are drained, so drain them also when nobody scrapes.
async fn metrics_upkeep(prometheus: PrometheusHandle, mut stopped: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            _ = tick.tick() => prometheus.run_upkeep(),
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
        }
    }
}

/// Waits for SIGTERM or SIGINT.
pub async fn shutdown_signal() {
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught, only Ctrl-C");
            let _ = interrupt.await;
        }
    }
}
