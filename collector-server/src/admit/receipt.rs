//! What the ledger is told of a choice that came with a request.

use std::sync::Arc;

use firsthand_core::consent::{Choice, Verdict};
use firsthand_core::wire::ConsentEvidence;
use uuid::Uuid;

use super::{Connection, Rules, Sender};
use crate::privacy::ledger::{Actor, Door, Draft, Evidence, Said};
use crate::store::SourceKind;

/// A choice as it was heard.
#[derive(Debug)]
pub struct Heard<'h> {
    /// The evidence, its times by our clock.
    pub evidence: &'h ConsentEvidence<'h>,
    /// The choice with its time as the sender wrote it: so it comes again.
    pub as_said: Option<Choice>,
    /// The browser's id.
    pub browser: Option<&'h str>,
    /// Another id of the same browser.
    pub also_known_as: Option<&'h str>,
    /// Where it was heard.
    pub door: Door,
    /// How the banner asked.
    pub shown: Evidence,
}

/// Returns the draft of the receipt; `None` where there was neither a choice nor a signal.
pub fn receipt(
    rules: &Rules,
    sender: &Sender,
    connection: &Connection<'_>,
    heard: Heard<'_>,
    verdict: Verdict,
    received_at_ms: i64,
) -> Option<Box<Draft>> {
    let evidence = heard.evidence;
    let said = Said {
        choice: heard.as_said,
        gpc: evidence.gpc,
        framework: evidence.framework,
    };
    if said.is_signal_only() && !said.gpc {
        return None;
    }
    let id = |text: Option<&str>| text.and_then(|text| Uuid::try_parse(text).ok());
    let basis = match (&evidence.basis, said.choice) {
        (Some(basis), Some(_)) => basis.as_ref(),
        (None, Some(_)) => "explicit",
        (_, None) => evidence
            .framework
            .map_or("gpc", |framework| framework.source.as_str()),
    };
    let draft = Draft {
        browser: id(heard.browser),
        also_known_as: id(heard.also_known_as),
        said,
        at_ms: evidence.said_at_ms().unwrap_or(received_at_ms),
        received_at_ms,
        actor: match sender.kind {
            SourceKind::Browser => Actor::Visitor,
            SourceKind::Server | SourceKind::Webhook => Actor::Server,
        },
        basis: basis.to_owned(),
        regime: evidence.regime,
        allowed: verdict.allow,
        bases: verdict.basis,
        expires_at_ms: None,
        door: heard.door,
        source: Arc::clone(&sender.source),
        origin: connection.origin.map(str::to_owned),
        region: connection.region.clone(),
        evidence: heard.shown,
        terms: Arc::clone(&rules.terms),
    };
    Some(Box::new(draft.decided(&rules.policy, verdict)))
}
