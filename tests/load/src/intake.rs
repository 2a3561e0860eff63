//! Durable intake against the two baselines and a peer with a database, interleaved in one run so that a noisy machine is noisy
//! for all of them.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::client::{self, Load, Throughput};
use crate::collector::Collector;
use crate::postgres::Cluster;
use crate::process::Server;
use crate::report::{Row, median};

/// How the intake is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Rounds; each measures all servers once.
    pub rounds: usize,
    /// Length of one measurement.
    pub duration: Duration,
    /// Concurrent connections. Group commit needs company: with `n` connections at most `n`
    /// requests share one fsync.
    pub connections: usize,
    /// Connections of the peer's pool to PostgreSQL.
    pub peer_pool: usize,
}

const WARM_UP: Duration = Duration::from_millis(500);

/// Measures intake at 1 and 10 events a request and returns the rows of both budgets; with a cluster also those of the
/// peer that writes a row an event to it.
pub(crate) async fn measure(
    collector_bin: &Path,
    plan: Plan,
    mut cluster: Option<Cluster>,
) -> anyhow::Result<Vec<Row>> {
    let own = std::env::current_exe().context("finding this program")?;
    let mut rows = Vec::new();
    for (events, baseline, what) in [
        (1, "bare", "1 event a request"),
        (10, "parse", "10 events a request"),
    ] {
        let mut compared = Vec::new();
        let mut durable = Vec::new();
        let mut peer = Vec::new();
        for round in 0..plan.rounds {
            let server = Server::start(&own, &["serve", baseline]).await?;
            compared.push(load(&server, events, plan, round).await?);
            server.stop().await?;
            let collector =
                Collector::start(collector_bin, &crate::collector::Forwarding::None).await?;
            durable.push(load(&collector.server, events, plan, round).await?);
            collector.stop().await?;
            let Some(there) = &cluster else { continue };
            match peer_round(&own, there, events, plan, round).await {
                Ok(measured) => peer.push(measured),
                Err(error) => {
                    crate::peer_left_out(&error);
                    cluster = None;
                }
            }
        }
        rows.extend(rows_of(
            &format!("durable intake, {what}"),
            &durable,
            &compared,
        ));
        if cluster.is_some() {
            rows.extend(rows_of(
                &format!("peer: PostgreSQL, a row an event, {what}"),
                &peer,
                &compared,
            ));
            rows.push(Row::new(
                format!("durable intake beside a PostgreSQL row-per-event writer, {what}"),
                requests_per_second(&durable),
                "req/s",
                requests_per_second(&peer),
            ));
        }
    }
    Ok(rows)
}

/// Measures the peer once: PostgreSQL and the handler before it, both on the server's core and both ended after it, so
/// that they take nothing from the others.
async fn peer_round(
    own: &Path,
    cluster: &Cluster,
    events: usize,
    plan: Plan,
    round: usize,
) -> anyhow::Result<Throughput> {
    let database = cluster.start(plan.peer_pool).await?;
    let socket = cluster
        .sockets()
        .to_str()
        .context("the temporary folder's name is not UTF-8")?;
    let pool = plan.peer_pool.to_string();
    let args = ["serve-peer", "--socket", socket, "--pool", &pool];
    let server = Server::start(own, &args).await?;
    let measured = load(&server, events, plan, round).await?;
    server.stop().await?;
    database.stop().await?;
    Ok(measured)
}

/// Returns throughput and times of a server beside what it is compared with.
fn rows_of(name: &str, runs: &[Throughput], compared: &[Throughput]) -> [Row; 3] {
    let p99 = |runs: &[Throughput]| median(runs.iter().map(|r| r.p99_us).collect());
    let p50 = |runs: &[Throughput]| median(runs.iter().map(|r| r.p50_us).collect());
    [
        Row::new(
            name,
            requests_per_second(runs),
            "req/s",
            requests_per_second(compared),
        ),
        Row::new(format!("{name}, p99"), p99(runs), "us", p99(compared)),
        Row::new(format!("{name}, p50"), p50(runs), "us", p50(compared)),
    ]
}

fn requests_per_second(runs: &[Throughput]) -> f64 {
    median(runs.iter().map(|r| r.requests_per_second).collect())
}

/// Measures how much slower intake is when the dedup set is full than when it is empty.
pub(crate) async fn decay(collector_bin: &Path, plan: Plan, keys: u64) -> anyhow::Result<Row> {
    let mut empty = Vec::new();
    let mut full = Vec::new();
    let filled = Collector::filled(collector_bin, keys).await?;
    for round in 0..plan.rounds {
        let fresh = Collector::start(collector_bin, &crate::collector::Forwarding::None).await?;
        empty.push(
            load(&fresh.server, 10, plan, round)
                .await?
                .requests_per_second,
        );
        fresh.stop().await?;
        full.push(
            load(&filled.server, 10, plan, round)
                .await?
                .requests_per_second,
        );
    }
    filled.stop().await?;
    // Slower is more: the ratio says how many times the empty store's throughput is the full one's.
    Ok(Row::new(
        "intake decay with a full dedup set",
        median(empty),
        "req/s",
        median(full),
    ))
}

async fn load(
    server: &Server,
    events: usize,
    plan: Plan,
    round: usize,
) -> anyhow::Result<Throughput> {
    let load = Load {
        addr: server.addr,
        connections: plan.connections,
        events,
        duration: plan.duration,
        warm_up: WARM_UP,
    };
    client::run(&load, round as u64 + 1).await
}
