//! The answers of `docs/wire.md`.

use axum::response::{IntoResponse as _, Response};
use firsthand_core::wire::json::{self, Object};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::metrics;
use super::rate::{By, TooFast};
use super::sources::NotAllowed;
use crate::admit::Rejected;
use crate::store::StoreError;

/// When to come again where there is no room, in seconds: somebody or retention has to make some first.
const FULL_RETRY_SECS: u32 = 30;

/// A request that is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) retry_after_secs: Option<u32>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after_secs: None,
        }
    }

    pub(super) fn later(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        secs: u32,
    ) -> Self {
        Self {
            retry_after_secs: Some(secs),
            ..Self::new(status, code, message)
        }
    }

    pub(super) fn into_answer(self) -> Response {
        let mut body = String::with_capacity(96);
        let mut object = Object::begin(&mut body);
        self.push_error(&mut object);
        object.end();
        self.with_retry_after(json_answer(self.status, body))
    }

    /// Returns the answer as SDKs of Segment and RudderStack read it. RudderStack's for Python fails on an error without `code` and `message`
    /// at the top, and then sends for ever what it should give up.
    pub(super) fn into_segment_answer(self) -> Response {
        let mut body = String::with_capacity(160);
        let mut object = Object::begin(&mut body);
        object.bool_opt("success", Some(false));
        object.text("code", self.code);
        object.text("message", &self.message);
        self.push_error(&mut object);
        object.end();
        self.with_retry_after(json_answer(self.status, body))
    }

    fn push_error(&self, object: &mut Object<'_>) {
        let mut error = Object::begin(object.key("error"));
        error.text("code", self.code);
        error.text("message", &self.message);
        error.end();
    }

    fn with_retry_after(&self, mut answer: Response) -> Response {
        if let Some(secs) = self.retry_after_secs {
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(secs));
        }
        answer
    }
}

impl From<NotAllowed> for Refused {
    fn from(reason: NotAllowed) -> Self {
        match reason {
            NotAllowed::UnknownKey => Self::new(
                StatusCode::UNAUTHORIZED,
                "unknown_write_key",
                "the key is missing or unknown: see [[source]] in the collector's configuration",
            ),
            NotAllowed::Origin => Self::new(
                StatusCode::FORBIDDEN,
                "origin_not_allowed",
                "the origin is not listed for this key: add it to the source's origins",
            ),
        }
    }
}

impl From<TooFast> for Refused {
    fn from(too_fast: TooFast) -> Self {
        let message = match too_fast.by {
            By::Key => "too many requests with this key: send them again later",
            By::Address => "too many requests from this address: send them again later",
        };
        Self::later(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            message,
            too_fast.retry_after_secs(),
        )
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            StoreError::Overloaded => Self::later(
                busy,
                "overloaded",
                "more is waiting than may wait: send it again later",
                1,
            ),
            // The system's words are for the operator's log, not for everybody.
            StoreError::Unavailable(_) => Self::later(
                busy,
                "storage_unavailable",
                "the events could not be written: send them again later",
                5,
            ),
            StoreError::Full(_) => Self::later(
                busy,
                "storage_full",
                "there is no room for more events: send them again later",
                FULL_RETRY_SECS,
            ),
            StoreError::Closed => Self::later(
                busy,
                "storage_unavailable",
                "the collector is shutting down: send them again later",
                2,
            ),
        }
    }
}

/// Counts a refused request and returns its answer.
pub(super) fn refused(refused: Refused) -> Response {
    metrics::refused(refused.code);
    refused.into_answer()
}

/// Returns the answer to a batch.
pub(super) fn accepted(accepted: usize, duplicates: usize, rejected: &[Rejected]) -> Response {
    let mut body = String::with_capacity(64 + rejected.len() * 96);
    let mut object = Object::begin(&mut body);
    object.int("accepted", int(accepted));
    object.int("duplicates", int(duplicates));
    push_rejected(&mut object, rejected);
    object.end();
    json_answer(StatusCode::ACCEPTED, body)
}

/// Returns a count as the writer takes it.
pub(super) fn int(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Writes the refused events.
pub(super) fn push_rejected(object: &mut Object<'_>, rejected: &[Rejected]) {
    let list = object.key("rejected");
    list.push('[');
    for (place, event) in rejected.iter().enumerate() {
        if place > 0 {
            list.push(',');
        }
        let mut entry = Object::begin(list);
        entry.int("index", int(event.index));
        match &event.id {
            Some(id) => json::push_str(entry.key("id"), id),
            None => entry.key("id").push_str("null"),
        }
        entry.text("code", event.code);
        entry.text("message", &event.message);
        entry.end();
    }
    list.push(']');
}

/// Returns a JSON answer.
pub(super) fn json_answer(status: StatusCode, body: String) -> Response {
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body,
    )
        .into_response()
}

/// Returns the answer to a request whose path and query are longer than `most` bytes, and counts it.
pub(crate) fn uri_too_long(most: usize) -> Response {
    refused(Refused::new(
        StatusCode::URI_TOO_LONG,
        "uri_too_long",
        format!("the path and its query have more than {most} bytes"),
    ))
}

/// Whatever is not there.
pub(super) async fn not_found() -> Response {
    Refused::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing here: events go to POST /v1/events",
    )
    .into_answer()
}
