//! A disk that takes no more: writes fail, doors say 503, and all is well again once there is room, without a restart.

use super::Length;
use crate::world::{World, until};

/// Greatest bound, in bytes. The collector's log is longer: it is on the full disk too, as logs often are.
const MAX_BOUND_BYTES: u64 = 512;
/// Answers 503 that are waited for.
const REFUSALS: u64 = 8;

pub(super) async fn disk(world: &mut World, length: Length) -> anyhow::Result<u64> {
    let rounds = length.of(3, 25);
    let load = world.load("disk");
    for _ in 0..rounds {
        let requests = world.dice.between(10, 60);
        world.acknowledge(requests).await?;
        let bytes = world.dice.below(MAX_BOUND_BYTES);
        let before = refusals(world);
        world.collector()?.bound_files(Some(bytes)).await?;
        until("requests are answered 503", || {
            Ok(refusals(world) >= before + REFUSALS)
        })
        .await?;
        world.collector()?.bound_files(None).await?;
        world.acknowledge(20).await?;
    }
    load.stop().await?;
    Ok(rounds)
}

fn refusals(world: &World) -> u64 {
    world
        .debts
        .with(|book| book.asked_to_wait.get(&503).copied().unwrap_or(0))
}
