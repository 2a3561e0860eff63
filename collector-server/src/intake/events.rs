//! `POST /v1/events`.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use firsthand_core::ids;
use firsthand_core::wire::{self, Word};
use http::header::{ORIGIN, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, StatusCode};
use tokio::sync::SemaphorePermit;

use super::answer::{self, Refused};
use super::{App, body, cookie, cors, metrics, network};
use crate::admit::{self, Connection, Sender};
use crate::privacy::subject::{Identifier, Standing, joint_word};
use crate::region::Place;
use crate::signals::Brought;
use crate::store::{Append, Appended, ConsentChange, SourceKind, Store as _, StoreError};

/// Takes a batch.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let result = take(&app, peer.ip(), &parts.headers, body).await;
    let mut answer = result.unwrap_or_else(answer::refused);
    cors::allow(&app, parts.headers.get(ORIGIN), &mut answer);
    app.metrics.answered(answer.status());
    app.metrics.seconds.record(started.elapsed().as_secs_f64());
    answer
}

async fn take(
    app: &App,
    peer: IpAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let _permit = enter(app, peer, headers)?;
    let bytes = body::read(app, headers, body, app.body_bytes).await?;
    let received_at_ms = now_ms();
    let (append, outcome) = {
        let text = body::text(&bytes)?;
        let (batch, events) = decode(app, text)?;
        let sender = app.sources.sender(headers, &batch.write_key)?;
        app.rates
            .take_key(&sender.source)
            .map_err(metrics::too_fast)?;
        for (reason, count) in &batch.header.context.dropped {
            metrics::dropped_by_sdk(reason, *count);
        }
        let mut connection = connection(app, peer, headers, sender, &batch.header);
        let anonymous_id = anonymous_id(app, headers, sender, &batch.header, received_at_ms);
        let known = known_person(app, sender, &batch.header, anonymous_id.as_deref()).await?;
        let later = joint(&known.words);
        connection.identifiers = known.identifiers;
        connection.standing = known.standing;
        connection.anonymous_id = anonymous_id.map(Cow::Owned);
        let cookie_id = connection.anonymous_id.clone();
        let admitted = admit::admit(
            &app.rules,
            sender,
            &connection,
            later.as_ref(),
            (batch, events),
            text,
            received_at_ms,
        );
        app.metrics
            .dropped_user_values(admitted.dropped_user_values);
        let cookie = cookie_id
            .filter(|_| {
                sender.kind == SourceKind::Browser
                    && admitted.verdict.allows_events()
                    && !connection.standing.is_suppressed
            })
            .and_then(|id| app.cookie.set(&id));
        (
            admitted.append,
            (admitted.rejected, cookie, admitted.signal),
        )
    };
    let (rejected, cookie, signal) = outcome;
    if let Some(signal) = signal {
        within_deadline(app.store.record_consent(vec![signal], None)).await?;
    }
    let source = Arc::clone(&append.source);
    let names: Vec<String> = append
        .events
        .iter()
        .map(|event| event.name.clone())
        .collect();
    let appended = if has_something(&append) {
        within_deadline(app.store.append(append)).await?
    } else {
        Vec::new()
    };
    let rejected = if appended.contains(&Appended::Suppressed) {
        // The person was erased while this request was on its way.
        (0..appended.len() + rejected.len())
            .map(suppressed)
            .collect()
    } else {
        rejected
    };
    let accepted = appended
        .iter()
        .filter(|a| matches!(a, Appended::Accepted(_)))
        .count();
    let duplicates = appended
        .iter()
        .filter(|a| matches!(a, Appended::Duplicate(_)))
        .count();
    app.metrics.stored(&source, accepted, duplicates);
    metrics::rejected(&source, &rejected);
    let fates = names.iter().zip(&appended);
    let new = fates.filter(|(_, fate)| matches!(fate, Appended::Accepted(_)));
    let brought = Brought {
        names: &new.map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        duplicates,
        refused: metrics::wrong(&rejected),
    };
    app.signals.add(&source, brought, received_at_ms);
    tracing::debug!(
        source = &*source,
        accepted,
        duplicates,
        rejected = rejected.len(),
        bytes = bytes.len(),
        "batch taken"
    );
    let mut answer = answer::accepted(accepted, duplicates, &rejected);
    if let Some(cookie) = cookie {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// Lets a request in, before its body is read: by the rate of its address and by what is worked on already.
///
/// A shop's own server shows who it is and speaks for many visitors from one address: only its key counts.
pub(super) fn enter<'a>(
    app: &'a App,
    peer: IpAddr,
    headers: &HeaderMap,
) -> Result<SemaphorePermit<'a>, Refused> {
    if !app.sources.holds_secret(headers) {
        let address = network::client_ip(peer, headers, &app.trusted_proxies);
        app.rates.take_address(address).map_err(metrics::too_fast)?;
    }
    app.permit()
}

