//! TikTok Events API 2.0: `POST /tiktok/open_api/v1.3/event/track/`, and the
//! pixel stand-in `/tiktok/pixel`.
//!
//! HTTP 200 whatever happens; `code` tells. One bad row fails the batch, and
//! the message names it: `Batch.3.properties.value: Not a valid number`.

pub(crate) mod door;
pub(crate) mod pixel;
pub(crate) mod rules;
pub(crate) mod user;

use axum::Router;
use axum::routing::post;

use crate::answer;
use crate::dedup::{CopyRule, WINDOW_MS};
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// TikTok.
pub(crate) const PLATFORM: Platform = Platform::of("tiktok");

/// A demo account.
pub(crate) struct Account {
    /// Value `event_source_id` must have.
    pub(crate) pixel_code: &'static str,
    /// Value of the `Access-Token` header.
    pub(crate) access_token: &'static str,
}

/// The demo account.
pub(crate) const ACCOUNT: Account = Account {
    pixel_code: "CSANDBOX0001",
    access_token: "tt-sandbox",
};

/// Codes of errors that pass; the first and the last stand for 51xxx.
const TEMPORARY: &[u32] = &[50_000, 51_000, 51_999];

/// TikTok, as the sandbox knows it.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "TikTok",
    label: "TikTok",
    about: "Events API 2.0 and pixel",
    doors: || Router::new().route("/tiktok/open_api/v1.3/event/track/", post(door::track)),
    pixels: || {
        let hit = post(pixel::hit).options(answer::preflight);
        Router::new().route("/tiktok/pixel", hit)
    },
    copies: CopyRule {
        window_ms: WINDOW_MS,
        merge_ms: 5 * 60_000,
    },
    faults: &[
        (FaultKind::RateLimit, &[]),
        (FaultKind::BadToken, &[40_001, 40_104, 40_105]),
        (FaultKind::TransientError, TEMPORARY),
        (FaultKind::ErrorOnceForEventId, TEMPORARY),
        (FaultKind::RefuseEventId, &[]),
        (FaultKind::Partial20001, &[]),
    ],
};
