//! `faults`: runs the fault suite and says what it found.
//!
//! ```text
//! faults run                                  the short form, with a seed of the day
//! faults run --long --seed 7                  the long form, a schedule that was seen before
//! faults run --only kills --forge loss        shows that a loss is seen: ends with 1
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum as _};
use firsthand_faults::collector::find_binary;
use firsthand_faults::forge::Forge;
use firsthand_faults::scenario::{self, Length, Scenario};

#[derive(Parser)]
#[command(
    name = "faults",
    about = "Fault suite of Firsthand: every 202 is a debt"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs scenarios; ends with 1 where a debt is not paid.
    #[command(
        after_help = "Examples:\n  faults run --long\n  faults run --only kills,disk --seed 7\n  faults run --only kills --forge loss   shows that a loss is seen: ends with 1"
    )]
    Run {
        /// The schedule's seed; absent: one of this moment, which is printed.
        #[arg(long)]
        seed: Option<u64>,
        /// The collector's binary; absent: the one beside this program.
        #[arg(long)]
        collector: Option<PathBuf>,
        /// Minutes instead of seconds: 200 kills, hundreds of cuts.
        #[arg(long)]
        long: bool,
        /// Runs only these; all of them when none is named.
        #[arg(long, value_enum, value_delimiter = ',')]
        only: Vec<Scenario>,
        /// Forges trouble, which must be found.
        #[arg(long, value_enum)]
        forge: Option<Forge>,
    },
}

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<ExitCode> {
    let Command::Run {
        seed,
        collector,
        long,
        only,
        forge,
    } = Cli::parse().command;
    let seed = match seed {
        Some(seed) => seed,
        None => seed_of_now()?,
    };
    let binary = find_binary(collector)?;
    let length = if long { Length::Long } else { Length::Short };
    let chosen = if only.is_empty() {
        Scenario::value_variants()
    } else {
        &only
    };
    say(&format!("seed {seed}, collector {}", binary.display()))?;
    let mut is_good = true;
    for scenario in chosen {
        match scenario::run(*scenario, &binary, seed, length, forge).await {
            Ok(verdict) => {
                is_good &= verdict.findings.is_empty();
                say(&verdict.to_string())?;
            }
            Err(error) => {
                is_good = false;
                say(&format!("FAILED: {error:#}"))?;
            }
        }
    }
    if !is_good {
        say(&format!(
            "not all is well; the same schedule again: --seed {seed}"
        ))?;
    }
    Ok(ExitCode::from(u8::from(!is_good)))
}

fn seed_of_now() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Ok(since.context("the clock is before 1970")?.as_secs())
}

fn say(line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").context("writing the report")
}
