//! What a sandbox is started with: the demo accounts, the clock and the bounds.

use std::time::Duration;

/// Milliseconds in a second.
pub(crate) const SECOND_MS: i64 = 1_000;
/// Seconds in a day.
pub(crate) const DAY_S: i64 = 86_400;

/// A collector whose decisions the page shows beside what arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorLink {
    /// Base URL without a path, for example `http://127.0.0.1:4000`.
    pub url: String,
    /// Bearer token for the collector's inspection API.
    pub token: String,
}

/// Platform bounds that no platform page confirms, so a test may move them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformBounds {
    /// Oldest Meta event, in seconds. One older event fails its whole request.
    pub meta_max_age_s: i64,
    /// Oldest Meta event with `action_source` `physical_store`, in seconds.
    pub meta_store_max_age_s: i64,
    /// How far a Meta event may lie in the future, in seconds.
    pub meta_max_future_s: i64,
    /// Whether IP address and user agent alone are a strong enough match.
    pub meta_ip_and_agent_suffice: bool,
    /// Whether Meta drops a server event that follows a browser event of the same name and `fbp` or `external_id`,
    /// both without an event id.
    pub meta_dedup_without_event_id: bool,
    /// Oldest TikTok web, app or CRM event, in seconds.
    pub tiktok_max_age_s: i64,
    /// Oldest TikTok offline event, in seconds.
    pub tiktok_offline_max_age_s: i64,
    /// How far a TikTok event may lie in the future, in seconds.
    pub tiktok_max_future_s: i64,
}

impl Default for PlatformBounds {
    fn default() -> Self {
        Self {
            meta_max_age_s: 7 * DAY_S,
            meta_store_max_age_s: 62 * DAY_S,
            meta_max_future_s: 600,
            meta_ip_and_agent_suffice: true,
            meta_dedup_without_event_id: true,
            tiktok_max_age_s: 7 * DAY_S,
            tiktok_offline_max_age_s: 28 * DAY_S,
            tiktok_max_future_s: 600,
        }
    }
}

/// Everything a sandbox needs. The demo accounts are the platforms' own: see the folder of each.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Bounds the platforms do not document firmly.
    pub bounds: PlatformBounds,
    /// Records kept for the page and the control API; the oldest go first.
    pub max_kept: usize,
    /// Collector whose decisions the page lists under "Not sent, and why".
    pub collector: Option<CollectorLink>,
    /// Wall clock, milliseconds since 1970. `POST /control/clock` adds to it.
    pub now_ms: fn() -> i64,
    /// How long the `timeout` fault holds an answer before it drops the connection.
    pub timeout_hold: Duration,
    /// How late the `slow` fault answers when the fault names no delay.
    pub slow_delay: Duration,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            bounds: PlatformBounds::default(),
            max_kept: 5_000,
            collector: None,
            now_ms: system_now_ms,
            timeout_hold: Duration::from_secs(30),
            slow_delay: Duration::from_secs(3),
        }
    }
}

/// Returns the system's wall clock in milliseconds since 1970.
pub fn system_now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}
