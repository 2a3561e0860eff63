//! What every platform has to pass, whoever adds it: one suite over the registry, on the sandbox.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use firsthand_sandbox::{Fault, FaultKind, Verdict};

use super::world::{
    EventSpec, World, allow_all, delivered, emulated, fault, now_ms, purchase, purchases,
    reason_of, state,
};
use crate::forward::destinations::{Batch, PLATFORMS, PlatformSpec};
use crate::forward::merge::merge;
use crate::forward::schedule::{Candidate, pack};
use crate::store::{ConsentMark, Outcome, SourceKind, StoredCopy, StoredEvent};

/// Waits that a test can afford: see [`World::settings`].
const HASTY: &str = "request_timeout_ms = 500";

/// What arrived on a platform, without copies.
fn arrived(world: &World, kind: &str) -> Vec<String> {
    let mut ids: Vec<String> = world
        .records(emulated(kind))
        .into_iter()
        .filter(|record| record.verdict == Verdict::Accepted)
        .filter_map(|record| record.event_id.or(record.transaction_id))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

#[tokio::test]
async fn what_may_be_sent_arrives_once_and_is_counted_once() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        let forwarder = world.start(vec![world.destination(kind, "")]);
        world.append(purchases(7)).await;
        let views = world.until_settled(kind).await;
        assert_eq!(delivered(&views, kind), 7, "{kind}");
        let totals = world.sandbox.totals(emulated(kind));
        assert_eq!((totals.received, totals.counted), (7, 7), "{kind}");
        assert_eq!(totals.discarded + totals.refused, 0, "{kind}");
        assert_eq!(arrived(&world, kind).len(), 7, "{kind}");
        forwarder.stop().await;
    }
}

