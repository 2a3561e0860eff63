//! Everything of one scenario: collector, platforms, senders' ledger, clock, and a folder that holds it all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use firsthand_collector::config;
use firsthand_collector::store::Outcome;
use firsthand_collector::store::sqlite::{Chain, EventView, Inspector, SqliteConfig};
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::collector::Collector;
use crate::debts::{Debts, Owed};
use crate::dice::Dice;
use crate::http;
use crate::load::{Load, WRITE_KEY};
use crate::oracle::{self, Finding, Leave, Said, Story};
use crate::platforms::{DESTINATIONS, Platforms};
use crate::weather::Weather;

/// Senders of a load.
const SENDERS: usize = 4;
/// Longest wait for all debts to be paid, once nothing goes wrong any more.
const SETTLE_DEADLINE: Duration = Duration::from_mins(3);
/// Longest wait for anything else.
const DEADLINE: Duration = Duration::from_mins(1);
/// How often one looks whether something is so.
const LOOK: Duration = Duration::from_millis(20);
/// How often one looks at everything.
const LONG_LOOK: Duration = Duration::from_millis(500);
/// Most events that are read back.
const MAX_EVENTS: usize = 2_000_000;

/// What a scenario wants to be different.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setting {
    /// The collector's clock can be moved.
    pub has_movable_clock: bool,
    /// There are no destinations.
    pub is_without_destinations: bool,
    /// More keys of `[store]`.
    pub store: &'static str,
}

/// The world of one scenario. Its processes and files end with it.
pub struct World {
    /// Randomness of the scenario's own decisions.
    pub dice: Dice,
    /// The platforms and the network before them.
    pub platforms: Platforms,
    /// What senders were told.
    pub debts: Debts,
    /// The wall clock.
    pub clock: Clock,
    setting: Setting,
    root: Dice,
    binary: PathBuf,
    door: watch::Sender<Option<SocketAddr>>,
    collector: Option<Collector>,
    folder: TempDir,
}

