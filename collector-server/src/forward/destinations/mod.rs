//! The platforms: one file (or folder) each, and one line below.
//!
//! A platform's file holds all that is its own: the keys of its account and their checks, its limits with
//! their sources, its names of the events, the mapping, the request, the reading of answers, and an account
//! on the sandbox for the tests that all have to pass (`forward/tests/conformance.rs`). Beside it: an
//! emulator in `tests/sandbox/src/<platform>`, a page in `docs/destinations`.

mod body;
mod contract;
mod conversions;
mod percent;
mod spec;
mod words;

mod ga4;
mod google_data_manager;
mod google_oauth;
mod klaviyo;
mod linkedin;
mod meta;
mod microsoft;
mod pinterest;
mod reddit;
mod snapchat;
mod tiktok;
mod webhook;
mod x;

use std::time::Duration;

use firsthand_core::consent::Purpose;

use super::config::LimitedDataUse;
use super::consent::Permission;
use super::merge::Merged;

pub use contract::{
    Answer, Batch, Destination, EventVerdict, FORM, JSON, Mapped, Outgoing, RetryClass, Token,
    TokenGrant, Verdict, failed_answer, foreign_answer,
};
pub use spec::{Account, AccountReader, Connected, PlatformLimits, PlatformSpec, Setup};
pub(crate) use webhook::signature as standard_webhook;
pub use words::{Blotter, MAX_ANSWER_BYTES, Words};

/// Every platform.
#[rustfmt::skip] // one line each
pub static PLATFORMS: &[&PlatformSpec] = &[
    &meta::SPEC,
    &tiktok::SPEC,
    &ga4::SPEC,
    &google_data_manager::SPEC,
    &pinterest::SPEC,
    &snapchat::SPEC,
    &reddit::SPEC,
    &linkedin::SPEC,
    &microsoft::SPEC,
    &x::SPEC,
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

/// Whether the platform is to be told to limit its use of the data.
fn is_limited(when: LimitedDataUse, permission: &Permission) -> bool {
    match when {
        LimitedDataUse::Always => true,
        LimitedDataUse::Never => false,
        LimitedDataUse::Auto => {
            permission.gpc || !permission.verdict.allows(Purpose::ThirdPartySharing)
        }
    }
}

/// Whether a browser was there: a page and a user agent are known.
fn is_website(event: &Merged<'_>) -> bool {
    event.page_url().is_some() && event.user_agent().is_some()
}

/// Longest click id that is believed, in bytes.
const MAX_CLICK_ID_BYTES: usize = 512;

/// Returns a click id as the address or the platform's cookie had it.
fn click<'e>(event: &'e Merged<'_>, parameter: &str) -> Option<&'e str> {
    let (id, _) = event.click_id(parameter)?;
    let is_plain = id.len() <= MAX_CLICK_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic());
    (is_plain && !id.is_empty()).then_some(id)
}

#[cfg(test)]
mod fixture;
