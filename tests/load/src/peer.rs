//! The peer: what a straightforward collector does that has a database at hand. One row an event in PostgreSQL, one
//! transaction a request, 202 after its commit.
//!
//! It is written to do well: the connections are pooled, the statement is prepared once a connection, and a request
//! of any size is one statement, hence one round trip. It refuses to know consent, people, sealing and delivery: all
//! that the collector does besides is not in its time.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_postgres::NoTls;
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::baseline;
use crate::postgres::{DATABASE, ROLE};

/// An empty table at each start, as the collector starts with an empty store.
const SCHEMA: &str = "DROP TABLE IF EXISTS event;
CREATE TABLE event(
  id uuid PRIMARY KEY,
  name text NOT NULL,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  body jsonb NOT NULL)";

/// All events of a request at once; a transaction of its own.
const INSERT: &str = "INSERT INTO event(id, name, at, body)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::jsonb[])
ON CONFLICT DO NOTHING";

/// Serves the peer until the process is ended, from the PostgreSQL whose socket is in the folder `socket`.
pub(crate) async fn serve(socket: &Path, pool_size: usize, addr: SocketAddr) -> anyhow::Result<()> {
    let mut config = tokio_postgres::Config::new();
    config
        .host_path(socket)
        .user(ROLE)
        .dbname(DATABASE)
        .application_name("load");
    let manager = Manager::from_config(
        config,
        NoTls,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    let pool = Pool::builder(manager)
        .max_size(pool_size)
        .build()
        .context("building the pool")?;
    pool.get()
        .await
        .context("connecting to PostgreSQL")?
        .batch_execute(SCHEMA)
        .await
        .context("creating the table")?;
    let app = Router::new()
        .route("/v1/events", post(take))
        .with_state(pool);
    baseline::listen(app, addr).await
}

/// A request, as far as the peer looks into it.
#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    consent: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    touch: Option<&'a RawValue>,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// What of an event has a column of its own.
#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    at: u64,
}

/// What a row keeps: the event and what its request told of all its events, for the row stands alone.
#[derive(Debug, Serialize)]
struct Body<'a> {
    event: &'a RawValue,
    context: Option<&'a RawValue>,
    consent: Option<&'a RawValue>,
    user: Option<&'a RawValue>,
    touch: Option<&'a RawValue>,
}

/// The columns of a request's rows, in the order of [`INSERT`].
#[derive(Debug, Default)]
struct Rows<'a> {
    ids: Vec<Uuid>,
    names: Vec<Cow<'a, str>>,
    times: Vec<SystemTime>,
    bodies: Vec<Json<Body<'a>>>,
}

impl<'a> Rows<'a> {
    /// Reads a request; `None` where it is none.
    fn read(body: &'a [u8]) -> Option<Self> {
        let batch: Batch<'a> = serde_json::from_slice(body).ok()?;
        let mut rows = Self::default();
        for event in batch.events {
            let columns: Columns<'a> = serde_json::from_str(event.get()).ok()?;
            rows.ids.push(Uuid::try_parse(&columns.id).ok()?);
            rows.names.push(columns.name);
            rows.times
                .push(UNIX_EPOCH.checked_add(Duration::from_millis(columns.at))?);
            rows.bodies.push(Json(Body {
                event,
                context: batch.context,
                consent: batch.consent,
                user: batch.user,
                touch: batch.touch,
            }));
        }
        Some(rows)
    }
}

async fn take(State(pool): State<Pool>, body: Bytes) -> impl IntoResponse {
    let Some(rows) = Rows::read(&body) else {
        return (StatusCode::BAD_REQUEST, JSON, String::new());
    };
    // The words of the database hold values of the event, and the bench ends the peer at the first wrong answer.
    match insert(&pool, &rows).await {
        Ok(accepted) => {
            let duplicates = rows.ids.len() as u64 - accepted;
            let answer =
                format!(r#"{{"accepted":{accepted},"duplicates":{duplicates},"rejected":[]}}"#);
            (StatusCode::ACCEPTED, JSON, answer)
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, JSON, String::new()),
    }
}

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

/// Writes the rows and returns how many were new. The statement is a transaction of its own: its answer comes after the
/// commit is on disk.
async fn insert(pool: &Pool, rows: &Rows<'_>) -> anyhow::Result<u64> {
    let connection = pool.get().await?;
    let statement = connection.prepare_cached(INSERT).await?;
    let accepted = connection
        .execute(
            &statement,
            &[&rows.ids, &rows.names, &rows.times, &rows.bodies],
        )
        .await?;
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_a_row_an_event_and_each_keeps_what_all_share() {
        let now_ms = 1_795_471_200_000;
        // As the load sends it: with ids that are UUIDs.
        let body = crate::client::sample_body(10, now_ms)
            .replace(&"0".repeat(27), "79b0-7cc3-98c4-000000000001");
        let rows = Rows::read(body.as_bytes()).unwrap();
        assert_eq!(rows.ids.len(), 10);
        assert!(rows.names.iter().all(|name| name == "add_to_cart"));
        let at = UNIX_EPOCH + Duration::from_millis(now_ms.unsigned_abs());
        assert!(rows.times.iter().all(|time| *time == at));
        let whole: serde_json::Value = serde_json::from_str(&body).unwrap();
        for (row, event) in rows.bodies.iter().zip(whole["events"].as_array().unwrap()) {
            let kept = serde_json::to_value(&row.0).unwrap();
            assert_eq!(&kept["event"], event);
            for shared in ["context", "consent", "user", "touch"] {
                assert_eq!(kept[shared], whole[shared], "{shared}");
            }
        }
    }

    #[test]
    fn what_is_no_request_is_no_rows() {
        for wrong in [
            "",
            "[]",
            r#"{"events":[{}]}"#,
            r#"{"events":[{"id":"1","name":"x","at":1}]}"#,
            r#"{"events":[{"id":"0199d2a4-79b0-7cc3-98c4-dc0c0c07398f","name":"x","at":-1}]}"#,
        ] {
            assert!(Rows::read(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
