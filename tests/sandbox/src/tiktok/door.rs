//! The track endpoint: faults, credentials, checks, answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::rules::{
    ApiError, INVALID, NO_PERMISSION, RATE_LIMIT, SERVER_ERROR, check_request, warnings,
};
use crate::answer::{set_retry_after, transport_failure};
use crate::check::{integer, same_secret};
use crate::config::SECOND_MS;
use crate::fault::{Fault, FaultKind};
use crate::record::{Arrival, Channel, Platform, Refusal, match_key};
use crate::sandbox::Shared;

/// Code of a partial success.
const PARTIAL: u32 = 20_001;

/// One request on its way through the door.
struct Visit {
    body: Option<Map<String, Value>>,
    event_ids: Vec<String>,
    request_id: String,
    now_ms: i64,
}

/// `POST /tiktok/open_api/v1.3/event/track/`.
pub(crate) async fn track(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Option<Map<String, Value>> = serde_json::from_slice(&body).ok();
    let visit = Visit {
        event_ids: body.as_ref().map(event_ids).unwrap_or_default(),
        request_id: format!("sandbox{:016x}", shared.next_request()),
        now_ms: shared.clock.now_ms(),
        body,
    };
    let fault = shared.faults().take(Platform::Tiktok, &visit.event_ids);
    let process = || check(&shared, &headers, &visit);
    let Some(fault) = fault else {
        return answer(&shared, &visit, process(), 0);
    };
    match fault.kind {
        FaultKind::Slow => {
            shared.hold(fault.delay_or(shared.config.slow_delay)).await;
            answer(&shared, &visit, process(), 0)
        }
        FaultKind::Partial20001 => answer(&shared, &visit, process(), PARTIAL),
        _ => {
            let is_taken_in = fault.processed
                && process().is_ok_and(|events| {
                    accept(&shared, &visit, events);
                    true
                });
            fail(&shared, &visit, &fault, is_taken_in).await
        }
    }
}

fn check<'a>(
    shared: &Shared,
    headers: &HeaderMap,
    visit: &'a Visit,
) -> Result<&'a [Value], ApiError> {
    let token = headers
        .get("access-token")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !same_secret(token, &shared.config.tiktok.access_token) {
        return Err(ApiError {
            code: NO_PERMISSION,
            message: "Access token is incorrect or has been revoked".to_owned(),
        });
    }
    let body = visit.body.as_ref().ok_or_else(|| ApiError {
        code: INVALID,
        message: "Request body is not a valid JSON object".to_owned(),
    })?;
    check_request(
        body,
        &shared.config.tiktok.pixel_code,
        &shared.config.bounds,
        visit.now_ms,
    )
}

fn envelope(code: u32, message: &str, visit: &Visit) -> Response {
    Json(json!({ "code": code, "message": message, "request_id": visit.request_id, "data": {} }))
        .into_response()
}

fn answer(
    shared: &Shared,
    visit: &Visit,
    outcome: Result<&[Value], ApiError>,
    success: u32,
) -> Response {
    match outcome {
        Ok(events) => {
            accept(shared, visit, events);
            let message = if success == PARTIAL {
                "Partial success"
            } else {
                "OK"
            };
            envelope(success, message, visit)
        }
        Err(error) => {
            refuse(shared, visit, &error, None);
            envelope(error.code, &error.message, visit)
        }
    }
}

