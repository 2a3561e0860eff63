//! The control API: read what arrived, switch faults, move the clock.
//!
//! | route | body | answer |
//! |---|---|---|
//! | `GET /control/events?platform=&event_id=&since=&limit=` | | `{epoch, now_ms, last_seq, events}` |
//! | `GET /control/summary` | | totals by platform, faults, clock |
//! | `POST /control/reset` | | 204; faults and clock stay |
//! | `GET`, `POST`, `DELETE /control/fault` | [`Fault`] | the faults that wait |
//! | `POST /control/clock` | `{"offset_s": 300}` | `{now_ms, offset_s}` |
//! | `GET /control/collector` | | the collector's own account, or why not |
//!
//! A page of another origin may not change anything: a request with a foreign
//! `Origin` is refused.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::MAX_OFFSET_S;
use crate::fault::Fault;
use crate::platform::Platform;
use crate::record::Filter;
use crate::sandbox::Shared;

/// Time the collector has to answer an inspection.
const INSPECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Largest inspection answer passed on.
const MAX_INSPECT_BYTES: usize = 1024 * 1024;

type Refused = (StatusCode, Json<Value>);

/// Returns the control routes.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/events", get(events))
        .route("/control/summary", get(summary))
        .route("/control/reset", post(reset))
        .route(
            "/control/fault",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/control/clock", post(set_clock))
        .route("/control/collector", get(collector))
}

fn refused(status: StatusCode, message: impl Into<String>) -> Refused {
    (status, Json(json!({ "error": message.into() })))
}

/// Refuses a browser page of another origin.
fn same_origin(headers: &HeaderMap) -> Result<(), Refused> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &header::HeaderValue| value.to_str().ok())
    };
    match text(header::ORIGIN) {
        None => Ok(()),
        Some(origin) if origin.split_once("://").map(|(_, host)| host) == text(header::HOST) => {
            Ok(())
        }
        Some(_) => Err(refused(
            StatusCode::FORBIDDEN,
            "pages of another origin may not use the control api",
        )),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body)
        .map_err(|error| refused(StatusCode::BAD_REQUEST, format!("unreadable body: {error}")))
}

async fn events(State(shared): State<Arc<Shared>>, Query(filter): Query<Filter>) -> Json<Value> {
    let now_ms = shared.clock.now_ms();
    let ledger = shared.ledger();
    Json(json!({
        "epoch": ledger.epoch(),
        "now_ms": now_ms,
        "last_seq": ledger.last_seq(),
        "events": ledger.select(&filter),
    }))
}

async fn summary(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let faults = shared.faults().list();
    let ledger = shared.ledger();
    let totals: Map<String, Value> = Platform::all()
        .map(|platform| (platform.name().to_owned(), json!(ledger.totals(platform))))
        .collect();
    Json(json!({
        "platforms": totals,
        "kept": ledger.kept(),
        "max_kept": shared.config.max_kept,
        "epoch": ledger.epoch(),
        "last_seq": ledger.last_seq(),
        "faults": faults,
        "clock": { "now_ms": shared.clock.now_ms(), "offset_s": shared.clock.offset_s() },
    }))
}

async fn reset(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    same_origin(&headers)?;
    shared.ledger().reset();
    Ok(StatusCode::NO_CONTENT)
}

async fn list_faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "faults": shared.faults().list() }))
}

async fn add_fault(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    same_origin(&headers)?;
    let fault: Fault = parse(&body)?;
    let mut faults = shared.faults();
    faults
        .add(fault)
        .map_err(|error| refused(StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok(Json(json!({ "faults": faults.list() })))
}

async fn clear_faults(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    same_origin(&headers)?;
    shared.faults().clear();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    offset_s: i64,
}

async fn set_clock(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    same_origin(&headers)?;
    let ClockMove { offset_s } = parse(&body)?;
    if !(-MAX_OFFSET_S..=MAX_OFFSET_S).contains(&offset_s) {
        let message = format!("offset_s must lie within {MAX_OFFSET_S} seconds either way");
        return Err(refused(StatusCode::BAD_REQUEST, message));
    }
    shared.clock.set_offset_s(offset_s);
    Ok(Json(
        json!({ "now_ms": shared.clock.now_ms(), "offset_s": offset_s }),
    ))
}

/// Passes on the collector's list of recent events and what became of them.
async fn collector(State(shared): State<Arc<Shared>>) -> Response {
    if shared.config.collector.is_none() {
        return Json(json!({ "configured": false })).into_response();
    }
    match tokio::time::timeout(INSPECT_TIMEOUT, inspect(&shared)).await {
        Ok(Ok(answer)) => {
            Json(json!({ "configured": true, "reachable": true, "answer": answer })).into_response()
        }
        Ok(Err(why)) => unreachable_collector(&why),
        Err(_) => unreachable_collector("the collector did not answer in time"),
    }
}

fn unreachable_collector(why: &str) -> Response {
    Json(json!({ "configured": true, "reachable": false, "why": why })).into_response()
}

async fn inspect(shared: &Shared) -> Result<Value, String> {
    let Some(link) = &shared.config.collector else {
        return Err("no collector is configured".to_owned());
    };
    let url = format!(
        "{}/v1/inspect/events?limit=50",
        link.url.trim_end_matches('/')
    );
    let mut response = shared
        .http
        .get(url)
        .bearer_auth(&link.token)
        .send()
        .await
        .map_err(|_| "the collector cannot be reached".to_owned())?;
    match response.status().as_u16() {
        200 => {}
        401 | 403 => return Err("the collector refused the inspection token".to_owned()),
        404 => return Err("the collector has no inspection api".to_owned()),
        status => return Err(format!("the collector answered {status}")),
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| "the collector's answer broke off".to_owned())?
    {
        if body.len() + chunk.len() > MAX_INSPECT_BYTES {
            return Err("the collector's answer is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| "the collector's answer is not json".to_owned())
}
