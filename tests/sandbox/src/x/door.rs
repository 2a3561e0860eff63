//! The endpoint for conversions: signature, pixel, checks, answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::rules::{judge, warnings};
use super::{ACCOUNT, PLATFORM, oauth};
use crate::check::same_secret;
use crate::config::SECOND_MS;
use crate::door::{Call, Complaint, Judgement, Visit, header_text, number_at, pass, text_at};
use crate::fault::{Fault, FaultKind};
use crate::google_data_manager::rules::epoch_seconds;
use crate::platform::Platform;
use crate::record::{Arrival, match_key};
use crate::sandbox::Shared;

/// Most conversions of one request.
const MAX_EVENTS: usize = 500;
/// How long a rate limit lasts unless the fault says otherwise, in seconds.
const WINDOW_S: u64 = 900;
const EVENTS: &str = "/conversions";

struct Conversions {
    call: Call,
    pixel: String,
    authorization: String,
    pixel_token: String,
    url: String,
    now_ms: i64,
}

/// `POST /x/12/measurement/conversions/{pixel_id}`.
pub(super) async fn conversions(
    State(shared): State<Arc<Shared>>,
    Path(pixel): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let host = header_text(&headers, header::HOST.as_str());
    let visit = Conversions {
        call: Call::read(&shared, &headers, &body),
        pixel,
        authorization: header_text(&headers, header::AUTHORIZATION.as_str()).to_owned(),
        pixel_token: header_text(&headers, "x-pixel-token").to_owned(),
        url: format!("http://{host}{}", uri.path()),
        now_ms: shared.clock.now_ms(),
    };
    pass(&shared, &visit).await
}

impl Visit for Conversions {
    const PLATFORM: Platform = PLATFORM;

    fn event_ids(&self) -> Vec<String> {
        self.call.texts(EVENTS, "/conversion_id")
    }

    fn payload(&self) -> Value {
        self.call.body.clone()
    }

    fn judge(&self, shared: &Shared, now_ms: i64) -> Judgement {
        if let Err(complaint) = self.check(shared, now_ms) {
            return complaint.refuses(self);
        }
        let events = self.call.events(EVENTS);
        let debug_id = format!("sandbox-{}", self.call.number);
        let answer = json!({
            "request": { "params": { "account_id": self.pixel } },
            "data": { "conversions_processed": events.len(), "debug_id": debug_id }
        });
        Judgement {
            taken: events.iter().map(arrival).collect(),
            refused: Vec::new(),
            response: Json(answer).into_response(),
        }
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => {
                let mut complaint = error(429, "TOO_MANY_REQUESTS", "Too many requests");
                let wait_s = i64::try_from(fault.retry_after_s.unwrap_or(WINDOW_S)).unwrap_or(0);
                let reset = HeaderValue::from(self.now_ms / SECOND_MS + wait_s);
                let headers = complaint.response.headers_mut();
                headers.insert("x-rate-limit-reset", reset);
                complaint
            }
            FaultKind::BadToken => error(401, "UNAUTHORIZED_ACCESS", "invalid or expired token"),
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => {
                error(500, "INTERNAL_ERROR", "Internal error")
            }
            FaultKind::RefuseEventId => {
                error(400, "INVALID_PARAMETER", "conversion_id is not accepted")
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

impl Conversions {
    fn check(&self, shared: &Shared, now_ms: i64) -> Result<(), Box<Complaint>> {
        if let Err(words) = self.check_access(shared, now_ms) {
            return Err(error(401, "UNAUTHORIZED_ACCESS", words).into());
        }
        if self.pixel != ACCOUNT.pixel_id {
            return Err(error(404, "NOT_FOUND", "The pixel was not found").into());
        }
        let invalid = |words: &str| error(400, "INVALID_PARAMETER", words);
        let is_frame = self
            .call
            .body
            .as_object()
            .is_some_and(|body| body.len() == 1);
        let events = self.call.events(EVENTS);
        if !is_frame || !(1..=MAX_EVENTS).contains(&events.len()) {
            return Err(invalid("conversions must have 1 to 500 entries").into());
        }
        events
            .iter()
            .try_for_each(|event| judge(event, now_ms))
            .map_err(|words| invalid(&words).into())
    }

    fn check_access(&self, shared: &Shared, now_ms: i64) -> Result<(), &'static str> {
        if !self.pixel_token.is_empty() {
            return if same_secret(&self.pixel_token, ACCOUNT.pixel_token) {
                Ok(())
            } else {
                Err("invalid or expired token")
            };
        }
        let nonce = oauth::check(&self.authorization, &self.url, now_ms)?;
        if shared.has_seen_nonce(&nonce) {
            return Err("the nonce was used before");
        }
        Ok(())
    }
}

fn error(status: u16, code: &'static str, message: &str) -> Complaint {
    let body = json!({ "errors": [{ "code": code, "message": message }], "request": {} });
    Complaint::json(status, code, message, body)
}

fn arrival(event: &Value) -> Arrival {
    let id = text_at(event, "/conversion_id");
    let identifiers = event["identifiers"].as_array();
    Arrival {
        // The tag is all that an event is called here.
        name: text_at(event, "/event_id").unwrap_or_default(),
        dedup_id: id.clone(),
        event_id: id,
        event_at_ms: text_at(event, "/conversion_time")
            .and_then(|time| epoch_seconds(&time))
            .map(|seconds| seconds.saturating_mul(SECOND_MS)),
        value: number_at(event, "/value"),
        currency: text_at(event, "/price_currency"),
        match_keys: identifiers
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flatten()
            .filter_map(|(key, value)| match_key(key, value))
            .collect(),
        warnings: warnings(event),
        payload: event.clone(),
        ..Arrival::default()
    }
}
