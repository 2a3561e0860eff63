//! The life of an event in words: from its arrival to every platform's answer.

mod arrival;
pub mod basis;
mod copies;
pub mod person;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use firsthand_core::consent::{Policy, Purpose};
use firsthand_core::wire::{ConsentEvidence, decode_header};
use serde_json::{Value, json};

use self::basis::Requirement;
use crate::report::kind_name;
use crate::store::sqlite::{DestinationView, EventView, OutcomeView, QuarantineView};
use crate::store::{ASKED_AGAIN, Outcome, StoredCopy};

/// State, reason and time of an event at one destination.
struct State<'v> {
    name: &'static str,
    reason: Option<&'v str>,
    at_ms: i64,
}

fn state(view: Option<&DestinationView>, received_at_ms: i64) -> State<'_> {
    let paused = view.and_then(|view| view.paused.as_deref());
    let last = view.and_then(|view| view.outcomes.last());
    let at_ms = last.map_or(received_at_ms, |last| last.at_ms);
    let open = |name, reason| match paused {
        Some(why) => State {
            name: "paused",
            reason: Some(why),
            at_ms,
        },
        None => State {
            name,
            reason,
            at_ms,
        },
    };
    let closed = |name, reason| State {
        name,
        reason,
        at_ms,
    };
    match last.map(|last| &last.outcome) {
        None => open("waiting", Some("not read yet")),
        Some(Outcome::Waiting { .. }) => open("waiting", Some("waits for its other copies")),
        Some(Outcome::Unconfirmed { .. }) => open(
            "unconfirmed",
            Some("waits for a trusted source to confirm it"),
        ),
        Some(Outcome::Confirmed { .. }) => open("waiting", Some("confirmed, about to be sent")),
        Some(Outcome::Retry { reason, .. }) => open("retry", Some(reason)),
        Some(Outcome::Delivered) => closed("delivered", None),
        Some(Outcome::Dead { reason }) => closed("dead", Some(reason)),
        Some(Outcome::Suppressed { reason }) => closed("suppressed", Some(reason)),
    }
}

fn received_at_ms(view: &EventView) -> i64 {
    view.stored
        .copies
        .first()
        .map_or(view.stored.at_ms, |copy| copy.received_at_ms)
}

/// Returns a short JSON view: one entry for every configured destination, and for those that are not
/// configured any more but know the event.
pub fn event_json(view: &EventView, configured: &[String]) -> Value {
    let received = received_at_ms(view);
    let entry = |name: &str, known: Option<&DestinationView>| {
        let state = state(known, received);
        json!({ "name": name, "state": state.name, "reason": state.reason, "at_ms": state.at_ms })
    };
    let known = |name: &str| view.destinations.iter().find(|d| d.name == name);
    let mut destinations: Vec<Value> = configured
        .iter()
        .map(|name| entry(name, known(name)))
        .collect();
    destinations.extend(
        view.destinations
            .iter()
            .filter(|d| !configured.contains(&d.name) && !d.outcomes.is_empty())
            .map(|d| entry(&d.name, Some(d))),
    );
    let sources: Vec<&str> = view
        .stored
        .copies
        .iter()
        .map(|copy| copy.source.as_str())
        .collect();
    json!({
        "event_id": view.stored.event_id,
        "name": view.stored.name,
        "received_at_ms": received,
        "sources": sources,
        "destinations": destinations,
    })
}

fn required<'r>(requirements: &'r [Requirement], name: &str) -> Option<&'r [Purpose]> {
    requirements
        .iter()
        .find(|requirement| requirement.name == name)
        .map(|requirement| requirement.purposes.as_slice())
}

/// Returns everything that is known of an event as JSON: copies, consent, every attempt in order, the
/// basis at each destination.
pub fn full_json(
    view: &EventView,
    requirements: &[Requirement],
    policy: &Policy,
    now_ms: i64,
) -> Value {
    let receipts = view.receipts.iter().map(Option::as_ref);
    let given = copies::given(view);
    let copies: Vec<Value> = view
        .stored
        .copies
        .iter()
        .zip(receipts.chain(std::iter::repeat(None)))
        .enumerate()
        .map(|(index, (copy, receipt))| {
            let given = given.as_ref().and_then(|given| given.get(index));
            json!({
                "source": copy.source,
                "kind": kind_name(copy.kind),
                "received_at_ms": copy.received_at_ms,
                "consent": consent_json(copy, policy, now_ms),
                "receipt": basis::receipt_json(receipt),
                "arrivals": arrival::json(copy),
                "gave": given.map(|given| &given.facts),
                "is_late": given.map(|given| given.is_late),
            })
        })
        .collect();
    let destinations: Vec<Value> = view
        .destinations
        .iter()
        .map(|destination| {
            let state = state(Some(destination), received_at_ms(view));
            let steps: Vec<Value> = destination
                .outcomes
                .iter()
                .map(|step| {
                    json!({
                        "at_ms": step.at_ms,
                        "attempts": step.attempts,
                        "outcome": words(step),
                        "attempt": step.attempt,
                    })
                })
                .collect();
            let basis = required(requirements, &destination.name)
                .map(|requires| basis::json(view, requires, policy, now_ms));
            json!({
                "name": destination.name,
                "state": state.name,
                "reason": state.reason,
                "steps": steps,
                "basis": basis,
            })
        })
        .collect();
    json!({
        "event_id": view.stored.event_id,
        "name": view.stored.name,
        "seq": view.stored.seq,
        "at_ms": view.stored.at_ms,
        "settle_until_ms": view.stored.settle_until_ms,
        "copies": copies,
        "destinations": destinations,
        "choices": view.choices.iter().map(|choice| &choice.receipt).collect::<Vec<_>>(),
    })
}

