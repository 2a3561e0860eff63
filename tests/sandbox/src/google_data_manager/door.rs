//! The ingest endpoint: token, checks, answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::rules::{Checker, Violation, epoch_seconds, warnings};
use super::{PLATFORM, token};
use crate::config::SECOND_MS;
use crate::door::{Complaint, Judgement, Visit, pass};
use crate::fault::{Fault, FaultKind};
use crate::platform::Platform;
use crate::record::{Arrival, match_key};
use crate::sandbox::Shared;

/// One request.
struct Ingest {
    body: Option<Map<String, Value>>,
    token: String,
    request_id: String,
}

/// `POST /google_data_manager/v1/events:ingest`.
pub(crate) async fn ingest(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let visit = Ingest {
        body: serde_json::from_slice(&body).ok(),
        token: token.to_owned(),
        request_id: format!("sandbox-{}", shared.next_request()),
    };
    pass(&shared, &visit).await
}

impl Visit for Ingest {
    const PLATFORM: Platform = PLATFORM;

    /// An order is also known by the id that Firsthand gives its purchase.
    fn event_ids(&self) -> Vec<String> {
        self.events()
            .filter_map(|event| event.get("transactionId")?.as_str())
            .flat_map(|id| [id.to_owned(), format!("purchase:{id}")])
            .collect()
    }

    fn payload(&self) -> Value {
        self.body.clone().map_or(Value::Null, Value::Object)
    }

    fn judge(&self, _shared: &Shared, now_ms: i64) -> Judgement {
        if !token::is_good(&self.token, now_ms) {
            return unauthenticated().refuses(self);
        }
        let Some(body) = &self.body else {
            return status(
                400,
                "INVALID_ARGUMENT",
                "Invalid JSON payload received.",
                &[],
            )
            .refuses(self);
        };
        let violations = Checker::check(body, now_ms);
        if !violations.is_empty() {
            return invalid(&violations, &self.request_id).refuses(self);
        }
        let is_trial = body.get("validateOnly").and_then(Value::as_bool) == Some(true);
        let answer = if is_trial {
            json!({})
        } else {
            json!({ "requestId": self.request_id })
        };
        Judgement {
            taken: if is_trial {
                Vec::new()
            } else {
                self.events().map(arrival).collect()
            },
            refused: Vec::new(),
            response: Json(answer).into_response(),
        }
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => status(
                429,
                "RESOURCE_EXHAUSTED",
                "Quota exceeded for quota metric 'Ingest requests'.",
                &[],
            ),
            FaultKind::BadToken => unauthenticated(),
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => status(
                503,
                "UNAVAILABLE",
                "The service is currently unavailable.",
                &[],
            ),
            FaultKind::RefuseEventId => {
                let index = self
                    .events()
                    .position(|event| {
                        let id = event.get("transactionId").and_then(Value::as_str);
                        let wanted = fault.event_id.as_deref().unwrap_or_default();
                        id == Some(wanted) || id == wanted.strip_prefix("purchase:")
                    })
                    .unwrap_or(0);
                let violation = Violation {
                    field: format!("events.events[{index}].transaction_id"),
                    reason: "INVALID_FORMAT",
                    description: "not accepted",
                };
                invalid(&[violation], &self.request_id)
            }
            FaultKind::Outage503
            | FaultKind::Timeout
            | FaultKind::Reset
            | FaultKind::Html500
            | FaultKind::Slow
            | FaultKind::Partial20001 => return None,
        })
    }
}

impl Ingest {
    fn events(&self) -> impl Iterator<Item = &Value> {
        self.body
            .as_ref()
            .and_then(|body| body.get("events"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }
}

fn unauthenticated() -> Complaint {
    status(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token.",
        &[],
    )
}

fn status(code: u16, name: &'static str, message: &'static str, details: &[Value]) -> Complaint {
    let body = json!({ "error": {
        "code": code, "status": name, "message": message, "details": details
    }});
    Complaint::json(code, name, message, body)
}

fn invalid(violations: &[Violation], request_id: &str) -> Complaint {
    let list: Vec<Value> = violations
        .iter()
        .map(|one| json!({ "field": one.field, "description": one.description, "reason": one.reason }))
        .collect();
    let message = "There was a problem with the request.";
    let body = json!({ "error": {
        "code": 400, "status": "INVALID_ARGUMENT", "message": message,
        "details": [
            { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "INVALID_ARGUMENT",
                "domain": "datamanager.googleapis.com" },
            { "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": list },
            { "@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": request_id }
        ]
    }});
    let words = violations.first().map_or_else(
        || message.to_owned(),
        |one| format!("{}: {} ({})", one.field, one.description, one.reason),
    );
    Complaint::json(400, "INVALID_ARGUMENT", words, body)
}

fn arrival(event: &Value) -> Arrival {
    let text = |path: &str| {
        event
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let identifiers = event
        .pointer("/userData/userIdentifiers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flatten();
    let clicks = event
        .get("adIdentifiers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    Arrival {
        visitor_ids: Vec::new(),
        name: text("/eventName")
            .or_else(|| text("/destinationReferences/0"))
            .unwrap_or_default(),
        event_id: None,
        transaction_id: text("/transactionId"),
        dedup_id: text("/transactionId"),
        event_at_ms: text("/eventTimestamp")
            .and_then(|time| epoch_seconds(&time))
            .map(|seconds| seconds.saturating_mul(SECOND_MS)),
        value: event.get("conversionValue").and_then(Value::as_f64),
        currency: text("/currency"),
        match_keys: identifiers
            .chain(clicks)
            .filter_map(|(key, value)| match_key(key, value))
            .collect(),
        warnings: warnings(event),
        test_event_code: None,
        payload: event.clone(),
    }
}
