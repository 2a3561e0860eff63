//! Clocks that are set: what waits goes by a clock that nobody sets, and times that a wrong clock wrote down delay nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use firsthand_sandbox::{Fault, FaultKind};
use tokio::sync::watch;

use super::world::{
    EventSpec, World, delivered, emulated, fault, now_ms, purchase, purchases, state,
};
use crate::forward::{Forwarder, Settings, spawn};
use crate::store::Outcome;

const HOUR_MS: i64 = 3_600_000;

/// A wall clock that can be set: so far from the machine's.
#[derive(Clone, Default)]
struct Wall(Arc<AtomicI64>);

impl Wall {
    fn ahead_by(ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(ms)))
    }

    fn set(&self, ahead_ms: i64) {
        self.0.store(ahead_ms, Ordering::Relaxed);
    }

    /// Returns settings for Meta that go by this clock.
    fn settings(&self, world: &World) -> Settings {
        let ahead = Arc::clone(&self.0);
        Settings {
            clock: Arc::new(move || now_ms() + ahead.load(Ordering::Relaxed)),
            ..World::settings(vec![world.destination("meta", "")])
        }
    }
}

/// Waits until Meta has made every event wait.
async fn until_all_wait(world: &World, count: usize) {
    world
        .until(|views| {
            let waits = views.iter().filter(|view| {
                matches!(
                    state(view, "meta"),
                    Some(Outcome::Retry { .. } | Outcome::Waiting { .. })
                )
            });
            waits.count() == count
        })
        .await;
}

async fn until_delivered(world: &World, count: usize) {
    let views = world.until_settled("meta").await;
    assert_eq!(delivered(&views, "meta"), count);
    assert_eq!(
        world.counted(emulated("meta")),
        u64::try_from(count).unwrap()
    );
}

/// Starts a forwarder whose clock is ahead, and has ten events wait for their next try at a platform that is down.
async fn with_waiting_events(world: &World, wall: &Wall) -> Forwarder {
    world.fault(emulated("meta"), FaultKind::Outage503, None);
    let forwarder = spawn(&world.store, &wall.settings(world)).unwrap();
    world.append(purchases(10)).await;
    until_all_wait(world, 10).await;
    forwarder
}

/// Invariant 18: a clock that is set back delays no retry and keeps no gate closed.
#[tokio::test]
async fn what_waits_for_a_retry_does_not_wait_for_a_clock_that_was_set_back() {
    let world = World::new().await;
    let wall = Wall::ahead_by(2 * HOUR_MS);
    let forwarder = with_waiting_events(&world, &wall).await;
    wall.set(0);
    world.sandbox.clear_faults();
    until_delivered(&world, 10).await;
    forwarder.stop().await;
}

#[tokio::test]
async fn what_a_clock_ahead_has_written_down_delays_nothing_after_a_restart() {
    let world = World::new().await;
    let wall = Wall::ahead_by(2 * HOUR_MS);
    with_waiting_events(&world, &wall).await.stop().await;
    wall.set(0);
    world.sandbox.clear_faults();
    let forwarder = spawn(&world.store, &wall.settings(&world)).unwrap();
    until_delivered(&world, 10).await;
    forwarder.stop().await;
}

#[tokio::test]
async fn an_event_waits_for_its_copies_no_longer_than_any_may() {
    let world = World::new().await;
    let wall = Wall::ahead_by(2 * HOUR_MS);
    let settings = Settings {
        longest_settle_ms: 30_000,
        ..wall.settings(&world)
    };
    let settles = |order: usize, settle_until_ms: i64| EventSpec {
        settle_until_ms,
        ..purchase(order)
    };
    let forwarder = spawn(&world.store, &settings).unwrap();
    let arrived_ms = now_ms() + 2 * HOUR_MS;
    world.append(vec![settles(1, arrived_ms + 30_000)]).await;
    until_all_wait(&world, 1).await;
    wall.set(0);
    // Wakes the task; it was taken in before the clock was set, and is read after it.
    world.append(vec![settles(2, arrived_ms + 30_000)]).await;
    until_delivered(&world, 2).await;
    forwarder.stop().await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_does_not_end_what_a_platform_asked_for() {
    let world = World::new().await;
    let wall = Wall::default();
    let steady_ms = Arc::new(AtomicI64::new(0));
    let looks = watch::channel(0u64).0;
    let mut settings = wall.settings(&world);
    settings.forward.retry_cap_ms = 5_000;
    settings.steady = {
        let (steady_ms, looks) = (Arc::clone(&steady_ms), looks.clone());
        Arc::new(move || {
            looks.send_modify(|n| *n += 1);
            steady_ms.load(Ordering::Relaxed)
        })
    };
    world.faulty(Fault {
        retry_after_s: Some(1),
        ..fault(emulated("meta"), FaultKind::RateLimit, Some(1))
    });
    let forwarder = spawn(&world.store, &settings).unwrap();
    world.append(purchases(1)).await;
    until_all_wait(&world, 1).await;
    wall.set(HOUR_MS);
    // The event is due by the wall clock now. Its task looks, and looks again: the gate stays closed.
    let seen = *looks.borrow();
    let mut looked = looks.subscribe();
    looked.wait_for(|n| *n >= seen + 4).await.unwrap();
    let views = world.views().await;
    assert_eq!(delivered(&views, "meta"), 0);
    assert_eq!(world.sandbox.totals(emulated("meta")).received, 0);
    steady_ms.store(1_000, Ordering::Relaxed);
    until_delivered(&world, 1).await;
    forwarder.stop().await;
}
