//! Whether a destination gets requests now: all, a single probe, or none.
//!
//! Three things close the gate: failures of the transport (the breaker; after a rest one event probes),
//! the platform's rate limit (until the time it named), and refused credentials (paused until a probe or
//! a reload). A refused event never does. Pure: time and randomness are passed in; the
//! time is that of a clock which nobody sets, in milliseconds.

use super::backoff;

/// Longest rest between two probes of an unreachable destination, in milliseconds: an outage that ends is
/// noticed within a minute.
pub const MAX_REST_MS: u64 = 60_000;

/// What may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Everything.
    Full,
    /// One event.
    Probe,
    /// Nothing before this time; `None`: until a reload.
    Wait(Option<i64>),
}

/// What a request taught about the destination as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// It answered and took or judged events.
    Healthy,
    /// It could not be reached, or answered in no words of its own.
    Failed,
    /// It wants nothing before this time.
    Throttled(i64),
    /// It refused the credentials.
    Unauthorized,
}

/// How the gate behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateRules {
    /// Failures in a row that open the breaker.
    pub failures: u32,
    /// Ceiling of the first rest, in milliseconds.
    pub base_ms: u64,
    /// Rest of a paused destination before a probe, in milliseconds; 0: no probe.
    pub unauthorized_probe_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Resting { until_ms: i64, openings: u32 },
    Paused { probe_ms: Option<i64> },
}

/// The gate of one destination.
#[derive(Debug, Clone)]
pub struct Gate {
    rules: GateRules,
    state: State,
    throttled_until_ms: i64,
}

impl Gate {
    /// Makes an open gate.
    pub fn new(rules: GateRules) -> Self {
        Self {
            rules,
            state: State::Closed { failures: 0 },
            throttled_until_ms: i64::MIN,
        }
    }

    /// Returns what may be sent at `now_ms`.
    pub fn permit(&self, now_ms: i64) -> Permit {
        if now_ms < self.throttled_until_ms {
            return Permit::Wait(Some(self.throttled_until_ms));
        }
        match self.state {
            State::Closed { .. } => Permit::Full,
            State::Resting { until_ms, .. } if now_ms < until_ms => Permit::Wait(Some(until_ms)),
            State::Paused { probe_ms: None } => Permit::Wait(None),
            State::Paused {
                probe_ms: Some(probe_ms),
            } if now_ms < probe_ms => Permit::Wait(Some(probe_ms)),
            State::Resting { .. } | State::Paused { .. } => Permit::Probe,
        }
    }

    /// Whether the credentials were refused.
    pub fn is_paused(&self) -> bool {
        matches!(self.state, State::Paused { .. })
    }

    /// Whether the breaker is open.
    pub fn is_resting(&self) -> bool {
        matches!(self.state, State::Resting { .. })
    }

    /// Learns from a request that ended at `now_ms`.
    pub fn learn(&mut self, signal: Signal, now_ms: i64, random: u64) {
        match signal {
            Signal::Healthy => self.state = State::Closed { failures: 0 },
            Signal::Throttled(until_ms) => {
                self.throttled_until_ms = self.throttled_until_ms.max(until_ms);
                if !self.is_paused() {
                    self.state = State::Closed { failures: 0 };
                }
            }
            Signal::Unauthorized => {
                let probe_ms = (self.rules.unauthorized_probe_ms > 0)
                    .then(|| later(now_ms, self.rules.unauthorized_probe_ms));
                self.state = State::Paused { probe_ms };
            }
            Signal::Failed => self.fail(now_ms, random),
        }
    }

    fn fail(&mut self, now_ms: i64, random: u64) {
        let openings = match self.state {
            State::Closed { failures } if failures + 1 < self.rules.failures => {
                self.state = State::Closed {
                    failures: failures + 1,
                };
                return;
            }
            State::Closed { .. } => 1,
            // Requests that were under way when the breaker opened teach nothing new.
            State::Resting { until_ms, .. } if now_ms < until_ms => return,
            State::Resting { openings, .. } => openings.saturating_add(1),
            State::Paused { probe_ms } => {
                self.state = State::Paused {
                    probe_ms: probe_ms.map(|_| later(now_ms, self.rules.unauthorized_probe_ms)),
                };
                return;
            }
        };
        let ceiling = backoff::ceiling_ms(openings, self.rules.base_ms, MAX_REST_MS);
        self.state = State::Resting {
            until_ms: later(now_ms, backoff::equal_jitter_ms(ceiling, random)),
            openings,
        };
    }
}

fn later(now_ms: i64, by_ms: u64) -> i64 {
    now_ms.saturating_add(i64::try_from(by_ms).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(GateRules {
            failures: 3,
            base_ms: 1_000,
            unauthorized_probe_ms: 5_000,
        })
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_probe_closes_it() {
        let mut gate = gate();
        for _ in 0..2 {
            gate.learn(Signal::Failed, 0, 0);
            assert_eq!(gate.permit(0), Permit::Full);
        }
        gate.learn(Signal::Healthy, 0, 0);
        for _ in 0..3 {
            gate.learn(Signal::Failed, 0, 499);
        }
        assert_eq!(gate.permit(0), Permit::Wait(Some(1_000)));
        assert_eq!(gate.permit(1_000), Permit::Probe);
        gate.learn(Signal::Healthy, 1_000, 0);
        assert_eq!(gate.permit(1_000), Permit::Full);
    }

    #[test]
    fn every_failed_probe_doubles_the_rest_up_to_a_minute() {
        let mut gate = gate();
        let mut now = 0;
        for _ in 0..3 {
            gate.learn(Signal::Failed, now, u64::MAX);
        }
        let mut longest = 0;
        for _ in 0..20 {
            let Permit::Wait(Some(until)) = gate.permit(now) else {
                panic!("resting")
            };
            longest = until - now;
            now = until;
            gate.learn(Signal::Failed, now, 499);
        }
        assert!(longest > 20_000 && longest <= 60_000, "{longest}");
    }

    #[test]
    fn late_failures_of_one_outage_count_once() {
        let mut gate = gate();
        for _ in 0..50 {
            gate.learn(Signal::Failed, 0, 0);
        }
        let Permit::Wait(Some(until)) = gate.permit(0) else {
            panic!("resting")
        };
        assert!(until <= 1_000, "{until}");
    }

    #[test]
    fn a_rate_limit_waits_and_then_opens_fully() {
        let mut gate = gate();
        gate.learn(Signal::Throttled(700), 0, 0);
        assert_eq!(gate.permit(699), Permit::Wait(Some(700)));
        assert_eq!(gate.permit(700), Permit::Full);
    }

    #[test]
    fn refused_credentials_pause_until_a_probe_is_taken() {
        let mut gate = gate();
        gate.learn(Signal::Unauthorized, 0, 0);
        assert!(gate.is_paused());
        assert_eq!(gate.permit(4_999), Permit::Wait(Some(5_000)));
        assert_eq!(gate.permit(5_000), Permit::Probe);
        gate.learn(Signal::Failed, 5_000, 0);
        assert_eq!(gate.permit(5_001), Permit::Wait(Some(10_000)));
        gate.learn(Signal::Healthy, 10_000, 0);
        assert_eq!(gate.permit(10_000), Permit::Full);
        let mut never = Gate::new(GateRules {
            unauthorized_probe_ms: 0,
            ..gate.rules
        });
        never.learn(Signal::Unauthorized, 0, 0);
        assert_eq!(never.permit(i64::MAX), Permit::Wait(None));
    }
}
