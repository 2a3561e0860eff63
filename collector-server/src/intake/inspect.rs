//! `/v1/inspect/…`: what became of events, for the operator. Without `admin.token` it is not there.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::answer::{self, Refused, json_answer};
use super::sources::carries_token;
use crate::explain;
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
    let Some(refused) = refuse(&app, &headers) else {
        let views = app.store.read(move |view| view.newest(limit)).await;
        return respond(views.map(|views| {
            let events: Vec<Value> = views
                .iter()
                .map(|view| explain::event_json(view, &app.destinations))
                .collect();
            let refused = refusals(&app.prometheus.render());
            json!({ "events": events, "refused": refused })
        }));
    };
    refused.await
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
    let Some(refused) = refuse(&app, &headers) else {
        let found = app
            .store
            .read(move |view| Ok((view.by_id(&id)?, view.quarantine(Some(&id), MAX_ROWS)?)))
            .await;
        return respond(found.map(|(views, quarantine)| {
            let events: Vec<Value> = views
                .iter()
                .map(|view| explain::event_json(view, &app.destinations))
                .collect();
            json!({ "events": events, "quarantine": quarantine })
        }));
    };
    refused.await
}

/// `GET /v1/inspect/quarantine?limit=`: what was refused, newest first.
pub(super) async fn quarantine(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Response {
    let limit = page.limit.unwrap_or(50).min(MAX_ROWS);
    let Some(refused) = refuse(&app, &headers) else {
        let rows = app
            .store
            .read(move |view| view.quarantine(None, limit))
            .await;
        return respond(rows.map(|rows| json!({ "quarantine": rows })));
    };
    refused.await
}

/// Returns the refusal of a request without the token.
fn refuse(app: &App, headers: &HeaderMap) -> Option<impl Future<Output = Response> + use<>> {
    let is_closed = app.admin_token.is_none();
    let is_allowed = app
        .admin_token
        .as_ref()
        .is_some_and(|token| carries_token(headers, token));
    (!is_allowed).then_some(async move {
        if is_closed {
            return answer::not_found().await;
        }
        Refused::new(
            StatusCode::UNAUTHORIZED,
            "unknown_token",
            "send the admin token as Authorization: Bearer",
        )
        .into_answer()
    })
}

fn respond(result: Result<Value, StoreError>) -> Response {
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
