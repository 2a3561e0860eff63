//! A destination is asked no faster than it is configured to.

use super::world::{World, delivered, emulated, purchases};

#[tokio::test]
async fn a_destination_gets_no_more_requests_a_second_than_it_is_configured_to() {
    let world = World::new().await;
    world.append(purchases(20)).await;
    let began = std::time::Instant::now();
    let forwarder = world.start(vec![world.destination(
        "meta",
        "batch_events = 1\nconcurrency = 8\nrequests_per_second = 20\nrequest_burst = 2",
    )]);
    let views = world.until_settled("meta").await;
    // Two at once, then one every 50 ms.
    assert!(began.elapsed() >= std::time::Duration::from_millis(17 * 50));
    assert_eq!(delivered(&views, "meta"), 20);
    assert_eq!(world.counted(emulated("meta")), 20);
    forwarder.stop().await;
}
