//! The events edge: credentials, faults, checks, answer.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::error::{GraphError, subcode};
use super::rules::{Terms, check_request, structure};
use super::{ACCOUNT, PLATFORM, visitor_ids};
use crate::answer::{set_retry_after, transport_failure};
use crate::check::{first_text, integer, same_secret};
use crate::config::{PlatformBounds, SECOND_MS};
use crate::fault::{Fault, FaultKind};
use crate::record::{Arrival, Channel, Refusal, match_key};
use crate::sandbox::Shared;

/// Members of a payload that are secrets and are not kept.
const SECRETS: &[&str] = &["access_token", "appsecret_proof"];
const DEFAULT_REGAIN_S: u64 = 60;

/// One request on its way through the door.
struct Visit {
    body: Option<Map<String, Value>>,
    event_ids: Vec<String>,
    trace_id: String,
    now_ms: i64,
}

/// `POST /meta/{version}/{dataset_id}/events`.
pub(crate) async fn events(
    State(shared): State<Arc<Shared>>,
    Path((version, dataset_id)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Option<Map<String, Value>> = serde_json::from_slice(&body).ok();
    let visit = Visit {
        event_ids: body.as_ref().map(event_ids).unwrap_or_default(),
        trace_id: format!("Asandbox{:08x}", shared.next_request()),
        now_ms: shared.clock.now_ms(),
        body,
    };
    let fault = shared.faults().take(PLATFORM, &visit.event_ids);
    let process = || {
        check_access(&version, &dataset_id, &query, &headers, visit.body.as_ref())
            .and_then(|()| check_body(&shared, &visit))
    };
    let Some(fault) = fault else {
        return answer(&shared, &visit, process());
    };
    if fault.kind == FaultKind::Slow {
        shared.hold(fault.delay_or(shared.config.slow_delay)).await;
        return answer(&shared, &visit, process());
    }
    let is_taken_in = fault.processed
        && process().is_ok_and(|events| {
            accept(&shared, &visit, events);
            true
        });
    fail(&shared, &visit, &fault, is_taken_in).await
}

/// Checks path and token, the token before the dataset.
fn check_access(
    version: &str,
    dataset_id: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    body: Option<&Map<String, Value>>,
) -> Result<(), GraphError> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let token = body
        .and_then(|body| body.get("access_token"))
        .and_then(Value::as_str)
        .or(query.get("access_token").map(String::as_str))
        .or(bearer)
        .unwrap_or_default();
    if !same_secret(token, ACCOUNT.access_token) {
        return Err(GraphError::bad_token(false));
    }
    let is_version = version
        .strip_prefix('v')
        .and_then(|number| number.split_once('.'))
        .is_some_and(|(major, minor)| major.parse::<u16>().is_ok() && minor.parse::<u16>().is_ok());
    if !is_version {
        return Err(structure("version", "The version must look like v26.0."));
    }
    if dataset_id != ACCOUNT.dataset_id {
        return Err(GraphError::unknown_dataset());
    }
    Ok(())
}

fn check_body(shared: &Shared, visit: &Visit) -> Result<Vec<Value>, GraphError> {
    let body = visit
        .body
        .as_ref()
        .ok_or_else(|| structure("", "The body must be a JSON object."))?;
    check_request(
        body,
        Terms {
            bounds: &shared.config.bounds,
            now_ms: visit.now_ms,
        },
    )
}

fn answer(shared: &Shared, visit: &Visit, outcome: Result<Vec<Value>, GraphError>) -> Response {
    match outcome {
        Ok(events) => {
            let received = events.len();
            accept(shared, visit, events);
            let trace_id = &visit.trace_id;
            Json(json!({ "events_received": received, "messages": [], "fbtrace_id": trace_id }))
                .into_response()
        }
        Err(error) => {
            refuse(
                shared,
                visit,
                error.reason(),
                Some(error.code_text()),
                Some(error.status),
                None,
            );
            error.answer(&visit.trace_id)
        }
    }
}

