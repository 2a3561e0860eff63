//! A choice on its way into the ledger.

use std::sync::Arc;

use firsthand_core::consent::{
    Answers, Basis, Choice, DAY_MS, Framework, PURPOSES, Policy, Regime, Source, Verdict,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Actor, Terms};

/// Which door a choice came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// `POST /v1/consent`: the choice itself, with its evidence.
    Consent,
    /// With the first events that were sent under it.
    Events,
}

/// What makes two choices of one browser the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Said {
    /// The choice, its time by the sender's clock; `None` for a signal alone.
    pub choice: Option<Choice>,
    /// Global Privacy Control.
    pub gpc: bool,
    /// What a consent framework said beside it.
    pub framework: Option<Framework>,
}

impl Said {
    /// Most bytes of a [`Said::key`].
    pub const KEY_BYTES: usize = 32;

    /// Returns the key of this choice of this browser: 16 bytes of the browser, then time, policy version, answers and flags; answers and
    /// name of a framework where there is one. When a framework was read is not in it: every page reads it again.
    pub fn key(&self, of: Uuid) -> Vec<u8> {
        let choice = self.choice.unwrap_or_default();
        let flags = u8::from(self.gpc)
            | u8::from(choice.after_gpc_notice) << 1
            | u8::from(self.choice.is_some()) << 2;
        let mut key = Vec::with_capacity(Self::KEY_BYTES);
        key.extend_from_slice(of.as_bytes());
        key.extend_from_slice(&choice.at_ms.to_be_bytes());
        key.extend_from_slice(&choice.policy_version.to_be_bytes());
        key.extend_from_slice(&[bits_of(choice.answers), flags]);
        if let Some(framework) = &self.framework {
            key.extend_from_slice(&[bits_of(framework.answers), mark_of(framework.source)]);
        }
        key
    }

    /// Returns what was answered, to us or to a framework; any no wins.
    pub fn answers(&self) -> Answers {
        let own = self
            .choice
            .map_or([None; PURPOSES], |choice| choice.answers);
        let theirs = self
            .framework
            .map_or([None; PURPOSES], |framework| framework.answers);
        let mut joint = own;
        for (slot, theirs) in joint.iter_mut().zip(theirs) {
            *slot = match (*slot, theirs) {
                (Some(own), Some(theirs)) => Some(own && theirs),
                (own, theirs) => own.or(theirs),
            };
        }
        joint
    }

    /// Returns the version of the policy under which it was said.
    pub fn policy_version(&self) -> u32 {
        let own = self.choice.map(|choice| choice.policy_version);
        let theirs = self.framework.map(|framework| framework.policy_version);
        own.or(theirs).unwrap_or_default()
    }

    /// Whether nobody answered.
    pub fn is_signal_only(&self) -> bool {
        self.choice.is_none() && self.framework.is_none()
    }

    /// The same with the time by the collector's clock, as the store keeps evidence.
    #[must_use]
    pub fn at(&self, at_ms: i64) -> Self {
        Self {
            choice: self.choice.map(|choice| Choice { at_ms, ..choice }),
            ..*self
        }
    }
}

fn bits_of(answers: Answers) -> u8 {
    answers.iter().fold(0, |bits, answer| {
        bits << 2
            | match answer {
                None => 0,
                Some(false) => 1,
                Some(true) => 2,
            }
    })
}

const fn mark_of(source: Source) -> u8 {
    match source {
        Source::Tcf => 1,
        Source::Gpp => 2,
        Source::ConsentMode => 3,
        Source::Shopify => 4,
        Source::Cmp => 5,
    }
}

/// What a banner or a consent platform can say about how it asked. Every value is bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Language of the text, BCP 47.
    pub locale: Option<String>,
    /// Version of the banner.
    pub ui_version: Option<String>,
    /// SHA-256 of the text, 64 hex digits.
    pub notice_sha256: Option<String>,
    /// Name of the consent platform.
    pub cmp: Option<String>,
    /// IAB TCF string.
    pub tcf: Option<String>,
    /// IAB GPP string.
    pub gpp: Option<String>,
}

/// A choice, with everything that its receipt says.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The browser; `None` where it has no id and gets none.
    pub browser: Option<Uuid>,
    /// Another id of the same browser.
    pub also_known_as: Option<Uuid>,
    /// What was said.
    pub said: Said,
    /// When it was said, by the collector's clock, in epoch milliseconds.
    pub at_ms: i64,
    /// When it arrived, in epoch milliseconds.
    pub received_at_ms: i64,
    /// Who said it.
    pub actor: Actor,
    /// Where the choice comes from.
    pub basis: String,
    /// What an absent choice means.
    pub regime: Regime,
    /// What the collector allows now, in the order of `Purpose::ALL`.
    pub allowed: [bool; PURPOSES],
    /// What decided about each purpose, in the same order.
    pub bases: [Basis; PURPOSES],
    /// When the grants end by age.
    pub expires_at_ms: Option<i64>,
    /// The door.
    pub door: Door,
    /// Name of the source.
    pub source: Arc<str>,
    /// Origin of the page.
    pub origin: Option<String>,
    /// Country or subdivision of the visitor (ISO 3166-2), where it is known.
    pub region: Option<String>,
    /// How the banner asked.
    pub evidence: Evidence,
    /// What holds for everybody.
    pub terms: Arc<Terms>,
}

/// Returns when the grants of a choice end by age, in epoch milliseconds; `None` when nothing was granted.
fn expires_at_ms(policy: &Policy, said: &Said, at_ms: i64) -> Option<i64> {
    if !said.answers().contains(&Some(true)) {
        return None;
    }
    // A grant counts through its last day (`firsthand_core::consent::decide`).
    Some(at_ms.saturating_add(policy.max_age_days.saturating_add(1).saturating_mul(DAY_MS)))
}

impl Draft {
    /// Sets what the decision said: what is allowed, and until when.
    #[must_use]
    pub fn decided(mut self, policy: &Policy, verdict: Verdict) -> Self {
        self.allowed = verdict.allow;
        self.bases = verdict.basis;
        // A sender whose clock runs ahead gets no longer life for its grants.
        self.expires_at_ms = expires_at_ms(policy, &self.said, self.at_ms.min(self.received_at_ms));
        self
    }
}
