//! GA4 Measurement Protocol: `POST /ga4/mp/collect` and its validation twin
//! `POST /ga4/debug/mp/collect`.
//!
//! The first answers 204 to whatever it received and throws away what breaks a
//! limit without a word; the sandbox records what it threw away and why. The
//! second says what is wrong and records nothing.

pub(crate) mod door;
pub(crate) mod event;
pub(crate) mod person;
pub(crate) mod rules;

use axum::Router;
use axum::routing::post;

use crate::dedup::CopyRule;
use crate::platform::{Platform, PlatformSpec};

/// Google Analytics 4.
pub(crate) const PLATFORM: Platform = Platform::of("ga4");

/// A demo account.
pub(crate) struct Account {
    /// `measurement_id` of the query.
    pub(crate) measurement_id: &'static str,
    /// `api_secret` of the query.
    pub(crate) api_secret: &'static str,
}

/// The demo account.
pub(crate) const ACCOUNT: Account = Account {
    measurement_id: "G-SANDBOX01",
    api_secret: "ga4-sandbox",
};

/// Google Analytics 4, as the sandbox knows it.
pub(crate) static SPEC: PlatformSpec = PlatformSpec {
    platform: PLATFORM,
    title: "Google Analytics 4",
    label: "Analytics",
    about: "Measurement Protocol",
    doors: || {
        Router::new()
            .route("/ga4/mp/collect", post(door::collect))
            .route("/ga4/debug/mp/collect", post(door::debug))
    },
    pixels: Router::new,
    copies: CopyRule {
        window_ms: i64::MAX,
        merge_ms: 0,
    },
    faults: &[],
};
