//! On what basis an event was sent to a destination, and when that basis stopped.

use std::fmt::Write as _;

use firsthand_core::consent::{Policy, Purpose, Regime};
use serde_json::{Value, json};

use super::time;
use crate::privacy::ledger::Action;
use crate::store::sqlite::{EventView, ReceiptView};

/// What a destination requires, by the configuration of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Name of the destination.
    pub name: String,
    /// Purposes that have to be allowed.
    pub purposes: Vec<Purpose>,
}

/// When a basis stopped, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// When, in epoch milliseconds; `None` where only the fact is known.
    pub at_ms: Option<i64>,
    /// By what.
    pub by: &'static str,
    /// The receipt that says so.
    pub receipt_id: Option<String>,
}

/// The basis of one copy of an event at one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis<'v> {
    /// The receipt of the choice.
    pub receipt: &'v ReceiptView,
    /// Whether that choice allowed what the destination requires.
    pub is_allowed: bool,
    /// Since when not any more.
    pub stopped: Option<Stop>,
}

/// Returns the basis of each copy that came with a choice or a signal.
pub fn bases<'v>(
    view: &'v EventView,
    requires: &[Purpose],
    policy: &Policy,
    now_ms: i64,
) -> Vec<Basis<'v>> {
    view.receipts
        .iter()
        .flatten()
        .map(|receipt| Basis {
            receipt,
            is_allowed: receipt.receipt.allows(requires),
            stopped: stop(receipt, &view.choices, requires, policy, now_ms),
        })
        .collect()
}

fn stop(
    basis: &ReceiptView,
    choices: &[ReceiptView],
    requires: &[Purpose],
    policy: &Policy,
    now_ms: i64,
) -> Option<Stop> {
    let receipt = &basis.receipt;
    if !receipt.allows(requires) {
        return None;
    }
    let place = (receipt.at, receipt.number);
    let later = choices
        .iter()
        .map(|view| &view.receipt)
        .filter(|other| {
            other.subject_key == receipt.subject_key && (other.at, other.number) > place
        })
        .find(|other| !other.allows(requires));
    if let Some(later) = later {
        return Some(Stop {
            at_ms: Some(later.at),
            by: later.action.as_str(),
            receipt_id: Some(later.receipt_id.clone()),
        });
    }
    if receipt.ends_by_age() && receipt.expires_at.is_some_and(|at| at <= now_ms) {
        return Some(Stop {
            at_ms: receipt.expires_at,
            by: Action::Expire.as_str(),
            receipt_id: None,
        });
    }
    let is_old =
        receipt.regime == Regime::OptIn.as_str() && receipt.policy_version != policy.version;
    is_old.then_some(Stop {
        at_ms: None,
        by: "a new policy version",
        receipt_id: None,
    })
}

/// Returns the basis of an event at a destination as JSON.
pub fn json(view: &EventView, requires: &[Purpose], policy: &Policy, now_ms: i64) -> Value {
    let copies: Vec<Value> = bases(view, requires, policy, now_ms)
        .into_iter()
        .map(|basis| {
            let stopped = basis.stopped.map(
                |stop| json!({ "at_ms": stop.at_ms, "by": stop.by, "receipt_id": stop.receipt_id }),
            );
            json!({
                "receipt_id": basis.receipt.receipt.receipt_id,
                "allowed": basis.is_allowed,
                "in_force_until_ms": basis.receipt.receipt.expires_at,
                "stopped": stopped,
            })
        })
        .collect();
    let names: Vec<&str> = requires.iter().map(|purpose| purpose.as_str()).collect();
    json!({ "requires": names, "receipts": copies })
}

/// Appends the basis of an event at a destination, line by line.
pub fn text(
    out: &mut String,
    view: &EventView,
    requires: &[Purpose],
    policy: &Policy,
    now_ms: i64,
) {
    let names: Vec<&str> = requires.iter().map(|purpose| purpose.as_str()).collect();
    let _ = writeln!(out, "    requires     {}", names.join(", "));
    for basis in bases(view, requires, policy, now_ms) {
        let receipt = &basis.receipt.receipt;
        let word = if basis.is_allowed {
            "allowed by"
        } else {
            "not by"
        };
        let _ = writeln!(
            out,
            "    {word:<12} receipt {} ({} of {})",
            receipt.receipt_id,
            receipt.action.as_str(),
            time(receipt.at)
        );
        let _ = match (&basis.stopped, receipt.expires_at, basis.is_allowed) {
            (Some(stop), _, _) => {
                let at = stop
                    .at_ms
                    .map_or_else(String::new, |at| format!("{} ", time(at)));
                let by = stop
                    .receipt_id
                    .as_deref()
                    .map_or_else(String::new, |id| format!(", receipt {id}"));
                writeln!(out, "    stopped      {at}by {}{by}", stop.by)
            }
            (None, Some(until), true) => writeln!(out, "    in force     until {}", time(until)),
            (None, None, true) => writeln!(out, "    in force     without an end by age"),
            (None, _, false) => Ok(()),
        };
    }
}

/// Appends what a receipt says.
pub fn receipt_text(out: &mut String, view: &ReceiptView) {
    let receipt = &view.receipt;
    let _ = writeln!(
        out,
        "    receipt      {} (number {}): {} of {}, {}, policy {}, {}",
        receipt.receipt_id,
        receipt.number,
        receipt.action.as_str(),
        time(receipt.at),
        receipt.basis,
        receipt.policy_version,
        receipt.regime
    );
    let allowed = if receipt.allowed.is_empty() {
        "nothing".to_owned()
    } else {
        receipt.allowed.join(", ")
    };
    let _ = writeln!(out, "    allowed then {allowed}");
    if let Some(bases) = &receipt.bases {
        let _ = writeln!(
            out,
            "    decided by   marketing {}, analytics {}, personalization {}, third_party_sharing {}",
            bases.marketing, bases.analytics, bases.personalization, bases.third_party_sharing
        );
    }
    let _ = writeln!(out, "    subject      {}", receipt.subject_key);
    if let Some(terms) = &view.terms {
        let recipients: Vec<&str> = terms.recipients.iter().map(|r| r.name.as_str()).collect();
        let or = |text: String, else_text: &str| match text.as_str() {
            "" => else_text.to_owned(),
            _ => text,
        };
        let _ = writeln!(
            out,
            "    controller   {}; recipients then: {}",
            or(
                terms.controller.name.clone(),
                "not named (privacy.controller)"
            ),
            or(recipients.join(", "), "none")
        );
    }
}

/// Returns what a receipt says as JSON.
pub fn receipt_json(view: Option<&ReceiptView>) -> Value {
    view.map_or(Value::Null, |view| {
        json!({ "hash": view.hash.to_string(), "record": view.receipt, "terms": view.terms })
    })
}

#[cfg(test)]
mod tests;
