//! Reddit's mapping and answers.

use super::super::fixture::{
    Bench, EM, PH, allow_all, allow_all_but_gpc, answer, digest, known_purchase, label, stored,
};
use crate::forward::tests::Fixture;
use serde_json::{Value, json};

pub(super) const FIXTURE: Fixture = Fixture {
    account: "pixel_id = \"a2_sandbox\"\naccess_token = { file = \"DIR/reddit\" }",
    secrets: &[("reddit", "reddit-sandbox-token")],
    wrong_secret: Some("access_token = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("reddit 400 "),
};

fn reddit(extra: &str) -> Bench {
    let keys = format!("pixel_id = \"a2_x\"\naccess_token = SECRET\n{extra}");
    Bench::new("reddit", &keys, "reddit-secret")
}

fn of(name: &str, props: &Value) -> crate::store::StoredEvent {
    let header = format!(r#"{{"user":{{"em":["{EM}"]}}}}"#);
    stored(name, &header, &json!({ "props": props }).to_string())
}

#[test]
fn a_purchase_is_written_as_reddit_wants_it() {
    let got = reddit("").json(&known_purchase()).unwrap();
    let want = json!({
        "event_at": 1_795_471_190_000_i64, "action_source": "WEBSITE",
        "event_source_url": "https://shop.example/thanks",
        "type": {"tracking_type": "PURCHASE"}, "click_id": "Zy9_1",
        "user": {
            "email": digest("em_r"), "phone_number": digest("ph_e"), "external_id": digest("xid_t"),
            "ip_address": "203.0.113.9", "user_agent": "Mozilla/5.0", "uuid": "1795471000000.6f0a",
            "screen_dimensions": {"width": 1440, "height": 900}
        },
        "metadata": {
            "conversion_id": "purchase:1001", "value": 59.8, "currency": "EUR", "item_count": 3,
            "products": [{"id": "mug-01", "name": "Mug"}, {"id": "freebie"}]
        }
    });
    assert_eq!(got, want);
}

#[test]
fn without_a_form_of_its_own_the_address_is_the_plain_one() {
    let got = reddit("").json(&of("purchase", &json!({}))).unwrap();
    assert_eq!(got["user"], json!({"email": EM}));
    assert_eq!(got["action_source"], "OTHER");
}

#[test]
fn a_value_is_counted_as_configured() {
    for (unit, currency, value, want) in [
        ("major", "EUR", "59.8", json!(59.8)),
        ("minor", "EUR", "59.8", json!(5_980)),
        ("minor", "JPY", "1200", json!(1_200)),
        ("minor", "KWD", "1.5", json!(1_500)),
        ("minor", "EUR", "0.005", Value::Null),
    ] {
        let got = reddit(&format!("value_unit = \"{unit}\""))
            .json(&of(
                "purchase",
                &json!({"currency": currency, "value": value}),
            ))
            .unwrap();
        assert_eq!(got["metadata"]["value"], want, "{unit} {currency}");
        assert_eq!(got["metadata"]["currency"], currency);
    }
}

#[test]
fn a_type_tells_only_what_it_may() {
    let props = json!({"currency": "EUR", "value": 5, "items": [{"item_id": "a", "quantity": 2}]});
    for (name, has_value, has_count) in [
        ("purchase", true, true),
        ("add_to_cart", true, true),
        ("generate_lead", true, false),
        ("view_item", false, false),
        ("page_view", false, false),
    ] {
        let got = reddit("").json(&of(name, &props)).unwrap();
        let metadata = &got["metadata"];
        assert_eq!(metadata["value"].is_number(), has_value, "{name}");
        assert_eq!(metadata["item_count"].is_number(), has_count, "{name}");
        assert_eq!(metadata["products"][0]["id"], "a", "{name}");
    }
}

#[test]
fn an_event_without_a_type_has_a_name_of_its_own() {
    for (extra, name, want) in [
        ("", "begin_checkout", None),
        (
            "custom_events = \"send\"",
            "begin_checkout",
            Some(("CUSTOM", json!("begin_checkout"))),
        ),
        (
            "rename = { quiz = \"Quiz Won\" }",
            "quiz",
            Some(("CUSTOM", json!("Quiz Won"))),
        ),
        (
            "rename = { quiz = \"LEAD\" }",
            "quiz",
            Some(("LEAD", Value::Null)),
        ),
        ("custom_events = \"send\"", "refund", None),
    ] {
        let got = reddit(extra).json(&of(name, &json!({})));
        let Some((kind, own)) = want else {
            assert_eq!(got.unwrap_err().code, "no_such_event", "{extra} {name}");
            continue;
        };
        let got = got.unwrap();
        assert_eq!(got["type"]["tracking_type"], kind, "{extra}");
        assert_eq!(got["type"]["custom_event_name"], own, "{extra}");
    }
}

#[test]
fn an_event_needs_somebody_to_match() {
    let device = r#""ip":"203.0.113.9","ua":"x""#;
    for (header, is_sent) in [
        (format!(r#"{{"user":{{"ph_e":["{PH}"]}}}}"#), false),
        (format!(r#"{{"user":{{"xid":["{PH}"]}}}}"#), true),
        (r#"{"user":{"rdt_uuid":"1.a"}}"#.to_owned(), true),
        (r#"{"user":{"rdt_cid":"Zy9"}}"#.to_owned(), true),
        (format!(r#"{{"context":{{{device}}}}}"#), false),
        (
            format!(r#"{{"context":{{{device},"screen":"1440x900"}}}}"#),
            true,
        ),
        (
            format!(r#"{{"context":{{{device},"screen":"wide"}}}}"#),
            false,
        ),
    ] {
        let got = reddit("").json(&stored("purchase", &header, "{}"));
        assert_eq!(got.is_ok(), is_sent, "{header}");
    }
}

#[test]
fn limited_data_use_is_said_as_configured() {
    let place = "limited_data_use_country = \"US\"\nlimited_data_use_region = \"US-CA\"";
    for (extra, permission, want) in [
        ("", allow_all(), Value::Null),
        ("", allow_all_but_gpc(), json!({"modes": ["LDU"]})),
        (
            place,
            allow_all_but_gpc(),
            json!({"modes": ["LDU"], "country": "US", "region": "US-CA"}),
        ),
    ] {
        let mapped = reddit(extra).map_as(&known_purchase(), &permission);
        let got: Value = serde_json::from_str(&mapped.unwrap().event).unwrap();
        assert_eq!(got["user"]["data_processing_options"], want, "{extra}");
    }
}

#[test]
fn a_test_has_its_id_where_it_is_configured() {
    for (extra, want) in [
        ("", r#"{"data":{"events":[{},{}]}}"#),
        (
            "test_id = \"t1\"",
            r#"{"data":{"test_id":"t1","events":[{},{}]}}"#,
        ),
        (
            "test_id = \"t1\"\ntest_id_place = \"request\"",
            r#"{"test_id":"t1","data":{"events":[{},{}]}}"#,
        ),
    ] {
        let out = reddit(extra).request("", &["{}", "{}"]);
        assert_eq!(out.body, want);
        assert_eq!(
            out.url,
            "https://ads-api.reddit.com/api/v3/pixels/a2_x/conversion_events"
        );
        assert_eq!(
            out.headers,
            [("authorization", "Bearer reddit-secret".to_owned())]
        );
    }
}

#[test]
fn answers_are_read_by_their_status() {
    let error = json!({"error": {"code": 400, "message": "Bad reddit-secret."}}).to_string();
    for (status, want) in [
        (400, "batch"),
        (401, "unauthorized"),
        (403, "unauthorized"),
        (404, "unauthorized"),
        (429, "throttled"),
        (500, "transient"),
        (302, "unknown"),
    ] {
        let verdict = reddit("").read(&answer(status, &error), 2);
        assert_eq!(label(&verdict), want, "{status}");
        assert_eq!(verdict.reason(), Some(&format!("reddit {status} Bad ***.")));
    }
    let good = json!({"data": {"message": "Successfully processed 2 conversion events."}});
    let verdict = reddit("").read(&answer(200, &good.to_string()), 2);
    assert_eq!(label(&verdict), "delivered");
    for (status, want) in [(200, "unknown"), (503, "unreachable")] {
        assert_eq!(label(&reddit("").read(&answer(status, "<html>"), 2)), want);
    }
}
