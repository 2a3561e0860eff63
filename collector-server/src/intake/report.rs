//! `GET /v1/inspect/report`: who told of which events, for the role `read`.
//!
//! Reads slice by slice, so that other readers get their turn; one report at a time, for a bounded time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::answer::Refused;
use super::events::now_ms;
use super::inspect::{refuse, respond};
use super::query::{self, Query};
use crate::privacy::tokens::Role;
use crate::report::{DEFAULT_MAX_EVENTS, Question, Report, Reporter};
use crate::store::StoreError;

/// How far back a report looks unless it is told otherwise, in milliseconds: a day.
const DEFAULT_SPAN_MS: i64 = 86_400_000;
/// How long a report reads; then it says how far it came.
const LONGEST_SECS: u32 = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    since: Option<String>,
    until: Option<String>,
    event: Option<String>,
}

impl Query for Asked {
    const FORM: &'static str =
        "since, until and event, such as ?since=2026-11-01T00:00:00Z&event=purchase";
}

/// `GET /v1/inspect/report?since=&until=&event=`
pub(super) async fn get(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let what = "pairs of sources".to_owned();
    if let Some(refused) = refuse(&app, &headers, Role::Read, "inspect.report", what).await {
        return refused;
    }
    let asked =
        query::read(&uri).and_then(|asked| question(&app, asked, now_ms()).map_err(query::invalid));
    let question = match asked {
        Ok(question) => question,
        Err(refused) => return refused.into_answer(),
    };
    let Ok(_turn) = app.reports.try_acquire() else {
        return Refused::later(
            StatusCode::TOO_MANY_REQUESTS,
            "report_at_work",
            "another report is being made: ask again later",
            LONGEST_SECS,
        )
        .into_answer();
    };
    let report = read(&app, Reporter::new(question)).await;
    respond(report.map(|report| json!(report)))
}

async fn read(app: &App, mut reporter: Reporter) -> Result<Report, StoreError> {
    let deadline = Instant::now() + Duration::from_secs(LONGEST_SECS.into());
    loop {
        let (back, has_more) = app
            .store
            .read(move |view| {
                let has_more = reporter.step(view)?;
                Ok((reporter, has_more))
            })
            .await?;
        if !has_more || Instant::now() >= deadline {
            return Ok(back.finish());
        }
        reporter = back;
    }
}

fn question(app: &App, asked: Asked, now_ms: i64) -> Result<Question, &'static str> {
    const TIME: &str = "since and until must be times such as 2026-11-01T00:00:00Z";
    let time = |text: Option<String>| {
        text.map(|text| text.parse::<Timestamp>().map(Timestamp::as_millisecond))
            .transpose()
            .map_err(|_| TIME)
    };
    let until_ms = time(asked.until)?.unwrap_or(now_ms);
    let since_ms = time(asked.since)?.unwrap_or(until_ms - DEFAULT_SPAN_MS);
    if since_ms >= until_ms {
        return Err("since must be before until");
    }
    Ok(Question {
        since_ms,
        until_ms,
        name: asked.event,
        confirmed: app.confirmed.clone(),
        max_events: DEFAULT_MAX_EVENTS,
    })
}
