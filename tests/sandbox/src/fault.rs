//! Faults that can be switched on, each in the platform's own documented form.
//!
//! | kind | Meta | TikTok | GA4 |
//! |---|---|---|---|
//! | `outage_503` | 503 | 503 | 503 |
//! | `html_500` | 500 with a page | 500 with a page | 500 with a page |
//! | `timeout` | no answer, then a dropped connection | same | same |
//! | `reset` | dropped connection | same | same |
//! | `slow` | the true answer, late | same | same |
//! | `rate_limit` | 400, code 80003 (or 4, 17, 613, 80000 to 80014) and usage header | 200, code 40100 | not documented |
//! | `bad_token` | 400, code 190 (or 3, 200: no permission) | 200, code 40001 (or 40104, 40105) | 204, discarded |
//! | `transient_error` | 500, code 2 (or 1, 341, 368, 5000, 21009) | 200, code 50000 (or 51000, 51999) | not documented |
//! | `partial_20001` | not documented | 200, code 20001 | not documented |
//! | `error_once_for_event_id` | as `transient_error` | as `transient_error` | 503 |
//! | `refuse_event_id` | 400, code 100/2804007 | 200, code 40002 | not documented |
//!
//! `"code"` chooses one of the codes in brackets.
//!
//! With `"processed": true`, `timeout`, `reset`, `outage_503` and `html_500`
//! take the events in before they fail: the lost-answer case.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::platform::Platform;

/// Faults that may wait at the same time.
const MAX_FAULTS: usize = 100;
/// Longest delay a fault may ask for.
const MAX_DELAY_MS: u64 = 600_000;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// HTTP 503.
    #[serde(rename = "outage_503")]
    Outage503,
    /// No answer until a bound, then the connection drops.
    Timeout,
    /// The connection drops at once.
    Reset,
    /// The platform's rate limit.
    RateLimit,
    /// Credentials refused.
    BadToken,
    /// HTTP 500 with an HTML body.
    #[serde(rename = "html_500")]
    Html500,
    /// The true answer, late.
    Slow,
    /// TikTok's partial success.
    #[serde(rename = "partial_20001")]
    Partial20001,
    /// A temporary error in the platform's words.
    TransientError,
    /// A temporary error for the request that carries one event id.
    ErrorOnceForEventId,
    /// A permanent error for every request that carries one event id.
    RefuseEventId,
}

impl FaultKind {
    /// Returns the name the control API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Outage503 => "outage_503",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::RateLimit => "rate_limit",
            Self::BadToken => "bad_token",
            Self::Html500 => "html_500",
            Self::Slow => "slow",
            Self::Partial20001 => "partial_20001",
            Self::TransientError => "transient_error",
            Self::ErrorOnceForEventId => "error_once_for_event_id",
            Self::RefuseEventId => "refuse_event_id",
        }
    }

    /// Returns whether every platform can fail like this.
    pub(crate) fn is_everywhere(self) -> bool {
        self.is_of_transport()
            || matches!(
                self,
                Self::Slow | Self::BadToken | Self::ErrorOnceForEventId
            )
    }

    /// Returns whether the failure says nothing in the platform's own words.
    pub(crate) fn is_of_transport(self) -> bool {
        matches!(
            self,
            Self::Outage503 | Self::Timeout | Self::Reset | Self::Html500
        )
    }

    fn is_about_one_event(self) -> bool {
        matches!(self, Self::ErrorOnceForEventId | Self::RefuseEventId)
    }
}

/// One switched-on fault, as `POST /control/fault` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Platform that fails.
    pub platform: Platform,
    /// How it fails.
    pub kind: FaultKind,
    /// Requests that fail; absent or null: until cleared.
    #[serde(default)]
    pub count: Option<u64>,
    /// Seconds for `Retry-After` or Meta's time to regain access.
    #[serde(default)]
    pub retry_after_s: Option<u64>,
    /// Event a one-event fault waits for.
    #[serde(default)]
    pub event_id: Option<String>,
    /// Error code, where the kind has several (Meta 4, 17, 80003; 1, 2).
    #[serde(default)]
    pub code: Option<u32>,
    /// Delay of `slow` or hold of `timeout`, milliseconds.
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// Whether the events are taken in although the sender sees a failure.
    #[serde(default)]
    pub processed: bool,
}

/// Why a fault was not switched on.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FaultError {
    /// The platform has no such answer.
    #[error("{kind} is not a documented answer of this platform")]
    NotOnPlatform {
        /// Name of the kind.
        kind: &'static str,
    },
    /// A one-event fault without its event.
    #[error("{kind} needs event_id")]
    NeedsEventId {
        /// Name of the kind.
        kind: &'static str,
    },
    /// A code the kind does not have.
    #[error("code must be one of {allowed} for {kind}")]
    Code {
        /// Name of the kind.
        kind: &'static str,
        /// The codes it has.
        allowed: String,
    },
    /// A count of zero.
    #[error("count must be at least 1, or null for until cleared")]
    Count,
    /// A delay beyond the bound.
    #[error("delay_ms must be at most {MAX_DELAY_MS}")]
    Delay,
    /// The queue is full.
    #[error("{MAX_FAULTS} faults are waiting already; clear them first")]
    TooMany,
}

