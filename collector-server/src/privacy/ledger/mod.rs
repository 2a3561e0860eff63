//! The consent ledger: what a receipt is, and how one is written from a choice.
//!
//! Promises: every choice that reaches the collector has a receipt with the fields of
//! ISO/IEC TS 27560:2023; a receipt names its subject by a random key and holds no personal value. Pure:
//! numbers, keys and the receipt before are passed in by the store. `docs/ledger.md` describes the form.

mod draft;
mod terms;

pub use draft::{Door, Draft, Evidence, Said};
pub use terms::{Controller, DATA_CLASSES, Recipient, Retention, Terms, TermsText};

use firsthand_core::consent::{Basis, PURPOSES, Purpose, Regime};
use serde::{Deserialize, Serialize};

/// Name and version of the form.
pub const SCHEMA: &str = "firsthand-receipt-1";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Every purpose was granted.
    Grant,
    /// No purpose was granted.
    Deny,
    /// Some were.
    Partial,
    /// Something that was granted before was taken back.
    Withdraw,
    /// The browser's Global Privacy Control, without a choice.
    Gpc,
    /// A grant came to its end by age.
    Expire,
    /// The visitor's records were erased; nothing leads from the receipts to the visitor any more.
    Erase,
}

impl Action {
    /// Returns the name in a receipt.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Deny => "deny",
            Self::Partial => "partial",
            Self::Withdraw => "withdraw",
            Self::Gpc => "gpc",
            Self::Expire => "expire",
            Self::Erase => "erase",
        }
    }
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The visitor, in a page.
    Visitor,
    /// A server of the shop that passes the visitor's choice on.
    Server,
    /// The collector itself.
    Collector,
}

/// An answer for one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes.
    Granted,
    /// No.
    Denied,
    /// Not answered, or not any more.
    Unset,
}

impl From<Option<bool>> for Answer {
    fn from(said: Option<bool>) -> Self {
        match said {
            Some(true) => Self::Granted,
            Some(false) => Self::Denied,
            None => Self::Unset,
        }
    }
}

/// The four answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // the purposes of `firsthand_core::consent`
pub struct Answers {
    pub analytics: Answer,
    pub marketing: Answer,
    pub personalization: Answer,
    pub third_party_sharing: Answer,
}

impl Answers {
    fn of(said: [Option<bool>; PURPOSES]) -> Self {
        let answer = |purpose: Purpose| said.get(purpose as usize).copied().flatten().into();
        Self {
            analytics: answer(Purpose::Analytics),
            marketing: answer(Purpose::Marketing),
            personalization: answer(Purpose::Personalization),
            third_party_sharing: answer(Purpose::ThirdPartySharing),
        }
    }

    const fn all(self) -> [Answer; PURPOSES] {
        [
            self.marketing,
            self.analytics,
            self.personalization,
            self.third_party_sharing,
        ]
    }

    fn without_grants(self) -> Self {
        let end = |answer| match answer {
            Answer::Granted => Answer::Unset,
            other => other,
        };
        Self {
            analytics: end(self.analytics),
            marketing: end(self.marketing),
            personalization: end(self.personalization),
            third_party_sharing: end(self.third_party_sharing),
        }
    }
}

/// What decided about each purpose: the name of a `firsthand_core::consent::Basis`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // the purposes of `firsthand_core::consent`
pub struct Bases {
    pub analytics: String,
    pub marketing: String,
    pub personalization: String,
    pub third_party_sharing: String,
}

impl Bases {
    fn of(bases: [Basis; PURPOSES]) -> Self {
        let name = |purpose: Purpose| {
            let basis = bases.get(purpose as usize).copied().unwrap_or_default();
            basis.as_str().to_owned()
        };
        Self {
            analytics: name(Purpose::Analytics),
            marketing: name(Purpose::Marketing),
            personalization: name(Purpose::Personalization),
            third_party_sharing: name(Purpose::ThirdPartySharing),
        }
    }
}

/// The signals that came with a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    /// Which consent platform asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cmp: Option<String>,
    /// Global Privacy Control was on.
    pub gpc: bool,
    /// The IAB GPP string.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gpp: Option<String>,
    /// The IAB TCF string.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tcf: Option<String>,
}

/// A receipt. Its members stand in the order of their names: written as it is, it is canonical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What happened (`event_type`).
    pub action: Action,
    /// Who acted (`entity_id`).
    pub actor: Actor,
    /// The visitor had been told that the choice conflicts with GPC.
    pub after_gpc_notice: bool,
    /// Purposes that the collector allowed from then on.
    pub allowed: Vec<String>,
    /// When it happened, by the collector's clock, in epoch milliseconds (`event_time`).
    pub at: i64,
    /// What decided about each purpose; absent in receipts of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bases: Option<Bases>,
    /// Where the choice comes from (`lawful_basis`): `explicit`, `tcf`, `gpp`, `gpc` …
    pub basis: String,
    /// Which door it came through.
    pub door: Door,
    /// When its grants end by age, in epoch milliseconds (`validity_duration`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<i64>,
    /// Language of the text that was shown, BCP 47 (`language`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub locale: Option<String>,
    /// SHA-256 of the text that was shown (`privacy_notice`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notice_sha256: Option<String>,
    /// Its place in the chain.
    pub number: i64,
    /// Origin of the page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<String>,
    /// Version of the policy that was shown.
    pub policy_version: u32,
    /// The four answers (`purposes`, `event_state`).
    pub purposes: Answers,
    /// Its own name, a ULID (`record_id`).
    pub receipt_id: String,
    /// When the collector wrote it, in epoch milliseconds.
    pub recorded_at: i64,
    /// What an absent choice meant (`jurisdiction`).
    pub regime: String,
    /// Country or subdivision of the visitor (ISO 3166-2), where a trusted proxy or the local file told it (`geographic_restrictions`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<String>,
    /// [`SCHEMA`] (`schema_version`).
    pub schema: String,
    /// The signals.
    pub signals: Signals,
    /// Name of the source.
    pub source: String,
    /// Random key of the visitor (`pii_principal_id`).
    pub subject_key: String,
    /// SHA-256 of the [`TermsText`] that held: controller, recipients, retention …
    pub terms: String,
    /// Version of the banner that asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ui_version: Option<String>,
}

