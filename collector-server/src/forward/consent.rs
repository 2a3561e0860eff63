//! The last word on consent, asked before every attempt.
//!
//! The evidence that came with an event is decided by `firsthand_core::consent::decide` again, at the
//! time of the attempt: a grant may have ended meanwhile. A later word of the same browser outranks it.
//! A later word can only take away what the event's own choice gave; it gives something only to an event
//! that came without any choice (a server's copy). In doubt, no.

use firsthand_core::consent::{Choice, Policy, Purpose, Situation, Verdict, decide};
use firsthand_core::wire::ConsentEvidence;

use super::names::Skip;

/// Stable label of a withdrawal.
pub const WITHDRAWN: &str = "consent_withdrawn";
/// Stable label of a purpose that was never granted.
pub const NOT_GRANTED: &str = "consent_not_granted";

/// What the visitor said after the event.
#[derive(Debug, Clone, PartialEq)]
pub struct LaterWord<'e> {
    /// What was said.
    pub evidence: ConsentEvidence<'e>,
    /// When it arrived, in epoch milliseconds; counts where the choice has no time of its own.
    pub received_at_ms: i64,
}

/// What one event may be used for, or why not at this destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// What is allowed.
    pub verdict: Verdict,
    /// The browser sends Global Privacy Control.
    pub gpc: bool,
}

impl Permission {
    /// Returns what both allow.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (slot, theirs) in self.verdict.allow.iter_mut().zip(other.verdict.allow) {
            *slot = *slot && theirs;
        }
        self.gpc |= other.gpc;
        self
    }
}

/// Decides whether all of `requires` are allowed at `now_ms` (epoch milliseconds).
pub fn permission(
    policy: &Policy,
    evidence: &ConsentEvidence<'_>,
    later: Option<&LaterWord<'_>>,
    requires: &[Purpose],
    now_ms: i64,
) -> Result<Permission, Skip> {
    let own = decide(policy, &situation(evidence), now_ms);
    let outranking = later.filter(|word| outranks(evidence, word));
    let verdict = match outranking {
        None => own,
        Some(word) => {
            let joint = Situation {
                regime: evidence.regime.stricter(word.evidence.regime),
                gpc: evidence.gpc || word.evidence.gpc,
                is_gpc_required: evidence.is_gpc_required || word.evidence.is_gpc_required,
                choice: word.evidence.choice,
                ..Situation::default()
            };
            let mut said = decide(policy, &joint, now_ms);
            if evidence.choice.is_some() {
                for (slot, before) in said.allow.iter_mut().zip(own.allow) {
                    *slot = *slot && before;
                }
            }
            said
        }
    };
    let Some(missing) = requires.iter().find(|purpose| !verdict.allows(**purpose)) else {
        let gpc = evidence.gpc || outranking.is_some_and(|word| word.evidence.gpc);
        return Ok(Permission { verdict, gpc });
    };
    if outranking.is_some() && own.allows(*missing) {
        return Err(Skip::new(WITHDRAWN, "consent: withdrawn"));
    }
    let choice = evidence
        .choice
        .or(outranking.and_then(|word| word.evidence.choice));
    let why = describe(policy, evidence, choice.as_ref(), *missing, now_ms);
    Err(Skip::new(
        NOT_GRANTED,
        format!(
            "consent: {} not granted ({why}, regime {})",
            missing.as_str(),
            evidence.regime.as_str()
        ),
    ))
}

fn situation(evidence: &ConsentEvidence<'_>) -> Situation {
    Situation {
        regime: evidence.regime,
        gpc: evidence.gpc,
        is_gpc_required: evidence.is_gpc_required,
        choice: evidence.choice,
        ..Situation::default()
    }
}

/// Whether a later word was decided after the event's own.
fn outranks(evidence: &ConsentEvidence<'_>, word: &LaterWord<'_>) -> bool {
    let said_at = word
        .evidence
        .choice
        .map_or(word.received_at_ms, |choice| choice.at_ms);
    evidence.choice.is_none_or(|choice| said_at > choice.at_ms)
}

