//! Meta's forms (Conversions API, customer information parameters).
//!
//! The documentation is followed where the official SDKs disagree with it or with each other: e-mail as the parameter builder, phone parsed
//! first, names without punctuation, cities as the Node SDK (accents kept), a state by its code only where a US or Canadian name has one,
//! zip without spaces, unknown countries dropped.

use super::clear::{Clear, Normalized, is_md5};
use super::country::Country;
use super::rules::Lowercase;
use super::text::{fields, is_punctuation, is_space, only, trim};
use super::{date, email, phone, state};

/// Trimmed, lower-case, ASCII only; dots and plus tags kept.
pub fn email(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    if !trim(raw.text()).is_ascii() {
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
        let number = phone::e164(raw.text(), default_country)?;
        Normalized::text(number.get(1..)?.to_owned())
    })
}

/// First or last name: lower-case, without punctuation and white space, accents kept.
pub fn name(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    let text = match unhashed(raw) {
        Ok(text) => text,
        Err(answer) => return answer,
    };
    let kept = only(text, |c| !is_space(c) && !is_punctuation(c));
    Normalized::text(lowercase(&kept))
}

/// Lower-case, without digits, punctuation and white space, accents kept.
pub fn city(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    match unhashed(raw) {
        Ok(text) => Normalized::text(place(text, lowercase)),
        Err(answer) => answer,
    }
}

/// As a city; a US or Canadian name becomes its two-letter code.
pub fn state(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    let text = match unhashed(raw) {
        Ok(text) => text,
        Err(answer) => return answer,
    };
    let name = place(text, lowercase);
    match state::code(&name) {
        Some(code) => Normalized::text(code.to_owned()),
        None => Normalized::text(name),
    }
}

/// Lower-case, cut at the first dash, without white space; at least two characters.
pub fn zip(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    let text = match unhashed(raw) {
        Ok(text) => text,
        Err(answer) => return answer,
    };
    let before_dash = fields(text, b'-').next()?;
    let kept = lowercase(&only(before_dash, |c| !is_space(c)));
    kept.chars().nth(1)?;
    Normalized::text(kept)
}

/// Two lower-case letters of ISO 3166-1; anything else is refused.
pub fn country(raw: Clear<'_>) -> Option<Normalized> {
    let text = match unhashed(raw) {
        Ok(text) => text,
        Err(answer) => return answer,
    };
    let country = Country::parse(text).filter(|country| country.is_iso())?;
    Normalized::text(country.lowercase())
}

/// `YYYYMMDD`.
pub fn date_of_birth(raw: Clear<'_>) -> Option<Normalized> {
    match unhashed(raw) {
        Ok(text) => Normalized::text(date::compact(text)?),
        Err(answer) => answer,
    }
}

/// `f` or `m`, by a list of English words; anything else is refused.
pub fn gender(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    let text = match unhashed(raw) {
        Ok(text) => text,
        Err(answer) => return answer,
    };
    let letter = match lowercase(text).as_str() {
        "f" | "female" | "woman" | "girl" | "she" | "her" | "mrs" | "ms" | "miss" => "f",
        "m" | "male" | "man" | "boy" | "he" | "him" | "mr" | "mister" => "m",
        _ => return None,
    };
    Normalized::text(letter.to_owned())
}

/// Lower-case without white space. An id may have any shape, so 32 hex digits are an id here.
pub fn external_id(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::hashed(raw.text())
        .or_else(|| Normalized::text(lowercase(&only(raw.text(), |c| !is_space(c)))))
}

/// What there is to normalise, trimmed; or the answer already: a digest passes through, MD5 is refused.
#[inline(never)]
pub(super) fn unhashed(raw: Clear<'_>) -> Result<&str, Option<Normalized>> {
    let text = trim(raw.text());
    if is_md5(text) {
        return Err(None);
    }
    match Normalized::hashed(text) {
        Some(hashed) => Err(Some(hashed)),
        None => Ok(text),
    }
}

fn place(text: &str, lowercase: Lowercase) -> String {
    let kept = only(text, |c| {
        !is_space(c) && !is_punctuation(c) && !c.is_ascii_digit()
    });
    lowercase(&kept)
}
