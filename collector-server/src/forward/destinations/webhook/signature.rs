//! Standard Webhooks 1.0.0: HMAC-SHA-256 over `id.timestamp.body`, in base64, as `v1,…`.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// How a secret begins.
pub(crate) const PREFIX: &str = "whsec_";
/// Fewest and most bytes of a secret.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that signs.
pub(crate) struct SigningKey(hmac::Key);

impl SigningKey {
    /// Reads `whsec_…`. An error says what to write.
    pub(crate) fn read(secret: &Secret) -> Result<Self, &'static str> {
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
    pub(crate) fn sign(&self, id: &str, at_secs: i64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{at_secs}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// Returns the headers of a message; `scope` and `parts` make its id. While a secret is replaced, both sign.
pub(crate) fn headers(
    keys: &[SigningKey],
    scope: &str,
    parts: &[&str],
    at_secs: i64,
    body: &str,
) -> Vec<(&'static str, String)> {
    let id = message_id(scope, parts);
    let signatures: Vec<String> = keys
        .iter()
        .map(|key| key.sign(&id, at_secs, body))
        .collect();
    vec![
        ("webhook-id", id),
        ("webhook-timestamp", at_secs.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

/// Returns the id of a message: the same for the same events, so that a receiver knows a resend.
pub(crate) fn message_id(scope: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(scope);
    for part in parts {
        hash.update([0]);
        hash.update(part);
    }
    let mut out = String::from("msg_");
    for byte in hash.finalize().iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
