//! The way of a request through a platform's door: injected faults first, then the platform's own rules.

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::answer::{set_retry_after, transport_failure};
use crate::fault::{Fault, FaultKind};
use crate::platform::Platform;
use crate::record::{Arrival, Channel, MatchKey, Refusal, match_key};
use crate::sandbox::Shared;

/// One request at a platform's door, read but not judged.
pub(crate) trait Visit {
    /// Where it came to.
    const PLATFORM: Platform;

    /// Returns the ids of its events, for faults that wait for one.
    fn event_ids(&self) -> Vec<String>;

    /// Returns what is kept of a refused request: what arrived, without secrets.
    fn payload(&self) -> Value;

    /// Decides as the platform does. `now_ms` is in epoch milliseconds.
    fn judge(&self, shared: &Shared, now_ms: i64) -> Judgement;

    /// Answers a fault in the platform's own words; `None` where it has none but a plain 503.
    fn complain(&self, fault: &Fault) -> Option<Complaint>;

    /// Refuses the event that a fault is about and takes the others, where the platform judges every event by itself.
    fn judge_without(&self, _fault: &Fault, _shared: &Shared, _now_ms: i64) -> Option<Judgement> {
        None
    }
}

/// A request of JSON with a bearer token, as most platforms have it.
pub(crate) struct Call {
    /// The body; null where it is no JSON.
    pub(crate) body: Value,
    /// The token; empty where there is none.
    pub(crate) token: String,
    /// A number for trace ids.
    pub(crate) number: u64,
}

impl Call {
    pub(crate) fn read(shared: &Shared, headers: &HeaderMap, body: &Bytes) -> Self {
        Self {
            body: serde_json::from_slice(body).unwrap_or_default(),
            token: header_text(headers, header::AUTHORIZATION.as_str())
                .strip_prefix("Bearer ")
                .unwrap_or_default()
                .to_owned(),
            number: shared.next_request(),
        }
    }

    /// Returns the events at a place of the body.
    pub(crate) fn events(&self, pointer: &str) -> &[Value] {
        let list = self.body.pointer(pointer).and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }

    /// Returns the texts at a place of every event.
    pub(crate) fn texts(&self, events: &str, pointer: &str) -> Vec<String> {
        self.events(events)
            .iter()
            .filter_map(|event| text_at(event, pointer))
            .collect()
    }
}

/// Returns a header's text, or an empty one.
pub(crate) fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Returns the text at a place of an event.
pub(crate) fn text_at(event: &Value, pointer: &str) -> Option<String> {
    event
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// Returns the number at a place of an event, also one in a text.
pub(crate) fn number_at(event: &Value, pointer: &str) -> Option<f64> {
    let value = event.pointer(pointer)?;
    value
        .as_f64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// Returns the match keys in an object of an event.
pub(crate) fn match_keys_at(event: &Value, pointer: &str) -> Vec<MatchKey> {
    let user = event.pointer(pointer).and_then(Value::as_object);
    user.into_iter()
        .flatten()
        .filter_map(|(key, value)| match_key(key, value))
        .collect()
}

/// Sorts the events of a request that are judged one by one into taken and refused. `id` is the place of an event's id.
pub(crate) fn sort_out(
    events: &[Value],
    verdicts: &[Result<(), String>],
    arrival: impl Fn(&Value) -> Arrival,
    id: &str,
    (status, code): (u16, &str),
) -> (Vec<Arrival>, Vec<Refusal>) {
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for (event, verdict) in events.iter().zip(verdicts) {
        match verdict {
            Ok(()) => taken.push(arrival(event)),
            Err(reason) => refused.push(Refusal {
                reason: reason.clone(),
                code: Some(code.to_owned()),
                status: Some(status),
                fault: None,
                name: None,
                event_ids: text_at(event, id).into_iter().collect(),
                payload: event.clone(),
            }),
        }
    }
    (taken, refused)
}

/// What a platform decided.
pub(crate) struct Judgement {
    /// Events that were taken.
    pub(crate) taken: Vec<Arrival>,
    /// Events, or the request, that were not.
    pub(crate) refused: Vec<Refusal>,
    /// The answer.
    pub(crate) response: Response,
}

/// A platform's refusal.
pub(crate) struct Complaint {
    /// Its code, as the page shows it.
    pub(crate) code: String,
    /// Its words.
    pub(crate) reason: String,
    /// The answer.
    pub(crate) response: Response,
}

impl Complaint {
    /// Makes a refusal whose answer is JSON.
    pub(crate) fn json(
        status: u16,
        code: impl Into<String>,
        reason: impl Into<String>,
        body: Value,
    ) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            code: code.into(),
            reason: reason.into(),
            response: (status, Json(body)).into_response(),
        }
    }

    /// Returns the judgement that refuses the whole request.
    pub(crate) fn refuses<V: Visit>(self, visit: &V) -> Judgement {
        let refusal = Refusal {
            status: Some(self.response.status().as_u16()),
            reason: self.reason,
            code: Some(self.code),
            fault: None,
            name: None,
            event_ids: visit.event_ids(),
            payload: visit.payload(),
        };
        Judgement {
            taken: Vec::new(),
            refused: vec![refusal],
            response: self.response,
        }
    }
}

