//! Encoder and decoder agree, and the decoder withstands anything.

use super::*;
use crate::consent::{PURPOSES, Source};
use proptest::prelude::*;

fn some_text() -> impl Strategy<Value = Cow<'static, str>> {
    ".{0,12}".prop_map(Cow::Owned)
}

fn maybe_text() -> impl Strategy<Value = Option<Cow<'static, str>>> {
    proptest::option::of(some_text())
}

fn touch() -> impl Strategy<Value = Touch<'static>> {
    let labels = || proptest::collection::vec((some_text(), some_text()), 0..3);
    (any::<i32>(), some_text(), some_text(), labels(), labels()).prop_map(
        |(at, url, referrer, utm, click)| Touch {
            at: i64::from(at),
            url,
            referrer,
            utm,
            click,
        },
    )
}

fn header() -> impl Strategy<Value = Header<'static>> {
    let context = (
        maybe_text(),
        maybe_text(),
        proptest::collection::vec(some_text(), 0..3),
    )
        .prop_map(|(lang, ua, bot)| Context {
            lang,
            ua,
            bot,
            dropped: vec![(Cow::Borrowed("queue_full"), 3)],
            ..Context::default()
        });
    let choice = (
        proptest::array::uniform4(any::<Option<bool>>()),
        any::<u32>(),
        any::<i32>(),
        any::<bool>(),
    )
        .prop_map(|(answers, policy_version, at, after_gpc_notice)| Choice {
            answers,
            policy_version,
            at_ms: i64::from(at),
            after_gpc_notice,
        });
    let consent = (
        proptest::option::of(choice),
        maybe_text(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(choice, basis, gpc, is_gpc_required)| ConsentEvidence {
            regime: Regime::OptOut,
            choice,
            framework: choice.map(|own| Framework {
                answers: own.answers,
                source: Source::Gpp,
                policy_version: own.policy_version,
                at_ms: own.at_ms,
            }),
            age: if gpc {
                AgeBand::Under16
            } else {
                AgeBand::Adult
            },
            basis,
            gpc,
            is_gpc_required,
        });
    let user = (maybe_text(), any::<bool>(), some_text(), some_text()).prop_map(
        |(anonymous_id, is_reset, em, fbc)| User {
            anonymous_id,
            is_reset,
            digests: vec![(DigestKey::Email, em.clone()), (DigestKey::Email, em)],
            browser: vec![(BrowserKey::Fbc, fbc)],
            ..User::default()
        },
    );
    (context, consent, user, proptest::option::of(touch())).prop_map(
        |(context, consent, user, touch)| Header {
            context,
            consent,
            user,
            first_touch: touch.clone(),
            last_touch: touch,
        },
    )
}

fn event() -> impl Strategy<Value = Event<'static>> {
    (
        some_text(),
        some_text(),
        any::<i32>(),
        any::<Option<u32>>(),
        maybe_text(),
    )
        .prop_map(|(id, name, at, session, url)| Event {
            id,
            name,
            at: i64::from(at),
            session: session.map(i64::from),
            page: Page {
                url,
                ..Page::default()
            },
            props: Cow::Borrowed(r#"{"value":59.80}"#),
        })
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        header in header(),
        events in proptest::collection::vec(event(), 0..4),
        key in some_text(),
        sent_at in 0i64..2_000_000_000_000,
    ) {
        let batch = Batch { write_key: key, sent_at, header, events };
        let body = batch.encode();
        let (mut decoded, events) = decode_batch(&body).unwrap();
        decoded.events = events.into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(decoded, batch);
    }

    #[test]
    fn any_body_is_read_without_a_panic(body in ".*") {
        let _ = decode_batch(&body);
        let _ = decode_header(&body);
        let _ = decode_event(&body);
    }
}

#[test]
fn one_event_of_a_wrong_type_does_not_spoil_the_others() {
    let body = r#"{"v":1,"events":[{"id":"a","name":"login","at":1},{"id":5},7,{"id":"b","name":"login","at":2}]}"#;
    let (_, events) = decode_batch(body).unwrap();
    let fine: Vec<bool> = events.iter().map(Result::is_ok).collect();
    assert_eq!(fine, [true, false, false, true]);
}

