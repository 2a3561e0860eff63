//! The receiver: signature, message, answer.

use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{PLATFORM, SECRET};
use crate::config::SECOND_MS;
use crate::door::{Complaint, Judgement, Visit, pass};
use crate::fault::{Fault, FaultKind};
use crate::platform::Platform;
use crate::record::{Arrival, match_key};
use crate::sandbox::Shared;

/// How far the sender's clock may be off, in seconds, either way.
const TOLERANCE_S: i64 = 300;

/// One message.
struct Message {
    id: String,
    timestamp: String,
    signatures: String,
    raw: Bytes,
    body: Value,
}

/// `POST /webhook/{any path}`.
pub(crate) async fn receive(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let visit = Message {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        signatures: text("webhook-signature"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        raw: body,
    };
    pass(&shared, &visit).await
}

impl Visit for Message {
    const PLATFORM: Platform = PLATFORM;

    fn event_ids(&self) -> Vec<String> {
        self.events()
            .into_iter()
            .filter_map(|event| event.pointer("/data/id")?.as_str().map(str::to_owned))
            .collect()
    }

    fn payload(&self) -> Value {
        self.body.clone()
    }

    fn judge(&self, _shared: &Shared, now_ms: i64) -> Judgement {
        if let Err(words) = self.verify(now_ms) {
            return refusal(401, words).refuses(self);
        }
        let events = self.events();
        let is_whole = !events.is_empty()
            && events.iter().all(|event| {
                ["/type", "/timestamp", "/data/id", "/data/name"]
                    .iter()
                    .all(|path| event.pointer(path).is_some_and(Value::is_string))
            });
        if !is_whole {
            return refusal(400, "type, timestamp and data are expected").refuses(self);
        }
        let is_single = !self.is_batch();
        Judgement {
            taken: events
                .into_iter()
                .map(|event| self.arrival(event, is_single))
                .collect(),
            refused: Vec::new(),
            response: StatusCode::NO_CONTENT.into_response(),
        }
    }

    fn complain(&self, fault: &Fault) -> Option<Complaint> {
        Some(match fault.kind {
            FaultKind::RateLimit => refusal(429, "too many messages"),
            FaultKind::BadToken => refusal(401, "no signature matches"),
            FaultKind::TransientError | FaultKind::ErrorOnceForEventId => {
                refusal(500, "try again later")
            }
            FaultKind::RefuseEventId => refusal(422, "event refused"),
            FaultKind::Outage503
            | FaultKind::Timeout
            | FaultKind::Reset
            | FaultKind::Html500
            | FaultKind::Slow
            | FaultKind::Partial20001 => return None,
        })
    }
}

impl Message {
    fn verify(&self, now_ms: i64) -> Result<(), &'static str> {
        if self.id.is_empty() || self.timestamp.is_empty() || self.signatures.is_empty() {
            return Err("webhook-id, webhook-timestamp and webhook-signature are required");
        }
        let sent_s: i64 = self
            .timestamp
            .parse()
            .map_err(|_| "webhook-timestamp must be in seconds")?;
        if (now_ms / SECOND_MS).abs_diff(sent_s) > TOLERANCE_S.unsigned_abs() {
            return Err("the message is too old, or from the future");
        }
        let key = SECRET
            .strip_prefix("whsec_")
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .unwrap_or_default();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let mut signed = format!("{}.{}.", self.id, self.timestamp).into_bytes();
        signed.extend_from_slice(&self.raw);
        // In constant time.
        let is_right = self
            .signatures
            .split(' ')
            .filter_map(|entry| STANDARD.decode(entry.strip_prefix("v1,")?).ok())
            .any(|tag| hmac::verify(&key, &signed, &tag).is_ok());
        is_right.then_some(()).ok_or("no signature matches")
    }

    fn events(&self) -> Vec<&Value> {
        match self.body.pointer("/data/events").and_then(Value::as_array) {
            Some(list) if self.is_batch() => list.iter().collect(),
            _ if self.body.is_object() => vec![&self.body],
            _ => Vec::new(),
        }
    }

    fn is_batch(&self) -> bool {
        self.body["type"] == "events.batch"
    }

    /// A message that came before is a copy by its id; in a batch, of one event too, each event has its own: what
    /// is sent again may travel in other company.
    fn arrival(&self, event: &Value, is_single: bool) -> Arrival {
        let text = |path: &str| {
            event
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let user = event.pointer("/data/user").and_then(Value::as_object);
        Arrival {
            visitor_ids: Vec::new(),
            name: text("/type").unwrap_or_default(),
            event_id: text("/data/id"),
            dedup_id: if is_single {
                Some(self.id.clone())
            } else {
                text("/data/id")
            },
            transaction_id: text("/data/props/transaction_id"),
            event_at_ms: event.pointer("/data/at").and_then(Value::as_i64),
            value: event.pointer("/data/props/value").and_then(Value::as_f64),
            currency: text("/data/props/currency"),
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
}

fn refusal(status: u16, words: &'static str) -> Complaint {
    Complaint::json(status, status.to_string(), words, json!({ "error": words }))
}
