//! The consent decision at the door: the evidence of the request, made stricter by what the
//! connection tells, and by a later word of the same browser.

use firsthand_core::consent::{Policy, Situation, Verdict, decide as core_decide};
use firsthand_core::wire::ConsentEvidence;

use super::Connection;

/// A word on consent that is already known of this browser.
#[derive(Debug, Clone, PartialEq)]
pub struct LaterWord<'a> {
    /// What was said.
    pub evidence: ConsentEvidence<'a>,
}

/// Decides what is allowed and leaves in `evidence` what the store keeps: the stricter regime, the
/// signal, and a choice that was made after the request's own.
///
/// A later word takes away what the request's own choice gave. It gives something only to a request
/// that came without any choice (a server's copy).
pub(super) fn decide(
    policy: &Policy,
    evidence: &mut ConsentEvidence<'_>,
    connection: &Connection<'_>,
    later: Option<&LaterWord<'_>>,
    now_ms: i64,
) -> Verdict {
    add_connection(evidence, connection);
    let own = core_decide(policy, &situation(evidence), now_ms);
    let Some(word) = later.filter(|word| outranks(&word.evidence, evidence)) else {
        return own;
    };
    evidence.regime = evidence.regime.stricter(word.evidence.regime);
    evidence.gpc |= word.evidence.gpc;
    evidence.is_gpc_required |= word.evidence.is_gpc_required;
    let had_choice = evidence.choice.is_some();
    evidence.choice = word.evidence.choice;
    let mut joint = core_decide(policy, &situation(evidence), now_ms);
    if had_choice {
        for (slot, before) in joint.allow.iter_mut().zip(own.allow) {
            *slot = *slot && before;
        }
    }
    joint
}

/// Makes the evidence as strict as what the connection tells.
pub(super) fn add_connection(evidence: &mut ConsentEvidence<'_>, connection: &Connection<'_>) {
    evidence.regime = evidence.regime.stricter(connection.regime);
    evidence.gpc |= connection.gpc;
    evidence.is_gpc_required |= connection.is_gpc_required;
}

/// Decides by the evidence alone.
pub(super) fn allowed_by(policy: &Policy, evidence: &ConsentEvidence<'_>, now_ms: i64) -> Verdict {
    core_decide(policy, &situation(evidence), now_ms)
}

fn situation(evidence: &ConsentEvidence<'_>) -> Situation {
    Situation {
        regime: evidence.regime,
        gpc: evidence.gpc,
        is_gpc_required: evidence.is_gpc_required,
        choice: evidence.choice,
        ..Situation::default()
    }
}

/// Whether a known word was said at or after the choice of the request.
fn outranks(word: &ConsentEvidence<'_>, own: &ConsentEvidence<'_>) -> bool {
    match (word.choice, own.choice) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(word), Some(own)) => word.at_ms >= own.at_ms,
    }
}
