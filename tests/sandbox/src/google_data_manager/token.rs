//! The token endpoint: a signed assertion for a bearer token, checked as Google checks it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::account::{EMAIL, is_signed};
use crate::check::same_secret;
use crate::config::SECOND_MS;
use crate::sandbox::Shared;

/// Scope that the ingest endpoint needs.
const SCOPE: &str = "https://www.googleapis.com/auth/datamanager";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long a token is good, in seconds.
const TOKEN_LIFE_S: i64 = 3_600;
/// Longest life of an assertion, in seconds.
const MAX_ASSERTION_S: i64 = 3_600;
/// How far an assertion's clock may be ahead, in seconds.
const MAX_AHEAD_S: i64 = 60;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

/// `POST /google_data_manager/token`.
pub(crate) async fn grant(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now_s = shared.clock.now_ms() / SECOND_MS;
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match check(&headers, &body, host, now_s) {
        Ok(()) => Json(json!({
            "access_token": token_of(now_s + TOKEN_LIFE_S),
            "expires_in": TOKEN_LIFE_S,
            "token_type": "Bearer",
        }))
        .into_response(),
        Err((error, description)) => (
            StatusCode::BAD_REQUEST,
            Json(json!({ "error": error, "error_description": description })),
        )
            .into_response(),
    }
}

type Refused = (&'static str, &'static str);

fn check(headers: &HeaderMap, body: &[u8], host: &str, now_s: i64) -> Result<(), Refused> {
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if !is_form {
        return Err(("invalid_request", "A form is expected."));
    }
    let fields: Vec<(String, String)> =
        reqwest::Url::parse(&format!("http://x/?{}", String::from_utf8_lossy(body)))
            .map(|url| url.query_pairs().into_owned().collect())
            .unwrap_or_default();
    let field = |name: &str| {
        fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    if field("grant_type") != Some(GRANT_TYPE) {
        return Err(("unsupported_grant_type", "Invalid grant_type."));
    }
    let assertion = field("assertion").unwrap_or_default();
    let invalid = |words| ("invalid_grant", words);
    let (signed, signature) = assertion
        .rsplit_once('.')
        .ok_or(invalid("Invalid JWT: a header, claims and a signature."))?;
    let (head, claims) = signed
        .split_once('.')
        .ok_or(invalid("Invalid JWT: a header, claims and a signature."))?;
    let head: Value = decode(head).ok_or(invalid("Invalid JWT: the header is not readable."))?;
    if head["alg"] != "RS256" || head["typ"] != "JWT" {
        return Err(invalid("Invalid JWT: alg must be RS256."));
    }
    let claims: Claims =
        decode(claims).ok_or(invalid("Invalid JWT: the claims are not readable."))?;
    let is_right = URL_SAFE_NO_PAD
        .decode(signature)
        .is_ok_and(|signature| is_signed(signed, &signature));
    if claims.iss != EMAIL || !is_right {
        return Err(invalid("Invalid JWT Signature."));
    }
    if claims.aud != format!("http://{host}/google_data_manager/token") {
        return Err(invalid("Invalid JWT: aud must be the token endpoint."));
    }
    let is_timely = claims.iat <= now_s + MAX_AHEAD_S
        && claims.exp > now_s
        && claims.exp - claims.iat <= MAX_ASSERTION_S;
    if !is_timely {
        return Err(invalid(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
        ));
    }
    if claims.scope != SCOPE {
        return Err(("invalid_scope", "Invalid OAuth scope."));
    }
    Ok(())
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// Returns the token that ends at this time. It needs no memory: it says when it ends, and nobody else can
/// make one.
fn token_of(expires_s: i64) -> String {
    let digest = Sha256::digest(format!("sandbox token until {expires_s}"));
    format!(
        "ya29.sandbox-{expires_s}-{}",
        URL_SAFE_NO_PAD.encode(digest)
    )
}

/// Whether a bearer token is good at `now_ms`.
pub(crate) fn is_good(token: &str, now_ms: i64) -> bool {
    token
        .strip_prefix("ya29.sandbox-")
        .and_then(|rest| rest.split('-').next())
        .and_then(|expires| expires.parse::<i64>().ok())
        .is_some_and(|expires_s| {
            expires_s > now_ms / SECOND_MS && same_secret(token, &token_of(expires_s))
        })
}
