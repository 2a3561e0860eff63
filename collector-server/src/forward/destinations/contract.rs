//! What the engine and a platform say to each other.

use std::time::Duration;

use super::words::Words;
use crate::forward::consent::Permission;
use crate::forward::merge::Merged;
use crate::forward::names::Skip;
use crate::secret::Secret;

/// Content type of most requests.
pub const JSON: &str = "application/json";
/// Content type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";

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

/// The events of one request.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'b> {
    /// What they share ([`Mapped::envelope`]).
    pub envelope: &'b str,
    /// Their texts ([`Mapped::event`]).
    pub events: &'b [&'b str],
    /// Their ids, in the same order: what a resend has in common with the first try.
    pub event_ids: &'b [&'b str],
    /// When the request is written, in epoch milliseconds.
    pub now_ms: i64,
    /// The access token, where the platform wants one that is fetched ([`TokenGrant`]).
    pub token: Option<&'b Secret>,
}

impl Batch<'_> {
    /// Returns room for a body of these events.
    pub fn body_capacity(&self) -> usize {
        let events: usize = self.events.iter().map(|event| event.len() + 1).sum();
        self.envelope.len() + events + 256
    }
}

/// A request, ready to send. Not `Debug`: it holds the secret.
#[derive(Clone)]
pub struct Outgoing {
    /// Where to; may hold the secret.
    pub url: String,
    /// Type of the body.
    pub content_type: &'static str,
    /// Headers beside `Content-Type`; may hold the secret.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: String,
}

impl Outgoing {
    /// Makes a request of JSON without headers of its own.
    pub fn json(url: String, body: String) -> Self {
        Self {
            url,
            content_type: JSON,
            headers: Vec::new(),
            body,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, read.
    pub retry_after: Option<Duration>,
    /// The headers that the destination asked for ([`Destination::answer_headers`]), if they came.
    pub headers: Vec<(&'static str, String)>,
    /// The beginning of the body.
    pub body: String,
}

impl Answer {
    /// Returns a header that the destination asked for.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the status says that all is well.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
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

/// What an answer means for the events of its request. `W` is [`Words`] where a platform speaks and
/// `String` once the words are fit to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<W = Words> {
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
        reason: W,
    },
    /// The credentials or the account were refused: nothing will be taken until somebody acts.
    Unauthorized {
        /// The platform's words.
        reason: W,
    },
    /// Nothing was taken because of these events; the others may be sent again.
    RejectedEvents {
        /// Index in the request, and the platform's words about that event.
        events: Vec<(usize, W)>,
    },
    /// Nothing was taken because of an event that the platform does not name.
    RejectedBatch {
        /// The platform's words.
        reason: W,
    },
    /// As `RejectedBatch`; the fault is, or may be, a click id.
    MalformedClickId {
        /// The platform's words.
        reason: W,
    },
    /// Each event has its own, in the order of the request. An event that is not named here is tried again.
    Each(Vec<EventVerdict<W>>),
}

/// What an answer means for one event of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventVerdict<W = Words> {
    /// Taken, now or before.
    Delivered,
    /// Not taken; may be tried again.
    Retry {
        /// Why.
        class: RetryClass,
        /// The platform's words.
        reason: W,
    },
    /// Can never be taken.
    Rejected {
        /// The platform's words.
        reason: W,
    },
}

impl<W> Verdict<W> {
    /// Returns the same verdict with other words.
    pub fn map<V>(self, mut to: impl FnMut(W) -> V) -> Verdict<V> {
        match self {
            Self::Delivered => Verdict::Delivered,
            Self::Checked => Verdict::Checked,
            Self::Retry {
                class,
                after,
                reason,
            } => Verdict::Retry {
                class,
                after,
                reason: to(reason),
            },
            Self::Unauthorized { reason } => Verdict::Unauthorized { reason: to(reason) },
            Self::RejectedEvents { events } => Verdict::RejectedEvents {
                events: events
                    .into_iter()
                    .map(|(index, words)| (index, to(words)))
                    .collect(),
            },
            Self::RejectedBatch { reason } => Verdict::RejectedBatch { reason: to(reason) },
            Self::MalformedClickId { reason } => Verdict::MalformedClickId { reason: to(reason) },
            Self::Each(list) => Verdict::Each(
                list.into_iter()
                    .map(|one| match one {
                        EventVerdict::Delivered => EventVerdict::Delivered,
                        EventVerdict::Retry { class, reason } => EventVerdict::Retry {
                            class,
                            reason: to(reason),
                        },
                        EventVerdict::Rejected { reason } => {
                            EventVerdict::Rejected { reason: to(reason) }
                        }
                    })
                    .collect(),
            ),
        }
    }

