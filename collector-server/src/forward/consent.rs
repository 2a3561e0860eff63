//! The last word on consent, asked before every attempt.
//!
//! The evidence that came with an event is decided by `firsthand_core::consent::decide` again, at the
//! time of the attempt: a grant may have ended meanwhile. A later word of the same browser outranks it.
//! A later word can only take away what the event's own choice gave; it gives something only to an event
//! that came without any choice (a server's copy). In doubt, no.

use firsthand_core::consent::{Basis, Policy, Purpose, Verdict};
use firsthand_core::wire::{ConsentEvidence, Word};

use super::names::Skip;
use crate::privacy::subject::Refusals;

/// Stable label of a withdrawal.
pub const WITHDRAWN: &str = "consent_withdrawn";
/// Stable label of a purpose that was never granted.
pub const NOT_GRANTED: &str = "consent_not_granted";

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

    /// Takes away what the same person refused on another device since the event's own answers.
    pub fn without(
        mut self,
        refused: Refusals,
        said_at_ms: Option<i64>,
        requires: &[Purpose],
    ) -> Result<Self, Skip> {
        refused.restrict(&mut self.verdict, said_at_ms);
        if requires.iter().all(|purpose| self.verdict.allows(*purpose)) {
            return Ok(self);
        }
        Err(Skip::new(
            WITHDRAWN,
            "consent: withdrawn by the same person elsewhere",
        ))
    }
}

/// Decides whether all of `requires` are allowed at `now_ms` (epoch milliseconds).
pub fn permission(
    policy: &Policy,
    evidence: &ConsentEvidence<'_>,
    later: Option<&Word<'_>>,
    requires: &[Purpose],
    now_ms: i64,
) -> Result<Permission, Skip> {
    let mut joint = evidence.clone();
    let decided = joint.decide_with(policy, later, now_ms);
    let verdict = decided.verdict;
    let Some(missing) = requires.iter().find(|purpose| !verdict.allows(**purpose)) else {
        return Ok(Permission {
            verdict,
            gpc: joint.gpc,
        });
    };
    if decided.own.allows(*missing) {
        return Err(Skip::new(WITHDRAWN, "consent: withdrawn"));
    }
    // What the event came with says more than what was said later; a copy without any answer has only that.
    let said = if evidence.said_at_ms().is_some() {
        evidence
    } else {
        &joint
    };
    let why = describe(policy, said, *missing, now_ms);
    Err(Skip::new(
        NOT_GRANTED,
        format!(
            "consent: {} not granted ({why}, regime {})",
            missing.as_str(),
            evidence.regime.as_str()
        ),
    ))
}

fn describe(
    policy: &Policy,
    evidence: &ConsentEvidence<'_>,
    purpose: Purpose,
    now_ms: i64,
) -> &'static str {
    let verdict = evidence.decide(policy, now_ms);
    let basis = verdict.basis.get(purpose as usize).copied();
    match basis.unwrap_or_default() {
        Basis::Explicit => "denied",
        Basis::Gpc => "stopped by global privacy control",
        Basis::Framework(_) => "denied by a consent framework",
        Basis::Age => "stopped by the visitor's age",
        Basis::Regime => {
            let own = evidence
                .choice
                .filter(|choice| choice.answer(purpose) == Some(true))
                .map(|choice| (choice.policy_version, choice.at_ms));
            let theirs = evidence
                .framework
                .filter(|framework| framework.answer(purpose) == Some(true))
                .map(|framework| (framework.policy_version, framework.at_ms));
            match own.or(theirs) {
                None => "unset",
                Some((version, _)) if version != policy.version => {
                    "granted for another policy version"
                }
                Some((_, at_ms)) if at_ms > now_ms => "granted in the future",
                Some(_) => "grant has expired",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firsthand_core::consent::{AgeBand, Choice, DAY_MS, Framework, GpcScope, Regime, Source};

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

    fn word(evidence: ConsentEvidence<'static>, received_at_ms: i64) -> Word<'static> {
        Word {
            evidence,
            received_at_ms,
        }
    }

    fn outcome(evidence: &ConsentEvidence<'_>, later: Option<&Word<'_>>) -> String {
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

    fn framework(answers: [Option<bool>; 4], at_ms: i64) -> Framework {
        Framework {
            answers,
            source: Source::Tcf,
            policy_version: 1,
            at_ms,
        }
    }

    #[test]
    fn a_framework_and_the_age_are_reasons_too() {
        let by_framework = |answer: bool, at_ms| ConsentEvidence {
            framework: Some(framework([Some(answer); 4], at_ms)),
            ..ConsentEvidence::default()
        };
        let child = ConsentEvidence {
            age: AgeBand::Under13,
            ..said(true, NOW - 1)
        };
        for (evidence, want) in [
            (by_framework(true, NOW - 1), "allowed"),
            (
                by_framework(false, NOW - 1),
                "consent: marketing not granted (denied by a consent framework, regime opt_in)",
            ),
            (
                by_framework(true, NOW - 200 * DAY_MS),
                "consent: marketing not granted (grant has expired, regime opt_in)",
            ),
            (
                child,
                "consent: marketing not granted (stopped by the visitor's age, regime opt_in)",
            ),
        ] {
            assert_eq!(outcome(&evidence, None), want);
        }
        let withdrawn = word(by_framework(false, NOW), NOW);
        assert_eq!(
            outcome(&by_framework(true, NOW - 9), Some(&withdrawn)),
            "consent: withdrawn"
        );
    }

    #[test]
    fn a_signal_that_was_seen_stops_what_waits_and_takes_nothing_else() {
        let signal = ConsentEvidence {
            gpc: true,
            ..unset(Regime::OptOut)
        };
        let signal = word(signal, NOW);
        assert_eq!(
            outcome(&said(true, NOW - 10), Some(&signal)),
            "consent: withdrawn"
        );
        let policy = Policy::default();
        let measuring = [Purpose::Analytics];
        let allowed = permission(
            &policy,
            &said(true, NOW - 10),
            Some(&signal),
            &measuring,
            NOW,
        );
        assert!(allowed.is_ok_and(|permission| permission.gpc));
        let mut after_notice = said(true, NOW - 5);
        after_notice.choice.as_mut().unwrap().after_gpc_notice = true;
        assert_eq!(outcome(&after_notice, Some(&signal)), "allowed");
    }
}
