//! Google Data Manager API: `POST /google_data_manager/v1/events:ingest`, and the token endpoint
//! `POST /google_data_manager/token`.
//!
//! All or nothing: one wrong event refuses the whole request, and the answer names it:
//! `events.events[3].currency`. The token endpoint verifies the assertion's signature, audience, scope and
//! times; a token ends after an hour of the sandbox's clock. The demo account's key file is at
//! `GET /google_data_manager/service-account.json`, made anew in every process.
//!
//! | fault | answer |
//! |---|---|
//! | `rate_limit` | 429 `RESOURCE_EXHAUSTED` |
//! | `bad_token` | 401 `UNAUTHENTICATED` |
//! | `transient_error` | 503 `UNAVAILABLE` |
//! | `refuse_event_id` | 400 `INVALID_ARGUMENT` at that event |

pub(crate) mod account;
pub(crate) mod door;
pub(crate) mod rules;
pub(crate) mod token;

use axum::Router;
use axum::routing::{get, post};

use crate::dedup::CopyRule;
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// Google Data Manager.
pub(crate) const PLATFORM: Platform = Platform::of("google_data_manager");

/// A demo account.
pub(crate) struct Account {
    /// The only operating account.
    pub(crate) customer: &'static str,
    /// Its only conversion action.
    pub(crate) conversion_action: &'static str,
    /// The property's only stream.
    pub(crate) measurement_id: &'static str,
}

/// The demo account.
pub(crate) const ACCOUNT: Account = Account {
    customer: "1234567890",
    conversion_action: "987654321",
    measurement_id: "G-SANDBOX01",
};

/// Google Data Manager, as the sandbox knows it. The window in which a transaction id meets its copies is
/// not documented: none is assumed.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Google Data Manager",
    label: "Google",
    about: "Google Ads and Analytics",
    doors: || {
        Router::new()
            .route("/google_data_manager/v1/events:ingest", post(door::ingest))
            .route("/google_data_manager/token", post(token::grant))
            .route(
                "/google_data_manager/service-account.json",
                get(account::download),
            )
    },
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
