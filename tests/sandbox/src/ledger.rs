//! Everything that arrived, bounded: events, refused requests, counters.
//!
//! A platform door hands over what it found; the ledger numbers it, decides
//! whether it counts ([`crate::dedup`]) and keeps the newest `max_kept`
//! records or 64 MiB of payload, whichever is less.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dedup::{CopyKey, Dedup, Fate};

/// Payload bytes kept in all records together.
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Largest single payload kept; a larger one leaves only its size.
const MAX_PAYLOAD_BYTES: usize = 64 * 1024;
/// Longest name and id remembered for de-duplication; longer ones always count.
const MAX_DEDUP_KEY_BYTES: usize = 1_024;
/// Event ids kept of one refused request.
const MAX_REFUSED_IDS: usize = 1_000;

/// An emulated platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Meta Conversions API.
    Meta,
    /// TikTok Events API 2.0.
    Tiktok,
    /// Google Analytics 4 Measurement Protocol.
    Ga4,
}

impl Platform {
    /// Every platform, in the order the page shows them.
    pub const ALL: [Self; 3] = [Self::Meta, Self::Tiktok, Self::Ga4];

    /// Returns the name the control API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Tiktok => "tiktok",
            Self::Ga4 => "ga4",
        }
    }
}

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
    /// Accepted and counted.
    Counted,
    /// Accepted as a copy of an event counted before.
    Duplicate,
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
    payload_bytes: usize,
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

/// The bounded record of all that arrived.
#[derive(Debug)]
pub(crate) struct Ledger {
    records: VecDeque<Record>,
    kept_bytes: usize,
    max_kept: usize,
    dedup: Dedup,
    totals: BTreeMap<Platform, Totals>,
    next_seq: u64,
    /// Raised by every reset, so that a page can tell "empty" from "nothing new".
    epoch: u64,
}

impl Ledger {
    pub(crate) fn new(max_kept: usize) -> Self {
        let max_kept = max_kept.max(1);
        Self {
            records: VecDeque::new(),
            kept_bytes: 0,
            max_kept,
            dedup: Dedup::new(max_kept.saturating_mul(4)),
            totals: BTreeMap::new(),
            next_seq: 1,
            epoch: 1,
        }
    }

    /// Keeps an accepted event and decides whether it counts.
    pub(crate) fn accept(
        &mut self,
        platform: Platform,
        channel: Channel,
        at_ms: i64,
        arrival: Arrival,
    ) {
        let mut record = self.blank(platform, channel, at_ms, arrival.payload);
        let dedup_id = arrival
            .dedup_id
            .filter(|id| id.len() + arrival.name.len() <= MAX_DEDUP_KEY_BYTES);
        let first = dedup_id.and_then(|id| {
            let key = CopyKey {
                platform,
                name: arrival.name.clone(),
                id,
            };
            self.dedup.admit(key, record.seq, at_ms, channel)
        });
        let totals = self.totals.entry(platform).or_default();
        totals.received += 1;
        if let Some((seq, fate)) = first {
            totals.duplicates += 1;
            record.verdict = Verdict::Duplicate;
            record.duplicate_of = Some(seq);
            record.fate = Some(fate);
        } else {
            totals.counted += 1;
            record.counted = true;
        }
        record.event_name = Some(arrival.name);
        record.event_id = arrival.event_id;
        record.transaction_id = arrival.transaction_id;
        record.event_at_ms = arrival.event_at_ms;
        record.value = arrival.value;
        record.currency = arrival.currency;
        record.match_keys = arrival.match_keys;
        record.warnings = arrival.warnings;
        record.test_event_code = arrival.test_event_code;
        self.keep(record);
    }

    /// Keeps a request the sender was told was refused.
    pub(crate) fn refuse(
        &mut self,
        platform: Platform,
        channel: Channel,
        at_ms: i64,
        refusal: Refusal,
    ) {
        self.totals.entry(platform).or_default().refused += 1;
        self.turn_away(platform, channel, at_ms, Verdict::Refused, refusal);
    }

