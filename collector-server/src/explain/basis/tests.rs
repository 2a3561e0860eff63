use std::sync::Arc;

use firsthand_core::consent::{Choice, DAY_MS};

use super::*;
use crate::privacy::chain::Head;
use crate::privacy::ledger::{Actor, Door, Draft, Evidence, Receipt, Said, Terms, TermsText};

const ADS: [Purpose; 2] = [Purpose::Marketing, Purpose::ThirdPartySharing];

/// When a basis stopped and by what, if it did.
type Want = Option<(Option<i64>, &'static str)>;

/// A receipt of these answers in wire order, `y` or `n` each.
fn receipt(number: i64, at_ms: i64, answers: &str, regime: Regime) -> ReceiptView {
    let mut choice = Choice::of_all(false, 1, at_ms);
    let mut allowed = [false; 4];
    for (place, answer) in answers.bytes().enumerate() {
        choice.answers[place] = Some(answer == b'y');
        allowed[place] = answer == b'y';
    }
    let draft = Draft {
        browser: None,
        also_known_as: None,
        said: Said {
            choice: Some(choice),
            ..Said::default()
        },
        at_ms,
        received_at_ms: at_ms,
        actor: Actor::Visitor,
        basis: "explicit".to_owned(),
        regime,
        allowed,
        bases: [firsthand_core::consent::Basis::Explicit; 4],
        expires_at_ms: allowed.contains(&true).then_some(at_ms + 181 * DAY_MS),
        door: Door::Consent,
        source: Arc::from("web"),
        origin: None,
        region: None,
        evidence: Evidence::default(),
        terms: Arc::new(Terms::from(&TermsText::default())),
    };
    ReceiptView {
        hash: Head::EMPTY.hash,
        receipt: Receipt::of(&draft, number, format!("R{number}"), "S".to_owned(), None),
        terms: None,
    }
}

#[test]
fn a_basis_stops_with_the_first_thing_that_takes_it_away() {
    let policy = Policy::default();
    let newer = Policy {
        version: 2,
        ..policy
    };
    let grant = receipt(1, 1_000, "yyyy", Regime::OptIn);
    let other = receipt(2, 2_000, "ynyy", Regime::OptIn);
    let refusal = receipt(3, 3_000, "ynyn", Regime::OptIn);
    let earlier = receipt(4, 500, "nnnn", Regime::OptIn);
    let late = 1_000 + 181 * DAY_MS;
    let cases: [(&str, Vec<&ReceiptView>, &Policy, i64, Want); 6] = [
        ("in force", vec![&grant, &other], &policy, 9_000, None),
        (
            "an older word that came late",
            vec![&earlier, &grant],
            &policy,
            9_000,
            None,
        ),
        (
            "withdrawn, not by the change before",
            vec![&grant, &other, &refusal],
            &policy,
            9_000,
            Some((Some(3_000), "partial")),
        ),
        ("its last day", vec![&grant], &policy, late - 1, None),
        (
            "its end by age",
            vec![&grant],
            &policy,
            late,
            Some((Some(late), "expire")),
        ),
        (
            "another policy",
            vec![&grant],
            &newer,
            9_000,
            Some((None, "a new policy version")),
        ),
    ];
    for (name, choices, policy, now_ms, want) in cases {
        let choices: Vec<_> = choices.into_iter().cloned().collect();
        let got = stop(&grant, &choices, &ADS, policy, now_ms);
        assert_eq!(got.map(|stop| (stop.at_ms, stop.by)), want, "{name}");
    }
}

#[test]
fn where_no_choice_is_a_yes_a_grant_has_no_end_by_age() {
    let grant = receipt(1, 1_000, "yyyy", Regime::OptOut);
    assert_eq!(
        stop(&grant, &[], &ADS, &Policy::default(), 999 * DAY_MS),
        None
    );
}

#[test]
fn what_was_never_allowed_cannot_stop() {
    let partial = receipt(1, 1_000, "ynnn", Regime::OptIn);
    let refusal = receipt(2, 2_000, "nnnn", Regime::OptIn);
    assert_eq!(
        stop(&partial, &[refusal], &ADS, &Policy::default(), 9_000),
        None
    );
}
