//! Copies become one event, whichever came first.

use super::*;
use firsthand_core::consent::Purpose;
use firsthand_core::wire::DigestKey;
use proptest::prelude::*;

fn copy(kind: SourceKind, source: &str, header: &str, event: &str) -> StoredCopy {
    StoredCopy {
        source: source.to_owned(),
        kind,
        received_at_ms: 0,
        header: header.to_owned(),
        event: event.to_owned(),
    }
}

fn stored(copies: Vec<StoredCopy>) -> StoredEvent {
    // As in the log: the time of the copy that came first.
    let at_ms = copies
        .first()
        .and_then(|copy| decode_event(&copy.event).ok())
        .map_or(0, |event| event.at);
    StoredEvent {
        seq: 1,
        name: "purchase".to_owned(),
        event_id: "purchase:1001".to_owned(),
        at_ms,
        settle_until_ms: 0,
        copies,
    }
}

const EM: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";

fn browser() -> StoredCopy {
    let header = format!(
        r#"{{"context":{{"ip":"203.0.113.9","ua":"Browser","lang":"en-GB"}},
            "consent":{{"regime":"opt_out","at":10,"policy":1,"marketing":true,"analytics":true,"third_party_sharing":true}},
            "user":{{"anonymous_id":"a-1","em":["{EM}"],"fbp":"fb.1.1795.12"}},
            "touch":{{"last":{{"at":5,"url":"https://shop.example/","ref":"","utm":{{}},"click":{{"fbclid":"IwAR"}}}}}}}}"#
    );
    let event = r#"{"id":"purchase:1001","name":"purchase","at":1,"session":7,
        "page":{"url":"https://shop.example/thanks"},
        "props":{"transaction_id":"1001","currency":"EUR","value":58,"coupon":"SPRING","list":"a"}}"#;
    copy(SourceKind::Browser, "web", &header, event)
}

fn server() -> StoredCopy {
    let header = r#"{"context":{"ip":"10.0.0.1","ua":"curl"},"user":{"user_id":"c-77"}}"#;
    let event = r#"{"id":"purchase:1001","name":"purchase","at":2,
        "props":{"transaction_id":"1001","currency":"USD","value":59.8,"tax":9.55,"list":"b",
                 "items":[{"item_id":"mug-01","price":29.9,"quantity":2}]}}"#;
    copy(SourceKind::Server, "backend", header, event)
}

