//! Reddit's form of e-mail addresses (help page "Manual Advanced Matching"). Phone numbers are Google's form, external ids TikTok's.

use super::clear::{Clear, Normalized};
use super::email;
use super::rules::Lowercase;

/// Lower-case; the user name is cut at the first plus and loses all but letters and digits, at every provider.
pub fn email(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::by(raw, |text| mailbox(&lowercase(text)))
}

pub(super) fn mailbox(address: &str) -> Option<String> {
    email::reduced(address, |b| b.is_ascii_alphanumeric())
}
