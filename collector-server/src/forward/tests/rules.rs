//! What is sent, what is not, and with which reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use firsthand_sandbox::{Fault, FaultKind};

use super::world::{
    EM, World, delivered, emulated, fault, now_ms, purchase, purchases, reason_of, state,
    visitor_of,
};
use crate::forward::{Settings, spawn};
use crate::privacy::subject::{Kind, Refusals, Subject};
use crate::privacy::task::{Asked, Target, TaskKind, VerifiedBy};
use crate::store::sqlite::NewTask;
use crate::store::{ConsentChange, Outcome, SourceKind, Store};

/// Invariant 3: nothing is forwarded without the consent that its use needs.
#[tokio::test]
async fn what_consent_does_not_allow_is_never_sent() {
    let world = World::new().await;
    let mut unset = purchase(1);
    unset.header = r#"{"context":{"ip":"203.0.113.9","ua":"x"},"consent":{"regime":"opt_in"},"user":{"anonymous_id":"u"}}"#.to_owned();
    let mut denied = purchase(2);
    denied.header = denied.header.replace(
        "\"third_party_sharing\":true",
        "\"third_party_sharing\":false",
    );
    let mut withdrawn = purchase(3);
    withdrawn.header = withdrawn.header.replace("visitor-3", "left");
    world.withdraw("left").await;
    world.append(vec![unset, denied, withdrawn]).await;
    let forwarder = world.start(world.all());
    let views = world.until_settled("meta").await;
    for (id, want) in [
        (
            "purchase:1",
            "suppressed: consent: marketing not granted (unset, regime opt_in)",
        ),
        (
            "purchase:2",
            "suppressed: consent: third_party_sharing not granted (denied, regime opt_in)",
        ),
        ("purchase:3", "suppressed: consent: withdrawn"),
    ] {
        assert_eq!(reason_of(&views, id, "meta"), want);
    }
    let views = world.until_settled("ga4").await;
    // Analytics was granted: GA4 counts the sale and is told not to use it for ads.
    assert_eq!(state(&views[1], "ga4"), Some(&Outcome::Delivered));
    let record = &world.records(emulated("ga4"))[0];
    assert_eq!(record.payload["consent"]["ad_user_data"], "DENIED");
    assert!(record.payload.get("user_data").is_none());
    assert_eq!(world.counted(emulated("ga4")), 1);
    assert_eq!(world.sandbox.totals(emulated("meta")).received, 0);
    world.until_settled("tiktok").await;
    assert_eq!(world.sandbox.totals(emulated("tiktok")).received, 0);
    forwarder.stop().await;
}

