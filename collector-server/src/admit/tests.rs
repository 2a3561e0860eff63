use super::*;
use firsthand_core::wire::{
    BrowserKey, ClearKey, DigestKey, decode_batch, decode_event, decode_header,
};

pub(super) const NOW: i64 = 1_795_471_200_000;
const DIGEST: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";
pub(super) const YES: &str = r#""regime":"opt_in","policy":1,"at":1795471100000,"basis":"explicit","marketing":true,"analytics":true,"personalization":true,"third_party_sharing":true"#;

pub(super) fn rules() -> Rules {
    Rules {
        policy: Policy::default(),
        max_age_ms: 7 * 86_400_000,
        max_future_ms: 600_000,
        refuse_bots: false,
        settle_default_ms: 0,
        settle_by_event_ms: BTreeMap::from([("purchase".to_owned(), 30_000)]),
        quarantine_payload_bytes: 16_384,
        keeps_clear: false,
        terms: std::sync::Arc::new(Terms::from(&crate::privacy::ledger::TermsText::default())),
    }
}

pub(super) fn sender(kind: SourceKind) -> Sender {
    Sender {
        source: Arc::from("src"),
        kind,
        default_phone_country: Country::parse("DE"),
    }
}

pub(super) fn body(consent: &str, user: &str, events: &str) -> String {
    format!(
        r#"{{"v":1,"sent_at":{NOW},"context":{{}},"consent":{{{consent}}},"user":{{{user}}},"touch":{{"last":{{"at":{NOW},"url":"https://shop.test/?x=1","ref":"","utm":{{"source":"g"}},"click":{{"gclid":"Cj0","evil":"1"}}}}}},"events":[{events}]}}"#
    )
}

pub(super) fn event(extra: &str) -> String {
    format!(r#"{{"id":"e1","name":"page_view","at":{NOW}{extra}}}"#)
}

fn run(kind: SourceKind, body: &str) -> Admitted {
    let connection = Connection {
        ip: Some(Cow::Borrowed("203.0.113.9")),
        user_agent: Some("Mozilla/5.0 Safari"),
        ..Connection::default()
    };
    let batch = decode_batch(body).unwrap();
    admit(&rules(), &sender(kind), &connection, None, batch, body, NOW)
}

fn code_of(events: &str) -> &'static str {
    let admitted = run(SourceKind::Browser, &body(YES, "", events));
    admitted.rejected.first().map_or("accepted", |r| r.code)
}

