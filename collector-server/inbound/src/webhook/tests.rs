use firsthand_core::consent::{Purpose, Regime};
use firsthand_core::event::Props;
use firsthand_core::wire::ClearKey;

use super::signature::{Forged, verify};
use super::*;
use crate::consent::Absent;

const ANON: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";

fn settings(platform: Platform, id: &str) -> Settings {
    Settings::new(platform, TransactionId::parse(platform, id).unwrap())
}

fn sales<'a>(platform: Platform, topic: &str, body: &'a str, settings: &Settings) -> Vec<Sale<'a>> {
    let head = Head {
        topic,
        shop: "shop.example",
        signature: None,
    };
    match read(platform, &head, body, settings).unwrap() {
        Notice::Sales(sales) => sales,
        Notice::Ignored(why) => panic!("ignored: {why:?}"),
    }
}

fn ignored(platform: Platform, topic: &str, body: &str, settings: &Settings) -> Ignored {
    let head = Head {
        topic,
        ..Head::default()
    };
    match read(platform, &head, body, settings).unwrap() {
        Notice::Ignored(why) => why,
        Notice::Sales(sales) => panic!("{} sales", sales.len()),
    }
}

fn props(sale: &Sale<'_>) -> Props {
    let id = sale.transaction_id.clone().unwrap_or("known".into());
    let call = sale.clone().call(&id);
    Props::parse(&call.event.props).unwrap()
}

fn amount(amount: Option<firsthand_core::event::Decimal>) -> Option<String> {
    amount.map(firsthand_core::event::Decimal::to_text)
}

fn shopify_order() -> String {
    format!(
        r##"{{"id":820982911946154508,"admin_graphql_api_id":"gid:\/\/shopify\/Order\/820982911946154508","name":"#1001","order_number":1001,
        "created_at":"2026-11-25T17:00:00-05:00","currency":"EUR","total_price":"69.90","total_tax":"9.55",
        "total_shipping_price_set":{{"shop_money":{{"amount":"10.10","currency_code":"EUR"}}}},
        "discount_codes":[{{"code":"WELCOME"}}],"email":"ada@example.org","phone":null,"browser_ip":"203.0.113.7",
        "client_details":{{"user_agent":"UA"}},"customer_locale":"de","landing_site":"/?gclid=G1&utm_source=news","referring_site":"https://search.example/",
        "customer":{{"id":42,"first_name":"Ada","last_name":"Lovelace"}},"shipping_address":{{"city":"Wien","zip":"1010","country_code":"AT"}},
        "note_attributes":[{{"name":"fh_anonymous_id","value":"{ANON}"}},
          {{"name":"fh_consent","value":"{{\"regime\":\"opt_in\",\"policy\":1,\"at\":1795643000000,\"marketing\":true,\"analytics\":true}}"}}],
        "line_items":[{{"product_id":632910392,"variant_id":808950810,"sku":"MUG-1","title":"Mug","vendor":"Morrow","price":"29.90","quantity":2}}]}}"##
    )
}

#[test]
fn a_shopify_order_is_a_purchase() {
    let body = shopify_order();
    let mut settings = settings(Platform::Shopify, "order_number");
    let sale = sales(Platform::Shopify, "orders/paid", &body, &settings).remove(0);
    assert_eq!(sale.reference, "order:820982911946154508");
    assert_eq!(sale.transaction_id.as_deref(), Some("1001"));
    assert_eq!(sale.at_ms, 1_795_644_000_000);
    let facts = props(&sale);
    assert_eq!(
        amount(facts.value).as_deref(),
        Some("59.8"),
        "without shipping"
    );
    assert_eq!(amount(facts.tax).as_deref(), Some("9.55"));
    assert_eq!(facts.coupon.as_deref(), Some("WELCOME"));
    assert_eq!(facts.items[0].item_id.as_deref(), Some("632910392"));
    let header = &sale.header;
    assert_eq!(header.user.anonymous_id.as_deref(), Some(ANON));
    assert_eq!(
        header.consent.choice.unwrap().answer(Purpose::Marketing),
        Some(true)
    );
    assert_eq!(header.context.ua.as_deref(), Some("UA"));
    assert_eq!(
        header.last_touch.as_ref().unwrap().click_id("gclid"),
        Some("G1")
    );
    for (key, want) in [
        (ClearKey::Email, "ada@example.org"),
        (ClearKey::FirstName, "Ada"),
        (ClearKey::City, "Wien"),
        (ClearKey::ExternalId, "42"),
    ] {
        let found = header.user.clear.iter().find(|(known, _)| *known == key);
        assert_eq!(
            found.map(|(_, value)| value.as_ref()),
            Some(want),
            "{}",
            key.as_str()
        );
    }
    settings.value = OrderValue::Total;
    settings.item_id = ItemId::Sku;
    let sale = sales(Platform::Shopify, "orders/paid", &body, &settings).remove(0);
    assert_eq!(amount(props(&sale).value).as_deref(), Some("69.9"));
    assert_eq!(props(&sale).items[0].item_id.as_deref(), Some("MUG-1"));
}

