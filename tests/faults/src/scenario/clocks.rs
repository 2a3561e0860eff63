//! Time: days without a platform, and clocks that jump.

use anyhow::ensure;

use super::Length;
use crate::oracle::{Finding, Leave};
use crate::weather::{Fault, Weather};
use crate::world::World;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
/// How far a clock is set back at most. Platforms refuse what is further in the future than ten minutes, and an event
/// keeps its time.
const FARTHEST_BACK_S: u64 = 300;

fn away() -> Weather {
    let how = [
        Fault::Refuse(503, None),
        Fault::Refuse(429, Some(3_600)),
        Fault::Reset,
        Fault::Hang,
    ];
    Weather::of(100, &how)
}

pub(super) async fn outage(world: &mut World, length: Length) -> anyhow::Result<u64> {
    let rounds = length.of(4, 16);
    let step_s = 2 * DAY_S / i64::try_from(rounds)?;
    world.platforms.sky.set_over("meta", away());
    let load = world.load("outage");
    let mut offset_s = 0;
    for round in 0..rounds {
        world.acknowledge(length.of(25, 100)).await?;
        offset_s += step_s;
        world.set_clock_offset_s(offset_s)?;
        if round % 2 == 1 {
            world.kill().await?;
            world.start().await?;
        }
    }
    world.acknowledge(25).await?;
    load.stop().await?;
    Ok(rounds)
}

pub(super) async fn give_up(
    world: &mut World,
    length: Length,
) -> anyhow::Result<(u64, Vec<Finding>)> {
    world.platforms.sky.set_over("meta", away());
    let load = world.load("giveup");
    world.acknowledge(length.of(40, 400)).await?;
    load.stop().await?;
    // The others have theirs before the clock moves: they, too, take nothing that is so old.
    world.until_delivered(&["tiktok", "webhook"]).await?;
    world.set_clock_offset_s(8 * DAY_S)?;
    let findings = world.settle(Leave { may_die: true }).await?;
    let strict = world.judge(Leave::default())?;
    let is_as_expected = |finding: &Finding| matches!(finding, Finding::Dead(_, "meta", _));
    ensure!(
        !strict.is_empty() && strict.iter().all(is_as_expected),
        "every event ends at meta, and with a reason: {:?}",
        strict.iter().find(|finding| !is_as_expected(finding))
    );
    Ok((1, findings))
}

pub(super) async fn jumps(world: &mut World, length: Length) -> anyhow::Result<u64> {
    let rounds = length.of(6, 60);
    world.platforms.sky.set(Weather::of(15, Fault::BAD_DAY));
    let load = world.load("clocks");
    let mut offset_s = 0;
    for round in 0..rounds {
        let requests = world.dice.between(10, 40);
        world.acknowledge(requests).await?;
        offset_s += if round % 2 == 0 {
            i64::try_from(world.dice.between(1, 3 * 3_600))?
        } else {
            -i64::try_from(world.dice.between(1, FARTHEST_BACK_S))?
        };
        world.set_clock_offset_s(offset_s)?;
    }
    load.stop().await?;
    Ok(rounds)
}
