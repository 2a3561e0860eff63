//! Meta's forms (Conversions API, customer information parameters).
//!
//! The documentation is followed where the official SDKs disagree with it or with each other: e-mail as the parameter builder, phone parsed
//! first, names without punctuation, cities as the Node SDK (accents kept), a state by its code only where a US or Canadian name has one,
//! zip without spaces, unknown countries dropped.

use super::clear::{Clear, Normalized};
use super::country::Country;
use super::rules::Lowercase;
use super::{date, email, phone, state};
use crate::text::{DIGIT, PUNCTUATION, SPACE, fields, lists, trim, without};

/// Words for the two genders that Meta knows.
const FEMALE: &str = "f female woman girl she her mrs ms miss";
const MALE: &str = "m male man boy he him mr mister";

/// Trimmed, lower-case, ASCII only; dots and plus tags kept.
pub fn email(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    if !trim(raw.text()).is_ascii() {
        return None;
    }
    email_any_script(raw, lowercase)
}

/// The same with letters beyond ASCII allowed: what the wire carries for Meta and TikTok alike.
pub(super) fn email_any_script(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::by(raw, |text| address(&lowercase(text)))
}

/// A plausible address as it is.
pub(super) fn address(address: &str) -> Option<String> {
    let (local, domain) = email::split(address)?;
    email::is_plausible(local, domain).then(|| address.to_owned())
}

/// Digits with country code, no plus.
pub fn phone(raw: Clear<'_>, default_country: Option<Country>) -> Option<Normalized> {
    Normalized::by(raw, |text| {
        let number = phone::e164(text, default_country)?;
        Some(number.get(1..)?.to_owned())
    })
}

/// First or last name: lower-case, without punctuation and white space, accents kept.
pub fn name(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::unless_md5(raw, |text| Some(letters(text, lowercase)))
}

/// Lower-case, without digits, punctuation and white space, accents kept.
pub fn city(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::unless_md5(raw, |text| Some(place(text, lowercase)))
}

/// As a city; a US or Canadian name becomes its two-letter code.
pub fn state(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::unless_md5(raw, |text| Some(province(text, lowercase)))
}

/// Lower-case, cut at the first dash, without white space; at least two characters.
pub fn zip(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::unless_md5(raw, |text| postcode(text, lowercase))
}

/// Two lower-case letters of ISO 3166-1; anything else is refused.
pub fn country(raw: Clear<'_>) -> Option<Normalized> {
    Normalized::unless_md5(raw, iso_code)
}

/// `YYYYMMDD`.
pub fn date_of_birth(raw: Clear<'_>) -> Option<Normalized> {
    Normalized::unless_md5(raw, date::compact)
}

/// `f` or `m`, by a list of English words; anything else is refused.
pub fn gender(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::unless_md5(raw, |text| letter(&lowercase(text)))
}

/// Lower-case without white space. An id may have any shape, so 32 hex digits are an id here.
pub fn external_id(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::by(raw, |text| Some(lowercase(&without(text, SPACE))))
}

pub(super) fn letters(text: &str, lowercase: Lowercase) -> String {
    lowercase(&without(text, SPACE + PUNCTUATION))
}

pub(super) fn place(text: &str, lowercase: Lowercase) -> String {
    lowercase(&without(text, SPACE + PUNCTUATION + DIGIT))
}

pub(super) fn province(text: &str, lowercase: Lowercase) -> String {
    let name = place(text, lowercase);
    match state::code(&name) {
        Some(code) => code.to_owned(),
        None => name,
    }
}

pub(super) fn postcode(text: &str, lowercase: Lowercase) -> Option<String> {
    let before_dash = fields(text, b'-').next()?;
    let kept = lowercase(&without(before_dash, SPACE));
    let mut chars = kept.chars();
    chars.next().and(chars.next())?;
    Some(kept)
}

pub(super) fn iso_code(text: &str) -> Option<String> {
    let country = Country::parse(text).filter(|country| country.is_iso())?;
    Some(country.lowercase())
}

pub(super) fn letter(word: &str) -> Option<String> {
    let letter = if lists(FEMALE, word) {
        "f"
    } else if lists(MALE, word) {
        "m"
    } else {
        return None;
    };
    Some(letter.to_owned())
}
