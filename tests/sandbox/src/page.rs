//! The page that shows what each platform received: three files from inside
//! the binary, no other host, no inline script or style.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::platform::PLATFORMS;
use crate::sandbox::Shared;

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Returns the page's routes.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(async || file("text/html; charset=utf-8", html())))
        .route(
            "/page/style.css",
            get(async || file("text/css; charset=utf-8", STYLE)),
        )
        .route(
            "/page/script.js",
            get(async || file("text/javascript; charset=utf-8", SCRIPT)),
        )
}

/// Returns the page with a section for every platform.
fn html() -> String {
    let (mut jumps, mut sections) = (String::new(), String::new());
    for spec in PLATFORMS {
        let (name, label, title, about) =
            (spec.platform.name(), spec.label, spec.title, spec.about);
        // Writing to a String cannot fail.
        let _ = writeln!(
            jumps,
            r##"  <a href="#platform-{name}"><b id="jump-{name}">0</b>{label}</a>"##
        );
        let _ = writeln!(
            sections,
            r#"    <section class="platform" id="platform-{name}" data-platform="{name}" aria-labelledby="title-{name}">
      <header><h2 id="title-{name}">{title}</h2><p>{about}</p></header>
      <dl class="counts"></dl>
      <div class="empty"></div>
      <ol class="cards"></ol>
    </section>"#
        );
    }
    HTML.replace("<!-- jumps -->\n", &jumps)
        .replace("<!-- platforms -->\n", &sections)
}

fn file(kind: &'static str, text: impl Into<Body>) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text.into()).into_response()
}
