//! Reads a body: bounded in size and time, UTF-8.

use axum::body::{Body, Bytes};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};

use super::App;
use super::answer::Refused;

/// How much of a body that is too large is still taken in, so that its sender can read the answer.
const DRAIN_BYTES: usize = 8 * 1024 * 1024;

/// Reads the whole body, of at most `most` bytes.
pub(super) async fn read(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<Bytes, Refused> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let is_too_large = announced.is_some_and(|bytes| bytes > most);
    let limit = if is_too_large { DRAIN_BYTES } else { most };
    let read = tokio::time::timeout(app.read_timeout, axum::body::to_bytes(body, limit)).await;
    match read {
        Err(_) => Err(Refused::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            format!(
                "the body did not arrive within {} seconds",
                app.read_timeout.as_secs()
            ),
        )),
        Ok(Ok(bytes)) if !is_too_large => Ok(bytes),
        Ok(Ok(_)) => Err(too_large(most)),
        Ok(Err(error)) if is_too_large || is_length_error(&error) => Err(too_large(most)),
        Ok(Err(_)) => Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "body_unreadable",
            "the body broke off",
        )),
    }
}

fn is_length_error(error: &axum::Error) -> bool {
    // The only other cause is a connection that broke; its source is hyper's.
    std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("length limit"))
}

pub(super) fn too_large(most: usize) -> Refused {
    Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!("the body has more than {most} bytes: send halves"),
    )
}

/// Returns the body as text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(bytes).map_err(|error| {
        Refused::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            format!("the body is not UTF-8 at byte {}", error.valid_up_to()),
        )
    })
}
