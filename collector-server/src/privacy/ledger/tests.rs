use std::sync::Arc;

use firsthand_core::consent::{
    Basis, Choice, DAY_MS, Framework, Policy, Situation, Source, decide,
};
use serde_json::Value;

use super::*;

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

fn draft(choice: Option<Choice>, gpc: bool) -> Draft {
    let policy = Policy::default();
    let situation = Situation {
        choice,
        gpc,
        ..Situation::default()
    };
    Draft {
        browser: None,
        also_known_as: None,
        said: Said {
            choice,
            gpc,
            ..Said::default()
        },
        at_ms: 1_000,
        received_at_ms: 2_000,
        actor: Actor::Visitor,
        basis: "explicit".to_owned(),
        regime: Regime::OptIn,
        allowed: [false; PURPOSES],
        bases: [Basis::Explicit; 4],
        expires_at_ms: None,
        door: Door::Consent,
        source: Arc::from("web"),
        origin: Some("https://shop.example".to_owned()),
        region: Some("DE".to_owned()),
        evidence: Evidence {
            locale: Some("de".to_owned()),
            notice_sha256: Some("ab".repeat(32)),
            ui_version: Some("3".to_owned()),
            cmp: Some("own".to_owned()),
            tcf: Some("CP".to_owned()),
            gpp: Some("DB".to_owned()),
        },
        terms: Arc::new(Terms::from(&TermsText::default())),
    }
    .decided(&policy, decide(&policy, &situation, 1_000))
}

fn choice(answers: [Option<bool>; PURPOSES]) -> Choice {
    Choice {
        answers,
        policy_version: 1,
        at_ms: 1_000,
        after_gpc_notice: false,
    }
}

fn receipt(answers: [Option<bool>; PURPOSES], previous: Option<&Receipt>) -> Receipt {
    let draft = draft(Some(choice(answers)), false);
    Receipt::of(&draft, 7, "R".to_owned(), "S".to_owned(), previous)
}

#[test]
fn the_action_says_what_happened() {
    let all = receipt([YES; 4], None);
    for (answers, previous, want) in [
        ([YES; 4], None, Action::Grant),
        ([NO; 4], None, Action::Deny),
        ([None; 4], None, Action::Deny),
        ([YES, NO, YES, NO], None, Action::Partial),
        ([YES, NO, NO, NO], Some(&all), Action::Withdraw),
        ([NO; 4], Some(&all), Action::Withdraw),
        ([YES; 4], Some(&all), Action::Grant),
    ] {
        assert_eq!(receipt(answers, previous).action, want, "{answers:?}");
    }
    let signal = Receipt::of(
        &draft(None, true),
        1,
        String::new(),
        String::new(),
        Some(&all),
    );
    assert_eq!(signal.action, Action::Gpc);
}

/// Checks that members stand in the order of their names, all the way down.
fn assert_sorted(text: &str) {
    let names: Vec<String> = {
        let mut depth = 0usize;
        let mut names = vec![Vec::new()];
        let mut rest = text;
        // Values of these texts hold no quotes and no braces.
        while let Some(at) = rest.find(['{', '}', '"']) {
            let (_, tail) = rest.split_at(at);
            match tail.as_bytes()[0] {
                b'{' => {
                    depth += 1;
                    names.push(Vec::new());
                    rest = &tail[1..];
                }
                b'}' => {
                    depth -= 1;
                    let list: Vec<String> = names.pop().unwrap();
                    assert!(list.is_sorted(), "{list:?}");
                    rest = &tail[1..];
                }
                _ => {
                    let (word, after) = tail[1..].split_once('"').unwrap();
                    if after.starts_with(':') {
                        names[depth].push(word.to_owned());
                    }
                    rest = after;
                }
            }
        }
        names.into_iter().flatten().collect()
    };
    assert!(names.is_empty());
}

#[test]
fn the_form_is_canonical_and_is_read_again() {
    let receipt = receipt([YES, NO, None, YES], None);
    let text = receipt.canonical();
    assert_sorted(&text);
    assert!(!text.contains(": ") && !text.contains('\n'));
    assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
    let terms = Terms::from(&TermsText {
        recipients: vec![Recipient {
            name: "meta".to_owned(),
            requires: vec!["marketing".to_owned()],
        }],
        notice_sha256: Some("ab".to_owned()),
        ..TermsText::default()
    });
    assert_sorted(&terms.body);
    insta::assert_snapshot!(text);
}

