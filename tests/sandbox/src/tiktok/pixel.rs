//! Stand-in for the TikTok pixel: a browser posts one event as JSON, in the
//! shape of a row of the track endpoint, `text/plain` or `application/json`.
//!
//! `{"event": "Purchase", "event_id": "…", "properties": {…}, "user": {…}}`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::PLATFORM;
use super::door::arrival;
use crate::answer::open_to_any_origin;
use crate::record::{Channel, Refusal};
use crate::sandbox::Shared;

/// `POST /tiktok/pixel`. Answers 204 whatever happens, as a beacon's target does.
pub(crate) async fn hit(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let now_ms = shared.clock.now_ms();
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let arrival = arrival(&event);
    if arrival.name.is_empty() {
        let refusal = Refusal {
            reason: "event is missing, or the body is not a JSON object".to_owned(),
            code: None,
            status: Some(204),
            fault: None,
            name: None,
            event_ids: arrival.event_id.into_iter().collect(),
            payload: event,
        };
        shared
            .ledger()
            .discard(PLATFORM, Channel::Browser, now_ms, refusal);
    } else {
        shared
            .ledger()
            .accept(PLATFORM, Channel::Browser, now_ms, arrival);
    }
    open_to_any_origin(StatusCode::NO_CONTENT.into_response())
}
