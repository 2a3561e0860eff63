//! What Google's answers mean: `google.rpc.Status` with the places of what is wrong.

use serde::Deserialize;

use crate::forward::destinations::{Answer, RetryClass, Verdict, Words, foreign_answer};

/// Its presence is what tells Google's answer from another's.
#[derive(Deserialize)]
struct Taken {
    #[serde(rename = "requestId")]
    _request_id: String,
}

#[derive(Deserialize)]
struct Failure {
    error: Status,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Status {
    code: u16,
    #[serde(rename = "status")]
    name: String,
    message: String,
    details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Detail {
    reason: String,
    field_violations: Vec<Violation>,
    request_id: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Violation {
    field: String,
    description: String,
    reason: String,
}

/// Reads the answer to a request of `events` events.
pub(super) fn interpret(answer: &Answer, events: usize, is_validate_only: bool) -> Verdict {
    if answer.is_success() {
        // Validation alone has no status to ask for, so it may come without an id.
        if is_validate_only {
            return Verdict::Checked;
        }
        return match serde_json::from_str::<Taken>(&answer.body) {
            Ok(_) => Verdict::Delivered,
            Err(_) => foreign_answer(answer),
        };
    }
    match serde_json::from_str::<Failure>(&answer.body) {
        Ok(Failure { error }) => judge(answer, &error, events),
        Err(_) => foreign_answer(answer),
    }
}

fn judge(answer: &Answer, error: &Status, events: usize) -> Verdict {
    let words = |text: String| {
        let trace = error
            .details
            .iter()
            .map(|detail| detail.request_id.as_str())
            .find(|id| !id.is_empty());
        Words::new(format!("google {}", error.code))
            .saying(text)
            .traced("request_id", trace.unwrap_or_default())
    };
    let reason = words(format!(
        "{} {}{}",
        error.name,
        error
            .details
            .iter()
            .find(|detail| !detail.reason.is_empty())
            .map_or_else(String::new, |detail| format!("{}: ", detail.reason)),
        error.message
    ));
    let retry = |class| Verdict::Retry {
        class,
        after: answer.retry_after,
        reason: reason.clone(),
    };
    match answer.status {
        // 404: an account or a conversion action that is not there.
        401 | 403 | 404 => return Verdict::Unauthorized { reason },
        429 => return retry(RetryClass::Throttled),
        500 | 503 | 504 => return retry(RetryClass::Transient),
        400 => {}
        _ => return retry(RetryClass::Unknown),
    }
    let violations = || {
        error
            .details
            .iter()
            .flat_map(|detail| &detail.field_violations)
    };
    let mut named: Vec<(usize, Words)> = Vec::new();
    for violation in violations() {
        if let Some(index) = event_index(&violation.field).filter(|index| *index < events)
            && named.iter().all(|(known, _)| *known != index)
        {
            named.push((index, words(sentence(violation))));
        }
    }
    if !named.is_empty() {
        return Verdict::RejectedEvents { events: named };
    }
    match violations().next() {
        // What is wrong with the account is wrong with every event: a person must act.
        Some(violation) if !violation.field.contains("events") => Verdict::Unauthorized {
            reason: words(sentence(violation)),
        },
        Some(violation) => Verdict::RejectedBatch {
            reason: words(sentence(violation)),
        },
        None => Verdict::RejectedBatch { reason },
    }
}

fn sentence(violation: &Violation) -> String {
    let parts = [
        violation.reason.as_str(),
        violation.field.as_str(),
        violation.description.as_str(),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// Reads which event is meant by `events.events[3].currency` or `events[3]`.
fn event_index(field: &str) -> Option<usize> {
    let (_, rest) = field.split_once("events[")?;
    rest.split_once(']')?.0.parse().ok()
}
