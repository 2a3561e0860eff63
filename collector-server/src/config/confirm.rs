//! `[confirm]`: what a trusted source must confirm before it is forwarded.

use std::collections::BTreeMap;

use firsthand_core::catalogue;
use serde::Deserialize;

use super::validate::Problems;
use super::{Config, SourceKindName};
use crate::forward::confirm::Confirmation;

/// Default of `confirm.wait_hours`: below the 72 hours for which GA4 takes an event.
pub const DEFAULT_WAIT_HOURS: u32 = 48;

const HOUR_MS: i64 = 3_600_000;

/// By whom an event must be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmName {
    /// By a source that no visitor can forge: a secret key, a signed webhook.
    Trusted,
    /// By any source.
    Any,
}

/// `[confirm]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfirmSection {
    /// By canonical event name; those that are not named need no confirmation.
    pub by_event: BTreeMap<String, ConfirmName>,
    /// How long an event waits for its confirmation after it arrived, in hours.
    pub wait_hours: u32,
}

impl Default for ConfirmSection {
    fn default() -> Self {
        Self {
            by_event: BTreeMap::new(),
            wait_hours: DEFAULT_WAIT_HOURS,
        }
    }
}

impl ConfirmSection {
    /// Returns the rules for forwarding.
    pub fn rules(&self) -> Confirmation {
        Confirmation {
            names: self
                .by_event
                .iter()
                .filter(|(_, by)| **by == ConfirmName::Trusted)
                .map(|(name, _)| name.clone())
                .collect(),
            wait_ms: i64::from(self.wait_hours) * HOUR_MS,
        }
    }
}

impl Config {
    /// Returns the names of the sources that can confirm.
    pub fn trusted_sources(&self) -> Vec<&str> {
        self.sources
            .iter()
            .filter(|source| match source.kind {
                SourceKindName::Browser => false,
                SourceKindName::Server
                | SourceKindName::Segment
                | SourceKindName::Shopify
                | SourceKindName::Woocommerce
                | SourceKindName::Stripe => true,
            })
            .map(|source| source.name.as_str())
            .collect()
    }

    pub(super) fn check_confirm(&self, problems: &mut Problems) {
        let confirm = &self.confirm;
        // What comes after the dedup key was forgotten is another event, and confirms nothing.
        let most = u64::from(self.store.dedup_days) * 24;
        let hours = u64::from(confirm.wait_hours);
        if !(1..=most).contains(&hours) {
            problems.add(
                "confirm.wait_hours",
                format!("must be 1 to {most} (store.dedup_days), got {hours}"),
            );
        }
        for name in confirm.by_event.keys() {
            let canonical = catalogue::canonical(name);
            if canonical != name.as_str() || !catalogue::is_valid(name) {
                problems.add(
                    "confirm.by_event",
                    format!("{name:?} is no canonical event name, write {canonical}"),
                );
            }
        }
        if !confirm.rules().names.is_empty() && self.trusted_sources().is_empty() {
            problems.add(
                "confirm.by_event",
                "no source could confirm: add a [[source]] with a secret_key or of a webhook, or write \"any\"",
            );
        }
    }
}
