//! The task that looks, tells the metrics, and keeps the counts on disk.

use std::collections::BTreeSet;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::judge::Kind;
use super::{Signal, Signals, file, lag};
use crate::forward::health::Health;
use crate::store::Store;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks between two writes of the file: a crash forgets no more counts than these.
const LOOKS_A_WRITE: u32 = 60;

/// Looks until `stopped` turns true. `names` are the destinations that are served.
pub(crate) async fn run<S: Store>(
    signals: Signals,
    store: S,
    health: Health,
    names: watch::Receiver<Vec<String>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = Told::default();
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stopped.wait_for(|is_stopped| *is_stopped) => break,
        }
        let names = names.borrow().clone();
        let look = signals.look(&store, &health, &names);
        tokio::select! {
            () = look => {}
            _ = stopped.wait_for(|is_stopped| *is_stopped) => break,
        }
        signals.tell(&mut told);
        looks += 1;
        if looks.is_multiple_of(LOOKS_A_WRITE) {
            signals.write().await;
        }
    }
    signals.write().await;
}

/// What the metrics hold, so that what is gone is set to 0 and not left as it was.
#[derive(Debug, Default)]
struct Told {
    lags: BTreeSet<String>,
    signals: BTreeSet<(&'static str, String)>,
}

impl Signals {
    /// Looks at everything once.
    pub(super) async fn look<S: Store>(&self, store: &S, health: &Health, names: &[String]) {
        let now_ms = now_ms();
        match lag::look(store, health, names, now_ms).await {
            Ok(destinations) => self.state().destinations = destinations,
            // The store tells its trouble itself; what was known of the destinations stays.
            Err(error) => tracing::debug!(%error, "how far destinations are is not known"),
        }
        let mut state = self.state();
        let rules = state.rules;
        let found = state.book.signals(self.0.since_ms, now_ms, &rules);
        let sources = found.into_iter().map(|signal| Signal {
            kind: signal.kind,
            source: Some(signal.source),
            event: signal.event,
            destination: None,
            since_ms: now_ms,
            message: signal.words,
        });
        let mut all: Vec<Signal> = sources.collect();
        all.extend(lag::signals(&state.destinations, &rules, now_ms));
        for signal in &mut all {
            if let Some(known) = state.signals.iter().find(|known| is_same(known, signal)) {
                signal.since_ms = known.since_ms;
            } else {
                tracing::warn!(
                    kind = signal.kind.as_str(),
                    source = signal.source,
                    event = signal.event,
                    destination = signal.destination,
                    "{}",
                    signal.message
                );
            }
        }
        state.signals = all;
    }

    fn tell(&self, told: &mut Told) {
        let now = self.overview(now_ms());
        for source in &now.sources {
            for kind in Kind::OF_SOURCES {
                let is_on = now.signals.iter().any(|signal| {
                    signal.kind == kind && signal.source.as_ref() == Some(&source.name)
                });
                set_source(kind.as_str(), &source.name, is_on);
                told.signals.insert((kind.as_str(), source.name.clone()));
            }
            if let Some(last_ms) = source.last_seen_ms {
                let age_ms = now.at_ms.saturating_sub(last_ms).max(0);
                gauge!("firsthand_source_last_event_age_seconds", "source" => source.name.clone())
                    .set(seconds(age_ms / 1_000));
            }
        }
        for (kind, source) in &told.signals {
            if !now.sources.iter().any(|now| now.name == *source) {
                set_source(kind, source, false);
            }
        }
        let gone = std::mem::take(&mut told.lags);
        for name in gone {
            if !now.destinations.iter().any(|now| now.name == name) {
                set_lag(&name, 0, false);
            }
        }
        for destination in &now.destinations {
            let is_on = now
                .signals
                .iter()
                .any(|signal| signal.destination.as_ref() == Some(&destination.name));
            set_lag(&destination.name, destination.lag_secs, is_on);
            told.lags.insert(destination.name.clone());
        }
    }

    /// Writes the counts; what fails is told and tried again the next time.
    async fn write(&self) {
        let (dir, book) = (self.dir().to_owned(), self.state().book.clone());
        let written = tokio::task::spawn_blocking(move || file::write(&dir, &book)).await;
        let error = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(error, "what usually comes could not be written");
    }
}

fn is_same(one: &Signal, other: &Signal) -> bool {
    (one.kind, &one.source, &one.event, &one.destination)
        == (other.kind, &other.source, &other.event, &other.destination)
}

fn set_source(kind: &'static str, source: &str, is_on: bool) {
    gauge!("firsthand_signal", "kind" => kind, "source" => source.to_owned())
        .set(f64::from(u8::from(is_on)));
}

fn set_lag(destination: &str, lag_secs: i64, is_on: bool) {
    let name = destination.to_owned();
    gauge!("firsthand_forward_lag_seconds", "destination" => name.clone()).set(seconds(lag_secs));
    gauge!("firsthand_signal", "kind" => Kind::Lag.as_str(), "destination" => name)
        .set(f64::from(u8::from(is_on)));
}

fn seconds(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