/// Longest wait for the disk. What is written after it is a duplicate when it is sent again.
const STORE_DEADLINE: Duration = Duration::from_secs(20);

/// Waits for the store, but not for ever.
pub(super) async fn within_deadline<T>(
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, Refused> {
    match tokio::time::timeout(STORE_DEADLINE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Unavailable("the disk did not answer in time".to_owned()).into()),
    }
}

fn decode<'a>(app: &App, text: &'a str) -> Result<wire::Decoded<'a>, Refused> {
    let (batch, events) = decode_any(text)?;
    if events.is_empty() {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "no_events",
            "events is missing or empty",
        ));
    }
    if events.len() > app.events_per_batch {
        return Err(Refused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_many_events",
            format!(
                "{} events, at most {} allowed: send halves",
                events.len(),
                app.events_per_batch
            ),
        ));
    }
    Ok((batch, events))
}

/// Decodes a batch that may be without events.
pub(super) fn decode_any(text: &str) -> Result<wire::Decoded<'_>, Refused> {
    wire::decode_batch(text).map_err(|error| {
        let code = match error {
            wire::DecodeError::Invalid { .. } | wire::DecodeError::TooDeep => "invalid_json",
            wire::DecodeError::WrongVersion => "wrong_version",
        };
        Refused::new(StatusCode::BAD_REQUEST, code, error.to_string())
    })
}

/// Reads what the connection tells about the visitor. A server reports for others: where it stands itself says nothing, so that only the
/// address that it names (`context.ip`) counts.
pub(super) fn connection<'h>(
    app: &App,
    peer: IpAddr,
    headers: &'h HeaderMap,
    sender: &Sender,
    header: &wire::Header<'_>,
) -> Connection<'h> {
    let place = match sender.kind {
        SourceKind::Browser => visitors_place(app, peer, headers),
        SourceKind::Server | SourceKind::Webhook => {
            let address = header.context.ip.as_deref();
            let address = address.and_then(|ip| ip.parse().ok());
            app.regions.locate(None, address)
        }
    };
    let mut connection = Connection {
        regime: app.regions.regime(&place),
        is_gpc_required: app.regions.is_gpc_required(&place),
        region: place.region().or(place.country()).map(str::to_owned),
        ..Connection::default()
    };
    if sender.kind == SourceKind::Browser {
        connection.origin = headers.get(ORIGIN).and_then(|v| v.to_str().ok());
        let ip = network::client_ip(peer, headers, &app.trusted_proxies);
        connection.ip = Some(Cow::Owned(ip.to_string()));
        connection.user_agent = headers.get(USER_AGENT).and_then(|v| v.to_str().ok());
        connection.google_clicks = cookie::google_clicks(headers);
        connection.platform_ids = cookie::platform_ids(headers);
        // With several, one exact `1` is enough (W3C GPC).
        connection.gpc = headers.get_all("sec-gpc").iter().any(|v| v == "1");
    }
    connection
}

/// Where the visitor of this connection is. Headers count from trusted proxies only.
pub(super) fn visitors_place(app: &App, peer: IpAddr, headers: &HeaderMap) -> Place {
    let is_trusted = app.trusted_proxies.iter().any(|n| n.contains(peer));
    let address = network::client_ip(peer, headers, &app.trusted_proxies);
    app.regions
        .locate(is_trusted.then_some(headers), Some(address))
}

/// The browser's id: the cookie's, else the body's, else a new one; the body's first where the page was told to forget the visitor
/// (`reset()`), so that the cookie follows. A server only passes one on.
fn anonymous_id(
    app: &App,
    headers: &HeaderMap,
    sender: &Sender,
    header: &wire::Header<'_>,
    now_ms: i64,
) -> Option<String> {
    let from_body = header.user.anonymous_id.as_deref();
    match sender.kind {
        SourceKind::Server | SourceKind::Webhook => {
            from_body.filter(|id| ids::is_uuid(id)).map(str::to_owned)
        }
        SourceKind::Browser => {
            let own = from_body.filter(|id| cookie::is_uuid_v7(id));
            let known = app.cookie.read(headers);
            let id = if header.user.is_reset {
                own.or(known)
            } else {
                known.or(own)
            };
            Some(id.map_or_else(|| ids::uuid_v7(now_ms, rand::random()), str::to_owned))
        }
    }
}

