//! The endpoint for conversion events: headers, token, checks, answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::rules::{URN, judge, warnings};
use super::{ACCESS_TOKEN, OLDEST_VERSION, PLATFORM, RULES};
use crate::check::same_secret;
use crate::door::{Call, Complaint, Judgement, Visit, header_text, number_at, pass, text_at};
use crate::fault::{Fault, FaultKind};
use crate::platform::Platform;
use crate::record::{Arrival, match_key};
use crate::sandbox::Shared;

/// Most events of one request.
const MAX_EVENTS: usize = 5_000;
const EVENTS: &str = "/elements";

struct Events {
    call: Call,
    version: String,
    protocol: String,
    method: String,
}

/// `POST /linkedin/rest/conversionEvents`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| header_text(&headers, name).to_owned();
    let visit = Events {
        call: Call::read(&shared, &headers, &body),
        version: text("linkedin-version"),
        protocol: text("x-restli-protocol-version"),
        method: text("x-restli-method"),
    };
    pass(&shared, &visit).await
}

impl Visit for Events {
    const PLATFORM: Platform = PLATFORM;

    fn event_ids(&self) -> Vec<String> {
        self.call.texts(EVENTS, "/eventId")
    }

    fn payload(&self) -> Value {
        self.call.body.clone()
    }

    fn judge(&self, _shared: &Shared, now_ms: i64) -> Judgement {
        if let Err(complaint) = self.check(now_ms) {
            return complaint.refuses(self);
        }
        let events = self.call.events(EVENTS);
        let statuses: Vec<Value> = events.iter().map(|_| json!({ "status": 201 })).collect();
        Judgement {
            taken: events.iter().map(arrival).collect(),
            refused: Vec::new(),
            response: Json(json!({ "elements": statuses })).into_response(),
        }
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => {
                error(429, "TOO_MANY_REQUESTS", "Resource level throttle limit")
            }
            FaultKind::BadToken => match fault.code {
                Some(426) => ended(),
                _ => bad_token(),
            },
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => {
                error(500, "SERVER_ERROR", "Internal server error")
            }
            FaultKind::RefuseEventId => {
                let events = self.call.events(EVENTS).iter();
                let wanted = fault.event_id.as_deref().unwrap_or_default();
                let index = events
                    .map(|event| event["eventId"] == wanted)
                    .position(|is_meant| is_meant)
                    .unwrap_or(0);
                invalid(&format!("/elements/{index}/eventId :: is not accepted"))
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

impl Events {
    fn check(&self, now_ms: i64) -> Result<(), Box<Complaint>> {
        if !same_secret(&self.call.token, ACCESS_TOKEN) {
            return Err(bad_token().into());
        }
        let is_version = self.version.len() == OLDEST_VERSION.len()
            && self.version.bytes().all(|b| b.is_ascii_digit());
        if !is_version || self.version.as_str() < OLDEST_VERSION {
            return Err(ended().into());
        }
        if self.protocol != "2.0.0" || self.method != "BATCH_CREATE" {
            return Err(error(
                400,
                "INVALID_HEADER",
                "X-Restli-Protocol-Version 2.0.0 and X-RestLi-Method BATCH_CREATE are needed",
            )
            .into());
        }
        let is_frame = self
            .call
            .body
            .as_object()
            .is_some_and(|body| body.len() == 1);
        let events = self.call.events(EVENTS);
        if !is_frame || !(1..=MAX_EVENTS).contains(&events.len()) {
            return Err(error(
                400,
                "BAD_REQUEST",
                "elements must have 1 to 5000 events, and nothing else is allowed",
            )
            .into());
        }
        let wrong: Vec<String> = events
            .iter()
            .enumerate()
            .filter_map(|(index, event)| judge(index, event, now_ms).err())
            .collect();
        if !wrong.is_empty() {
            return Err(invalid(&wrong.join(", ")).into());
        }
        let is_known = |event: &Value| {
            let rule = event["conversion"]
                .as_str()
                .and_then(|urn| urn.strip_prefix(URN));
            rule.is_some_and(|rule| RULES.contains(&rule))
        };
        if !events.iter().all(is_known) {
            // As it is told of a rule that is not there.
            return Err(error(403, "ACCESS_DENIED", "There are no ad accounts").into());
        }
        Ok(())
    }
}

fn bad_token() -> Complaint {
    error(401, "INVALID_ACCESS_TOKEN", "Invalid access token")
}

fn ended() -> Complaint {
    error(
        426,
        "NONEXISTENT_VERSION",
        "Requested version is not active",
    )
}

fn invalid(places: &str) -> Complaint {
    error(422, "UNPROCESSABLE", &format!("ERROR :: {places}"))
}

fn error(status: u16, code: &'static str, message: &str) -> Complaint {
    let body = json!({ "status": status, "code": code, "message": message });
    Complaint::json(status, code, message, body)
}

fn arrival(event: &Value) -> Arrival {
    let id = text_at(event, "/eventId");
    let ids = event["user"]["userIds"].as_array();
    Arrival {
        // The rule is all that an event is called here.
        name: text_at(event, "/conversion")
            .map(|urn| urn.replace(URN, "rule "))
            .unwrap_or_default(),
        dedup_id: id.clone(),
        event_id: id,
        event_at_ms: event["conversionHappenedAt"].as_i64(),
        value: number_at(event, "/conversionValue/amount"),
        currency: text_at(event, "/conversionValue/currencyCode"),
        match_keys: ids
            .into_iter()
            .flatten()
            .filter_map(|id| match_key(id["idType"].as_str()?, &id["idValue"]))
            .collect(),
        warnings: warnings(event),
        payload: event.clone(),
        ..Arrival::default()
    }
}
