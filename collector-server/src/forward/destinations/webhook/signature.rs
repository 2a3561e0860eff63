//! Standard Webhooks 1.0.0: HMAC-SHA-256 over `id.timestamp.body`, in base64, as `v1,…`.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// How a secret begins.
pub(super) const PREFIX: &str = "whsec_";
/// Fewest and most bytes of a secret.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that signs.
pub(super) struct SigningKey(hmac::Key);

impl SigningKey {
    /// Reads `whsec_…`. An error says what to write.
    pub(super) fn read(secret: &Secret) -> Result<Self, &'static str> {
        let encoded = secret
            .expose()
            .strip_prefix(PREFIX)
            .ok_or("must begin with whsec_")?;
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|_| "must be base64 after whsec_")?;
        if !KEY_BYTES.contains(&bytes.len()) {
            return Err(
                "must be 24 to 64 random bytes, such as: echo whsec_$(openssl rand -base64 32)",
            );
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Signs a message. `at_secs` is in Unix seconds.
    pub(super) fn sign(&self, id: &str, at_secs: i64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{at_secs}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// Returns the id of a message: the same for the same events, so that a receiver knows a resend.
pub(super) fn message_id(scope: &str, event_ids: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(scope);
    for id in event_ids {
        hash.update([0]);
        hash.update(id);
    }
    let mut out = String::from("msg_");
    for byte in hash.finalize().iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
