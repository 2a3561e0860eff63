//! One entry point: a field and a clear value give the digests that travel.

use super::clear::{Clear, Digest, Normalized};
use super::country::Country;
use super::{google, meta, tiktok};

/// Lower-casing of text: the page's `toLowerCase` in the browser, `str::to_lowercase` on a server.
pub type Lowercase = fn(&str) -> String;

/// What a personal value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// E-mail address.
    Email,
    /// Telephone number.
    Phone,
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// City.
    City,
    /// State or province.
    State,
    /// Postal code.
    Zip,
    /// Country code.
    Country,
    /// Date of birth.
    DateOfBirth,
    /// Gender.
    Gender,
    /// The shop's own id of the customer.
    ExternalId,
}

/// Digests of one value in the two forms that platforms want. `second` is filled whenever it exists, even when both are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    /// Meta's form (and TikTok's for e-mail).
    pub first: Option<Digest>,
    /// Google's form (and TikTok's for phone); TikTok's for external ids.
    pub second: Option<Digest>,
}

/// What the rules need to know about their surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How text is lower-cased here.
    pub lowercase: Lowercase,
    /// Country of phone numbers written without a country code.
    pub default_country: Option<Country>,
}

impl Rules {
    /// Normalises and digests one value.
    pub fn digests(&self, field: Field, raw: Clear<'_>) -> Pair {
        let lowercase = self.lowercase;
        let (first, second) = match field {
            Field::Email => (
                meta::email_any_script(raw, lowercase),
                google::email(raw, lowercase),
            ),
            Field::Phone => return self.phone(raw),
            Field::FirstName | Field::LastName => {
                (meta::name(raw, lowercase), google::name(raw, lowercase))
            }
            Field::City => (meta::city(raw, lowercase), None),
            Field::State => (meta::state(raw, lowercase), None),
            Field::Zip => (meta::zip(raw, lowercase), None),
            Field::Country => (meta::country(raw), None),
            Field::DateOfBirth => (meta::date_of_birth(raw), None),
            Field::Gender => (meta::gender(raw, lowercase), None),
            Field::ExternalId => (meta::external_id(raw, lowercase), tiktok::external_id(raw)),
        };
        pair(first.as_ref(), second.as_ref())
    }

    fn phone(&self, raw: Clear<'_>) -> Pair {
        let first = meta::phone(raw, self.default_country);
        let second = google::phone(raw, self.default_country);
        pair(first.as_ref(), second.as_ref())
    }
}

fn pair(first: Option<&Normalized>, second: Option<&Normalized>) -> Pair {
    Pair {
        first: first.map(Normalized::digest),
        second: second.map(Normalized::digest),
    }
}