#[test]
fn unreadable_consent_is_unset() {
    let body = r#"{"v":1,"consent":{"regime":"whatever","marketing":"yes","analytics":true,"gpc":"1"},"events":[]}"#;
    let (batch, _) = decode_batch(body).unwrap();
    let choice = batch.header.consent.choice.unwrap();
    assert_eq!(batch.header.consent.regime, Regime::OptIn);
    assert_eq!(choice.answers, [None, Some(true), None, None]);
    assert_eq!(choice.answers.len(), PURPOSES);
}

#[test]
fn an_unreadable_framework_says_no_and_an_unreadable_age_protects() {
    let read = |consent: &str| {
        let body = format!(r#"{{"v":1,"consent":{{{consent}}},"events":[]}}"#);
        let (batch, _) = decode_batch(&body).unwrap();
        let consent = batch.header.consent;
        (consent.framework, consent.age)
    };
    let (framework, _) = read(
        r#""framework":{"basis":"gpp","policy":2,"at":7,"analytics":true,"marketing":"yes","extra":[{}]}"#,
    );
    let framework = framework.unwrap();
    assert_eq!(framework.answers, [None, Some(true), None, None]);
    assert_eq!(
        (framework.source, framework.policy_version, framework.at_ms),
        (Source::Gpp, 2, 7)
    );
    for broken in [
        r#""framework":"tcf""#,
        r#""framework":{"policy":"x"}"#,
        r#""framework":7"#,
    ] {
        let (framework, _) = read(broken);
        assert_eq!(framework.unwrap().answers, [Some(false); 4], "{broken}");
    }
    assert_eq!(read(r#""framework":null"#).0, None);
    for (age, want) in [
        ("null", AgeBand::Adult),
        (r#""16_plus""#, AgeBand::Adult),
        (r#""13_15""#, AgeBand::Under16),
        (r#""under_13""#, AgeBand::Under13),
        (r#""twelve""#, AgeBand::Under13),
        ("12", AgeBand::Under13),
    ] {
        assert_eq!(read(&format!(r#""age_band":{age}"#)).1, want, "{age}");
    }
}

#[test]
fn an_error_names_a_position_and_nothing_of_the_body() {
    for (body, want) in [
        ("{", "the body is not JSON at line 1 column 1"),
        (r#"{"v":1,"user":"jane@example.com"}"#, "wrong type"),
        (r#"{"v":1,"events":{"jane@example.com":1}}"#, "wrong type"),
        (r#"{"v":2}"#, "v must be 1"),
        ("{}", "v must be 1"),
    ] {
        let text = decode_batch(body).unwrap_err().to_string();
        assert!(text.contains(want), "{text}");
        assert!(!text.contains("jane"), "{text}");
    }
}

#[test]
fn clear_values_are_read_and_never_written() {
    let body = r#"{"v":1,"user":{"email":"jane@example.com","em":"aa"},"events":[]}"#;
    let (batch, _) = decode_batch(body).unwrap();
    assert_eq!(batch.header.user.clear.len(), 1);
    assert!(!batch.encode().contains("jane"));
    assert!(!format!("{batch:?}").contains("jane"));
}

#[test]
fn a_body_that_nests_without_end_is_refused_wherever_it_does() {
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    for body in [
        format!(r#"{{"v":1,"unknown":{deep}}}"#),
        format!(r#"{{"v":1,"context":{{"unknown":{deep}}}}}"#),
        format!(r#"{{"v":1,"user":{deep}}}"#),
        format!(r#"{{"v":1,"events":[{{"unknown":{deep}}}]}}"#),
        format!(r#"{{"v":1,"events":[{{"props":{{"a":{deep}}}}}]}}"#),
        format!(r#"{{"v":1,"events":{deep}}}"#),
    ] {
        let refused = decode_batch(&body).map(|_| ());
        assert_eq!(refused, Err(DecodeError::TooDeep));
    }
}
