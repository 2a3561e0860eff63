//! Everything that arrived, bounded: events, refused requests, counters.
//!
//! A platform door hands over what it found; the ledger numbers it, decides
//! whether it counts ([`crate::dedup`]) and keeps the newest `max_kept`
//! records or 64 MiB of payload, whichever is less.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::dedup::{CopyKey, Dedup};
use crate::platform::Platform;
use crate::record::{Arrival, Channel, Filter, Record, Refusal, Totals, Verdict};

/// Payload bytes kept in all records together.
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Largest single payload kept; a larger one leaves only its size.
const MAX_PAYLOAD_BYTES: usize = 64 * 1024;
/// Longest name and id remembered for de-duplication; longer ones always count.
const MAX_DEDUP_KEY_BYTES: usize = 1_024;
/// Event ids kept of one refused request.
const MAX_REFUSED_IDS: usize = 1_000;

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
        let key = |id| CopyKey {
            platform,
            name: arrival.name.clone(),
            id,
        };
        let first = if let Some(id) = dedup_id {
            self.dedup.admit(key(id), record.seq, at_ms, channel)
        } else {
            let ids = arrival
                .visitor_ids
                .iter()
                .filter(|id| id.len() + arrival.name.len() <= MAX_DEDUP_KEY_BYTES);
            let keys = ids.map(|id| key(id.clone())).collect();
            self.dedup
                .admit_by_visitor(keys, record.seq, at_ms, channel)
        };
        let totals = self.totals.entry(platform).or_default();
        totals.received += 1;
        if let Some((seq, fate)) = first {
            totals.duplicates += 1;
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
        let (name, code, fault) = (platform.name(), refusal.code.as_deref(), refusal.fault);
        tracing::debug!(platform = name, code, fault, "not accepted");
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
            verdict: Verdict::Accepted,
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