/// Answers an injected failure; a request taken in all the same is no refusal.
async fn fail(shared: &Shared, visit: &Visit, fault: &Fault, is_taken_in: bool) -> Response {
    let error = match fault.kind {
        FaultKind::RateLimit => Some(GraphError::rate_limit(fault.code.unwrap_or(80_003))),
        FaultKind::BadToken => Some(match fault.code {
            Some(code @ (3 | 200)) => GraphError::no_permission(code),
            _ => GraphError::bad_token(true),
        }),
        FaultKind::TransientError | FaultKind::ErrorOnceForEventId => {
            Some(GraphError::transient(fault.code.unwrap_or(2)))
        }
        FaultKind::RefuseEventId => Some(GraphError::invalid(
            subcode::EVENT_FIELD,
            "Invalid Event Parameter",
            "",
            "An event of this request is not accepted.",
        )),
        FaultKind::Outage503
        | FaultKind::Timeout
        | FaultKind::Reset
        | FaultKind::Html500
        | FaultKind::Slow
        | FaultKind::Partial20001 => None,
    };
    let Some(error) = error else {
        if !is_taken_in {
            let reason = format!("injected fault {}", fault.kind.name());
            refuse(shared, visit, reason, None, None, Some(fault.kind.name()));
        }
        let failure = transport_failure(shared, fault).await;
        return failure.unwrap_or_else(|| GraphError::transient(2).answer(&visit.trace_id));
    };
    if !is_taken_in {
        let code = Some(error.code_text());
        refuse(
            shared,
            visit,
            error.reason(),
            code,
            Some(error.status),
            Some(fault.kind.name()),
        );
    }
    let mut response = error.answer(&visit.trace_id);
    set_retry_after(&mut response, fault);
    if fault.kind == FaultKind::RateLimit {
        set_usage(&mut response, ACCOUNT.dataset_id, fault);
    }
    response
}

/// Adds `X-Business-Use-Case-Usage`; the time to regain access is in minutes.
fn set_usage(response: &mut Response, dataset_id: &str, fault: &Fault) {
    let minutes = fault.retry_after_s.unwrap_or(DEFAULT_REGAIN_S).div_ceil(60);
    let business = json!({ dataset_id: [{
        "type": "ads_management", "call_count": 100, "total_cputime": 25, "total_time": 25,
        "estimated_time_to_regain_access": minutes,
    }]});
    let app = json!({ "call_count": 100, "total_cputime": 25, "total_time": 25 });
    for (name, usage) in [
        ("x-business-use-case-usage", business),
        ("x-app-usage", app),
    ] {
        if let Ok(value) = HeaderValue::from_str(&usage.to_string()) {
            response.headers_mut().insert(name, value);
        }
    }
}

fn accept(shared: &Shared, visit: &Visit, events: Vec<Value>) {
    let test_code = visit
        .body
        .as_ref()
        .and_then(|body| body.get("test_event_code"))
        .and_then(Value::as_str);
    let mut ledger = shared.ledger();
    for event in events {
        let arrival = arrival(event, test_code, &shared.config.bounds);
        ledger.accept(PLATFORM, Channel::Server, visit.now_ms, arrival);
    }
}

fn refuse(
    shared: &Shared,
    visit: &Visit,
    reason: String,
    code: Option<String>,
    status: Option<u16>,
    fault: Option<&'static str>,
) {
    let mut body = visit.body.clone().unwrap_or_default();
    body.retain(|key, _| !SECRETS.contains(&key.as_str()));
    let refusal = Refusal {
        reason,
        code,
        status,
        fault,
        name: None,
        event_ids: visit.event_ids.clone(),
        payload: Value::Object(body),
    };
    shared
        .ledger()
        .refuse(PLATFORM, Channel::Server, visit.now_ms, refusal);
}

fn event_ids(body: &Map<String, Value>) -> Vec<String> {
    let events = body.get("data").and_then(Value::as_array);
    events
        .into_iter()
        .flatten()
        .filter_map(|event| event.get("event_id")?.as_str().map(str::to_owned))
        .collect()
}

fn arrival(event: Value, test_code: Option<&str>, bounds: &PlatformBounds) -> Arrival {
    let text = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
    let custom = event.get("custom_data");
    let custom_text = |key: &str| {
        custom
            .and_then(|c| c.get(key))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let user = event.get("user_data").and_then(Value::as_object);
    let mut warnings = Vec::new();
    if event.get("event_id").is_none() {
        warnings.push("no event_id: a pixel copy would count twice".to_owned());
    }
    if user.is_some_and(|u| {
        u.keys()
            .all(|k| matches!(k.as_str(), "client_ip_address" | "client_user_agent"))
    }) {
        warnings.push("IP address and user agent only: a weak match".to_owned());
    }
    let user_text = |key: &str| first_text(user?.get(key)?);
    let visitor_ids = visitor_ids(bounds, user_text("fbp"), user_text("external_id"));
    Arrival {
        visitor_ids,
        name: text("event_name").unwrap_or_default(),
        event_id: text("event_id"),
        dedup_id: text("event_id"),
        transaction_id: custom_text("order_id"),
        event_at_ms: event
            .get("event_time")
            .and_then(integer)
            .map(|s| s.saturating_mul(SECOND_MS)),
        value: custom.and_then(|c| c.get("value")).and_then(Value::as_f64),
        currency: custom_text("currency"),
        match_keys: user
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| match_key(key, value))
            .collect(),
        warnings,
        test_event_code: test_code.map(str::to_owned),
        payload: event,
    }
}
