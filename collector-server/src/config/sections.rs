//! The sections of the configuration, as they are written.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use firsthand_core::consent::{GpcMode, GpcScope, Policy, Regime};
use serde::Deserialize;

use crate::intake::Network;
use crate::privacy::keys::KeyConfig;
use crate::privacy::retention::RetentionDays;
use crate::secret::SecretSource;
use crate::store::sqlite::SqliteConfig;

macro_rules! names {
    ($(#[$meta:meta])* $name:ident -> $of:ty { $($variant:ident = $value:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs)]
        pub enum $name { $($variant),+ }

        impl From<$name> for $of {
            fn from(name: $name) -> Self {
                match name { $($name::$variant => $value),+ }
            }
        }
    };
}

pub(super) use names;

names! {
    /// Name of a [`Regime`].
    RegimeName -> Regime { OptIn = Regime::OptIn, OptOut = Regime::OptOut, None = Regime::None }
}
names! {
    /// Name of a [`GpcScope`].
    GpcScopeName -> GpcScope { All = GpcScope::All, Required = GpcScope::Required }
}
names! {
    /// Name of a [`GpcMode`].
    GpcModeName -> GpcMode { Statutory = GpcMode::Statutory, Strict = GpcMode::Strict }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What happens to events of bots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum BotPolicy {
    /// They are kept, with a label that destinations can look at.
    #[default]
    Tag,
    /// They are refused with the code `bot`.
    Reject,
}

/// `SameSite` of the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum SameSite {
    /// Sent on navigation from elsewhere.
    #[default]
    Lax,
    /// Never sent from elsewhere.
    Strict,
}

impl SameSite {
    /// Returns the attribute's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
        }
    }
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSection {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A listener of its own for `/metrics`, open to all who reach it; absent: on the main one, for the machine
    /// itself and for tokens.
    pub metrics_listen: Option<SocketAddr>,
    /// Address under which browsers reach the collector.
    pub public_url: Option<String>,
    /// Path under which everything is served, such as `/fh`; empty for none.
    pub path_prefix: String,
    /// Addresses or networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<String>,
    /// Header in which a trusted proxy tells the visitor's country, such as `CF-IPCountry`.
    pub country_header: Option<String>,
    /// Header in which it tells the subdivision, as `US-CA` or `CA`, such as `CF-Region-Code`.
    pub region_header: Option<String>,
    /// Local file in MaxMind's format (`.mmdb`) for addresses that no header places.
    pub geo_database: Option<PathBuf>,
    /// How long a shutdown waits for requests and destinations, in seconds.
    pub drain_timeout_secs: u64,
    /// How long a body may take to arrive, in seconds.
    pub read_timeout_secs: u64,
    /// How long a connection may take to send a request's head, or stay idle, in seconds.
    pub idle_timeout_secs: u64,
    /// How long a client may take none of its answer, in seconds.
    pub write_timeout_secs: u64,
    /// After this a connection is closed with its next answer, in seconds.
    pub connection_age_secs: u64,
    /// How long browsers keep the SDK, in seconds.
    pub sdk_max_age_secs: u32,
    /// Threads that serve; absent: one a core.
    pub worker_threads: Option<usize>,
    /// How log lines look.
    pub log_format: LogFormat,
}

impl ServerSection {
    /// Returns the networks of the trusted proxies.
    pub fn trusted_networks(&self) -> Vec<Network> {
        let all = self.trusted_proxies.iter();
        all.filter_map(|text| Network::parse(text)).collect()
    }
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: None,
            public_url: None,
            path_prefix: String::new(),
            trusted_proxies: Vec::new(),
            country_header: None,
            region_header: None,
            geo_database: None,
            drain_timeout_secs: 20,
            read_timeout_secs: 10,
            idle_timeout_secs: 60,
            write_timeout_secs: 30,
            connection_age_secs: 3600,
            sdk_max_age_secs: 3600,
            worker_threads: None,
            log_format: LogFormat::Text,
        }
    }
}

/// `[cookie]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CookieSection {
    /// Name.
    pub name: String,
    /// Domain, such as `shop.example`, so that all hosts of the shop share it; absent: this host only.
    pub domain: Option<String>,
    /// Life in days; browsers cap it at 400.
    pub max_age_days: u32,
    /// `SameSite`.
    pub same_site: SameSite,
    /// `Secure`; absent: yes when `server.public_url` is https.
    pub secure: Option<bool>,
}

