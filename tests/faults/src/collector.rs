//! The collector as a process: started, killed, told to end, told to reload, cut off from its disk.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::clock::Clock;

/// Longest wait for the collector to listen.
const START_DEADLINE: Duration = Duration::from_mins(1);
/// Longest wait for the collector to end when it is told to; longer than it waits itself.
const END_DEADLINE: Duration = Duration::from_mins(1);

/// Returns the binary under test: the one that is named, else the one of the same build.
pub fn find_binary(named: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(path) = named {
        ensure!(path.exists(), "there is no {}", path.display());
        return Ok(path);
    }
    let own = std::env::current_exe().context("finding this program")?;
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("firsthand"))
        .find(|path| path.exists())
        .context("the collector is not built beside this program: build the whole workspace, or name it with --collector")
}

/// A running collector. It is killed when this is dropped.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Collector {
    /// Starts the collector; what it logs is added to `log`.
    pub async fn start(
        binary: &Path,
        config: &Path,
        log: &Path,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let log_file = std::fs::File::options().create(true).append(true).open(log);
        let mut child = Command::new("sh")
            // Without this a file that may not grow ends the process, where a full disk only fails the write.
            .args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#])
            .arg(binary)
            .args(["serve", "--config"])
            .arg(config)
            .envs(clock.environment())
            .env("ERP_KEY", crate::load::SECRET_KEY)
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file.context("opening the collector's log")?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let stdout = child.stdout.take().context("the collector has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START_DEADLINE, lines.next_line())
            .await
            .context("the collector did not listen in time")??;
        let Some(addr) = line
            .as_deref()
            .and_then(|line| line.strip_prefix("listening on http://"))
        else {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(5).collect();
            bail!("the collector did not start: {last:?}");
        };
        let addr = addr
            .trim()
            .parse()
            .context("reading the collector's address")?;
        // Keep its output flowing, or a full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, addr })
    }

    /// Ends it as a power cut does: at once.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("killing the collector")
    }

    /// Tells it to end and waits until it has.
    pub async fn terminate(mut self) -> anyhow::Result<ExitStatus> {
        self.signal("TERM").await?;
        tokio::time::timeout(END_DEADLINE, self.child.wait())
            .await
            .context("the collector did not end when it was told to")?
            .context("waiting for the collector")
    }

    /// Tells it to read its configuration again.
    pub async fn reload(&self) -> anyhow::Result<()> {
        self.signal("HUP").await
    }

    /// Bounds how large its files may grow, in bytes; `None` lifts the bound. To the collector a bound that is
    /// reached is a disk that takes no more.
    pub async fn bound_files(&self, bytes: Option<u64>) -> anyhow::Result<()> {
        let soft = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let id = self.id()?.to_string();
        run(
            "prlimit",
            &["--pid", &id, &format!("--fsize={soft}:unlimited")],
        )
        .await
    }

    fn id(&self) -> anyhow::Result<u32> {
        self.child.id().context("the collector has ended")
    }

    async fn signal(&self, name: &str) -> anyhow::Result<()> {
        run("kill", &[&format!("-{name}"), &self.id()?.to_string()]).await
    }
}

async fn run(program: &str, args: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(program).args(args).status().await;
    let status = status.with_context(|| format!("running {program}"))?;
    ensure!(status.success(), "{program} {} failed", args.join(" "));
    Ok(())
}
