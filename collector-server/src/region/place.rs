//! A country and, where it is known, its subdivision.

use firsthand_core::identity::Country;

/// Most characters of a subdivision's own code (ISO 3166-2).
const MAX_SUBDIVISION_BYTES: usize = 3;

/// Where a visitor is, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    country: Option<String>,
    region: Option<String>,
}

impl Place {
    /// Reads a country's code (`US`), and a subdivision's as `US-CA` or `CA`, in any case. What is no code is unknown; a subdivision of
    /// another country than the one that is told is unknown too.
    pub fn read(country: Option<&str>, subdivision: Option<&str>) -> Self {
        let (of_country, own) = match subdivision.map(str::trim) {
            None => (None, None),
            Some(text) => match text.split_once('-') {
                Some((country, own)) => (code_of(country), Some(own)),
                None => (None, Some(text)),
            },
        };
        let told = country.and_then(code_of);
        if told.is_some() && of_country.is_some() && told != of_country {
            return Self {
                country: told,
                region: None,
            };
        }
        let Some(country) = told.or(of_country) else {
            return Self::default();
        };
        let region = own
            .filter(|own| is_subdivision(own))
            .map(|own| format!("{country}-{}", own.to_ascii_uppercase()));
        Self {
            country: Some(country),
            region,
        }
    }

    /// Returns the country, ISO 3166-1.
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }

    /// Returns the subdivision with its country, ISO 3166-2, such as `US-CA`.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

fn code_of(text: &str) -> Option<String> {
    let country = Country::parse(text).filter(|country| country.is_iso())?;
    Some(country.code().map(char::from).into_iter().collect())
}

/// Whether a text has the form of a subdivision's own code.
pub(super) fn is_subdivision(text: &str) -> bool {
    (1..=MAX_SUBDIVISION_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_in_the_forms_that_proxies_write() {
        for (country, subdivision, want) in [
            (Some("us"), Some("ca"), (Some("US"), Some("US-CA"))),
            (Some("US"), Some("US-CA"), (Some("US"), Some("US-CA"))),
            (None, Some("CA-QC"), (Some("CA"), Some("CA-QC"))),
            (Some("GB"), Some("ENG"), (Some("GB"), Some("GB-ENG"))),
            (Some("DE"), None, (Some("DE"), None)),
            // A subdivision alone, of another country, or of no form.
            (None, Some("CA"), (None, None)),
            (Some("DE"), Some("US-CA"), (Some("DE"), None)),
            (Some("US"), Some("California"), (Some("US"), None)),
            (Some("US"), Some(""), (Some("US"), None)),
            // What proxies write when they do not know, or for Tor.
            (Some("XX"), None, (None, None)),
            (Some("T1"), None, (None, None)),
            (Some(""), None, (None, None)),
            (None, None, (None, None)),
        ] {
            let place = Place::read(country, subdivision);
            assert_eq!(
                (place.country(), place.region()),
                want,
                "{country:?} {subdivision:?}"
            );
        }
    }
}
