//! `/v1/privacy/…`: erasure, export and the list of those who are kept out, for the role `privacy`.
//!
//! Promises: who asks says how the person was verified, and that is in the audit log before anything is looked for;
//! a value in clear becomes an index at once and is kept nowhere; an erasure that is answered is on disk as a task,
//! whatever happens to the process.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use firsthand_core::identity::Country;
use firsthand_core::wire::{User, decode_header};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::access::{self, Ask, Caller};
use super::answer::{Refused, json_answer};
use super::events::now_ms;
use super::{App, body};
use crate::admit;
use crate::explain::person::{self, Form};
use crate::privacy::id::{is_ulid, ulid};
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::Identifier;
use crate::privacy::task::{Asked, Receipt, Target, TaskKind, VerifiedBy, kinds};
use crate::privacy::tokens::Role;
use crate::store::sqlite::{NewTask, TaskView};
use crate::store::{Store as _, StoreError};

/// How long a request waits for its task; after that it gets the task's name and asks again.
const TASK_WAIT: Duration = Duration::from_secs(20);
/// Longest look through the log for a dry run or an export.
const LOOK_DEADLINE: Duration = Duration::from_mins(5);
/// Largest export of this door, in bytes; larger ones are for the command.
const MAX_EXPORT_BYTES: usize = 64 << 20;
/// Most entries of one answer.
const MAX_ENTRIES: usize = 1000;

/// What is sent to these doors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body<'a> {
    /// As `user` of `/v1/events`, values in clear allowed.
    #[serde(borrow, default)]
    user: Option<&'a RawValue>,
    /// An order of the person.
    #[serde(default)]
    transaction_id: Option<String>,
    /// How the person was verified.
    #[serde(default)]
    verified_by: String,
    /// Counts only.
    #[serde(default)]
    dry_run: bool,
    /// Only the named identifiers.
    #[serde(default)]
    exact: bool,
    /// An entry of the list.
    #[serde(default)]
    entry: Option<String>,
}

struct Wanted {
    target: Target,
    verified_by: VerifiedBy,
    is_dry_run: bool,
}

/// `POST /v1/privacy/erase`
pub(super) async fn erase(State(app): State<Arc<App>>, request: Request) -> Response {
    answered(ask(&app, request, TaskKind::Erase).await)
}

/// `POST /v1/privacy/suppress`
pub(super) async fn suppress(State(app): State<Arc<App>>, request: Request) -> Response {
    answered(ask(&app, request, TaskKind::Suppress).await)
}

/// `POST /v1/privacy/release`
pub(super) async fn release(State(app): State<Arc<App>>, request: Request) -> Response {
    answered(ask(&app, request, TaskKind::Release).await)
}

/// `POST /v1/privacy/export`
pub(super) async fn export(State(app): State<Arc<App>>, request: Request) -> Response {
    answered(take_export(&app, request).await)
}

/// `GET /v1/privacy/tasks/{id}`: how a task stands.
pub(super) async fn task(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let look = async {
        // A text that is no task's name could be a person's.
        let what = if is_ulid(id.as_bytes()) {
            id.clone()
        } else {
            "(no name of a task)".to_owned()
        };
        enter(&app, &headers, "privacy.task", what).await?;
        match app.store.task(id).await? {
            Some(view) => Ok(task_answer(&view)),
            None => Err(Refused::new(
                StatusCode::NOT_FOUND,
                "unknown_task",
                "there is no such task",
            )),
        }
    };
    answered(look.await)
}

/// `GET /v1/privacy/suppressed`: who is kept out, as blind as it is kept.
pub(super) async fn suppressed(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let look = async {
        enter(&app, &headers, "privacy.suppressed", "all".to_owned()).await?;
        let entries = app.store.read(|view| view.suppressed(MAX_ENTRIES)).await?;
        Ok(json_answer(
            StatusCode::OK,
            json!({ "suppressed": entries }).to_string(),
        ))
    };
    answered(look.await)
}

fn answered(result: Result<Response, Refused>) -> Response {
    result.unwrap_or_else(Refused::into_answer)
}

async fn enter(
    app: &App,
    headers: &HeaderMap,
    action: &'static str,
    what: String,
) -> Result<Caller, Refused> {
    let ask = Ask {
        needed: Role::Privacy,
        action,
        what,
    };
    access::admit(app, headers, ask).await
}

async fn ask(app: &App, request: Request, kind: TaskKind) -> Result<Response, Refused> {
    let id = ulid(now_ms(), rand::random());
    let (caller, wanted) = read(app, request, action_of(kind), &id).await?;
    if wanted.is_dry_run {
        return dry_run(app, wanted.target).await;
    }
    let task = NewTask {
        id: id.clone(),
        kind,
        asked: Asked {
            actor: caller.name,
            role: caller.role.as_str().to_owned(),
            verified_by: wanted.verified_by,
        },
        target: wanted.target,
        asked_at_ms: now_ms(),
    };
    app.store.ask_task(task, None).await?;
    match tokio::time::timeout(TASK_WAIT, app.store.task_done(&id)).await {
        Ok(view) => {
            let gone = || StoreError::Unavailable("the task is gone".to_owned());
            Ok(task_answer(&view?.ok_or_else(gone)?))
        }
        Err(_) => Ok(task_answer(&TaskView {
            id,
            done_at_ms: None,
            receipt: None,
        })),
    }
}

const fn action_of(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Erase => "privacy.erase",
        TaskKind::Suppress => "privacy.suppress",
        TaskKind::Release => "privacy.release",
    }
}