    /// Keeps an event that was answered with success and thrown away.
    pub(crate) fn discard(
        &mut self,
        platform: Platform,
        channel: Channel,
        at_ms: i64,
        refusal: Refusal,
    ) {
        self.totals.entry(platform).or_default().discarded += 1;
        self.turn_away(platform, channel, at_ms, Verdict::Discarded, refusal);
    }

    fn turn_away(
        &mut self,
        platform: Platform,
        channel: Channel,
        at_ms: i64,
        verdict: Verdict,
        refusal: Refusal,
    ) {
        let mut record = self.blank(platform, channel, at_ms, refusal.payload);
        record.verdict = verdict;
        record.event_name = refusal.name;
        record.event_ids = refusal.event_ids;
        record.event_ids.truncate(MAX_REFUSED_IDS);
        record.reason = Some(refusal.reason);
        record.code = refusal.code;
        record.status = refusal.status;
        record.fault = refusal.fault;
        self.keep(record);
    }

    fn blank(
        &mut self,
        platform: Platform,
        channel: Channel,
        at_ms: i64,
        payload: Value,
    ) -> Record {
        let seq = self.next_seq;
        self.next_seq += 1;
        let (payload, payload_bytes) = bounded(payload);
        Record {
            seq,
            platform,
            channel,
            received_at_ms: at_ms,
            verdict: Verdict::Counted,
            counted: false,
            duplicate_of: None,
            fate: None,
            event_name: None,
            event_id: None,
            transaction_id: None,
            event_ids: Vec::new(),
            event_at_ms: None,
            value: None,
            currency: None,
            match_keys: Vec::new(),
            warnings: Vec::new(),
            test_event_code: None,
            reason: None,
            code: None,
            status: None,
            fault: None,
            payload,
            payload_bytes,
        }
    }

    fn keep(&mut self, mut record: Record) {
        record.payload_bytes += record.event_ids.iter().map(String::len).sum::<usize>();
        self.kept_bytes += record.payload_bytes;
        self.records.push_back(record);
        while self.records.len() > self.max_kept || self.kept_bytes > MAX_KEPT_BYTES {
            let Some(old) = self.records.pop_front() else {
                break;
            };
            self.kept_bytes -= old.payload_bytes;
            self.totals.entry(old.platform).or_default().evicted += 1;
        }
    }

    /// Returns the records `filter` asks for, oldest first.
    pub(crate) fn select(&self, filter: &Filter) -> Vec<Record> {
        let since = filter.since.unwrap_or(0);
        self.records
            .iter()
            .filter(|r| r.seq > since)
            .filter(|r| filter.platform.is_none_or(|p| p == r.platform))
            .filter(|r| filter.event_id.as_deref().is_none_or(|id| r.is_about(id)))
            .take(filter.limit.unwrap_or(usize::MAX))
            .cloned()
            .collect()
    }

    pub(crate) fn totals(&self, platform: Platform) -> Totals {
        self.totals.get(&platform).copied().unwrap_or_default()
    }

    pub(crate) fn kept(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.next_seq - 1
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Forgets everything but the numbering.
    pub(crate) fn reset(&mut self) {
        self.records.clear();
        self.kept_bytes = 0;
        self.dedup.clear();
        self.totals.clear();
        self.epoch += 1;
    }
}

impl Record {
    fn is_about(&self, id: &str) -> bool {
        self.event_id.as_deref() == Some(id)
            || self.transaction_id.as_deref() == Some(id)
            || self.event_ids.iter().any(|known| known == id)
    }
}

/// Returns the payload and its size, or a note when it is too large to keep.
fn bounded(payload: Value) -> (Value, usize) {
    let bytes = serde_json::to_vec(&payload).map_or(0, |text| text.len());
    if bytes <= MAX_PAYLOAD_BYTES {
        return (payload, bytes);
    }
    (
        json!({ "not_kept": "payload too large", "bytes": bytes }),
        64,
    )
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
