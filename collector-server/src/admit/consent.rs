//! The consent decision at the door: the evidence of the request, made stricter by what the
//! connection tells, and by a later word of the same browser.

use firsthand_core::consent::Policy;
use firsthand_core::wire::{ConsentEvidence, Decided, Word};

use super::Connection;

/// Decides what is allowed and leaves in `evidence` what the store keeps: the stricter regime, the
/// signal, what was said after the request's own
/// ([`ConsentEvidence::decide_with`]). What the same person refused on another device is taken away at the end.
pub(super) fn decide(
    policy: &Policy,
    evidence: &mut ConsentEvidence<'_>,
    connection: &Connection<'_>,
    later: Option<&Word<'_>>,
    now_ms: i64,
) -> Decided {
    add_connection(evidence, connection);
    let mut decided = evidence.decide_with(policy, later, now_ms);
    let refused = connection.standing.refused;
    refused.restrict(&mut decided.verdict, evidence.said_at_ms());
    decided
}

/// Makes the evidence as strict as what the connection tells.
pub(super) fn add_connection(evidence: &mut ConsentEvidence<'_>, connection: &Connection<'_>) {
    evidence.regime = evidence.regime.stricter(connection.regime);
    evidence.gpc |= connection.gpc;
    evidence.is_gpc_required |= connection.is_gpc_required;
}
