//! The events endpoint: token in the address, checks, answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rules::{judge, warnings};
use super::{ACCESS_TOKEN, PIXEL_ID, PLATFORM};
use crate::check::same_secret;
use crate::config::SECOND_MS;
use crate::door::{Call, Complaint, Judgement, Visit, match_keys_at, number_at, pass, text_at};
use crate::fault::{Fault, FaultKind};
use crate::platform::Platform;
use crate::record::Arrival;
use crate::sandbox::Shared;

/// Most events of one request.
const MAX_EVENTS: usize = 2_000;

#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    access_token: String,
}

struct Events {
    call: Call,
    pixel: String,
    token: String,
    is_trial: bool,
}

/// `POST /snapchat/v3/{pixel_id}/events`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(pixel): Path<String>,
    Query(credentials): Query<Credentials>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body);
    let visit = Events {
        call,
        pixel,
        token: credentials.access_token,
        is_trial: false,
    };
    pass(&shared, &visit).await
}

/// `POST /snapchat/v3/{pixel_id}/events/validate`.
pub(super) async fn validate(
    State(shared): State<Arc<Shared>>,
    Path(pixel): Path<String>,
    Query(credentials): Query<Credentials>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body);
    let visit = Events {
        call,
        pixel,
        token: credentials.access_token,
        is_trial: true,
    };
    pass(&shared, &visit).await
}

impl Visit for Events {
    const PLATFORM: Platform = PLATFORM;

    fn event_ids(&self) -> Vec<String> {
        self.call.texts("/data", "/event_id")
    }

    fn payload(&self) -> Value {
        self.call.body.clone()
    }

    fn judge(&self, _shared: &Shared, now_ms: i64) -> Judgement {
        if let Err(complaint) = self.check(now_ms) {
            return complaint.refuses(self);
        }
        let test_code = self.call.body["test_event_code"].as_str();
        let of = |event| Arrival {
            test_event_code: test_code.map(str::to_owned),
            ..arrival(event)
        };
        let events = self.call.events("/data").iter();
        Judgement {
            taken: if self.is_trial {
                Vec::new()
            } else {
                events.map(of).collect()
            },
            refused: Vec::new(),
            response: Json(json!({
                "status": "VALID", "reason": "", "trace_id": self.trace()
            }))
            .into_response(),
        }
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => self.error(429, "ERROR", "Too many requests"),
            FaultKind::BadToken => self.bad_token(),
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => {
                self.error(500, "ERROR", "Internal error")
            }
            FaultKind::RefuseEventId => self.error(400, "INVALID", "event_id is not accepted"),
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
        let invalid = |reason: &str| self.error(400, "INVALID", reason);
        if !same_secret(&self.token, ACCESS_TOKEN) {
            return Err(self.bad_token().into());
        }
        if self.pixel != PIXEL_ID {
            return Err(self.error(403, "ERROR", "No access to this pixel").into());
        }
        let Some(body) = self.call.body.as_object() else {
            return Err(invalid("The body is not a JSON object").into());
        };
        let known = ["data", "test_event_code"];
        if body.keys().any(|key| !known.contains(&key.as_str())) {
            return Err(invalid("The body has a member that is not known").into());
        }
        let events = self.call.events("/data");
        if !(1..=MAX_EVENTS).contains(&events.len()) {
            return Err(invalid("data must have 1 to 2000 events").into());
        }
        for (index, event) in events.iter().enumerate() {
            judge(event, now_ms)
                .map_err(|words| Box::new(invalid(&format!("data[{index}]: {words}"))))?;
        }
        Ok(())
    }

    fn bad_token(&self) -> Complaint {
        self.error(401, "ERROR", "The access token is not valid")
    }

    fn error(&self, status: u16, word: &'static str, reason: &str) -> Complaint {
        let body = json!({ "status": word, "reason": reason, "trace_id": self.trace() });
        Complaint::json(status, word, reason, body)
    }

    fn trace(&self) -> String {
        format!("sandbox-{}", self.call.number)
    }
}

fn arrival(event: &Value) -> Arrival {
    let id = text_at(event, "/event_id");
    Arrival {
        name: text_at(event, "/event_name").unwrap_or_default(),
        dedup_id: id.clone(),
        event_id: id,
        transaction_id: text_at(event, "/custom_data/order_id"),
        event_at_ms: event["event_time"]
            .as_i64()
            .map(|seconds| seconds.saturating_mul(SECOND_MS)),
        value: number_at(event, "/custom_data/value"),
        currency: text_at(event, "/custom_data/currency"),
        match_keys: match_keys_at(event, "/user_data"),
        warnings: warnings(event),
        payload: event.clone(),
        ..Arrival::default()
    }
}