/// Invariant 4: a resend carries the same id.
#[tokio::test]
async fn a_lost_answer_leads_to_a_resend_under_the_same_ids() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        for lost in [FaultKind::Reset, FaultKind::Outage503, FaultKind::Html500] {
            world.faulty(Fault {
                processed: true,
                ..fault(emulated(kind), lost, Some(1))
            });
        }
        let forwarder = world.start(vec![world.destination(kind, "")]);
        world.append(purchases(5)).await;
        let views = world.until_settled(kind).await;
        assert_eq!(delivered(&views, kind), 5, "{kind}");
        let totals = world.sandbox.totals(emulated(kind));
        assert!(totals.received > 5, "{kind}: nothing was resent");
        assert_eq!(arrived(&world, kind).len(), 5, "{kind}: under other ids");
        if platform.fixture.drops_copies {
            assert_eq!(totals.counted, 5, "{kind}");
        }
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn a_passing_fault_of_the_transport_costs_no_event() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        for passing in [
            FaultKind::Outage503,
            FaultKind::Reset,
            FaultKind::Html500,
            FaultKind::Timeout,
            FaultKind::TransientError,
        ] {
            if emulated(kind).has_fault(passing) {
                world.fault(emulated(kind), passing, Some(1));
            }
        }
        let forwarder = world.start(vec![world.destination(kind, HASTY)]);
        world.append(purchases(12)).await;
        let views = world.until_settled(kind).await;
        assert_eq!(delivered(&views, kind), 12, "{kind}");
        assert_eq!(world.counted(emulated(kind)), 12, "{kind}");
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn a_rate_limit_is_obeyed_as_long_as_the_platform_says() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        // GA4 documents none; Meta counts in minutes (its own test).
        if !emulated(kind).has_fault(FaultKind::RateLimit) {
            continue;
        }
        world.faulty(Fault {
            retry_after_s: Some(1),
            ..fault(emulated(kind), FaultKind::RateLimit, Some(1))
        });
        let forwarder = world.start(vec![world.destination(kind, "retry_cap_ms = 5000")]);
        world.append(vec![purchase(1)]).await;
        let views = world.until_settled(kind).await;
        assert_eq!(delivered(&views, kind), 1, "{kind}");
        let records = world.records(emulated(kind));
        let times: Vec<i64> = records.iter().map(|r| r.received_at_ms).collect();
        let [limited, taken] = times.as_slice() else {
            panic!("{kind}: two requests, not {times:?}")
        };
        assert!(taken - limited >= 1_000, "{kind}: {}", taken - limited);
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn refused_credentials_pause_and_a_reload_goes_on_without_loss() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        let Some(wrong) = platform.fixture.wrong_secret else {
            continue;
        };
        let wrong = wrong.replace("DIR", &world.dir.path().display().to_string());
        let mut forwarder = world.start(vec![world.destination(kind, &wrong)]);
        world.append(purchases(3)).await;
        let views = world
            .until(|views| {
                views
                    .iter()
                    .flat_map(|view| &view.destinations)
                    .any(|destination| destination.paused.is_some())
            })
            .await;
        assert_eq!(world.counted(emulated(kind)), 0, "{kind}");
        assert!(
            views
                .iter()
                .filter_map(|view| state(view, kind))
                .all(|outcome| matches!(outcome, Outcome::Retry { .. })),
            "{kind}: an event was lost"
        );
        let good = World::settings(vec![world.destination(kind, "")]);
        forwarder.reload(&world.store, &good).unwrap();
        let views = world.until_settled(kind).await;
        assert_eq!(delivered(&views, kind), 3, "{kind}");
        assert_eq!(world.counted(emulated(kind)), 3, "{kind}");
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn credentials_that_are_refused_once_come_back_by_a_probe() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        if platform.fixture.wrong_secret.is_none() {
            continue;
        }
        world.fault(emulated(kind), FaultKind::BadToken, Some(2));
        let mut settings = World::settings(vec![world.destination(kind, "")]);
        settings.forward.unauthorized_probe_secs = 1;
        let forwarder = crate::forward::spawn(&world.store, &settings).unwrap();
        world.append(purchases(3)).await;
        let views = world.until_settled(kind).await;
        assert_eq!(delivered(&views, kind), 3, "{kind}");
        assert_eq!(world.counted(emulated(kind)), 3, "{kind}");
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn one_refused_event_is_dead_in_the_platforms_words_and_the_others_arrive() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        let Some(words) = platform.fixture.refuses_in else {
            continue;
        };
        world.faulty(Fault {
            event_id: Some("purchase:1004".to_owned()),
            ..fault(emulated(kind), FaultKind::RefuseEventId, None)
        });
        world.append(purchases(9)).await;
        let forwarder = world.start(vec![world.destination(kind, "")]);
        let views = world.until_settled(kind).await;
        assert_eq!(delivered(&views, kind), 8, "{kind}");
        assert_eq!(world.counted(emulated(kind)), 8, "{kind}");
        let reason = reason_of(&views, "purchase:1004", kind);
        assert!(reason.starts_with(&format!("dead: {words}")), "{reason}");
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn what_is_too_old_is_dead_and_never_sent() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        let max_age = i64::try_from(platform.limits.default_max_event_age.as_millis()).unwrap();
        let mut events = purchases(3);
        events[1].at_ms = now_ms() - max_age - 3_600_000;
        world.append(events).await;
        let forwarder = world.start(vec![world.destination(kind, "")]);
        let views = world.until_settled(kind).await;
        let reason = reason_of(&views, "purchase:1001", kind);
        assert!(reason.starts_with("dead: too old: "), "{kind}: {reason}");
        assert_eq!(world.counted(emulated(kind)), 2, "{kind}");
        forwarder.stop().await;
    }
}