fn consent_json(copy: &StoredCopy, policy: &Policy, now_ms: i64) -> Value {
    let Ok(header) = decode_header(&copy.header) else {
        return Value::Null;
    };
    let consent = &header.consent;
    json!({
        "regime": consent.regime.as_str(),
        "basis": consent.basis,
        "gpc": consent.gpc,
        "choice_at_ms": consent.choice.map(|choice| choice.at_ms),
        "policy_version": consent.choice.map(|choice| choice.policy_version),
        "allowed_now": allowed(consent, policy, now_ms),
    })
}

fn allowed(consent: &ConsentEvidence<'_>, policy: &Policy, now_ms: i64) -> Vec<&'static str> {
    let verdict = consent.decide(policy, now_ms);
    Purpose::ALL
        .into_iter()
        .filter(|purpose| verdict.allows(*purpose))
        .map(Purpose::as_str)
        .collect()
}

fn words(step: &OutcomeView) -> String {
    match &step.outcome {
        Outcome::Waiting { until_ms } => {
            format!("waits for its other copies until {}", time(*until_ms))
        }
        Outcome::Unconfirmed { until_ms } => format!(
            "waits for a trusted source to confirm it, until {}",
            time(*until_ms)
        ),
        Outcome::Confirmed { source, .. } => format!("confirmed by {source}"),
        Outcome::Delivered => "delivered".to_owned(),
        Outcome::Retry { reason, .. } if reason.starts_with(ASKED_AGAIN) => {
            format!("to be sent again under the same id: {reason}")
        }
        Outcome::Retry { at_ms, reason } => {
            format!("to be tried again at {}: {reason}", time(*at_ms))
        }
        Outcome::Dead { reason } => format!("given up: {reason}"),
        Outcome::Suppressed { reason } => format!("not sent: {reason}"),
    }
}

/// Returns a time for people, UTC with milliseconds.
pub fn time(epoch_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(epoch_ms)
        .map_or_else(|_| epoch_ms.to_string(), |at| format!("{at:.3}"))
}

/// Returns the life of an event as text.
pub fn event_text(
    view: &EventView,
    requirements: &[Requirement],
    policy: &Policy,
    now_ms: i64,
) -> String {
    let stored = &view.stored;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{} {} (position {})",
        stored.name, stored.event_id, stored.seq
    );
    let _ = writeln!(out, "  happened       {}", time(stored.at_ms));
    if stored.copies.is_empty() {
        let _ = writeln!(
            out,
            "  erased         what it said cannot be read any more (or was forgotten by store.max_log_mib)"
        );
    }
    let given = copies::given(view);
    for (index, copy) in stored.copies.iter().enumerate() {
        let word = if index == 0 { "taken in" } else { "copy" };
        let _ = writeln!(
            out,
            "  {word:<14} {} from {} ({})",
            time(copy.received_at_ms),
            copy.source,
            kind_name(copy.kind)
        );
        let _ = writeln!(
            out,
            "    consent      {}",
            consent_text(copy, policy, now_ms)
        );
        arrival::text(&mut out, copy);
        match given.as_ref().and_then(|given| given.get(index)) {
            Some(given) => out.push_str(&copies::text(given)),
            None => out.push_str("    gave         unreadable: the event is sent to nobody\n"),
        }
        match view.receipts.get(index).and_then(Option::as_ref) {
            Some(receipt) => basis::receipt_text(&mut out, receipt),
            None => out
                .push_str("    receipt      none: it came without a choice and without a signal\n"),
        }
    }
    let _ = writeln!(out, "  settled        {}", time(stored.settle_until_ms));
    if view.destinations.is_empty() {
        let _ = writeln!(out, "  no destination has read the log yet");
    }
    for destination in &view.destinations {
        let state = state(Some(destination), received_at_ms(view));
        let _ = match state.reason {
            Some(reason) => writeln!(out, "  {}: {} ({reason})", destination.name, state.name),
            None => writeln!(out, "  {}: {}", destination.name, state.name),
        };
        if let Some(requires) = required(requirements, &destination.name) {
            basis::text(&mut out, view, requires, policy, now_ms);
        }
        for step in &destination.outcomes {
            let _ = writeln!(out, "    {}  {}", time(step.at_ms), words(step));
            if let Some(attempt) = &step.attempt {
                let _ = writeln!(
                    out,
                    "      request of {} events, status {} after {} ms: {}",
                    attempt.events, attempt.status, attempt.took_ms, attempt.answer
                );
            }
        }
    }
    out
}

fn consent_text(copy: &StoredCopy, policy: &Policy, now_ms: i64) -> String {
    let Ok(header) = decode_header(&copy.header) else {
        return "unreadable: counts as a no".to_owned();
    };
    let consent = &header.consent;
    let allowed = allowed(consent, policy, now_ms);
    let allowed = if allowed.is_empty() {
        "nothing".to_owned()
    } else {
        allowed.join(", ")
    };
    let gpc = if consent.gpc { ", GPC on" } else { "" };
    let choice = consent.choice.map_or_else(
        || "no choice".to_owned(),
        |choice| {
            format!(
                "{} choice of {} under policy {}",
                consent.basis.as_deref().unwrap_or("unnamed"),
                time(choice.at_ms),
                choice.policy_version
            )
        },
    );
    format!(
        "{}, {choice}{gpc}; allows now: {allowed}",
        consent.regime.as_str()
    )
}

/// Returns what the quarantine knows, as text.
pub fn quarantine_text(rows: &[QuarantineView]) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = writeln!(
            out,
            "  refused        {} from {}: {} ({})",
            time(row.received_at_ms),
            row.source,
            row.code,
            row.message
        );
    }
    out
}
