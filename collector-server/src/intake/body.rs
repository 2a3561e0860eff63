//! Reads a body: bounded in size, in time and, together with all others, in memory; UTF-8.

use std::pin::Pin;

use axum::body::{Body, HttpBody as _};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};

use super::App;
use super::answer::Refused;
use super::room::Gathered;

/// How much of a body that is refused is still taken in, and thrown away, so that its sender can read the answer.
const DRAIN_BYTES: usize = 8 * 1024 * 1024;

/// Reads the whole body, of at most `most` bytes.
pub(super) async fn read(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<Gathered, Refused> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut refused = announced
        .is_some_and(|bytes| bytes > most)
        .then(|| too_large(most));
    let mut gathered = Some(Gathered::new(
        &app.room,
        announced.unwrap_or(most).min(most),
    ));
    let taken = take(body, most, &mut gathered, &mut refused);
    let is_in_time = tokio::time::timeout(app.read_timeout, taken).await.is_ok();
    match (refused, gathered) {
        (Some(refused), _) => Err(refused),
        (None, Some(bytes)) if is_in_time => Ok(bytes),
        (None, _) => Err(Refused::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            format!(
                "the body did not arrive within {} seconds",
                app.read_timeout.as_secs()
            ),
        )),
    }
}

/// Takes the body in; once it is refused, only its bytes off the line.
async fn take(
    mut body: Body,
    most: usize,
    gathered: &mut Option<Gathered>,
    refused: &mut Option<Refused>,
) {
    let mut seen = 0_usize;
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let chunk = match frame {
            None => return,
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(_)) => {
                refused.get_or_insert_with(|| {
                    Refused::new(
                        StatusCode::BAD_REQUEST,
                        "body_unreadable",
                        "the body broke off",
                    )
                });
                return;
            }
        };
        seen = seen.saturating_add(chunk.len());
        if seen > most {
            refused.get_or_insert_with(|| too_large(most));
        } else if let Some(bytes) = gathered.as_mut()
            && let Err(full) = bytes.push(&chunk)
        {
            refused.get_or_insert(full);
        }
        if refused.is_some() {
            *gathered = None;
            if seen >= DRAIN_BYTES {
                return;
            }
        }
    }
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
