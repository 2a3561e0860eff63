//! Reddit Conversions API v3: `POST /reddit/api/v3/pixels/{pixel_id}/conversion_events`.
//!
//! One wrong event fails its request. The words of a refusal are an assumption: no specification is public.
//!
//! | fault | answer |
//! |---|---|
//! | `rate_limit` | 429 |
//! | `bad_token` | 401 |
//! | `transient_error` | 500 |
//! | `refuse_event_id` | 400 |

mod door;
mod rules;

use axum::Router;
use axum::routing::post;

use crate::dedup::{CopyRule, WINDOW_MS};
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// Reddit.
pub(crate) const PLATFORM: Platform = Platform::of("reddit");

/// The demo account's pixel.
const PIXEL_ID: &str = "a2_sandbox";
/// Its conversion access token.
const ACCESS_TOKEN: &str = "reddit-sandbox-token";

/// Reddit, as the sandbox knows it. The window of de-duplication is an assumption; the copy with more data wins, so that of the other way
/// enriches the first.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Reddit",
    label: "Reddit",
    about: "Conversions API v3",
    doors: || {
        Router::new().route(
            "/reddit/api/v3/pixels/{pixel_id}/conversion_events",
            post(door::events),
        )
    },
    pixels: Router::new,
    copies: CopyRule {
        window_ms: WINDOW_MS,
        merge_ms: WINDOW_MS,
    },
    faults: &[
        (FaultKind::RateLimit, &[]),
        (FaultKind::TransientError, &[]),
        (FaultKind::RefuseEventId, &[]),
    ],
};
