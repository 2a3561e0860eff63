//! Signals under load.

use std::time::Duration;

use super::Length;
use crate::weather::{Fault, Weather};
use crate::world::World;

/// Requests of a hundred that fail while a process is killed: enough for resends to be under way.
const BAD_WEATHER_PERCENT: u64 = 15;
/// Longest wait between the last request that is waited for and the kill, in microseconds.
const LONGEST_LEAD_US: u64 = 5_000;

pub(super) async fn kills(world: &mut World, length: Length) -> anyhow::Result<u64> {
    let rounds = length.of(10, 200);
    world
        .platforms
        .sky
        .set(Weather::of(BAD_WEATHER_PERCENT, Fault::BAD_DAY));
    let load = world.load("kills");
    for _ in 0..rounds {
        let requests = world.dice.between(5, 40);
        let lead = Duration::from_micros(world.dice.below(LONGEST_LEAD_US));
        world.acknowledge(requests).await?;
        // Part of the schedule: the kill falls anywhere in a commit, not always after one.
        tokio::time::sleep(lead).await;
        world.kill().await?;
        world.start().await?;
        world.platforms.tallies()?;
    }
    load.stop().await?;
    Ok(rounds)
}

pub(super) async fn terminations(world: &mut World, length: Length) -> anyhow::Result<u64> {
    let rounds = length.of(4, 40);
    let weather = Weather::of(BAD_WEATHER_PERCENT, Fault::BAD_DAY);
    world.platforms.sky.set(weather);
    let load = world.load("terms");
    for _ in 0..rounds {
        let requests = world.dice.between(5, 60);
        world.acknowledge(requests).await?;
        world.terminate().await?;
        world.start().await?;
        world.platforms.tallies()?;
    }
    load.stop().await?;
    Ok(rounds)
}

pub(super) async fn reloads(world: &mut World, length: Length) -> anyhow::Result<u64> {
    let rounds = length.of(10, 100);
    let weather = Weather::of(BAD_WEATHER_PERCENT, Fault::BAD_DAY);
    world.platforms.sky.set(weather);
    let load = world.load("reloads");
    for _ in 0..rounds {
        let requests = world.dice.between(5, 30);
        world.acknowledge(requests).await?;
        // Not 1: a webhook then sends messages of another kind, with ids of another kind.
        let batch_events = world.dice.between(2, 50);
        world.write_config(batch_events)?;
        world.reload().await?;
        world.platforms.tallies()?;
    }
    load.stop().await?;
    Ok(rounds)
}

pub(super) async fn token(world: &mut World, length: Length) -> anyhow::Result<u64> {
    let rounds = length.of(1, 5);
    let load = world.load("token");
    for _ in 0..rounds {
        world.write_secret("meta", "EAAended")?;
        world.reload().await?;
        world
            .until_metric("firsthand_forward_paused_total{destination=\"meta\"")
            .await?;
        world.acknowledge(60).await?;
        // What waits for the token outlives the process.
        world.kill().await?;
        world.start().await?;
        world.acknowledge(30).await?;
        world.write_secret("meta", "EAAsandbox")?;
        world.reload().await?;
    }
    load.stop().await?;
    Ok(rounds)
}
