//! The events endpoint: headers, checks, answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::rules::{check, warnings};
use super::{API_KEY, PLATFORM};
use crate::check::same_secret;
use crate::config::SECOND_MS;
use crate::door::{Complaint, Judgement, Visit, pass};
use crate::fault::{Fault, FaultKind};
use crate::google_data_manager::rules::epoch_seconds;
use crate::platform::Platform;
use crate::record::{Arrival, match_key};
use crate::sandbox::Shared;

/// One request.
struct Create {
    body: Value,
    key: String,
    has_revision: bool,
    is_json_api: bool,
}

/// `POST /klaviyo/api/events`.
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let key = text("authorization").strip_prefix("Klaviyo-API-Key ");
    let visit = Create {
        body: serde_json::from_slice(&body).unwrap_or_default(),
        key: key.unwrap_or_default().to_owned(),
        has_revision: text("revision").len() == "2026-07-15".len(),
        is_json_api: text(header::CONTENT_TYPE.as_str()) == "application/vnd.api+json",
    };
    pass(&shared, &visit).await
}

impl Visit for Create {
    const PLATFORM: Platform = PLATFORM;

    fn event_ids(&self) -> Vec<String> {
        self.text("/data/attributes/unique_id")
            .into_iter()
            .collect()
    }

    fn payload(&self) -> Value {
        self.body.clone()
    }

    fn judge(&self, _shared: &Shared, now_ms: i64) -> Judgement {
        if !same_secret(&self.key, API_KEY) {
            return bad_key().refuses(self);
        }
        if !self.is_json_api {
            return error(
                415,
                "unsupported_media_type",
                "The content type must be application/vnd.api+json.",
                "",
            )
            .refuses(self);
        }
        if !self.has_revision {
            return error(400, "invalid", "The revision header must be a date.", "").refuses(self);
        }
        if let Err(wrong) = check(&self.body, now_ms) {
            return error(400, "invalid", wrong.detail, wrong.pointer).refuses(self);
        }
        Judgement {
            taken: vec![self.arrival()],
            refused: Vec::new(),
            response: StatusCode::ACCEPTED.into_response(),
        }
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => error(429, "throttled", "Request was throttled.", ""),
            FaultKind::BadToken => bad_key(),
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => {
                error(500, "error", "A server error occurred.", "")
            }
            FaultKind::RefuseEventId => error(
                400,
                "invalid",
                "The event is not accepted.",
                "/data/attributes/unique_id",
            ),
            FaultKind::Outage503
            | FaultKind::Timeout
            | FaultKind::Reset
            | FaultKind::Html500
            | FaultKind::Slow
            | FaultKind::Partial20001 => return None,
        })
    }
}

impl Create {
    fn text(&self, path: &str) -> Option<String> {
        self.body
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    }

    fn arrival(&self) -> Arrival {
        let profile = self
            .body
            .pointer("/data/attributes/profile/data/attributes")
            .and_then(Value::as_object);
        Arrival {
            visitor_ids: Vec::new(),
            name: self
                .text("/data/attributes/metric/data/attributes/name")
                .unwrap_or_default(),
            event_id: self.text("/data/attributes/unique_id"),
            dedup_id: self.text("/data/attributes/unique_id"),
            transaction_id: self.text("/data/attributes/properties/OrderId"),
            event_at_ms: self
                .text("/data/attributes/time")
                .and_then(|time| epoch_seconds(&time))
                .map(|seconds| seconds.saturating_mul(SECOND_MS)),
            value: self
                .body
                .pointer("/data/attributes/value")
                .and_then(Value::as_f64),
            currency: self.text("/data/attributes/value_currency"),
            match_keys: profile
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| match_key(key, value))
                .collect(),
            warnings: warnings(&self.body),
            test_event_code: None,
            payload: self.body.clone(),
        }
    }
}

fn bad_key() -> Complaint {
    error(
        401,
        "authentication_failed",
        "Incorrect authentication credentials.",
        "",
    )
}

fn error(
    status: u16,
    code: &'static str,
    detail: &'static str,
    pointer: &'static str,
) -> Complaint {
    let body = json!({ "errors": [{
        "id": "sandbox", "status": status, "code": code, "title": "Invalid input.", "detail": detail,
        "source": { "pointer": pointer }, "links": {}, "meta": {}
    }]});
    let reason = if pointer.is_empty() {
        detail.to_owned()
    } else {
        format!("{pointer}: {detail}")
    };
    Complaint::json(status, code, reason, body)
}
