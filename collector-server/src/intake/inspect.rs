//! `/v1/inspect/…`: what became of events, for who has the role `read`, and on what basis they
//! were sent, for `privacy`. Each look is in the audit log.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::access::{self, Ask};
use super::answer::{Refused, json_answer};
use super::events::now_ms;
use crate::explain;
use crate::privacy::tokens::Role;
use crate::store::StoreError;

/// Most rows of one answer.
const MAX_ROWS: usize = 1000;

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
}

/// `GET /v1/inspect/events?limit=`: the newest events, newest first.
pub(super) async fn newest(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Response {
    let limit = page.limit.unwrap_or(50).min(MAX_ROWS);
    if let Some(refused) = refuse(
        &app,
        &headers,
        Role::Read,
        "inspect.events",
        format!("newest {limit}"),
    )
    .await
    {
        return refused;
    }
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

/// `GET /v1/inspect/events/{id}`: all events with this id.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = refuse(&app, &headers, Role::Read, "inspect.event", id.clone()).await {
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
    if let Some(refused) = refuse(&app, &headers, Role::Privacy, "explain", id.clone()).await {
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
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Response {
    let limit = page.limit.unwrap_or(50).min(MAX_ROWS);
    if let Some(refused) = refuse(
        &app,
        &headers,
        Role::Read,
        "inspect.quarantine",
        format!("newest {limit}"),
    )
    .await
    {
        return refused;
    }
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
