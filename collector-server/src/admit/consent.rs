//! The consent decision at the door: the evidence of the request, made stricter by what the
//! connection tells, and by a later word of the same browser.

use firsthand_core::consent::{Policy, Verdict};
use firsthand_core::wire::{ConsentEvidence, Word};

use super::Connection;

/// Decides what is allowed and leaves in `evidence` what the store keeps: the stricter regime, the
/// signal, and what was said after the request's own ([`ConsentEvidence::decide_with`]).
pub(super) fn decide(
    policy: &Policy,
    evidence: &mut ConsentEvidence<'_>,
    connection: &Connection<'_>,
    later: Option<&Word<'_>>,
    now_ms: i64,
) -> Verdict {
    add_connection(evidence, connection);
    evidence.decide_with(policy, later, now_ms).verdict
}

/// Makes the evidence as strict as what the connection tells.
pub(super) fn add_connection(evidence: &mut ConsentEvidence<'_>, connection: &Connection<'_>) {
    evidence.regime = evidence.regime.stricter(connection.regime);
    evidence.gpc |= connection.gpc;
    evidence.is_gpc_required |= connection.is_gpc_required;
}
