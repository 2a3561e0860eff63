//! The collector under test, with a configuration and a data folder of its own.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::client::{self, Load};
use crate::process::Server;

/// Where the collector forwards to.
#[derive(Debug, Clone)]
pub(crate) enum Forwarding {
    /// Nowhere: intake alone is measured.
    None,
    /// To the sandbox's Meta emulator at this base address.
    Sandbox(String),
}

/// A running collector and its data.
pub(crate) struct Collector {
    /// The process.
    pub server: Server,
    folder: TempDir,
}

const BATCH_EVENTS: usize = 500;

impl Collector {
    /// Starts a collector with an empty store.
    pub(crate) async fn start(bin: &Path, forwarding: &Forwarding) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("making a data folder")?;
        let config = folder.path().join("collector.toml");
        std::fs::write(&config, config_text(folder.path(), forwarding))?;
        std::fs::write(folder.path().join("token"), "EAAsandbox")?;
        let path = config
            .to_str()
            .context("the temporary folder's name is not UTF-8")?;
        let server = Server::start(bin, &["serve", "--config", path]).await?;
        Ok(Self { server, folder })
    }

    /// Starts a collector and fills its dedup set through the front door.
    pub(crate) async fn filled(bin: &Path, keys: u64) -> anyhow::Result<Self> {
        let collector = Self::start(bin, &Forwarding::None).await?;
        let load = Load {
            addr: collector.server.addr,
            connections: 8,
            events: BATCH_EVENTS,
            duration: Duration::from_secs(1),
            warm_up: Duration::ZERO,
        };
        client::fill(&load, keys, 0).await?;
        Ok(collector)
    }

    /// Ends the collector and removes its data.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.server.stop().await?;
        self.folder.close().context("removing the data folder")
    }
}

fn config_text(folder: &Path, forwarding: &Forwarding) -> String {
    let data = folder.join("data");
    let destination = match forwarding {
        Forwarding::None => String::new(),
        Forwarding::Sandbox(url) => format!(
            "[[destination]]\nkind = \"meta\"\nname = \"meta\"\nbase_url = \"{url}/meta\"\ndataset_id = \"1000000000000001\"\naccess_token = {{ file = \"{}\" }}\n",
            folder.join("token").display()
        ),
    };
    include_str!("../collector.toml")
        .replace("{data}", &data.display().to_string())
        .replace("# {destination}", &destination)
}