impl World {
    /// Makes a world and starts its collector.
    pub async fn new(binary: &Path, root: Dice, setting: Setting) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("making a folder")?;
        let clock = if setting.has_movable_clock {
            Clock::movable(folder.path())?
        } else {
            Clock::real()
        };
        let mut world = Self {
            dice: root.fork("scenario"),
            platforms: Platforms::start(&root).await?,
            debts: Debts::default(),
            clock,
            setting,
            root,
            binary: binary.to_owned(),
            door: watch::Sender::new(None),
            collector: None,
            folder,
        };
        world.write_secret("meta", "EAAsandbox")?;
        world.write_secret("tiktok", "tt-sandbox")?;
        world.write_secret(
            "webhook",
            "whsec_Rmlyc3RoYW5kLXdlYmhvb2stZGVtby1zZWNyZXQtMDE=",
        )?;
        world.write_config(20)?;
        world.start().await?;
        Ok(world)
    }

    /// Writes a platform's token, which counts from the next reload on.
    pub fn write_secret(&self, of: &str, secret: &str) -> anyhow::Result<()> {
        std::fs::write(self.folder.path().join(of), secret).context("writing a secret")
    }

    /// Writes the configuration, with this size of batches.
    pub fn write_config(&self, batch_events: u64) -> anyhow::Result<()> {
        let folder = self.folder.path().display();
        let base = self.platforms.base();
        let mut text = format!(
            r#"
[server]
listen = "127.0.0.1:0"
[store]
dir = "{folder}/data"
{store}
[limits]
requests_per_second_per_address = 0
[settle]
default_ms = 0
by_event_ms = {{ purchase = 150 }}
[forward]
request_timeout_ms = 1000
retry_base_ms = 5
retry_cap_ms = 80
unauthorized_probe_secs = 1
[[source]]
name = "web"
kind = "browser"
write_key = "{WRITE_KEY}"
origins = ["{origin}"]
[[source]]
name = "erp"
kind = "server"
secret_key = {{ env = "ERP_KEY" }}
"#,
            store = self.setting.store,
            origin = crate::load::ORIGIN,
        );
        let accounts = [
            format!(
                "dataset_id = \"1000000000000001\"\naccess_token = {{ file = \"{folder}/meta\" }}\nbase_url = \"{base}/meta\""
            ),
            format!(
                "pixel_code = \"CSANDBOX0001\"\naccess_token = {{ file = \"{folder}/tiktok\" }}\nbase_url = \"{base}/tiktok\""
            ),
            format!("url = \"{base}/webhook/orders\"\nsecret = {{ file = \"{folder}/webhook\" }}"),
        ];
        for (name, account) in DESTINATIONS.iter().zip(accounts) {
            if self.setting.is_without_destinations {
                break;
            }
            writeln!(
                text,
                "[[destination]]\nkind = \"{name}\"\nname = \"{name}\"\nbatch_events = {batch_events}\n{account}"
            )?;
        }
        std::fs::write(self.config_path(), text).context("writing the configuration")
    }

    /// Returns the engine's configuration, to open the data without the collector.
    pub fn engine(&self) -> anyhow::Result<SqliteConfig> {
        let config =
            config::load(&self.config_path()).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(config.store.engine(&config.privacy, Vec::new()))
    }

    /// Returns where the collector listens.
    pub fn addr(&self) -> anyhow::Result<SocketAddr> {
        let addr = *self.door.borrow();
        addr.context("the collector is down")
    }

    /// Starts senders.
    pub fn load(&self, name: &str) -> Load {
        Load::start(
            name,
            SENDERS,
            &self.root.fork("load"),
            &self.door.subscribe(),
            &self.debts,
            &self.clock,
        )
    }

    /// Starts the collector again.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let log = self.folder.path().join("log");
        let started = Collector::start(&self.binary, &self.config_path(), &log, &self.clock).await;
        let collector = started.with_context(|| format!("its log: {}", self.log_end()))?;
        self.door.send_replace(Some(collector.addr));
        self.collector = Some(collector);
        Ok(())
    }

    /// Kills the collector.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.take()?.kill().await
    }

    /// Tells the collector to end, which must end well.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        let status = self.take()?.terminate().await?;
        ensure!(
            status.success(),
            "the collector ended with {status}; its log: {}",
            self.log_end()
        );
        Ok(())
    }

    /// Returns the running collector.
    pub fn collector(&self) -> anyhow::Result<&Collector> {
        self.collector.as_ref().context("the collector is down")
    }

    /// Moves the clock of collector, platforms and senders.
    pub fn set_clock_offset_s(&self, offset_s: i64) -> anyhow::Result<()> {
        self.clock.set_offset_s(offset_s)?;
        self.platforms.set_clock_offset_s(offset_s);
        Ok(())
    }

    /// Tells the collector to read its configuration again, and waits until it has.
    pub async fn reload(&self) -> anyhow::Result<()> {
        let done = "firsthand_reload_total{result=\"done\"}";
        let before = self.metric(done).await?;
        self.collector()?.reload().await?;
        let deadline = Instant::now() + DEADLINE;
        while self.metric(done).await? <= before {
            ensure!(
                Instant::now() < deadline,
                "not reloaded; its log: {}",
                self.log_end()
            );
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until a counter whose series begins so is above zero.
    pub async fn until_metric(&self, series: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + DEADLINE;
        while self.metric(series).await? <= 0.0 {
            ensure!(Instant::now() < deadline, "never counted: {series}");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Returns the value of the first series that begins so, 0 where there is none.
    async fn metric(&self, series: &str) -> anyhow::Result<f64> {
        let addr = self.addr()?;
        let mut stream = BufReader::new(TcpStream::connect(addr).await?);
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let answer = http::read(&mut stream).await?.context("no metrics")?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let value = text.lines().find_map(|line| {
            let rest = line.strip_prefix(series)?;
            rest.rsplit(' ').next()?.parse().ok()
        });
        Ok(value.unwrap_or(0.0))
    }

    /// Waits until these destinations have everything that is owed to them.
    pub async fn until_delivered(&mut self, destinations: &[&'static str]) -> anyhow::Result<()> {
        let deadline = Instant::now() + SETTLE_DEADLINE;
        loop {
            let open = self.judge(Leave::default())?.into_iter().find(
                |finding| matches!(finding, Finding::Unpaid(_, at, _) if destinations.contains(at)),
            );
            let Some(open) = open else { return Ok(()) };
            ensure!(Instant::now() < deadline, "never delivered: {open}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until so many more requests were acknowledged.
    pub async fn acknowledge(&self, more: u64) -> anyhow::Result<()> {
        let goal = self.debts.acknowledged() + more;
        let is_so = || Ok(self.debts.acknowledged() >= goal);
        let waited = until("requests are acknowledged", is_so).await;
        waited.with_context(|| format!("the collector's log: {}", self.log_end()))
    }

    /// Returns whether the collector's log holds these words.
    pub fn has_logged(&self, words: &str) -> bool {
        let log = std::fs::read_to_string(self.folder.path().join("log"));
        log.unwrap_or_default().contains(words)
    }

    /// Lets the weather clear and everything be delivered, ends the collector, and judges.
    pub async fn settle(&mut self, leave: Leave) -> anyhow::Result<Vec<Finding>> {
        self.platforms.sky.set(Weather::fair());
        if self.collector.is_none() {
            self.start().await?;
        }
        let deadline = Instant::now() + SETTLE_DEADLINE;
        let mut next_look = Instant::now();
        while Instant::now() < deadline {
            // A look reads everything; what has not arrived may never have to.
            if self.has_arrived()? || Instant::now() >= next_look {
                if !self.judge(leave)?.iter().any(Finding::may_pass) {
                    break;
                }
                next_look = Instant::now() + LONG_LOOK;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.terminate().await?;
        self.judge(leave)
    }

    /// Judges as things stand.
    pub fn judge(&mut self, leave: Leave) -> anyhow::Result<Vec<Finding>> {
        let engine = self.engine()?;
        let (views, faults) = Inspector::open_with_keys(&engine, |view| {
            let mut faults = Vec::new();
            for chain in [Chain::Receipts, Chain::Audit] {
                let verified = view.verify(chain, None)?;
                faults.extend(
                    verified
                        .faults
                        .iter()
                        .map(|fault| format!("{chain:?}: {fault}")),
                );
            }
            Ok((view.newest(MAX_EVENTS)?, faults))
        })
        .context("reading the data")?;
        let stories: BTreeMap<String, Story> = views
            .into_iter()
            .map(|view| (view.stored.event_id.clone(), story(&view)))
            .collect();
        let book = self.debts.book();
        let mut found = oracle::judge(&book, &stories, self.platforms.tallies()?, leave);
        found.extend(faults.into_iter().map(Finding::Complaint));
        if self.has_logged("panicked") {
            found.push(Finding::Complaint("the collector panicked".to_owned()));
        }
        Ok(found)
    }

    /// Whether every event that has to arrive has.
    fn has_arrived(&mut self) -> anyhow::Result<bool> {
        let tallies = self.platforms.tallies()?;
        Ok(self.debts.with(|book| {
            book.owed
                .iter()
                .filter(|(_, owed)| **owed == Owed::Delivery)
                .all(|(id, _)| {
                    DESTINATIONS
                        .iter()
                        .all(|at| tallies.contains_key(&(*at, id.clone())))
                })
        }))
    }

    fn take(&mut self) -> anyhow::Result<Collector> {
        // Senders stop first: an address that is gone may be somebody else's soon.
        self.door.send_replace(None);
        self.collector.take().context("the collector is down")
    }

    fn config_path(&self) -> PathBuf {
        self.folder.path().join("collector.toml")
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let mut last: Vec<&str> = log.lines().rev().take(8).collect();
        last.reverse();
        last.join(" | ")
    }
}

/// Waits until something is so.
pub async fn until(
    what: &str,
    mut is_so: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + DEADLINE;
    while !is_so()? {
        ensure!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Returns what the collector says of an event.
fn story(view: &EventView) -> Story {
    DESTINATIONS
        .into_iter()
        .filter_map(|at| {
            let of = view.destinations.iter().find(|of| of.name == at)?;
            let said = match of.outcomes.last().map(|last| &last.outcome) {
                Some(Outcome::Delivered) => Said::Delivered,
                Some(Outcome::Dead { reason }) => Said::Dead(reason.clone()),
                Some(Outcome::Suppressed { reason }) => Said::Suppressed(reason.clone()),
                Some(
                    open @ (Outcome::Waiting { .. }
                    | Outcome::Unconfirmed { .. }
                    | Outcome::Confirmed { .. }
                    | Outcome::Retry { .. }),
                ) => Said::Open(format!("{open:?}")),
                None => Said::Open("not looked at yet".to_owned()),
            };
            Some((at, said))
        })
        .collect()
}
