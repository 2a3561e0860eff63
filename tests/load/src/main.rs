//! `load`: measures every budget of the design in one run and writes `summary.json`.
//!
//! ```text
//! load run --collector target/release/firsthand --out target/bench
//! load serve bare --listen 127.0.0.1:0     (the baselines; `run` starts them itself)
//! ```

mod baseline;
mod client;

use std::net::SocketAddr;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "load", about = "Benchmarks of Firsthand")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a baseline.
    Serve {
        /// Which one.
        baseline: baseline::Baseline,
        /// Where; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve { baseline, listen } => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(baseline::serve(baseline, listen)),
    }
}
