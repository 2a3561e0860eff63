//! The decision by the evidence that travels, and by what the same visitor said elsewhere or later.

use super::ConsentEvidence;
use crate::consent::{Policy, Situation, Verdict, decide};

/// What is known of a visitor beside the evidence at hand: the latest word of the same browser.
#[derive(Debug, Clone, PartialEq)]
pub struct Word<'a> {
    /// What was said; [`ConsentEvidence::default`] where it cannot be read.
    pub evidence: ConsentEvidence<'a>,
    /// When it arrived, in epoch milliseconds.
    pub received_at_ms: i64,
}

/// What an evidence allows together with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// What is allowed.
    pub verdict: Verdict,
    /// What the evidence alone allows.
    pub own: Verdict,
    /// The word was said at or after what the evidence holds, and took its place.
    pub is_outranked: bool,
}

impl ConsentEvidence<'_> {
    /// Returns what the decision needs.
    pub fn situation(&self) -> Situation {
        Situation {
            regime: self.regime,
            gpc: self.gpc,
            is_gpc_required: self.is_gpc_required,
            choice: self.choice,
            framework: self.framework,
            age: self.age,
        }
    }

    /// Decides by this evidence alone, at `now_ms` (epoch milliseconds).
    pub fn decide(&self, policy: &Policy, now_ms: i64) -> Verdict {
        decide(policy, &self.situation(), now_ms)
    }

    /// Decides by this evidence and a later word, and leaves here what the decision was made by.
    ///
    /// A word takes away what the evidence gave. It gives something only to an evidence that holds no answer at all (a server's copy). A
    /// signal that was once seen of a browser stays until a choice after the notice (11 CCR 7025(c)), whatever the order.
    pub fn decide_with(
        &mut self,
        policy: &Policy,
        word: Option<&Word<'_>>,
        now_ms: i64,
    ) -> Decided {
        let own = self.decide(policy, now_ms);
        let Some(word) = word else {
            return Decided {
                verdict: own,
                own,
                is_outranked: false,
            };
        };
        let is_outranked = self.is_outranked_by(word);
        let had_answers = self.said_at_ms().is_some();
        let theirs = &word.evidence;
        if theirs.has_standing_signal() || (is_outranked && theirs.gpc) {
            self.gpc = true;
            self.is_gpc_required |= theirs.is_gpc_required;
        }
        self.age = self.age.min(theirs.age);
        if is_outranked {
            self.regime = self.regime.stricter(theirs.regime);
            self.is_gpc_required |= theirs.is_gpc_required;
            let is_readable = theirs.said_at_ms().is_some();
            if theirs.choice.is_some() || !is_readable {
                self.choice = theirs.choice;
            }
            if theirs.framework.is_some() || !is_readable {
                self.framework = theirs.framework;
            }
        }
        let mut verdict = self.decide(policy, now_ms);
        if had_answers || !is_outranked {
            verdict.restrict(&own);
        }
        Decided {
            verdict,
            own,
            is_outranked,
        }
    }

    /// Returns when the visitor last answered, us or a framework, in epoch milliseconds.
    pub fn said_at_ms(&self) -> Option<i64> {
        let choice = self.choice.map(|choice| choice.at_ms);
        choice.max(self.framework.map(|framework| framework.at_ms))
    }

    /// Whether the signal outlives its disappearance: no choice was made after the notice.
    pub fn has_standing_signal(&self) -> bool {
        self.gpc && !self.choice.is_some_and(|choice| choice.after_gpc_notice)
    }

    /// Returns the signal without what was said beside it.
    #[must_use]
    pub fn signal_alone(&self) -> Self {
        Self {
            regime: self.regime,
            gpc: self.gpc,
            is_gpc_required: self.is_gpc_required,
            ..Self::default()
        }
    }

    /// Whether nothing was said but the signal.
    pub fn is_signal_only(&self) -> bool {
        self.gpc && self.said_at_ms().is_none()
    }

    /// Adds what an earlier word of the same browser still says beside this one: a signal that stands, the lower age, a framework.
    pub fn keep_of(&mut self, earlier: &ConsentEvidence<'_>) {
        let has_ended = self.choice.is_some_and(|choice| choice.after_gpc_notice);
        if earlier.has_standing_signal() && !has_ended {
            self.gpc = true;
            self.is_gpc_required |= earlier.is_gpc_required;
        }
        self.age = self.age.min(earlier.age);
        self.choice = self.choice.or(earlier.choice);
        self.framework = self.framework.or(earlier.framework);
    }

    fn is_outranked_by(&self, word: &Word<'_>) -> bool {
        if word.evidence.is_signal_only() {
            return false;
        }
        let said_at_ms = word.evidence.said_at_ms().unwrap_or(word.received_at_ms);
        self.said_at_ms().is_none_or(|own| said_at_ms >= own)
    }
}
