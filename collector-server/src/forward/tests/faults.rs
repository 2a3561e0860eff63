//! Every documented fault: all events arrive, each is counted once, and nobody else notices.

use firsthand_sandbox::{Fault, FaultKind, Platform};

use super::world::{
    World, delivered, emulated, fault, now_ms, purchase, purchases, reason_of, state,
};
use crate::forward::consent::Permission;
use crate::forward::destinations::{Answer, Batch, Destination, Mapped, Outgoing, Verdict};
use crate::forward::merge::Merged;
use crate::forward::names::Skip;
use crate::store::Outcome;

/// The three whose faults are told apart here; what all platforms share is in `conformance`.
fn platforms() -> [(Platform, &'static str); 3] {
    ["meta", "tiktok", "ga4"].map(|kind| (emulated(kind), kind))
}

/// Invariant 4: one event, however often it has to be sent.
#[tokio::test]
async fn a_passing_fault_costs_no_event_and_counts_none_twice() {
    let world = World::new().await;
    let mut kinds = Vec::new();
    for (platform, _) in platforms() {
        let common = [
            FaultKind::Outage503,
            FaultKind::Reset,
            FaultKind::Html500,
            FaultKind::Timeout,
        ];
        kinds.extend(common.map(|kind| fault(platform, kind, Some(1))));
        if platform != emulated("ga4") {
            kinds.push(fault(platform, FaultKind::TransientError, Some(2)));
            kinds.push(fault(platform, FaultKind::RateLimit, Some(2)));
        }
    }
    for code in [4, 17, 613, 80_000, 80_003, 80_014] {
        kinds.push(Fault {
            code: Some(code),
            retry_after_s: Some(1),
            ..fault(emulated("meta"), FaultKind::RateLimit, Some(1))
        });
    }
    for (platform, code) in [
        ("meta", 1),
        ("meta", 341),
        ("meta", 368),
        ("meta", 5_000),
        ("meta", 21_009),
        ("tiktok", 51_000),
        ("tiktok", 51_999),
    ] {
        kinds.push(Fault {
            code: Some(code),
            ..fault(emulated(platform), FaultKind::TransientError, Some(1))
        });
    }
    kinds.push(fault(emulated("tiktok"), FaultKind::Partial20001, Some(1)));
    for kind in kinds {
        world.faulty(kind);
    }
    let hasty = ["meta", "tiktok", "ga4"]
        .map(|kind| world.destination(kind, "request_timeout_ms = 500"))
        .into();
    let forwarder = world.start(hasty);
    world.append(purchases(30)).await;
    for (platform, name) in platforms() {
        let views = world.until_settled(name).await;
        assert_eq!(delivered(&views, name), 30, "{name}");
        assert_eq!(world.counted(platform), 30, "{name}");
    }
    forwarder.stop().await;
}

#[tokio::test]
async fn a_lost_answer_leads_to_a_resend_under_the_same_id_that_counts_once() {
    let world = World::new().await;
    for (platform, _) in platforms() {
        for kind in [FaultKind::Reset, FaultKind::Outage503] {
            world.faulty(Fault {
                processed: true,
                ..fault(platform, kind, Some(1))
            });
        }
    }
    let forwarder = world.start(world.all());
    world.append(purchases(5)).await;
    for (platform, name) in platforms() {
        world.until_settled(name).await;
        let totals = world.sandbox.totals(platform);
        assert_eq!(totals.counted, 5, "{name}");
        assert!(totals.duplicates > 0, "{name}: nothing was resent");
    }
    forwarder.stop().await;
}

/// Invariant 5: a dead destination delays no other and never the intake.
#[tokio::test]
async fn a_dead_destination_delays_no_other_and_gets_everything_when_it_is_back() {
    let world = World::new().await;
    let dead = world.destination("meta", "base_url = \"http://127.0.0.1:9\"");
    let mut destinations = world.all();
    destinations[0] = dead;
    let forwarder = world.start(destinations);
    world.append(purchases(300)).await;
    for (platform, name) in &platforms()[1..] {
        let views = world.until_settled(name).await;
        assert_eq!(delivered(&views, name), 300);
        assert_eq!(world.counted(*platform), 300);
    }
    let views = world.views().await;
    assert_eq!(delivered(&views, "meta"), 0);
    forwarder.stop().await;
    // It comes back under the same name and gets everything.
    let forwarder = world.start(world.all());
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 300);
    assert_eq!(world.counted(emulated("meta")), 300);
    forwarder.stop().await;
}