fn describe(
    policy: &Policy,
    evidence: &ConsentEvidence<'_>,
    choice: Option<&Choice>,
    purpose: Purpose,
    now_ms: i64,
) -> &'static str {
    match choice.and_then(|choice| choice.answer(purpose)) {
        Some(false) => "denied",
        None if evidence.gpc => "stopped by global privacy control",
        None => "unset",
        Some(true) => {
            let is_current = choice.is_some_and(|choice| choice.policy_version == policy.version);
            let is_young = choice.is_some_and(|choice| {
                now_ms.saturating_sub(choice.at_ms) / firsthand_core::consent::DAY_MS
                    <= policy.max_age_days
            });
            match (is_current, is_young) {
                (false, _) => "granted for another policy version",
                (true, false) => "grant has expired",
                (true, true) if evidence.gpc => "stopped by global privacy control",
                (true, true) => "granted in the future",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firsthand_core::consent::{DAY_MS, GpcScope, Regime};

    const NOW: i64 = 1_795_471_200_000;
    const ADS: [Purpose; 2] = [Purpose::Marketing, Purpose::ThirdPartySharing];

    fn said(answer: bool, at_ms: i64) -> ConsentEvidence<'static> {
        ConsentEvidence {
            choice: Some(Choice::of_all(answer, 1, at_ms)),
            ..ConsentEvidence::default()
        }
    }

    fn unset(regime: Regime) -> ConsentEvidence<'static> {
        ConsentEvidence {
            regime,
            ..ConsentEvidence::default()
        }
    }

    fn word(evidence: ConsentEvidence<'static>, received_at_ms: i64) -> LaterWord<'static> {
        LaterWord {
            evidence,
            received_at_ms,
        }
    }

    fn outcome(evidence: &ConsentEvidence<'_>, later: Option<&LaterWord<'_>>) -> String {
        match permission(&Policy::default(), evidence, later, &ADS, NOW) {
            Ok(_) => "allowed".to_owned(),
            Err(skip) => skip.reason,
        }
    }

    #[test]
    fn every_refusal_says_why() {
        let gpc = |evidence: ConsentEvidence<'static>| ConsentEvidence {
            gpc: true,
            ..evidence
        };
        let old_policy = ConsentEvidence {
            choice: Some(Choice::of_all(true, 0, NOW - 1)),
            ..ConsentEvidence::default()
        };
        for (evidence, want) in [
            (said(true, NOW - 1), "allowed"),
            (
                unset(Regime::OptIn),
                "consent: marketing not granted (unset, regime opt_in)",
            ),
            (unset(Regime::OptOut), "allowed"),
            (
                said(false, NOW - 1),
                "consent: marketing not granted (denied, regime opt_in)",
            ),
            (
                gpc(unset(Regime::OptOut)),
                "consent: third_party_sharing not granted (stopped by global privacy control, regime opt_out)",
            ),
            (
                old_policy,
                "consent: marketing not granted (granted for another policy version, regime opt_in)",
            ),
            (
                said(true, NOW - 200 * DAY_MS),
                "consent: marketing not granted (grant has expired, regime opt_in)",
            ),
        ] {
            assert_eq!(outcome(&evidence, None), want);
        }
    }

    #[test]
    fn the_signal_counts_where_the_event_says_that_the_law_demands_it() {
        let policy = Policy {
            gpc_scope: GpcScope::Required,
            ..Policy::default()
        };
        for (is_gpc_required, want) in [(false, true), (true, false)] {
            let evidence = ConsentEvidence {
                gpc: true,
                is_gpc_required,
                ..unset(Regime::OptOut)
            };
            let allowed = permission(&policy, &evidence, None, &ADS, NOW).is_ok();
            assert_eq!(allowed, want, "required: {is_gpc_required}");
            // A later word of the same browser that knows of no duty does not take it away.
            let word = word(unset(Regime::OptOut), NOW);
            let allowed = permission(&policy, &evidence, Some(&word), &ADS, NOW).is_ok();
            assert_eq!(allowed, want, "required: {is_gpc_required}, later word");
        }
    }

    #[test]
    fn a_later_word_takes_away_and_gives_only_where_nothing_was_said() {
        for (evidence, later, want) in [
            (
                said(true, NOW - 10),
                word(said(false, NOW - 5), NOW),
                "consent: withdrawn",
            ),
            // Decided before the event's own choice: it does not outrank it.
            (
                said(true, NOW - 10),
                word(said(false, NOW - 20), NOW),
                "allowed",
            ),
            (
                said(true, NOW - 10),
                word(unset(Regime::OptIn), NOW),
                "consent: withdrawn",
            ),
            (
                said(false, NOW - 10),
                word(said(true, NOW - 5), NOW),
                "consent: marketing not granted (denied, regime opt_in)",
            ),
            (
                unset(Regime::OptIn),
                word(said(true, NOW - 5), NOW),
                "allowed",
            ),
            (
                unset(Regime::OptOut),
                word(said(false, NOW - 5), NOW),
                "consent: withdrawn",
            ),
        ] {
            assert_eq!(outcome(&evidence, Some(&later)), want);
        }
    }
}
