//! `/sdk/…`: the browser SDK from inside the binary, so that the shop's own host is the only one its
//! pages talk to. Compressed variants beside a file (`fh.js.br`, `fh.js.gz`) are chosen by the request.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
    ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::intake::App;

#[derive(RustEmbed)]
#[folder = "../npm/dist"]
struct Dist;

/// Encodings by preference, with their file endings.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// `GET /sdk/{file}`.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(original) = Dist::get(&file).filter(|_| !is_variant(&file)) else {
        let text = if Dist::iter().next().is_none() {
            "the SDK is not built into this collector: run `make sdk` and build it again\n"
        } else {
            "no such file of the SDK\n"
        };
        return (
            StatusCode::NOT_FOUND,
            [(CONTENT_TYPE, "text/plain; charset=utf-8")],
            text,
        )
            .into_response();
    };
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok());
    let (encoding, served) = negotiate(&file, accepted.unwrap_or_default(), original);
    let etag = etag(&served);
    let is_known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.trim_start_matches("W/") == etag
        });
    let mut answer = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        served.data.into_owned().into_response()
    };
    let out = answer.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(&file)));
    if let Some(encoding) = encoding {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(tag) = HeaderValue::try_from(etag) {
        out.insert(ETAG, tag);
    }
    let cache = format!("public, max-age={}", app.sdk_max_age_secs);
    if let Ok(cache) = HeaderValue::try_from(cache) {
        out.insert(CACHE_CONTROL, cache);
    }
    out.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // The page that loads the SDK may isolate itself from other origins.
    out.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("cross-origin"),
    );
    out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn is_variant(file: &str) -> bool {
    ENCODINGS.iter().any(|(_, ending)| file.ends_with(ending))
}

/// Returns the best variant that the browser takes.
fn negotiate(
    file: &str,
    accepted: &str,
    original: EmbeddedFile,
) -> (Option<&'static str>, EmbeddedFile) {
    for (encoding, ending) in ENCODINGS {
        if accepts(accepted, encoding)
            && let Some(variant) = Dist::get(&format!("{file}{ending}"))
        {
            return (Some(encoding), variant);
        }
    }
    (None, original)
}

/// Whether an `Accept-Encoding` allows a coding: named, and not with a weight of zero.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, "q=1"));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case(encoding) && weight.parse::<f32>().is_ok_and(|q| q > 0.0)
    })
}

fn etag(file: &EmbeddedFile) -> String {
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in file.metadata.sha256_hash().iter().take(16) {
        firsthand_core::ids::push_hex(&mut tag, *byte);
    }
    tag.push('"');
    tag
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "ts" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_read_with_their_weights() {
        for (header, encoding, want) in [
            ("gzip, deflate, br", "br", true),
            ("gzip;q=1.0, br;q=0", "br", false),
            ("gzip;q=0.5", "gzip", true),
            ("", "br", false),
            ("brotli", "br", false),
        ] {
            assert_eq!(accepts(header, encoding), want, "{header}");
        }
    }

    #[test]
    fn wasm_has_its_own_type() {
        for (file, want) in [
            ("fh.wasm", "application/wasm"),
            ("fh.js", "text/javascript; charset=utf-8"),
            ("texts.pt-BR.js", "text/javascript; charset=utf-8"),
            ("x", "application/octet-stream"),
        ] {
            assert_eq!(content_type(file), want);
        }
    }

    #[test]
    fn every_file_of_the_sdk_has_a_type_that_browsers_take() {
        for file in Dist::iter().filter(|file| !is_variant(file)) {
            assert_ne!(content_type(&file), "application/octet-stream", "{file}");
        }
    }
}