#[tokio::test]
async fn an_unreachable_destination_is_probed_with_single_events() {
    let world = World::new().await;
    world.append(purchases(300)).await;
    world.fault(emulated("meta"), FaultKind::Outage503, None);
    let forwarder = world.start(vec![world.destination("meta", "")]);
    world
        .until(|_| world.sandbox.totals(emulated("meta")).refused >= 8)
        .await;
    let sizes: Vec<usize> = world
        .records(emulated("meta"))
        .iter()
        .map(|record| record.event_ids.len())
        .collect();
    assert!(sizes[0] > 1, "{sizes:?}");
    assert!(sizes[3..].iter().all(|size| *size == 1), "{sizes:?}");
    world.sandbox.clear_faults();
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 300);
    assert_eq!(world.counted(emulated("meta")), 300);
    forwarder.stop().await;
}

#[tokio::test]
async fn refused_credentials_pause_one_destination_and_a_reload_resumes_it() {
    let world = World::new().await;
    for (platform, name) in [(emulated("meta"), "meta"), (emulated("tiktok"), "tiktok")] {
        world.sandbox.reset();
        let good = World::settings(vec![world.destination(name, "")]);
        let secret = world.dir.path().join(name);
        let token = std::fs::read_to_string(&secret).unwrap();
        std::fs::write(&secret, "not-the-token").unwrap();
        let mut forwarder = world.start(vec![
            world.destination(name, ""),
            world.destination("ga4", &format!("name = \"ga4-{name}\"")),
        ]);
        world.append(purchases(3)).await;
        world.until_settled(&format!("ga4-{name}")).await;
        let views = world
            .until(|views| {
                views.iter().all(|view| {
                    view.destinations
                        .iter()
                        .any(|d| d.name == name && d.paused.is_some())
                })
            })
            .await;
        let kept = views
            .iter()
            .filter_map(|view| state(view, name))
            .all(|outcome| {
                matches!(outcome, Outcome::Retry { reason, .. }
                if (reason.starts_with("paused: ") || reason.starts_with("postponed: ")) && !reason.contains("not-the-token"))
            });
        assert!(kept, "{name}");
        assert_eq!(world.counted(platform), 0);
        std::fs::write(&secret, token).unwrap();
        forwarder.reload(&world.store, &good).unwrap();
        let views = world.until_settled(name).await;
        assert_eq!(delivered(&views, name), 3);
        assert!(views.iter().all(|view| {
            view.destinations
                .iter()
                .all(|d| d.name != name || d.paused.is_none())
        }));
        assert_eq!(world.counted(platform), 3);
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn a_paused_destination_probes_by_itself_whatever_the_code() {
    for (name, code) in [
        ("meta", 190),
        ("meta", 3),
        ("meta", 200),
        ("tiktok", 40_001),
        ("tiktok", 40_104),
        ("tiktok", 40_105),
    ] {
        let world = World::new().await;
        world.faulty(Fault {
            code: Some(code),
            ..fault(emulated(name), FaultKind::BadToken, Some(1))
        });
        let mut settings = World::settings(vec![world.destination(name, "")]);
        settings.forward.unauthorized_probe_secs = 1;
        let forwarder = crate::forward::spawn(&world.store, &settings).unwrap();
        world.append(purchases(3)).await;
        let views = world.until_settled(name).await;
        assert_eq!(delivered(&views, name), 3, "{code}");
        assert_eq!(world.sandbox.totals(emulated(name)).refused, 1, "{code}");
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn one_refused_event_is_dead_in_the_platforms_words_and_the_others_arrive() {
    let world = World::new().await;
    world.append(purchases(40)).await;
    for platform in [emulated("meta"), emulated("tiktok")] {
        world.faulty(Fault {
            event_id: Some("purchase:1017".to_owned()),
            ..fault(platform, FaultKind::RefuseEventId, None)
        });
    }
    let forwarder = world.start(world.all());
    for (platform, name, words) in [
        (
            emulated("meta"),
            "meta",
            "dead: meta 100/2804007 Invalid Event Parameter",
        ),
        (
            emulated("tiktok"),
            "tiktok",
            "dead: tiktok 40002 Batch.17.event_id: Not accepted",
        ),
    ] {
        let views = world.until_settled(name).await;
        assert_eq!(delivered(&views, name), 39, "{name}");
        assert_eq!(world.counted(platform), 39, "{name}");
        let reason = reason_of(&views, "purchase:1017", name);
        assert!(reason.starts_with(words), "{reason}");
    }
    let views = world.until_settled("ga4").await;
    assert_eq!(delivered(&views, "ga4"), 40);
    forwarder.stop().await;
}

#[tokio::test]
async fn one_too_old_event_does_not_take_its_batch_along() {
    let world = World::new().await;
    let mut events = purchases(20);
    // Young enough for us, too old for a platform whose clock is two hours ahead.
    events[7].at_ms = now_ms() - (167 * 3_600_000);
    world.append(events).await;
    world.sandbox.set_clock_offset_s(2 * 3_600);
    let forwarder = world.start(vec![
        world.destination("meta", "max_event_age_secs = 604800"),
        world.destination("tiktok", ""),
    ]);
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 19);
    assert_eq!(world.counted(emulated("meta")), 19);
    let reason = reason_of(&views, "purchase:1007", "meta");
    assert!(
        reason.contains("meta 100/2804003 Event Timestamp Too Old"),
        "{reason}"
    );
    // TikTok's own limit leaves a margin: it was never sent there.
    let views = world.until_settled("tiktok").await;
    let reason = reason_of(&views, "purchase:1007", "tiktok");
    assert_eq!(
        reason,
        "dead: too old: happened 167 h ago, at most 164 h allowed"
    );
    assert_eq!(world.counted(emulated("tiktok")), 19);
    forwarder.stop().await;
}

#[tokio::test]
async fn a_malformed_click_id_costs_the_click_id_only() {
    let world = World::new().await;
    let mut events = purchases(6);
    // Well formed, but from the future: only the platform can tell.
    events[3].header = events[3]
        .header
        .replace("\"em\":", "\"fbc\":\"fb.1.9999999999999.IwAR\",\"em\":");
    world.append(events).await;
    let forwarder = world.start(vec![world.destination("meta", "")]);
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 6);
    assert_eq!(world.counted(emulated("meta")), 6);
    forwarder.stop().await;
}

#[tokio::test]
async fn an_event_that_trips_the_platform_once_is_tried_again() {
    let world = World::new().await;
    for (platform, _) in platforms() {
        world.faulty(Fault {
            event_id: Some("purchase:1002".to_owned()),
            ..fault(platform, FaultKind::ErrorOnceForEventId, None)
        });
    }
    world.append(purchases(5)).await;
    let forwarder = world.start(world.all());
    for (platform, name) in platforms() {
        let views = world.until_settled(name).await;
        assert_eq!(delivered(&views, name), 5, "{name}");
        assert_eq!(world.counted(platform), 5, "{name}");
    }
    forwarder.stop().await;
}

/// Invariant 4: a crash between a platform's answer and our commit resends the same event id.
#[tokio::test]
async fn a_crash_between_answer_and_commit_resends_the_same_event_id() {
    let world = World::new().await;
    let mut crashed = None;
    world
        .lose_a_commit(async || {
            crashed = Some(world.start(vec![world.destination("meta", "")]));
            world.append(vec![purchase(1)]).await;
        })
        .await;
    drop(crashed);
    assert_eq!(world.counted(emulated("meta")), 1);
    world.keep_commits();
    let forwarder = world.start(vec![world.destination("meta", "")]);
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 1);
    let totals = world.sandbox.totals(emulated("meta"));
    assert_eq!(
        (totals.received, totals.counted, totals.duplicates),
        (2, 1, 1)
    );
    let ids: Vec<_> = world
        .records(emulated("meta"))
        .into_iter()
        .map(|record| record.event_id)
        .collect();
    assert_eq!(
        ids,
        [Some("purchase:1".to_owned()), Some("purchase:1".to_owned())]
    );
    forwarder.stop().await;
}

/// Fails by a panic at its first event, as a bug in a mapping would.
struct Buggy(std::sync::atomic::AtomicBool);

impl Destination for Buggy {
    fn map(
        &self,
        _event: &Merged<'_>,
        _permission: &Permission,
        _now_ms: i64,
    ) -> Result<Mapped, Skip> {
        let is_first = !self.0.swap(true, std::sync::atomic::Ordering::Relaxed);
        assert!(!is_first, "a bug");
        Err(Skip::new("dry_run", "seen after the crash"))
    }
    fn request(&self, _batch: &Batch<'_>) -> Outgoing {
        unreachable!("nothing is mapped")
    }
    fn interpret(&self, _answer: &Answer, _batch: &Batch<'_>) -> Verdict {
        Verdict::Delivered
    }
}

#[tokio::test]
async fn a_task_that_crashes_is_started_again_and_loses_nothing() {
    let world = World::new().await;
    let settings = World::settings(vec![world.destination("meta", "")]);
    let mut new = crate::forward::prepare(&settings).unwrap();
    new.channels[0].destination = std::sync::Arc::new(Buggy(false.into()));
    let forwarder = crate::forward::start(&world.store, new);
    world.append(purchases(2)).await;
    let views = world.until_settled("meta").await;
    assert_eq!(
        reason_of(&views, "purchase:1000", "meta"),
        "suppressed: seen after the crash"
    );
    forwarder.stop().await;
}