#[test]
fn every_identifier_of_an_order_can_be_the_transaction_id() {
    let body = shopify_order();
    for (id, want) in [
        ("id", "820982911946154508"),
        ("name", "#1001"),
        ("order_number", "1001"),
        ("note_attributes.fh_anonymous_id", ANON),
    ] {
        let settings = settings(Platform::Shopify, id);
        let sale = sales(Platform::Shopify, "orders/paid", &body, &settings).remove(0);
        assert_eq!(sale.transaction_id.as_deref(), Some(want), "{id}");
    }
    for (platform, id) in [
        (Platform::Shopify, "number"),
        (Platform::Shopify, "note_attributes."),
        (Platform::WooCommerce, "name"),
        (Platform::Stripe, "order_number"),
        (Platform::Stripe, ""),
    ] {
        assert_eq!(TransactionId::parse(platform, id), None, "{id}");
    }
}

#[test]
fn a_shopify_refund_names_its_order_and_counts_what_was_given_back() {
    let settings = settings(Platform::Shopify, "order_number");
    let body = r#"{"id":929361463,"order_id":820982911946154508,"created_at":"2026-11-25T22:00:00Z",
        "transactions":[{"kind":"refund","status":"success","amount":"10.50","currency":"EUR"},{"kind":"refund","status":"failure","amount":"3.00"},
        {"kind":"refund","status":"success","amount":"0.25","currency":"EUR"},{"kind":"void","status":"success","amount":"9.00"}]}"#;
    let sale = sales(Platform::Shopify, "refunds/create", body, &settings).remove(0);
    assert!(sale.is_refund());
    assert_eq!(
        sale.order_reference.as_deref(),
        Some("order:820982911946154508")
    );
    assert_eq!(sale.transaction_id, None);
    let facts = props(&sale);
    assert_eq!(amount(facts.value).as_deref(), Some("10.75"));
    assert_eq!(facts.refund_id.as_deref(), Some("929361463"));
    let nothing = r#"{"id":1,"order_id":2,"transactions":[]}"#;
    assert_eq!(
        ignored(Platform::Shopify, "refunds/create", nothing, &settings),
        Ignored::State
    );
}

