//! TikTok's forms (Events API 2.0). There is no official normaliser; the measure is the hash routine of the official server tag.

use super::clear::{Clear, Normalized};
use super::country::Country;
use super::rules::Lowercase;
use super::{google, meta};

/// Trimmed, lower-case. Letters beyond ASCII pass, unlike at Meta.
pub fn email(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    meta::email_any_script(raw, lowercase)
}

/// E.164 with plus (the tag only trims, so the caller's form decides; Segment's and TikTok's examples carry the plus).
pub fn phone(raw: Clear<'_>, default_country: Option<Country>) -> Option<Normalized> {
    google::phone(raw, default_country)
}

/// Trimmed, case kept: it must equal what TikTok's pixel sends.
pub fn external_id(raw: Clear<'_>) -> Option<Normalized> {
    Normalized::by(raw, |text| Some(text.to_owned()))
}
