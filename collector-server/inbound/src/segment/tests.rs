use firsthand_core::consent::{Purpose, Regime};
use firsthand_core::event::Props;
use firsthand_core::wire::{BrowserKey, ClearKey};

use super::*;

const NOW: i64 = 1_795_644_000_000;
const AT: &str = "2026-11-25T21:59:00.000Z";

fn settings() -> Settings {
    Settings {
        categories: Categories::from([
            (
                "Advertising".to_owned(),
                vec![Purpose::Marketing, Purpose::ThirdPartySharing],
            ),
            ("Analytics".to_owned(), vec![Purpose::Analytics]),
        ]),
        policy_version: 4,
        absent: Absent::No,
        message_bytes: 32 * 1024,
    }
}

fn call(message: &str) -> Result<Call<'_>, Refusal> {
    let request = Request::batch("{}").unwrap();
    request.call(&settings(), message, NOW, || "fresh".to_owned())
}

fn props(message: &str) -> Props {
    let call = call(message).unwrap();
    Props::parse(&call.event.props).unwrap()
}

fn clear<'c>(call: &'c Call<'_>, key: ClearKey) -> Option<&'c str> {
    let found = call
        .header
        .user
        .clear
        .iter()
        .find(|(known, _)| *known == key);
    found.map(|(_, value)| value.as_ref())
}

#[test]
fn an_order_becomes_a_purchase_with_exact_amounts() {
    let message = r#"{"type":"track","event":"Order Completed","userId":"u-1","messageId":"m-1","timestamp":"2026-11-25T21:59:00.000Z",
        "properties":{"order_id":"1001","total":69.90,"revenue":"59.80","shipping":10.1,"currency":"eur","coupon":"X",
        "products":[{"product_id":"p1","sku":"s1","name":"Mug","price":29.90,"quantity":2}]}}"#;
    let purchase = call(message).unwrap();
    assert_eq!(purchase.event.name, "purchase");
    assert_eq!(purchase.event.id, "m-1");
    assert_eq!(purchase.event.at, NOW - 60_000);
    let props = props(message);
    assert_eq!(props.transaction_id.as_deref(), Some("1001"));
    let text = |amount: Option<firsthand_core::event::Decimal>| {
        amount.map(firsthand_core::event::Decimal::to_text)
    };
    assert_eq!(
        text(props.value).as_deref(),
        Some("59.8"),
        "revenue comes before total"
    );
    assert_eq!(text(props.shipping).as_deref(), Some("10.1"));
    assert_eq!(props.currency.unwrap().as_str(), "EUR");
    let item = &props.items[0];
    assert_eq!(item.item_id.as_deref(), Some("p1"));
    assert_eq!(text(item.price).as_deref(), Some("29.9"));
}

#[test]
fn a_flat_product_event_gets_its_item() {
    let props = props(
        r#"{"type":"track","event":"Product Added","anonymousId":"a","properties":{"product_id":"p1","name":"Mug","price":"9.99","quantity":1,"currency":"EUR","cart_id":"c"}}"#,
    );
    assert_eq!(props.items.len(), 1);
    assert_eq!(props.items[0].item_name.as_deref(), Some("Mug"));
    assert_eq!(props.worth().unwrap().to_text(), "9.99");
    assert!(props.other.contains_key("cart_id"));
}

#[test]
fn personal_properties_leave_the_event() {
    let message = r#"{"type":"track","event":"Quiz Finished","userId":"u-1","properties":{"email":"ada@example.org","Phone":"0171","mobile":true,
        "shipping_address":{"city":"Wien","street":"Ring 1"},"fbp":"fb.1.1.2","result":"b"},"context":{"traits":{"firstName":"Ada","email":"other@example.org"}}}"#;
    let call = call(message).unwrap();
    assert_eq!(call.event.name, "quiz_finished");
    assert_eq!(call.event.props, r#"{"mobile":true,"result":"b"}"#);
    for (key, want) in [
        (ClearKey::Email, "ada@example.org"),
        (ClearKey::Phone, "0171"),
        (ClearKey::City, "Wien"),
        (ClearKey::FirstName, "Ada"),
        (ClearKey::ExternalId, "u-1"),
    ] {
        assert_eq!(clear(&call, key), Some(want), "{}", key.as_str());
    }
    assert_eq!(
        call.header.user.browser_id(BrowserKey::Fbp),
        Some("fb.1.1.2")
    );
}

