//! Signs a request as OAuth 1.0a says (RFC 5849): HMAC-SHA1 over method, address and the parameters of the `Authorization` header. A body of
//! JSON is no part of it.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::forward::destinations::percent;
use crate::secret::Secret;

/// Bytes of a nonce.
const NONCE_BYTES: usize = 16;

/// The four parts of a user's access.
pub(super) struct Keys {
    pub(super) consumer_key: Secret,
    pub(super) consumer_secret: Secret,
    pub(super) token: Secret,
    pub(super) token_secret: Secret,
}

impl Keys {
    /// Returns the `Authorization` header of a POST. `url` has no query; `now_ms` is in epoch milliseconds.
    pub(super) fn authorize(&self, url: &str, body: &str, now_ms: i64) -> String {
        let nonce = self.nonce(body, now_ms);
        self.signed(url, &nonce, now_ms / 1_000)
    }

    /// Another one for every request, without a source of randomness: nobody without the secret can tell it, and the same body at the same
    /// millisecond is the same request.
    fn nonce(&self, body: &str, now_ms: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.token_secret.expose().as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(&now_ms.to_be_bytes());
        context.update(body.as_bytes());
        let tag = context.sign();
        let mut out = String::with_capacity(NONCE_BYTES * 2);
        for byte in tag.as_ref().iter().take(NONCE_BYTES) {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
        }
        out
    }

    fn signed(&self, url: &str, nonce: &str, at_s: i64) -> String {
        let at = at_s.to_string();
        // In the order of their names, as the signature wants them.
        let mut fields = vec![
            ("oauth_consumer_key", self.consumer_key.expose()),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", at.as_str()),
            ("oauth_token", self.token.expose()),
            ("oauth_version", "1.0"),
        ];
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", percent::encode(value)))
            .collect();
        let base = format!(
            "POST&{}&{}",
            percent::encode(url),
            percent::encode(&pairs.join("&"))
        );
        let key = format!(
            "{}&{}",
            percent::encode(self.consumer_secret.expose()),
            percent::encode(self.token_secret.expose())
        );
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        let signature = STANDARD.encode(hmac::sign(&key, base.as_bytes()));
        fields.insert(2, ("oauth_signature", &signature));
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", percent::encode(value)))
            .collect();
        format!("OAuth {}", fields.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys {
            consumer_key: Secret::new("ck"),
            consumer_secret: Secret::new("cs/+"),
            token: Secret::new("7588892-kagSN"),
            token_secret: Secret::new("ts="),
        }
    }

    /// Computed with the PyPI package `oauthlib` 4.0.1 (`Client.sign`, HMAC-SHA1, a body that is not signed).
    #[test]
    fn the_signature_is_that_of_a_known_library() {
        let header = keys().signed(
            "https://ads-api.x.com/12/measurement/conversions/o8z6j",
            "0a1b2c3d",
            1_795_471_200,
        );
        assert_eq!(
            header,
            "OAuth oauth_consumer_key=\"ck\", oauth_nonce=\"0a1b2c3d\", oauth_signature=\"CtNZF3EtGdWT7XaEzBPeq6UPLd0%3D\", \
             oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1795471200\", oauth_token=\"7588892-kagSN\", oauth_version=\"1.0\""
        );
    }

    #[test]
    fn a_nonce_is_another_one_for_another_request() {
        let keys = keys();
        let first = keys.nonce("{}", 1);
        assert_eq!(first.len(), NONCE_BYTES * 2);
        assert_ne!(first, keys.nonce("{}", 2));
        assert_ne!(first, keys.nonce("[]", 1));
        assert_eq!(first, keys.nonce("{}", 1));
    }
}