#[test]
fn what_is_no_sale_is_ignored_with_its_reason() {
    let shopify = settings(Platform::Shopify, "id");
    let stripe = settings(Platform::Stripe, "id");
    let woo = settings(Platform::WooCommerce, "id");
    let paid = shopify_order();
    let test = paid.replacen('{', r#"{"test":true,"#, 1);
    for (platform, topic, body, settings, want) in [
        (
            Platform::Shopify,
            "orders/create",
            paid.as_str(),
            &shopify,
            Ignored::Topic,
        ),
        (
            Platform::Shopify,
            "products/update",
            "{}",
            &shopify,
            Ignored::Topic,
        ),
        (
            Platform::Shopify,
            "orders/paid",
            &test,
            &shopify,
            Ignored::Test,
        ),
        (
            Platform::WooCommerce,
            "customer.created",
            "{}",
            &woo,
            Ignored::Topic,
        ),
        (
            Platform::WooCommerce,
            "order.created",
            r#"{"id":1,"status":"pending"}"#,
            &woo,
            Ignored::State,
        ),
        (
            Platform::Stripe,
            "",
            r#"{"type":"invoice.paid","data":{"object":{}}}"#,
            &stripe,
            Ignored::Topic,
        ),
        (
            Platform::Stripe,
            "",
            r#"{"type":"charge.refunded","data":{"object":{}}}"#,
            &stripe,
            Ignored::Topic,
        ),
        (
            Platform::Stripe,
            "",
            r#"{"type":"checkout.session.completed","livemode":false,"data":{"object":{"id":"cs"}}}"#,
            &stripe,
            Ignored::Test,
        ),
        (
            Platform::Stripe,
            "",
            r#"{"type":"checkout.session.completed","livemode":true,"data":{"object":{"id":"cs","payment_status":"unpaid"}}}"#,
            &stripe,
            Ignored::State,
        ),
        (
            Platform::Stripe,
            "",
            r#"{"type":"refund.created","data":{"object":{"id":"re","status":"pending"}}}"#,
            &stripe,
            Ignored::State,
        ),
    ] {
        assert_eq!(
            ignored(platform, topic, body, settings),
            want,
            "{topic} {body}"
        );
    }
    for platform in Platform::ALL {
        let topic = if platform == Platform::Shopify {
            "orders/paid"
        } else {
            "order.created"
        };
        let head = Head {
            topic,
            ..Head::default()
        };
        let settings = settings(platform, "id");
        for body in ["", "{", "[]", "null", r#"{"id":{}}"#] {
            assert!(read(platform, &head, body, &settings).is_err(), "{body}");
        }
    }
}

#[test]
fn a_woocommerce_order_tells_of_its_purchase_and_its_refunds() {
    let body = format!(
        r#"{{"id":727,"number":"2024-727","status":"completed","currency":"EUR","total":"29.35","total_tax":"4.00","shipping_total":"4.00","shipping_tax":"0.76",
        "date_paid_gmt":"2026-11-25T21:00:00","date_modified_gmt":"2026-11-25T22:00:00","customer_id":0,"customer_ip_address":"203.0.113.7",
        "billing":{{"first_name":"Ada","email":"ada@example.org","phone":"0171","city":"Wien","postcode":"1010","country":"AT"}},
        "meta_data":[{{"id":1,"key":"fh_anonymous_id","value":"{ANON}"}},{{"id":2,"key":"_x","value":{{"a":1}}}}],
        "line_items":[{{"product_id":93,"variation_id":0,"sku":"","name":"Mug","price":12.295,"quantity":2}}],
        "refunds":[{{"id":801,"reason":"","total":"-5.00"}}]}}"#
    );
    let mut settings = settings(Platform::WooCommerce, "number");
    settings.item_id = ItemId::Variant;
    let sales = sales(Platform::WooCommerce, "order.updated", &body, &settings);
    assert_eq!(sales.len(), 2);
    let facts = props(&sales[0]);
    assert_eq!(facts.transaction_id.as_deref(), Some("2024-727"));
    assert_eq!(amount(facts.value).as_deref(), Some("24.59"));
    assert_eq!(amount(facts.items[0].price).as_deref(), Some("12.295"));
    assert_eq!(facts.items[0].item_id.as_deref(), Some("93"));
    assert_eq!(sales[0].header.user.user_id, None, "a guest");
    assert_eq!(sales[0].header.user.anonymous_id.as_deref(), Some(ANON));
    let refund = props(&sales[1]);
    assert_eq!(sales[1].reference, "refund:801");
    assert_eq!(amount(refund.value).as_deref(), Some("5"));
    assert_eq!(refund.transaction_id.as_deref(), Some("2024-727"));
    assert_eq!(sales[1].at_ms, 1_795_644_000_000);
}

#[test]
fn stripes_minor_units_follow_its_own_table() {
    for (currency, minor, want) in [
        ("usd", 4999, Some("49.99")),
        ("jpy", 500, Some("500")),
        ("kwd", 5120, Some("5.12")),
        ("isk", 500, Some("5")),
        ("ugx", 500, Some("5")),
        ("mga", 500, Some("500")),
        ("xxx", 500, None),
    ] {
        let body = format!(
            r#"{{"id":"evt_1","type":"payment_intent.succeeded","livemode":true,"created":1795644000,"data":{{"object":
            {{"id":"pi_1","amount_received":{minor},"currency":"{currency}","metadata":{{"order":"1001"}}}}}}}}"#
        );
        let mut settings = settings(Platform::Stripe, "metadata.order");
        settings.purchase_on = vec!["payment_intent.succeeded".to_owned()];
        let sale = sales(Platform::Stripe, "", &body, &settings).remove(0);
        assert_eq!(amount(sale.facts.value).as_deref(), want, "{currency}");
        assert_eq!(sale.transaction_id.as_deref(), Some("1001"));
        assert_eq!(
            (sale.reference.as_str(), sale.at_ms),
            ("pi_1", 1_795_644_000_000)
        );
    }
}

