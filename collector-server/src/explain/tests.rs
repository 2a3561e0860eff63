use super::*;
use crate::store::{SourceKind, StoredEvent};

fn view() -> EventView {
    EventView {
        stored: StoredEvent {
            seq: 7,
            name: "purchase".to_owned(),
            event_id: "purchase:1001".to_owned(),
            at_ms: 1_795_471_200_000,
            settle_until_ms: 1_795_471_230_000,
            copies: vec![StoredCopy {
                source: "web".to_owned(),
                kind: SourceKind::Browser,
                received_at_ms: 1_795_471_200_500,
                header: r#"{"consent":{"regime":"opt_in","basis":"explicit","policy":1,"at":1795471100000,"marketing":false,"analytics":true},"touch":{"first":{"at":1795000000000,"url":"https://shop.example/","ref":"https://www.google.com/","utm":{},"click":{}},"last":{"at":1795471000000,"url":"https://shop.example/p","ref":"","utm":{"source":"news","medium":"email","campaign":"may"},"click":{}}}}"#.to_owned(),
                event: "{}".to_owned(),
            }],
        },
        destinations: vec![DestinationView {
            name: "meta".to_owned(),
            paused: None,
            is_read: true,
            outcomes: vec![OutcomeView {
                outcome: Outcome::Suppressed {
                    reason: "consent_not_granted".to_owned(),
                },
                at_ms: 1_795_471_231_000,
                attempts: 0,
                attempt: None,
            }],
        }],
        receipts: Vec::new(),
        late: vec![false],
        choices: Vec::new(),
    }
}

#[test]
fn the_text_tells_arrival_consent_and_outcome() {
    let text = event_text(&view(), &[], &Policy::default(), 1_795_471_300_000);
    for want in [
        "purchase purchase:1001 (position 7)",
        "from web (browser)",
        "opt_in, explicit choice of",
        "allows now: analytics",
        "meta: suppressed (consent_not_granted)",
        "first arrival 2026-11-18T11:06:40.000Z by Organic Search from https://www.google.com/",
        "last arrival  2026-11-23T21:56:40.000Z by Email (source news, medium email, campaign may)",
    ] {
        assert!(text.contains(want), "{want:?} not in\n{text}");
    }
}

#[test]
fn a_replay_is_told_between_what_was_given_up_and_what_came_of_it() {
    let mut view = view();
    let step = |outcome, at_ms| OutcomeView {
        outcome,
        at_ms,
        attempts: 1,
        attempt: None,
    };
    view.destinations[0].outcomes = vec![
        step(
            Outcome::Dead {
                reason: "meta 100 Invalid parameter".to_owned(),
            },
            1_795_471_231_000,
        ),
        step(
            Outcome::Retry {
                at_ms: 1_795_471_240_000,
                reason: format!("{ASKED_AGAIN}anna"),
            },
            1_795_471_240_000,
        ),
        step(Outcome::Delivered, 1_795_471_241_000),
    ];
    let text = event_text(&view, &[], &Policy::default(), 1_795_471_300_000);
    let places: Vec<Option<usize>> = [
        "given up: meta 100 Invalid parameter",
        "to be sent again under the same id: replay asked for by anna",
        "22:00:41.000Z  delivered",
    ]
    .map(|words| text.find(words))
    .to_vec();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{text}"
    );
}

#[test]
fn the_json_tells_the_channel_of_first_and_last_arrival() {
    let value = full_json(&view(), &[], &Policy::default(), 1_795_471_300_000);
    let arrivals = &value["copies"][0]["arrivals"];
    assert_eq!(arrivals["first"]["channel"], "Organic Search");
    assert_eq!(
        arrivals["last"],
        json!({ "at_ms": 1_795_471_000_000_i64, "channel": "Email", "url": "https://shop.example/p", "referrer": "",
                "labels": { "source": "news", "medium": "email", "campaign": "may" }, "clicks": [] })
    );
}

#[test]
fn every_configured_destination_is_listed() {
    let configured = ["meta".to_owned(), "tiktok".to_owned()];
    let value = event_json(&view(), &configured);
    let states: Vec<_> = value["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["name"].as_str().unwrap(), d["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("meta", "suppressed"), ("tiktok", "waiting")]);
    assert_eq!(value["sources"], json!(["web"]));
}

#[test]
fn each_copy_tells_what_it_gave_and_whether_it_came_too_late() {
    let mut view = view();
    let mut server = view.stored.copies[0].clone();
    server.source = "erp".to_owned();
    server.kind = SourceKind::Server;
    server.event =
        r#"{"id":"e","name":"purchase","at":3,"props":{"value":59.8,"currency":"EUR"}}"#.to_owned();
    view.stored.copies[0].event = r#"{"id":"e","name":"purchase","at":2}"#.to_owned();
    view.stored.copies.push(server);
    let tell = |view: &EventView| {
        let json = full_json(view, &[], &Policy::default(), 0);
        let copy = |index: usize| {
            let copy = &json["copies"][index];
            format!("{} {}", copy["gave"], copy["is_late"])
        };
        (
            copy(0),
            copy(1),
            event_text(view, &[], &Policy::default(), 0),
        )
    };
    view.late = vec![false, false];
    let (page, backend, text) = tell(&view);
    assert_eq!(page, r#"["first arrival","last arrival","consent"] false"#);
    assert_eq!(backend, r#"["time","value","currency"] false"#);
    assert!(
        text.contains("gave         time, value, currency"),
        "{text}"
    );
    view.late = vec![false, true];
    let (page, backend, text) = tell(&view);
    assert_eq!(
        page,
        r#"["time","first arrival","last arrival","consent"] false"#
    );
    assert_eq!(backend, r#"["time","value","currency"] true"#);
    assert!(
        text.contains(
            "late         came after the event was sent, and sends nothing; would have given time"
        ),
        "{text}"
    );
}
