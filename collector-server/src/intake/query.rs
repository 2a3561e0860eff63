//! The query of an address, at the doors that people use.

use axum::extract::Query as Decoded;
use http::{StatusCode, Uri};
use serde::de::DeserializeOwned;

use super::answer::Refused;

/// What a door takes in its query.
pub(super) trait Query: DeserializeOwned {
    /// Its parameters and an example: what a refusal says.
    const FORM: &'static str;
}

/// Reads the query. What is unknown or of a wrong type is a refusal that says what there is, and repeats nothing.
pub(super) fn read<Q: Query>(uri: &Uri) -> Result<Q, Refused> {
    match Decoded::try_from_uri(uri) {
        Ok(Decoded(query)) => Ok(query),
        // The parser's own words could repeat a value.
        Err(_) => Err(invalid(format!("this door takes {}", Q::FORM))),
    }
}

/// A query that cannot be answered.
pub(super) fn invalid(message: impl Into<String>) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, "invalid_query", message)
}
