//! What goes wrong, one scenario after the other.

mod clocks;
mod disk;
mod network;
mod process;

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::dice::Dice;
use crate::forge::Forge;
use crate::oracle::{Finding, Leave};
use crate::power_cut;
use crate::world::{Setting, World};

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// `kill -9` at random instants, in bad weather.
    Kills,
    /// SIGTERM under load: every request at work is finished, the process ends well.
    Terminations,
    /// Every fault of the network in turn.
    Storms,
    /// SIGHUP under load, each time with another configuration.
    Reloads,
    /// A platform refuses the token until there is a new one.
    Token,
    /// Files that may not grow, then may again.
    Disk,
    /// A platform is away for two days, and the collector dies meanwhile.
    Outage,
    /// A platform is away for longer than it takes events.
    GiveUp,
    /// The wall clock jumps, both ways.
    Clocks,
    /// Copies of the store, cut short and torn at every kind of place.
    PowerCut,
}

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Seconds: part of the tests.
    Short,
    /// Minutes: `make faults`.
    Long,
}

impl Length {
    /// Returns one of two numbers.
    pub const fn of(self, short: u64, long: u64) -> u64 {
        match self {
            Self::Short => short,
            Self::Long => long,
        }
    }
}

/// What came of a scenario.
#[derive(Debug)]
pub struct Verdict {
    /// Which.
    pub scenario: Scenario,
    /// Its seed.
    pub seed: u64,
    /// Events that were acknowledged.
    pub events: usize,
    /// Events that were sent and never acknowledged.
    pub unacknowledged: usize,
    /// Requests to platforms that met a fault.
    pub faults: u64,
    /// Answers 429 and 503 of the collector.
    pub asked_to_wait: u64,
    /// How often the scenario did what it does: kills, reloads, cuts.
    pub rounds: u64,
    /// How long it took.
    pub took: Duration,
    /// What is wrong; empty when all debts are paid.
    pub findings: Vec<Finding>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:?} (seed {}): {} rounds, {} events acknowledged, {} not, {} faults, {} answers to wait, {:.1} s: ",
            self.scenario,
            self.seed,
            self.rounds,
            self.events,
            self.unacknowledged,
            self.faults,
            self.asked_to_wait,
            self.took.as_secs_f64()
        )?;
        match self.findings.as_slice() {
            [] => write!(out, "all debts are paid"),
            findings => {
                write!(out, "{} FINDINGS", findings.len())?;
                for finding in findings.iter().take(20) {
                    write!(out, "\n  {finding}")?;
                }
                Ok(())
            }
        }
    }
}

/// Runs a scenario. An error is one of the harness or a collector that does not start, end or answer; what the
/// oracle says is in the verdict.
pub async fn run(
    scenario: Scenario,
    binary: &Path,
    seed: u64,
    length: Length,
    forge: Option<Forge>,
) -> anyhow::Result<Verdict> {
    let started = Instant::now();
    let root = Dice::new(seed).fork(&format!("{scenario:?}"));
    let mut world = World::new(binary, root, setting(scenario)).await?;
    if let Some(forge) = forge {
        forge.before(&world);
    }
    let done = act(scenario, &mut world, length, forge).await;
    let (rounds, findings) = done.with_context(|| format!("{scenario:?} with seed {seed}"))?;
    let book = world.debts.book();
    let known = book.owed.len() + book.refused.len();
    Ok(Verdict {
        scenario,
        seed,
        events: book.owed.len(),
        unacknowledged: book.sent.len().saturating_sub(known),
        faults: world.platforms.sky.met().values().sum(),
        asked_to_wait: book.asked_to_wait.values().sum(),
        rounds,
        took: started.elapsed(),
        findings,
    })
}

const fn setting(scenario: Scenario) -> Setting {
    Setting {
        has_movable_clock: matches!(
            scenario,
            Scenario::Outage | Scenario::GiveUp | Scenario::Clocks
        ),
        is_without_destinations: matches!(scenario, Scenario::PowerCut),
        store: match scenario {
            // The log of writes is what is cut: it must not be folded into the file meanwhile.
            Scenario::PowerCut => "wal_checkpoint_pages = 1000000",
            // Folded often, so that kills meet it.
            Scenario::Kills => "wal_checkpoint_pages = 100",
            _ => "",
        },
    }
}

async fn act(
    scenario: Scenario,
    world: &mut World,
    length: Length,
    forge: Option<Forge>,
) -> anyhow::Result<(u64, Vec<Finding>)> {
    let rounds = match scenario {
        Scenario::Kills => process::kills(world, length).await?,
        Scenario::Terminations => process::terminations(world, length).await?,
        Scenario::Reloads => process::reloads(world, length).await?,
        Scenario::Token => process::token(world, length).await?,
        Scenario::Storms => network::storms(world, length).await?,
        Scenario::Disk => disk::disk(world, length).await?,
        Scenario::Outage => clocks::outage(world, length).await?,
        Scenario::Clocks => clocks::jumps(world, length).await?,
        Scenario::GiveUp => return clocks::give_up(world, length).await,
        Scenario::PowerCut => return power_cut::run(world, length).await,
    };
    if let Some(forge) = forge {
        forge.after(world)?;
    }
    Ok((rounds, world.settle(Leave::default()).await?))
}