fn task_answer(view: &TaskView) -> Response {
    let (Some(receipt), Some(_)) = (&view.receipt, view.done_at_ms) else {
        let body = json!({ "id": view.id, "status": "at_work" });
        return json_answer(StatusCode::ACCEPTED, body.to_string());
    };
    let record: Value = serde_json::from_str(receipt).unwrap_or_default();
    let hash = Receipt::hash(receipt).to_string();
    let body = json!({ "id": view.id, "receipt": record, "hash": hash });
    json_answer(StatusCode::OK, body.to_string())
}

async fn dry_run(app: &App, target: Target) -> Result<Response, Refused> {
    let look = app.store.read(move |view| view.dry_run(&target));
    let (counts, identifiers) = in_time(look).await?;
    let body = json!({ "dry_run": true, "identifiers": kinds(&identifiers), "counts": counts });
    Ok(json_answer(StatusCode::OK, body.to_string()))
}

async fn take_export(app: &App, request: Request) -> Result<Response, Refused> {
    let id = ulid(now_ms(), rand::random());
    let (_, wanted) = read(app, request, "privacy.export", &id).await?;
    if wanted.is_dry_run {
        return dry_run(app, wanted.target).await;
    }
    let form = Form {
        requirements: app.requirements.clone(),
        policy: app.rules.policy,
        now_ms: now_ms(),
    };
    let look = app.store.read(move |view| {
        let mut lines = String::new();
        let taken = person::export(view, &wanted.target, &form, |line| {
            if lines.len() + line.len() >= MAX_EXPORT_BYTES {
                return Err(ExportError::TooLarge);
            }
            lines.push_str(&line);
            lines.push('\n');
            Ok(())
        });
        match taken {
            Ok(_) => Ok(Some(lines)),
            Err(ExportError::TooLarge) => Ok(None),
            Err(ExportError::Store(error)) => Err(error),
        }
    });
    let Some(lines) = in_time(look).await? else {
        return Err(Refused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "export_too_large",
            "the export is larger than this door gives: use `firsthand export --out FILE`",
        ));
    };
    let form = HeaderValue::from_static("application/jsonl");
    Ok((StatusCode::OK, [(CONTENT_TYPE, form)], lines).into_response())
}

enum ExportError {
    TooLarge,
    Store(rusqlite::Error),
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

async fn in_time<T>(look: impl Future<Output = Result<T, StoreError>>) -> Result<T, Refused> {
    match tokio::time::timeout(LOOK_DEADLINE, look).await {
        Ok(found) => Ok(found?),
        Err(_) => {
            Err(StoreError::Unavailable("the log could not be read in time".to_owned()).into())
        }
    }
}

/// Lets the request in and reads what it wants. What cannot be read is on record too.
async fn read(
    app: &App,
    request: Request,
    action: &'static str,
    id: &str,
) -> Result<(Caller, Wanted), Refused> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(app, &parts.headers, body, app.body_bytes).await?;
    let parsed = body::text(&bytes).and_then(parse);
    let what = in_words(id, parsed.as_ref().ok());
    let caller = enter(app, &parts.headers, action, what).await?;
    let body = parsed?;
    let verified_by = VerifiedBy::parse(&body.verified_by)
        .map_err(|error| bad("not_verified", error.to_string()))?;
    let target = target(app, &body).await?;
    if target.is_empty() {
        return Err(bad(
            "nobody_named",
            "name the person: user with anonymous_id, user_id, email, phone, external_id or digests, or transaction_id",
        ));
    }
    let wanted = Wanted {
        target,
        verified_by,
        is_dry_run: body.dry_run,
    };
    Ok((caller, wanted))
}

/// Returns what is asked for, for the audit log.
pub(super) fn in_words(id: &str, body: Option<&Body<'_>>) -> String {
    let Some(body) = body else {
        return "(a request that could not be read)".to_owned();
    };
    match VerifiedBy::parse(&body.verified_by) {
        Ok(words) => {
            let dry = if body.dry_run { " (dry run)" } else { "" };
            format!("{id}{dry}; verified by: {}", words.as_str())
        }
        Err(_) => format!("{id}; not verified"),
    }
}

fn bad(code: &'static str, message: impl Into<String>) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, code, message)
}

pub(super) fn parse(text: &str) -> Result<Body<'_>, Refused> {
    // The parser's own words could repeat a value.
    serde_json::from_str(text).map_err(|_| {
        bad(
            "invalid_json",
            "the body must be {\"user\":{…},\"transaction_id\":\"…\",\"verified_by\":\"…\",\"dry_run\":true,\"exact\":false}",
        )
    })
}

/// Returns by what the person is named in clear or by digests.
pub(super) fn named(
    body: &Body<'_>,
    ring: &KeyRing,
    phone_country: Option<Country>,
) -> Result<Vec<Identifier>, Refused> {
    let header = body
        .user
        .map(|user| format!("{{\"user\":{}}}", user.get()))
        .unwrap_or_default();
    let user = if header.is_empty() {
        User::default()
    } else {
        let unreadable = || bad("invalid_json", "user is not of the form of /v1/events");
        decode_header(&header).map_err(|_| unreadable())?.user
    };
    admit::whom(ring, &user, phone_country).map_err(|error| bad("nobody_named", error.to_string()))
}

async fn target(app: &App, body: &Body<'_>) -> Result<Target, Refused> {
    let mut identifiers = named(body, app.store.key_ring(), app.phone_country)?;
    let mut seqs = Vec::new();
    if let Some(id) = body.transaction_id.clone() {
        let (events, named) = in_time(app.store.read(move |view| view.of_transaction(&id))).await?;
        if events.is_empty() {
            return Err(Refused::new(
                StatusCode::NOT_FOUND,
                "unknown_transaction",
                "no event of this transaction is kept",
            ));
        }
        seqs = events;
        identifiers.extend(named);
    }
    Ok(Target {
        identifiers,
        seqs,
        is_exact: body.exact,
        entry: body.entry.clone(),
    })
}