#[test]
fn every_wrong_event_has_its_code() {
    let purchase =
        |props: &str| format!(r#"{{"id":"p","name":"purchase","at":{NOW},"props":{{{props}}}}}"#);
    let many: Vec<String> = (0..101).map(|n| format!(r#""k{n}":1,"#)).collect();
    let many = many.concat();
    for (events, want) in [
        (event(""), "accepted"),
        (event(r#","props":null"#), "accepted"),
        ("[]".to_owned(), "invalid_type"),
        (
            r#"{"id":"e","name":"x","at":"soon"}"#.to_owned(),
            "invalid_type",
        ),
        (event("").replace("page_view", "my-event"), "invalid_name"),
        (event("").replace("e1", "e 1"), "invalid_id"),
        (event("").replace("e1", "jane@example.com"), "personal_data"),
        (event("").replace(&NOW.to_string(), "0"), "invalid_time"),
        (
            event("").replace(&NOW.to_string(), "86400000"),
            "invalid_time",
        ),
        (
            event("").replace(&NOW.to_string(), &(NOW + 660_000).to_string()),
            "invalid_time",
        ),
        (
            event("").replace(&NOW.to_string(), &(NOW - 6 * 86_400_000).to_string()),
            "accepted",
        ),
        (event(r#","props":[]"#), "invalid_props"),
        (
            event(&format!(r#","props":{{{many}"z":1}}"#)),
            "too_many_props",
        ),
        (
            event(&format!(
                r#","props":{{"a":{}1{}}}"#,
                "[".repeat(20),
                "]".repeat(20)
            )),
            "too_deep",
        ),
        (purchase(r#""currency":"XXQ""#), "invalid_currency"),
        (purchase(r#""value":"much""#), "invalid_money"),
        (purchase(r#""items":[{"quantity":-1}]"#), "invalid_item"),
        (
            purchase(r#""transaction_id":"a b""#),
            "invalid_transaction_id",
        ),
        (event(r#","page":{"url":"not a url"}"#), "invalid_page"),
        (
            event(r#","page":{"url":"https://shop.test/?email=jane%40example.com"}"#),
            "personal_data",
        ),
        (
            event(r#","page":{"title":"Hello jane@example.com"}"#),
            "personal_data",
        ),
        (
            event(r#","page":{"ref":"https://a.test/jane@example.com"}"#),
            "accepted",
        ),
        (
            event(r#","props":{"search_term":"jane@example.com"}"#),
            "personal_data",
        ),
        (
            event(r#","props":{"note":"jane\u0040example.com"}"#),
            "personal_data",
        ),
        (
            event(r#","props":{"items":[{"item_name":"jane@example.com"}]}"#),
            "personal_data",
        ),
    ] {
        assert_eq!(code_of(&events), want, "{events}");
    }
}

#[test]
fn one_bad_event_does_not_touch_the_others() {
    let events = format!("{},[],{}", event(""), event("").replace("e1", "e2"));
    let admitted = run(SourceKind::Browser, &body(YES, "", &events));
    assert_eq!(admitted.append.events.len(), 2);
    assert_eq!(admitted.rejected.len(), 1);
    assert_eq!(admitted.rejected[0].index, 1);
    assert_eq!(
        admitted.append.quarantined[0].payload.as_deref(),
        Some("[]")
    );
}

#[test]
fn what_is_kept_never_holds_what_was_refused_as_personal() {
    let leak = event(r#","props":{"note":"jane@example.com"}"#);
    let admitted = run(SourceKind::Browser, &body(YES, "", &leak));
    assert_eq!(admitted.append.quarantined[0].payload, None);
    // A second reason beside the address: the payload holds it all the same.
    let both = event(r#","props":{"currency":"nope","note":"jane@example.com"}"#);
    let admitted = run(SourceKind::Browser, &body(YES, "", &both));
    assert_eq!(admitted.rejected[0].code, "invalid_currency");
    assert_eq!(admitted.append.quarantined[0].payload, None);
}

#[test]
fn clear_values_of_a_page_refuse_every_event() {
    for user in [
        r#""email":"jane@example.com""#,
        r#""country":"DE""#,
        r#""user_id":"jane@example.com""#,
        r#""em":["jane@example.com"]"#,
    ] {
        let admitted = run(SourceKind::Browser, &body(YES, user, &event("")));
        assert_eq!(admitted.rejected[0].code, "personal_data", "{user}");
        assert_eq!(admitted.append.quarantined[0].payload, None);
        assert!(admitted.append.events.is_empty() && admitted.append.header.is_empty());
    }
}

#[test]
fn clear_values_of_a_server_become_digests() {
    let user = r#""email":" Jane@Example.com ","phone":"0171 1234567","country":"de","user_id":"jane@example.com","gender":"?""#;
    let admitted = run(SourceKind::Server, &body(YES, user, &event("")));
    assert_eq!(admitted.append.events.len(), 1, "{:?}", admitted.rejected);
    let text = &admitted.append.header;
    let lower = text.to_lowercase();
    assert!(!lower.contains("jane") && !lower.contains("1712"), "{text}");
    let header = decode_header(text).unwrap();
    for key in [
        DigestKey::Email,
        DigestKey::Phone,
        DigestKey::PhoneE164,
        DigestKey::Country,
        DigestKey::ExternalId,
    ] {
        assert_eq!(header.user.digest(key).map(str::len), Some(64), "{key:?}");
    }
    assert_eq!(
        header.user.digest(DigestKey::EmailGoogle),
        None,
        "same form"
    );
    assert_eq!(header.user.user_id, None);
}

#[test]
fn clear_values_are_kept_for_a_destination_that_wants_them_and_otherwise_not() {
    let user = r#""email":" Jane@Example.com ","phone":"0171 1234567","first_name":"Jane","kept":{"email":"x@example.com"}"#;
    let digests = format!(r#""email":"{DIGEST}","kept":{{"phone":"+491"}}"#);
    let unshared = YES.replace(
        r#""third_party_sharing":true"#,
        r#""third_party_sharing":false"#,
    );
    let both = Some(("jane@example.com", "+491711234567"));
    for (keeps_clear, kind, consent, user, want) in [
        (true, SourceKind::Server, YES, user, both),
        (true, SourceKind::Webhook, YES, user, both),
        (false, SourceKind::Server, YES, user, None),
        (true, SourceKind::Server, unshared.as_str(), user, None),
        (true, SourceKind::Server, YES, digests.as_str(), None),
        // What a sender calls kept is not, a page's even less.
        (
            true,
            SourceKind::Browser,
            YES,
            r#""kept":{"email":"x@example.com"}"#,
            None,
        ),
    ] {
        let rules = Rules {
            keeps_clear,
            ..rules()
        };
        let body = body(consent, user, &event(""));
        let batch = decode_batch(&body).unwrap();
        let (sender, connection) = (sender(kind), Connection::default());
        let admitted = admit(&rules, &sender, &connection, None, batch, &*body, NOW);
        assert_eq!(admitted.append.events.len(), 1, "{:?}", admitted.rejected);
        let user = decode_header(&admitted.append.header).unwrap().user;
        let kept = user.kept(ClearKey::Email).zip(user.kept(ClearKey::Phone));
        assert_eq!(kept, want, "{keeps_clear} {kind:?} {consent}");
        assert_eq!(user.kept.len(), if want.is_some() { 2 } else { 0 });
        let is_clear = admitted.append.header.contains("example.com");
        assert_eq!(is_clear, want.is_some());
    }
}

#[test]
fn an_address_has_the_forms_of_each_platform_where_they_differ() {
    let forms = [
        (DigestKey::EmailGoogle, false),
        (DigestKey::EmailReddit, true),
        (DigestKey::EmailMicrosoft, true),
    ];
    for (address, differ) in [
        ("jane@example.com", forms.map(|(key, _)| (key, false))),
        ("Jane.Doe+news@example.com", forms),
        ("jane.doe@gmail.com", forms.map(|(key, _)| (key, true))),
    ] {
        let user = format!(r#""email":"{address}""#);
        let admitted = run(SourceKind::Server, &body(YES, &user, &event("")));
        let header = decode_header(&admitted.append.header).unwrap();
        for (key, is_written) in differ {
            let digest = header.user.digest(key);
            assert_eq!(digest.is_some(), is_written, "{address} {key:?}");
            assert!(digest.is_none_or(|d| Some(d) != header.user.digest(DigestKey::Email)));
        }
    }
}

#[test]
fn ids_of_the_tags_cookies_stay_where_they_may_be_shared() {
    let connection = Connection {
        platform_ids: vec![
            (BrowserKey::Epik, "dj0y".to_owned()),
            (BrowserKey::RdtUuid, "1.a".to_owned()),
        ],
        ..Connection::default()
    };
    let unshared = YES.replace(
        r#""third_party_sharing":true"#,
        r#""third_party_sharing":false"#,
    );
    for (consent, user, epik, uuid) in [
        (YES, "", Some("dj0y"), Some("1.a")),
        // What the sender said counts first.
        (YES, r#""epik":"own""#, Some("own"), Some("1.a")),
        (unshared.as_str(), "", None, None),
    ] {
        let body = body(consent, user, &event(""));
        let batch = decode_batch(&body).unwrap();
        let sender = sender(SourceKind::Browser);
        let admitted = admit(&rules(), &sender, &connection, None, batch, &*body, NOW);
        let header = decode_header(&admitted.append.header).unwrap();
        assert_eq!(header.user.browser_id(BrowserKey::Epik), epik, "{consent}");
        assert_eq!(header.user.browser_id(BrowserKey::RdtUuid), uuid);
    }
}

#[test]
fn wrong_digests_are_left_out_and_counted() {
    let user = format!(
        r#""em":["{}"],"ph":["123"],"fbp":"fb.1.2.3","ttp":"has space""#,
        DIGEST.to_uppercase()
    );
    let admitted = run(SourceKind::Browser, &body(YES, &user, &event("")));
    assert_eq!(
        admitted.dropped_user_values,
        2 + 1,
        "and one unknown click id"
    );
    let header = decode_header(&admitted.append.header).unwrap();
    assert_eq!(header.user.digest(DigestKey::Email), Some(DIGEST));
    assert_eq!(header.user.digests.len(), 1);
    assert_eq!(header.user.browser.len(), 1);
}

#[test]
fn a_purchase_has_the_id_of_its_order_whatever_was_sent() {
    let events = format!(
        r##"{{"id":"mine","name":"Order Completed","at":{NOW},"props":{{"transaction_id":"#1001"}}}}"##
    );
    let admitted = run(SourceKind::Browser, &body(YES, "", &events));
    let event = &admitted.append.events[0];
    assert_eq!(
        (event.name.as_str(), event.event_id.as_str()),
        ("purchase", "purchase:1001")
    );
    assert_eq!(event.settle_until_ms, NOW + 30_000);
    let decoded = decode_event(&event.event).unwrap();
    assert_eq!(
        (&*decoded.name, &*decoded.id),
        ("purchase", "purchase:1001")
    );
}

#[test]
fn a_wrong_clock_is_corrected() {
    let hour = 3_600_000;
    let text = body(YES, "", &event(""))
        .replace(&NOW.to_string(), &(NOW + hour).to_string())
        .replace("1795471100000", &(1_795_471_100_000 + hour).to_string());
    let admitted = run(SourceKind::Browser, &text);
    assert_eq!(admitted.append.events[0].at_ms, NOW);
    for (sent, want) in [(NOW, 0), (NOW - 9_000, 0), (NOW - 60_000, 60_000), (0, 0)] {
        assert_eq!(clock_skew_ms(sent, NOW), want, "{sent}");
    }
}

#[test]
fn without_consent_nothing_is_kept() {
    for consent in [
        "",
        r#""regime":"opt_out""#,
        &YES.replace("true", "false"),
        &YES.replace("true", "null"),
        &YES.replace("true", "\"yes\""),
        &YES.replace("\"policy\":1", "\"policy\":2"),
    ] {
        let bad = format!("{},[]", event(""));
        let admitted = run(SourceKind::Browser, &body(consent, "", &bad));
        assert!(
            admitted.rejected.iter().all(|r| r.code == "consent_denied"),
            "{consent}"
        );
        assert!(admitted.append.events.is_empty(), "{consent}");
        assert!(admitted.append.quarantined.is_empty(), "{consent}");
    }
}

#[test]
fn analytics_alone_keeps_no_match_keys() {
    let consent = YES.replace("\"marketing\":true", "\"marketing\":false");
    let user = format!(r#""em":["{DIGEST}"],"fbp":"fb.1.2.3","ga_client":"1.2""#);
    let admitted = run(SourceKind::Browser, &body(&consent, &user, &event("")));
    let header = decode_header(&admitted.append.header).unwrap();
    assert!(header.user.digests.is_empty());
    assert_eq!(header.user.browser.len(), 1);
    assert!(header.last_touch.unwrap().click.is_empty());
    assert_eq!(header.context.ip, None);
    let all = run(SourceKind::Browser, &body(YES, &user, &event("")));
    let header = decode_header(&all.append.header).unwrap();
    assert_eq!(header.context.ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(header.last_touch.unwrap().click.len(), 1);
}

#[test]
fn a_known_withdrawal_outranks_the_request() {
    let text = body(YES, "", &event(""));
    let word = |at_ms, answer| Word {
        evidence: ConsentEvidence {
            choice: Some(firsthand_core::consent::Choice::of_all(answer, 1, at_ms)),
            ..ConsentEvidence::default()
        },
        received_at_ms: at_ms,
    };
    let accepted = |later: &Word<'_>, text: &str| {
        let batch = decode_batch(text).unwrap();
        let connection = Connection::default();
        let sender = sender(SourceKind::Browser);
        !admit(
            &rules(),
            &sender,
            &connection,
            Some(later),
            batch,
            text,
            NOW,
        )
        .append
        .events
        .is_empty()
    };
    assert!(!accepted(&word(NOW, false), &text));
    assert!(
        accepted(&word(NOW - 200_000, false), &text),
        "the visitor said yes since"
    );
    let no = text.replace("true", "false");
    assert!(
        !accepted(&word(NOW, true), &no),
        "a later yes gives nothing to a no"
    );
    let silent = body("", "", &event(""));
    assert!(
        accepted(&word(NOW, true), &silent),
        "a server's copy without evidence"
    );
}

#[test]
fn gpc_of_the_connection_counts() {
    let text = body(YES, &format!(r#""em":["{DIGEST}"]"#), &event(""));
    let connection = Connection {
        gpc: true,
        ..Connection::default()
    };
    let batch = decode_batch(&text).unwrap();
    let sender = sender(SourceKind::Browser);
    let admitted = admit(&rules(), &sender, &connection, None, batch, &text, NOW);
    let header = decode_header(&admitted.append.header).unwrap();
    assert!(header.consent.gpc && header.user.digests.is_empty());
}

#[test]
fn bots_are_tagged_or_refused() {
    let text = body(YES, "", &event(""));
    let run = |refuse_bots| {
        let connection = Connection {
            user_agent: Some("Googlebot/2.1"),
            ..Connection::default()
        };
        let rules = Rules {
            refuse_bots,
            ..rules()
        };
        let batch = decode_batch(&text).unwrap();
        admit(
            &rules,
            &sender(SourceKind::Browser),
            &connection,
            None,
            batch,
            &text,
            NOW,
        )
    };
    let tagged = run(false);
    assert_eq!(
        decode_header(&tagged.append.header).unwrap().context.bot,
        ["user_agent"]
    );
    assert_eq!(run(true).rejected[0].code, "bot");
}

proptest::proptest! {
    #[test]
    fn any_event_text_is_judged_without_a_panic(extra in "[ -~]{0,60}") {
        let text = body(YES, "", &event(&format!(r#","props":{{"a":"{extra}"}}"#)));
        if let Ok(batch) = decode_batch(&text) {
            let sender = sender(SourceKind::Browser);
            let _ = admit(&rules(), &sender, &Connection::default(), None, batch, &text, NOW);
        }
    }
}

#[test]
fn what_a_header_may_hold_is_bounded_however_often_a_key_is_repeated() {
    let digests: Vec<String> = (0..2_000).map(|n| format!(r#""em":"{n:064x}""#)).collect();
    let cookies = vec![r#""fbp":"fb.1.1795471200000.1""#; 500].join(",");
    let user = format!("{},{cookies}", digests.join(","));
    let admitted = run(SourceKind::Browser, &body(YES, &user, &event("")));
    let header = decode_header(&admitted.append.header).unwrap();
    assert_eq!(header.user.digests_of(DigestKey::Email).count(), 10);
    assert_eq!(header.user.browser.len(), 1);
    // And the click parameter that nobody knows.
    assert_eq!(admitted.dropped_user_values, 1_990 + 499 + 1);
}
