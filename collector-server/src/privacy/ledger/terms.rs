//! What holds for every receipt at a time: who is responsible, who gets data, how long it is kept.
//!
//! Kept once, named by its SHA-256: a receipt of a visitor stays small, and a change of the recipients
//! shows in the receipts that come after it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::privacy::chain::Hash;

/// What the product processes, in the words of a record of processing (`pii_type`).
pub const DATA_CLASSES: [&str; 6] = [
    "shop events and page addresses",
    "pseudonymous visitor id",
    "browser language, time zone and screen size",
    "IP address and user agent",
    "click ids and campaign labels",
    "digests of contact data",
];

/// Who is responsible (`pii_controllers`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// How to reach it.
    pub contact: String,
    /// Its name.
    pub name: String,
}

/// One configured destination (`recipient_third_parties`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Its name in the configuration.
    pub name: String,
    /// Purposes that have to be allowed for it.
    pub requires: Vec<String>,
}

/// How long what is kept (`retention_period`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Events by purpose, in days, where that is shorter.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub by_purpose_days: BTreeMap<String, u32>,
    /// Events, in days.
    pub events_days: u32,
    /// Receipts, in days.
    pub receipts_days: u32,
}

/// The terms as text; members in the order of their names, so that it is canonical as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsText {
    /// Who is responsible.
    pub controller: Controller,
    /// What is processed.
    pub data_classes: Vec<String>,
    /// SHA-256 of the notice in force.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notice_sha256: Option<String>,
    /// Where the notice is (`privacy_notice`).
    pub notice_url: String,
    /// Who gets data.
    pub recipients: Vec<Recipient>,
    /// How long what is kept.
    pub retention: Retention,
    /// Where it is kept (`storage_locations`).
    pub storage_location: String,
    /// How to withdraw (`withdrawal_method`).
    pub withdraw_url: String,
}

/// Terms, ready to be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Their name.
    pub sha256: Hash,
    /// Their canonical text.
    pub body: String,
}

impl From<&TermsText> for Terms {
    fn from(text: &TermsText) -> Self {
        // Strings and numbers: nothing that could fail.
        let body = serde_json::to_string(text).unwrap_or_default();
        Self {
            sha256: Self::name(&body),
            body,
        }
    }
}

impl Terms {
    /// Returns the name of a text.
    pub fn name(body: &str) -> Hash {
        Hash(Sha256::digest(body.as_bytes()).into())
    }
}
