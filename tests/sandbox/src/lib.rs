//! Strict emulators of the ad platforms' event APIs, for demos and tests.
//!
//! | route | what answers |
//! |---|---|
//! | `POST /meta/{version}/{dataset_id}/events` | Meta Conversions API |
//! | `GET`, `POST /meta/tr` | stand-in for Meta's browser pixel |
//! | `POST /tiktok/open_api/v1.3/event/track/` | TikTok Events API 2.0 |
//! | `POST /tiktok/pixel` | stand-in for TikTok's browser pixel |
//! | `POST /ga4/mp/collect`, `/ga4/debug/mp/collect` | GA4 Measurement Protocol |
//! | `POST /google_data_manager/v1/events:ingest`, `/google_data_manager/token` | Google Data Manager API |
//! | `POST /pinterest/v5/ad_accounts/{ad_account_id}/events` | Pinterest Conversions API v5 |
//! | `POST /snapchat/v3/{pixel_id}/events`, `…/events/validate` | Snapchat Conversions API v3 |
//! | `POST /reddit/api/v3/pixels/{pixel_id}/conversion_events` | Reddit Conversions API v3 |
//! | `POST /linkedin/rest/conversionEvents` | LinkedIn Conversions API |
//! | `POST /microsoft/v1/{tag_id}/events` | Microsoft Advertising, UET Conversions API |
//! | `POST /x/12/measurement/conversions/{pixel_id}` | X Conversion API |
//! | `POST /klaviyo/api/events` | Klaviyo events |
//! | `POST /webhook/{path}` | a receiver of signed webhooks |
//! | `/control/…` | what arrived, faults, clock, reset |
//! | `GET /` | the page that shows it all |
//!
//! It promises to refuse what the platforms refuse, in their words, and to
//! count copies as they count them. It forgets the oldest records beyond its
//! bound and keeps nothing on disk. Rules the platforms do not document firmly
//! are in [`PlatformBounds`].
//!
//! It is a test tool: it asks nobody for a password. Bind it to loopback.

mod answer;
mod check;
mod clock;
mod config;
mod control;
mod dedup;
mod door;
mod fault;
mod ga4;
mod google_data_manager;
mod klaviyo;
mod ledger;
mod linkedin;
mod meta;
mod microsoft;
mod page;
mod pinterest;
mod platform;
mod record;
mod reddit;
mod sandbox;
mod schema;
mod snapchat;
mod tiktok;
mod webhook;
mod x;

pub use config::{CollectorLink, PlatformBounds, SandboxConfig, system_now_ms};
pub use dedup::Fate;
pub use fault::{Fault, FaultError, FaultKind};
pub use google_data_manager::account::{service_account, unknown_service_account};
pub use platform::Platform;
pub use record::{Channel, Filter, MatchKey, Record, Totals, Verdict};
pub use sandbox::{Sandbox, SandboxState, serve};