impl Fault {
    /// Returns an error when this fault cannot be switched on.
    fn check(&self) -> Result<(), FaultError> {
        let kind = self.kind.name();
        if !self.platform.has_fault(self.kind) {
            return Err(FaultError::NotOnPlatform { kind });
        }
        if self.kind.is_about_one_event() && self.event_id.is_none() {
            return Err(FaultError::NeedsEventId { kind });
        }
        if self.count == Some(0) {
            return Err(FaultError::Count);
        }
        if self.delay_ms.is_some_and(|ms| ms > MAX_DELAY_MS) {
            return Err(FaultError::Delay);
        }
        let allowed = self.platform.codes_of(self.kind).unwrap_or_default();
        if self.code.is_some_and(|code| !allowed.contains(&code)) {
            let list: Vec<String> = allowed.iter().map(u32::to_string).collect();
            return Err(FaultError::Code {
                kind,
                allowed: if list.is_empty() {
                    "none".to_owned()
                } else {
                    list.join(", ")
                },
            });
        }
        Ok(())
    }

    /// Returns the delay asked for, or `default`.
    pub(crate) fn delay_or(&self, default: Duration) -> Duration {
        self.delay_ms.map_or(default, Duration::from_millis)
    }
}

/// The switched-on faults, first in first served.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: VecDeque<Fault>,
}

impl Faults {
    /// Switches a fault on.
    pub(crate) fn add(&mut self, mut fault: Fault) -> Result<(), FaultError> {
        fault.check()?;
        if self.waiting.len() >= MAX_FAULTS {
            return Err(FaultError::TooMany);
        }
        if fault.kind == FaultKind::ErrorOnceForEventId {
            fault.count = fault.count.or(Some(1));
        }
        self.waiting.push_back(fault);
        Ok(())
    }

    /// Returns the fault that meets a request with these event ids, and uses
    /// it up by one.
    pub(crate) fn take(&mut self, platform: Platform, event_ids: &[String]) -> Option<Fault> {
        let at = self.waiting.iter().position(|fault| {
            fault.platform == platform
                && fault
                    .event_id
                    .as_ref()
                    .is_none_or(|id| event_ids.contains(id))
        })?;
        let fault = self.waiting.get_mut(at)?;
        let taken = fault.clone();
        if let Some(left) = &mut fault.count {
            *left -= 1;
            if *left == 0 {
                self.waiting.remove(at);
            }
        }
        Some(taken)
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.waiting.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(platform: Platform, kind: FaultKind) -> Fault {
        Fault {
            platform,
            kind,
            count: None,
            retry_after_s: None,
            event_id: None,
            code: None,
            delay_ms: None,
            processed: false,
        }
    }

    #[test]
    fn a_fault_is_used_up_by_its_count_and_only_by_its_platform() {
        let mut faults = Faults::default();
        faults
            .add(Fault {
                count: Some(2),
                ..fault(crate::meta::PLATFORM, FaultKind::Reset)
            })
            .expect("valid");
        assert!(faults.take(crate::ga4::PLATFORM, &[]).is_none());
        assert!(faults.take(crate::meta::PLATFORM, &[]).is_some());
        assert!(faults.take(crate::meta::PLATFORM, &[]).is_some());
        assert!(faults.take(crate::meta::PLATFORM, &[]).is_none());
    }

    #[test]
    fn an_answer_the_platform_does_not_have_is_refused() {
        let mut faults = Faults::default();
        for (f, want) in [
            (
                fault(crate::ga4::PLATFORM, FaultKind::RateLimit),
                FaultError::NotOnPlatform { kind: "rate_limit" },
            ),
            (
                fault(crate::meta::PLATFORM, FaultKind::Partial20001),
                FaultError::NotOnPlatform {
                    kind: "partial_20001",
                },
            ),
            (
                fault(crate::meta::PLATFORM, FaultKind::RefuseEventId),
                FaultError::NeedsEventId {
                    kind: "refuse_event_id",
                },
            ),
            (
                Fault {
                    count: Some(0),
                    ..fault(crate::meta::PLATFORM, FaultKind::Slow)
                },
                FaultError::Count,
            ),
            (
                Fault {
                    code: Some(5),
                    ..fault(crate::meta::PLATFORM, FaultKind::RateLimit)
                },
                FaultError::Code {
                    kind: "rate_limit",
                    allowed: "4, 17, 613, 80000, 80001, 80002, 80003, 80004, 80005, 80006, 80007, 80008, 80009, 80010, 80011, 80012, 80013, 80014".to_owned(),
                },
            ),
        ] {
            assert_eq!(faults.add(f), Err(want));
        }
    }
}
