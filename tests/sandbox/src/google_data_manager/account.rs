//! The demo service account: a key pair made at first use, so that no private key is kept in the project.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// The service account's name.
pub(crate) const EMAIL: &str = "firsthand@sandbox.iam.gserviceaccount.com";
/// Characters of a line in a PEM file.
const PEM_LINE: usize = 64;

static KNOWN: LazyLock<Option<KeyPair>> =
    LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).ok());
static UNKNOWN: LazyLock<Option<KeyPair>> =
    LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).ok());

/// Whether the demo account signed a text.
pub(crate) fn is_signed(text: &str, signature: &[u8]) -> bool {
    KNOWN.as_ref().is_some_and(|pair| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
            .verify(text.as_bytes(), signature)
            .is_ok()
    })
}

/// Returns the key file of the demo service account, as Google Cloud would make it for a sandbox at
/// `base` (such as `http://127.0.0.1:9090`). The key is made anew in every process.
pub fn service_account(base: &str) -> String {
    key_file(base, KNOWN.as_ref())
}

/// `GET /google_data_manager/service-account.json`.
pub(crate) async fn download(headers: HeaderMap) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("127.0.0.1");
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, service_account(&format!("http://{host}"))).into_response()
}

/// Returns the key file of an account of that name whose key the sandbox does not know.
pub fn unknown_service_account(base: &str) -> String {
    key_file(base, UNKNOWN.as_ref())
}

fn key_file(base: &str, pair: Option<&KeyPair>) -> String {
    let pem = pair.and_then(pem_of).unwrap_or_default();
    json!({
        "type": "service_account",
        "project_id": "sandbox",
        "private_key_id": "sandbox-1",
        "private_key": pem,
        "client_email": EMAIL,
        "token_uri": format!("{base}/google_data_manager/token"),
    })
    .to_string()
}

fn pem_of(pair: &KeyPair) -> Option<String> {
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let encoded = STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in encoded.as_bytes().chunks(PEM_LINE) {
        pem.push_str(std::str::from_utf8(line).ok()?);
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Some(pem)
}