#[test]
fn a_grant_ends_by_age_and_its_end_is_a_receipt() {
    let grant = receipt([YES, NO, NO, NO], None);
    // Through its 180th day, as the decision counts.
    assert_eq!(grant.expires_at, Some(1_000 + 181 * DAY_MS));
    assert!(grant.ends_by_age());
    let end = grant.expired(9, "E".to_owned(), 181 * DAY_MS + 5_000);
    assert_eq!((end.action, end.actor), (Action::Expire, Actor::Collector));
    assert_eq!(end.at, 1_000 + 181 * DAY_MS);
    assert_eq!(end.purposes.marketing, Answer::Unset);
    assert_eq!(end.purposes.analytics, Answer::Denied);
    assert_eq!((end.allowed.len(), end.expires_at), (0, None));
    assert!(
        !receipt([NO; 4], None).ends_by_age(),
        "a refusal has no end"
    );
}

#[test]
fn a_choice_is_the_same_by_browser_time_policy_answers_and_signal() {
    let browser = uuid::Uuid::from_u128(7);
    let said = Said {
        choice: Some(choice([YES, NO, None, YES])),
        ..Said::default()
    };
    let key = said.key(browser);
    assert_eq!(key, said.key(browser));
    assert_eq!(key[..16], *browser.as_bytes());
    let changed = |change: fn(&mut Choice)| {
        let mut other = said;
        change(other.choice.as_mut().unwrap());
        other.key(browser)
    };
    let by_tcf = |at_ms| Said {
        framework: Some(Framework {
            answers: [YES; 4],
            source: Source::Tcf,
            policy_version: 1,
            at_ms,
        }),
        ..said
    };
    let framework_key = by_tcf(1).key(browser);
    assert_eq!(
        framework_key,
        by_tcf(2).key(browser),
        "every page reads it again"
    );
    for other in [
        said.key(uuid::Uuid::from_u128(8)),
        changed(|choice| choice.at_ms += 1),
        changed(|choice| choice.policy_version += 1),
        changed(|choice| choice.answers[2] = NO),
        changed(|choice| choice.after_gpc_notice = true),
        Said { gpc: true, ..said }.key(browser),
        said.at(5).key(browser),
        framework_key,
    ] {
        assert_ne!(key, other);
    }
}

#[test]
fn a_receipt_says_per_purpose_what_decided() {
    let framework = Framework {
        answers: [YES, YES, None, NO],
        source: Source::Tcf,
        policy_version: 1,
        at_ms: 1_000,
    };
    let own = choice([YES, NO, None, YES]);
    let situation = Situation {
        choice: Some(own),
        framework: Some(framework),
        ..Situation::default()
    };
    let mut draft = draft(Some(own), false);
    draft.said.framework = Some(framework);
    let policy = Policy::default();
    let draft = draft.decided(&policy, decide(&policy, &situation, 1_000));
    let receipt = Receipt::of(&draft, 1, "R".to_owned(), "S".to_owned(), None);
    assert_eq!(receipt.allowed, ["marketing"]);
    let bases = receipt.bases.clone().unwrap();
    assert_eq!(
        [
            bases.marketing,
            bases.analytics,
            bases.personalization,
            bases.third_party_sharing
        ],
        ["explicit", "explicit", "regime", "tcf"]
    );
    assert_eq!(receipt.purposes.third_party_sharing, Answer::Denied);
    // A receipt of a version that knew no bases is read, and written again as it was.
    let old = receipt.canonical();
    let start = old.find("\"bases\"").unwrap();
    let end = old.find("\"basis\"").unwrap();
    let old = [&old[..start], &old[end..]].concat();
    let read: Receipt = serde_json::from_str(&old).unwrap();
    assert_eq!((read.bases.is_none(), read.canonical()), (true, old));
}

#[test]
fn a_receipt_has_every_field_of_the_reference() {
    let value: Value = serde_json::from_str(&receipt([YES; 4], None).canonical()).unwrap();
    for field in [
        "schema",
        "receipt_id",
        "subject_key",
        "at",
        "expires_at",
        "action",
        "actor",
        "purposes",
        "basis",
        "bases",
        "policy_version",
        "notice_sha256",
        "ui_version",
        "locale",
        "region",
        "regime",
        "terms",
        "signals",
        "origin",
        "source",
    ] {
        assert!(!value[field].is_null(), "{field}");
    }
    let terms: Value = serde_json::from_str(&Terms::from(&TermsText::default()).body).unwrap();
    for field in [
        "controller",
        "recipients",
        "retention",
        "withdraw_url",
        "notice_url",
        "data_classes",
    ] {
        assert!(!terms[field].is_null(), "{field}");
    }
}
