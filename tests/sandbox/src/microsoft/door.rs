//! The events endpoint: token, tag, the verdict on every event.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::rules::{Fault as Wrong, judge, warnings};
use super::{ACCESS_TOKEN, PLATFORM, TAG_ID};
use crate::check::same_secret;
use crate::config::SECOND_MS;
use crate::door::{
    Call, Complaint, Judgement, Visit, match_keys_at, number_at, pass, sort_out, text_at,
};
use crate::fault::{Fault, FaultKind};
use crate::platform::Platform;
use crate::record::Arrival;
use crate::sandbox::Shared;

/// Most events of one request.
const MAX_EVENTS: usize = 1_000;
const EVENTS: &str = "/data";
const EVENT_ID: &str = "/eventId";

struct Events {
    call: Call,
    tag: String,
}

/// `POST /microsoft/v1/{tag_id}/events`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(tag): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body);
    pass(&shared, &Events { call, tag }).await
}

impl Visit for Events {
    const PLATFORM: Platform = PLATFORM;

    fn event_ids(&self) -> Vec<String> {
        self.call.texts(EVENTS, EVENT_ID)
    }

    fn payload(&self) -> Value {
        self.call.body.clone()
    }

    fn judge(&self, _shared: &Shared, now_ms: i64) -> Judgement {
        self.verdict(now_ms, None)
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => self.error(429, "TooManyRequests", "Too many requests"),
            FaultKind::BadToken => self.bad_token(),
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => {
                self.error(500, "InternalError", "An internal error occurred")
            }
            FaultKind::RefuseEventId
            | FaultKind::Outage503
            | FaultKind::Timeout
            | FaultKind::Reset
            | FaultKind::Html500
            | FaultKind::Slow
            | FaultKind::Partial20001 => return None,
        })
    }

    fn judge_without(&self, fault: &Fault, _shared: &Shared, now_ms: i64) -> Option<Judgement> {
        Some(self.verdict(now_ms, fault.event_id.as_deref()))
    }
}

impl Events {
    fn verdict(&self, now_ms: i64, refused_id: Option<&str>) -> Judgement {
        if let Err(complaint) = self.check() {
            return complaint.refuses(self);
        }
        let list = self.call.events(EVENTS);
        let verdicts: Vec<Result<(), Wrong>> = list
            .iter()
            .map(|event| match refused_id {
                Some(id) if event["eventId"] == id => Err(Wrong {
                    property: "eventId".to_owned(),
                    message: "is not accepted".to_owned(),
                }),
                _ => judge(event, now_ms),
            })
            .collect();
        let body = self.report(list, &verdicts);
        if verdicts.iter().all(Result::is_ok) || self.goes_on() {
            let words: Vec<Result<(), String>> = verdicts
                .into_iter()
                .map(|verdict| verdict.map_err(|wrong| sentence(&wrong)))
                .collect();
            let (taken, refused) =
                sort_out(list, &words, arrival, EVENT_ID, (200, "ValidationError"));
            return Judgement {
                taken,
                refused,
                response: (StatusCode::OK, Json(body)).into_response(),
            };
        }
        let first = verdicts.iter().find_map(|verdict| verdict.as_ref().err());
        let reason = first.map(sentence).unwrap_or_default();
        Complaint::json(400, "ValidationError", reason, body).refuses(self)
    }

    fn check(&self) -> Result<(), Box<Complaint>> {
        if !same_secret(&self.call.token, ACCESS_TOKEN) {
            return Err(self.bad_token().into());
        }
        if self.tag != TAG_ID {
            return Err(self
                .error(403, "Forbidden", "The token is of another tag")
                .into());
        }
        let known = ["data", "continueOnValidationError", "dataProvider"];
        let is_frame = self
            .call
            .body
            .as_object()
            .is_some_and(|body| body.keys().all(|key| known.contains(&key.as_str())));
        if !is_frame || !(1..=MAX_EVENTS).contains(&self.call.events(EVENTS).len()) {
            return Err(self
                .error(
                    400,
                    "BadRequest",
                    "data must have 1 to 1000 events, and no other property is known",
                )
                .into());
        }
        Ok(())
    }

    /// Beside the events, or in each of them.
    fn goes_on(&self) -> bool {
        let asked = |place: &Value| place["continueOnValidationError"] == true;
        asked(&self.call.body) || self.call.events(EVENTS).iter().all(asked)
    }

    fn report(&self, list: &[Value], verdicts: &[Result<(), Wrong>]) -> Value {
        let mut details = Vec::new();
        for (index, (event, verdict)) in list.iter().zip(verdicts).enumerate() {
            if let Err(wrong) = verdict {
                let place = wrong.property.replace(['.', '['], "/");
                let value = event.pointer(&format!("/{}", place.replace(']', "")));
                details.push(detail(index, &wrong.property, value, &wrong.message, false));
            }
            for warning in warnings(event) {
                details.push(detail(index, "event", None, &warning, true));
            }
        }
        let mut body = json!({ "eventsReceived": list.len(), "traceId": self.trace() });
        if !details.is_empty() {
            body["error"] = json!({
                "code": "ValidationError", "message": "Some events are not valid", "details": details
            });
        }
        body
    }

    fn bad_token(&self) -> Complaint {
        self.error(401, "Unauthorized", "The token is not valid")
    }

    fn error(&self, status: u16, code: &'static str, message: &'static str) -> Complaint {
        let body = json!({
            "traceId": self.trace(), "error": { "code": code, "message": message, "details": [] }
        });
        Complaint::json(status, code, message, body)
    }

    fn trace(&self) -> String {
        format!("sandbox-{}", self.call.number)
    }
}

fn detail(
    index: usize,
    property: &str,
    value: Option<&Value>,
    message: &str,
    is_warning: bool,
) -> Value {
    // The value is repeated, whatever it is: whoever reads this must not log it.
    json!({
        "index": index, "propertyName": property, "attemptedValue": value,
        "errorMessage": message, "isWarning": is_warning
    })
}

fn sentence(wrong: &Wrong) -> String {
    format!("{}: {}", wrong.property, wrong.message)
}

fn arrival(event: &Value) -> Arrival {
    let id = text_at(event, EVENT_ID);
    Arrival {
        name: text_at(event, "/eventName")
            .or_else(|| text_at(event, "/eventType"))
            .unwrap_or_default(),
        dedup_id: id.clone(),
        event_id: id,
        transaction_id: text_at(event, "/customData/transactionId"),
        event_at_ms: event["eventTime"]
            .as_i64()
            .map(|seconds| seconds.saturating_mul(SECOND_MS)),
        value: number_at(event, "/customData/value"),
        currency: text_at(event, "/customData/currency"),
        match_keys: match_keys_at(event, "/userData"),
        warnings: warnings(event),
        payload: event.clone(),
        ..Arrival::default()
    }
}
