//! One kind of fault after the other, on all platforms at once.

use super::Length;
use crate::weather::{Fault, Weather};
use crate::world::World;

pub(super) async fn storms(world: &mut World, length: Length) -> anyhow::Result<u64> {
    let rounds = length.of(1, 8);
    let load = world.load("storms");
    for _ in 0..rounds {
        for fault in Fault::BAD_DAY {
            world.platforms.sky.set(Weather::of(70, &[*fault]));
            let requests = world.dice.between(10, 40);
            world.acknowledge(requests).await?;
            world.platforms.tallies()?;
        }
        // All of it at once, then a platform that is gone altogether while the others work.
        world.platforms.sky.set(Weather::of(90, Fault::BAD_DAY));
        world.acknowledge(40).await?;
        world.platforms.sky.set(Weather::fair());
        let gone = Weather::of(100, &[Fault::Reset, Fault::Hang]);
        world.platforms.sky.set_over("tiktok", gone);
        world.acknowledge(40).await?;
    }
    load.stop().await?;
    Ok(rounds * Fault::BAD_DAY.len() as u64)
}
