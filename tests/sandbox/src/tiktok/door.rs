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
use super::{ACCOUNT, PLATFORM};
use crate::check::{integer, same_secret};
use crate::config::SECOND_MS;
use crate::door::{Complaint, Judgement, Visit, pass};
use crate::fault::{Fault, FaultKind};
use crate::platform::Platform;
use crate::record::{Arrival, match_key};
use crate::sandbox::Shared;

/// Code of a token that is empty.
const TOKEN_EMPTY: u32 = 40_104;
/// Code of a partial success.
const PARTIAL: u32 = 20_001;
const BAD_TOKEN: &str = "Access token is incorrect or has been revoked";

/// One request.
struct Track {
    body: Option<Map<String, Value>>,
    token: String,
    request_id: String,
}

/// `POST /tiktok/open_api/v1.3/event/track/`.
pub(crate) async fn track(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = headers
        .get("access-token")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let visit = Track {
        body: serde_json::from_slice(&body).ok(),
        token: token.to_owned(),
        request_id: format!("sandbox{:016x}", shared.next_request()),
    };
    pass(&shared, &visit).await
}

impl Visit for Track {
    const PLATFORM: Platform = PLATFORM;

    fn event_ids(&self) -> Vec<String> {
        self.body.as_ref().map(event_ids).unwrap_or_default()
    }

    fn payload(&self) -> Value {
        self.body.clone().map_or(Value::Null, Value::Object)
    }

    fn judge(&self, shared: &Shared, now_ms: i64) -> Judgement {
        match self.check(shared, now_ms) {
            Ok(events) => Judgement {
                taken: self.arrivals(events),
                refused: Vec::new(),
                response: self.envelope(0, "OK").into_response(),
            },
            Err(error) => self.refusal(&error).refuses(self),
        }
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        let (code, message) = match fault.kind {
            FaultKind::RateLimit => (
                RATE_LIMIT,
                "Too many requests. Please retry later".to_owned(),
            ),
            FaultKind::BadToken => {
                let message = match fault.code {
                    Some(TOKEN_EMPTY) => "Access token is empty",
                    _ => BAD_TOKEN,
                };
                (fault.code.unwrap_or(NO_PERMISSION), message.to_owned())
            }
            FaultKind::RefuseEventId => (
                INVALID,
                format!("Batch.{}.event_id: Not accepted", self.index_of(fault)),
            ),
            FaultKind::Partial20001 => (PARTIAL, "Partial success".to_owned()),
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => (
                fault.code.unwrap_or(SERVER_ERROR),
                "Internal service error, please retry later".to_owned(),
            ),
            FaultKind::Outage503
            | FaultKind::Timeout
            | FaultKind::Reset
            | FaultKind::Html500
            | FaultKind::Slow => return None,
        };
        Some(self.refusal(&ApiError { code, message }))
    }
}

impl Track {
    fn check(&self, shared: &Shared, now_ms: i64) -> Result<&[Value], ApiError> {
        if !same_secret(&self.token, ACCOUNT.access_token) {
            return Err(ApiError {
                code: NO_PERMISSION,
                message: BAD_TOKEN.to_owned(),
            });
        }
        let body = self.body.as_ref().ok_or_else(|| ApiError {
            code: INVALID,
            message: "Request body is not a valid JSON object".to_owned(),
        })?;
        check_request(body, ACCOUNT.pixel_code, &shared.config.bounds, now_ms)
    }

    fn envelope(&self, code: u32, message: &str) -> Json<Value> {
        Json(json!({ "code": code, "message": message, "request_id": self.request_id, "data": {} }))
    }

    /// HTTP 200, as every answer.
    fn refusal(&self, error: &ApiError) -> Complaint {
        let Json(body) = self.envelope(error.code, &error.message);
        Complaint::json(200, error.code.to_string(), error.message.as_str(), body)
    }

    fn index_of(&self, fault: &Fault) -> usize {
        let events = self.body.as_ref().and_then(|body| body.get("data"));
        events
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .position(|event| {
                event.get("event_id").and_then(Value::as_str) == fault.event_id.as_deref()
            })
            .unwrap_or(0)
    }

    fn arrivals(&self, events: &[Value]) -> Vec<Arrival> {
        let text = |key: &str| {
            self.body
                .as_ref()
                .and_then(|body| body.get(key))
                .and_then(Value::as_str)
        };
        let (test_code, source) = (text("test_event_code"), text("event_source"));
        let of = |event| Arrival {
            warnings: warnings(event, source),
            test_event_code: test_code.map(str::to_owned),
            ..arrival(event)
        };
        events.iter().map(of).collect()
    }
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
        visitor_ids: Vec::new(),
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
