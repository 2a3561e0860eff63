//! Whom a privacy officer or a shop's server means: values in clear or digests become identifiers at once.

use firsthand_core::identity::{Country, Digest};
use firsthand_core::ids;
use firsthand_core::wire::User;

use super::{Sender, person};
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::Identifier;
use crate::store::SourceKind;

/// Why somebody cannot be looked for. A value that was left out silently would be a person who was half erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WhomError {
    /// A clear value is not of its form.
    #[error(
        "a value in clear could not be read: an e-mail address needs an at sign and a host, a phone number its country \
         code or a country"
    )]
    Clear,
    /// A digest is none.
    #[error(
        "a digest is not 64 hex digits: send the SHA-256 of the normalised value, or the value in clear"
    )]
    Digest,
    /// A browser's id is none.
    #[error("anonymous_id is no UUID in lower case")]
    AnonymousId,
}

/// Returns by what these values name a person.
pub fn whom(
    ring: &KeyRing,
    user: &User<'_>,
    default_phone_country: Option<Country>,
) -> Result<Vec<Identifier>, WhomError> {
    if user
        .anonymous_id
        .as_deref()
        .is_some_and(|id| !ids::is_uuid(id))
    {
        return Err(WhomError::AnonymousId);
    }
    if user
        .digests
        .iter()
        .any(|(_, value)| value.len() != 2 && Digest::parse(value).is_none())
    {
        return Err(WhomError::Digest);
    }
    let sender = Sender {
        source: "".into(),
        kind: SourceKind::Server,
        default_phone_country,
    };
    let mut user = user.clone();
    if person::digest_clear_values(&mut user, &sender) > 0 {
        return Err(WhomError::Clear);
    }
    Ok(person::identifiers(
        ring,
        &user,
        &sender,
        user.anonymous_id.as_deref(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::keys::testing_ring;
    use crate::privacy::subject::Kind;
    use firsthand_core::wire::{ClearKey, DigestKey};
    use std::borrow::Cow;

    fn clear(key: ClearKey, value: &str) -> User<'_> {
        User {
            clear: vec![(key, Cow::Borrowed(value))],
            ..User::default()
        }
    }

    #[test]
    fn a_clear_value_and_its_digest_are_the_same_person() {
        let ring = testing_ring();
        let by_address = whom(&ring, &clear(ClearKey::Email, " Jane@Example.com"), None).unwrap();
        // printf jane@example.com | sha256sum
        let digest = "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d";
        let by_digest = User {
            digests: vec![(DigestKey::Email, Cow::Borrowed(digest))],
            ..User::default()
        };
        assert_eq!(by_address, whom(&ring, &by_digest, None).unwrap());
        assert_eq!(by_address[0].kind, Kind::Email);
    }

    #[test]
    fn what_cannot_be_read_is_no_person_who_has_nothing() {
        let ring = testing_ring();
        let of = |user: &User<'_>| whom(&ring, user, None).unwrap_err();
        assert_eq!(of(&clear(ClearKey::Email, "nobody")), WhomError::Clear);
        assert_eq!(of(&clear(ClearKey::Phone, "abc")), WhomError::Clear);
        let short = User {
            digests: vec![(DigestKey::Email, Cow::Borrowed("62a14e44"))],
            ..User::default()
        };
        assert_eq!(of(&short), WhomError::Digest);
        let id = User {
            anonymous_id: Some(Cow::Borrowed("customer-7")),
            ..User::default()
        };
        assert_eq!(of(&id), WhomError::AnonymousId);
    }
}
