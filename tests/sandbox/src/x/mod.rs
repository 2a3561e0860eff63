//! X Conversion API: `POST /x/12/measurement/conversions/{pixel_id}`, signed as OAuth 1.0a says.
//!
//! The signature is computed and compared, the clock of a request may be five minutes off, a nonce counts once. One wrong event fails its request.
//!
//! | fault | answer |
//! |---|---|
//! | `rate_limit` | 429 with `x-rate-limit-reset` |
//! | `bad_token` | 401 |
//! | `transient_error` | 500 |
//! | `refuse_event_id` | 400 |

mod door;
pub(crate) mod oauth;
mod rules;

use axum::Router;
use axum::routing::post;

use crate::dedup::{CopyRule, WINDOW_MS};
use crate::fault::FaultKind;
use crate::platform::{Platform, PlatformSpec};

/// X.
pub(crate) const PLATFORM: Platform = Platform::of("x");

/// A demo account.
struct Account {
    pixel_id: &'static str,
    consumer_key: &'static str,
    consumer_secret: &'static str,
    token: &'static str,
    token_secret: &'static str,
    pixel_token: &'static str,
    /// Its single event tags.
    tags: &'static [&'static str],
}

/// The demo account. What its secrets hold has to be encoded before it is signed with.
const ACCOUNT: Account = Account {
    pixel_id: "o8z6j",
    consumer_key: "x-sandbox-consumer-key",
    consumer_secret: "x/sandbox+consumer=secret",
    token: "7588892-x-sandbox-token",
    token_secret: "x-sandbox-token&secret",
    pixel_token: "x-sandbox-pixel-token",
    tags: &["tw-o8z6j-o8z21", "tw-o8z6j-o8z22"],
};

/// X, as the sandbox knows it.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "X",
    label: "X",
    about: "Conversion API",
    doors: || {
        Router::new().route(
            "/x/12/measurement/conversions/{pixel_id}",
            post(door::conversions),
        )
    },
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
