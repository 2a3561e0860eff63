//! Meta's click cookie value, made from a click id where Meta's own cookie is missing.

use crate::text::{is_visible, push_number, without_end};

/// Longest click id that Meta's parameter builder takes, in bytes.
pub const MAX_FBCLID_BYTES: usize = 500;

/// Forms `fb.{subdomain_index}.{click_seen_ms}.{fbclid}`. The click id keeps its case; one that is empty, too long or holds anything but
/// visible ASCII gives nothing. `click_seen_ms` is when the click id was first seen, in Unix milliseconds.
pub fn fbc(subdomain_index: u8, click_seen_ms: i64, fbclid: &str) -> Option<String> {
    let is_click_id = fbclid.len() <= MAX_FBCLID_BYTES && is_visible(fbclid);
    let ms = u64::try_from(click_seen_ms).ok()?;
    if !is_click_id {
        return None;
    }
    let mut out = String::with_capacity(fbclid.len() + 24);
    out.push_str("fb.");
    push_number(&mut out, u64::from(subdomain_index));
    out.push('.');
    push_number(&mut out, ms);
    out.push('.');
    out.push_str(fbclid);
    Some(out)
}

/// Returns the number of dots in the domain a cookie is set on (`shop.example` 1, `www.shop.example` 2); 0 for an IP address.
pub fn subdomain_index(host: &str) -> u8 {
    let host = without_end(host, b'.');
    let is_address =
        host.bytes().any(|b| b == b':') || host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_address {
        return 0;
    }
    let dots = host.bytes().filter(|b| *b == b'.').count();
    u8::try_from(dots).unwrap_or(u8::MAX)
}
