//! What an export of a person says: JSON Lines, one record a line, that a program can read (GDPR articles 15 and 20).

use firsthand_core::consent::{Policy, Purpose};
use serde_json::{Value, json};

use super::basis::Requirement;
use super::full_json;
use crate::privacy::subject::Identifier;
use crate::privacy::task::{Target, kinds};
use crate::store::sqlite::{EventView, Inspector, PersonRecord};

/// Name and version of the form.
pub const SCHEMA: &str = "firsthand-export-1";

/// What the lines need to know beside the records.
#[derive(Debug, Clone)]
pub struct Form {
    /// What the destinations require.
    pub requirements: Vec<Requirement>,
    /// The policy in force.
    pub policy: Policy,
    /// When the export is made, in epoch milliseconds.
    pub now_ms: i64,
}

/// Hands over the lines of an export, without their ends, until `take` fails. The last one tells how many records
/// there are: an export without it is broken off.
pub fn export<E: From<rusqlite::Error>>(
    view: Inspector<'_>,
    target: &Target,
    form: &Form,
    mut take: impl FnMut(String) -> Result<(), E>,
) -> Result<u64, E> {
    let first = json!({ "type": "export", "schema": SCHEMA, "made_at_ms": form.now_ms });
    take(first.to_string())?;
    let mut count = 0;
    let identifiers = view.person(target, |record| {
        count += 1;
        take(line(record, form).to_string())
    })?;
    take(last(count, &identifiers).to_string())?;
    Ok(count)
}

fn last(count: u64, identifiers: &[Identifier]) -> Value {
    json!({ "type": "end", "records": count, "identifiers": kinds(identifiers) })
}

fn line(record: PersonRecord, form: &Form) -> Value {
    match record {
        PersonRecord::Event(view) => event(&view, form),
        PersonRecord::Word(word) => json!({
            "type": "consent_word",
            "received_at_ms": word.received_at_ms,
            "evidence": parsed(&word.evidence),
        }),
        PersonRecord::Order {
            source,
            reference,
            transaction_id,
            received_at_ms,
        } => json!({
            "type": "order",
            "source": source,
            "reference": reference,
            "transaction_id": transaction_id,
            "received_at_ms": received_at_ms,
        }),
        PersonRecord::Choice(choice) => json!({
            "type": "consent_receipt",
            "hash": choice.hash.to_string(),
            "record": choice.receipt,
            "terms": choice.terms,
        }),
        PersonRecord::Refused(row) => json!({
            "type": "refused_event",
            "received_at_ms": row.received_at_ms,
            "source": row.source,
            "event_id": row.event_id,
            "name": row.name,
            "code": row.code,
            "message": row.message,
            "payload": row.payload.as_deref().map(parsed),
        }),
        PersonRecord::Standing(identifier, standing) => {
            let refused: serde_json::Map<String, Value> = Purpose::ALL
                .into_iter()
                .zip(standing.refused.0)
                .filter_map(|(purpose, at_ms)| Some((purpose.as_str().to_owned(), at_ms?.into())))
                .collect();
            json!({
                "type": "standing",
                "identifier": identifier.kind.as_str(),
                "refused_at_ms": refused,
                "kept_out": standing.is_suppressed,
            })
        }
    }
}

/// An event as `explain` tells it, with what is kept of each copy: the header with touchpoints, consent and digests,
/// and the event.
fn event(view: &EventView, form: &Form) -> Value {
    let mut told = full_json(view, &form.requirements, &form.policy, form.now_ms);
    if let Some(copies) = told.get_mut("copies").and_then(Value::as_array_mut) {
        for (copy, stored) in copies.iter_mut().zip(&view.stored.copies) {
            if let Some(members) = copy.as_object_mut() {
                members.insert("header".to_owned(), parsed(&stored.header));
                members.insert("event".to_owned(), parsed(&stored.event));
            }
        }
    }
    if let Some(members) = told.as_object_mut() {
        // Each choice has a line of its own.
        members.remove("choices");
        members.insert("type".to_owned(), "event".into());
    }
    told
}

/// Text that was kept as JSON; as text where it is none.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}
