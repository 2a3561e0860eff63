//! Destinations whose platform wants a fetched access token.

use firsthand_sandbox::{FaultKind, Verdict};

use super::world::{World, delivered, emulated, purchases, state};
use crate::store::Outcome;

const KIND: &str = "google_data_manager";

/// Nothing probes in these tests: had it paused, it would stay so.
#[tokio::test]
async fn a_token_that_ends_early_is_renewed_at_once() {
    let world = World::new().await;
    world.fault(emulated(KIND), FaultKind::BadToken, Some(1));
    let forwarder = world.start(vec![world.destination(KIND, "")]);
    world.append(purchases(3)).await;
    let views = world.until_settled(KIND).await;
    assert_eq!(delivered(&views, KIND), 3);
    let records = world.records(emulated(KIND));
    assert_eq!(records[0].verdict, Verdict::Refused);
    assert_eq!(records[0].status, Some(401));
    assert_eq!(world.counted(emulated(KIND)), 3);
    forwarder.stop().await;
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_nothing_is_lost() {
    let world = World::new().await;
    // The account's key file names a token endpoint where nobody listens.
    let path = world.dir.path().join("lonely");
    std::fs::write(
        &path,
        firsthand_sandbox::service_account("http://127.0.0.1:9"),
    )
    .unwrap();
    let lonely = format!("service_account = {{ file = \"{}\" }}", path.display());
    let mut forwarder = world.start(vec![world.destination(KIND, &lonely)]);
    world.append(purchases(4)).await;
    world
        .until(|views| {
            views.iter().all(|view| {
                matches!(state(view, KIND), Some(Outcome::Retry { reason, .. })
                    if reason.starts_with("access token: no connection") || reason.starts_with("postponed: "))
            })
        })
        .await;
    assert!(world.records(emulated(KIND)).is_empty());
    let good = World::settings(vec![world.destination(KIND, "")]);
    forwarder.reload(&world.store, &good).unwrap();
    let views = world.until_settled(KIND).await;
    assert_eq!(delivered(&views, KIND), 4);
    assert_eq!(world.counted(emulated(KIND)), 4);
    forwarder.stop().await;
}

#[tokio::test]
async fn validation_alone_records_nothing_and_says_so() {
    let world = World::new().await;
    let forwarder = world.start(vec![world.destination(KIND, "validate_only = true")]);
    world.append(purchases(2)).await;
    let views = world.until_settled(KIND).await;
    for view in &views {
        assert_eq!(
            state(view, KIND),
            Some(&Outcome::Suppressed {
                reason: "test mode: checked, not recorded".to_owned()
            })
        );
    }
    assert!(world.records(emulated(KIND)).is_empty());
    forwarder.stop().await;
}
