//! Server processes of a run: started on a core of their own, waited for, ended.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Longest wait for a server to say that it listens.
const START_DEADLINE: Duration = Duration::from_mins(1);
/// The core of the server under test; the load runs on the other.
pub(crate) const SERVER_CORE: &str = "0";

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Server {
    /// Starts `program` pinned to the server's core and waits for its `listening on http://…` line.
    pub(crate) async fn start(program: &Path, args: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new("taskset")
            .args(["-c", SERVER_CORE])
            .arg(program)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {} under taskset", program.display()))?;
        let stdout = child.stdout.take().context("the child has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let addr = tokio::time::timeout(START_DEADLINE, async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, rest)) = line.split_once("listening on http://") {
                    let text: String = rest
                        .chars()
                        .take_while(|c| !c.is_whitespace() && *c != '"' && *c != '/')
                        .collect();
                    return Ok(text.parse::<SocketAddr>()?);
                }
            }
            bail!("{} ended before it listened", program.display())
        })
        .await
        .context("the server did not listen in time")??;
        // Keep its output flowing, or a full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, addr })
    }

    /// Returns the resident memory in megabytes (10^6 bytes).
    pub(crate) fn resident_mb(&self) -> anyhow::Result<f64> {
        let pid = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("no VmRSS in the process's status")?
            .parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Ends the server and waits for it.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("ending a server")
    }
}
