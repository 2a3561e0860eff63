//! `POST /v1/track`, `/v1/identify`, `/v1/page`, `/v1/screen`, `/v1/group`, `/v1/alias`, `/v1/batch`: Segment's HTTP API, for the server SDKs of
//! Segment and RudderStack.
//!
//! Answers as those SDKs expect: 200 when everything is on disk, refused calls among it (they would give up the whole batch); 400, 401 and 413
//! make them give up, 429 and 503 come again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use firsthand_core::ids;
use firsthand_core::wire::json::Object;
use firsthand_inbound::segment::{self, Kind};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

use super::answer::{self, Refused, json_answer};
use super::calls::{self, Tally};
use super::sources::write_key;
use super::{App, body, events, gzip, metrics};

/// Takes a batch.
pub(super) async fn batch(
    State(app): State<Arc<App>>,
    _peer: ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    answer_to(&app, request, None).await
}

/// Takes one call.
pub(super) async fn single(
    kind: Kind,
    State(app): State<Arc<App>>,
    _peer: ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    answer_to(&app, request, Some(kind)).await
}

async fn answer_to(app: &App, request: Request, kind: Option<Kind>) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let answer = match take(app, &parts.headers, body, kind).await {
        Ok(tally) => success(&tally),
        Err(refused) => {
            metrics::refused(refused.code);
            refused.into_segment_answer()
        }
    };
    app.metrics.answered(answer.status());
    app.metrics.seconds.record(started.elapsed().as_secs_f64());
    answer
}

async fn take(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    kind: Option<Kind>,
) -> Result<Tally, Refused> {
    let _permit = app.permit()?;
    // Where the key is in the head, nobody without one makes us read or unpack a body.
    let in_head = headers.get(AUTHORIZATION).and_then(write_key);
    let in_head = in_head.map(|key| app.sources.segment(&key)).transpose()?;
    let bytes = body::read(app, headers, body, app.segment_body_bytes).await?;
    let bytes = gzip::unpacked(&app.room, headers, bytes, app.segment_body_bytes).await?;
    let received_at_ms = events::now_ms();
    let text = body::text(&bytes)?;
    let request = match kind {
        None => segment::Request::batch(text),
        Some(kind) => segment::Request::single(kind, text),
    };
    let request = request.map_err(|error| {
        Refused::new(StatusCode::BAD_REQUEST, "invalid_json", error.to_string())
    })?;
    let source = match in_head {
        Some(source) => source,
        None => app
            .sources
            .segment(request.write_key.as_deref().unwrap_or_default())?,
    };
    app.rates
        .take_key(&source.sender.source)
        .map_err(metrics::too_fast)?;
    if request.messages.is_empty() {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "no_events",
            "batch is missing or empty",
        ));
    }
    if request.messages.len() > app.segment_messages {
        return Err(Refused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_many_events",
            format!(
                "{} messages, at most {} allowed: send halves",
                request.messages.len(),
                app.segment_messages
            ),
        ));
    }
    let calls = request
        .messages
        .iter()
        .map(|raw| {
            let fresh_id = || ids::uuid_v7(received_at_ms, rand::random());
            let call = request.call(&source.settings, raw, received_at_ms, fresh_id);
            (*raw, call)
        })
        .collect();
    let fates = calls::take(app, &source.sender, calls, received_at_ms).await?;
    let tally = Tally::of(app, &source.sender, fates);
    tracing::debug!(
        source = &*source.sender.source,
        accepted = tally.accepted,
        duplicates = tally.duplicates,
        rejected = tally.rejected.len(),
        bytes = bytes.len(),
        "calls taken"
    );
    Ok(tally)
}

/// `{"success":true}`, and what was refused, for people: SDKs read the status only.
fn success(tally: &Tally) -> Response {
    let mut body = String::with_capacity(32);
    let mut object = Object::begin(&mut body);
    object.bool_opt("success", Some(true));
    if !tally.rejected.is_empty() {
        answer::push_rejected(&mut object, &tally.rejected);
    }
    object.end();
    json_answer(StatusCode::OK, body)
}
