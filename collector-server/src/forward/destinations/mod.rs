//! What a platform is to the engine: a way to write an event, a request, and a way to read the answer.
//!
//! Pure: no I/O, no clock. A [`Destination`] never sees a clear personal value (the wire format has
//! none), never writes its secret anywhere but into the request, and never keeps anything between
//! calls. To add a platform: one file here, one variant in `config::DestinationConfig`, one column in
//! `names`, one section in `docs/destinations.md`.

mod body;
pub mod ga4;
pub mod meta;
pub mod tiktok;

use std::sync::Arc;
use std::time::Duration;

use firsthand_core::consent::Verdict as Allowed;

use super::config::{ConfigError, DestinationConfig};
use super::consent::Permission;
use super::merge::Merged;
use super::names::Skip;
use crate::secret::Secret;

/// Longest answer that is kept, in bytes.
pub const MAX_ANSWER_BYTES: usize = 500;
/// Room in a kept answer for the platform's code and trace id.
const CODE_BYTES: usize = 120;
/// Longest trace id that is kept, in bytes.
const MAX_TRACE_BYTES: usize = 64;

/// One event in a platform's words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// The event as JSON text.
    pub event: String,
    /// What the request says beside its events; only events that say the same share a request.
    pub envelope: String,
    /// The event without its click id, for a platform that refuses a malformed one.
    pub without_click_id: Option<String>,
    /// Parameters that did not fit the platform's limits.
    pub dropped_params: usize,
}

/// A request, ready to send. Not `Debug`: it holds the secret.
#[derive(Clone)]
pub struct Outgoing {
    /// Where to; may hold the secret.
    pub url: String,
    /// Headers beside `Content-Type: application/json`; may hold the secret.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, read.
    pub retry_after: Option<Duration>,
    /// Meta's `X-Business-Use-Case-Usage`.
    pub usage: Option<String>,
    /// The beginning of the body.
    pub body: String,
}

/// Why a request has to be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryClass {
    /// The platform is in trouble, and says so.
    Transient,
    /// The platform wants fewer requests.
    Throttled,
    /// No answer, or none of the platform's own: it cannot be reached.
    Unreachable,
    /// An answer that this version does not understand.
    Unknown,
}

impl RetryClass {
    /// Returns the label for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

/// What an answer means for the events of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All were taken.
    Delivered,
    /// All were looked at and nothing recorded (test mode).
    Checked,
    /// None was taken; all may be tried again.
    Retry {
        /// Why.
        class: RetryClass,
        /// The platform's own wish.
        after: Option<Duration>,
        /// Its words.
        reason: String,
    },
    /// The credentials or the account were refused: nothing will be taken until somebody acts.
    Unauthorized {
        /// The platform's words.
        reason: String,
    },
    /// Nothing was taken because of these events, by their index; the others may be sent again.
    RejectedEvents {
        /// Indexes in the request.
        indexes: Vec<usize>,
        /// The platform's words.
        reason: String,
    },
    /// Nothing was taken because of an event that the platform does not name.
    RejectedBatch {
        /// The platform's words.
        reason: String,
    },
    /// As `RejectedBatch`; the fault is, or may be, a click id.
    MalformedClickId {
        /// The platform's words.
        reason: String,
    },
}

