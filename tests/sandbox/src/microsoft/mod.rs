//! Microsoft Advertising's UET Conversions API: `POST /microsoft/v1/{tag_id}/events`.
//!
//! With `continueOnValidationError` the good events are taken (200, the others named by index); without it one wrong event fails its request
//! (400). Copies meet by name and id.
//!
//! | fault | answer |
//! |---|---|
//! | `rate_limit` | 429 |
//! | `bad_token` | 401 |
//! | `transient_error` | 500 |
//! | `refuse_event_id` | as one wrong event |

mod door;
mod rules;

use axum::Router;
use axum::routing::post;

use crate::dedup::{CopyRule, WINDOW_MS};
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// Microsoft Advertising.
pub(crate) const PLATFORM: Platform = Platform::of("microsoft");

/// The demo account's UET tag.
const TAG_ID: &str = "97000001";
/// Its token.
const ACCESS_TOKEN: &str = "uet-sandbox-token";

/// Microsoft Advertising, as the sandbox knows it. The window of de-duplication is an assumption.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Microsoft Advertising",
    label: "Microsoft",
    about: "UET Conversions API",
    doors: || Router::new().route("/microsoft/v1/{tag_id}/events", post(door::events)),
    pixels: Router::new,
    copies: CopyRule {
        window_ms: WINDOW_MS,
        merge_ms: 0,
    },
    faults: &[
        (FaultKind::RateLimit, &[]),
        (FaultKind::TransientError, &[]),
        (FaultKind::RefuseEventId, &[]),
    ],
};