impl Default for CookieSection {
    fn default() -> Self {
        Self {
            name: "fh_id".to_owned(),
            domain: None,
            max_age_days: 400,
            same_site: SameSite::Lax,
            secure: None,
        }
    }
}

/// `[consent]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentSection {
    /// Regime of visitors whose country is unknown.
    pub default_regime: RegimeName,
    /// Whether the built-in table of regimes by region counts; if not, what is not listed below gets the default.
    pub region_table: bool,
    /// Regime by ISO 3166-1 country or ISO 3166-2 subdivision, before the table; a subdivision's before its country's.
    pub regime_by_country: BTreeMap<String, RegimeName>,
    /// Version of the policy now in force; a choice under another one does not count as a yes.
    pub policy_version: u32,
    /// Greatest age at which a yes still counts, in days.
    pub max_age_days: u32,
    /// Where Global Privacy Control counts.
    pub gpc_scope: GpcScopeName,
    /// What Global Privacy Control switches off.
    pub gpc_mode: GpcModeName,
    /// Whether Global Privacy Control must be honoured, by country or subdivision, before the built-in table.
    pub gpc_required_by_region: BTreeMap<String, bool>,
    /// Date of the statement in `/.well-known/gpc.json`, RFC 3339.
    pub gpc_statement_date: String,
}

impl Default for ConsentSection {
    fn default() -> Self {
        Self {
            default_regime: RegimeName::OptIn,
            region_table: true,
            regime_by_country: BTreeMap::new(),
            policy_version: 1,
            max_age_days: 180,
            gpc_scope: GpcScopeName::All,
            gpc_mode: GpcModeName::Statutory,
            gpc_required_by_region: BTreeMap::new(),
            gpc_statement_date: "2026-01-01".to_owned(),
        }
    }
}

impl ConsentSection {
    /// Returns the policy of the consent decision.
    pub fn policy(&self) -> Policy {
        Policy {
            version: self.policy_version,
            max_age_days: i64::from(self.max_age_days),
            gpc_scope: self.gpc_scope.into(),
            gpc_mode: self.gpc_mode.into(),
        }
    }
}

/// `[bots]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BotsSection {
    /// What happens to them.
    pub policy: BotPolicy,
}

/// `[settle]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettleSection {
    /// For events that are not named below, in milliseconds.
    pub default_ms: u32,
    /// By canonical event name, in milliseconds. What is written adds to the default; a purchase
    /// waits unless it is set to 0.
    #[serde(deserialize_with = "beside_the_default")]
    pub by_event_ms: BTreeMap<String, u32>,
}

impl SettleSection {
    /// The longest time that any event waits for its copies, in milliseconds.
    pub fn longest_ms(&self) -> i64 {
        let by_event = self.by_event_ms.values().copied().max();
        by_event.unwrap_or_default().max(self.default_ms).into()
    }
}

fn beside_the_default<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, u32>, D::Error> {
    let written = BTreeMap::deserialize(deserializer)?;
    let mut all = SettleSection::default().by_event_ms;
    all.extend::<BTreeMap<String, u32>>(written);
    Ok(all)
}

impl Default for SettleSection {
    fn default() -> Self {
        Self {
            default_ms: 0,
            by_event_ms: BTreeMap::from([("purchase".to_owned(), 30_000)]),
        }
    }
}

/// `[store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // as in `SqliteConfig`
pub struct StoreSection {
    /// Data directory, on a local disk.
    pub dir: PathBuf,
    pub dedup_days: u32,
    pub retention_days: u32,
    pub quarantine_rows: u32,
    pub quarantine_days: u32,
    pub consent_days: u32,
    pub order_days: u32,
    pub max_mib: u32,
    pub max_log_mib: u32,
    pub min_free_mib: u32,
    pub page_bytes: u32,
    pub cache_kib: u32,
    pub wal_checkpoint_pages: u32,
    pub queue_requests: u32,
    pub queue_bytes: u32,
    pub commit_requests: u32,
    pub commit_bytes: u32,
    pub commit_delay_ms: u32,
    pub readers: u32,
}