#[test]
fn a_click_of_a_google_cookie_is_the_last_resort() {
    let with = |touch: &str| {
        let header = format!(r#"{{"user":{{"gclid":"cookie"}},"touch":{{{touch}}}}}"#);
        stored(vec![copy(
            SourceKind::Browser,
            "web",
            &header,
            r#"{"id":"e","name":"share","at":1}"#,
        )])
    };
    let arrival = r#""first":{"at":5,"url":"","ref":"","utm":{},"click":{"gclid":"own"}}"#;
    for (touch, want) in [("", "cookie"), (arrival, "own")] {
        let event = with(touch);
        let merged = merge(&event).unwrap();
        assert_eq!(merged.click_id("gclid").unwrap().0, want);
    }
    let event = with("");
    // Another platform's cookie is not told by the name of its parameter.
    assert_eq!(merge(&event).unwrap().click_id("ttclid"), None);
}

#[test]
fn the_servers_facts_win_and_the_browser_fills_the_gaps() {
    let event = stored(vec![browser(), server()]);
    let merged = merge(&event).unwrap();
    assert_eq!(merged.at_ms, 2, "the server's time, not the browser's");
    let props = &merged.props;
    assert_eq!(props.value.unwrap().to_text(), "59.8");
    assert_eq!(props.currency.unwrap().as_str(), "USD");
    assert_eq!(props.tax.unwrap().to_text(), "9.55");
    assert_eq!(props.coupon.as_deref(), Some("SPRING"));
    assert_eq!(props.items.len(), 1);
    assert_eq!(
        props.other["list"],
        firsthand_core::event::Scalar::Text("b".to_owned())
    );
    assert_eq!(merged.ip(), Some("203.0.113.9"));
    assert_eq!(merged.user_agent(), Some("Browser"));
    assert_eq!(merged.page_url(), Some("https://shop.example/thanks"));
    assert_eq!(merged.session, Some(7));
    assert_eq!(merged.digests(DigestKey::Email), [EM]);
    assert_eq!(merged.user.user_id.as_deref(), Some("c-77"));
    assert_eq!(merged.click_id("fbclid"), Some(("IwAR", 5)));
}

#[test]
fn each_fact_is_told_by_the_copy_it_came_from() {
    let event = stored(vec![browser(), server()]);
    let lineage = lineage(&event).unwrap();
    let [page, backend] = lineage.gave() else {
        panic!("two copies")
    };
    let join = |facts: &[String]| facts.join(" ");
    assert_eq!(
        join(page),
        "session coupon page em anonymous_id fbp ip ua lang last arrival consent"
    );
    assert_eq!(
        join(backend),
        "time value currency tax transaction_id items list user_id"
    );
    // Whichever came first.
    let turned = stored(vec![server(), browser()]);
    let turned = super::lineage(&turned).unwrap();
    assert_eq!(turned.gave(), [backend.clone(), page.clone()]);
    // A denial is told by who said it.
    let mut denying = server();
    denying.header = r#"{"consent":{"at":9,"policy":1,"marketing":false}}"#.to_owned();
    let event = stored(vec![browser(), denying]);
    assert!(super::lineage(&event).unwrap().gave()[1].contains(&"a denial".to_owned()));
}

#[test]
fn an_amount_never_meets_another_copys_currency() {
    let with = |kind, props: &str| {
        copy(
            kind,
            "s",
            "{}",
            &format!(r#"{{"id":"x","name":"purchase","at":1,"props":{props}}}"#),
        )
    };
    let event = stored(vec![
        with(SourceKind::Server, r#"{"value":10}"#),
        with(
            SourceKind::Browser,
            r#"{"value":11,"currency":"EUR","tax":2,"items":[{"item_id":"a","price":11}]}"#,
        ),
    ]);
    let merged = merge(&event).unwrap();
    assert_eq!(merged.props.value.unwrap().to_text(), "11");
    assert_eq!(merged.props.currency.unwrap().as_str(), "EUR");

    let event = stored(vec![
        with(SourceKind::Server, r#"{"value":10,"currency":"USD"}"#),
        with(
            SourceKind::Browser,
            r#"{"currency":"EUR","tax":2,"items":[{"item_id":"a","price":11}]}"#,
        ),
    ]);
    let merged = merge(&event).unwrap();
    assert_eq!(merged.props.tax, None);
    assert_eq!(merged.props.items[0].price, None);
}

#[test]
fn the_browsers_choice_counts_and_any_denial_denies() {
    let with = |kind, consent: &str| {
        copy(
            kind,
            "s",
            &format!(r#"{{"consent":{consent}}}"#),
            r#"{"id":"x","name":"purchase","at":1}"#,
        )
    };
    let granted = r#"{"regime":"opt_out","at":5,"policy":1,"marketing":true,"analytics":true}"#;
    let denied = r#"{"regime":"opt_in","at":9,"policy":1,"marketing":false,"gpc":true}"#;
    for copies in [
        vec![
            with(SourceKind::Browser, granted),
            with(SourceKind::Server, denied),
        ],
        vec![
            with(SourceKind::Server, denied),
            with(SourceKind::Browser, granted),
        ],
    ] {
        let event = stored(copies);
        let merged = merge(&event).unwrap();
        let choice = merged.consent.choice.unwrap();
        assert_eq!(choice.answer(Purpose::Marketing), Some(false));
        assert_eq!(choice.answer(Purpose::Analytics), Some(true));
        assert!(merged.consent.gpc);
        assert_eq!(merged.consent.regime, Regime::OptOut);
    }
    // A server that says nothing does not turn an opt-out region into an opt-in one.
    let event = stored(vec![
        with(SourceKind::Server, "{}"),
        with(SourceKind::Browser, r#"{"regime":"opt_out"}"#),
    ]);
    assert_eq!(merge(&event).unwrap().consent.regime, Regime::OptOut);
    // A server alone speaks for itself.
    let event = stored(vec![with(SourceKind::Server, "{}")]);
    assert_eq!(merge(&event).unwrap().consent.regime, Regime::OptIn);
}

#[test]
fn what_is_no_digest_is_not_passed_on() {
    let header = format!(r#"{{"user":{{"em":["jane@example.com","{EM}"]}}}}"#);
    let event = stored(vec![copy(
        SourceKind::Browser,
        "web",
        &header,
        r#"{"id":"x","name":"purchase","at":1}"#,
    )]);
    assert_eq!(merge(&event).unwrap().digests(DigestKey::Email), [EM]);
}

#[test]
fn a_copy_that_cannot_be_read_makes_the_event_unreadable() {
    for (header, event) in [
        ("7", "{}"),
        ("{}", "7"),
        ("{}", r#"{"props":{"value":"x"}}"#),
    ] {
        let event = stored(vec![
            browser(),
            copy(SourceKind::Server, "s", header, event),
        ]);
        assert_eq!(merge(&event), Err(Unreadable), "{header}");
    }
    assert_eq!(merge(&stored(Vec::new())), Err(Unreadable));
}

fn any_copy() -> impl Strategy<Value = StoredCopy> {
    let amount = proptest::option::of(0u32..1000);
    let currency = proptest::option::of(prop_oneof!["EUR", "USD", "JPY"]);
    let answer = proptest::option::of(any::<bool>());
    (
        any::<bool>(),
        "[a-c]",
        amount,
        currency,
        proptest::option::of("[a-z]{1,3}"),
        answer,
        0i64..5,
    )
        .prop_map(|(is_server, source, value, currency, coupon, marketing, at)| {
            let mut props = Vec::new();
            if let Some(value) = value {
                props.push(format!("\"value\":{value}"));
            }
            if let Some(currency) = currency {
                props.push(format!("\"currency\":\"{currency}\""));
            }
            if let Some(coupon) = coupon {
                props.push(format!("\"coupon\":\"{coupon}\""));
            }
            let marketing = marketing.map_or("null".to_owned(), |yes| yes.to_string());
            let kind = match (is_server, at % 2) {
                (false, _) => SourceKind::Browser,
                (true, 0) => SourceKind::Server,
                (true, _) => SourceKind::Webhook,
            };
            copy(
                kind,
                &source,
                &format!(
                    r#"{{"consent":{{"at":{at},"policy":1,"marketing":{marketing}}},"context":{{"ip":"10.0.0.{at}"}}}}"#
                ),
                &format!(
                    r#"{{"id":"x","name":"purchase","at":{at},"props":{{{}}}}}"#,
                    props.join(",")
                ),
            )
        })
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_matter(
        (copies, shuffled) in proptest::collection::vec(any_copy(), 1..5)
            .prop_flat_map(|copies| (Just(copies.clone()), Just(copies).prop_shuffle()))
    ) {
        let (one, other) = (stored(copies), stored(shuffled));
        prop_assert_eq!(merge(&one).unwrap(), merge(&other).unwrap());
        prop_assert_eq!(happened_at_ms(&one), happened_at_ms(&other));
    }

    #[test]
    fn a_browser_never_overwrites_what_a_trusted_source_said(
        copies in proptest::collection::vec(any_copy(), 1..5)
    ) {
        let trusted: Vec<_> = copies.iter().filter(|copy| copy.kind.is_trusted()).cloned().collect();
        prop_assume!(!trusted.is_empty());
        // An amount without a currency says nothing: then the browser's stand together.
        let is_told = trusted
            .iter()
            .any(|copy| copy.event.contains("\"value\"") && copy.event.contains("\"currency\""));
        let (alone, together) = (stored(trusted), stored(copies));
        let (alone, together) = (merge(&alone).unwrap(), merge(&together).unwrap());
        prop_assert_eq!(alone.at_ms, together.at_ms);
        if is_told {
            prop_assert_eq!(alone.props.value, together.props.value);
            prop_assert_eq!(alone.props.currency, together.props.currency);
        }
        if alone.props.coupon.is_some() {
            prop_assert_eq!(alone.props.coupon, together.props.coupon);
        }
    }

    #[test]
    fn a_denial_in_any_copy_denies(copies in proptest::collection::vec(any_copy(), 1..5)) {
        let is_denied = copies.iter().any(|copy| copy.header.contains("\"marketing\":false"));
        let event = stored(copies);
        let choice = merge(&event).unwrap().consent.choice.unwrap();
        prop_assert_eq!(choice.answer(Purpose::Marketing) == Some(false), is_denied);
    }
}
