//! One entry point: a field and a clear value give the digests that travel.

use super::clear::{Clear, Digest, is_md5};
use super::country::Country;
use super::{date, google, meta, microsoft, phone, reddit};
use crate::text::{SPACE, trim, without};

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

/// Digests of one e-mail address in the forms that only one platform wants. Filled whenever they exist, even when equal to those of a [`Pair`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mailboxes {
    /// Reddit's form.
    pub reddit: Option<Digest>,
    /// Microsoft Advertising's form.
    pub microsoft: Option<Digest>,
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
    ///
    /// A digest passes through in both forms, an MD5 digest is refused: as in [`meta`] and [`google`], whose forms these are.
    pub fn digests(&self, field: Field, raw: Clear<'_>) -> Pair {
        let text = trim(raw.text());
        if let Some(digest) = Digest::parse(text) {
            let has_second = matches!(
                field,
                Field::Email
                    | Field::Phone
                    | Field::FirstName
                    | Field::LastName
                    | Field::ExternalId
            );
            return Pair {
                first: Some(digest),
                second: has_second.then_some(digest),
            };
        }
        if is_md5(text) && field != Field::ExternalId {
            return Pair::default();
        }
        let (first, second) = self.forms(field, text);
        Pair {
            first: first.as_deref().and_then(digest),
            second: second.as_deref().and_then(digest),
        }
    }

    /// Normalises and digests an e-mail address in the forms that a [`Pair`] has no room for. A digest passes through, an MD5 digest is refused.
    pub fn mailboxes(&self, raw: Clear<'_>) -> Mailboxes {
        let text = trim(raw.text());
        if let Some(digest) = Digest::parse(text) {
            return Mailboxes {
                reddit: Some(digest),
                microsoft: Some(digest),
            };
        }
        let address = (self.lowercase)(text);
        Mailboxes {
            reddit: reddit::mailbox(&address).as_deref().and_then(digest),
            microsoft: microsoft::mailbox(&address).as_deref().and_then(digest),
        }
    }

    /// Both forms of a trimmed text.
    fn forms(&self, field: Field, text: &str) -> (Option<String>, Option<String>) {
        let lowercase = self.lowercase;
        let first = match field {
            Field::Email => {
                let address = lowercase(text);
                return (meta::address(&address), google::mailbox(&address));
            }
            Field::Phone => {
                let number = phone::e164(text, self.default_country);
                let digits = number.as_ref().and_then(|number| number.get(1..));
                return (digits.map(str::to_owned), number);
            }
            Field::FirstName | Field::LastName => {
                return (Some(meta::letters(text, lowercase)), Some(lowercase(text)));
            }
            Field::ExternalId => {
                let id = lowercase(&without(text, SPACE));
                return (Some(id), Some(text.to_owned()));
            }
            Field::City => Some(meta::place(text, lowercase)),
            Field::State => Some(meta::province(text, lowercase)),
            Field::Zip => meta::postcode(text, lowercase),
            Field::Country => meta::iso_code(text),
            Field::DateOfBirth => date::compact(text),
            Field::Gender => meta::letter(&lowercase(text)),
        };
        (first, None)
    }
}

fn digest(form: &str) -> Option<Digest> {
    (!form.is_empty()).then(|| Digest::of(form))
}
