//! One id for each request: in its answer and in every log line of its work.
//!
//! A proxy's `x-request-id` counts if it is of a form that machines make, so that nothing personal gets into a log by
//! it; else one is made.

use std::fmt;

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument as _;

use crate::privacy::id::is_ulid;

/// The header, of requests and answers.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Shortest and longest id that is taken over: from 64 bits in hex to two UUIDs with a hyphen between.
const MIN_BYTES: usize = 16;
const MAX_BYTES: usize = 73;

/// Id of a request. Hex digits with hyphens, or a ULID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Takes over the id of a request's head, or makes one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        headers
            .get(&HEADER)
            .filter(|value| is_well_formed(value.as_bytes()))
            .map_or_else(Self::new, |value| Self(value.clone()))
    }

    fn new() -> Self {
        let text = format!("{:032x}", rand::random::<u128>());
        // Hex digits are always a value.
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0")))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// Whether a machine has made it: UUIDs, trace ids, ULIDs. Digits alone could be the number of a phone or a card.
fn is_well_formed(text: &[u8]) -> bool {
    let is_hex = (MIN_BYTES..=MAX_BYTES).contains(&text.len())
        && text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    (is_hex || is_ulid(text)) && text.iter().any(u8::is_ascii_alphabetic)
}

/// Works under the request's id, and gives it to the answer. The span is of the highest level, so that it is on a line
/// of whatever level is logged.
pub(crate) fn traced<E>(
    id: RequestId,
    work: impl Future<Output = Result<Response, E>> + Send,
) -> impl Future<Output = Result<Response, E>> + Send {
    let span = tracing::error_span!("request", request_id = %id);
    async move {
        let mut answer = work.await?;
        answer.headers_mut().insert(HEADER, id.0);
        Ok(answer)
    }
    .instrument(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_machine_made_is_taken_over() {
        for (text, want) in [
            ("0199d2a4-79b0-7cc3-98c4-dc0c0c07398f", true),
            ("4bf92f3577b34da6a3ce929d0e0e4736", true),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                true,
            ),
            ("00F067AA0BA902B7", true),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", true),
            ("", false),
            ("abc", false),
            ("jane@shop.example", false),
            ("jane-doe-of-the-shop", false),
            ("4111-1111-1111-1111", false),
            ("00491711234567890", false),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAL", false),
            ("4bf92f3577b34da6\ta3ce929d0e0e4736", false),
        ] {
            assert_eq!(is_well_formed(text.as_bytes()), want, "{text:?}");
        }
        assert!(!is_well_formed(&[b'a'; MAX_BYTES + 1]));
    }

    #[test]
    fn one_is_made_where_there_is_none_and_each_is_another() {
        let mut headers = HeaderMap::new();
        let made = RequestId::of(&headers);
        assert!(is_well_formed(made.to_string().as_bytes()), "{made}");
        assert_ne!(made, RequestId::of(&headers));
        headers.insert(HEADER, HeaderValue::from_static("jane@shop.example"));
        assert!(!RequestId::of(&headers).to_string().contains("jane"));
        let own = HeaderValue::from_static("0199d2a4-79b0-7cc3-98c4-dc0c0c07398f");
        headers.insert(HEADER, own.clone());
        assert_eq!(RequestId::of(&headers), RequestId(own));
    }
}
