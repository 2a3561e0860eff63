//! What operators see: every fact of forwarding as one log line and one metric, born together.
//!
//! Labels are the destination's configured name, its platform and fixed words. No event id, address or
//! value of a visitor is ever a label.

use metrics::{counter, gauge, histogram};

use super::breaker::Gate;
use super::destinations::RetryClass;
use super::health::Health;
use super::pace::Pace;

/// The counters, with one reason each that an alarm may wait for.
const COUNTERS: [(&str, &str); 15] = [
    ("firsthand_forward_delivered_total", "delivered"),
    ("firsthand_forward_retried_total", "transient"),
    ("firsthand_forward_postponed_total", "postponed"),
    ("firsthand_forward_dead_total", "too_old"),
    ("firsthand_forward_suppressed_total", "unconfirmed"),
    ("firsthand_forward_dropped_params_total", "limit"),
    ("firsthand_forward_held_total", "unconfirmed"),
    ("firsthand_forward_replayed_total", "asked"),
    ("firsthand_forward_tokens_total", "failed"),
    ("firsthand_forward_paused_total", "unauthorized"),
    ("firsthand_forward_resumed_total", "resumed"),
    ("firsthand_forward_held_back_total", "rate"),
    ("firsthand_forward_brought_forward_total", "clock"),
    ("firsthand_forward_store_errors_total", "store"),
    ("firsthand_forward_crashes_total", "panic"),
];

/// Who a fact is about.
#[derive(Debug, Clone)]
pub struct Observer {
    destination: String,
    platform: &'static str,
    health: Health,
}

impl Observer {
    /// Makes the observer of one destination.
    pub fn new(destination: &str, platform: &'static str, health: Health) -> Self {
        Self {
            destination: destination.to_owned(),
            platform,
            health,
        }
    }

    fn count(&self, name: &'static str, reason: &'static str, events: u64) {
        let destination = self.destination.clone();
        counter!(name, "destination" => destination, "platform" => self.platform, "reason" => reason)
            .increment(events);
    }

    fn set(&self, name: &'static str, value: f64) {
        gauge!(name, "destination" => self.destination.clone()).set(value);
    }

    /// The destination's task began. What it may count stands at 0 from here on.
    pub fn started(&self) {
        for (name, reason) in COUNTERS {
            self.count(name, reason, 0);
        }
        for name in [
            "firsthand_forward_gate",
            "firsthand_destination_paused",
            "firsthand_forward_lag_events",
        ] {
            self.set(name, 0.0);
        }
        tracing::info!(
            destination = self.destination,
            platform = self.platform,
            "forwarding started"
        );
    }

    /// The destination's task ended in order.
    pub fn stopped(&self) {
        tracing::info!(destination = self.destination, "forwarding stopped");
        // A destination that is gone after a reload must not alarm for ever.
        self.set("firsthand_forward_gate", 0.0);
        self.set("firsthand_destination_paused", 0.0);
        self.set("firsthand_forward_lag_events", 0.0);
    }

    /// Events were taken; `delay_ms` since the oldest of them could have been sent.
    pub fn delivered(&self, events: u64, delay_ms: i64) {
        tracing::debug!(
            destination = self.destination,
            events,
            delay_ms,
            "events delivered"
        );
        self.count("firsthand_forward_delivered_total", "delivered", events);
        let seconds = f64::from(i32::try_from(delay_ms.max(0)).unwrap_or(i32::MAX)) / 1_000.0;
        histogram!("firsthand_forward_delay_seconds", "destination" => self.destination.clone())
            .record(seconds);
    }

    /// An event will be tried again.
    pub fn retried(&self, class: RetryClass, reason: &str) {
        let class = class.as_str();
        tracing::debug!(
            destination = self.destination,
            class,
            reason,
            "event to be retried"
        );
        self.count("firsthand_forward_retried_total", class, 1);
    }

    /// An event is looked at again because somebody asked for it.
    pub fn asked_again(&self) {
        tracing::debug!(destination = self.destination, "event asked for again");
        self.count("firsthand_forward_replayed_total", "asked", 1);
    }

    /// An event was looked at and left for the next round.
    pub fn postponed(&self, reason: &'static str) {
        tracing::debug!(destination = self.destination, reason, "event postponed");
        self.count("firsthand_forward_postponed_total", "postponed", 1);
    }

