//! Checks an OAuth 1.0a signature (RFC 5849): the fields of the `Authorization` header, the clock, the HMAC.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt::Write as _;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ACCOUNT;

/// How far the clock of a request may be off, in seconds.
const MAX_SKEW_S: i64 = 300;
/// The fields that a header must have, and no others.
const FIELDS: [&str; 7] = [
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_token",
    "oauth_version",
];

/// Most nonces that are remembered.
const MAX_NONCES: usize = 10_000;

/// Bounded memory of the nonces of good requests.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl Nonces {
    /// Remembers a nonce; returns whether it is new.
    pub(crate) fn admit(&mut self, nonce: &str) -> bool {
        if !self.known.insert(nonce.to_owned()) {
            return false;
        }
        self.order.push_back(nonce.to_owned());
        if self.order.len() > MAX_NONCES
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// Checks a header; returns the nonce, or what is wrong. `url` is the address without a query.
pub(super) fn check(header: &str, url: &str, now_ms: i64) -> Result<String, &'static str> {
    let fields = fields(header).ok_or("the Authorization header is not OAuth")?;
    if !fields.keys().map(String::as_str).eq(FIELDS) {
        return Err("an OAuth field is missing, unknown or there twice");
    }
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    if field("oauth_signature_method") != "HMAC-SHA1" || field("oauth_version") != "1.0" {
        return Err("only HMAC-SHA1 of version 1.0 is supported");
    }
    if field("oauth_consumer_key") != ACCOUNT.consumer_key || field("oauth_token") != ACCOUNT.token
    {
        return Err("invalid or expired token");
    }
    let at_s: i64 = field("oauth_timestamp").parse().unwrap_or_default();
    if (now_ms / 1_000 - at_s).abs() > MAX_SKEW_S {
        return Err("timestamp out of bounds");
    }
    let pairs: Vec<String> = fields
        .iter()
        .filter(|(name, _)| *name != "oauth_signature")
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let base = format!("POST&{}&{}", encode(url), encode(&pairs.join("&")));
    let key = format!(
        "{}&{}",
        encode(ACCOUNT.consumer_secret),
        encode(ACCOUNT.token_secret)
    );
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let signature = STANDARD
        .decode(field("oauth_signature"))
        .map_err(|_| "the signature is not base64")?;
    hmac::verify(&key, base.as_bytes(), &signature)
        .map_err(|_| "could not authenticate you: the signature does not match")?;
    Ok(field("oauth_nonce").to_owned())
}

/// Reads `OAuth name="value", …`; a name that comes twice is not one.
fn fields(header: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for pair in header.strip_prefix("OAuth ")?.split(',') {
        let (name, quoted) = pair.trim().split_once('=')?;
        let value = quoted.strip_prefix('"')?.strip_suffix('"')?;
        if found.insert(decode(name)?, decode(value)?).is_some() {
            return None;
        }
    }
    Some(found)
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            out.push(*first);
            rest = tail;
            continue;
        }
        let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
        out.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail.get(2..)?;
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_comes_back() {
        for text in ["", "a b", "ü/+=&", "100%"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
        assert_eq!(decode("%zz"), None);
        assert_eq!(decode("%4"), None);
    }
}
