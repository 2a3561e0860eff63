//! LinkedIn's mapping and answers.

use super::super::fixture::{
    Bench, EM, PH, allow_all_but_gpc, answer, digest, known_purchase, label, stored,
};
use super::*;
use crate::forward::config::DestinationConfig;
use crate::forward::tests::Fixture;
use serde_json::json;

pub(super) const FIXTURE: Fixture = Fixture {
    account: "conversions = { purchase = \"104012\" }\naccess_token = { file = \"DIR/linkedin\" }",
    secrets: &[("linkedin", "linkedin-sandbox-token")],
    wrong_secret: Some("access_token = { file = \"DIR/wrong\" }"),
    drops_copies: true,
    refuses_in: Some("linkedin 422 "),
};

fn linkedin(extra: &str) -> Bench {
    let keys = format!("conversions = {{ purchase = \"104012\" }}\naccess_token = SECRET\n{extra}");
    Bench::new("linkedin", &keys, "linkedin-secret")
}

#[test]
fn a_purchase_is_written_as_linkedin_wants_it() {
    let got = linkedin("").json(&known_purchase()).unwrap();
    let want = json!({
        "conversion": "urn:lla:llaPartnerConversion:104012",
        "conversionHappenedAt": 1_795_471_190_000_i64, "eventId": "purchase:1001",
        "conversionValue": {"currencyCode": "EUR", "amount": "59.8"},
        "user": {"userIds": [
            {"idType": "SHA256_EMAIL", "idValue": digest("em")},
            {"idType": "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID", "idValue": "df5gf5-gh6t7"},
            {"idType": "PLAINTEXT_IP_ADDRESS", "idValue": "203.0.113.9"}
        ]}
    });
    assert_eq!(got, want);
}

#[test]
fn an_event_without_a_rule_is_never_sent_with_a_guess() {
    let header = format!(r#"{{"user":{{"em":["{EM}"]}}}}"#);
    for name in ["add_to_cart", "refund", "quiz", "identify"] {
        let skip = linkedin("custom_events = \"send\"").json(&stored(name, &header, "{}"));
        assert_eq!(skip.unwrap_err().code, "no_such_event", "{name}");
    }
}

#[test]
fn who_asks_not_to_be_sold_is_sent_only_if_that_was_decided() {
    let purchase = known_purchase();
    let skip = linkedin("").map_as(&purchase, &allow_all_but_gpc());
    assert_eq!(skip.unwrap_err().code, "opted_out");
    let sent = linkedin("send_with_gpc = true").map_as(&purchase, &allow_all_but_gpc());
    assert!(sent.is_ok());
}

#[test]
fn an_event_needs_a_key_that_linkedin_knows() {
    for (header, is_sent) in [
        (format!(r#"{{"user":{{"ph":["{PH}"]}}}}"#), false),
        (r#"{"context":{"ip":"2001:db8::1"}}"#.to_owned(), false),
        (r#"{"context":{"ip":"203.0.113.9"}}"#.to_owned(), true),
        (r#"{"user":{"li_fat_id":"df5gf5"}}"#.to_owned(), true),
    ] {
        let got = linkedin("").json(&stored("purchase", &header, "{}"));
        assert_eq!(got.is_ok(), is_sent, "{header}");
    }
}

#[test]
fn version_and_method_travel_in_headers() {
    let out = linkedin("api_version = \"202610\"").request("", &["{}", "{}"]);
    assert_eq!(out.url, "https://api.linkedin.com/rest/conversionEvents");
    assert_eq!(out.body, r#"{"elements":[{},{}]}"#);
    assert_eq!(
        out.headers,
        [
            ("authorization", "Bearer linkedin-secret".to_owned()),
            ("linkedin-version", "202610".to_owned()),
            ("x-restli-protocol-version", "2.0.0".to_owned()),
            ("x-restli-method", "BATCH_CREATE".to_owned()),
        ]
    );
}

#[test]
fn answers_are_read_by_status_event_and_place() {
    let elements = |statuses: &[u16]| {
        let list: Vec<_> = statuses.iter().map(|s| json!({"status": s})).collect();
        json!({ "elements": list }).to_string()
    };
    let error = |message: &str| json!({"status": 0, "code": "X", "message": message}).to_string();
    for (status, body, want) in [
        (201, String::new(), "delivered"),
        (200, elements(&[201, 201]), "delivered"),
        (200, elements(&[201, 422]), "each"),
        (200, elements(&[201]), "unknown"),
        (200, "<html>".to_owned(), "unknown"),
        (400, error("no"), "batch"),
        (422, error("ERROR :: /elements/1/user :: x"), "events"),
        (422, error("ERROR :: /elements/7/user :: x"), "batch"),
        (401, error("x"), "unauthorized"),
        (403, error("no ad accounts"), "unauthorized"),
        (426, error("NONEXISTENT_VERSION"), "unauthorized"),
        (429, error("x"), "throttled"),
        (503, error("x"), "transient"),
        (503, "<html>".to_owned(), "unreachable"),
    ] {
        let verdict = linkedin("").read(&answer(status, &body), 2);
        assert_eq!(label(&verdict), want, "{status} {body}");
    }
    let named = error("/elements/1/a :: no, /elements/0/b :: linkedin-secret, /elements/1/c :: no");
    let Verdict::RejectedEvents { events } = linkedin("").read(&answer(422, &named), 2) else {
        panic!("not named")
    };
    let indexes: Vec<usize> = events.iter().map(|(index, _)| *index).collect();
    assert_eq!(indexes, [0, 1]);
    assert!(events[0].1.starts_with("linkedin 422 X /elements/1/a"));
    assert!(!events[0].1.contains("linkedin-secret"));
    let each = linkedin("").read(&answer(200, &elements(&[500, 422])), 2);
    let Verdict::Each(list) = each else {
        panic!("not each")
    };
    assert!(matches!(
        list.as_slice(),
        [
            EventVerdict::Retry {
                class: RetryClass::Transient,
                ..
            },
            EventVerdict::Rejected { .. }
        ]
    ));
}

#[test]
fn a_wrong_map_or_version_is_named() {
    for (keys, want) in [
        (
            "conversions = {}",
            "destination.x.conversions: must name at least one",
        ),
        (
            "conversions = { refund = \"1\" }",
            "destination.x.conversions.refund: is no event",
        ),
        (
            "conversions = { identify = \"1\" }",
            "destination.x.conversions.identify: is no event",
        ),
        (
            "conversions = { \"Order Completed\" = \"1\" }",
            "destination.x.conversions.Order Completed: is no event",
        ),
        (
            "conversions = { purchase = \"urn:1\" }",
            "destination.x.conversions.purchase: must be the id",
        ),
        (
            "conversions = { purchase = \"1\" }\napi_version = \"2026-04\"",
            "destination.x.api_version: must be year",
        ),
    ] {
        let text = format!(
            "kind = \"linkedin\"\nname = \"x\"\naccess_token = {{ env = \"NONE\" }}\n{keys}"
        );
        let config = DestinationConfig::read(text.parse().unwrap()).unwrap();
        let error = config.validate().unwrap_err().to_string();
        assert!(error.starts_with(want), "{error}");
    }
}