impl Receipt {
    /// Writes the receipt of a choice. `previous` is the subject's latest one.
    pub fn of(
        draft: &Draft,
        number: i64,
        receipt_id: String,
        subject_key: String,
        previous: Option<&Self>,
    ) -> Self {
        let choice = draft.said.choice.unwrap_or_default();
        let purposes = Answers::of(draft.said.answers());
        let evidence = &draft.evidence;
        Self {
            action: action(draft, purposes, previous),
            actor: draft.actor,
            after_gpc_notice: choice.after_gpc_notice,
            allowed: names(draft.allowed),
            at: draft.at_ms,
            bases: Some(Bases::of(draft.bases)),
            basis: draft.basis.clone(),
            door: draft.door,
            expires_at: draft.expires_at_ms,
            locale: evidence.locale.clone(),
            notice_sha256: evidence.notice_sha256.clone(),
            number,
            origin: draft.origin.clone(),
            policy_version: draft.said.policy_version(),
            purposes,
            receipt_id,
            recorded_at: draft.received_at_ms,
            regime: draft.regime.as_str().to_owned(),
            region: draft.region.clone(),
            schema: SCHEMA.to_owned(),
            signals: Signals {
                cmp: evidence.cmp.clone(),
                gpc: draft.said.gpc,
                gpp: evidence.gpp.clone(),
                tcf: evidence.tcf.clone(),
            },
            source: draft.source.to_string(),
            subject_key,
            terms: draft.terms.sha256.to_string(),
            ui_version: evidence.ui_version.clone(),
        }
    }

    /// Writes the receipt of this one's end by age.
    #[must_use]
    pub fn expired(&self, number: i64, receipt_id: String, now_ms: i64) -> Self {
        Self {
            action: Action::Expire,
            actor: Actor::Collector,
            allowed: Vec::new(),
            at: self.expires_at.unwrap_or(now_ms),
            bases: None,
            basis: "expiry".to_owned(),
            expires_at: None,
            number,
            purposes: self.purposes.without_grants(),
            receipt_id,
            recorded_at: now_ms,
            ..self.clone()
        }
    }

    /// Writes the receipt of the erasure of the visitor's records, after this one as the latest.
    #[must_use]
    pub fn erased(&self, number: i64, receipt_id: String, now_ms: i64) -> Self {
        Self {
            action: Action::Erase,
            actor: Actor::Collector,
            allowed: Vec::new(),
            at: now_ms,
            basis: "erasure".to_owned(),
            expires_at: None,
            number,
            purposes: self.purposes.without_grants(),
            receipt_id,
            recorded_at: now_ms,
            ..self.clone()
        }
    }

    /// Whether its grants end by age, so that an end has to be recorded. Where no choice is a yes, the
    /// end of a grant changes nothing that has to be.
    pub fn ends_by_age(&self) -> bool {
        self.expires_at.is_some() && self.regime == Regime::OptIn.as_str()
    }

    /// Returns the canonical form: what is kept, hashed and exported.
    pub fn canonical(&self) -> String {
        // Strings, numbers and lists of them: nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether all of these purposes were allowed.
    pub fn allows(&self, requires: &[Purpose]) -> bool {
        requires
            .iter()
            .all(|purpose| self.allowed.iter().any(|name| name == purpose.as_str()))
    }
}

fn action(draft: &Draft, purposes: Answers, previous: Option<&Receipt>) -> Action {
    if draft.said.is_signal_only() {
        return Action::Gpc;
    }
    let is_granted = |answer: &Answer| *answer == Answer::Granted;
    let takes_back = previous.is_some_and(|before| {
        before
            .purposes
            .all()
            .iter()
            .zip(purposes.all())
            .any(|(before, now)| is_granted(before) && now == Answer::Denied)
    });
    let granted = purposes.all().iter().filter(|a| is_granted(a)).count();
    match granted {
        _ if takes_back => Action::Withdraw,
        PURPOSES => Action::Grant,
        0 => Action::Deny,
        _ => Action::Partial,
    }
}

fn names(allowed: [bool; PURPOSES]) -> Vec<String> {
    Purpose::ALL
        .into_iter()
        .zip(allowed)
        .filter(|(_, is_allowed)| *is_allowed)
        .map(|(purpose, _)| purpose.as_str().to_owned())
        .collect()
}

#[cfg(test)]
mod tests;
