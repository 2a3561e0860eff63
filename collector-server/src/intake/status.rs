//! Health, readiness, metrics, and a page that says what this is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::App;
use super::access;
use super::answer::{Refused, json_answer};
use super::events::now_ms;
use crate::store::Room;

/// Longest wait for the disk before the collector calls itself not ready.
const READY_DEADLINE: Duration = Duration::from_secs(2);

/// The process works.
pub(super) async fn healthz() -> Response {
    json_answer(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
}

/// Events can be written. `?verbose`: how everything stands, for the machine itself, else for a token of any role.
pub(super) async fn readyz(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let answer = ready(&app).await;
    let is_verbose = query.is_some_and(|query| query == "verbose" || query.starts_with("verbose="));
    if !is_verbose {
        return answer;
    }
    if !is_from_here(peer, &headers)
        && let Err(refused) = access::admit_any(&app, &headers).await
    {
        return refused.into_answer();
    }
    let status = answer.status();
    let body = json!({
        "status": if status.is_success() { "ready" } else { "not_ready" },
        "overview": app.signals.overview(now_ms()),
    });
    json_answer(status, body.to_string())
}

async fn ready(app: &App) -> Response {
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

/// Headers by which a proxy tells that it speaks for somebody else.
const FORWARDING: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "cf-connecting-ip",
];

/// Prometheus text on the main listener: for the machine itself, else for a token of any role.
pub(super) async fn guarded_metrics(
    state: State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if !is_from_here(peer, &headers)
        && let Err(refused) = access::admit_any(&state, &headers).await
    {
        return refused.into_answer();
    }
    metrics(state).await
}

/// Whether a program on this machine asks for itself.
fn is_from_here(peer: SocketAddr, headers: &HeaderMap) -> bool {
    peer.ip().to_canonical().is_loopback()
        && !FORWARDING.iter().any(|name| headers.contains_key(*name))
}

/// Prometheus text.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let bytes = u32::try_from(app.store.waiting_bytes()).unwrap_or(u32::MAX);
    metrics::gauge!("firsthand_store_waiting_bytes").set(bytes);
    room_metrics(&app.store.room());
    let bytes = u32::try_from(app.room.taken()).unwrap_or(u32::MAX);
    metrics::gauge!("firsthand_request_bytes_in_flight").set(bytes);
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

/// Sizes are told as they are up to 2^53 bytes, where an `f64` begins to round.
#[allow(clippy::cast_precision_loss)]
fn room_metrics(room: &Room) {
    metrics::gauge!("firsthand_store_bytes").set(room.used_bytes as f64);
    metrics::gauge!("firsthand_store_limit_bytes").set(room.limit_bytes as f64);
    metrics::gauge!("firsthand_store_min_free_bytes").set(room.min_free_bytes as f64);
    if let Some(free) = room.free_bytes {
        metrics::gauge!("firsthand_store_free_bytes").set(free as f64);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_itself_is_from_here() {
        for (peer, header, want) in [
            ("127.0.0.1:5", None, true),
            ("[::1]:5", None, true),
            ("[::ffff:127.0.0.1]:5", None, true),
            ("192.0.2.1:5", None, false),
            ("127.0.0.1:5", Some("x-forwarded-for"), false),
            ("127.0.0.1:5", Some("forwarded"), false),
            ("127.0.0.1:5", Some("via"), false),
            ("127.0.0.1:5", Some("accept"), true),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(name) = header {
                headers.insert(name, "192.0.2.9".parse().unwrap());
            }
            assert_eq!(
                is_from_here(peer.parse().unwrap(), &headers),
                want,
                "{peer} {header:?}"
            );
        }
    }
}