#[test]
fn a_stripe_checkout_and_its_refund_meet_by_the_payment() {
    let settings = settings(Platform::Stripe, "client_reference_id");
    let checkout = r#"{"id":"evt_1","type":"checkout.session.completed","livemode":true,"created":1795644000,"data":{"object":{"id":"cs_1","payment_status":"paid",
        "payment_intent":"pi_1","client_reference_id":"1001","amount_total":6990,"total_details":{"amount_shipping":1010,"amount_tax":955},"currency":"eur",
        "customer_details":{"email":"ada@example.org","name":"Ada Lovelace","address":{"city":"Wien","country":"AT","postal_code":"1010"}},"metadata":{}}}}"#;
    let sale = sales(Platform::Stripe, "", checkout, &settings).remove(0);
    assert_eq!(sale.reference, "pi_1");
    let facts = props(&sale);
    assert_eq!(facts.transaction_id.as_deref(), Some("1001"));
    assert_eq!(amount(facts.value).as_deref(), Some("59.8"));
    let refund = r#"{"id":"evt_2","type":"refund.updated","livemode":true,"created":1795644000,"data":{"object":{"id":"re_1","status":"succeeded",
        "amount":500,"currency":"eur","payment_intent":{"id":"pi_1"}}}}"#;
    let sale = sales(Platform::Stripe, "", refund, &settings).remove(0);
    assert_eq!(sale.order_reference.as_deref(), Some("pi_1"));
    assert_eq!(sale.transaction_id, None);
    assert_eq!(amount(props(&sale).value).as_deref(), Some("5"));
}

