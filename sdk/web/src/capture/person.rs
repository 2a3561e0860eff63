//! Personal values become digests here, at once; the clear text is neither kept nor stored.

use firsthand_core::identity::{Clear, Country, Digest, Field, Rules};
use firsthand_core::wire::DigestKey;

use crate::host;
use crate::storage::segment::Segment;

/// Name in the API, kind, wire key of the first and of the second form.
const FIELDS: [(&str, Field, DigestKey, Option<DigestKey>); 11] = [
    (
        "email",
        Field::Email,
        DigestKey::Email,
        Some(DigestKey::EmailGoogle),
    ),
    (
        "phone",
        Field::Phone,
        DigestKey::Phone,
        Some(DigestKey::PhoneE164),
    ),
    (
        "firstName",
        Field::FirstName,
        DigestKey::FirstName,
        Some(DigestKey::FirstNameGoogle),
    ),
    (
        "lastName",
        Field::LastName,
        DigestKey::LastName,
        Some(DigestKey::LastNameGoogle),
    ),
    ("city", Field::City, DigestKey::City, None),
    ("state", Field::State, DigestKey::State, None),
    ("zip", Field::Zip, DigestKey::Zip, None),
    ("country", Field::Country, DigestKey::Country, None),
    (
        "dateOfBirth",
        Field::DateOfBirth,
        DigestKey::DateOfBirth,
        None,
    ),
    ("gender", Field::Gender, DigestKey::Gender, None),
    (
        "externalId",
        Field::ExternalId,
        DigestKey::ExternalId,
        Some(DigestKey::ExternalIdTrimmed),
    ),
];

/// Reads `name<tab>value` lines into a segment; returns the names of those that were refused, joined by commas. The values are
/// never shown. An empty value removes what was known.
pub(crate) fn digest_into(
    segment: &mut Segment,
    default_country: Option<Country>,
    lines: &str,
) -> String {
    let values = || lines.lines().filter_map(|line| line.split_once('\t'));
    let phone_country = values()
        .find(|(name, _)| *name == "phoneCountry")
        .and_then(|(_, code)| Country::parse(code));
    let rules = Rules {
        lowercase: host::lower,
        default_country: phone_country.or(default_country),
    };
    let mut refused = String::new();
    for (name, value) in values() {
        let Some((_, field, first, second)) = FIELDS.iter().find(|(known, ..)| *known == name)
        else {
            continue;
        };
        let pair = rules.digests(*field, Clear::new(value));
        if pair.first.is_none() && pair.second.is_none() && !value.is_empty() {
            if !refused.is_empty() {
                refused.push(',');
            }
            refused.push_str(name);
        }
        segment.set_digest(*first, pair.first.as_ref().map(Digest::hex));
        if let Some(second) = second {
            // Written only where it differs (docs/wire.md).
            let digest = pair.second.filter(|digest| pair.first != Some(*digest));
            segment.set_digest(*second, digest.as_ref().map(Digest::hex));
        }
    }
    refused
}

/// Returns the shop's own id of the customer among the lines.
pub(crate) fn user_id(lines: &str) -> Option<&str> {
    lines
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(name, _)| *name == "userId")
        .map(|(_, id)| id)
}