    /// An event will never be taken. The reason holds the platform's words, nothing of the event.
    pub fn dead(&self, code: &'static str, reason: &str) {
        tracing::warn!(
            destination = self.destination,
            code,
            reason,
            "event is a dead letter"
        );
        self.count("firsthand_forward_dead_total", code, 1);
        self.health.gave_up(&self.destination);
    }

    /// An event is not meant for this destination.
    pub fn suppressed(&self, code: &'static str) {
        tracing::debug!(destination = self.destination, code, "event suppressed");
        self.count("firsthand_forward_suppressed_total", code, 1);
    }

    /// An event waits until a trusted source tells of it too.
    pub fn unconfirmed(&self) {
        tracing::debug!(
            destination = self.destination,
            "event waits for a trusted source"
        );
        self.count("firsthand_forward_held_total", "unconfirmed", 1);
    }

    /// Parameters did not fit the platform's limits.
    pub fn params_dropped(&self, params: usize) {
        tracing::debug!(
            destination = self.destination,
            params,
            "parameters left out"
        );
        self.count(
            "firsthand_forward_dropped_params_total",
            "limit",
            params as u64,
        );
    }

    /// The platform refused the credentials: a person must act.
    pub fn paused(&self, reason: &str, now_ms: i64) {
        tracing::error!(
            destination = self.destination,
            reason,
            "destination paused: credentials refused, events are kept"
        );
        self.count("firsthand_forward_paused_total", "unauthorized", 1);
        self.health.paused(&self.destination, Some(reason), now_ms);
    }

    /// The platform takes events again.
    pub fn resumed(&self) {
        tracing::info!(destination = self.destination, "destination resumed");
        self.count("firsthand_forward_resumed_total", "resumed", 1);
    }

    /// A request waits because of the destination's rate.
    pub fn held_back(&self) {
        tracing::debug!(
            destination = self.destination,
            "request held back by the rate"
        );
        self.count("firsthand_forward_held_back_total", "rate", 1);
    }

    /// How fast the destination is asked now.
    pub fn pace(&self, pace: &Pace) {
        let concurrency = u32::try_from(pace.concurrency()).unwrap_or(u32::MAX);
        tracing::debug!(destination = self.destination, concurrency, "pace changed");
        self.set("firsthand_forward_concurrency", f64::from(concurrency));
        if let Some(per_second) = pace.per_second() {
            self.set("firsthand_forward_requests_per_second", per_second);
        }
    }

    /// An access token was asked for: `fetched` or `failed`.
    pub fn token(&self, outcome: &'static str) {
        tracing::debug!(destination = self.destination, outcome, "access token");
        self.count("firsthand_forward_tokens_total", outcome, 1);
    }

    /// Where the gate stands now: 0 open, 1 resting, 2 paused.
    pub fn gate(&self, gate: &Gate, now_ms: i64) {
        let state = if gate.is_paused() {
            self.health.paused(&self.destination, None, now_ms);
            2.0
        } else if gate.is_resting() {
            self.health.rests(&self.destination, now_ms);
            1.0
        } else {
            self.health.opened(&self.destination);
            0.0
        };
        self.set("firsthand_forward_gate", state);
        self.set(
            "firsthand_destination_paused",
            f64::from(u8::from(gate.is_paused())),
        );
    }

    /// How many positions of the log were not read yet.
    pub fn lag(&self, events: i64) {
        let events = f64::from(i32::try_from(events.max(0)).unwrap_or(i32::MAX));
        self.set("firsthand_forward_lag_events", events);
    }

    /// Events waited for a time that lies further ahead than anything may have to wait; they are looked at now.
    pub fn brought_forward(&self, events: usize) {
        tracing::warn!(
            destination = self.destination,
            events,
            "events that waited for a time too far ahead are looked at now: the clock was set back, or the longest wait was made shorter"
        );
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.count("firsthand_forward_brought_forward_total", "clock", events);
    }

    /// The store did not answer; the round is repeated.
    pub fn store_failed(&self, error: &crate::store::StoreError) {
        tracing::warn!(destination = self.destination, %error, "store failed while forwarding");
        self.count("firsthand_forward_store_errors_total", "store", 1);
    }

    /// The task ended by a panic and is started again.
    pub fn crashed(&self) {
        tracing::error!(
            destination = self.destination,
            "forwarding task crashed, starting it again"
        );
        self.count("firsthand_forward_crashes_total", "panic", 1);
    }
}
