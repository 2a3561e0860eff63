//! The decision where several speak: the visitor, the browser's signal, a consent framework, the age; and a later word of the same browser.
#![allow(missing_docs, clippy::unwrap_used)]

use firsthand_core::consent::{
    AgeBand, Answers, Basis, Choice, DAY_MS, Framework, Policy, Purpose, Regime, Situation, Source,
    decide,
};
use firsthand_core::wire::{ConsentEvidence, Word};
use proptest::prelude::*;

const NOW: i64 = 1_795_471_200_000;
const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);
const TCF: Basis = Basis::Framework(Source::Tcf);

fn choice(answers: Answers) -> Choice {
    Choice {
        answers,
        policy_version: 1,
        at_ms: NOW - 1_000,
        after_gpc_notice: false,
    }
}

fn framework(answers: Answers) -> Framework {
    Framework {
        answers,
        source: Source::Tcf,
        policy_version: 1,
        at_ms: NOW - 500,
    }
}

#[test]
fn any_no_wins_and_each_purpose_says_what_decided() {
    for (regime, own, theirs, want) in [
        (Regime::OptIn, None, None, (false, Basis::Regime)),
        (Regime::OptIn, None, YES, (true, TCF)),
        (Regime::OptIn, None, NO, (false, TCF)),
        (Regime::OptIn, YES, None, (true, Basis::Explicit)),
        (Regime::OptIn, YES, YES, (true, Basis::Explicit)),
        (Regime::OptIn, YES, NO, (false, TCF)),
        (Regime::OptIn, NO, YES, (false, Basis::Explicit)),
        (Regime::OptIn, NO, NO, (false, Basis::Explicit)),
        (Regime::OptOut, None, None, (true, Basis::Regime)),
        (Regime::OptOut, None, NO, (false, TCF)),
        (Regime::OptOut, YES, NO, (false, TCF)),
        (Regime::None, None, NO, (false, TCF)),
        (Regime::None, NO, YES, (false, Basis::Explicit)),
    ] {
        let situation = Situation {
            regime,
            choice: Some(choice([own; 4])),
            framework: Some(framework([theirs; 4])),
            ..Situation::default()
        };
        let verdict = decide(&Policy::default(), &situation, NOW);
        for purpose in Purpose::ALL {
            let got = (verdict.allows(purpose), verdict.basis[purpose as usize]);
            assert_eq!(got, want, "{regime:?} {own:?} {theirs:?} {purpose:?}");
        }
    }
}

#[test]
fn a_framework_that_answered_everything_leaves_nothing_to_ask() {
    let prompt = |own: Answers, theirs: Answers| {
        let situation = Situation {
            choice: Some(choice(own)),
            framework: Some(framework(theirs)),
            ..Situation::default()
        };
        decide(&Policy::default(), &situation, NOW).prompt
    };
    assert!(!prompt([None; 4], [YES; 4]));
    assert!(!prompt([None; 4], [NO; 4]));
    assert!(!prompt([YES, YES, None, None], [None, None, NO, YES]));
    assert!(
        prompt([None; 4], [None, None, None, NO]),
        "GPP speaks of sharing alone"
    );
    assert!(prompt([None; 4], [None; 4]));
}

#[test]
fn a_frameworks_yes_ends_as_a_choice_does_and_does_not_outrank_the_signal() {
    let allows = |framework: Framework, gpc| {
        let situation = Situation {
            gpc,
            framework: Some(framework),
            ..Situation::default()
        };
        decide(&Policy::default(), &situation, NOW).allow
    };
    let yes = framework([YES; 4]);
    assert_eq!(allows(yes, false), [true; 4]);
    assert_eq!(allows(yes, true), [true, true, true, false]);
    for ended in [
        Framework {
            policy_version: 2,
            ..yes
        },
        Framework {
            at_ms: NOW - 181 * DAY_MS,
            ..yes
        },
        Framework {
            at_ms: NOW + DAY_MS,
            ..yes
        },
    ] {
        assert_eq!(allows(ended, false), [false; 4]);
    }
    let old_no = Framework {
        answers: [NO; 4],
        at_ms: 0,
        ..yes
    };
    let situation = Situation {
        regime: Regime::None,
        framework: Some(old_no),
        ..Situation::default()
    };
    assert_eq!(
        decide(&Policy::default(), &situation, NOW).allow,
        [false; 4],
        "a no never ends"
    );
}

