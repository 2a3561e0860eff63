//! Keys for what is kept: master keys from outside the data, data keys inside it.
//!
//! Three layers. **Master keys** come from the configuration or from a key file ([`Masters`]); the newest
//! wraps, older ones only unwrap. A **data key** is random, one per data subject, and kept wrapped; what names
//! that subject is sealed with it, so that destroying it makes every copy of that data unreadable, backups
//! too. The **blind secret** is random, kept wrapped, and never changes: it turns an identifier into an index
//! ([`KeyRing::blind`]) that finds the same person again and cannot be turned back or guessed without it.
//!
//! Pure but for the key file. Refuses to know tables. A key that is missing or wrong is a [`KeyError`] that
//! says what to do; what cannot be opened is [`Broken`], never an empty text.
//!
//! AES-256-GCM with random 96-bit nonces (NIST SP 800-38D, section 8.2.2: at most 2^32 messages a key; a data
//! key serves one subject), HMAC-SHA-256 cut to 128 bits.

mod file;
mod masters;
mod sealed;
#[cfg(test)]
mod tests;

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use self::file::{FILE_NAME, Rotated, rotate_file, write_new};
pub use self::masters::{FILE_ID, KeyConfig, KeyError, Masters, Origin};
pub use self::sealed::{Broken, DataKey, OVERHEAD_BYTES, Place};

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;

/// Bytes of a secret that is being handled.
pub(crate) type Raw = Zeroizing<[u8; KEY_BYTES]>;

/// An identifier as it is kept: it finds the same one again, and tells nothing else.
pub type Blind = [u8; 16];

/// A key that was sealed with a master key, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Id of the master key.
    pub master: String,
    /// The sealed key.
    pub bytes: Vec<u8>,
}

/// Place of the wrapped blind secret.
const BLIND_PLACE: Place<'static> = Place {
    table: "secrets",
    row: b"blind",
};

/// The keys of one data directory, ready for use.
pub struct KeyRing {
    masters: Masters,
    /// Already keyed: every identifier of every request is indexed, and what the secret alone decides is computed once.
    blind: Hmac<Sha256>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeyRing")
            .field("masters", &self.masters)
            .finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Begins a ring with a new blind secret; returns it wrapped, to be kept before first use.
    pub fn create(masters: Masters) -> (Self, Wrapped) {
        let raw: Raw = Zeroizing::new(rand::random());
        let wrapped = masters.wrap(BLIND_PLACE, &raw);
        let ring = Self {
            masters,
            blind: keyed(&raw),
        };
        (ring, wrapped)
    }

    /// Opens a ring with the blind secret that was kept.
    pub fn open(masters: Masters, blind: &Wrapped) -> Result<Self, KeyError> {
        let raw = masters.unwrap(BLIND_PLACE, blind)?;
        Ok(Self {
            masters,
            blind: keyed(&raw),
        })
    }

    /// Returns the index of an identifier. `domain` keeps kinds of identifiers apart.
    pub fn blind(&self, domain: &str, value: &[u8]) -> Blind {
        let mut context = self.blind.clone();
        // The length keeps domain and value apart. A domain is a short constant.
        context.update(&[u8::try_from(domain.len()).unwrap_or(u8::MAX)]);
        context.update(domain.as_bytes());
        context.update(value);
        let mut blind = Blind::default();
        let tag = context.finalize().into_bytes();
        for (slot, byte) in blind.iter_mut().zip(tag) {
            *slot = byte;
        }
        blind
    }

    /// Returns the index of a person's identifier: an anonymous id, else a digest. The first two bytes are the
    /// day of a UUIDv7 (0xffff for anything else), so that visitors of the same days are neighbours in a table.
    pub fn subject(&self, id: &str) -> Blind {
        let mut subject = self.blind("subject", id.as_bytes());
        let day = day_of(id).to_be_bytes();
        for (slot, byte) in subject.iter_mut().zip(day) {
            *slot = byte;
        }
        subject
    }

    /// Makes a data key. `owner` is what its row says of the subject, and part of what is authenticated.
    pub fn new_data_key(&self, owner: &[u8]) -> (DataKey, Wrapped) {
        let raw: Raw = Zeroizing::new(rand::random());
        let wrapped = self.masters.wrap(place_of(owner), &raw);
        (DataKey::new(&raw), wrapped)
    }

    /// Returns a data key that was kept.
    pub fn data_key(&self, owner: &[u8], wrapped: &Wrapped) -> Result<DataKey, KeyError> {
        let raw = self.masters.unwrap(place_of(owner), wrapped)?;
        Ok(DataKey::new(&raw))
    }

    /// Wraps a data key with the newest master key; `None` where it is already.
    pub fn rewrap(&self, owner: &[u8], wrapped: &Wrapped) -> Result<Option<Wrapped>, KeyError> {
        self.rewrap_at(place_of(owner), wrapped)
    }

    /// The same for the blind secret.
    pub fn rewrap_blind(&self, wrapped: &Wrapped) -> Result<Option<Wrapped>, KeyError> {
        self.rewrap_at(BLIND_PLACE, wrapped)
    }

    /// Returns the master keys.
    pub const fn masters(&self) -> &Masters {
        &self.masters
    }

    fn rewrap_at(&self, place: Place<'_>, wrapped: &Wrapped) -> Result<Option<Wrapped>, KeyError> {
        if wrapped.master == self.masters.newest() {
            return Ok(None);
        }
        let raw = self.masters.unwrap(place, wrapped)?;
        Ok(Some(self.masters.wrap(place, &raw)))
    }
}

fn keyed(secret: &Raw) -> Hmac<Sha256> {
    /// Bytes of a block of SHA-256; a shorter key is continued with zeros (RFC 2104, section 2).
    const BLOCK: usize = 64;
    let mut block = Zeroizing::new([0; BLOCK]);
    for (slot, byte) in block.iter_mut().zip(secret.iter()) {
        *slot = *byte;
    }
    Hmac::new((&*block).into())
}

/// A ring of its own for a test that keeps nothing.
#[cfg(test)]
pub(crate) fn testing_ring() -> KeyRing {
    let dir = tempfile::tempdir().expect("a directory for a key");
    let masters = Masters::load(dir.path(), &[], true).expect("a new key");
    KeyRing::create(masters).0
}

/// Days since 1970 of a UUIDv7.
fn day_of(id: &str) -> u16 {
    /// Milliseconds of a day.
    const DAY_MS: u64 = 86_400_000;
    uuid::Uuid::try_parse(id)
        .ok()
        .filter(|id| id.get_version_num() == 7)
        .and_then(|id| u16::try_from((id.as_u64_pair().0 >> 16) / DAY_MS).ok())
        .unwrap_or(u16::MAX)
}

const fn place_of(owner: &[u8]) -> Place<'_> {
    Place {
        table: "data_keys",
        row: owner,
    }
}
