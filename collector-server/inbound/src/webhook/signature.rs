//! Signatures over the raw body: HMAC-SHA256, compared in constant time.
//!
//! | platform | header | key | signed |
//! |---|---|---|---|
//! | Shopify | base64 | the app's client secret, or the shop's own for webhooks made in its admin | the body |
//! | WooCommerce | base64 | the webhook's secret | the body |
//! | Stripe | `t=SECONDS,v1=HEX[,v1=HEX]` | the whole `whsec_…` text | `SECONDS.body` |
//!
//! Several keys are tried, so that a secret can be replaced without losing a notice. Stripe's time must lie within the tolerance, before and
//! after: its own libraries take any time in the future, which would let a notice be kept for later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Platform;

/// Length of a signature, in bytes.
const SIGNATURE_BYTES: usize = 32;
/// Most signatures of one header: Stripe sends one for each secret in force.
const MAX_SIGNATURES: usize = 8;

/// Why a request is not the vendor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forged {
    /// There is no signature.
    Missing,
    /// It is not of its form: cut, or of another scheme.
    Malformed,
    /// It is not that of this body under any of the keys.
    Wrong,
    /// It is right, but its time lies outside the tolerance.
    Stale,
}

/// Checks a signature. `now_secs` is the time in seconds since 1970.
pub fn verify<'k>(
    platform: Platform,
    header: Option<&str>,
    body: &[u8],
    keys: impl Iterator<Item = &'k str> + Clone,
    now_secs: i64,
    tolerance_secs: u32,
) -> Result<(), Forged> {
    let header = header.ok_or(Forged::Missing)?.trim();
    match platform {
        Platform::Shopify | Platform::WooCommerce => {
            let mut given = [0; SIGNATURE_BYTES];
            let length = STANDARD.decode_slice(header, &mut given);
            if length != Ok(SIGNATURE_BYTES) {
                return Err(Forged::Malformed);
            }
            is_any(keys, &[], body, &[given])
                .then_some(())
                .ok_or(Forged::Wrong)
        }
        Platform::Stripe => {
            let (time, given) = stripe_header(header)?;
            let at_secs: i64 = time.parse().map_err(|_| Forged::Malformed)?;
            if !is_any(keys, &[time.as_bytes(), b"."], body, &given) {
                return Err(Forged::Wrong);
            }
            let far = now_secs.abs_diff(at_secs);
            if far > u64::from(tolerance_secs) {
                return Err(Forged::Stale);
            }
            Ok(())
        }
    }
}

/// Reads `t=…,v1=…`; other schemes (`v0` is for tests) are passed over.
fn stripe_header(header: &str) -> Result<(&str, Vec<[u8; SIGNATURE_BYTES]>), Forged> {
    let mut time = None;
    let mut given = Vec::new();
    for pair in header.split(',') {
        let (name, value) = pair.trim().split_once('=').ok_or(Forged::Malformed)?;
        match name {
            "t" if time.is_none() && value.bytes().all(|b| b.is_ascii_digit()) => {
                time = Some(value);
            }
            "t" => return Err(Forged::Malformed),
            "v1" if given.len() < MAX_SIGNATURES => {
                given.push(hex(value).ok_or(Forged::Malformed)?);
            }
            _ => {}
        }
    }
    match time {
        Some(time) if !given.is_empty() => Ok((time, given)),
        _ => Err(Forged::Malformed),
    }
}

fn hex(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let digits = text.as_bytes();
    if digits.len() != SIGNATURE_BYTES * 2 {
        return None;
    }
    let mut bytes = [0; SIGNATURE_BYTES];
    for (slot, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *slot = *slot << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(bytes)
}

/// Whether any of the signatures is that of the text under any of the keys. Looks at all of them, so that the time tells nothing.
fn is_any<'k>(
    keys: impl Iterator<Item = &'k str>,
    before: &[&[u8]],
    body: &[u8],
    given: &[[u8; SIGNATURE_BYTES]],
) -> bool {
    let mut is_found = false;
    for key in keys {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
            continue;
        };
        for part in before {
            mac.update(part);
        }
        mac.update(body);
        for signature in given {
            is_found |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    is_found
}
