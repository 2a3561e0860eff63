//! Events that wait to be sent.
//!
//! Promises: an event is written in the same task as `track()`, one storage record each, and removed only when the collector has answered for
//! it. All tabs of the origin share the records; a tab that dies loses nothing. Where storage is blocked or full the record stays in this
//! page's memory. Bounded by count, bytes and age; conversions are the last to go. Every event that is dropped is counted with its reason.
//!
//! A record is `<segment><! for a conversion, else space><event as JSON>` under `fh.e.<time in base 36>.<event id>`, so that the keys sort by
//! age. Nothing here knows consent or the network.

mod record;

use record::Record;
pub(crate) use record::SEGMENT_BYTES;

use crate::config::Config;
use crate::host;
use crate::status::Drops;
use crate::storage;

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What is put into the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The event's id.
    pub(crate) id: String,
    /// Whether it is a conversion.
    pub(crate) is_conversion: bool,
    /// The encoded event.
    pub(crate) json: String,
}

/// Events of one segment, taken to be sent. They stay in the outbox until [`Outbox::remove`].
#[derive(Debug, Default, Clone)]
pub(crate) struct Slice {
    /// The segment whose user and touch they share.
    pub(crate) segment: String,
    /// Their keys.
    pub(crate) keys: Vec<String>,
    /// The encoded events.
    pub(crate) events: Vec<String>,
}

/// This tab's view of the records.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    records: Vec<Record>,
    bytes: usize,
}

impl Outbox {
    /// Returns how many events wait.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Returns how many bytes they have.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a segment still has events here.
    pub(crate) fn uses(&self, segment: &str) -> bool {
        self.records.iter().any(|record| record.segment == segment)
    }

    /// Adds an event; older ones give way, conversions last.
    pub(crate) fn push(
        &mut self,
        config: &Config,
        segment: &str,
        entry: &Entry,
        now_ms: i64,
        drops: &mut Drops,
    ) {
        let record = Record::new(segment, entry, now_ms);
        while self.records.len() >= config.queue_events
            || self.bytes + record.bytes > config.queue_bytes
        {
            let oldest_plain = self.records.iter().position(|r| !r.is_conversion);
            match oldest_plain {
                Some(index) => self.remove_at(index),
                None if record.is_conversion && !self.records.is_empty() => self.remove_at(0),
                None => {
                    drops.count("queue_full");
                    return;
                }
            }
            drops.count("queue_full");
        }
        self.bytes += record.bytes;
        self.records.push(record.stored(config.memory_only));
    }

    /// Looks at the storage again: adopts what other tabs left, lets go of what they have sent, drops what is too old.
    pub(crate) fn refresh(&mut self, config: &Config, now_ms: i64, drops: &mut Drops) {
        let mut records: Vec<Record> = Vec::new();
        if !config.memory_only {
            for key in host::ls_keys(storage::EVENT).lines() {
                let known = self.records.iter().position(|record| record.key == key);
                let record = match known {
                    Some(index) => Some(self.records.remove(index)),
                    None => host::ls_get(key).and_then(|text| Record::parse(key, &text)),
                };
                match record {
                    Some(record) => records.push(record),
                    None => host::ls_del(key),
                }
            }
        }
        // Both lists are in order of age; so is the result.
        for record in std::mem::take(&mut self.records) {
            if record.is_in_memory() {
                let younger = records.iter().position(|other| other.key > record.key);
                records.insert(younger.unwrap_or(records.len()), record);
            }
        }
        let oldest_ms = now_ms.saturating_sub(config.queue_days.saturating_mul(DAY_MS));
        records.retain(|record| {
            let is_fresh = record.queued_ms >= oldest_ms;
            if !is_fresh {
                record.erase();
                drops.count("too_old");
            }
            is_fresh
        });
        self.bytes = records.iter().map(|record| record.bytes).sum();
        self.records = records;
    }

    /// Takes up to `max_events` and `max_bytes` of the oldest segment. `is_skipped` leaves a record out by its key; with
    /// `conversions_first` the oldest conversion leads.
    pub(crate) fn take(
        &self,
        max_events: usize,
        max_bytes: usize,
        conversions_first: bool,
        is_skipped: impl Fn(&str) -> bool,
    ) -> Slice {
        let mut slice = Slice::default();
        let mut bytes = 0;
        let passes: &[Option<bool>] = if conversions_first {
            &[Some(true), Some(false)]
        } else {
            &[None]
        };
        for wanted in passes {
            for record in &self.records {
                let is_wanted = wanted.is_none_or(|wanted| wanted == record.is_conversion)
                    && (slice.keys.is_empty() || slice.segment == record.segment)
                    && !is_skipped(&record.key);
                if !is_wanted {
                    continue;
                }
                let is_full = slice.keys.len() >= max_events || bytes + record.bytes > max_bytes;
                if is_full && !slice.keys.is_empty() {
                    return slice;
                }
                if let Some(json) = record.json() {
                    bytes += record.bytes;
                    record.segment.clone_into(&mut slice.segment);
                    slice.keys.push(record.key.clone());
                    slice.events.push(json);
                }
            }
        }
        slice
    }

    /// Removes records for good.
    pub(crate) fn remove(&mut self, keys: &[String]) {
        for key in keys {
            if let Some(index) = self.records.iter().position(|record| record.key == *key) {
                self.remove_at(index);
            } else {
                host::ls_del(key);
            }
        }
    }

    /// Forgets everything; the storage itself is cleared by the caller.
    pub(crate) fn clear(&mut self) -> usize {
        let count = self.records.len();
        self.records.clear();
        self.bytes = 0;
        count
    }

    fn remove_at(&mut self, index: usize) {
        if index < self.records.len() {
            let record = self.records.remove(index);
            self.bytes = self.bytes.saturating_sub(record.bytes);
            record.erase();
        }
    }
}