/// Answers an injected failure; a request taken in all the same is no refusal.
async fn fail(shared: &Shared, visit: &Visit, fault: &Fault, is_taken_in: bool) -> Response {
    let (code, message) = match fault.kind {
        FaultKind::RateLimit => (
            RATE_LIMIT,
            "Too many requests. Please retry later".to_owned(),
        ),
        FaultKind::BadToken => (
            NO_PERMISSION,
            "Access token is incorrect or has been revoked".to_owned(),
        ),
        FaultKind::RefuseEventId => (
            INVALID,
            format!("Batch.{}.event_id: Not accepted", index_of(visit, fault)),
        ),
        FaultKind::TransientError
        | FaultKind::ErrorOnceForEventId
        | FaultKind::Outage503
        | FaultKind::Timeout
        | FaultKind::Reset
        | FaultKind::Html500
        | FaultKind::Slow
        | FaultKind::Partial20001 => (
            SERVER_ERROR,
            "Internal service error, please retry later".to_owned(),
        ),
    };
    let error = ApiError { code, message };
    if !is_taken_in {
        refuse(shared, visit, &error, Some(fault.kind));
    }
    if let Some(response) = transport_failure(shared, fault).await {
        return response;
    }
    let mut response = envelope(error.code, &error.message, visit);
    set_retry_after(&mut response, fault);
    response
}

fn index_of(visit: &Visit, fault: &Fault) -> usize {
    let events = visit
        .body
        .as_ref()
        .and_then(|body| body.get("data"))
        .and_then(Value::as_array);
    events
        .into_iter()
        .flatten()
        .position(|event| {
            event.get("event_id").and_then(Value::as_str) == fault.event_id.as_deref()
        })
        .unwrap_or(0)
}

fn accept(shared: &Shared, visit: &Visit, events: &[Value]) {
    let text = |key: &str| {
        visit
            .body
            .as_ref()
            .and_then(|body| body.get(key))
            .and_then(Value::as_str)
    };
    let (test_code, source) = (text("test_event_code"), text("event_source"));
    let mut ledger = shared.ledger();
    for event in events {
        let mut arrival = arrival(event);
        arrival.warnings = warnings(event, source);
        arrival.test_event_code = test_code.map(str::to_owned);
        ledger.accept(Platform::Tiktok, Channel::Server, visit.now_ms, arrival);
    }
}

fn refuse(shared: &Shared, visit: &Visit, error: &ApiError, fault: Option<FaultKind>) {
    let speaks_the_platforms_language = !matches!(
        fault,
        Some(FaultKind::Outage503 | FaultKind::Timeout | FaultKind::Reset | FaultKind::Html500)
    );
    let refusal = Refusal {
        reason: match fault {
            Some(kind) if !speaks_the_platforms_language => {
                format!("injected fault {}", kind.name())
            }
            _ => error.message.clone(),
        },
        code: speaks_the_platforms_language.then(|| error.code.to_string()),
        status: speaks_the_platforms_language.then_some(200),
        fault: fault.map(FaultKind::name),
        name: None,
        event_ids: visit.event_ids.clone(),
        payload: visit.body.clone().map_or(Value::Null, Value::Object),
    };
    shared
        .ledger()
        .refuse(Platform::Tiktok, Channel::Server, visit.now_ms, refusal);
}

fn event_ids(body: &Map<String, Value>) -> Vec<String> {
    let events = body.get("data").and_then(Value::as_array);
    events
        .into_iter()
        .flatten()
        .filter_map(|event| event.get("event_id")?.as_str().map(str::to_owned))
        .collect()
}

/// Reads what the page shows out of one event, whichever way it came.
pub(crate) fn arrival(event: &Value) -> Arrival {
    let text = |path: &str| {
        event
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let user = event.get("user").and_then(Value::as_object);
    Arrival {
        name: text("/event").unwrap_or_default(),
        event_id: text("/event_id"),
        dedup_id: text("/event_id"),
        transaction_id: text("/properties/order_id"),
        event_at_ms: event
            .get("event_time")
            .and_then(integer)
            .map(|s| s.saturating_mul(SECOND_MS)),
        value: event.pointer("/properties/value").and_then(Value::as_f64),
        currency: text("/properties/currency"),
        match_keys: user
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| match_key(key, value))
            .collect(),
        warnings: Vec::new(),
        test_event_code: None,
        payload: event.clone(),
    }
}
