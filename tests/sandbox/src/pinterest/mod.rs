//! Pinterest Conversions API v5: `POST /pinterest/v5/ad_accounts/{ad_account_id}/events`.
//!
//! Every event is judged by itself: 200 when all were processed, else 422 with a list in the order of the request. `?test=true` answers alike
//! and records nothing.
//!
//! | fault | answer |
//! |---|---|
//! | `rate_limit` | 429, code 8 |
//! | `bad_token` | 401, code 2 (or 29: 403) |
//! | `transient_error` | 500, code 0 (or 4197: 503, the endpoint is being ramped down) |
//! | `refuse_event_id` | 422, that event `failed` |

mod door;
mod rules;

use axum::Router;
use axum::routing::post;

use crate::dedup::CopyRule;
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// Pinterest.
pub(crate) const PLATFORM: Platform = Platform::of("pinterest");

/// The demo account's id.
const AD_ACCOUNT_ID: &str = "549000000001";
/// Its conversion access token.
const ACCESS_TOKEN: &str = "pina_sandbox";

/// Pinterest, as the sandbox knows it. A day of de-duplication is what third parties say.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Pinterest",
    label: "Pinterest",
    about: "Conversions API v5",
    doors: || {
        Router::new().route(
            "/pinterest/v5/ad_accounts/{ad_account_id}/events",
            post(door::events),
        )
    },
    pixels: Router::new,
    copies: CopyRule {
        window_ms: 24 * 3_600_000,
        merge_ms: 0,
    },
    faults: &[
        (FaultKind::RateLimit, &[]),
        (FaultKind::BadToken, &[2, 29]),
        (FaultKind::TransientError, &[0, 4_197]),
        (FaultKind::RefuseEventId, &[]),
    ],
};
