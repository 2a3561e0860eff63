//! Google's forms (Data Manager API and Google Ads API; the library `google-ads-datamanager-util` 0.4.0 is the measure).
//!
//! City, region, postal code and country travel in clear; their functions return the text to send and take no digests. Where the library
//! damages a value (a phone number without country code, a digest taken for a phone number) the documentation is followed.

use super::clear::{Clear, Normalized};
use super::country::Country;
use super::rules::Lowercase;
use super::{email, phone};
use crate::text::{PUNCTUATION, fields, trim, without};

/// Trimmed, lower-case; for Gmail addresses dots and the plus tag are removed (`googlemail.com` stays `googlemail.com`).
pub fn email(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::by(raw, |text| mailbox(&lowercase(text)))
}

/// The address under which Google knows a mailbox.
pub(super) fn mailbox(address: &str) -> Option<String> {
    let (local, domain) = email::split(address)?;
    if domain != "gmail.com" && domain != "googlemail.com" {
        return Some(address.to_owned());
    }
    let mut canonical = String::with_capacity(address.len());
    for part in fields(fields(local, b'+').next()?, b'.') {
        canonical.push_str(part);
    }
    if canonical.is_empty() {
        return None;
    }
    canonical.push('@');
    canonical.push_str(domain);
    Some(canonical)
}

/// E.164 with plus.
pub fn phone(raw: Clear<'_>, default_country: Option<Country>) -> Option<Normalized> {
    Normalized::by(raw, |text| phone::e164(text, default_country))
}

/// First or last name: trimmed, lower-case, punctuation kept.
pub fn name(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::unless_md5(raw, |text| Some(lowercase(text)))
}

/// Street and house number: trimmed, lower-case, punctuation removed.
pub fn street_address(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::unless_md5(raw, |text| Some(words(text, lowercase)))
}

/// City, in clear: as a street.
pub fn city(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::of(words(trim(raw.text()), lowercase))
}

/// State or province, in clear: as a street.
pub fn state(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    city(raw, lowercase)
}

/// Postal code, in clear: trimmed only.
pub fn zip(raw: Clear<'_>) -> Option<Normalized> {
    Normalized::of(trim(raw.text()).to_owned())
}

/// Region code, in clear: two upper-case letters, not checked against a list.
pub fn country(raw: Clear<'_>) -> Option<Normalized> {
    let text = trim(raw.text());
    if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    Normalized::of(text.to_ascii_uppercase())
}

fn words(text: &str, lowercase: Lowercase) -> String {
    lowercase(trim(&without(text, PUNCTUATION)))
}
