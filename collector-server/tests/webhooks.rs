//! Webhooks over HTTP: whose they are, what they become, and what is answered to what is wrong.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)] // a failure here is the test's

mod common;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Answer, Collector, consent, now_ms, person};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

const ANON: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
const SOURCES: &str = r#"
[[source]]
name = "shop"
kind = "shopify"
secrets = [{ file = "{dir}/shopify" }, { file = "{dir}/next" }]
transaction_id = "order_number"
[[source]]
name = "woo"
kind = "woocommerce"
secrets = [{ file = "{dir}/woo" }]
transaction_id = "number"
[[source]]
name = "pay"
kind = "stripe"
secrets = [{ file = "{dir}/stripe" }]
transaction_id = "client_reference_id"
take_test_orders = true
"#;

fn start(dir: &Path, extra: &str) -> Collector {
    for secret in ["shopify", "next", "woo", "stripe"] {
        std::fs::write(dir.join(secret), format!("secret-{secret}")).unwrap();
    }
    let config = common::write_config(dir, extra);
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str(&SOURCES.replace("{dir}", &dir.display().to_string()));
    std::fs::write(&config, text).unwrap();
    Collector::start_with(&config)
}

fn mac(secret: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(format!("secret-{secret}").as_bytes()).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn base64_mac(secret: &str, body: &str) -> String {
    STANDARD.encode(mac(secret, &[body.as_bytes()]))
}

fn post(collector: &Collector, path: &str, headers: &str, body: &str) -> Answer {
    let head =
        format!("POST /v1/webhooks/{path} HTTP/1.1\r\ncontent-type: application/json{headers}");
    collector.request(&head, body.as_bytes())
}

fn shopify(collector: &Collector, topic: &str, secret: &str, body: &str) -> Answer {
    let headers = format!(
        "\r\nx-shopify-topic: {topic}\r\nx-shopify-shop-domain: shop.example\r\nx-shopify-hmac-sha256: {}",
        base64_mac(secret, body)
    );
    post(collector, "shopify/shop", &headers, body)
}

fn woo(collector: &Collector, topic: &str, body: &str) -> Answer {
    let headers = format!(
        "\r\nx-wc-webhook-topic: {topic}\r\nx-wc-webhook-signature: {}",
        base64_mac("woo", body)
    );
    post(collector, "woocommerce/woo", &headers, body)
}

fn stripe(collector: &Collector, at_secs: i64, body: &str) -> Answer {
    let at = at_secs.to_string();
    let mut hex = String::new();
    for byte in mac("stripe", &[at.as_bytes(), b".", body.as_bytes()]) {
        firsthand_core::ids::push_hex(&mut hex, byte);
    }
    let headers = format!("\r\nstripe-signature: t={at},v1={hex}");
    post(collector, "stripe/pay", &headers, body)
}

fn ago(secs: i64) -> String {
    jiff::Timestamp::from_millisecond(now_ms() - secs * 1000)
        .unwrap()
        .to_string()
}

fn order(attributes: Value) -> String {
    json!({ "id": 820_982_911_946_154_508u64, "name": "#1001", "order_number": 1001, "created_at": ago(5), "currency": "EUR",
        "total_price": "59.80", "email": "Mirabelle.Quux@example.org", "note_attributes": attributes,
        "line_items": [{ "product_id": 1, "title": "Mug", "price": "29.90", "quantity": 2 }] })
    .to_string()
}

fn with_choice(answer: bool) -> Value {
    json!([{ "name": "fh_anonymous_id", "value": ANON }, { "name": "fh_consent", "value": consent(answer) }])
}

fn refund() -> String {
    json!({ "id": 7, "order_id": 820_982_911_946_154_508u64, "created_at": ago(1),
        "transactions": [{ "kind": "refund", "status": "success", "amount": "10.00", "currency": "EUR" }] })
    .to_string()
}

fn deliveries(collector: &Collector, source: &str, outcome: &str) -> f64 {
    collector.metric(&format!(
        "firsthand_webhook_deliveries_total{{source=\"{source}\",outcome=\"{outcome}\"}}"
    ))
}

fn ids(collector: &Collector) -> Vec<String> {
    let events = collector.inspect("/v1/inspect/events");
    let mut ids: Vec<String> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            event["event_id"]
                .as_str()
                .unwrap_or_else(|| panic!("{event}"))
                .to_owned()
        })
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn an_order_and_its_refund_have_the_ids_of_every_source() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let paid = order(with_choice(true));
    let answer = shopify(&collector, "orders/paid", "shopify", &paid);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
    // Delivered again, and signed with the secret that is to follow.
    let answer = shopify(&collector, "orders/paid", "next", &paid);
    assert_eq!(
        (answer.status, &answer.json()["duplicates"]),
        (200, &json!(1))
    );
    // The refund names its order by another identifier, and nobody.
    let answer = shopify(&collector, "refunds/create", "shopify", &refund());
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
    let page = common::event_with(
        "x",
        "purchase",
        r##"{"transaction_id":"#1001","currency":"EUR","value":1}"##,
    );
    assert_eq!(
        collector.page(&common::batch(&page)).json()["duplicates"],
        1
    );
    assert_eq!(ids(&collector), ["purchase:1001", "refund:1001:7"]);
    let told = collector.inspect("/v1/inspect/events/purchase:1001/basis");
    let kinds: Vec<&Value> = told["events"][0]["copies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|copy| &copy["kind"])
        .collect();
    assert_eq!(kinds, ["webhook", "browser"], "{told}");
    for (outcome, want) in [("taken", 2.0), ("duplicate", 1.0)] {
        let got = deliveries(&collector, "shop", outcome);
        assert!((got - want).abs() < 0.1, "{outcome}: {got}");
    }
    for file in std::fs::read_dir(dir.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path())
            .unwrap()
            .to_ascii_lowercase();
        assert!(
            !bytes.windows(9).any(|part| part == b"mirabelle"),
            "a clear value was kept"
        );
    }
}

