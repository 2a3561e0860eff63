//! What the sandbox keeps and hands out: platforms, records, totals, filters.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dedup::Fate;
use crate::platform::Platform;

/// How an event reached the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The Conversions-API way: from a server.
    Server,
    /// The pixel way: from the visitor's browser.
    Browser,
}

/// What the platform did with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Taken in; [`Record::counted`] says whether as the first copy.
    Accepted,
    /// The request was refused with an error the sender saw.
    Refused,
    /// Answered with success and thrown away all the same (GA4).
    Discarded,
}

/// A value the platform can match a person with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchKey {
    /// The platform's own name of the key.
    pub name: String,
    /// Shortened value for a label.
    pub short: String,
}

/// What a door read out of one accepted event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrival {
    pub(crate) name: String,
    pub(crate) event_id: Option<String>,
    pub(crate) transaction_id: Option<String>,
    /// Id copies meet under; GA4 has one for purchases only.
    pub(crate) dedup_id: Option<String>,
    /// Ids of the visitor under which copies without a `dedup_id` meet (Meta): `fbp=…`, `external_id=…`.
    pub(crate) visitor_ids: Vec<String>,
    pub(crate) event_at_ms: Option<i64>,
    pub(crate) value: Option<f64>,
    pub(crate) currency: Option<String>,
    pub(crate) match_keys: Vec<MatchKey>,
    pub(crate) warnings: Vec<String>,
    pub(crate) test_event_code: Option<String>,
    pub(crate) payload: Value,
}

/// What a door says about a request it did not accept.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The platform's words, with the place in the request.
    pub(crate) reason: String,
    /// The platform's code, `100/2804003` or `40002`, when it has one.
    pub(crate) code: Option<String>,
    /// HTTP status answered; `None` when the connection was dropped.
    pub(crate) status: Option<u16>,
    /// Name of the injected fault that caused it.
    pub(crate) fault: Option<&'static str>,
    pub(crate) name: Option<String>,
    pub(crate) event_ids: Vec<String>,
    pub(crate) payload: Value,
}

/// One kept record, as the control API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Number in order of arrival, never reused.
    pub seq: u64,
    /// Platform it came to.
    pub platform: Platform,
    /// Way it came.
    pub channel: Channel,
    /// Sandbox clock at arrival, milliseconds.
    pub received_at_ms: i64,
    /// What the platform did with it.
    pub verdict: Verdict,
    /// Whether it adds one to the platform's count.
    pub counted: bool,
    /// `seq` of the copy that was counted.
    pub duplicate_of: Option<u64>,
    /// What became of a duplicate.
    pub fate: Option<Fate>,
    /// Event name in the platform's words.
    pub event_name: Option<String>,
    /// The event's id, when it has one.
    pub event_id: Option<String>,
    /// Order id, when it has one.
    pub transaction_id: Option<String>,
    /// Ids of all events in a refused request.
    pub event_ids: Vec<String>,
    /// When the event says it happened, milliseconds.
    pub event_at_ms: Option<i64>,
    /// Amount in major units.
    pub value: Option<f64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// Match keys present.
    pub match_keys: Vec<MatchKey>,
    /// What the platform would accept yet not use well.
    pub warnings: Vec<String>,
    /// Code of the platform's test view.
    pub test_event_code: Option<String>,
    /// Why it was refused or discarded.
    pub reason: Option<String>,
    /// The platform's error code.
    pub code: Option<String>,
    /// HTTP status answered to a refused request.
    pub status: Option<u16>,
    /// Injected fault that caused the refusal.
    pub fault: Option<&'static str>,
    /// What arrived, secrets removed.
    pub payload: Value,
    #[serde(skip)]
    pub(crate) payload_bytes: usize,
}

/// Totals of one platform since the last reset; they outlive evicted records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Events accepted, copies included.
    pub received: u64,
    /// Events counted once.
    pub counted: u64,
    /// Copies merged or dropped.
    pub duplicates: u64,
    /// Requests refused.
    pub refused: u64,
    /// Events answered with success and thrown away.
    pub discarded: u64,
    /// Records no longer kept.
    pub evicted: u64,
}

/// Which records a reader wants.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only this platform.
    pub platform: Option<Platform>,
    /// Only records of this event id or transaction id.
    pub event_id: Option<String>,
    /// Only records numbered above.
    pub since: Option<u64>,
    /// At most this many, the oldest first.
    pub limit: Option<usize>,
}

impl Record {
    /// Returns whether `id` names one of this record's events or its order.
    pub(crate) fn is_about(&self, id: &str) -> bool {
        self.event_id.as_deref() == Some(id)
            || self.transaction_id.as_deref() == Some(id)
            || self.event_ids.iter().any(|known| known == id)
    }
}
/// Returns the label text of a match key: digests and long values shortened.
pub(crate) fn match_key(name: &str, value: &Value) -> Option<MatchKey> {
    const SHOWN: usize = 8;
    let text = match value {
        Value::Number(number) => number.to_string(),
        other => crate::check::first_text(other)?.to_owned(),
    };
    let short = if crate::check::looks_hashed(&text) {
        format!("{}…", &text[..SHOWN])
    } else if text.chars().count() > 24 {
        format!("{}…", text.chars().take(20).collect::<String>())
    } else {
        text
    };
    Some(MatchKey {
        name: name.to_owned(),
        short,
    })
}
