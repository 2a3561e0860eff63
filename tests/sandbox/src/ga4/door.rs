//! The two endpoints: the silent one and the one that explains.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::event::recommendations;
use super::rules::{Code, MAX_BODY_BYTES, Message, check_request};
use super::{ACCOUNT, PLATFORM};
use crate::answer::{set_retry_after, transport_failure};
use crate::check::same_secret;
use crate::fault::{Fault, FaultKind};
use crate::record::{Arrival, Channel, MatchKey, Refusal, match_key};
use crate::sandbox::Shared;

/// Events taken from one request, so that a refused one stays bounded.
const MAX_EVENTS_READ: usize = 100;

/// `POST /ga4/mp/collect`.
pub(crate) async fn collect(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.faults().take(PLATFORM, &event_ids(&parsed));
    let Some(fault) = fault else {
        take_in(&shared, &query, &parsed, body.len());
        return StatusCode::NO_CONTENT.into_response();
    };
    match fault.kind {
        FaultKind::Slow => {
            shared.hold(fault.delay_or(shared.config.slow_delay)).await;
            take_in(&shared, &query, &parsed, body.len());
            return StatusCode::NO_CONTENT.into_response();
        }
        FaultKind::BadToken => {
            discard_all(&shared, &parsed, "api_secret is not accepted", Some(&fault));
            return StatusCode::NO_CONTENT.into_response();
        }
        _ => {}
    }
    if fault.processed {
        take_in(&shared, &query, &parsed, body.len());
    } else {
        refuse(&shared, &parsed, &fault);
    }
    if let Some(response) = transport_failure(&shared, &fault).await {
        return response;
    }
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    set_retry_after(&mut response, &fault);
    response
}

/// `POST /ga4/debug/mp/collect`. Checks neither secret nor stream, keeps nothing.
pub(crate) async fn debug(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut messages = check_request(&parsed, shared.clock.now_ms());
    if body.len() >= MAX_BODY_BYTES {
        messages.push(too_large());
    }
    if parsed
        .get("validation_behavior")
        .is_some_and(|v| v == "ENFORCE_RECOMMENDATIONS")
    {
        for (index, event) in events(&parsed).enumerate() {
            messages.extend(
                recommendations(event)
                    .into_iter()
                    .map(|(field, text)| Message {
                        field_path: format!("events[{index}].params.{field}"),
                        description: text.to_owned(),
                        validation_code: Code::ValueRequired,
                        event: Some(index),
                    }),
            );
        }
    }
    Json(json!({ "validationMessages": messages })).into_response()
}

fn too_large() -> Message {
    Message {
        field_path: String::new(),
        description: "The body must be smaller than 130 kB.".to_owned(),
        validation_code: Code::ValueOutOfBounds,
        event: None,
    }
}

/// Keeps what the platform would keep and records what it would throw away.
fn take_in(shared: &Shared, query: &HashMap<String, String>, body: &Value, body_bytes: usize) {
    let matches = |key: &str, want: &str| query.get(key).is_some_and(|got| same_secret(got, want));
    if !matches("measurement_id", ACCOUNT.measurement_id) {
        return discard_all(
            shared,
            body,
            "measurement_id is missing or not this stream's",
            None,
        );
    }
    if !matches("api_secret", ACCOUNT.api_secret) {
        return discard_all(shared, body, "api_secret is not accepted", None);
    }
    let now_ms = shared.clock.now_ms();
    let mut messages = check_request(body, now_ms);
    if body_bytes >= MAX_BODY_BYTES {
        messages.push(too_large());
    }
    if let Some(fatal) = messages.iter().find(|message| message.event.is_none()) {
        return discard_all(shared, body, &sentence(fatal), None);
    }
    for (index, event) in events(body).enumerate() {
        match messages.iter().find(|message| message.event == Some(index)) {
            Some(message) => discard(shared, body, event, &sentence(message), None),
            None => {
                shared
                    .ledger()
                    .accept(PLATFORM, Channel::Server, now_ms, arrival(body, event));
            }
        }
    }
}

fn sentence(message: &Message) -> String {
    if message.field_path.is_empty() {
        return message.description.clone();
    }
    format!("{}: {}", message.field_path, message.description)
}

fn events(body: &Value) -> impl Iterator<Item = &Value> {
    body.get("events")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .take(MAX_EVENTS_READ)
}

fn discard_all(shared: &Shared, body: &Value, reason: &str, fault: Option<&Fault>) {
    let mut has_events = false;
    for event in events(body) {
        has_events = true;
        discard(shared, body, event, reason, fault);
    }
    if !has_events {
        discard(shared, body, &Value::Null, reason, fault);
    }
}

fn discard(shared: &Shared, body: &Value, event: &Value, reason: &str, fault: Option<&Fault>) {
    let arrival = arrival(body, event);
    let refusal = Refusal {
        reason: reason.to_owned(),
        code: None,
        status: Some(204),
        fault: fault.map(|fault| fault.kind.name()),
        name: Some(arrival.name).filter(|name| !name.is_empty()),
        event_ids: arrival
            .event_id
            .into_iter()
            .chain(arrival.transaction_id)
            .collect(),
        payload: arrival.payload,
    };
    shared
        .ledger()
        .discard(PLATFORM, Channel::Server, shared.clock.now_ms(), refusal);
}

fn refuse(shared: &Shared, body: &Value, fault: &Fault) {
    let refusal = Refusal {
        reason: format!("injected fault {}", fault.kind.name()),
        code: None,
        status: None,
        fault: Some(fault.kind.name()),
        name: None,
        event_ids: event_ids(body),
        payload: body.clone(),
    };
    shared
        .ledger()
        .refuse(PLATFORM, Channel::Server, shared.clock.now_ms(), refusal);
}

fn param(event: &Value, name: &str) -> Option<String> {
    let value = event.get("params")?.get(name)?;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn event_ids(body: &Value) -> Vec<String> {
    events(body)
        .flat_map(|event| [param(event, "event_id"), param(event, "transaction_id")])
        .flatten()
        .collect()
}

fn arrival(body: &Value, event: &Value) -> Arrival {
    let name = event
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let transaction_id = param(event, "transaction_id");
    let micros = event
        .get("timestamp_micros")
        .or_else(|| body.get("timestamp_micros"))
        .and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
    let mut context = body.clone();
    if let Some(map) = context.as_object_mut() {
        map.insert("events".to_owned(), json!([event]));
    }
    Arrival {
        dedup_id: transaction_id.clone().filter(|_| name == "purchase"),
        event_id: param(event, "event_id"),
        transaction_id,
        event_at_ms: micros.map(|micros| micros / 1_000),
        value: event.pointer("/params/value").and_then(Value::as_f64),
        currency: param(event, "currency"),
        visitor_ids: Vec::new(),
        match_keys: match_keys(body, event),
        warnings: recommendations(event)
            .into_iter()
            .map(|(_, text)| text.to_owned())
            .collect(),
        test_event_code: None,
        payload: context,
        name,
    }
}

fn match_keys(body: &Value, event: &Value) -> Vec<MatchKey> {
    let data = body.get("user_data");
    let places = [
        ("client_id", body.get("client_id")),
        ("user_id", body.get("user_id")),
        ("session_id", event.pointer("/params/session_id")),
        ("ip_override", body.get("ip_override")),
        (
            "sha256_email_address",
            data.and_then(|d| d.get("sha256_email_address")),
        ),
        (
            "sha256_phone_number",
            data.and_then(|d| d.get("sha256_phone_number")),
        ),
    ];
    places
        .into_iter()
        .filter_map(|(name, value)| match_key(name, value?))
        .collect()
}