#[test]
fn an_order_is_known_by_its_reference_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = start(dir.path(), "");
    let answer = shopify(
        &collector,
        "orders/paid",
        "shopify",
        &order(with_choice(true)),
    );
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
    collector.kill();
    let collector = Collector::start_with(&dir.path().join("collector.toml"));
    let answer = shopify(&collector, "refunds/create", "shopify", &refund());
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
    assert_eq!(ids(&collector), ["purchase:1001", "refund:1001:7"]);
}

#[test]
fn consent_of_an_order_is_its_own_or_the_visitors_or_a_no() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let code = |answer: &Answer| {
        assert_eq!(
            answer.status, 200,
            "a refusal must not switch the webhook off"
        );
        answer.json()["rejected"][0]["code"]
            .as_str()
            .map(str::to_owned)
    };
    let denied = Some("consent_denied".to_owned());
    let known = json!([{ "name": "fh_anonymous_id", "value": ANON }]);
    for (attributes, want) in [
        (json!([]), &denied),
        (with_choice(false), &denied),
        (
            json!([{ "name": "fh_consent", "value": "yes please" }]),
            &denied,
        ),
        (known.clone(), &denied),
    ] {
        let answer = shopify(&collector, "orders/paid", "shopify", &order(attributes));
        assert_eq!(&code(&answer), want);
    }
    assert_eq!(
        collector.inspect("/v1/inspect/quarantine")["quarantine"],
        json!([]),
        "nothing is kept"
    );
    let answer = shopify(&collector, "refunds/create", "shopify", &refund());
    assert_eq!(
        code(&answer).as_deref(),
        Some("unknown_order"),
        "of an order that was not kept, nothing is known"
    );
    // The browser's copy under consent, and the visitor's word: now the webhook's copy meets it.
    let user = format!(r#"{{"anonymous_id":"{ANON}"}}"#);
    let page = common::event_with(
        "x",
        "purchase",
        r#"{"transaction_id":"1001","currency":"EUR","value":1}"#,
    );
    assert_eq!(
        collector
            .page(&common::batch_of("pk_test", &consent(true), &user, &page))
            .json()["accepted"],
        1
    );
    let word = common::batch_of("pk_test", &consent(true), &user, "");
    let head = format!("POST /v1/consent HTTP/1.1\r\norigin: {}", common::SHOP);
    assert_eq!(collector.request(&head, word.as_bytes()).status, 202);
    let answer = shopify(&collector, "orders/paid", "shopify", &order(known));
    assert_eq!(answer.json()["duplicates"], 1, "{}", answer.body);
    let event = collector.inspect("/v1/inspect/events/purchase:1001");
    let sources = event["events"][0]["sources"].to_string();
    assert!(
        sources.contains("web") && sources.contains("shop"),
        "{event}"
    );
}

