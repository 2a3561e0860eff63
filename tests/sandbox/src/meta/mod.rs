//! Meta Conversions API: `POST /meta/{version}/{dataset_id}/events`, and the
//! pixel's `/meta/tr`.
//!
//! All or nothing: one wrong event refuses the whole request, with an answer
//! that, as at Meta, does not say which one. The place is kept for the control
//! API and the page.
//!
//! The reference lists subcodes 2804007, 2804016, 2804017, 2804019 and 2804048
//! as "invalid event content" without telling them apart. Their split here is
//! the sandbox's own: event fields, address and action source, `user_data`,
//! `custom_data`, privacy options and unknown keys.

pub(crate) mod custom_data;
pub(crate) mod door;
pub(crate) mod error;
pub(crate) mod pixel;
pub(crate) mod rules;
pub(crate) mod user_data;

use axum::Router;
use axum::routing::{get, post};

use crate::answer;
use crate::config::PlatformBounds;
use crate::dedup::{CopyRule, WINDOW_MS};
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// Meta.
pub(crate) const PLATFORM: Platform = Platform::of("meta");

/// The demo account.
pub(crate) struct Account {
    /// Dataset (pixel) id in the path of the events edge.
    pub(crate) dataset_id: &'static str,
    /// Access token. Never echoed, never kept with a payload.
    pub(crate) access_token: &'static str,
}

/// The demo account.
pub(crate) const ACCOUNT: Account = Account {
    dataset_id: "1000000000000001",
    access_token: "EAAsandbox",
};

/// Codes of errors that pass. Only 1, 2 and 341 come with `is_transient`, so that a sender that trusts the
/// flag alone shows itself; the HTTP status of the others is the sandbox's own.
const TEMPORARY: &[u32] = &[1, 2, 341, 368, 5_000, 21_009];

/// Meta, as the sandbox knows it.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Meta",
    label: "Meta",
    about: "Conversions API and pixel",
    doors: || Router::new().route("/meta/{version}/{dataset_id}/events", post(door::events)),
    pixels: || {
        let hit = get(pixel::hit).post(pixel::hit).options(answer::preflight);
        Router::new().route("/meta/tr", hit)
    },
    copies: CopyRule {
        window_ms: WINDOW_MS,
        merge_ms: i64::MAX,
    },
    faults: &[
        (
            FaultKind::RateLimit,
            &[
                4, 17, 613, 80_000, 80_001, 80_002, 80_003, 80_004, 80_005, 80_006, 80_007, 80_008,
                80_009, 80_010, 80_011, 80_012, 80_013, 80_014,
            ],
        ),
        (FaultKind::BadToken, &[190, 3, 200]),
        (FaultKind::TransientError, TEMPORARY),
        (FaultKind::ErrorOnceForEventId, TEMPORARY),
        (FaultKind::RefuseEventId, &[]),
    ],
};

/// Returns the ids under which copies of one event meet that have no event id.
fn visitor_ids(
    bounds: &PlatformBounds,
    fbp: Option<&str>,
    external_id: Option<&str>,
) -> Vec<String> {
    if !bounds.meta_dedup_without_event_id {
        return Vec::new();
    }
    let named = [("fbp", fbp), ("external_id", external_id)];
    named
        .into_iter()
        .filter_map(|(key, id)| Some(format!("{key}={}", id?)))
        .collect()
}
