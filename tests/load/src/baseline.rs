//! The two servers that intake is measured against, on the same axum as the collector.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;

/// What a baseline does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Baseline {
    /// Reads the body and answers 202.
    Bare,
    /// Parses the body into the collector's own wire types and answers 202.
    Parse,
}

/// Serves a baseline until the process is ended.
pub(crate) async fn serve(baseline: Baseline, addr: SocketAddr) -> anyhow::Result<()> {
    let app = Router::new().route(
        "/v1/events",
        match baseline {
            Baseline::Bare => post(bare),
            Baseline::Parse => post(parse),
        },
    );
    listen(app, addr).await
}

/// Serves `app` until the process is ended. Prints `listening on http://…` once it is bound.
pub(crate) async fn listen(app: Router, addr: SocketAddr) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(addr).await?;
    {
        use std::io::Write as _;
        let mut out = std::io::stdout();
        writeln!(out, "listening on http://{}", listener.local_addr()?)?;
        out.flush()?;
    }
    axum::serve(listener, app).await?;
    Ok(())
}

const ANSWER: &str = r#"{"accepted":1,"duplicates":0,"rejected":[]}"#;

async fn bare(body: Bytes) -> impl IntoResponse {
    std::hint::black_box(body.len());
    (
        StatusCode::ACCEPTED,
        [(header::CONTENT_TYPE, "application/json")],
        ANSWER,
    )
}

async fn parse(body: Bytes) -> impl IntoResponse {
    let status = match std::str::from_utf8(&body)
        .ok()
        .and_then(|text| firsthand_core::wire::decode_batch(text).ok())
    {
        Some((_, events)) if events.iter().all(Result::is_ok) => StatusCode::ACCEPTED,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, [(header::CONTENT_TYPE, "application/json")], ANSWER)
}
