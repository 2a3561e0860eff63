//! `GET /v1/region` and `/.well-known/gpc.json`: which rule holds for the one who asks.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use firsthand_core::wire::json::{self, Object};
use http::header::{CACHE_CONTROL, ORIGIN};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{App, answer, cors, events};

/// Tells a page its region, regime and policy. Keeps nothing, sets nothing.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let place = events::visitors_place(&app, peer.ip(), &headers);
    let mut body = String::with_capacity(128);
    let mut object = Object::begin(&mut body);
    for (key, code) in [("country", place.country()), ("region", place.region())] {
        match code {
            Some(code) => json::push_str(object.key(key), code),
            None => object.key(key).push_str("null"),
        }
    }
    object.text("regime", app.regions.regime(&place).as_str());
    object.bool_opt("gpc_required", Some(app.regions.is_gpc_required(&place)));
    let policy = &app.rules.policy;
    object.int("policy_version", policy.version.into());
    object.int("max_age_days", policy.max_age_days);
    object.text("gpc_scope", policy.gpc_scope.as_str());
    object.text("gpc_mode", policy.gpc_mode.as_str());
    object.end();
    let mut answer = answer::json_answer(StatusCode::OK, body);
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    cors::allow(&app, headers.get(ORIGIN), &mut answer);
    app.metrics.answered(answer.status());
    answer
}

/// How long the statement on Global Privacy Control may be kept by others.
const GPC_STATEMENT_AGE: &str = "public, max-age=86400";

/// Says that the shop honours Global Privacy Control (W3C, "GPC support resource").
pub(super) async fn gpc(State(app): State<Arc<App>>) -> Response {
    let mut body = String::with_capacity(48);
    let mut object = Object::begin(&mut body);
    object.bool_opt("gpc", Some(true));
    object.text("lastUpdate", &app.gpc_statement_date);
    object.end();
    let mut answer = answer::json_answer(StatusCode::OK, body);
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static(GPC_STATEMENT_AGE));
    answer
}
