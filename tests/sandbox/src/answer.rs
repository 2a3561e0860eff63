//! Answers several doors share: JSON, a dropped connection, injected failures.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::fault::{Fault, FaultKind};
use crate::sandbox::Shared;

const HTML_500: &str = "<!DOCTYPE html><html><head><title>Error</title></head>\
<body><h1>Sorry, something went wrong.</h1></body></html>";

/// A body that fails at its first read: the server closes the connection
/// without having written an answer.
struct Aborted;

impl HttpBody for Aborted {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}

/// Returns an answer that ends in a dropped connection.
pub(crate) fn dropped_connection() -> Response {
    Response::new(Body::new(Aborted))
}

/// Returns the answer of a failure that looks alike on every platform, `None`
/// for the kinds that speak the platform's own language. `timeout` holds here.
pub(crate) async fn transport_failure(shared: &Shared, fault: &Fault) -> Option<Response> {
    let mut response = match fault.kind {
        FaultKind::Outage503 => {
            (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable").into_response()
        }
        FaultKind::Html500 => (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            HTML_500,
        )
            .into_response(),
        FaultKind::Timeout => {
            shared
                .hold(fault.delay_or(shared.config.timeout_hold))
                .await;
            dropped_connection()
        }
        FaultKind::Reset => dropped_connection(),
        FaultKind::RateLimit
        | FaultKind::BadToken
        | FaultKind::Slow
        | FaultKind::Partial20001
        | FaultKind::TransientError
        | FaultKind::ErrorOnceForEventId
        | FaultKind::RefuseEventId => return None,
    };
    set_retry_after(&mut response, fault);
    Some(response)
}

/// Adds `Retry-After` when the fault names one.
pub(crate) fn set_retry_after(response: &mut Response, fault: &Fault) {
    if let Some(seconds) = fault.retry_after_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Lets any page read the answer: pixel stand-ins only.
pub(crate) fn open_to_any_origin(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("cross-origin"),
    );
    response
}

/// Answers a pixel's preflight.
pub(crate) async fn preflight() -> Response {
    let mut response = open_to_any_origin(StatusCode::NO_CONTENT.into_response());
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
    response
}
