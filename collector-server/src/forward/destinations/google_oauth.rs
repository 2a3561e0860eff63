//! Access tokens of a Google service account: a signed assertion for a bearer token (RFC 7523).
//!
//! Source: "Using OAuth 2.0 for Server to Server Applications" (developers.google.com/identity).

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;

use super::{
    Answer, FORM, Outgoing, RetryClass, Token, TokenGrant, Verdict, Words, foreign_answer,
};
use crate::secret::Secret;

/// How long an assertion is good: Google's greatest.
const ASSERTION_SECS: i64 = 3_600;
/// Taken off an assertion's time, so that a clock that is a little fast is not refused.
const CLOCK_MARGIN_SECS: i64 = 10;
const GRANT_TYPE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

/// A service account that can sign.
pub(super) struct ServiceAccount {
    email: String,
    key_id: String,
    /// Where a token is asked for, and whom the assertion is for.
    token_url: String,
    scope: &'static str,
    key: RsaKeyPair,
}

#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    client_email: String,
    #[serde(default)]
    private_key_id: String,
    private_key: String,
    #[serde(default = "default_token_uri")]
    token_uri: String,
}

fn default_token_uri() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

impl ServiceAccount {
    /// Reads a service account's key file. An error says what is wrong with it, never what is in it.
    /// Returns the private key's text too: it must be blotted out wherever it could appear.
    pub(super) fn read(
        json: &str,
        scope: &'static str,
    ) -> Result<(Self, Vec<Secret>), &'static str> {
        let file: KeyFile = serde_json::from_str(json)
            .map_err(|_| "is no key file of a service account: it must be the JSON file that Google Cloud made, with client_email and private_key")?;
        if file.kind != "service_account" {
            return Err(
                "is the key file of another kind of account: \"type\" must be \"service_account\"",
            );
        }
        let der = PrivatePkcs8KeyDer::from_pem_slice(file.private_key.as_bytes())
            .map_err(|_| "has a private_key that is no PKCS #8 key in PEM form")?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|_| "has a private_key that is no RSA key of 2048 to 8192 bits")?;
        let secrets = file
            .private_key
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .map(Secret::new)
            .collect();
        let account = Self {
            email: file.client_email,
            key_id: file.private_key_id,
            token_url: file.token_uri,
            scope,
            key,
        };
        Ok((account, secrets))
    }

    /// Returns where tokens are asked for.
    pub(super) fn token_url(&self) -> &str {
        &self.token_url
    }

    fn assertion(&self, now_ms: i64) -> Option<String> {
        let issued_at = now_ms / 1_000 - CLOCK_MARGIN_SECS;
        let header = serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id});
        let claims = serde_json::json!({
            "iss": self.email,
            "scope": self.scope,
            "aud": self.token_url,
            "iat": issued_at,
            "exp": issued_at + ASSERTION_SECS,
        });
        let mut text = URL_SAFE_NO_PAD.encode(header.to_string());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut text);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .ok()?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut text);
        Some(text)
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl TokenGrant for ServiceAccount {
    fn request(&self, now_ms: i64) -> Result<Outgoing, Words> {
        let assertion = self
            .assertion(now_ms)
            .ok_or_else(|| Words::new("google: the private key does not sign"))?;
        Ok(Outgoing {
            url: self.token_url.clone(),
            content_type: FORM,
            headers: Vec::new(),
            // The assertion's characters need no encoding.
            body: format!("grant_type={GRANT_TYPE}&assertion={assertion}"),
        })
    }

    fn interpret(&self, answer: &Answer) -> Result<Token, Verdict> {
        if answer.is_success() {
            return match serde_json::from_str::<Granted>(&answer.body) {
                Ok(granted) if !granted.access_token.is_empty() => Ok(Token {
                    secret: Secret::new(granted.access_token),
                    lives: Duration::from_secs(granted.expires_in),
                }),
                _ => Err(Verdict::Retry {
                    class: RetryClass::Unknown,
                    after: None,
                    reason: Words::new("google: an answer without an access token"),
                }),
            };
        }
        match serde_json::from_str::<Refused>(&answer.body) {
            Ok(refused) if matches!(answer.status, 400 | 401 | 403) => Err(Verdict::Unauthorized {
                reason: Words::new("google access token")
                    .saying(format!("{}: {}", refused.error, refused.error_description)),
            }),
            _ => Err(foreign_answer(answer)),
        }
    }
}
