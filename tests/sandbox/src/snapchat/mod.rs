//! Snapchat Conversions API v3: `POST /snapchat/v3/{pixel_id}/events?access_token=…`, and `/events/validate`, which records nothing.
//!
//! One wrong event fails its request: an assumption, as are the words, because no page tells what happens to the others.
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

/// Snapchat.
pub(crate) const PLATFORM: Platform = Platform::of("snapchat");

/// The demo account's pixel.
const PIXEL_ID: &str = "9f6d8a1e-0000-4000-8000-123456789abc";
/// Its token, which has to be encoded in an address.
const ACCESS_TOKEN: &str = "snap/sandbox+token";

/// Snapchat, as the sandbox knows it. The first copy is kept, details of a later one are merged into it.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Snapchat",
    label: "Snapchat",
    about: "Conversions API v3",
    doors: || {
        Router::new()
            .route("/snapchat/v3/{pixel_id}/events", post(door::events))
            .route(
                "/snapchat/v3/{pixel_id}/events/validate",
                post(door::validate),
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
