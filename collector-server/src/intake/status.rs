//! Health, readiness, metrics, and a page that says what this is.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::App;
use super::answer::{Refused, json_answer};

/// Longest wait for the disk before the collector calls itself not ready.
const READY_DEADLINE: Duration = Duration::from_secs(2);

/// The process works.
pub(super) async fn healthz() -> Response {
    json_answer(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
}

/// Events can be written.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    match tokio::time::timeout(READY_DEADLINE, app.store.probe()).await {
        Ok(Ok(())) => json_answer(StatusCode::OK, r#"{"status":"ready"}"#.to_owned()),
        Ok(Err(error)) => Refused::from(error).into_answer(),
        Err(_) => Refused::later(
            StatusCode::SERVICE_UNAVAILABLE,
            "storage_unavailable",
            "the disk did not answer within 2 seconds",
            5,
        )
        .into_answer(),
    }
}

/// Prometheus text.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let bytes = u32::try_from(app.store.waiting_bytes()).unwrap_or(u32::MAX);
    metrics::gauge!("firsthand_store_waiting_bytes").set(bytes);
    #[allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough
    if let Ok(rows) = app.store.read(|view| view.quarantine_rows()).await {
        metrics::gauge!("firsthand_quarantine_rows").set(u32::try_from(rows).unwrap_or(u32::MAX));
    }
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.prometheus.render(),
    )
        .into_response()
}

/// What this is.
pub(super) async fn root() -> Response {
    const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Firsthand collector</title>\
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>\
<h1>Firsthand collector</h1><p>This server takes the events of a shop, with the visitor's consent, and keeps them. \
Events go to <code>POST /v1/events</code>.</p><p><a href=\"healthz\">healthz</a> &middot; <a href=\"readyz\">readyz</a> \
&middot; <a href=\"sdk/fh.js\">SDK</a></p></html>";
    (
        [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (
                http::header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'",
            ),
        ],
        PAGE,
    )
        .into_response()
}
