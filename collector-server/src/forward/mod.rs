//! Forwarding: events out of the log and to the ad platforms, one task a destination.
//!
//! ```text
//! store ─ log after cursor ─┐
//!       └ due ──────────────┴→ schedule → merge → consent → destinations::map → pack
//!                                                                                ↓
//! store ← Progress { cursor, outcomes, attempts, paused } ← bisect ← interpret ← http
//! ```
//!
//! Promises: an event goes to a destination as one event, with one id; a destination that is slow, wrong
//! or dead delays no other and never the intake; every event ends with a recorded reason. Refuses to know:
//! HTTP doors, SQL, clear personal values. Fails by waiting: what could not be sent is in the store.
//!
//! | module | concept |
//! |---|---|
//! | [`config`] | what the operator says |
//! | [`merge`], [`lineage`] | one event out of its copies, and what each of them gave |
//! | [`confirm`] | what waits until a trusted source tells of it too |
//! | [`consent`] | the last word before each attempt |
//! | [`names`] | what a platform calls the events |
//! | [`destinations`] | the platforms: event, request, answer in their words |
//! | [`schedule`], [`bisect`], [`backoff`], [`breaker`], [`pace`] | pure decisions |
//! | `engine`, `round`, `turn`, `delivery`, `access`, [`http`] | the task that carries them out |
//! | [`replay`] | what of the settled events may be sent again |
//! | [`observe`], [`health`] | logs and metrics; how the destinations stand |

mod access;
pub mod backoff;
pub mod bisect;
pub mod breaker;
pub mod config;
pub mod confirm;
pub mod consent;
mod delivery;
pub mod destinations;
mod engine;
pub mod health;
pub mod http;
pub mod lineage;
pub mod merge;
mod merged;
pub mod names;
pub mod observe;
pub mod pace;
pub mod plan;
pub mod replay;
mod round;
pub mod schedule;
mod turn;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firsthand_core::consent::Policy;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use self::access::Access;
use self::config::{ConfigError, DestinationConfig, ForwardConfig};
use self::confirm::Confirmation;
use self::delivery::Channel;
use self::engine::Engine;
use self::health::Health;
use self::observe::Observer;
use self::pace::Pace;
use self::plan::{Clock, Plan, Random, SteadyClock};
use crate::store::Store;

/// Rest of a task after a crash.
const CRASH_REST: Duration = Duration::from_secs(1);

/// All that forwarding needs to know.
#[derive(Clone)]
pub struct Settings {
    /// `[forward]`.
    pub forward: ForwardConfig,
    /// `[[destination]]`.
    pub destinations: Vec<DestinationConfig>,
    /// The shop's consent policy.
    pub consent: Policy,
    /// `[confirm]`: what a trusted source must confirm; nothing but where it is said.
    pub confirm: Confirmation,
    /// Where it is noted how the destinations stand.
    pub health: Health,
    /// The longest time that any event waits for its other copies (`[settle]`), in milliseconds.
    pub longest_settle_ms: i64,
    /// Wall clock; the system's but in tests.
    pub clock: Clock,
    /// What is waited for goes by this one; the system's but in tests.
    pub steady: SteadyClock,
    /// Randomness; the system's but in tests.
    pub random: Random,
}

impl Settings {
    /// Makes settings with the system's clock and randomness.
    pub fn new(
        forward: ForwardConfig,
        destinations: Vec<DestinationConfig>,
        consent: Policy,
    ) -> Self {
        Self {
            forward,
            destinations,
            consent,
            confirm: Confirmation::default(),
            health: Health::default(),
            longest_settle_ms: i64::MAX,
            clock: plan::system_clock(),
            steady: plan::steady_clock(),
            random: plan::system_random(),
        }
    }
}

/// The running tasks.
#[derive(Debug)]
pub struct Forwarder {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// By destination: tells when its newest task has ended.
    ends: HashMap<String, oneshot::Receiver<()>>,
}

impl Forwarder {
    /// Tells every task to finish the request it is in, to commit and to end; waits for that.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }

    /// Ends the tasks of the old settings and starts those of the new ones. The new ones are checked
    /// first: an error leaves the old ones running. Each destination's new task begins when its own old one has
    /// committed what it was in, so a slow one delays no other.
    pub fn reload<S: Store>(
        &mut self,
        store: &Arc<S>,
        settings: &Settings,
    ) -> Result<(), ConfigError> {
        let new = prepare(settings)?;
        self.replace(store, new);
        Ok(())
    }

    /// The same with settings that were checked.
    pub(crate) fn replace<S: Store>(&mut self, store: &Arc<S>, new: Prepared) {
        let _ = self.stop.send(true);
        while self.tasks.try_join_next().is_some() {}
        self.stop = new.stop;
        let names: Vec<&str> = new
            .channels
            .iter()
            .map(|new| new.plan.name.as_str())
            .collect();
        new.health.serve(&names);
        for channel in new.channels {
            let name = channel.plan.name.clone();
            let (ends, ended) = oneshot::channel::<()>();
            let before = self.ends.insert(name, ended);
            let task = supervise(Arc::clone(store), Arc::new(channel));
            self.tasks.spawn(async move {
                if let Some(before) = before {
                    // Its sender says nothing: it goes with the task.
                    let _ = before.await;
                }
                task.await;
                drop(ends);
            });
        }
    }
}

/// Settings that were checked, with their secrets.
pub(crate) struct Prepared {
    channels: Vec<Channel>,
    health: Health,
    stop: watch::Sender<bool>,
}

/// Checks the settings, fetches the secrets and starts one task for every enabled destination.
pub fn spawn<S: Store>(store: &Arc<S>, settings: &Settings) -> Result<Forwarder, ConfigError> {
    Ok(start(store, prepare(settings)?))
}

/// Checks the settings and fetches the secrets.
pub(crate) fn prepare(settings: &Settings) -> Result<Prepared, ConfigError> {
    settings.forward.validate()?;
    config::validate_all(&settings.destinations)?;
    let client = http::client()
        .map_err(|error| ConfigError::new("forward", format!("no https client: {error}")))?;
    let (stop, shutdown) = watch::channel(false);
    let channels = settings
        .destinations
        .iter()
        .filter(|config| config.common().enabled)
        .map(|config| {
            let connection = config.connect()?;
            let plan = Plan::new(settings, config, &connection);
            Ok(Channel {
                observer: Observer::new(&plan.name, plan.platform, settings.health.clone()),
                pace: Mutex::new(Pace::new(plan.pace, (settings.steady)())),
                plan,
                destination: connection.destination,
                blotter: connection.blotter,
                access: Access::default(),
                client: client.clone(),
                clock: Arc::clone(&settings.clock),
                steady: Arc::clone(&settings.steady),
                random: Arc::clone(&settings.random),
                shutdown: shutdown.clone(),
            })
        })
        .collect::<Result<Vec<_>, ConfigError>>()?;
    Ok(Prepared {
        channels,
        health: settings.health.clone(),
        stop,
    })
}

fn start<S: Store>(store: &Arc<S>, new: Prepared) -> Forwarder {
    let mut forwarder = Forwarder {
        stop: watch::channel(false).0,
        tasks: JoinSet::new(),
        ends: HashMap::new(),
    };
    forwarder.replace(store, new);
    forwarder
}

/// Starts a destination's task again when it crashed.
async fn supervise<S: Store>(store: Arc<S>, channel: Arc<Channel>) {
    let mut shutdown = channel.shutdown.clone();
    loop {
        let engine = Engine::new(Arc::clone(&store), Arc::clone(&channel));
        let task = AbortOnDrop(tokio::spawn(engine.run()));
        if task.join().await {
            return;
        }
        channel.observer.crashed();
        tokio::select! {
            () = tokio::time::sleep(CRASH_REST) => {}
            _ = shutdown.wait_for(|stop| *stop) => return,
        }
    }
}

/// A task that ends with its owner.
struct AbortOnDrop(JoinHandle<()>);

impl AbortOnDrop {
    /// Returns whether the task ended in order.
    async fn join(mut self) -> bool {
        (&mut self.0).await.is_ok()
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
