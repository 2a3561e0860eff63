//! One destination's configuration with every default filled in, as the engine uses it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use firsthand_core::consent::{Policy, Purpose};

use super::Settings;
use super::breaker::GateRules;
use super::config::{Connection, DestinationConfig};
use super::confirm::Confirmation;
use super::pace::PaceRules;
use crate::store::LongestWait;

/// How long a round of a destination may take whose rate is limited, in seconds.
const ROUND_SECS: u32 = 5;

/// Tells the time in epoch milliseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Tells the milliseconds since some moment; nobody can set it. What is waited for goes by it, so that a step of the wall clock neither
/// stretches nor cuts a wait.
pub type SteadyClock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Gives random numbers.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Returns the system's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| jiff::Timestamp::now().as_millisecond())
}

/// Returns the system's monotonic clock.
pub fn steady_clock() -> SteadyClock {
    let start = Instant::now();
    Arc::new(move || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX))
}

/// Returns the system's randomness.
pub fn system_random() -> Random {
    Arc::new(rand::random::<u64>)
}

/// How one destination is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its name in the store, logs and metrics.
    pub name: String,
    /// Its platform.
    pub platform: &'static str,
    /// Purposes that must all be allowed.
    pub requires: Vec<Purpose>,
    /// The shop's consent policy.
    pub policy: Policy,
    /// What a trusted source must confirm.
    pub confirm: Confirmation,
    /// Maps and decides, sends nothing.
    pub is_dry_run: bool,
    /// Most events of one request.
    pub batch_events: usize,
    /// Largest body of one request, in bytes.
    pub max_body_bytes: usize,
    /// How many requests at a time and a second.
    pub pace: PaceRules,
    /// Age at which an event is given up, in milliseconds.
    pub max_age_ms: i64,
    /// How long one request may take.
    pub timeout: Duration,
    /// Ceiling of the first retry's delay, in milliseconds.
    pub retry_base_ms: u64,
    /// Greatest delay of a retry, in milliseconds.
    pub retry_cap_ms: u64,
    /// The longest time that any event waits for its other copies, in milliseconds.
    pub longest_settle_ms: i64,
    /// When the destination rests.
    pub gate: GateRules,
}

impl Plan {
    /// Fills in the defaults.
    pub fn new(settings: &Settings, config: &DestinationConfig, connection: &Connection) -> Self {
        let forward = &settings.forward;
        let (common, limits) = (config.common(), config.limits());
        let retry_base_ms = common.retry_base_ms.unwrap_or(forward.retry_base_ms);
        let batch_events = common
            .batch_events
            .unwrap_or(limits.default_batch_events)
            .min(connection.destination.max_batch_events());
        Self {
            name: common.name.clone(),
            platform: config.platform().kind,
            requires: config.requires(),
            policy: settings.consent,
            confirm: settings.confirm.clone(),
            is_dry_run: common.dry_run,
            batch_events,
            max_body_bytes: limits.max_body_bytes,
            pace: PaceRules {
                concurrency: common.concurrency.unwrap_or(limits.default_concurrency),
                per_second: common.requests_per_second,
                burst: common
                    .request_burst
                    .or(common.requests_per_second)
                    .unwrap_or(1),
            },
            max_age_ms: i64::try_from(config.max_event_age().as_millis()).unwrap_or(i64::MAX),
            timeout: Duration::from_millis(
                common
                    .request_timeout_ms
                    .unwrap_or(forward.request_timeout_ms),
            ),
            retry_base_ms,
            retry_cap_ms: common
                .retry_cap_ms
                .unwrap_or(forward.retry_cap_ms)
                .max(retry_base_ms),
            longest_settle_ms: settings.longest_settle_ms,
            gate: GateRules {
                failures: forward.breaker_failures,
                base_ms: retry_base_ms,
                unauthorized_probe_ms: forward.unauthorized_probe_secs.saturating_mul(1_000),
            },
        }
    }

    /// The longest that an event may have to wait for its next look.
    pub fn longest_wait(&self) -> LongestWait {
        LongestWait {
            retry_ms: i64::try_from(self.retry_cap_ms).unwrap_or(i64::MAX),
            settle_ms: self.longest_settle_ms,
        }
    }

    /// How many events one round looks at; where the rate is limited, no more than go in a few seconds, because a
    /// round commits at its end.
    pub fn round_events(&self) -> usize {
        let usual = self
            .batch_events
            .saturating_mul(self.pace.concurrency)
            .clamp(100, 2_000);
        let Some(per_second) = self.pace.per_second else {
            return usual;
        };
        let requests = per_second.saturating_mul(ROUND_SECS) as usize;
        usual.min(self.batch_events.saturating_mul(requests))
    }
}
