//! The platforms: one file (or folder) each, and one line below.
//!
//! A platform's file holds all that is its own: the keys of its account and their checks, its limits with
//! their sources, its names of the events, the mapping, the request, the reading of answers, and an account
//! on the sandbox for the tests that all have to pass (`forward/tests/conformance.rs`). Beside it: an
//! emulator in `tests/sandbox/src/<platform>`, a page in `docs/destinations`.

mod body;
mod contract;
mod spec;
mod words;

mod ga4;
mod google_data_manager;
mod google_oauth;
mod klaviyo;
mod meta;
mod tiktok;
mod webhook;

use std::time::Duration;

use firsthand_core::consent::{Purpose, Verdict as Allowed};

pub use contract::{
    Answer, Batch, Destination, EventVerdict, FORM, JSON, Mapped, Outgoing, RetryClass, Token,
    TokenGrant, Verdict, foreign_answer,
};
pub use spec::{Account, AccountReader, PlatformLimits, PlatformSpec, Setup};
pub(crate) use webhook::signature as standard_webhook;
pub use words::{Blotter, MAX_ANSWER_BYTES, Words};

/// Every platform.
#[rustfmt::skip] // one line each
pub static PLATFORMS: &[&PlatformSpec] = &[
    &meta::SPEC,
    &tiktok::SPEC,
    &ga4::SPEC,
    &google_data_manager::SPEC,
    &klaviyo::SPEC,
    &webhook::SPEC,
];

/// Returns the platform of this name.
pub fn platform(kind: &str) -> Option<&'static PlatformSpec> {
    PLATFORMS
        .iter()
        .copied()
        .find(|platform| platform.kind == kind)
}

const fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

/// Whether data may be matched and shared.
fn may_share(allowed: Allowed) -> bool {
    allowed.allows(Purpose::ThirdPartySharing)
}

#[cfg(test)]
mod fixture;
