//! Stand-in for the Meta pixel's `/tr`: what a browser would report.
//!
//! Takes the pixel's own parameters in the query or a form body: `id`, `ev`,
//! `eid`, `dl`, `rl`, `ts`, `fbp`, `fbc`, `cd[…]`, `ud[…]`. Answers a 1x1 image
//! whatever happens, as a pixel does; a hit it cannot use is discarded.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{ACCOUNT, PLATFORM, visitor_ids};
use crate::answer::open_to_any_origin;
use crate::config::PlatformBounds;
use crate::record::{Arrival, Channel, Refusal, match_key};
use crate::sandbox::Shared;

/// The smallest transparent GIF.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\
\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

type Fields = BTreeMap<String, String>;

/// `GET` or `POST /meta/tr`.
pub(crate) async fn hit(
    State(shared): State<Arc<Shared>>,
    Query(mut fields): Query<Fields>,
    body: Bytes,
) -> Response {
    fields.extend(form_fields(&body));
    let now_ms = shared.clock.now_ms();
    match complaint(&fields, ACCOUNT.dataset_id) {
        None => shared.ledger().accept(
            PLATFORM,
            Channel::Browser,
            now_ms,
            arrival(&fields, &shared.config.bounds),
        ),
        Some(reason) => shared.ledger().discard(
            PLATFORM,
            Channel::Browser,
            now_ms,
            Refusal {
                reason: reason.to_owned(),
                code: None,
                status: Some(200),
                fault: None,
                name: fields.get("ev").cloned(),
                event_ids: fields.get("eid").cloned().into_iter().collect(),
                payload: json!(fields),
            },
        ),
    }
    open_to_any_origin(([(header::CONTENT_TYPE, "image/gif")], GIF).into_response())
}

/// Returns the fields of a form body, none when it is not one.
fn form_fields(body: &[u8]) -> Fields {
    std::str::from_utf8(body)
        .ok()
        .filter(|text| !text.is_empty())
        .and_then(|text| format!("/?{text}").parse::<Uri>().ok())
        .and_then(|uri| Query::<Fields>::try_from_uri(&uri).ok())
        .map(|Query(fields)| fields)
        .unwrap_or_default()
}

fn complaint(fields: &Fields, dataset_id: &str) -> Option<&'static str> {
    match (fields.get("id"), fields.get("ev")) {
        (Some(id), _) if id != dataset_id => Some("id is not this dataset's"),
        (None, _) => Some("id is missing"),
        (_, None) => Some("ev is missing"),
        (_, Some(name)) if name.is_empty() => Some("ev is empty"),
        _ => None,
    }
}

fn arrival(fields: &Fields, bounds: &PlatformBounds) -> Arrival {
    let field = |key: &str| fields.get(key).filter(|text| !text.is_empty()).cloned();
    let event_id = field("eid");
    let user = fields.iter().filter_map(|(key, value)| {
        let name = match key.as_str() {
            "fbp" | "fbc" => key.as_str(),
            other => other.strip_prefix("ud[")?.strip_suffix(']')?,
        };
        match_key(name, &Value::from(value.as_str()))
    });
    let (fbp, external_id) = (field("fbp"), field("ud[external_id]"));
    Arrival {
        visitor_ids: visitor_ids(bounds, fbp.as_deref(), external_id.as_deref()),
        name: field("ev").unwrap_or_default(),
        dedup_id: event_id.clone(),
        warnings: if event_id.is_none() {
            vec!["no eid: a server copy would count twice".to_owned()]
        } else {
            Vec::new()
        },
        event_id,
        transaction_id: field("cd[order_id]"),
        event_at_ms: field("ts").and_then(|ms| ms.parse().ok()),
        value: field("cd[value]").and_then(|number| number.parse().ok()),
        currency: field("cd[currency]"),
        match_keys: user.collect(),
        test_event_code: None,
        payload: json!(fields),
    }
}
