//! What a sandbox is started with: the demo accounts, the clock and the bounds.

use std::time::Duration;

/// Milliseconds in a second.
pub(crate) const SECOND_MS: i64 = 1_000;
/// Seconds in a day.
pub(crate) const DAY_S: i64 = 86_400;

/// Dataset and token the Meta emulator accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaAccount {
    /// Dataset (pixel) id in the path of the events edge.
    pub dataset_id: String,
    /// Access token. Never echoed, never kept with a payload.
    pub access_token: String,
}

/// Pixel code and token the TikTok emulator accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TikTokAccount {
    /// Value `event_source_id` must have.
    pub pixel_code: String,
    /// Value of the `Access-Token` header.
    pub access_token: String,
}

/// Stream and secret the Google Analytics emulator accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ga4Account {
    /// `measurement_id` of the query.
    pub measurement_id: String,
    /// `api_secret` of the query.
    pub api_secret: String,
}

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
            tiktok_max_age_s: 7 * DAY_S,
            tiktok_offline_max_age_s: 28 * DAY_S,
            tiktok_max_future_s: 600,
        }
    }
}

/// Everything a sandbox needs. [`Default`] is the demo account set:
///
/// | platform | account | secret |
/// |---|---|---|
/// | Meta | dataset `1000000000000001` | `EAAsandbox` |
/// | TikTok | pixel `CSANDBOX0001` | `tt-sandbox` |
/// | GA4 | stream `G-SANDBOX01` | `ga4-sandbox` |
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Account of `/meta`.
    pub meta: MetaAccount,
    /// Account of `/tiktok`.
    pub tiktok: TikTokAccount,
    /// Account of `/ga4`.
    pub ga4: Ga4Account,
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
            meta: MetaAccount {
                dataset_id: "1000000000000001".to_owned(),
                access_token: "EAAsandbox".to_owned(),
            },
            tiktok: TikTokAccount {
                pixel_code: "CSANDBOX0001".to_owned(),
                access_token: "tt-sandbox".to_owned(),
            },
            ga4: Ga4Account {
                measurement_id: "G-SANDBOX01".to_owned(),
                api_secret: "ga4-sandbox".to_owned(),
            },
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
