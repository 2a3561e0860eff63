//! Cross-origin rules: exact origins, with credentials, also on errors so that the page can read them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::App;

/// Adds what the browser needs to let the page read the answer, if its origin is listed.
pub(super) fn allow(app: &App, request: Option<&HeaderValue>, answer: &mut Response) {
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = request.filter(|origin| {
        origin
            .to_str()
            .is_ok_and(|origin| app.sources.lists_origin(origin))
    }) else {
        return;
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("retry-after"),
    );
}

/// `OPTIONS`: answers a preflight.
pub(super) async fn preflight(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    allow(&app, headers.get(ORIGIN), &mut answer);
    if answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        let out = answer.headers_mut();
        out.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("POST"),
        );
        out.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("content-type"),
        );
        out.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    } else {
        *answer.status_mut() = StatusCode::FORBIDDEN;
    }
    app.metrics.answered(answer.status());
    answer
}
