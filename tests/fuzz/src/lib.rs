//! What several targets need.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use firsthand_collector::admit::Rules;
use firsthand_collector::privacy::ledger::{Terms, TermsText};
use firsthand_core::consent::Policy;

/// Returns the rules of a collector that nobody has configured.
pub fn rules() -> Rules {
    Rules {
        policy: Policy::default(),
        max_age_ms: 7 * 86_400_000,
        max_future_ms: 600_000,
        refuse_bots: false,
        settle_default_ms: 0,
        settle_by_event_ms: BTreeMap::new(),
        quarantine_payload_bytes: 16_384,
        keeps_clear: false,
        terms: Arc::new(Terms::from(&TermsText::default())),
    }
}

/// Returns a folder for the files of a target; `run` removes what is left of it.
pub fn scratch(target: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("firsthand-fuzz-{target}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder for files");
    dir
}
