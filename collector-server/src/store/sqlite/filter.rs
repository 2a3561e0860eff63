//! Tells for nearly every visitor, without a read, that no later word on consent is known.
//!
//! A Bloom filter of fixed size: never a wrong "no", a rare needless read. Without it every request
//! of an identified visitor would cost a query.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// 2^23 bits, one mebibyte.
const WORDS: usize = 1 << 17;
const PROBES: u32 = 4;

/// Which browsers may have sent a later word on consent.
#[derive(Debug)]
pub(super) struct ConsentFilter {
    hasher: RandomState,
    words: Box<[AtomicU64]>,
}

impl ConsentFilter {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            words: (0..WORDS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub(super) fn insert<T: Hash + ?Sized>(&self, id: &T) {
        for (word, bit) in self.places(id) {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    pub(super) fn may_hold<T: Hash + ?Sized>(&self, id: &T) -> bool {
        self.places(id)
            .all(|(word, bit)| word.load(Ordering::Acquire) & bit != 0)
    }

    fn places<T: Hash + ?Sized>(&self, id: &T) -> impl Iterator<Item = (&AtomicU64, u64)> {
        let hash = self.hasher.hash_one(id);
        (0..PROBES).filter_map(move |probe| {
            // 17 bits choose the word; six others the bit.
            let part = hash.rotate_left(probe * 16 + probe);
            let word = usize::try_from(part % WORDS as u64).ok()?;
            Some((self.words.get(word)?, 1u64 << (part >> 58)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_is_always_found_and_little_else() {
        let filter = ConsentFilter::new();
        let id = |n: u128| n.to_be_bytes();
        for n in 0..10_000 {
            filter.insert(&id(n));
        }
        assert!((0..10_000).all(|n| filter.may_hold(&id(n))));
        let wrong = (10_000..20_000)
            .filter(|n| filter.may_hold(&id(*n)))
            .count();
        assert!(wrong < 100, "{wrong} of 10000");
    }
}
