//! `/v1/operate/…`: what runs the forwarding, for who has the role `operate`. Each call is in the audit log.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::access::{self, Ask as Access};
use super::answer::{Refused, json_answer};
use super::body;
use super::events::{now_ms, within_deadline};
use super::query::{self, Query};
use crate::forward::replay::{Replay, Report, Request};
use crate::privacy::tokens::Role;
use crate::store::{Again, Order, Settled, SettledFilter};

/// Largest body of a replay, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Most events that one call looks at; the answer says whether there are more.
const MAX_EVENTS: usize = 50_000;
/// Dead letters of one destination that a page holds at most.
const MAX_ROWS: usize = 1000;

/// Body of `POST /v1/operate/replay`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    destinations: Vec<String>,
    states: Vec<Settled>,
    reason: Option<String>,
    since: Option<String>,
    until: Option<String>,
    event_ids: Vec<String>,
    force: bool,
    dry_run: Option<bool>,
}

/// Query of `GET /v1/inspect/dead`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Page {
    destination: Option<String>,
    reason: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
}

impl Query for Page {
    const FORM: &'static str = "destination, reason, since, until and limit, such as ?destination=meta&since=2026-11-01T00:00:00Z";
}

fn invalid(message: impl std::fmt::Display) -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "invalid_replay",
        message.to_string(),
    )
}

fn time_of(name: &str, text: Option<&String>) -> Result<Option<i64>, Refused> {
    text.map(|text| {
        text.parse::<Timestamp>()
            .map(Timestamp::as_millisecond)
            .map_err(|_| {
                invalid(format!(
                    "{name} must be a time such as 2026-01-01T00:00:00Z"
                ))
            })
    })
    .transpose()
}

fn answer(result: Result<Value, Refused>) -> Response {
    match result {
        Ok(value) => json_answer(StatusCode::OK, value.to_string()),
        Err(refused) => refused.into_answer(),
    }
}

/// `POST /v1/operate/replay`: sends again what destinations have given up; a dry run unless it says otherwise.
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let done = take_replay(&app, &headers, body).await;
    answer(done.map(|report| json!(report)))
}

async fn take_replay(app: &App, headers: &HeaderMap, body: Body) -> Result<Report, Refused> {
    let bytes = body::read(app, headers, body, MAX_BODY_BYTES).await?;
    // Who may not ask is not told what is wrong with the question.
    let parsed = parse(&bytes);
    let what = match &parsed {
        Ok((request, _)) => request.in_words(),
        Err(_) => "unreadable".to_owned(),
    };
    let is_dry_run = parsed.as_ref().map_or(true, |(_, is_dry_run)| *is_dry_run);
    let ask = Access {
        needed: Role::Operate,
        action: if is_dry_run {
            "replay.dry_run"
        } else {
            "replay"
        },
        what,
    };
    let caller = access::admit(app, headers, ask).await?;
    let (request, is_dry_run) = parsed?;
    let replay = Replay::new(request, &app.replay_served, MAX_EVENTS).map_err(invalid)?;
    run(app, replay, is_dry_run, &caller.name).await
}

pub(super) fn parse(bytes: &[u8]) -> Result<(Request, bool), Refused> {
    // The parser's own words could repeat a value.
    let wanted: Wanted = serde_json::from_str(body::text(bytes)?).map_err(|error| {
        invalid(format!(
            "the body must be {{\"destinations\":[\"…\"],\"states\":[\"dead\"],\"reason\":\"…\",\"since\":\"…\",\"until\":\"…\",\"event_ids\":[\"…\"],\"force\":false,\"dry_run\":true}}, each part optional; \
             what is wrong ends at line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    let request = Request {
        filter: SettledFilter {
            since_ms: time_of("since", wanted.since.as_ref())?,
            until_ms: time_of("until", wanted.until.as_ref())?,
            states: wanted.states,
            reason: wanted.reason,
            event_ids: wanted.event_ids,
        },
        destinations: wanted.destinations,
        is_forced: wanted.force,
    };
    Ok((request, wanted.dry_run.unwrap_or(true)))
}

async fn run(
    app: &App,
    mut replay: Replay,
    is_dry_run: bool,
    actor: &str,
) -> Result<Report, Refused> {
    while let Some(ask) = replay.next() {
        let name = ask.destination.to_owned();
        let (filter, order, limit) = (ask.filter.clone(), Order::After(ask.after), ask.limit);
        let read = app.store.read({
            let name = name.clone();
            move |view| view.settled(&name, &filter, order, limit)
        });
        let page = within_deadline(read).await?;
        let at_ms = now_ms();
        let seqs = replay.judge(&page, at_ms);
        if is_dry_run || seqs.is_empty() {
            continue;
        }
        let again = Again {
            destination: name,
            seqs,
            states: replay.states().to_vec(),
            actor: actor.to_owned(),
            at_ms,
        };
        let sent = within_deadline(app.store.send_again(again)).await?;
        replay.sent(sent);
    }
    Ok(replay.into_report(is_dry_run))
}

/// `GET /v1/inspect/dead?destination=&reason=&since=&until=&limit=`: dead letters, the newest first, with the
/// platforms' answers.
pub(super) async fn dead(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(list_dead(&app, &headers, &uri).await)
}

async fn list_dead(app: &App, headers: &HeaderMap, uri: &Uri) -> Result<Value, Refused> {
    let asked = query::read::<Page>(uri);
    let what = match &asked {
        Ok(page) => page.destination.as_deref().unwrap_or("all"),
        Err(_) => "unreadable",
    };
    let ask = Access {
        needed: Role::Read,
        action: "inspect.dead",
        what: what.to_owned(),
    };
    access::admit(app, headers, ask).await?;
    let page = asked?;
    let filter = SettledFilter {
        states: vec![Settled::Dead],
        reason: page.reason,
        since_ms: time_of("since", page.since.as_ref())?,
        until_ms: time_of("until", page.until.as_ref())?,
        event_ids: Vec::new(),
    };
    let names: Vec<String> = match page.destination {
        Some(name) => vec![name],
        None => app.destinations.clone(),
    };
    let limit = page.limit.unwrap_or(50).min(MAX_ROWS);
    let read = app.store.read(move |view| {
        let mut dead = Vec::new();
        for name in &names {
            let events = view.settled(name, &filter, Order::Newest, limit)?;
            dead.extend(events.iter().map(|event| event.json(name)));
        }
        Ok(dead)
    });
    let dead = within_deadline(read).await?;
    Ok(json!({ "dead": dead }))
}
