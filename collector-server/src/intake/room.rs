//! How much of all requests together may be in memory.
//!
//! Promises: what bodies take is counted as it arrives, not as it is announced, so that who announces much
//! and sends little keeps nobody out; beyond the bound a request is refused at once, and nobody waits; what was
//! taken is given back with the body. Chunks are copied: a connection's buffer is never held by a few bytes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;

use super::answer::Refused;

/// First allocation for a body whose length nobody announced, in bytes.
const FIRST_BYTES: usize = 4096;

/// The room for all bodies that are worked on.
#[derive(Debug)]
pub(super) struct Room {
    taken: AtomicUsize,
    most: usize,
}

impl Room {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            most,
        })
    }

    /// Returns how many bytes are taken now.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> Result<(), Refused> {
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                taken.checked_add(bytes).filter(|taken| *taken <= self.most)
            })
            .map(|_| ())
            .map_err(|_| {
                Refused::later(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "overloaded",
                    "too many bytes are being taken in: send it again later",
                    1,
                )
            })
    }
}

/// A body, or as much of it as has come; gives its room back when it is dropped.
#[derive(Debug)]
pub(super) struct Gathered {
    room: Arc<Room>,
    bytes: Vec<u8>,
    /// The most that will come.
    most: usize,
}

impl Gathered {
    /// Begins with nothing; no more than `most` bytes will be pushed.
    pub(super) fn new(room: &Arc<Room>, most: usize) -> Self {
        Self {
            room: Arc::clone(room),
            bytes: Vec::new(),
            most,
        }
    }

    /// Takes more bytes in; where there is no room for them, nothing.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), Refused> {
        let (held, needed) = (self.bytes.capacity(), self.bytes.len() + chunk.len());
        if needed > held {
            let grown = held.saturating_mul(2).max(FIRST_BYTES).min(self.most);
            let grown = grown.max(needed);
            self.room.take(grown - held)?;
            self.bytes.reserve_exact(grown - self.bytes.len());
            // An allocator may give more than was asked for; it is counted when it is given back.
            let more = self.bytes.capacity() - grown;
            self.room.taken.fetch_add(more, Ordering::Relaxed);
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

impl std::ops::Deref for Gathered {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Gathered {
    fn drop(&mut self) {
        self.room
            .taken
            .fetch_sub(self.bytes.capacity(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn beyond_the_bound_nothing_is_taken_and_what_is_dropped_is_given_back() {
        let room = Room::new(10_000);
        let mut one = Gathered::new(&room, 6_000);
        one.push(&[b'a'; 6_000]).unwrap();
        let mut other = Gathered::new(&room, 6_000);
        let refused = other.push(&[b'b'; 6_000]).unwrap_err();
        assert_eq!(
            (refused.status, refused.code, refused.retry_after_secs),
            (StatusCode::SERVICE_UNAVAILABLE, "overloaded", Some(1))
        );
        assert_eq!(room.taken(), 6_000);
        drop(one);
        other.push(&[b'b'; 6_000]).unwrap();
        drop(other);
        assert_eq!(room.taken(), 0);
    }

    #[test]
    fn who_announces_much_and_sends_little_takes_little() {
        let room = Room::new(1 << 20);
        let mut slow = Gathered::new(&room, 512 << 10);
        slow.push(b"{").unwrap();
        assert_eq!(room.taken(), FIRST_BYTES);
        let mut short = Gathered::new(&room, 10);
        short.push(b"0123456789").unwrap();
        assert_eq!(room.taken(), FIRST_BYTES + 10);
    }

    proptest! {
        #[test]
        fn what_is_counted_is_what_is_held(chunks in prop::collection::vec(1usize..5_000, 0..40)) {
            let total: usize = chunks.iter().sum();
            let room = Room::new(total + FIRST_BYTES);
            let mut body = Gathered::new(&room, total);
            for (nth, chunk) in chunks.iter().enumerate() {
                let byte = u8::try_from(nth).unwrap();
                body.push(&vec![byte; *chunk]).unwrap();
                prop_assert_eq!(room.taken(), body.bytes.capacity());
            }
            prop_assert_eq!(body.len(), total);
            drop(body);
            prop_assert_eq!(room.taken(), 0);
        }
    }
}
