//! Klaviyo events: `POST /klaviyo/api/events`, one event a request.
//!
//! 202 means checked and queued. Copies of an event meet by `unique_id` within a metric (Klaviyo: also
//! within a profile, which a copy of the same event names alike).
//!
//! | fault | answer |
//! |---|---|
//! | `rate_limit` | 429 `throttled` |
//! | `bad_token` | 401 `authentication_failed` |
//! | `transient_error` | 500 `error` |
//! | `refuse_event_id` | 400 `invalid` |

pub(crate) mod door;
pub(crate) mod rules;

use axum::Router;
use axum::routing::post;

use crate::dedup::CopyRule;
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// Klaviyo.
pub(crate) const PLATFORM: Platform = Platform::of("klaviyo");

/// The demo account's private key.
pub(crate) const API_KEY: &str = "pk_klaviyo_sandbox";

/// Klaviyo, as the sandbox knows it.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Klaviyo",
    label: "Klaviyo",
    about: "Events API",
    doors: || Router::new().route("/klaviyo/api/events", post(door::create)),
    pixels: Router::new,
    copies: CopyRule {
        window_ms: i64::MAX,
        merge_ms: 0,
    },
    faults: &[
        (FaultKind::RateLimit, &[]),
        (FaultKind::TransientError, &[]),
        (FaultKind::RefuseEventId, &[]),
    ],
};