/// Invariant 3: consent is asked for before every attempt, not once.
#[tokio::test]
async fn a_withdrawal_between_two_attempts_stops_the_second() {
    let world = World::new().await;
    world.fault(emulated("meta"), FaultKind::Outage503, None);
    world.append(purchases(3)).await;
    let forwarder = world.start(vec![world.destination("meta", "")]);
    world
        .until(|views| {
            views.iter().all(|view| {
                let tried = view.destinations.first().and_then(|d| d.outcomes.last());
                tried.is_some_and(|row| {
                    row.attempts > 0 && matches!(row.outcome, Outcome::Retry { .. })
                })
            })
        })
        .await;
    // 1001 belongs to another visitor than 1000 and 1002.
    world.withdraw(&visitor_of(1001)).await;
    // A request that is under way goes on; it must not find the platform well again.
    world
        .until(|views| {
            views.iter().any(|view| {
                view.stored.event_id == "purchase:1001"
                    && matches!(state(view, "meta"), Some(Outcome::Suppressed { .. }))
            })
        })
        .await;
    world.sandbox.clear_faults();
    let views = world.until_settled("meta").await;
    assert_eq!(
        reason_of(&views, "purchase:1001", "meta"),
        "suppressed: consent: withdrawn"
    );
    assert_eq!(delivered(&views, "meta"), 2);
    assert_eq!(world.counted(emulated("meta")), 2);
    forwarder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_while_a_batch_is_split_stops_what_is_left_of_the_visitor() {
    let world = World::new().await;
    world.faulty(Fault {
        event_id: Some("purchase:1000".to_owned()),
        ..fault(emulated("meta"), FaultKind::RefuseEventId, None)
    });
    world.append(purchases(7)).await;
    world.withdraw_when(&visitor_of(1005), |sandbox| {
        sandbox.totals(emulated("meta")).refused == 1
    });
    let forwarder = world.start(vec![world.destination("meta", "")]);
    let views = world.until_settled("meta").await;
    assert_eq!(
        reason_of(&views, "purchase:1005", "meta"),
        "suppressed: consent: withdrawn"
    );
    assert_eq!(delivered(&views, "meta"), 5);
    let records = world.records(emulated("meta"));
    assert!(
        records
            .iter()
            .all(|record| record.event_id.as_deref() != Some("purchase:1005"))
    );
    assert_eq!(world.counted(emulated("meta")), 5);
    forwarder.stop().await;
}

#[tokio::test]
async fn both_halves_of_a_conversion_go_out_as_one() {
    let world = World::new().await;
    let (start, ahead) = (now_ms(), Arc::new(AtomicI64::new(0)));
    let offset = Arc::clone(&ahead);
    let settings = Settings {
        clock: Arc::new(move || start + offset.load(Ordering::Relaxed)),
        ..World::settings(vec![world.destination("meta", "")])
    };
    let mut browser = purchase(1);
    browser.settle_until_ms = start + 60_000;
    let mut server = purchase(1);
    server.kind = SourceKind::Server;
    server.header = r#"{"context":{"ip":"10.0.0.1","ua":"curl"}}"#.to_owned();
    server.props = r#"{"transaction_id":"1","currency":"EUR","value":61.25,"tax":9.77}"#.to_owned();
    let forwarder = spawn(&world.store, &settings).unwrap();
    world.append(vec![browser]).await;
    world
        .until(|views| {
            views
                .iter()
                .any(|view| matches!(state(view, "meta"), Some(Outcome::Waiting { .. })))
        })
        .await;
    world.append(vec![server]).await;
    ahead.store(61_000, Ordering::Relaxed);
    // A new event wakes the task, which then sees that the other is due.
    world.append(vec![purchase(2)]).await;
    world.until_settled("meta").await;
    let records = world.records(emulated("meta"));
    let records: Vec<_> = records
        .iter()
        .filter(|record| record.event_id.as_deref() == Some("purchase:1"))
        .collect();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].value, Some(61.25));
    let user = &records[0].payload["user_data"];
    assert_eq!(user["client_ip_address"], "203.0.113.9");
    assert_eq!(user["client_user_agent"], "Mozilla/5.0");
    forwarder.stop().await;
}

#[tokio::test]
async fn a_dry_run_decides_everything_and_sends_nothing() {
    let world = World::new().await;
    world.append(purchases(3)).await;
    let forwarder = world.start(vec![world.destination("meta", "dry_run = true")]);
    let views = world.until_settled("meta").await;
    assert_eq!(
        reason_of(&views, "purchase:1000", "meta"),
        "suppressed: dry run"
    );
    assert_eq!(world.sandbox.totals(emulated("meta")).received, 0);
    forwarder.stop().await;
}