#[test]
fn a_forged_stale_cut_or_misdirected_notice_is_refused_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "[limits]\nwebhook_body_bytes = 4096\n");
    let body = order(with_choice(true));
    let right = base64_mac("shopify", &body);
    let sign = |signature: &str| {
        format!("\r\nx-shopify-topic: orders/paid\r\nx-shopify-hmac-sha256: {signature}")
    };
    for (what, signature) in [
        ("of another secret", base64_mac("woo", &body)),
        ("of another body", base64_mac("shopify", "{}")),
        ("cut", right[..20].to_owned()),
        ("empty", String::new()),
        ("no base64", "%%%".to_owned()),
    ] {
        let answer = post(&collector, "shopify/shop", &sign(&signature), &body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "signature_invalid"),
            "{what}"
        );
    }
    let got = deliveries(&collector, "shop", "signature_invalid");
    assert!((got - 5.0).abs() < 0.1, "{got}");
    let answer = post(
        &collector,
        "shopify/shop",
        "\r\nx-shopify-topic: orders/paid",
        &body,
    );
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "signature_missing")
    );
    let now = now_ms() / 1000;
    let event = r#"{"id":"evt","type":"invoice.paid","data":{"object":{}}}"#;
    for at in [now - 400, now + 400] {
        let answer = stripe(&collector, at, event);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "signature_stale")
        );
    }
    let got = deliveries(&collector, "pay", "signature_stale");
    assert!((got - 2.0).abs() < 0.1, "{got}");
    for path in [
        "shopify/nobody",
        "stripe/shop",
        "magento/shop",
        "shopify/web",
    ] {
        let answer = post(&collector, path, &sign(&right), &body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "unknown_webhook"),
            "{path}"
        );
    }
    let got = collector.metric("firsthand_webhook_unknown_total");
    assert!((got - 4.0).abs() < 0.1, "{got}");
    let large = format!("{body}{}", " ".repeat(5000));
    let answer = post(
        &collector,
        "shopify/shop",
        &sign(&base64_mac("shopify", &large)),
        &large,
    );
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (413, "body_too_large")
    );
    let answer = shopify(&collector, "orders/paid", "shopify", "{\"id\":");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "invalid_json")
    );
    let got = deliveries(&collector, "shop", "failed");
    assert!((got - 2.0).abs() < 0.1, "{got}");
    assert!(ids(&collector).is_empty());
}

#[test]
fn what_is_of_no_use_is_answered_200_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let now = now_ms() / 1000;
    let test = order(json!([])).replacen('{', "{\"test\":true,", 1);
    let answers = [
        (
            "shop",
            "ignored_topic",
            shopify(&collector, "products/update", "shopify", "{}"),
        ),
        (
            "shop",
            "ignored_test",
            shopify(&collector, "orders/paid", "shopify", &test),
        ),
        (
            "woo",
            "ignored_state",
            woo(
                &collector,
                "order.created",
                r#"{"id":1,"status":"pending"}"#,
            ),
        ),
        (
            "woo",
            "ping",
            post(&collector, "woocommerce/woo", "", "webhook_id=142"),
        ),
        (
            "pay",
            "ignored_topic",
            stripe(
                &collector,
                now,
                r#"{"id":"e","type":"charge.refunded","data":{"object":{}}}"#,
            ),
        ),
    ];
    for (source, outcome, answer) in answers {
        assert_eq!(answer.status, 200, "{outcome}: {}", answer.body);
        let ignored = outcome.trim_start_matches("ignored_");
        assert_eq!(answer.json()["ignored"], ignored);
        let got = deliveries(&collector, source, outcome);
        assert!((got - 1.0).abs() < 0.1, "{outcome}: {got}");
    }
    let nameless = order(with_choice(true)).replace("\"order_number\":1001,", "");
    let answer = shopify(&collector, "orders/paid", "shopify", &nameless);
    assert_eq!(
        answer.json()["rejected"][0]["code"],
        "invalid_transaction_id",
        "{}",
        answer.body
    );
    let rows = collector.inspect("/v1/inspect/quarantine");
    assert_eq!(rows["quarantine"][0]["code"], "invalid_transaction_id");
}

