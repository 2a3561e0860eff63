//! The HTTP doors.
//!
//! Promises: nothing is answered 202 before it is on disk; a body, a wait and the number of requests
//! at a time are bounded; what a browser may not read from another origin it does not get. Never logs
//! a body, an id of a person, an address or a query. Refuses to know destinations.

mod access;
mod answer;
mod app;
mod body;
mod calls;
mod consent;
mod cookie;
mod cors;
mod events;
mod evidence;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gzip;
mod inspect;
mod metrics;
mod network;
mod operate;
mod privacy;
mod query;
mod rate;
mod region;
mod report;
mod room;
mod segment;
mod sources;
mod status;
mod webhooks;

pub(crate) use answer::uri_too_long;
pub use app::App;
pub use evidence::is_sha256;
pub use network::Network;
pub(crate) use network::network_of;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use firsthand_inbound::segment::Kind;

use crate::sdk_files;

/// Returns all doors, under the configured path prefix.
pub fn router(app: Arc<App>) -> Router {
    let prefix = app.path_prefix.clone();
    let mut doors = Router::new()
        .route("/v1/events", post(events::post).options(cors::preflight))
        .route("/v1/consent", post(consent::post).options(cors::preflight))
        .route("/v1/region", get(region::get).options(cors::preflight))
        .route("/v1/batch", post(segment::batch))
        .route("/v1/webhooks/{platform}/{source}", post(webhooks::post))
        .route("/.well-known/gpc.json", get(region::gpc))
        .route("/v1/inspect/events", get(inspect::newest))
        .route("/v1/inspect/events/{id}", get(inspect::one))
        .route("/v1/inspect/events/{id}/basis", get(inspect::basis))
        .route("/v1/inspect/report", get(report::get))
        .route("/v1/inspect/quarantine", get(inspect::quarantine))
        .route("/v1/privacy/erase", post(privacy::erase))
        .route("/v1/privacy/export", post(privacy::export))
        .route("/v1/privacy/suppress", post(privacy::suppress))
        .route("/v1/privacy/release", post(privacy::release))
        .route("/v1/privacy/suppressed", get(privacy::suppressed))
        .route("/v1/privacy/tasks/{id}", get(privacy::task))
        .route("/v1/inspect/dead", get(operate::dead))
        .route("/v1/operate/replay", post(operate::replay))
        .route("/sdk/{file}", get(sdk_files::get))
        .route("/healthz", get(status::healthz))
        .route("/readyz", get(status::readyz))
        .route("/", get(status::root));
    for kind in Kind::ALL {
        let path = format!("/v1/{}", kind.as_str());
        let single = move |state, peer, request| segment::single(kind, state, peer, request);
        doors = doors.route(&path, post(single));
    }
    if !app.has_metrics_listener {
        doors = doors.route("/metrics", get(status::guarded_metrics));
    }
    let doors = doors.fallback(answer::not_found).with_state(app);
    if prefix.is_empty() {
        doors
    } else {
        // Health checks and scrapes come from inside and know no prefix.
        Router::new()
            .nest(&prefix, doors.clone())
            .route(&format!("{prefix}/"), get(status::root))
            .fallback_service(doors)
    }
}

/// Returns the doors of the separate metrics listener.
pub fn metrics_router(app: Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(status::metrics))
        .route("/healthz", get(status::healthz))
        .with_state(app)
}