#[tokio::test]
async fn test_modes_reach_the_platforms_test_tools() {
    let world = World::new().await;
    world.append(purchases(3)).await;
    let forwarder = world.start(vec![
        world.destination("meta", "test_event_code = \"TEST1\""),
        world.destination("tiktok", "test_event_code = \"TEST2\""),
        world.destination("ga4", "test_mode = true"),
    ]);
    for (platform, name, code) in [
        (emulated("meta"), "meta", "TEST1"),
        (emulated("tiktok"), "tiktok", "TEST2"),
    ] {
        let views = world.until_settled(name).await;
        assert_eq!(delivered(&views, name), 3);
        let records = world.records(platform);
        assert!(
            records
                .iter()
                .all(|r| r.test_event_code.as_deref() == Some(code))
        );
    }
    let views = world.until_settled("tiktok").await;
    let attempts = views.iter().flat_map(|view| &view.destinations);
    let sizes: Vec<_> = attempts
        .filter(|d| d.name == "tiktok")
        .filter_map(|d| d.outcomes.last()?.attempt.as_ref())
        .map(|attempt| attempt.events)
        .collect();
    assert_eq!(sizes, [1, 1, 1], "test events are not batched");
    let views = world.until_settled("ga4").await;
    assert_eq!(
        reason_of(&views, "purchase:1000", "ga4"),
        "suppressed: test mode: checked, not recorded"
    );
    assert_eq!(world.sandbox.totals(emulated("ga4")).received, 0);
    forwarder.stop().await;
}

#[tokio::test]
async fn an_event_past_the_platforms_age_is_a_dead_letter() {
    let world = World::new().await;
    let mut old = purchase(1);
    old.at_ms = now_ms() - 73 * 3_600_000;
    world.append(vec![old]).await;
    let forwarder = world.start(world.all());
    let views = world.until_settled("ga4").await;
    assert_eq!(
        reason_of(&views, "purchase:1", "ga4"),
        "dead: too old: happened 73 h ago, at most 71 h allowed"
    );
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 1);
    forwarder.stop().await;
}

#[tokio::test]
async fn what_is_kept_of_an_answer_names_the_platforms_trace_and_no_secret() {
    let world = World::new().await;
    world.append(purchases(2)).await;
    let forwarder = world.start(world.all());
    for name in ["meta", "tiktok", "ga4"] {
        let views = world.until_settled(name).await;
        let view = views[0]
            .destinations
            .iter()
            .find(|d| d.name == name)
            .unwrap();
        let attempt = view.outcomes.last().unwrap().attempt.as_ref().unwrap();
        assert!(attempt.status == 200 || attempt.status == 204);
        for secret in ["EAAsandbox", "tt-sandbox", "ga4-sandbox", super::world::EM] {
            assert!(!attempt.answer.contains(secret));
        }
        if name == "meta" {
            assert!(attempt.answer.contains("fbtrace_id"), "{}", attempt.answer);
        }
    }
    forwarder.stop().await;
}

#[tokio::test]
async fn settings_that_are_wrong_leave_the_running_ones_alone() {
    let world = World::new().await;
    let mut forwarder = world.start(vec![world.destination("meta", "")]);
    let twice = vec![world.destination("meta", ""), world.destination("meta", "")];
    let error = forwarder
        .reload(&world.store, &World::settings(twice))
        .unwrap_err();
    assert!(error.to_string().contains("occurs twice"));
    world.append(purchases(2)).await;
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 2);
    forwarder.stop().await;
}

/// Invariant 3: copies may name the same person by different ids, and a withdrawal under any of them counts.
#[tokio::test]
async fn a_withdrawal_under_the_id_of_any_copy_stops_the_event() {
    let world = World::new().await;
    let mut server = purchase(1);
    server.kind = SourceKind::Server;
    server.header = server.header.replace("visitor-1", "account-1");
    world
        .store
        .record_consent(vec![ConsentChange {
            anonymous_id: "account-1".to_owned(),
            evidence: format!(
                r#"{{"regime":"opt_in","policy":1,"at":{},"basis":"explicit","marketing":false,"analytics":false,"personalization":false,"third_party_sharing":false}}"#,
                now_ms() - 10
            ),
            received_at_ms: now_ms(),
        }], None)
        .await
        .unwrap();
    world.append(vec![purchase(1), server]).await;
    let forwarder = world.start(vec![world.destination("meta", "")]);
    let views = world.until_settled("meta").await;
    assert_eq!(
        reason_of(&views, "purchase:1", "meta"),
        "suppressed: consent: withdrawn"
    );
    assert_eq!(world.sandbox.totals(emulated("meta")).received, 0);
    forwarder.stop().await;
}