impl Default for StoreSection {
    fn default() -> Self {
        let engine = SqliteConfig::new("data");
        Self {
            dir: engine.dir,
            dedup_days: engine.dedup_days,
            retention_days: engine.retention_days,
            quarantine_rows: engine.quarantine_rows,
            quarantine_days: engine.quarantine_days,
            consent_days: engine.consent_days,
            order_days: engine.order_days,
            max_mib: engine.max_mib,
            max_log_mib: engine.max_log_mib,
            min_free_mib: engine.min_free_mib,
            page_bytes: engine.page_bytes,
            cache_kib: engine.cache_kib,
            wal_checkpoint_pages: engine.wal_checkpoint_pages,
            queue_requests: engine.queue_requests,
            queue_bytes: engine.queue_bytes,
            commit_requests: engine.commit_requests,
            commit_bytes: engine.commit_bytes,
            commit_delay_ms: engine.commit_delay_ms,
            readers: engine.readers,
        }
    }
}

impl StoreSection {
    /// Returns the engine's configuration.
    pub fn engine(&self, privacy: &PrivacySection, destinations: Vec<String>) -> SqliteConfig {
        SqliteConfig {
            dir: self.dir.clone(),
            page_bytes: self.page_bytes,
            cache_kib: self.cache_kib,
            wal_checkpoint_pages: self.wal_checkpoint_pages,
            queue_requests: self.queue_requests,
            queue_bytes: self.queue_bytes,
            commit_requests: self.commit_requests,
            commit_bytes: self.commit_bytes,
            commit_delay_ms: self.commit_delay_ms,
            readers: self.readers,
            dedup_days: self.dedup_days,
            retention_days: self.retention_days,
            quarantine_rows: self.quarantine_rows,
            quarantine_days: self.quarantine_days,
            consent_days: self.consent_days,
            order_days: self.order_days,
            max_mib: self.max_mib,
            max_log_mib: self.max_log_mib,
            min_free_mib: self.min_free_mib,
            receipt_days: privacy.receipt_days,
            audit_days: privacy.audit_days,
            person_identifiers: privacy.person_identifiers,
            link_days: privacy.link_days,
            rewrite_max_mib: privacy.rewrite_max_mib,
            destinations,
            keys: privacy.keys.clone(),
            purpose_days: privacy.retention_days,
        }
    }
}

/// `[privacy]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacySection {
    /// Who is responsible for the data: name and address.
    pub controller: String,
    /// How to reach the controller or its data protection officer.
    pub contact: String,
    /// Where the privacy notice is.
    pub notice_url: String,
    /// SHA-256 of the notice in force, 64 hex digits.
    pub notice_sha256: Option<String>,
    /// Where a visitor withdraws.
    pub withdraw_url: String,
    /// Where the data is kept, such as `DE`.
    pub storage_location: String,
    /// How long receipts are kept, in days; 0 for ever.
    pub receipt_days: u32,
    /// How long the audit log is kept, in days; 0 for ever.
    pub audit_days: u32,
    /// Master keys of what is kept, the newest first; none: a key file beside the data.
    pub keys: Vec<KeyConfig>,
    /// How long events are kept by purpose, in days.
    pub retention_days: RetentionDays,
    /// How many identifiers a person may have; what would go beyond is not linked.
    pub person_identifiers: u32,
    /// How long it is kept which identifiers are one person after they were last seen, in days.
    pub link_days: u32,
    /// Largest data file that is written anew after an erasure, in MiB.
    pub rewrite_max_mib: u32,
}

impl Default for PrivacySection {
    fn default() -> Self {
        let engine = SqliteConfig::new("data");
        Self {
            controller: String::new(),
            contact: String::new(),
            notice_url: String::new(),
            notice_sha256: None,
            withdraw_url: String::new(),
            storage_location: String::new(),
            receipt_days: engine.receipt_days,
            audit_days: engine.audit_days,
            keys: Vec::new(),
            retention_days: RetentionDays::default(),
            person_identifiers: engine.person_identifiers,
            link_days: engine.link_days,
            rewrite_max_mib: engine.rewrite_max_mib,
        }
    }
}

/// `[admin]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminSection {
    /// Token of `/v1/inspect/…` with every right; without it only those of `firsthand token` open them, and nobody else is told more than 401.
    pub token: Option<SecretSource>,
}