    /// Returns the first words of a verdict that is not all well.
    pub fn reason(&self) -> Option<&W> {
        match self {
            Self::Delivered | Self::Checked => None,
            Self::Retry { reason, .. }
            | Self::Unauthorized { reason }
            | Self::RejectedBatch { reason }
            | Self::MalformedClickId { reason } => Some(reason),
            Self::RejectedEvents { events } => events.first().map(|(_, reason)| reason),
            Self::Each(list) => list.iter().find_map(|one| match one {
                EventVerdict::Delivered => None,
                EventVerdict::Retry { reason, .. } | EventVerdict::Rejected { reason } => {
                    Some(reason)
                }
            }),
        }
    }
}

/// One account on one platform.
///
/// Pure: no I/O, no clock. It never sees a clear personal value unless an account wants one
/// ([`Account::wants_clear_values`](super::Account::wants_clear_values)), never writes its secret anywhere but into the request, and never keeps anything between calls.
pub trait Destination: Send + Sync {
    /// Writes an event in the platform's words, or says why the platform does not get it. `now_ms` is
    /// in epoch milliseconds.
    fn map(&self, event: &Merged<'_>, permission: &Permission, now_ms: i64)
    -> Result<Mapped, Skip>;

    /// Writes the request for events that share an envelope.
    fn request(&self, batch: &Batch<'_>) -> Outgoing;

    /// Reads the answer to the request of these events.
    fn interpret(&self, answer: &Answer, batch: &Batch<'_>) -> Verdict;

    /// Returns the most events of one request, where this configuration allows fewer than the platform; 1
    /// makes a request of every event.
    fn max_batch_events(&self) -> usize {
        usize::MAX
    }

    /// Returns the headers of an answer that [`Self::interpret`] wants to see, in lower case.
    fn answer_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns how an access token is fetched, where the platform wants one beside or instead of the secret.
    /// The engine fetches it, keeps it, and hands it over in [`Batch::token`].
    fn token_grant(&self) -> Option<&dyn TokenGrant> {
        None
    }
}

/// An access token and how long it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// How long it is good from now on.
    pub lives: Duration,
}

/// How an access token is fetched. Pure, as [`Destination`] is.
pub trait TokenGrant: Send + Sync {
    /// Writes the request for a token. `now_ms` is in epoch milliseconds.
    fn request(&self, now_ms: i64) -> Result<Outgoing, Words>;

    /// Reads the answer: a token, or a verdict on every event that waits for it (`Retry` or
    /// `Unauthorized`).
    fn interpret(&self, answer: &Answer) -> Result<Token, Verdict>;
}

/// Reads an answer in the platform's own words, of a platform that means by a status what HTTP does. `reason` is
/// what it says.
pub fn failed_answer(answer: &Answer, reason: Words) -> Verdict {
    let class = match answer.status {
        // 404: an account that is not there. Somebody must act.
        401 | 403 | 404 => return Verdict::Unauthorized { reason },
        400 | 413 | 422 => return Verdict::RejectedBatch { reason },
        429 => RetryClass::Throttled,
        500..=599 => RetryClass::Transient,
        _ => RetryClass::Unknown,
    };
    Verdict::Retry {
        class,
        after: answer.retry_after,
        reason,
    }
}

/// Reads an answer that is not in the platform's own words.
pub fn foreign_answer(answer: &Answer) -> Verdict {
    let reason = Words::new(format!("http {}", answer.status));
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
