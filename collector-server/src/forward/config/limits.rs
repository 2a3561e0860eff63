//! What each platform allows, with the source of every number.

use std::time::Duration;

use firsthand_core::consent::Purpose;

/// What a platform allows and what it gets unless the operator says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformLimits {
    /// The platform's name in configuration, logs and metrics.
    pub kind: &'static str,
    /// Default of `base_url`.
    pub base_url: &'static str,
    /// Most events of one request that the platform takes.
    pub max_batch_events: usize,
    /// Default of `batch_events`.
    pub default_batch_events: usize,
    /// Largest body that is sent, in bytes.
    pub max_body_bytes: usize,
    /// Greatest `max_event_age_secs`.
    pub max_event_age: Duration,
    /// Default of `max_event_age_secs`, below the platform's limit by a margin.
    pub default_max_event_age: Duration,
    /// Default of `concurrency`.
    pub default_concurrency: usize,
    /// Default of `requires`.
    pub requires: &'static [Purpose],
}

const HOUR: Duration = Duration::from_hours(1);

/// Limits of the Meta Conversions API. 1000 events a request is widely documented; smaller batches
/// make the search for a refused event cheaper. One event older than 7 days fails its whole request.
pub const META: PlatformLimits = PlatformLimits {
    kind: "meta",
    base_url: "https://graph.facebook.com",
    max_batch_events: 1_000,
    default_batch_events: 200,
    max_body_bytes: 4_000_000,
    max_event_age: HOUR.saturating_mul(168),
    default_max_event_age: HOUR.saturating_mul(164),
    default_concurrency: 1,
    requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
};

/// Limits of the TikTok Events API. Connectors cap a body at 1 MB; 7 days are assumed.
pub const TIKTOK: PlatformLimits = PlatformLimits {
    kind: "tiktok",
    base_url: "https://business-api.tiktok.com",
    max_batch_events: 1_000,
    default_batch_events: 200,
    max_body_bytes: 1_000_000,
    max_event_age: HOUR.saturating_mul(168),
    default_max_event_age: HOUR.saturating_mul(164),
    default_concurrency: 1,
    requires: &[Purpose::Marketing, Purpose::ThirdPartySharing],
};

/// Limits of the GA4 Measurement Protocol: 25 events, 130 kB, 72 hours. A request holds one visitor's
/// events only, so several requests run at a time.
pub const GA4: PlatformLimits = PlatformLimits {
    kind: "ga4",
    base_url: "https://www.google-analytics.com",
    max_batch_events: 25,
    default_batch_events: 25,
    max_body_bytes: 128_000,
    max_event_age: HOUR.saturating_mul(72),
    default_max_event_age: HOUR.saturating_mul(71),
    default_concurrency: 8,
    requires: &[Purpose::Analytics],
};
