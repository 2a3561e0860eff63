//! A receiver of signed webhooks: `POST /webhook/{any path}`.
//!
//! Verifies as Standard Webhooks 1.0.0 asks of a receiver: every header there, the time within five minutes
//! either way, one of the signatures right over the raw body. A message id that came before is a copy.
//!
//! | fault | answer |
//! |---|---|
//! | `rate_limit` | 429 |
//! | `bad_token` | 401 |
//! | `transient_error` | 500 with words |
//! | `refuse_event_id` | 422 |

pub(crate) mod door;

use axum::Router;
use axum::routing::post;

use crate::dedup::CopyRule;
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// Signed webhooks.
pub(crate) const PLATFORM: Platform = Platform::of("webhook");

/// The demo receiver's secret.
pub(crate) const SECRET: &str = "whsec_Rmlyc3RoYW5kLXdlYmhvb2stZGVtby1zZWNyZXQtMDE=";

/// Signed webhooks, as the sandbox knows them.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Signed webhook",
    label: "Webhook",
    about: "Standard Webhooks",
    doors: || Router::new().route("/webhook/{*path}", post(door::receive)),
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
