//! One event that waits.

use crate::host;
use crate::storage;

/// Length of a segment's name.
pub(crate) const SEGMENT_BYTES: usize = 8;
/// Digits of a time in base 36: enough until the year 5188, fixed so that keys sort by age.
const TIME_DIGITS: usize = 9;

/// What a request under way has to do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing.
    Waiting,
    /// It is in the request.
    Sending,
    /// It is in the beacon that is being tried.
    Beaconing,
    /// It went by beacon, and no request has carried it since.
    Beaconed,
}

/// An event, encoded, and what the outbox has to know of it.
pub(crate) struct Record {
    /// Key in the storage.
    pub(super) key: String,
    /// Name of its segment; empty until it is queued.
    pub(super) segment: String,
    /// `!` for a conversion, else a space; then the event as JSON.
    text: String,
    pub(super) mark: Mark,
}

impl Record {
    /// Makes a record of an event; `write` appends its JSON.
    pub(crate) fn new(id: &str, is_conversion: bool, json: &str, now_ms: i64) -> Self {
        let mut key = time_key(now_ms);
        key.push('.');
        key.push_str(id);
        Self {
            key,
            segment: String::new(),
            text: storage::join(if is_conversion { "!" } else { " " }, json),
            mark: Mark::Waiting,
        }
    }

    /// Writes it under its segment's name.
    pub(super) fn store(&mut self, segment: &str) {
        segment.clone_into(&mut self.segment);
        host::ls_set(&self.key, &storage::join(segment, &self.text));
    }

    /// Reads a record of the storage; nothing when it is none of ours.
    pub(super) fn read(key: &str) -> Option<Self> {
        let stored = host::ls_get(key);
        let (segment, text) = stored.split_at_checked(SEGMENT_BYTES)?;
        if text.len() < 3 {
            return None;
        }
        Some(Self {
            key: key.to_owned(),
            segment: segment.to_owned(),
            text: text.to_owned(),
            mark: Mark::Waiting,
        })
    }

    pub(crate) fn is_conversion(&self) -> bool {
        self.text.as_bytes().first() == Some(&b'!')
    }

    /// Returns the encoded event.
    pub(super) fn json(&self) -> &str {
        self.text.get(1..).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// Returns the beginning of the keys of events queued at a time.
pub(super) fn time_key(time_ms: i64) -> String {
    let mut digits = [b'0'; TIME_DIGITS];
    let mut rest = time_ms.max(0).unsigned_abs();
    for slot in digits.iter_mut().rev() {
        let [digit, ..] = (rest % 36).to_le_bytes();
        *slot = digit + if digit < 10 { b'0' } else { b'a' - 10 };
        rest /= 36;
    }
    let mut key = String::from(storage::EVENT);
    for digit in digits {
        key.push(char::from(digit));
    }
    key
}