#[test]
fn an_update_of_a_woocommerce_order_counts_its_purchase_and_each_refund_once() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let order = |refunds: Value| {
        json!({ "id": 727, "number": "W-727", "status": "completed", "currency": "EUR", "total": "29.35",
            "date_paid_gmt": &ago(60)[..19], "date_modified_gmt": &ago(1)[..19], "refunds": refunds,
            "meta_data": [{ "key": "fh_anonymous_id", "value": ANON }, { "key": "fh_consent", "value": consent(true) }] })
        .to_string()
    };
    let one = json!([{ "id": 801, "total": "-5.00" }]);
    let two = json!([{ "id": 802, "total": "-1.00" }, { "id": 801, "total": "-5.00" }]);
    for (refunds, accepted, duplicates) in [
        (json!([]), 1, 0),
        (one.clone(), 1, 1),
        (one, 0, 2),
        (two, 1, 2),
    ] {
        let answer = woo(&collector, "order.updated", &order(refunds));
        let told = answer.json();
        assert_eq!(
            (&told["accepted"], &told["duplicates"]),
            (&json!(accepted), &json!(duplicates)),
            "{told}"
        );
    }
    assert_eq!(
        ids(&collector),
        ["purchase:W-727", "refund:W-727:801", "refund:W-727:802"]
    );
}

#[test]
fn a_stripe_refund_meets_its_checkout_by_the_payment() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let now = now_ms() / 1000;
    let metadata = json!({ "fh_anonymous_id": ANON, "fh_consent": consent(true) });
    let checkout = json!({ "id": "evt_1", "type": "checkout.session.completed", "livemode": true, "created": now, "data": { "object": {
        "id": "cs_1", "payment_status": "paid", "payment_intent": "pi_1", "client_reference_id": "1001", "amount_total": 5980,
        "currency": "eur", "metadata": metadata } } })
    .to_string();
    assert_eq!(stripe(&collector, now, &checkout).json()["accepted"], 1);
    assert_eq!(
        stripe(&collector, now, &checkout).json()["duplicates"],
        1,
        "replayed within the tolerance"
    );
    let refund = json!({ "id": "evt_2", "type": "refund.created", "livemode": true, "created": now, "data": { "object": {
        "id": "re_1", "status": "succeeded", "amount": 500, "currency": "eur", "payment_intent": "pi_1" } } })
    .to_string();
    let answer = stripe(&collector, now, &refund);
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
    assert_eq!(ids(&collector), ["purchase:1001", "refund:1001:re_1"]);
}

/// Invariants 13 and 14 at this door: the order names its person by an address alone.
#[test]
fn who_is_kept_out_is_kept_out_of_every_door() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), "");
    let told = shopify(
        &collector,
        "orders/paid",
        "shopify",
        &order(with_choice(true)),
    );
    assert_eq!(told.json()["accepted"], 1, "{}", told.body);
    let visitors = || -> i64 {
        let conn = rusqlite::Connection::open(dir.path().join("data/firsthand.db")).unwrap();
        conn.query_row("SELECT count(visitor) FROM shop_orders", [], |row| {
            row.get(0)
        })
        .unwrap()
    };
    assert_eq!(visitors(), 1);
    let whom =
        json!({ "user": { "email": "mirabelle.quux@example.org" }, "verified_by": "signed in" });
    let lines = person::door(&collector, "/v1/privacy/export", &whom).body;
    assert!(
        lines.contains("\"type\":\"order\"") && lines.contains("\"1001\""),
        "{lines}"
    );
    let receipt = person::door(&collector, "/v1/privacy/erase", &whom).json();
    let counts = &receipt["receipt"]["counts"];
    assert_eq!(
        (&counts["events"], &counts["orders"]),
        (&json!(1), &json!(1)),
        "{receipt}"
    );
    assert_eq!(visitors(), 0, "an order leads to its visitor no more");

    let mut next: Value = serde_json::from_str(&order(with_choice(true))).unwrap();
    next["id"] = json!(820_982_911_946_154_509u64);
    next["order_number"] = json!(1002);
    // With her browser's id and her address, and with either alone.
    let mut anew = next.clone();
    anew["note_attributes"] = json!([{ "name": "fh_consent", "value": consent(true) }]);
    let mut nameless = next.clone();
    nameless.as_object_mut().unwrap().remove("email");
    for body in [next, anew, nameless] {
        let told = shopify(&collector, "orders/paid", "shopify", &body.to_string());
        assert_eq!(told.status, 200, "the platform keeps its webhook");
        assert_eq!(
            told.json()["rejected"][0]["code"],
            "suppressed",
            "{}",
            told.body
        );
    }
    assert_eq!((ids(&collector).len(), visitors()), (0, 0));
    let refused = r#"firsthand_events_rejected_total{source="shop",code="suppressed"}"#;
    assert!(collector.metric(refused) > 2.0);
}
