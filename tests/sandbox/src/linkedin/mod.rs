//! LinkedIn Conversions API: `POST /linkedin/rest/conversionEvents` with `X-RestLi-Method: BATCH_CREATE`.
//!
//! What is not of its form fails the whole request with 422 and the places; then every event has a status of its own. Between the Insight Tag and
//! the API it is the API's copy that is dropped.
//!
//! | fault | answer |
//! |---|---|
//! | `rate_limit` | 429 |
//! | `bad_token` | 401 (or 426: the version has ended) |
//! | `transient_error` | 500 |
//! | `refuse_event_id` | 422, with the place of that event |

mod door;
mod rules;

use axum::Router;
use axum::routing::post;

use crate::dedup::{CopyRule, WINDOW_MS};
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// LinkedIn.
pub(crate) const PLATFORM: Platform = Platform::of("linkedin");

/// The demo account's token.
const ACCESS_TOKEN: &str = "linkedin-sandbox-token";
/// Its conversion rules.
const RULES: &[&str] = &["104012", "104013"];
/// The oldest version that has not ended.
const OLDEST_VERSION: &str = "202512";

/// LinkedIn, as the sandbox knows it. The window of de-duplication is an assumption.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "LinkedIn",
    label: "LinkedIn",
    about: "Conversions API",
    doors: || Router::new().route("/linkedin/rest/conversionEvents", post(door::events)),
    pixels: Router::new,
    copies: CopyRule {
        window_ms: WINDOW_MS,
        merge_ms: 0,
    },
    faults: &[
        (FaultKind::RateLimit, &[]),
        (FaultKind::BadToken, &[401, 426]),
        (FaultKind::TransientError, &[]),
        (FaultKind::RefuseEventId, &[]),
    ],
};