#[test]
fn a_signal_once_seen_stays_until_a_choice_after_the_notice() {
    let yes = ConsentEvidence {
        choice: Some(choice([YES; 4])),
        ..ConsentEvidence::default()
    };
    let signal = Word {
        evidence: ConsentEvidence {
            gpc: true,
            ..ConsentEvidence::default()
        },
        received_at_ms: NOW - DAY_MS,
    };
    let decided = yes
        .clone()
        .decide_with(&Policy::default(), Some(&signal), NOW);
    assert_eq!(decided.verdict.allow, [true, true, true, false]);
    assert!(decided.own.allows(Purpose::ThirdPartySharing) && !decided.is_outranked);
    let mut after_notice = yes.clone();
    after_notice.choice.as_mut().unwrap().after_gpc_notice = true;
    let decided = after_notice
        .clone()
        .decide_with(&Policy::default(), Some(&signal), NOW);
    assert_eq!(decided.verdict.allow, [true; 4]);

    // As words: the signal joins the choice that is known, and ends with one after the notice.
    let mut known = yes.clone();
    known.keep_of(&signal.evidence);
    assert!(known.gpc && known.choice == yes.choice);
    let mut next = yes;
    next.keep_of(&known);
    assert!(
        next.gpc,
        "another choice without the notice does not end it"
    );
    after_notice.keep_of(&known);
    assert!(!after_notice.gpc);
}

#[test]
fn a_later_word_of_a_framework_takes_away() {
    let event = ConsentEvidence {
        choice: Some(choice([YES; 4])),
        framework: Some(framework([YES; 4])),
        ..ConsentEvidence::default()
    };
    let mut word = Word {
        evidence: event.clone(),
        received_at_ms: NOW,
    };
    word.evidence.framework = Some(Framework {
        answers: [NO, YES, YES, NO],
        at_ms: NOW,
        ..framework([YES; 4])
    });
    let decided = event
        .clone()
        .decide_with(&Policy::default(), Some(&word), NOW);
    assert_eq!(decided.verdict.allow, [false, true, true, false]);
    assert_eq!(decided.verdict.basis[0], TCF);
    // The other way round the word is the older one, and says nothing.
    let mut late = word.evidence.clone();
    let old = Word {
        evidence: event,
        received_at_ms: NOW,
    };
    assert_eq!(
        late.decide_with(&Policy::default(), Some(&old), NOW)
            .verdict
            .allow,
        [false, true, true, false]
    );
}

fn answers() -> impl Strategy<Value = Answers> {
    proptest::array::uniform4(any::<Option<bool>>())
}

fn evidence() -> impl Strategy<Value = ConsentEvidence<'static>> {
    let regime = prop_oneof![
        Just(Regime::OptIn),
        Just(Regime::OptOut),
        Just(Regime::None)
    ];
    let age = prop_oneof![
        Just(AgeBand::Under13),
        Just(AgeBand::Under16),
        Just(AgeBand::Adult)
    ];
    let own = proptest::option::of((answers(), -400i64..2, any::<bool>()));
    let theirs = proptest::option::of((answers(), -400i64..2));
    (regime, age, own, theirs, any::<bool>()).prop_map(|(regime, age, own, theirs, gpc)| {
        ConsentEvidence {
            regime,
            age,
            gpc,
            choice: own.map(|(answers, days, after_gpc_notice)| Choice {
                at_ms: NOW + days * DAY_MS,
                after_gpc_notice,
                ..choice(answers)
            }),
            framework: theirs.map(|(answers, days)| Framework {
                at_ms: NOW + days * DAY_MS,
                ..framework(answers)
            }),
            ..ConsentEvidence::default()
        }
    })
}

proptest! {
    #[test]
    fn whoever_says_more_no_never_allows_more(one in evidence()) {
        let policy = Policy::default();
        let before = one.decide(&policy, NOW);
        for purpose in Purpose::ALL {
            for change in 0..5 {
                let mut stricter = one.clone();
                match change {
                    0 => stricter.gpc = true,
                    1 => stricter.regime = Regime::OptIn,
                    2 => stricter.age = AgeBand::Under13,
                    3 => stricter.choice.get_or_insert_with(|| choice([None; 4])).answers[purpose as usize] = NO,
                    _ => stricter.framework.get_or_insert_with(|| framework([None; 4])).answers[purpose as usize] = NO,
                }
                // A lower age asks for nothing, so its opt-in regime is none: compare what is allowed only.
                let after = stricter.decide(&policy, NOW);
                prop_assert!((0..4).all(|index| before.allow[index] || !after.allow[index]));
            }
        }
    }

    #[test]
    fn a_later_word_never_gives_more_than_the_events_own_answer(one in evidence(), other in evidence(), age_days in 0i64..400) {
        let policy = Policy::default();
        let word = Word { evidence: other, received_at_ms: NOW - age_days * DAY_MS };
        let decided = one.clone().decide_with(&policy, Some(&word), NOW);
        if one.said_at_ms().is_some() {
            prop_assert!((0..4).all(|index| decided.own.allow[index] || !decided.verdict.allow[index]));
        }
        let is_sharing = decided.verdict.allows(Purpose::ThirdPartySharing);
        let may_share_after_notice = one.choice.is_some_and(|own| own.after_gpc_notice)
            || word.evidence.choice.is_some_and(|theirs| theirs.after_gpc_notice);
        prop_assert!(!(is_sharing && (one.gpc || word.evidence.has_standing_signal()) && !may_share_after_notice));
    }
}