/// One account on one platform.
pub trait Destination: Send + Sync {
    /// Writes an event in the platform's words, or says why the platform does not get it. `now_ms` is
    /// in epoch milliseconds.
    fn map(&self, event: &Merged<'_>, permission: &Permission, now_ms: i64)
    -> Result<Mapped, Skip>;

    /// Writes the request for events that share an envelope. `events` are texts of [`Mapped::event`].
    fn request(&self, envelope: &str, events: &[&str]) -> Outgoing;

    /// Reads the answer to a request of `events` events.
    fn interpret(&self, answer: &Answer, events: usize) -> Verdict;

    /// Returns what of a text may be kept: short, without the secret and anybody's data.
    fn shorten(&self, text: &str) -> String;
}

/// Makes the destination of a configuration and its secret.
pub fn build(
    config: &DestinationConfig,
    secret: Secret,
) -> Result<Arc<dyn Destination>, ConfigError> {
    config.validate()?;
    Ok(match config {
        DestinationConfig::Meta(meta) => Arc::new(meta::Meta::new(meta.clone(), secret)),
        DestinationConfig::TikTok(tiktok) => Arc::new(tiktok::TikTok::new(tiktok.clone(), secret)),
        DestinationConfig::Ga4(ga4) => Arc::new(ga4::Ga4::new(ga4.clone(), &secret)),
    })
}

/// Whether data may be matched and shared.
fn may_share(allowed: Allowed) -> bool {
    allowed.allows(firsthand_core::consent::Purpose::ThirdPartySharing)
}

/// Returns what of an answer may be kept: at most [`MAX_ANSWER_BYTES`], one line, without the secret,
/// and with everything that could be an address, a number of a person or a digest blotted out.
pub fn shorten(text: &str, secret: &str) -> String {
    let text = if secret.is_empty() {
        text.to_owned()
    } else {
        text.replace(secret, "***")
    };
    let mut out = String::new();
    for word in text.split_ascii_whitespace() {
        let word: String = word.chars().filter(|c| !c.is_control()).collect();
        let shown = if word.contains('@') {
            "…".to_owned()
        } else {
            blotted(&word)
        };
        if out.len() + shown.len() + 1 > MAX_ANSWER_BYTES - CODE_BYTES {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&shown);
    }
    out
}

/// Returns a word with what could be somebody's blotted out, and the rest as it is.
fn blotted(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for part in word.split_inclusive(is_mark) {
        let value = part.trim_end_matches(is_mark);
        let mark = part.get(value.len()..).unwrap_or_default();
        out.push_str(if may_be_personal(value) { "…" } else { value });
        out.push_str(mark);
    }
    out
}

/// Whether a character ends a value inside a word: `ph:+49171…,` and `{"em":["62a1…"]}` hold one.
fn is_mark(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '-' | '_')
}

/// Whether a value could be a digest or the number of a person.
fn may_be_personal(value: &str) -> bool {
    let is_long_token = value.len() > 40 && !value.contains('_');
    let is_number = value.bytes().filter(u8::is_ascii_digit).count() > 8
        && !value.bytes().any(|b| b.is_ascii_alphabetic());
    is_long_token || is_number
}

/// Returns a platform's refusal in one line: its code, its words, and the id by which its support finds
/// the request.
fn refusal(code: &str, words: &str, secret: &str, trace_label: &str, trace: &str) -> String {
    let trace: String = trace
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(MAX_TRACE_BYTES)
        .collect();
    let words = shorten(words, secret);
    if trace.is_empty() {
        return format!("{code} {words}");
    }
    format!("{code} {words} ({trace_label} {trace})")
}

/// Reads an answer that is not in the platform's own words.
fn foreign_answer(answer: &Answer) -> Verdict {
    let reason = format!("http {}", answer.status);
    let retry = |class| Verdict::Retry {
        class,
        after: answer.retry_after,
        reason: reason.clone(),
    };
    match answer.status {
        401 | 403 => Verdict::Unauthorized { reason },
        413 => Verdict::RejectedBatch { reason },
        429 => retry(RetryClass::Throttled),
        408 | 500..=599 => retry(RetryClass::Unreachable),
        _ => retry(RetryClass::Unknown),
    }
}

#[cfg(test)]
mod fixture;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_an_answer_holds_no_secret_and_nobodys_data() {
        let text = shorten(
            "Invalid token EAAsecret for jane@example.com ph 491711234567890123 em 62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f\nend",
            "EAAsecret",
        );
        assert_eq!(text, "Invalid token *** for … ph … em … end");
        assert!(shorten(&"word ".repeat(400), "").len() <= MAX_ANSWER_BYTES);
        for text in [
            "field_value:62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
            r#"{"em":["62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"]}"#,
            "ph:+491711234567,",
        ] {
            let kept = shorten(text, "");
            assert!(!kept.contains("62a14e") && !kept.contains("4917"), "{kept}");
        }
        let answer = r#"{"code":0,"message":"OK","request_id":"20261123220000"}"#;
        assert_eq!(
            shorten(answer, ""),
            r#"{"code":0,"message":"OK","request_id":"…"}"#
        );
        let place = "Batch.0.properties.contents.0.content_id: Not a valid string";
        assert_eq!(shorten(place, "tt-sandbox"), place);
    }
}
