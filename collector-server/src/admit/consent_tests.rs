//! The signal, a framework and the age at the door.

use firsthand_core::consent::{Basis, Purpose, Source};
use firsthand_core::wire::{ConsentEvidence, Word, decode_batch, decode_header};

use super::tests::{NOW, YES, body, event, rules, sender};
use super::*;

fn run(consent: &str, connection: &Connection<'_>, later: Option<&Word<'_>>) -> Admitted {
    let user = r#""anonymous_id":"0199d2a4-0000-7000-8000-000000000001""#;
    let text = body(consent, user, &event(""));
    let batch = decode_batch(&text).unwrap();
    let sender = sender(SourceKind::Browser);
    admit(&rules(), &sender, connection, later, batch, &text, NOW)
}

fn word(json: &str) -> Word<'_> {
    Word {
        evidence: serde_json::from_str(json).unwrap(),
        received_at_ms: NOW,
    }
}

fn kept(admitted: &Admitted) -> ConsentEvidence<'_> {
    decode_header(&admitted.append.header).unwrap().consent
}

#[test]
fn a_signal_that_is_new_becomes_a_word_and_stays() {
    let signalling = Connection {
        gpc: true,
        ..Connection::default()
    };
    let first = run(YES, &signalling, None);
    assert!(!first.verdict.allows(Purpose::ThirdPartySharing));
    let signal = first.signal.unwrap().evidence;
    let evidence: ConsentEvidence<'_> = serde_json::from_str(&signal).unwrap();
    assert!(evidence.is_signal_only());
    // It is not sent any more: by another browser of the same visitor, or switched off.
    let later = run(YES, &Connection::default(), Some(&word(&signal)));
    assert!(!later.verdict.allows(Purpose::ThirdPartySharing));
    assert!(later.verdict.allows(Purpose::Marketing));
    assert!(kept(&later).gpc, "a later decision is the same");
    assert_eq!(later.signal, None, "it is known");
    let after_notice = format!(r#"{YES},"after_gpc_notice":true"#);
    let consented = run(&after_notice, &Connection::default(), Some(&word(&signal)));
    assert!(consented.verdict.allows(Purpose::ThirdPartySharing));
}

#[test]
fn without_an_event_that_is_kept_a_signal_leaves_no_word() {
    let signalling = Connection {
        gpc: true,
        ..Connection::default()
    };
    assert_eq!(run("", &signalling, None).signal, None);
    assert_eq!(run(YES, &Connection::default(), None).signal, None);
    let after_notice = format!(r#"{YES},"after_gpc_notice":true"#);
    assert_eq!(run(&after_notice, &signalling, None).signal, None);
}

#[test]
fn a_framework_and_the_age_are_decided_and_kept() {
    let framework = |answer: bool| {
        format!(
            r#""framework":{{"basis":"tcf","policy":1,"at":{NOW},"marketing":{answer},"analytics":{answer},"personalization":{answer},"third_party_sharing":{answer}}}"#
        )
    };
    let yes = run(&framework(true), &Connection::default(), None);
    assert_eq!(yes.append.events.len(), 1);
    assert_eq!(yes.verdict.basis, [Basis::Framework(Source::Tcf); 4]);
    assert!(kept(&yes).framework.is_some() && kept(&yes).choice.is_none());
    let receipt = yes.append.receipt.unwrap();
    assert_eq!(
        (receipt.basis.as_str(), receipt.allowed),
        ("tcf", [true; 4])
    );
    let no = run(
        &format!("{YES},{}", framework(false)),
        &Connection::default(),
        None,
    );
    assert_eq!(no.rejected[0].code, "consent_denied");
    let child = run(
        &format!(r#"{YES},"age_band":"under_13""#),
        &Connection::default(),
        None,
    );
    assert_eq!(child.rejected[0].code, "consent_denied");
    let teen = run(
        r#""regime":"opt_out","age_band":"13_15""#,
        &Connection {
            regime: Regime::OptOut,
            ..Connection::default()
        },
        None,
    );
    assert!(teen.verdict.allows(Purpose::Analytics));
    assert_eq!(teen.verdict.basis[3], Basis::Age);
}
