//! Sends a request and brings back its answer, bounded in time and size.
//!
//! No redirects (credentials stay where the operator sent them), no compression, no address in any error
//! (GA4's secret is part of it).

use std::time::Duration;

use super::destinations::{Answer, Outgoing};

/// Most of an answer's body that is read, in bytes.
pub const MAX_ANSWER_BODY_BYTES: usize = 64 * 1024;
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answer(Answer),
    /// None; in words.
    Nothing(&'static str),
}

/// Makes the client that all destinations share.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("firsthand/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends. `wanted` are the headers of the answer that are kept; `now_ms` is needed to read a `Retry-After`
/// that is a date.
pub async fn send(
    client: &reqwest::Client,
    outgoing: Outgoing,
    wanted: &[&'static str],
    timeout: Duration,
    now_ms: i64,
) -> Reply {
    let mut request = client
        .post(&outgoing.url)
        .timeout(timeout)
        .header(reqwest::header::CONTENT_TYPE, outgoing.content_type)
        .body(outgoing.body);
    for (name, value) in &outgoing.headers {
        request = request.header(*name, value);
    }
    match request.send().await {
        Ok(response) => receive(response, wanted, now_ms)
            .await
            .map_or_else(|error| Reply::Nothing(describe(&error)), Reply::Answer),
        Err(error) => Reply::Nothing(describe(&error)),
    }
}

async fn receive(
    mut response: reqwest::Response,
    wanted: &[&'static str],
    now_ms: i64,
) -> Result<Answer, reqwest::Error> {
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let mut answer = Answer {
        status: response.status().as_u16(),
        retry_after: header("retry-after").and_then(|text| retry_after(&text, now_ms)),
        headers: wanted
            .iter()
            .filter_map(|name| Some((*name, header(name)?)))
            .collect(),
        body: String::new(),
    };
    let mut body: Vec<u8> = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = MAX_ANSWER_BODY_BYTES.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if body.len() == MAX_ANSWER_BODY_BYTES {
            break;
        }
    }
    answer.body = String::from_utf8_lossy(&body).into_owned();
    Ok(answer)
}

/// Reads a `Retry-After`: seconds, or a date (RFC 9110); `None` where it is neither.
pub fn retry_after(text: &str, now_ms: i64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    let wait_ms = at.timestamp().as_millisecond().saturating_sub(now_ms);
    Some(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)))
}

fn describe(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_builder() {
        "the request could not be written: check base_url and the secret"
    } else {
        "connection lost before the answer"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // 2026-11-23T22:00:00Z
        let now_ms = 1_795_471_200_000;
        for (text, want) in [
            ("30", Some(30)),
            (" 0 ", Some(0)),
            ("Mon, 23 Nov 2026 22:01:00 GMT", Some(60)),
            ("Mon, 23 Nov 2026 21:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(
                retry_after(text, now_ms),
                want.map(Duration::from_secs),
                "{text}"
            );
        }
    }
}