/// An operator may ask for marketing only; what matches a person still needs the consent to share.
#[tokio::test]
async fn match_keys_stay_here_without_the_consent_to_share() {
    let world = World::new().await;
    let mut event = purchase(1);
    event.header = event.header.replace(
        "\"third_party_sharing\":true",
        "\"third_party_sharing\":false",
    );
    let keys = r#""em":"62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f","fbp":"fb.1.1795471200000.1234567890","anonymous_id":"#;
    event.header = event.header.replace("\"anonymous_id\":", keys);
    world.append(vec![event]).await;
    let forwarder = world.start(vec![
        world.destination("meta", "requires = [\"marketing\"]"),
    ]);
    let views = world.until_settled("meta").await;
    assert_eq!(state(&views[0], "meta"), Some(&Outcome::Delivered));
    let user = &world.records(emulated("meta"))[0].payload["user_data"];
    for key in ["em", "ph", "fbp", "fbc"] {
        assert!(user.get(key).is_none(), "{key}");
    }
    forwarder.stop().await;
}

/// Invariant 3: a no on one device stops what waits from another device of the same person, and nothing else.
#[tokio::test]
async fn a_withdrawal_on_another_device_stops_what_waits() {
    let world = World::new().await;
    let ring = world.store.key_ring();
    let of = |browser: &str| Subject {
        identifiers: vec![
            ring.identifier(Kind::AnonymousId, browser),
            ring.identifier(Kind::Email, EM),
        ],
        may_link: true,
        refused: Refusals::default(),
    };
    let no = |subject: Subject| Subject {
        refused: Refusals([Some(now_ms()); 4]),
        ..subject
    };
    let linked = |subject| world.store.record_word(Vec::new(), None, subject);
    linked(of("visitor-1")).await.unwrap();
    linked(no(of("phone"))).await.unwrap();
    let mut stranger = purchase(2);
    stranger.header = stranger.header.replace(EM, &"a".repeat(64));
    // Chosen on the desktop after the no on the phone: the later choice on its own device stands.
    let mut anew = purchase(3);
    anew.header = anew.header.replace(
        &format!("\"at\":{}", granted_at(&anew.header)),
        &format!("\"at\":{}", now_ms() + 1),
    );
    world.append(vec![purchase(1), stranger, anew]).await;
    let forwarder = world.start(vec![world.destination("meta", "")]);
    let views = world.until_settled("meta").await;
    assert_eq!(
        reason_of(&views, "purchase:1", "meta"),
        "suppressed: consent: withdrawn by the same person elsewhere"
    );
    assert_eq!(delivered(&views, "meta"), 2);
    forwarder.stop().await;
}

/// Invariant 14: what was taken before its person was put on the list, and waits, does not leave any more.
#[tokio::test]
async fn what_waits_of_who_is_kept_out_is_not_sent() {
    let world = World::new().await;
    let mut stranger = purchase(2);
    stranger.header = stranger.header.replace(EM, &"a".repeat(64));
    world.append(vec![purchase(1), stranger]).await;
    let task = NewTask {
        id: crate::privacy::id::ulid(1_000, rand::random()),
        kind: TaskKind::Suppress,
        asked: Asked {
            actor: "anna".to_owned(),
            role: "privacy".to_owned(),
            verified_by: VerifiedBy::parse("signed in").unwrap(),
        },
        target: Target {
            identifiers: vec![world.store.key_ring().identifier(Kind::Email, EM)],
            ..Target::default()
        },
        asked_at_ms: now_ms(),
    };
    world.store.carry_out(task).await;
    let forwarder = world.start(vec![world.destination("meta", "")]);
    let views = world.until_settled("meta").await;
    assert_eq!(
        reason_of(&views, "purchase:1", "meta"),
        "suppressed: its person was erased and is kept out"
    );
    assert_eq!(delivered(&views, "meta"), 1, "others are sent");
    forwarder.stop().await;
}

fn granted_at(header: &str) -> &str {
    let rest = header.split_once("\"at\":").unwrap().1;
    rest.split_once(',').unwrap().0
}
