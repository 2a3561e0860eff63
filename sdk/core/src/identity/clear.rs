//! Clear text, its normalised form and its digest: three types, so that none is taken for another.

use core::fmt;
use std::borrow::Cow;

use sha2::block_api::compress256;

use crate::ids::push_hex;
use crate::text::{hex_value, trim};

/// Personal text as the visitor or the shop gave it. It can be borrowed and digested, not printed or serialised.
#[derive(Clone, Copy)]
pub struct Clear<'a>(&'a str);

impl<'a> Clear<'a> {
    /// Marks `text` as personal.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Returns the text, for the rules of this module only.
    pub(super) const fn text(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Clear<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clear(***)")
    }
}

/// State of SHA-256 before the first block (FIPS 180-4, 5.3.3).
const SHA256_START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// SHA-256 of a normalised personal value. There is no way to hash one again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits of any case, white space around them ignored.
    #[inline(never)]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = trim(text);
        if hex.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, digit) in hex.bytes().enumerate() {
            let byte = bytes.get_mut(at / 2)?;
            *byte = *byte << 4 | hex_value(digit)?;
        }
        Some(Self(bytes))
    }

    /// Returns the hex of a digest as the wire has it, borrowed where `text` is already of that form; `None` where it is none.
    pub fn canonical(text: &str) -> Option<Cow<'_, str>> {
        let is_canonical = text.len() == 64
            && text
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if is_canonical {
            return Some(Cow::Borrowed(text));
        }
        Self::parse(text).map(|digest| Cow::Owned(digest.hex()))
    }

    /// Digests a normalised value.
    ///
    /// Padding and length (FIPS 180-4, 5.1.1) are written here, the rounds are those of `sha2`: its buffer for messages that come in pieces
    /// costs more wasm than they do, and here the message is whole.
    #[inline(never)]
    pub(super) fn of(normalized: &str) -> Self {
        let mut message = normalized.as_bytes().to_vec();
        let bits = normalized.len() as u64 * 8;
        message.push(0x80);
        while message.len() % 64 != 56 {
            message.push(0);
        }
        message.extend_from_slice(&bits.to_be_bytes());
        let mut state = SHA256_START;
        compress256(&mut state, message.as_chunks().0);
        let mut bytes = [0; 32];
        for (slot, word) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
            *slot = word.to_be_bytes();
        }
        Self(bytes)
    }

    /// Returns the 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns 64 lower-case hexadecimal digits, the form of the wire and of every platform.
    pub fn hex(&self) -> String {
        let mut out = String::with_capacity(64);
        for byte in self.0 {
            push_hex(&mut out, byte);
        }
        out
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

/// A value in one platform's canonical form: still personal text, unless it came in as a digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Normalized {
    text: String,
    /// The text is the hex of a digest.
    is_digest: bool,
}

impl Normalized {
    /// Brings `raw`, trimmed, to a form. Input that is a digest passes through; an empty form is none.
    pub(super) fn by(raw: Clear<'_>, form: impl FnOnce(&str) -> Option<String>) -> Option<Self> {
        let text = trim(raw.0);
        if let Some(digest) = Digest::parse(text) {
            return Some(Self {
                text: digest.hex(),
                is_digest: true,
            });
        }
        Self::of(form(text)?)
    }

    /// A form that is not hashed input; an empty one is none.
    pub(super) fn of(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self {
            text,
            is_digest: false,
        })
    }

    /// As [`Self::by`], and an MD5 digest is refused.
    pub(super) fn unless_md5(
        raw: Clear<'_>,
        form: impl FnOnce(&str) -> Option<String>,
    ) -> Option<Self> {
        Self::by(raw, |text| if is_md5(text) { None } else { form(text) })
    }

    /// Returns the canonical text (for digested input: its lower-case hex). For fields that a platform wants in clear, and for tests.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the digest: made now, or passed through when the input was one.
    pub fn digest(&self) -> Digest {
        let passed_through = if self.is_digest {
            Digest::parse(&self.text)
        } else {
            None
        };
        match passed_through {
            Some(digest) => digest,
            None => Digest::of(&self.text),
        }
    }

    /// True when the input was a digest already.
    pub const fn is_passed_through(&self) -> bool {
        self.is_digest
    }
}

impl fmt::Debug for Normalized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Normalized(***)")
    }
}

/// True for 32 hexadecimal digits: most likely an MD5 digest, which must not be hashed again.
pub(super) fn is_md5(trimmed: &str) -> bool {
    trimmed.len() == 32 && trimmed.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest as _;

    #[test]
    fn digests_are_those_of_sha2_at_every_length() {
        for len in 0..300 {
            let text = "ü7".repeat(len).chars().take(len).collect::<String>();
            let want: [u8; 32] = sha2::Sha256::digest(text.as_bytes()).into();
            assert_eq!(Digest::of(&text).bytes(), &want, "{len} characters");
        }
    }
}