/// Whether the store has something to keep of a request, or to learn from it.
pub(super) fn has_something(append: &Append) -> bool {
    !append.events.is_empty() || !append.quarantined.is_empty() || append.subject.is_telling()
}

/// What the sender of an event is told whose person was erased while it was on its way.
pub(super) fn suppressed(index: usize) -> admit::Rejected {
    admit::Rejected {
        index,
        id: None,
        code: admit::SUPPRESSED,
        message: admit::SUPPRESSED_MESSAGE.to_owned(),
    }
}

/// By what one of a request's headers names its person.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named<'r> {
    /// The header; `None` where it could not be read.
    pub(super) header: Option<&'r wire::Header<'r>>,
    /// The browser's id, as the door decides it.
    pub(super) anonymous_id: Option<&'r str>,
}

/// What is known of whom a request is about.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownPerson {
    /// By what the request names them.
    pub(super) identifiers: Vec<Identifier>,
    /// What they refused anywhere, and whether they are kept out.
    pub(super) standing: Standing,
    /// The words on consent of this browser and of the other identifiers.
    pub(super) words: Vec<ConsentChange>,
}

/// Asks the store about whom a request is. Nearly always answered from memory.
pub(super) async fn known_person(
    app: &App,
    sender: &Sender,
    header: &wire::Header<'_>,
    anonymous_id: Option<&str>,
) -> Result<KnownPerson, Refused> {
    let named = Named {
        header: Some(header),
        anonymous_id,
    };
    let known = known_people(app, sender, &[named]).await?;
    Ok(known.into_iter().next().unwrap_or_default())
}

/// The same for several people, one answer each, in two questions to the store.
pub(super) async fn known_people(
    app: &App,
    sender: &Sender,
    all: &[Named<'_>],
) -> Result<Vec<KnownPerson>, Refused> {
    let mut known: Vec<(KnownPerson, Vec<String>)> = all
        .iter()
        .map(|named| {
            let identifiers = named.header.map_or_else(Vec::new, |header| {
                let ring = app.store.key_ring();
                admit::identifiers(ring, &header.user, sender, named.anonymous_id)
            });
            let mut names: Vec<String> =
                named.anonymous_id.map(str::to_owned).into_iter().collect();
            names.extend(identifiers.iter().filter_map(Identifier::word_name));
            let person = KnownPerson {
                identifiers,
                ..KnownPerson::default()
            };
            (person, names)
        })
        .collect();
    let people = || known.iter().flat_map(|(person, _)| &person.identifiers);
    let keys = unique(people().map(|identifier| identifier.key));
    let names = unique(known.iter().flat_map(|(_, names)| names).cloned());
    // Both are nearly always empty.
    let mut standings = within_deadline(app.store.standings(keys)).await?;
    standings.sort_unstable_by_key(|(key, _)| *key);
    let mut words = within_deadline(app.store.latest_consent(names)).await?;
    words.sort_unstable_by(|one, other| one.anonymous_id.cmp(&other.anonymous_id));
    for (person, names) in &mut known {
        let standing_of = |identifier: &Identifier| {
            let place = standings.binary_search_by_key(&identifier.key, |(key, _)| *key);
            place.ok().and_then(|place| standings.get(place))
        };
        person.standing = person
            .identifiers
            .iter()
            .filter_map(standing_of)
            .fold(Standing::default(), |all, (_, one)| all.and(*one));
        let word_of = |name: &String| {
            let place = words.binary_search_by(|word| word.anonymous_id.cmp(name));
            place.ok().and_then(|place| words.get(place))
        };
        person.words = names.iter().filter_map(word_of).cloned().collect();
    }
    Ok(known.into_iter().map(|(person, _)| person).collect())
}

fn unique<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = all.collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// Returns what was said of a person under any name.
pub(super) fn joint(words: &[ConsentChange]) -> Option<Word<'_>> {
    joint_word(words.iter().map(word))
}

/// Reads a word as the store keeps it; one that cannot be read is no grant.
fn word(change: &ConsentChange) -> Word<'_> {
    Word {
        evidence: serde_json::from_str(&change.evidence).unwrap_or_default(),
        received_at_ms: change.received_at_ms,
    }
}

/// Returns the wall clock in epoch milliseconds.
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
