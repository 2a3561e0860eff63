//! What a browser alone reports is not sent before a trusted source tells of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::world::{
    EventSpec, World, delivered, emulated, now_ms, purchase, purchases, reason_of, state,
};
use crate::forward::confirm::Confirmation;
use crate::forward::{Settings, spawn};
use crate::store::{Outcome, SourceKind};

const HOUR: i64 = 3_600_000;

/// Settings under which a purchase must be confirmed within 48 hours; the clock is ahead by what the number says.
fn settings(world: &World, kinds: &[&str], ahead: &Arc<AtomicI64>) -> Settings {
    let ahead = Arc::clone(ahead);
    Settings {
        confirm: Confirmation {
            names: BTreeSet::from(["purchase".to_owned()]),
            wait_ms: 48 * HOUR,
        },
        clock: Arc::new(move || now_ms() + ahead.load(Ordering::Relaxed)),
        ..World::settings(
            kinds
                .iter()
                .map(|kind| world.destination(kind, ""))
                .collect(),
        )
    }
}

fn told_by(kind: SourceKind, order: usize) -> EventSpec {
    let mut event = purchase(order);
    event.kind = kind;
    event.header = r#"{"context":{"ip":"10.0.0.1","ua":"curl"}}"#.to_owned();
    event.props =
        format!(r#"{{"transaction_id":"{order}","currency":"EUR","value":61.25,"tax":9.77}}"#);
    event
}

async fn until_all_wait(world: &World, kinds: &[&str]) {
    world
        .until(|views| {
            views.iter().all(|view| {
                kinds
                    .iter()
                    .all(|kind| matches!(state(view, kind), Some(Outcome::Unconfirmed { .. })))
            })
        })
        .await;
}

#[tokio::test]
async fn a_forged_purchase_is_never_sent_and_ends_with_the_reason() {
    let world = World::new().await;
    let ahead = Arc::new(AtomicI64::new(0));
    let kinds = ["meta", "tiktok"];
    let mut rules = settings(&world, &kinds, &ahead);
    // The platforms would take it for longer than its confirmation is waited for.
    rules.confirm.wait_ms = 48 * HOUR;
    let forwarder = spawn(&world.store, &rules).unwrap();
    world.append(purchases(2)).await;
    until_all_wait(&world, &kinds).await;
    // Another page that says the same proves nothing.
    let mut again = purchase(1000);
    again.props = again.props.replace("59.8", "9999");
    world.append(vec![again]).await;
    ahead.store(48 * HOUR, Ordering::Relaxed);
    // A new event wakes the tasks, which then see that the others are due.
    world.append(vec![told_by(SourceKind::Server, 7)]).await;
    for kind in kinds {
        let views = world.until_settled(kind).await;
        for id in ["purchase:1000", "purchase:1001"] {
            assert_eq!(
                reason_of(&views, id, kind),
                "suppressed: unconfirmed: no trusted source told of it within 48 h"
            );
        }
        let records = world.records(emulated(kind));
        assert!(
            records
                .iter()
                .all(|record| record.event_id.as_deref() == Some("purchase:7")),
            "{kind}"
        );
    }
    forwarder.stop().await;
}

#[tokio::test]
async fn a_confirmed_purchase_goes_out_at_once_and_as_one() {
    for (order, kind) in [(1, SourceKind::Server), (2, SourceKind::Webhook)] {
        let world = World::new().await;
        let ahead = Arc::new(AtomicI64::new(0));
        let forwarder = spawn(
            &world.store,
            &settings(&world, &["meta", "tiktok", "ga4"], &ahead),
        )
        .unwrap();
        world.append(vec![purchase(order)]).await;
        until_all_wait(&world, &["meta", "tiktok", "ga4"]).await;
        // Nothing but this copy wakes the tasks: their next look is 48 hours away.
        world.append(vec![told_by(kind, order)]).await;
        for name in ["meta", "tiktok", "ga4"] {
            let views = world.until_settled(name).await;
            assert_eq!(delivered(&views, name), 1, "{name}");
            let records = world.records(emulated(name));
            assert_eq!(records.len(), 1, "{name}");
            assert_eq!(records[0].value, Some(61.25), "{name}");
            let steps: Vec<String> = views[0]
                .destinations
                .iter()
                .filter(|destination| destination.name == name)
                .flat_map(|destination| &destination.outcomes)
                .map(|step| match &step.outcome {
                    Outcome::Confirmed { source, .. } => format!("confirmed by {source}"),
                    Outcome::Unconfirmed { .. } => "unconfirmed".to_owned(),
                    other => format!("{other:?}"),
                })
                .collect();
            assert_eq!(
                steps,
                ["unconfirmed", "confirmed by backend", "Delivered"],
                "{name}"
            );
        }
        forwarder.stop().await;
    }
}

#[tokio::test]
async fn a_purchase_that_a_trusted_source_told_first_does_not_wait() {
    let world = World::new().await;
    let ahead = Arc::new(AtomicI64::new(0));
    let forwarder = spawn(&world.store, &settings(&world, &["tiktok"], &ahead)).unwrap();
    let mut told = purchase(1);
    told.kind = SourceKind::Server;
    world.append(vec![told]).await;
    let views = world.until_settled("tiktok").await;
    assert_eq!(delivered(&views, "tiktok"), 1);
    forwarder.stop().await;
}

#[tokio::test]
async fn a_confirmation_does_not_cut_the_settle_time_short() {
    let world = World::new().await;
    let ahead = Arc::new(AtomicI64::new(0));
    let forwarder = spawn(&world.store, &settings(&world, &["meta"], &ahead)).unwrap();
    let mut browser = purchase(1);
    browser.settle_until_ms = now_ms() + HOUR;
    world.append(vec![browser]).await;
    until_all_wait(&world, &["meta"]).await;
    world.append(vec![told_by(SourceKind::Server, 1)]).await;
    world
        .until(|views| matches!(state(&views[0], "meta"), Some(Outcome::Waiting { .. })))
        .await;
    assert_eq!(world.sandbox.totals(emulated("meta")).received, 0);
    ahead.store(HOUR + 1_000, Ordering::Relaxed);
    world.append(vec![told_by(SourceKind::Server, 2)]).await;
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 1);
    forwarder.stop().await;
}

