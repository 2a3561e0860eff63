//! Meta's forms (Conversions API, customer information parameters).
//!
//! The documentation is followed where the official SDKs disagree with it or with each other: e-mail as the parameter builder, phone parsed
//! first, names without punctuation, cities as the Node SDK (accents kept), a state by its code only where a US or Canadian name has one,
//! zip without spaces, unknown countries dropped.

use super::clear::{Clear, Normalized, is_md5};
use super::country::Country;
use super::rules::Lowercase;
use super::text::{is_punctuation, is_space, only, trim};
use super::{date, email, phone, state};

/// Trimmed, lower-case, ASCII only; dots and plus tags kept.
pub fn email(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    if !raw.text().is_ascii() {
        return None;
    }
    email_any_script(raw, lowercase)
}

/// The same with letters beyond ASCII allowed: what the wire carries for Meta and TikTok alike.
pub(super) fn email_any_script(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::hashed(raw.text()).or_else(|| {
        let text = lowercase(trim(raw.text()));
        let (local, domain) = email::split(&text)?;
        if !email::is_plausible(local, domain) {
            return None;
        }
        Normalized::text(text)
    })
}

/// Digits with country code, no plus.
pub fn phone(raw: Clear<'_>, default_country: Option<Country>) -> Option<Normalized> {
    Normalized::hashed(raw.text()).or_else(|| {
        let mut text = phone::e164(raw.text(), default_country)?;
        text.remove(0);
        Normalized::text(text)
    })
}

/// First or last name: lower-case, without punctuation and white space, accents kept.
pub fn name(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    hashed_or(raw, |text| {
        let kept = only(text, |c| !is_space(c) && !is_punctuation(c));
        Normalized::text(lowercase(&kept))
    })
}

/// Lower-case, without digits, punctuation and white space, accents kept.
pub fn city(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    hashed_or(raw, |text| Normalized::text(place(text, lowercase)))
}

/// As a city; a US or Canadian name becomes its two-letter code.
pub fn state(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    hashed_or(raw, |text| {
        let name = place(text, lowercase);
        match state::code(&name) {
            Some(code) => Normalized::text(code.to_owned()),
            None => Normalized::text(name),
        }
    })
}

/// Lower-case, cut at the first dash, without white space; at least two characters.
pub fn zip(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    hashed_or(raw, |text| {
        let before_dash = text.split('-').next()?;
        let kept = lowercase(&only(before_dash, |c| !is_space(c)));
        if kept.chars().nth(1).is_none() {
            return None;
        }
        Normalized::text(kept)
    })
}

/// Two lower-case letters of ISO 3166-1; anything else is refused.
pub fn country(raw: Clear<'_>) -> Option<Normalized> {
    hashed_or(raw, |text| {
        let country = Country::parse(text).filter(|country| country.is_iso())?;
        Normalized::text(country.lowercase())
    })
}

/// `YYYYMMDD`.
pub fn date_of_birth(raw: Clear<'_>) -> Option<Normalized> {
    hashed_or(raw, |text| Normalized::text(date::compact(text)?))
}

/// `f` or `m`, by a list of English words; anything else is refused.
pub fn gender(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    hashed_or(raw, |text| {
        let letter = match lowercase(text).as_str() {
            "f" | "female" | "woman" | "girl" | "she" | "her" | "mrs" | "ms" | "miss" => "f",
            "m" | "male" | "man" | "boy" | "he" | "him" | "mr" | "mister" => "m",
            _ => return None,
        };
        Normalized::text(letter.to_owned())
    })
}

/// Lower-case without white space. An id may have any shape, so 32 hex digits are an id here.
pub fn external_id(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::hashed(raw.text())
        .or_else(|| Normalized::text(lowercase(&only(raw.text(), |c| !is_space(c)))))
}

/// Digests pass, MD5 is refused, the rest goes through `rule` trimmed.
pub(super) fn hashed_or(
    raw: Clear<'_>,
    rule: impl FnOnce(&str) -> Option<Normalized>,
) -> Option<Normalized> {
    let text = trim(raw.text());
    if is_md5(text) {
        return None;
    }
    match Normalized::hashed(text) {
        Some(hashed) => Some(hashed),
        None => rule(text),
    }
}

fn place(text: &str, lowercase: Lowercase) -> String {
    let kept = only(text, |c| {
        !is_space(c) && !is_punctuation(c) && !c.is_ascii_digit()
    });
    lowercase(&kept)
}
