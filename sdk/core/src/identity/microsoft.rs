//! Microsoft Advertising's form of e-mail addresses, as two independent connectors quote its guide. A third one only trims and lowers: which
//! form a destination sends is configured there.

use super::clear::{Clear, Normalized};
use super::email;
use super::rules::Lowercase;

/// Lower-case; the user name is cut at the first plus and loses its dots, at every provider.
pub fn email(raw: Clear<'_>, lowercase: Lowercase) -> Option<Normalized> {
    Normalized::by(raw, |text| mailbox(&lowercase(text)))
}

pub(super) fn mailbox(address: &str) -> Option<String> {
    email::reduced(address, |b| b != b'.')
}
