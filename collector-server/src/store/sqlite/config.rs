//! How the engine is set up.

use std::path::PathBuf;

use crate::privacy::keys::KeyConfig;
use crate::privacy::retention::RetentionDays;

/// How the engine is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConfig {
    /// Directory of the data file; made if missing. Must not be on a network file system.
    pub dir: PathBuf,
    /// Page size in bytes of a new file.
    pub page_bytes: u32,
    /// The writer's page cache, in KiB.
    pub cache_kib: u32,
    /// The write-ahead log is folded into the file after this many pages.
    pub wal_checkpoint_pages: u32,
    /// Requests that may wait for the writer.
    pub queue_requests: u32,
    /// Bytes that may wait for the writer.
    pub queue_bytes: u32,
    /// Most requests of one transaction.
    pub commit_requests: u32,
    /// Most bytes of one transaction.
    pub commit_bytes: u32,
    /// How long a transaction waits for company, in milliseconds; 0 for as long as the disk is busy.
    pub commit_delay_ms: u32,
    /// Reading connections.
    pub readers: u32,
    /// How long a dedup key is kept, in days.
    pub dedup_days: u32,
    /// How long events are kept, in days; not below `dedup_days`.
    pub retention_days: u32,
    /// How many quarantined events are kept.
    pub quarantine_rows: u32,
    /// How long quarantined events are kept, in days.
    pub quarantine_days: u32,
    /// How long a later word on consent is kept, in days.
    pub consent_days: u32,
    /// How long the orders that webhooks told of are known, in days.
    pub order_days: u32,
    /// How long receipts of choices are kept, in days; 0 for ever.
    pub receipt_days: u32,
    /// How long the audit log is kept, in days; 0 for ever.
    pub audit_days: u32,
    /// How many identifiers a person may have; what would go beyond is not linked.
    pub person_identifiers: u32,
    /// How long it is kept which identifiers are one person after they were last seen, in days.
    pub link_days: u32,
    /// Largest data file that is written anew after an erasure, in MiB.
    pub rewrite_max_mib: u32,
    /// Largest size of the data file in MiB, 0 for no limit but the disk's.
    pub max_mib: u32,
    /// How much of the data file may be in use, in MiB, before the oldest events that every destination has finished
    /// with are forgotten, and then nothing more is taken; 0 for no limit.
    pub max_log_mib: u32,
    /// Free space of the disk below which no event is taken, in MiB; 0: until SQLite itself fails.
    pub min_free_mib: u32,
    /// Destinations whose cursors hold back retention.
    pub destinations: Vec<String>,
    /// Master keys, the newest first; without any the engine makes a key file in its directory.
    pub keys: Vec<KeyConfig>,
    /// How long events are kept by purpose, where that is shorter than `retention_days`.
    pub purpose_days: RetentionDays,
}

impl SqliteConfig {
    /// Returns the defaults for a data directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            page_bytes: 4096,
            cache_kib: 16 * 1024,
            wal_checkpoint_pages: 4000,
            queue_requests: 8192,
            queue_bytes: 64 * 1024 * 1024,
            commit_requests: 4096,
            commit_bytes: 8 * 1024 * 1024,
            commit_delay_ms: 0,
            readers: 4,
            dedup_days: 7,
            retention_days: 30,
            quarantine_rows: 20_000,
            quarantine_days: 30,
            consent_days: 400,
            order_days: 400,
            receipt_days: 1825,
            audit_days: 730,
            person_identifiers: 32,
            link_days: 400,
            rewrite_max_mib: 256,
            max_mib: 0,
            max_log_mib: 0,
            min_free_mib: 128,
            destinations: Vec::new(),
            keys: Vec::new(),
            purpose_days: RetentionDays::default(),
        }
    }
}
