//! `/v1/inspect/…`: what became of events, for who has the role `read`, and on what basis they
//! were sent, for `privacy`. Each look is in the audit log.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use firsthand_core::ids::is_valid_event_id;
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::access::{self, Ask};
use super::answer::{Refused, json_answer};
use super::events::now_ms;
use super::query::{self, Query};
use crate::explain;
use crate::privacy::tokens::Role;
use crate::store::StoreError;

/// Most rows of one answer.
const MAX_ROWS: usize = 1000;

/// Rows of an answer unless more or fewer are asked for.
const ROWS: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<usize>,
}

impl Query for Page {
    const FORM: &'static str = "limit, such as ?limit=50";
}

impl Page {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(ROWS).min(MAX_ROWS)
    }
}

/// Lets in who may see the newest rows, and returns how many are wanted.
async fn enter(
    app: &App,
    headers: &HeaderMap,
    uri: &Uri,
    action: &'static str,
) -> Result<usize, Refused> {
    // Who may not ask is not told what is wrong with the question.
    let asked = query::read::<Page>(uri).map(|page| page.limit());
    let ask = Ask {
        needed: Role::Read,
        action,
        what: asked.as_ref().map_or_else(
            |_| "unreadable".to_owned(),
            |limit| format!("newest {limit}"),
        ),
    };
    access::admit(app, headers, ask).await?;
    asked
}

/// `GET /v1/inspect/events?limit=`: the newest events, newest first.
pub(super) async fn newest(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let limit = match enter(&app, &headers, &uri, "inspect.events").await {
        Ok(limit) => limit,
        Err(refused) => return refused.into_answer(),
    };
    let views = app.store.read(move |view| view.newest(limit)).await;
    respond(views.map(|views| {
        let events: Vec<Value> = views
            .iter()
            .map(|view| explain::event_json(view, &app.destinations))
            .collect();
        let refused = refusals(&app.prometheus.render());
        json!({ "events": events, "refused": refused })
    }))
}

/// Returns what was refused at the door since the start, from the counters' own text:
/// `[{"source","code","count"}]`. Events without consent leave nothing else behind.
fn refusals(metrics: &str) -> Vec<Value> {
    let label = |line: &str, name: &str| {
        let start = line.find(&format!("{name}=\""))? + name.len() + 2;
        let rest = line.get(start..)?;
        Some(rest.split('"').next()?.to_owned())
    };
    metrics
        .lines()
        .filter(|line| line.starts_with("firsthand_events_rejected_total{"))
        .filter_map(|line| {
            let count: u64 = line.rsplit(' ').next()?.parse().ok()?;
            Some(json!({ "source": label(line, "source")?, "code": label(line, "code")?, "count": count }))
        })
        .collect()
}

/// Returns what was looked for, for the audit log: a text that is no event's id could be a person's.
fn named(id: &str) -> String {
    if is_valid_event_id(id) {
        id.to_owned()
    } else {
        "(no id of an event)".to_owned()
    }
}

/// `GET /v1/inspect/events/{id}`: all events with this id.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = refuse(&app, &headers, Role::Read, "inspect.event", named(&id)).await {
        return refused;
    }
    let found = app
        .store
        .read(move |view| Ok((view.by_id(&id)?, view.quarantine(Some(&id), MAX_ROWS)?)))
        .await;
    respond(found.map(|(views, quarantine)| {
        let events: Vec<Value> = views
            .iter()
            .map(|view| explain::event_json(view, &app.destinations))
            .collect();
        json!({ "events": events, "quarantine": quarantine })
    }))
}

/// `GET /v1/inspect/events/{id}/basis`: what `firsthand explain --json` tells: on what basis the event was
/// sent, to whom, and when that stopped.
pub(super) async fn basis(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = refuse(&app, &headers, Role::Privacy, "explain", named(&id)).await {
        return refused;
    }
    let found = app.store.read(move |view| view.by_id(&id)).await;
    respond(found.map(|views| {
        let (policy, now_ms) = (&app.rules.policy, now_ms());
        let events: Vec<Value> = views
            .iter()
            .map(|view| explain::full_json(view, &app.requirements, policy, now_ms))
            .collect();
        json!({ "events": events })
    }))
}

/// `GET /v1/inspect/quarantine?limit=`: what was refused, newest first.
pub(super) async fn quarantine(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let limit = match enter(&app, &headers, &uri, "inspect.quarantine").await {
        Ok(limit) => limit,
        Err(refused) => return refused.into_answer(),
    };
    let rows = app
        .store
        .read(move |view| view.quarantine(None, limit))
        .await;
    respond(rows.map(|rows| json!({ "quarantine": rows })))
}

/// Returns the refusal of a request that may not look.
pub(super) async fn refuse(
    app: &App,
    headers: &HeaderMap,
    needed: Role,
    action: &'static str,
    what: String,
) -> Option<Response> {
    let ask = Ask {
        needed,
        action,
        what,
    };
    access::admit(app, headers, ask)
        .await
        .err()
        .map(Refused::into_answer)
}

pub(super) fn respond(result: Result<Value, StoreError>) -> Response {
    match result {
        Ok(value) => json_answer(StatusCode::OK, value.to_string()),
        Err(error) => Refused::from(error).into_answer(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_from_the_counters() {
        let metrics = "# TYPE firsthand_events_rejected_total counter\n\
            firsthand_events_rejected_total{source=\"backend\",code=\"consent_denied\"} 2\n\
            firsthand_events_accepted_total{source=\"backend\"} 5\n";
        assert_eq!(
            refusals(metrics),
            [json!({ "source": "backend", "code": "consent_denied", "count": 2 })]
        );
        assert!(refusals("").is_empty());
    }
}
