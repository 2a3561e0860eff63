//! What each copy of an event gave to what is forwarded. Names of facts only, never their values.

use crate::forward::merge;
use crate::store::StoredEvent;
use crate::store::sqlite::EventView;

/// What one copy gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    /// Names of the facts that came from it; where it came late, of those that would have.
    pub(super) facts: Vec<String>,
    /// It came after the event had been sent to some destination, and changed nothing there.
    pub(super) is_late: bool,
}

/// Returns what each copy gave, in their order; `None` where the event cannot be read.
pub(super) fn given(view: &EventView) -> Option<Vec<Given>> {
    let is_late = |index: usize| view.late.get(index).copied().unwrap_or(false);
    let all = merge::lineage(&view.stored).ok()?;
    let in_time = StoredEvent {
        copies: view
            .stored
            .copies
            .iter()
            .enumerate()
            .filter(|(index, _)| !is_late(*index))
            .map(|(_, copy)| copy.clone())
            .collect(),
        ..view.stored.clone()
    };
    let sent = merge::lineage(&in_time).ok()?;
    let mut sent = sent.gave().iter();
    Some(
        all.gave()
            .iter()
            .enumerate()
            .map(|(index, late_facts)| {
                let is_late = is_late(index);
                let facts = if is_late {
                    Some(late_facts)
                } else {
                    sent.next()
                };
                Given {
                    facts: facts.cloned().unwrap_or_default(),
                    is_late,
                }
            })
            .collect(),
    )
}

/// Returns what a copy gave, as a line of text.
pub(super) fn text(given: &Given) -> String {
    let facts = if given.facts.is_empty() {
        "nothing that another copy did not say".to_owned()
    } else {
        given.facts.join(", ")
    };
    if given.is_late {
        format!(
            "    late         came after the event was sent, and sends nothing; would have given {facts}\n"
        )
    } else {
        format!("    gave         {facts}\n")
    }
}
