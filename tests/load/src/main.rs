//! `load`: measures every budget of the design in one run and writes `summary.json`.
//!
//! ```text
//! load run --collector target/release/firsthand --out target/bench
//! load serve bare --listen 127.0.0.1:0     (the baselines; `run` starts them itself)
//! ```

mod baseline;
mod client;
mod collector;
mod delivery;
mod intake;
mod peer;
mod postgres;
mod process;
mod report;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "load", about = "Benchmarks of Firsthand")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures everything and writes `summary.json`.
    Run {
        /// The collector's binary, built for release.
        #[arg(long)]
        collector: PathBuf,
        /// Folder of the results.
        #[arg(long, default_value = "target/bench")]
        out: PathBuf,
        /// Rounds of each comparison; the median counts.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Length of one measurement, in seconds.
        #[arg(long, default_value_t = 4)]
        seconds: u64,
        /// Concurrent connections.
        #[arg(long, default_value_t = 256)]
        connections: usize,
        /// Connections of the peer's pool to PostgreSQL.
        #[arg(long, default_value_t = PEER_POOL)]
        peer_pool: usize,
        /// Keys in the full dedup set.
        #[arg(long, default_value_t = 5_000_000)]
        keys: u64,
        /// Events that are taken in while the destination is down, to show that memory is bounded.
        #[arg(long, default_value_t = 1_000_000)]
        backlog: u64,
        /// Measures only these parts; all of them when none is named.
        #[arg(long, value_enum)]
        only: Vec<Part>,
        /// Leaves the browser measurements out.
        #[arg(long)]
        no_sdk: bool,
    },
    /// Serves a baseline.
    Serve {
        /// Which one.
        baseline: baseline::Baseline,
        /// Where; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Serves the peer that writes a row an event to PostgreSQL.
    ServePeer {
        /// Folder of PostgreSQL's socket.
        #[arg(long)]
        socket: PathBuf,
        /// Connections of the pool.
        #[arg(long, default_value_t = PEER_POOL)]
        pool: usize,
        /// Where; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
}

/// Connections of the peer's pool to PostgreSQL.
const PEER_POOL: usize = 32;

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve { baseline, listen } => {
            server_runtime()?.block_on(baseline::serve(baseline, listen))
        }
        Command::ServePeer {
            socket,
            pool,
            listen,
        } => server_runtime()?.block_on(peer::serve(&socket, pool, listen)),
        Command::Run {
            collector,
            out,
            rounds,
            seconds,
            connections,
            peer_pool,
            keys,
            backlog,
            only,
            no_sdk,
        } => {
            let plan = intake::Plan {
                rounds,
                duration: Duration::from_secs(seconds),
                connections,
                peer_pool,
            };
            keep_data_in(&out)?;
            let wanted = Wanted {
                only,
                no_sdk,
                keys,
                backlog,
            };
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let tasks = tokio::task::LocalSet::new();
            let rows = runtime.block_on(tasks.run_until(run(&collector, plan, &wanted)))?;
            let table = report::write(&out, &rows)?;
            print(&table)
        }
    }
}

/// The runtime of the servers that the collector is compared with: a worker a core that they may use, as its own.
fn server_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

/// Puts the data of all servers of this run beside the results: what is compared is on the same disk.
fn keep_data_in(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).context("creating the folder of the results")?;
    let folder = folder
        .canonicalize()
        .context("finding the folder of the results")?;
    tempfile::env::override_temp_dir(&folder)
        .map_err(|other| anyhow::anyhow!("temporary data is kept in {} already", other.display()))
}

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The SDK in Chromium.
    Sdk,
    /// Durable intake against its baselines.
    Intake,
    /// The same, and beside it a row an event in PostgreSQL.
    Peer,
    /// Accepted to delivered.
    Delivery,
    /// Resident memory.
    Memory,
    /// Intake with a full dedup set.
    Decay,
}

/// What is measured, and with how much.
struct Wanted {
    only: Vec<Part>,
    no_sdk: bool,
    keys: u64,
    backlog: u64,
}

impl Wanted {
    fn has(&self, part: Part) -> bool {
        let is_left_out = part == Part::Sdk && self.no_sdk;
        !is_left_out && (self.only.is_empty() || self.only.contains(&part))
    }
}

async fn run(
    collector: &Path,
    plan: intake::Plan,
    wanted: &Wanted,
) -> anyhow::Result<Vec<report::Row>> {
    let mut rows = Vec::new();
    if wanted.has(Part::Sdk) {
        step("the SDK in Chromium");
        rows.extend(sdk().await?);
    }
    let has_peer = wanted.has(Part::Peer);
    if wanted.has(Part::Intake) || has_peer {
        step("durable intake against its baselines");
        let cluster = if has_peer { cluster().await } else { None };
        rows.extend(intake::measure(collector, plan, cluster).await?);
    }
    if wanted.has(Part::Delivery) {
        step("accepted to delivered");
        rows.push(delivery::latency(collector).await?);
    }
    if wanted.has(Part::Memory) {
        step("memory");
        rows.extend(delivery::memory(collector, wanted.backlog, plan.connections).await?);
    }
    if wanted.has(Part::Decay) {
        step("intake with a full dedup set");
        rows.push(intake::decay(collector, plan, wanted.keys).await?);
    }
    Ok(rows)
}

/// Makes a PostgreSQL to compare with; `None` where none can be had, which is said and fails nothing.
async fn cluster() -> Option<postgres::Cluster> {
    postgres::Cluster::create()
        .await
        .inspect_err(peer_left_out)
        .ok()
}

/// Says why there are no rows of the peer.
fn peer_left_out(why: &anyhow::Error) {
    step(&format!("no rows of a peer, {why:#}"));
}

/// Runs the browser's measurements, which are a program of their own.
async fn sdk() -> anyhow::Result<Vec<report::Row>> {
    let output = tokio::process::Command::new("node")
        .arg("tests/e2e/measure-sdk.mjs")
        .stderr(std::process::Stdio::inherit())
        .output()
        .await
        .context("starting node from the project's folder")?;
    ensure!(output.status.success(), "measuring the SDK failed");
    serde_json::from_slice(&output.stdout).context("the SDK's measurements are not JSON")
}

#[allow(clippy::print_stderr)] // Progress of a command that runs for minutes.
fn step(what: &str) {
    eprintln!("bench: {what} …");
}

fn print(table: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    std::io::stdout()
        .write_all(table.as_bytes())
        .context("writing the table")
}
