//! `POST /v1/consent`: the visitor's choice. It gets a receipt, and outranks what came with events.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use firsthand_core::consent::Verdict;
use firsthand_core::ids;
use firsthand_core::wire::ConsentEvidence;
use http::header::{ORIGIN, SET_COOKIE};
use http::{HeaderMap, StatusCode};

use super::answer::{self, Refused};
use super::{App, body, cors, events, evidence};
use crate::admit::{self, Sender};
use crate::privacy::ledger::Door;
use crate::privacy::subject::{Identifier, Kind, Refusals, Subject};
use crate::store::{ConsentChange, SourceKind, Store as _};

/// Keeps the visitor's choice.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let result = take(&app, peer, &parts.headers, body).await;
    let mut answer = result.unwrap_or_else(answer::refused);
    cors::allow(&app, parts.headers.get(ORIGIN), &mut answer);
    app.metrics.answered(answer.status());
    answer
}

async fn take(
    app: &App,
    peer: SocketAddr,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> Result<Response, Refused> {
    // No limit by key: a flood of events must not keep a withdrawal out.
    let _permit = events::enter(app, peer.ip(), headers)?;
    let bytes = body::read(app, headers, body, app.body_bytes).await?;
    let received_at_ms = events::now_ms();
    let text = body::text(&bytes)?;
    let (mut batch, _) = events::decode_any(text)?;
    let sender = app.sources.sender(headers, &batch.write_key)?;
    let connection = events::connection(app, peer.ip(), headers, sender, &batch.header);
    let evidence = &mut batch.header.consent;
    if evidence.choice.is_none() && evidence.framework.is_none() {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "invalid_consent",
            "consent holds no choice: send the purposes, at and policy, or a framework",
        ));
    }
    let as_said = evidence.choice;
    let skew_ms = admit::clock_skew_ms(batch.sent_at, received_at_ms);
    admit::later_evidence(evidence, &connection, skew_ms);
    let mut json = String::with_capacity(256);
    evidence.encode(&mut json);
    let is_withdrawal = admit::withdraws_all(evidence);

    // A page may know itself by another id than its cookie: the word counts for both.
    let from_cookie = app
        .cookie
        .read(headers)
        .filter(|_| sender.kind == SourceKind::Browser);
    let from_body = batch
        .header
        .user
        .anonymous_id
        .as_deref()
        .filter(|id| ids::is_uuid(id) && from_cookie != Some(id));
    let whose = from_cookie.or(from_body);
    let known = events::known_person(app, sender, &batch.header, whose).await?;
    // A visitor who refuses before anything was sent has no id: the receipt then names nobody. A server speaks
    // for somebody: whose word it is must be known, or a withdrawal would be answered and forgotten.
    if sender.kind.is_trusted() && known.identifiers.is_empty() {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "invalid_consent",
            "user names nobody: a server says whose choice it is, by anonymous_id (a UUID in lower case), user_id, \
             digests (em, em_g, ph, ph_e, xid, xid_t) or clear values (email, phone, external_id)",
        ));
    }
    if known.standing.is_suppressed {
        metrics::counter!("firsthand_consent_suppressed_total").increment(1);
        let body = "{\"suppressed\":true}".to_owned();
        return Ok(answer::json_answer(StatusCode::ACCEPTED, body));
    }
    let evidence = &batch.header.consent;
    let verdict = evidence.decide(&app.rules.policy, received_at_ms);
    let heard = admit::Heard {
        evidence,
        as_said,
        browser: whose,
        also_known_as: from_cookie.and(from_body),
        door: Door::Consent,
        shown: evidence::read(text),
    };
    let receipt = admit::receipt(
        &app.rules,
        sender,
        &connection,
        heard,
        verdict,
        received_at_ms,
    );
    let mut identifiers = known.identifiers;
    if let Some(other) = from_cookie.and(from_body) {
        identifiers.push(app.store.key_ring().identifier(Kind::AnonymousId, other));
    }
    let subject = subject(sender, identifiers, evidence, verdict);
    let named = subject.identifiers.iter().filter_map(Identifier::word_name);
    let words = [from_cookie, from_body]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .chain(named)
        .map(|name| ConsentChange {
            anonymous_id: name,
            evidence: json.clone(),
            received_at_ms,
        })
        .collect();
    events::within_deadline(app.store.record_word(words, receipt, subject)).await?;
    metrics::counter!("firsthand_consent_changes_total").increment(1);
    let mut answer = answer::json_answer(StatusCode::ACCEPTED, "{}".to_owned());
    if is_withdrawal
        && sender.kind == SourceKind::Browser
        && let Some(cookie) = app.cookie.clear()
    {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// Whom the word is about. A page speaks for its browser alone, whatever else it sends; a trusted server that names
/// a person in several ways says that they are one.
fn subject(
    sender: &Sender,
    mut identifiers: Vec<Identifier>,
    evidence: &ConsentEvidence<'_>,
    verdict: Verdict,
) -> Subject {
    let is_trusted = sender.kind.is_trusted();
    if !is_trusted {
        identifiers.retain(|identifier| identifier.kind == Kind::AnonymousId);
    }
    Subject {
        identifiers,
        may_link: is_trusted,
        refused: Refusals::by(evidence, verdict),
    }
}
