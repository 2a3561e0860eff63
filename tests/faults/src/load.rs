//! Pages and backends that send events, keep what was not acknowledged and send it again, as the SDKs do.

mod script;
mod sender;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::debts::Debts;
use crate::dice::Dice;

pub use self::script::{Door, Expected, Request, Script};

/// Key of the shop's pages.
pub const WRITE_KEY: &str = "pk_faults";
/// Key of the shop's backend.
pub const SECRET_KEY: &str = "sk_faults_0123456789";
/// Where the shop's pages are.
pub const ORIGIN: &str = "https://shop.example";

/// Where the collector listens now; `None` while it is down.
pub type Address = watch::Receiver<Option<std::net::SocketAddr>>;

/// Senders at work.
#[derive(Debug)]
pub struct Load {
    is_over: Arc<AtomicBool>,
    senders: JoinSet<()>,
}

impl Load {
    /// Starts so many senders.
    pub fn start(
        name: &str,
        senders: usize,
        dice: &Dice,
        to: &Address,
        debts: &Debts,
        clock: &Clock,
    ) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for number in 0..senders {
            let label = format!("{name}{number}");
            let script = Script::new(&label, dice.fork(&label));
            let sender = sender::Sender::new(to.clone(), debts.clone(), clock.clone());
            tasks.spawn(sender.run(script, Arc::clone(&is_over)));
        }
        Self {
            is_over,
            senders: tasks,
        }
    }

    /// Lets every sender finish the request that it has under way, if the collector is there, and ends them.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.is_over.store(true, Ordering::Release);
        while let Some(ended) = self.senders.join_next().await {
            ended.context("a sender panicked")?;
        }
        Ok(())
    }
}