#[test]
fn what_a_call_says_of_a_person_is_never_written() {
    let call = call(
        r#"{"type":"identify","userId":"u-1","traits":{"email":"ada@example.org","plan":"gold"}}"#,
    )
    .unwrap();
    assert_eq!(call.event.name, "identify");
    let mut text = String::new();
    call.header.encode(&mut text);
    call.event.encode(&mut text);
    assert!(!text.contains("ada@"), "{text}");
    assert_eq!(clear(&call, ClearKey::Email), Some("ada@example.org"));
}

#[test]
fn pages_and_screens_have_their_names() {
    let page = call(
        r#"{"type":"page","name":"Home","category":"Docs","anonymousId":"a","properties":{"url":"https://shop.example/?gclid=G1","title":"Shop","referrer":"https://search.example/"}}"#,
    )
    .unwrap();
    assert_eq!(page.event.name, "page_view");
    assert_eq!(
        page.event.page.url.as_deref(),
        Some("https://shop.example/?gclid=G1")
    );
    assert_eq!(page.event.page.title.as_deref(), Some("Shop"));
    assert_eq!(
        page.event.props,
        r#"{"page_name":"Home","page_category":"Docs"}"#
    );
    let touch = page.header.last_touch.unwrap();
    assert_eq!(touch.click_id("gclid"), Some("G1"));
    let screen = call(r#"{"type":"screen","name":"Cart","userId":7}"#).unwrap();
    assert_eq!(screen.event.name, "screen_view");
    assert_eq!(screen.event.props, r#"{"screen_name":"Cart"}"#);
    assert_eq!(screen.header.user.user_id.as_deref(), Some("7"));
    let group = call(r#"{"type":"group","userId":"u","groupId":"g"}"#).unwrap();
    assert_eq!(group.event.props, r#"{"group_id":"g"}"#);
}

#[test]
fn the_context_tells_device_campaign_and_library() {
    let message = r#"{"type":"track","event":"X","userId":"u","context":{"ip":"203.0.113.7","userAgent":"UA","locale":"de-AT","timezone":"Europe/Vienna",
        "screen":{"width":1440,"height":900},"library":{"name":"analytics-node","version":"3.1.0"},"campaign":{"name":"spring","source":"news","other":"x"},
        "page":{"url":"https://shop.example/p","referrer":"https://shop.example/"}}}"#;
    let header = call(message).unwrap().header;
    let context = &header.context;
    assert_eq!(context.ip.as_deref(), Some("203.0.113.7"));
    assert_eq!(context.ua.as_deref(), Some("UA"));
    assert_eq!(context.lang.as_deref(), Some("de-AT"));
    assert_eq!(context.tz.as_deref(), Some("Europe/Vienna"));
    assert_eq!(context.screen.as_deref(), Some("1440x900"));
    assert_eq!(context.sdk.as_deref(), Some("analytics-node/3.1.0"));
    let touch = header.last_touch.unwrap();
    let utm: Vec<(&str, &str)> = touch
        .utm
        .iter()
        .map(|(k, v)| (k.as_ref(), v.as_ref()))
        .collect();
    assert_eq!(utm, [("campaign", "spring"), ("source", "news")]);
}

#[test]
fn the_batch_fills_in_what_a_call_does_not_say() {
    let body = r#"{"batch":[{"type":"track","event":"X","userId":"u","context":{"locale":"de"}}],"context":{"locale":"en","timezone":"UTC"},
        "sentAt":"2026-11-25T20:00:00Z","writeKey":"wk"}"#;
    let request = Request::batch(body).unwrap();
    assert_eq!(request.write_key.as_deref(), Some("wk"));
    let call = request
        .call(&settings(), request.messages[0], NOW, || "fresh".to_owned())
        .unwrap();
    assert_eq!(call.header.context.lang.as_deref(), Some("de"));
    assert_eq!(call.header.context.tz.as_deref(), Some("UTC"));
    assert_eq!(call.sent_at, NOW - 7_200_000);
    assert_eq!(
        call.event.at, call.sent_at,
        "as new as its request, by the sender's clock"
    );
    assert_eq!(call.event.id, "fresh");
}

#[test]
fn consent_follows_the_categories() {
    let with = |context: &str| {
        format!(
            r#"{{"type":"track","event":"X","userId":"u","timestamp":"{AT}","context":{context}}}"#
        )
    };
    let segment = with(
        r#"{"consent":{"categoryPreferences":{"Advertising":true,"Analytics":false,"Other":true}}}"#,
    );
    let evidence = call(&segment).unwrap().header.consent;
    let choice = evidence.choice.unwrap();
    for (purpose, want) in [
        (Purpose::Marketing, Some(true)),
        (Purpose::ThirdPartySharing, Some(true)),
        (Purpose::Analytics, Some(false)),
        (Purpose::Personalization, None),
    ] {
        assert_eq!(choice.answer(purpose), want, "{}", purpose.as_str());
    }
    assert_eq!((choice.policy_version, choice.at_ms), (4, NOW - 60_000));
    let rudder = with(
        r#"{"consentManagement":{"allowedConsentIds":["Analytics"],"deniedConsentIds":["Advertising"]}}"#,
    );
    let choice = call(&rudder).unwrap().header.consent.choice.unwrap();
    assert_eq!(choice.answer(Purpose::Analytics), Some(true));
    assert_eq!(choice.answer(Purpose::Marketing), Some(false));
}

#[test]
fn consent_that_is_missing_or_unreadable_is_no_choice_under_the_strictest_rule() {
    for context in [
        "{}",
        r#"{"consent":"yes"}"#,
        r#"{"consent":{"categoryPreferences":[]}}"#,
        r#"{"consent":{"categoryPreferences":{"Unknown":true}}}"#,
    ] {
        let message = format!(r#"{{"type":"track","event":"X","userId":"u","context":{context}}}"#);
        let evidence = call(&message).unwrap().header.consent;
        assert_eq!(
            (evidence.choice, evidence.regime),
            (None, Regime::OptIn),
            "{context}"
        );
    }
    let mut by_region = settings();
    by_region.absent = Absent::Regime;
    let request = Request::batch("{}").unwrap();
    for (context, want) in [("{}", Regime::None), (r#"{"consent":7}"#, Regime::OptIn)] {
        let message = format!(r#"{{"type":"track","event":"X","userId":"u","context":{context}}}"#);
        let call = request
            .call(&by_region, &message, NOW, String::new)
            .unwrap();
        assert_eq!(call.header.consent.regime, want, "{context}");
    }
}

#[test]
fn what_is_no_call_is_refused_with_its_reason() {
    let long = format!(
        r#"{{"type":"track","event":"X","userId":"{}"}}"#,
        "u".repeat(33_000)
    );
    let id = format!(
        r#"{{"type":"track","event":"X","userId":"u","messageId":"{}"}}"#,
        "m".repeat(200)
    );
    for (message, code) in [
        ("7", "invalid_type"),
        ("{}", "invalid_type"),
        (r#"["track","m","a","u"]"#, "invalid_type"),
        (r#"{"type":"launch","userId":"u"}"#, "invalid_type"),
        (
            r#"{"type":"track","userId":{},"event":"X"}"#,
            "invalid_type",
        ),
        (r#"{"type":"track","event":"X"}"#, "invalid_identity"),
        (
            r#"{"type":"track","event":"X","userId":""}"#,
            "invalid_identity",
        ),
        (r#"{"type":"group","userId":"u"}"#, "invalid_identity"),
        (r#"{"type":"alias","userId":"u"}"#, "invalid_identity"),
        (r#"{"type":"track","userId":"u"}"#, "invalid_name"),
        (
            r#"{"type":"track","userId":"u","event":"X","timestamp":"soon"}"#,
            "invalid_time",
        ),
        (
            r#"{"type":"track","userId":"u","event":"X","properties":[1]}"#,
            "invalid_props",
        ),
        (&id, "invalid_id"),
        (&long, "too_large"),
    ] {
        let refusal = call(message).unwrap_err();
        assert_eq!(refusal.code, code, "{}", &message[..message.len().min(80)]);
    }
    for body in ["", "{", "[]", r#"{"batch":7}"#, "null"] {
        assert!(Request::batch(body).is_err(), "{body}");
    }
}