/// Invariant 3, for each purpose that the platform requires.
#[tokio::test]
async fn without_consent_nothing_is_sent() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        let mut events = Vec::new();
        for (index, purpose) in platform.limits.requires.iter().enumerate() {
            let mut denied = purchase(2_000 + index);
            let name = purpose.as_str();
            denied.header = denied
                .header
                .replace(&format!("\"{name}\":true"), &format!("\"{name}\":false"));
            events.push(denied);
        }
        let mut unset = purchase(3_000);
        unset.header = r#"{"context":{"ip":"203.0.113.9","ua":"x"},"consent":{"regime":"opt_in"},"user":{"anonymous_id":"u"}}"#.to_owned();
        events.push(unset);
        let count = events.len();
        world.append(events).await;
        let forwarder = world.start(vec![world.destination(kind, "")]);
        let views = world.until_settled(kind).await;
        assert_eq!(views.len(), count);
        for view in &views {
            let reason = reason_of(&views, &view.stored.event_id, kind);
            assert!(
                reason.starts_with("suppressed: consent: "),
                "{kind}: {reason}"
            );
        }
        assert!(world.records(emulated(kind)).is_empty(), "{kind}");
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn a_dry_run_decides_everything_and_sends_nothing() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        world.append(purchases(2)).await;
        let forwarder = world.start(vec![world.destination(kind, "dry_run = true")]);
        let views = world.until_settled(kind).await;
        let reason = reason_of(&views, "purchase:1000", kind);
        assert_eq!(reason, "suppressed: dry run", "{kind}");
        assert!(world.records(emulated(kind)).is_empty(), "{kind}");
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn a_request_holds_no_more_events_than_configured() {
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        let most = platform.limits.max_batch_events.min(2);
        world.append(purchases(9)).await;
        world.fault(emulated(kind), FaultKind::Outage503, Some(2));
        let extra = format!("batch_events = {most}");
        let forwarder = world.start(vec![world.destination(kind, &extra)]);
        let views = world.until_settled(kind).await;
        assert_eq!(delivered(&views, kind), 9, "{kind}");
        let refused: Vec<usize> = world
            .records(emulated(kind))
            .iter()
            .filter(|record| record.verdict == Verdict::Refused)
            .map(|record| {
                let ids = record.event_ids.iter();
                ids.filter(|id| id.starts_with("purchase:")).count()
            })
            .collect();
        assert_eq!(refused.len(), 2, "{kind}");
        assert!(
            refused.iter().all(|count| (1..=most).contains(count)),
            "{kind}: {refused:?}"
        );
        forwarder.stop().await;
    }
}

/// Room for what a request says beside its events and their envelope.
const FRAME_BYTES: usize = 1_024;

#[tokio::test]
async fn a_request_is_no_larger_than_the_platform_takes() {
    let world = World::new().await;
    for platform in PLATFORMS {
        let stored = heavy_purchase();
        let destination = world.destination(platform.kind, "").connect().unwrap();
        let destination = destination.destination;
        let mapped = destination
            .map(&merge(&stored).unwrap(), &allow_all(), now_ms())
            .unwrap_or_else(|skip| panic!("{}: {skip:?}", platform.kind));
        let limits = &platform.limits;
        let count = (3 * limits.max_body_bytes / mapped.event.len()).min(3_000) + 2;
        let candidates: Vec<Candidate> = (0..count)
            .map(|n| Candidate {
                seq: i64::try_from(n).unwrap(),
                event_id: format!("purchase:{n}"),
                anonymous_ids: Vec::new(),
                asked: ConsentMark::default(),
                attempts: 0,
                ready_ms: 0,
                mapped: mapped.clone(),
            })
            .collect();
        let batches = pack(candidates, limits.max_batch_events, limits.max_body_bytes);
        assert!(batches.len() > 1, "{}", platform.kind);
        for batch in batches {
            let events: Vec<&str> = batch.iter().map(|c| c.mapped.event.as_str()).collect();
            let ids: Vec<&str> = batch.iter().map(|c| c.event_id.as_str()).collect();
            let outgoing = destination.request(&Batch {
                envelope: &mapped.envelope,
                events: &events,
                event_ids: &ids,
                now_ms: now_ms(),
                token: None,
            });
            assert!(
                outgoing.body.len() <= limits.max_body_bytes + FRAME_BYTES,
                "{}: {} bytes",
                platform.kind,
                outgoing.body.len()
            );
        }
    }
}

