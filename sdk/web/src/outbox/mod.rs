//! Events that wait to be sent.
//!
//! Promises: an event is written in the same task as `track()`, one storage record each, and removed only when the collector has answered for
//! it. All tabs of the origin share the records; a tab that dies loses nothing. Where storage is blocked or full the record stays in this
//! page's memory. Bounded by count, bytes and age; conversions are the last to go. Every event that is dropped is counted with its reason.
//!
//! A record is `<segment><! for a conversion, else space><event as JSON>` under `fh.e.<time in base 36>.<event id>`, so that the keys sort by
//! age. Nothing here knows consent or the network.

mod record;

pub(crate) use record::{Mark, Record, SEGMENT_BYTES};

use firsthand_core::text::fields;
use firsthand_core::wire::drop_reason;

use crate::config::Config;
use crate::host;
use crate::storage;

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Events of one segment, taken to be sent. They stay in the outbox until [`Outbox::acknowledge`].
#[derive(Default)]
pub(crate) struct Slice {
    /// The segment whose user and touch they share.
    pub(crate) segment: String,
    /// The encoded events, separated by commas.
    pub(crate) events: String,
    /// How many they are.
    pub(crate) count: usize,
}

/// This tab's view of the records.
#[derive(Default)]
pub(crate) struct Outbox {
    records: Vec<Record>,
}

/// Takes away what has to give way to another record: the oldest, conversions last. Returns whether there was one.
pub(crate) fn give_way(records: &mut Vec<Record>, is_conversion: bool) -> Option<Record> {
    let mut index = records.iter().position(|record| !record.is_conversion());
    if index.is_none() && is_conversion && !records.is_empty() {
        index = Some(0);
    }
    index.map(|index| records.remove(index))
}

impl Outbox {
    /// Returns how many events wait.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Returns how many bytes they have.
    pub(crate) fn bytes(&self) -> usize {
        self.records.iter().map(Record::bytes).sum()
    }

    /// Whether a segment still has events here.
    pub(crate) fn uses(&self, segment: &str) -> bool {
        self.records.iter().any(|record| record.segment == segment)
    }

    /// Adds an event; older ones give way, conversions last.
    pub(crate) fn push(&mut self, config: &Config, segment: &str, mut record: Record) {
        while self.records.len() >= config.queue_events
            || self.bytes() + record.bytes() > config.queue_bytes
        {
            host::dropped(drop_reason::QUEUE_FULL, 1);
            match give_way(&mut self.records, record.is_conversion()) {
                Some(older) => host::ls_del(&older.key),
                None => return,
            }
        }
        record.store(segment);
        self.records.push(record);
    }

    /// Looks at the storage again: adopts what other tabs left, lets go of what they have sent, drops what is too old.
    #[inline(never)]
    pub(crate) fn refresh(&mut self, config: &Config, now_ms: i64) {
        let oldest = record::time_key(now_ms - config.queue_days * DAY_MS);
        let mut known = std::mem::take(&mut self.records);
        for key in fields(&host::ls_keys(storage::EVENT), b'\n') {
            let index = known.iter().position(|record| record.key == key);
            let record = match index {
                Some(index) => Some(known.swap_remove(index)),
                None => Record::read(key),
            };
            if let Some(record) = record {
                if *key >= *oldest {
                    self.records.push(record);
                    continue;
                }
                host::dropped(drop_reason::TOO_OLD, 1);
            }
            host::ls_del(key);
        }
    }

    /// Takes up to `max_events` and `max_bytes` of the oldest segment, of what no request has yet, and marks them. By beacon the oldest
    /// conversion leads.
    pub(crate) fn take(&mut self, max_events: usize, max_bytes: usize, mark: Mark) -> Slice {
        let mut slice = Slice::default();
        let is_beacon = mark == Mark::Beaconing;
        for pass in [true, false] {
            for record in &mut self.records {
                let is_wanted = record.mark == Mark::Waiting
                    && (!is_beacon || record.is_conversion() == pass)
                    && (slice.count == 0 || slice.segment == record.segment);
                if !is_wanted {
                    continue;
                }
                if slice.count > 0 {
                    if slice.count >= max_events || slice.events.len() + record.bytes() > max_bytes
                    {
                        return slice;
                    }
                    slice.events.push(',');
                }
                slice.events.push_str(record.json());
                slice.count += 1;
                record.segment.clone_into(&mut slice.segment);
                record.mark = mark;
            }
        }
        slice
    }

    /// Gives records with one mark another.
    #[inline(never)]
    pub(crate) fn remark(&mut self, from: Mark, to: Mark) {
        for record in &mut self.records {
            if record.mark == from {
                record.mark = to;
            }
        }
    }

    /// Removes the records of the request for good.
    pub(crate) fn acknowledge(&mut self) {
        self.records.retain(|record| {
            let is_kept = record.mark != Mark::Sending;
            if !is_kept {
                host::ls_del(&record.key);
            }
            is_kept
        });
    }

    /// Forgets everything; the storage itself is cleared by the caller. Returns how many there were.
    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.records).len()
    }
}
