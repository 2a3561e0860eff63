//! Randomness from a seed: the same seed makes the same schedule on every machine and with every compiler.

/// A stream of numbers (SplitMix64, which needs no table and is the same everywhere).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts the stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a stream of its own for a part, so that what one part draws does not move another.
    pub fn fork(&self, part: &str) -> Self {
        // FNV-1a.
        let hash = part.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut forked = Self(self.0 ^ hash);
        // Neighbouring seeds begin alike until they were mixed.
        forked.roll();
        forked
    }

    /// Returns the next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, 0 where that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll().checked_rem(bound).unwrap_or(0)
    }

    /// Returns a number from `from` up to and without `to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from))
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns one of these, `None` where there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let at = self.below(of.len() as u64);
        of.get(usize::try_from(at).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_one_stream_and_every_part_its_own() {
        let draw = |mut dice: Dice| (0..8).map(|_| dice.roll()).collect::<Vec<_>>();
        let root = Dice::new(7);
        assert_eq!(draw(root.fork("load")), draw(root.fork("load")));
        assert_ne!(draw(root.fork("load")), draw(root.fork("proxy")));
        assert_ne!(draw(Dice::new(7)), draw(Dice::new(8)));
        // Pinned, so that a seed that was noted once is worth something later.
        assert_eq!(Dice::new(0).roll(), 0xe220_a839_7b1d_cdaf);
    }
}