/// Clear text goes to whoever was configured to want it, and that is nobody here.
#[tokio::test]
async fn what_is_kept_in_clear_goes_to_nobody_who_did_not_ask() {
    let world = World::new().await;
    let mut stored = heavy_purchase();
    let copy = &mut stored.copies[0];
    copy.kind = SourceKind::Server;
    copy.header = copy.header.replacen(
        "\"user\":{",
        r#""user":{"kept":{"email":"jane@kept.example","phone":"+491711234567"},"#,
        1,
    );
    assert!(merge(&stored).unwrap().user.kept.len() == 2);
    for platform in PLATFORMS {
        let destination = world.destination(platform.kind, "").connect().unwrap();
        let mapped = destination
            .destination
            .map(&merge(&stored).unwrap(), &allow_all(), now_ms())
            .unwrap_or_else(|skip| panic!("{}: {skip:?}", platform.kind));
        let written = format!("{mapped:?}");
        for clear in ["kept.example", "1711234567"] {
            assert!(!written.contains(clear), "{}: {clear}", platform.kind);
        }
    }
}

/// An order of a hundred lines.
fn heavy_purchase() -> StoredEvent {
    let EventSpec { header, .. } = purchase(1);
    let items: Vec<String> = (0..100)
        .map(|n| {
            format!(
                r#"{{"item_id":"sku-{n}","item_name":"{}","price":1.5,"quantity":1}}"#,
                "n".repeat(80)
            )
        })
        .collect();
    StoredEvent {
        seq: 1,
        name: "purchase".to_owned(),
        event_id: "purchase:1".to_owned(),
        at_ms: now_ms() - 1_000,
        settle_until_ms: 0,
        copies: vec![StoredCopy {
            source: "web".to_owned(),
            kind: SourceKind::Browser,
            received_at_ms: now_ms(),
            header,
            event: format!(
                r#"{{"id":"purchase:1","name":"purchase","at":1,"session":1,"page":{{"url":"https://shop.example/thanks"}},
                "props":{{"transaction_id":"1","currency":"EUR","value":150,"items":[{}]}}}}"#,
                items.join(",")
            ),
        }],
    }
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Invariant 2, for secrets: every answer that a platform knows, and nothing of them is anywhere.
#[tokio::test]
async fn no_secret_reaches_a_log_an_answer_or_an_explanation() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    // Of all tests of this process: none may log a secret.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    for platform in PLATFORMS {
        let (world, kind) = (World::new().await, platform.kind);
        // A place of the code that another test reached while the subscriber was set may have taken it for absent.
        tracing::callsite::rebuild_interest_cache();
        for failing in [
            FaultKind::BadToken,
            FaultKind::TransientError,
            FaultKind::Html500,
            FaultKind::Reset,
        ] {
            if emulated(kind).has_fault(failing) {
                world.fault(emulated(kind), failing, Some(1));
            }
        }
        let mut settings = World::settings(vec![world.destination(kind, HASTY)]);
        settings.forward.unauthorized_probe_secs = 1;
        let forwarder = crate::forward::spawn(&world.store, &settings).unwrap();
        world.append(purchases(4)).await;
        let views = world.until_settled(kind).await;
        forwarder.stop().await;
        let told = format!("{views:?}");
        for secret in secrets_of(&world, platform) {
            assert!(!told.contains(&secret), "{kind}: in what explain tells");
            assert!(!log.text().contains(&secret), "{kind}: in the log");
        }
    }
    assert!(log.text().contains("forwarding started"));
}

/// What a secret file holds, and its parts that are long enough to be one.
fn secrets_of(world: &World, platform: &PlatformSpec) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(world.dir.path().join(name)).unwrap();
    platform
        .fixture
        .secrets
        .iter()
        .flat_map(|(name, _)| {
            let text = read(name);
            let lines: Vec<String> = text
                .split(['\n', '"'])
                .flat_map(|part| part.split("\\n"))
                .filter(|part| part.len() > 60 && !part.contains("://"))
                .map(str::to_owned)
                .collect();
            std::iter::once(text.trim().to_owned()).chain(lines)
        })
        .collect()
}
