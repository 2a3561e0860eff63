//! From the 202 to the platform: how long a healthy destination waits for an event, and how much
//! memory the collector takes when its destination is down.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::client::{self, Load};
use crate::collector::{Collector, Forwarding};
use crate::process::Server;
use crate::report::Row;

const EVENTS: usize = 500;
const PAUSE: Duration = Duration::from_millis(20);
const DEADLINE: Duration = Duration::from_secs(30);
const NOBODY_LISTENS: &str = "http://127.0.0.1:9";

/// The design's bars, where a row has nothing to be compared with in the same run.
const LATENCY_BAR_MS: f64 = 1000.0;
const IDLE_BAR_MB: f64 = 40.0;
const LOADED_BAR_MB: f64 = 256.0;

/// Measures the time from the collector's answer to the platform's receipt.
pub(crate) async fn latency(bin: &Path) -> anyhow::Result<Row> {
    let sandbox = Server::start(bin, &["sandbox", "--listen", "127.0.0.1:0"]).await?;
    let collector = Collector::start(
        bin,
        &Forwarding::Sandbox(format!("http://{}", sandbox.addr)),
    )
    .await?;
    let accepted = client::paced(collector.server.addr, EVENTS, PAUSE).await?;
    let end = tokio::time::Instant::now() + DEADLINE;
    let received = loop {
        let received = receipts(sandbox.addr).await?;
        if received.len() >= accepted.len() {
            break received;
        }
        ensure!(
            tokio::time::Instant::now() < end,
            "{} of {} events arrived in time",
            received.len(),
            accepted.len()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let mut delays: Vec<i64> = accepted
        .iter()
        .map(|(id, at_ms)| {
            received
                .get(id)
                .map(|r| (r - at_ms).max(0))
                .context("an event did not arrive")
        })
        .collect::<anyhow::Result<_>>()?;
    delays.sort_unstable();
    collector.stop().await?;
    sandbox.stop().await?;
    #[allow(clippy::cast_precision_loss)]
    let p99 = delays[(delays.len() - 1) * 99 / 100] as f64;
    Ok(Row::new(
        "accepted to delivered, p99",
        p99,
        "ms",
        LATENCY_BAR_MS,
    ))
}

async fn receipts(sandbox: std::net::SocketAddr) -> anyhow::Result<HashMap<String, i64>> {
    let text = client::get(sandbox, "/control/events?platform=meta&limit=5000").await?;
    let answer: serde_json::Value =
        serde_json::from_str(&text).context("the sandbox's answer is not JSON")?;
    let events = answer["events"]
        .as_array()
        .context("the sandbox's answer has no events")?;
    Ok(events
        .iter()
        .filter_map(|e| {
            Some((
                e["event_id"].as_str()?.to_owned(),
                e["received_at_ms"].as_i64()?,
            ))
        })
        .collect())
}

/// Events in one request of the backlog.
const BACKLOG_BATCH: usize = 10;
/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Measures resident memory: idle, and the peak while `backlog` events are taken in at full load and their
/// destination is down. That it is bounded shows in its second half, beside the first: all that was taken in
/// waits, and twice as much may not take more.
pub(crate) async fn memory(
    bin: &Path,
    backlog: u64,
    connections: usize,
) -> anyhow::Result<Vec<Row>> {
    let collector = Collector::start(bin, &Forwarding::Sandbox(NOBODY_LISTENS.to_owned())).await?;
    let server = &collector.server;
    let idle = server.resident_mb()?;
    let load = Load {
        addr: server.addr,
        connections,
        events: BACKLOG_BATCH,
        duration: Duration::ZERO,
        warm_up: Duration::ZERO,
    };
    let mut peaks = [idle; 2];
    for (half, peak) in peaks.iter_mut().enumerate() {
        let salt = half as u64 + 1;
        let mut filling = std::pin::pin!(client::fill(&load, backlog / 2, salt));
        let mut looks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                done = &mut filling => {
                    done?;
                    break;
                }
                _ = looks.tick() => *peak = peak.max(server.resident_mb()?),
            }
        }
        *peak = peak.max(server.resident_mb()?);
    }
    collector.stop().await?;
    let [first, second] = peaks;
    Ok(vec![
        Row::new("resident memory, idle", idle, "MB", IDLE_BAR_MB),
        Row::new(
            "resident memory, full load, destination down",
            first.max(second),
            "MB",
            LOADED_BAR_MB,
        ),
        Row::new("the same, second half beside first", second, "MB", first),
    ])
}
