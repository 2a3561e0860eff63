//! The emulated platforms behind the bad network, and what they have counted.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};
use firsthand_sandbox::{Filter, Sandbox, SandboxConfig, SandboxState, Verdict};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::dice::Dice;
use crate::proxy::Proxy;
use crate::weather::Sky;

/// The platforms to which events go, each under the name of its destination.
pub const DESTINATIONS: [&str; 3] = ["meta", "tiktok", "webhook"];

/// Records that the emulators keep until they are read.
const MAX_KEPT: usize = 500_000;

/// What one platform saw of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How often it came and was taken.
    pub taken: u32,
    /// How often the platform counted it.
    pub counted: u32,
}

/// What platforms saw, by destination and event id.
pub type Tallies = HashMap<(&'static str, String), Tally>;

/// The running platforms; they end when this is dropped.
pub struct Platforms {
    /// The weather before them.
    pub sky: Sky,
    proxy: Proxy,
    state: SandboxState,
    last_seq: u64,
    tallies: Tallies,
    _tasks: JoinSet<()>,
}

impl Platforms {
    /// Starts the platforms.
    pub async fn start(dice: &Dice) -> anyhow::Result<Self> {
        let sandbox = Sandbox::new(SandboxConfig {
            max_kept: MAX_KEPT,
            ..SandboxConfig::default()
        });
        let state = sandbox.state();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Ends with its task.
            let _ = axum::serve(listener, sandbox.router()).await;
        });
        let sky = Sky::new(dice.fork("weather"));
        let proxy = Proxy::start(addr, sky.clone()).await?;
        Ok(Self {
            sky,
            proxy,
            state,
            last_seq: 0,
            tallies: Tallies::new(),
            _tasks: tasks,
        })
    }

    /// Returns the address for destinations.
    pub fn base(&self) -> String {
        format!("http://{}", self.proxy.addr)
    }

    /// Moves the platforms' clock.
    pub fn set_clock_offset_s(&self, offset_s: i64) {
        self.state.set_clock_offset_s(offset_s);
    }

    /// Reads what arrived since the last call, and returns all that arrived so far.
    pub fn tallies(&mut self) -> anyhow::Result<&Tallies> {
        let records = self.state.records(&Filter {
            since: Some(self.last_seq),
            ..Filter::default()
        });
        for record in records {
            ensure!(
                record.seq == self.last_seq + 1,
                "the platforms forgot record {} before it was read",
                self.last_seq + 1
            );
            self.last_seq = record.seq;
            if record.verdict != Verdict::Accepted {
                continue;
            }
            let name = record.platform.name();
            let destination = DESTINATIONS
                .into_iter()
                .find(|known| *known == name)
                .with_context(|| format!("{name} is no destination here"))?;
            let id = record.event_id.context("an event without an id arrived")?;
            let tally = self.tallies.entry((destination, id)).or_default();
            tally.taken += 1;
            tally.counted += u32::from(record.counted);
        }
        Ok(&self.tallies)
    }
}