#[tokio::test]
async fn a_hold_outlives_the_forwarder() {
    let world = World::new().await;
    let ahead = Arc::new(AtomicI64::new(0));
    let rules = settings(&world, &["meta"], &ahead);
    let forwarder = spawn(&world.store, &rules).unwrap();
    world.append(purchases(3)).await;
    until_all_wait(&world, &["meta"]).await;
    forwarder.stop().await;
    // Confirmed while nobody forwards.
    world.append(vec![told_by(SourceKind::Server, 1001)]).await;
    let forwarder = spawn(&world.store, &rules).unwrap();
    let views = world.until(|views| delivered(views, "meta") == 1).await;
    assert!(matches!(
        state(&views[2], "meta"),
        Some(Outcome::Unconfirmed { .. })
    ));
    let records = world.records(emulated("meta"));
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].event_id.as_deref(), Some("purchase:1001"));
    forwarder.stop().await;
}

/// A forged copy that comes first must not make the real order too old to be sent.
#[tokio::test]
async fn a_browser_cannot_make_a_real_order_too_old() {
    let world = World::new().await;
    let ahead = Arc::new(AtomicI64::new(0));
    let mut rules = settings(&world, &["meta"], &ahead);
    rules.confirm = Confirmation::default();
    let mut forged = purchase(1);
    forged.at_ms = now_ms() - 20 * 24 * HOUR;
    world.append(vec![forged]).await;
    world.append(vec![told_by(SourceKind::Server, 1)]).await;
    let forwarder = spawn(&world.store, &rules).unwrap();
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), 1);
    forwarder.stop().await;
}
