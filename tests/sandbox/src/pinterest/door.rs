//! The events endpoint: token, account, the verdict on every event.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::rules::{judge, warnings};
use super::{ACCESS_TOKEN, AD_ACCOUNT_ID, PLATFORM};
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
const EVENT_ID: &str = "/event_id";

struct Events {
    call: Call,
    account: String,
    is_test: bool,
}

/// `POST /pinterest/v5/ad_accounts/{ad_account_id}/events`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Events {
        call: Call::read(&shared, &headers, &body),
        account,
        is_test: query.is_some_and(|query| query.split('&').any(|pair| pair == "test=true")),
    };
    pass(&shared, &visit).await
}

impl Visit for Events {
    const PLATFORM: Platform = PLATFORM;

    fn event_ids(&self) -> Vec<String> {
        self.call.texts("/data", EVENT_ID)
    }

    fn payload(&self) -> Value {
        self.call.body.clone()
    }

    fn judge(&self, _shared: &Shared, now_ms: i64) -> Judgement {
        self.verdict(now_ms, None)
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => error(429, 8, "This request exceeded a rate limit."),
            FaultKind::BadToken => match fault.code {
                Some(29) => error(403, 29, "You are not permitted to access that resource."),
                _ => bad_token(),
            },
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => match fault.code {
                Some(4_197) => error(503, 4_197, "This endpoint is being ramped down."),
                _ => error(500, 0, "Sorry! Something went wrong on our end."),
            },
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
        let list = self.call.events("/data");
        let verdicts: Vec<Result<(), String>> = list
            .iter()
            .map(|event| match refused_id {
                Some(id) if event["event_id"] == id => Err("The event is not accepted".to_owned()),
                _ => judge(event, now_ms),
            })
            .collect();
        let processed = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
        let rows: Vec<Value> = list.iter().zip(&verdicts).map(row).collect();
        let status = if processed == list.len() { 200 } else { 422 };
        let (mut taken, refused) = sort_out(list, &verdicts, arrival, EVENT_ID, (422, "failed"));
        if self.is_test {
            taken.clear();
        }
        let body = json!({
            "num_events_received": list.len(), "num_events_processed": processed, "events": rows
        });
        let status = StatusCode::from_u16(status).unwrap_or_default();
        Judgement {
            taken,
            refused,
            response: (status, Json(body)).into_response(),
        }
    }

    fn check(&self) -> Result<(), Box<Complaint>> {
        if !same_secret(&self.call.token, ACCESS_TOKEN) {
            return Err(bad_token().into());
        }
        if self.account != AD_ACCOUNT_ID {
            return Err(error(403, 29, "You are not permitted to access that resource.").into());
        }
        let Some(body) = self.call.body.as_object() else {
            return Err(error(400, 1, "The request body is not a JSON object.").into());
        };
        if body.keys().any(|key| key != "data") {
            return Err(error(
                400,
                1,
                "Additional properties are not allowed beside 'data'.",
            )
            .into());
        }
        if !(1..=MAX_EVENTS).contains(&self.call.events("/data").len()) {
            return Err(error(400, 1, "'data' must have 1 to 1000 events.").into());
        }
        Ok(())
    }
}

fn row((event, verdict): (&Value, &Result<(), String>)) -> Value {
    match verdict {
        Ok(()) => json!({
            "status": "processed", "error_message": null,
            "warning_message": warnings(event).first()
        }),
        Err(words) => json!({"status": "failed", "error_message": words, "warning_message": null}),
    }
}

fn bad_token() -> Complaint {
    error(401, 2, "Authentication failed.")
}

fn error(status: u16, code: u32, message: &'static str) -> Complaint {
    let body = json!({ "code": code, "message": message });
    Complaint::json(status, code.to_string(), message, body)
}

fn arrival(event: &Value) -> Arrival {
    let id = text_at(event, EVENT_ID);
    Arrival {
        name: text_at(event, "/event_name").unwrap_or_default(),
        // Copies of an offline event are not recognised.
        dedup_id: id.clone().filter(|_| event["action_source"] != "offline"),
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
