//! How the destinations stand now, for who wants to tell a person. Shared; cheap to clone.
//!
//! Written where the log line and the metric of the same fact are born ([`super::observe`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Where a destination's gate stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GateNow {
    /// It gets what is for it.
    #[default]
    Open,
    /// The breaker is open: it does not answer, or not in its own words.
    Resting {
        /// Since when, in epoch milliseconds.
        since_ms: i64,
    },
    /// Its credentials were refused.
    Paused {
        /// Since when, in epoch milliseconds.
        since_ms: i64,
        /// The platform's words, without any secret.
        reason: String,
    },
}

/// How one destination stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DestinationNow {
    /// Its gate.
    pub gate: GateNow,
    /// Dead letters since the process began.
    pub dead_letters: u64,
}

/// How all destinations stand.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    destinations: Mutex<BTreeMap<String, DestinationNow>>,
    changed: Notify,
}

impl Health {
    fn destinations(&self) -> MutexGuard<'_, BTreeMap<String, DestinationNow>> {
        self.0
            .destinations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how each destination stands, by name.
    pub fn now(&self) -> BTreeMap<String, DestinationNow> {
        self.destinations().clone()
    }

    /// Waits until a gate has moved. One waits at a time.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// The gate is open.
    pub(super) fn opened(&self, name: &str) {
        self.put(name, |_| GateNow::Open);
    }

    /// The breaker is open.
    pub(super) fn rests(&self, name: &str, now_ms: i64) {
        self.put(name, |before| match before {
            GateNow::Resting { since_ms } => GateNow::Resting { since_ms },
            GateNow::Open | GateNow::Paused { .. } => GateNow::Resting { since_ms: now_ms },
        });
    }

    /// The credentials were refused; `reason` is told once, when it happens.
    pub(super) fn paused(&self, name: &str, reason: Option<&str>, now_ms: i64) {
        self.put(name, |before| match before {
            GateNow::Paused {
                since_ms,
                reason: known,
            } => GateNow::Paused {
                since_ms,
                reason: reason.map_or(known, str::to_owned),
            },
            GateNow::Open | GateNow::Resting { .. } => GateNow::Paused {
                since_ms: now_ms,
                reason: reason.unwrap_or_default().to_owned(),
            },
        });
    }

    /// An event was given up.
    pub(super) fn gave_up(&self, name: &str) {
        if let Some(known) = self.destinations().get_mut(name) {
            known.dead_letters += 1;
        }
    }

    /// These destinations are served from now on, and no others: what an old task still says of one that is gone is
    /// not heard.
    pub(super) fn serve(&self, names: &[&str]) {
        let mut all = self.destinations();
        all.retain(|name, _| names.contains(&name.as_str()));
        for name in names {
            all.entry((*name).to_owned()).or_default();
        }
        drop(all);
        self.0.changed.notify_one();
    }

    fn put(&self, name: &str, next: impl FnOnce(GateNow) -> GateNow) {
        let mut all = self.destinations();
        let Some(known) = all.get_mut(name) else {
            return;
        };
        let before = known.gate.clone();
        known.gate = next(std::mem::take(&mut known.gate));
        if known.gate != before {
            drop(all);
            self.0.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_that_is_gone_alarms_nobody() {
        let health = Health::default();
        health.serve(&["meta"]);
        health.rests("meta", 10);
        health.serve(&["ga4"]);
        // Its old task ends what it was in.
        health.rests("meta", 20);
        health.paused("meta", Some("no"), 30);
        health.gave_up("meta");
        assert_eq!(health.now().into_keys().collect::<Vec<_>>(), ["ga4"]);
    }

    #[test]
    fn a_state_keeps_its_beginning_and_its_reason() {
        let health = Health::default();
        health.serve(&["meta"]);
        let gate = || health.now().remove("meta").unwrap().gate;
        health.rests("meta", 10);
        health.rests("meta", 20);
        assert_eq!(gate(), GateNow::Resting { since_ms: 10 });
        health.paused("meta", Some("meta 190 expired"), 30);
        health.paused("meta", None, 40);
        let want = GateNow::Paused {
            since_ms: 30,
            reason: "meta 190 expired".to_owned(),
        };
        assert_eq!(gate(), want);
        health.gave_up("meta");
        health.opened("meta");
        let want = DestinationNow {
            gate: GateNow::Open,
            dead_letters: 1,
        };
        assert_eq!(health.now()["meta"], want);
        health.serve(&["meta", "ga4"]);
        assert_eq!(health.now()["meta"], want);
    }
}
