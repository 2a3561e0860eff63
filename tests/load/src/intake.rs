//! Durable intake against the two baselines, interleaved in one run so that a noisy machine is noisy
//! for all of them.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::client::{self, Load, Throughput};
use crate::collector::Collector;
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
}

const WARM_UP: Duration = Duration::from_millis(500);

/// Measures intake at 1 and 10 events a request and returns the rows of both budgets.
pub(crate) async fn measure(collector_bin: &Path, plan: Plan) -> anyhow::Result<Vec<Row>> {
    let own = std::env::current_exe().context("finding this program")?;
    let mut rows = Vec::new();
    for (events, baseline, name) in [
        (1, "bare", "durable intake, 1 event a request"),
        (10, "parse", "durable intake, 10 events a request"),
    ] {
        let mut durable = Vec::new();
        let mut compared = Vec::new();
        for round in 0..plan.rounds {
            let server = Server::start(&own, &["serve", baseline]).await?;
            compared.push(load(&server, events, plan, round).await?);
            server.stop().await?;
            let collector =
                Collector::start(collector_bin, &crate::collector::Forwarding::None).await?;
            durable.push(load(&collector.server, events, plan, round).await?);
            collector.stop().await?;
        }
        let rps =
            |runs: &[Throughput]| median(runs.iter().map(|r| r.requests_per_second).collect());
        rows.push(Row::new(name, rps(&durable), "req/s", rps(&compared)));
        let p99 = |runs: &[Throughput]| median(runs.iter().map(|r| r.p99_us).collect());
        rows.push(Row::new(
            format!("{name}, p99"),
            p99(&durable),
            "us",
            p99(&compared),
        ));
        let p50 = |runs: &[Throughput]| median(runs.iter().map(|r| r.p50_us).collect());
        rows.push(Row::new(
            format!("{name}, p50"),
            p50(&durable),
            "us",
            p50(&compared),
        ));
    }
    Ok(rows)
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
