//! The conversions endpoint: token, pixel, checks, answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::rules::{judge, warnings};
use super::{ACCESS_TOKEN, PIXEL_ID, PLATFORM};
use crate::check::same_secret;
use crate::door::{Call, Complaint, Judgement, Visit, match_keys_at, number_at, pass, text_at};
use crate::fault::{Fault, FaultKind};
use crate::platform::Platform;
use crate::record::{Arrival, match_key};
use crate::sandbox::Shared;

/// Most events of one request.
const MAX_EVENTS: usize = 1_000;
const EVENTS: &str = "/data/events";
const EVENT_ID: &str = "/metadata/conversion_id";

struct Events {
    call: Call,
    pixel: String,
}

/// `POST /reddit/api/v3/pixels/{pixel_id}/conversion_events`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(pixel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body);
    pass(&shared, &Events { call, pixel }).await
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
        if let Err(complaint) = self.check(now_ms) {
            return complaint.refuses(self);
        }
        let events = self.call.events(EVENTS);
        let test_id = text_at(&self.call.body, "/data/test_id");
        let of = |event| Arrival {
            test_event_code: test_id.clone(),
            ..arrival(event)
        };
        let message = format!("Successfully processed {} conversion events.", events.len());
        Judgement {
            taken: events.iter().map(of).collect(),
            refused: Vec::new(),
            response: Json(json!({ "data": { "message": message } })).into_response(),
        }
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => error(429, "Too many requests"),
            FaultKind::BadToken => error(401, "Unauthorized"),
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => {
                error(500, "Internal server error")
            }
            FaultKind::RefuseEventId => error(400, "metadata.conversion_id is not accepted"),
            FaultKind::Outage503
            | FaultKind::Timeout
            | FaultKind::Reset
            | FaultKind::Html500
            | FaultKind::Slow
            | FaultKind::Partial20001 => return None,
        })
    }
}

impl Events {
    fn check(&self, now_ms: i64) -> Result<(), Box<Complaint>> {
        if !same_secret(&self.call.token, ACCESS_TOKEN) {
            return Err(error(401, "Unauthorized").into());
        }
        if self.pixel != PIXEL_ID {
            return Err(error(403, "No access to this pixel").into());
        }
        let known = |at: &Value, keys: &[&str]| {
            let members = at.as_object();
            members.is_some_and(|members| members.keys().all(|key| keys.contains(&key.as_str())))
        };
        if !known(&self.call.body, &["data"])
            || !known(&self.call.body["data"], &["events", "test_id"])
        {
            return Err(error(400, "unknown field").into());
        }
        let events = self.call.events(EVENTS);
        if !(1..=MAX_EVENTS).contains(&events.len()) {
            return Err(error(400, "data.events must have 1 to 1000 events").into());
        }
        events
            .iter()
            .try_for_each(|event| judge(event, now_ms))
            .map_err(|words| error(400, &words).into())
    }
}

fn error(status: u16, message: &str) -> Complaint {
    let body = json!({ "error": { "code": status, "message": message } });
    Complaint::json(status, status.to_string(), message, body)
}

fn arrival(event: &Value) -> Arrival {
    let id = text_at(event, EVENT_ID);
    let click = event
        .get("click_id")
        .and_then(|id| match_key("click_id", id));
    Arrival {
        name: text_at(event, "/type/custom_event_name")
            .or_else(|| text_at(event, "/type/tracking_type"))
            .unwrap_or_default(),
        dedup_id: id.clone(),
        event_id: id,
        event_at_ms: event["event_at"].as_i64(),
        value: number_at(event, "/metadata/value"),
        currency: text_at(event, "/metadata/currency"),
        match_keys: click
            .into_iter()
            .chain(match_keys_at(event, "/user"))
            .collect(),
        warnings: warnings(event),
        payload: event.clone(),
        ..Arrival::default()
    }
}