/// Takes a request through: fault, judgement, record, answer.
pub(crate) async fn pass<V: Visit>(shared: &Shared, visit: &V) -> Response {
    let fault = shared.faults().take(V::PLATFORM, &visit.event_ids());
    let Some(fault) = fault else {
        return judged(shared, visit);
    };
    if fault.kind == FaultKind::Slow {
        shared.hold(fault.delay_or(shared.config.slow_delay)).await;
        return judged(shared, visit);
    }
    if fault.kind == FaultKind::RefuseEventId
        && let Some(judgement) = visit.judge_without(&fault, shared, shared.clock.now_ms())
    {
        return recorded::<V>(shared, judgement, shared.clock.now_ms());
    }
    // The events are taken in although the sender is told otherwise, or half.
    let is_taken_in = fault.processed || fault.kind == FaultKind::Partial20001;
    if is_taken_in {
        let _ = judged(shared, visit);
    }
    let complaint = if fault.kind.is_of_transport() {
        None
    } else {
        visit.complain(&fault)
    };
    if !is_taken_in {
        let refusal = Refusal {
            reason: complaint.as_ref().map_or_else(
                || format!("injected fault {}", fault.kind.name()),
                |complaint| complaint.reason.clone(),
            ),
            code: complaint.as_ref().map(|complaint| complaint.code.clone()),
            status: complaint
                .as_ref()
                .map(|complaint| complaint.response.status().as_u16()),
            fault: Some(fault.kind.name()),
            name: None,
            event_ids: visit.event_ids(),
            payload: visit.payload(),
        };
        shared
            .ledger()
            .refuse(V::PLATFORM, Channel::Server, shared.clock.now_ms(), refusal);
    }
    if let Some(response) = transport_failure(shared, &fault).await {
        return response;
    }
    let mut response = complaint.map_or_else(
        || StatusCode::SERVICE_UNAVAILABLE.into_response(),
        |complaint| complaint.response,
    );
    set_retry_after(&mut response, &fault);
    response
}

fn judged<V: Visit>(shared: &Shared, visit: &V) -> Response {
    let now_ms = shared.clock.now_ms();
    recorded::<V>(shared, visit.judge(shared, now_ms), now_ms)
}

fn recorded<V: Visit>(shared: &Shared, judgement: Judgement, now_ms: i64) -> Response {
    let mut ledger = shared.ledger();
    for refusal in judgement.refused {
        ledger.refuse(V::PLATFORM, Channel::Server, now_ms, refusal);
    }
    for arrival in judgement.taken {
        ledger.accept(V::PLATFORM, Channel::Server, now_ms, arrival);
    }
    judgement.response
}
