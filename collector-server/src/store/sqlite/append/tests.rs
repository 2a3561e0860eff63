//! What becomes of a word that comes to a known one.

use super::*;
use crate::store::ConsentChange;

const CHOICE: &str = r#"{"policy":1,"at":200,"marketing":true}"#;
const SIGNAL: &str = r#"{"regime":"opt_out","gpc":true,"gpc_required":true}"#;

fn merged<'m>(known: &str, next: &str, slot: &'m mut String) -> Option<ConsentEvidence<'m>> {
    let change = ConsentChange {
        anonymous_id: "v".to_owned(),
        evidence: next.to_owned(),
        received_at_ms: 500,
    };
    match merge(known, 400, &change)? {
        Merge::Known => None,
        Merge::Text(text) => {
            *slot = text;
            serde_json::from_str(slot).ok()
        }
    }
}

#[test]
fn a_signal_joins_the_choice_that_is_known() {
    let mut slot = String::new();
    let both = merged(CHOICE, SIGNAL, &mut slot).unwrap();
    assert!(both.gpc && both.is_gpc_required);
    assert_eq!(both.choice.unwrap().at_ms, 200);
}

#[test]
fn a_choice_keeps_the_signal_until_it_is_made_after_the_notice() {
    let mut slot = String::new();
    let next = r#"{"policy":1,"at":300,"marketing":false}"#;
    assert!(merged(SIGNAL, next, &mut slot).unwrap().gpc);
    let after_notice = r#"{"policy":1,"at":300,"marketing":true,"after_gpc_notice":true}"#;
    assert!(
        merged(SIGNAL, after_notice, &mut slot).is_none(),
        "stands alone"
    );
}

#[test]
fn a_word_without_the_frameworks_answers_keeps_them() {
    let mut slot = String::new();
    let framework = r#"{"framework":{"basis":"tcf","policy":1,"at":100,"marketing":false}}"#;
    let both = merged(framework, CHOICE, &mut slot).unwrap();
    assert_eq!(both.framework.unwrap().answers[0], Some(false));
    assert_eq!(both.choice.unwrap().answers[0], Some(true));
}

#[test]
fn what_cannot_be_read_leaves_the_new_word_alone() {
    let mut slot = String::new();
    for (known, next) in [("old", CHOICE), (CHOICE, "new"), (CHOICE, CHOICE)] {
        assert!(merged(known, next, &mut slot).is_none());
    }
}
