//! Forged trouble: what the oracle must see, or it proves nothing.

use anyhow::Context as _;

use crate::debts::Owed;
use crate::oracle::Finding;
use crate::weather::{Fault, Weather};
use crate::world::World;

/// A forgery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Forge {
    /// The ledger holds an event that was acknowledged and is nowhere.
    Loss,
    /// The network claims a platform's success and swallows the events.
    Swallow,
    /// The ledger forgets an event that was sent.
    Forget,
}

impl Forge {
    /// Does what has to be done before the load.
    pub fn before(self, world: &World) {
        if self == Self::Swallow {
            let weather = Weather::of(20, &[Fault::Swallow]);
            world.platforms.sky.set_over("meta", weather);
        }
    }

    /// Does what has to be done after it.
    pub fn after(self, world: &World) -> anyhow::Result<()> {
        world.debts.with(|book| {
            match self {
                Self::Swallow => {}
                Self::Loss => {
                    book.owed.insert("forged".to_owned(), Owed::Delivery);
                }
                Self::Forget => {
                    let mut owed = book.owed.iter();
                    let found = owed.find(|(_, owed)| **owed == Owed::Delivery);
                    let id = found.context("nothing was acknowledged")?.0.clone();
                    book.owed.remove(&id);
                    book.sent.remove(&id);
                }
            }
            Ok(())
        })
    }

    /// Whether a finding is of the kind that this forgery must bring.
    pub const fn is_seen_by(self, finding: &Finding) -> bool {
        match self {
            Self::Loss => matches!(finding, Finding::Lost(_)),
            Self::Swallow => matches!(finding, Finding::NeverArrived(..)),
            Self::Forget => matches!(finding, Finding::Stranger(..)),
        }
    }
}
