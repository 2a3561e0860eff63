//! Authenticated encryption of one value, bound to its place.
//!
//! ```text
//! <version: 1 byte, 1> <nonce: 12 bytes> <ciphertext> <tag: 16 bytes>
//! ```
//!
//! Authenticated beside the text: the version, the table, the row. A value that is moved to another row does
//! not open there.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::{KEY_BYTES, Raw};

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = 1 + NONCE_LEN;

/// Bytes that a sealed value is longer than its text.
pub const OVERHEAD_BYTES: usize = HEAD_BYTES + TAG_BYTES;

/// What was sealed does not open: another key, another place, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: it was changed, moved, or sealed with another key")]
pub struct Broken;

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'p> {
    /// Name of the table.
    pub table: &'static str,
    /// What names its row.
    pub row: &'p [u8],
}

impl Place<'_> {
    fn associated(&self) -> Vec<u8> {
        // No table has a zero in its name.
        [&[VERSION], self.table.as_bytes(), &[0], self.row].concat()
    }
}

/// A key that seals and opens the values of one subject. Clones share it.
#[derive(Clone)]
pub struct DataKey(Arc<LessSafeKey>);

impl fmt::Debug for DataKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DataKey(***)")
    }
}

impl DataKey {
    pub(super) fn new(raw: &Raw) -> Self {
        let bytes: &[u8; KEY_BYTES] = raw;
        let key = UnboundKey::new(&AES_256_GCM, bytes).expect("a key of AES-256 has 32 bytes");
        Self(Arc::new(LessSafeKey::new(key)))
    }

    /// Seals a text for its place.
    ///
    /// # Panics
    ///
    /// If the text is longer than the 64 GiB that one message of AES-GCM may have.
    pub fn seal(&self, place: Place<'_>, text: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = Vec::with_capacity(text.len() + OVERHEAD_BYTES);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let body = sealed.get_mut(HEAD_BYTES..).unwrap_or_default();
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.associated()),
                body,
            )
            .expect("a row is far shorter than the 64 GiB of one message");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Broken> {
        let (head, body) = sealed.split_at_checked(HEAD_BYTES).ok_or(Broken)?;
        let (version, nonce) = head.split_first().ok_or(Broken)?;
        if *version != VERSION {
            return Err(Broken);
        }
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| Broken)?;
        let mut text = body.to_vec();
        let length = self
            .0
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.associated()),
                &mut text,
            )
            .map_err(|_| Broken)?
            .len();
        text.truncate(length);
        Ok(text)
    }
}