#[test]
fn an_order_without_a_choice_has_none_and_an_unreadable_one_is_a_no() {
    let mut settings = settings(Platform::Shopify, "id");
    settings.absent = Absent::Regime;
    for (attributes, want) in [
        ("[]", Regime::None),
        (r#"[{"name":"fh_consent","value":"yes"}]"#, Regime::OptIn),
        (
            r#"[{"name":"fh_anonymous_id","value":"jane@example.com"}]"#,
            Regime::None,
        ),
    ] {
        let body = format!(r#"{{"id":1,"note_attributes":{attributes}}}"#);
        let sale = sales(Platform::Shopify, "orders/paid", &body, &settings).remove(0);
        assert_eq!(sale.header.consent.regime, want, "{attributes}");
        assert_eq!(sale.header.consent.choice, None);
        assert_eq!(sale.header.user.anonymous_id, None, "no UUID, no id");
    }
}

/// Computed with Shopify's and Stripe's own libraries, WooCommerce's by its documented formula (`tests/clients` computes them anew).
const SHOPIFY: (&str, &str, &str) = (
    "hush_shopify_client_secret",
    "AIKJuHPtru1DfSEyaH+75jJrwgfJVhOSXj9dG+tjVC0=",
    "{\"id\":1}",
);
const WOO: (&str, &str, &str) = (
    "wc_secret_1",
    "BbPQIx1wocJ+BmZtHLlPfQttOxJKB+XSHyR7Y0gQ6Vs=",
    "{\"id\":727,\"status\":\"refunded\"}",
);
const STRIPE: (&str, &str, &str) = (
    "whsec_test_secret",
    "t=1763892000,v1=59da44950e8d63856bda49a05ea9060b58aaa6f921be2021a789ba2fe1156b55",
    "{\n  \"id\": \"evt_3\",\n  \"object\": \"event\",\n  \"type\": \"payment_intent.succeeded\"\n}",
);
const STRIPE_AT: i64 = 1_763_892_000;

fn check(
    platform: Platform,
    header: Option<&str>,
    body: &str,
    keys: &[&str],
    now: i64,
) -> Result<(), Forged> {
    verify(
        platform,
        header,
        body.as_bytes(),
        keys.iter().copied(),
        now,
        300,
    )
}

#[test]
fn the_vendors_signatures_are_right() {
    for (platform, (key, header, body)) in [
        (Platform::Shopify, SHOPIFY),
        (Platform::WooCommerce, WOO),
        (Platform::Stripe, STRIPE),
    ] {
        assert_eq!(
            check(platform, Some(header), body, &[key], STRIPE_AT),
            Ok(())
        );
        // A secret that is being replaced: either counts.
        assert_eq!(
            check(platform, Some(header), body, &["new", key], STRIPE_AT),
            Ok(())
        );
        assert_eq!(
            check(platform, Some(header), body, &["new"], STRIPE_AT),
            Err(Forged::Wrong)
        );
        assert_eq!(
            check(platform, Some(header), body, &[], STRIPE_AT),
            Err(Forged::Wrong)
        );
        assert_eq!(
            check(platform, None, body, &[key], STRIPE_AT),
            Err(Forged::Missing)
        );
        let other = format!("{body} ");
        assert_eq!(
            check(platform, Some(header), &other, &[key], STRIPE_AT),
            Err(Forged::Wrong)
        );
        let cut = &header[..header.len() - 2];
        assert_eq!(
            check(platform, Some(cut), body, &[key], STRIPE_AT),
            Err(Forged::Malformed)
        );
    }
}

#[test]
fn a_shopify_signature_in_hex_is_none() {
    let hex = "00820a".repeat(11);
    assert_eq!(
        check(
            Platform::Shopify,
            Some(&hex[..64]),
            SHOPIFY.2,
            &[SHOPIFY.0],
            0
        ),
        Err(Forged::Malformed)
    );
}

#[test]
fn stripes_time_lies_within_the_tolerance_on_both_sides() {
    let (key, header, body) = STRIPE;
    for (now, want) in [
        (STRIPE_AT + 300, Ok(())),
        (STRIPE_AT + 301, Err(Forged::Stale)),
        (STRIPE_AT - 300, Ok(())),
        (STRIPE_AT - 301, Err(Forged::Stale)),
    ] {
        assert_eq!(
            check(Platform::Stripe, Some(header), body, &[key], now),
            want,
            "{now}"
        );
    }
}

#[test]
fn a_stripe_header_of_another_form_is_refused() {
    let v1 = STRIPE.1.split_once("v1=").unwrap().1;
    let zeros = "0".repeat(64);
    for (header, want) in [
        (
            format!("t={STRIPE_AT},v1={zeros},v1={v1},v0=deadbeef"),
            Ok(()),
        ),
        (format!("t={STRIPE_AT},v0={v1}"), Err(Forged::Malformed)),
        (format!("v1={v1}"), Err(Forged::Malformed)),
        (format!("t=,v1={v1}"), Err(Forged::Malformed)),
        (format!("t={STRIPE_AT},t=1,v1={v1}"), Err(Forged::Malformed)),
        (format!("t=-{STRIPE_AT},v1={v1}"), Err(Forged::Malformed)),
        (
            format!("t=99999999999999999999,v1={v1}"),
            Err(Forged::Malformed),
        ),
        (format!("t=1,v1={v1}"), Err(Forged::Wrong)),
        (String::new(), Err(Forged::Malformed)),
    ] {
        assert_eq!(
            check(
                Platform::Stripe,
                Some(&header),
                STRIPE.2,
                &[STRIPE.0],
                STRIPE_AT
            ),
            want,
            "{header}"
        );
    }
}

#[test]
fn the_ping_of_a_new_woocommerce_webhook_is_known() {
    let head = Head::default();
    assert!(is_ping(Platform::WooCommerce, &head, b"webhook_id=142"));
    assert!(!is_ping(
        Platform::WooCommerce,
        &head,
        b"webhook_id=142&id=7"
    ));
    assert!(!is_ping(Platform::Shopify, &head, b"webhook_id=142"));
    let signed = Head {
        signature: Some("x"),
        ..head
    };
    assert!(!is_ping(Platform::WooCommerce, &signed, b"webhook_id=142"));
}
