//! One event that waits, in storage or in memory.

use super::Entry;
use crate::host;
use crate::storage;

/// Length of a segment's name.
pub(crate) const SEGMENT_BYTES: usize = 8;
/// Digits of a time in base 36: enough until the year 5188, fixed so that keys sort by age.
const TIME_DIGITS: usize = 9;

#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) key: String,
    pub(super) segment: String,
    pub(super) is_conversion: bool,
    pub(super) queued_ms: i64,
    pub(super) bytes: usize,
    /// The record's text, unless the storage holds it.
    memory: Option<String>,
}

impl Record {
    pub(super) fn new(segment: &str, entry: &Entry, now_ms: i64) -> Self {
        let mut key = String::with_capacity(64);
        key.push_str(storage::EVENT);
        push_base36(&mut key, now_ms);
        key.push('.');
        key.push_str(&entry.id);
        let mut text = String::with_capacity(SEGMENT_BYTES + 1 + entry.json.len());
        text.push_str(segment);
        text.push(if entry.is_conversion { '!' } else { ' ' });
        text.push_str(&entry.json);
        Self {
            key,
            segment: segment.to_owned(),
            is_conversion: entry.is_conversion,
            queued_ms: now_ms,
            bytes: entry.json.len(),
            memory: Some(text),
        }
    }

    /// Moves the text to the storage, where there is one that takes it.
    pub(super) fn stored(mut self, memory_only: bool) -> Self {
        if !memory_only
            && let Some(text) = self.memory.take()
            && !host::ls_set(&self.key, &text)
        {
            self.memory = Some(text);
        }
        self
    }

    /// Reads a record of the storage; nothing when it is none of ours.
    pub(super) fn parse(key: &str, text: &str) -> Option<Self> {
        let (time, _) = key.strip_prefix(storage::EVENT)?.split_once('.')?;
        let (segment, rest) = text.split_at_checked(SEGMENT_BYTES)?;
        let mark = *rest.as_bytes().first()?;
        Some(Self {
            key: key.to_owned(),
            segment: segment.to_owned(),
            is_conversion: mark == b'!',
            queued_ms: i64::from_str_radix(time, 36).ok()?,
            bytes: rest.len().saturating_sub(1),
            memory: None,
        })
    }

    pub(super) fn is_in_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// Returns the encoded event; nothing when another tab has removed it.
    pub(super) fn json(&self) -> Option<String> {
        let stored;
        let text = if let Some(text) = &self.memory {
            text
        } else {
            stored = host::ls_get(&self.key)?;
            &stored
        };
        text.get(SEGMENT_BYTES + 1..).map(str::to_owned)
    }

    pub(super) fn erase(&self) {
        if self.memory.is_none() {
            host::ls_del(&self.key);
        }
    }
}

fn push_base36(out: &mut String, value: i64) {
    let mut digits = [b'0'; TIME_DIGITS];
    let mut rest = value.max(0);
    for slot in digits.iter_mut().rev() {
        // The remainder is below 36, so it fits.
        let digit = u8::try_from(rest % 36).unwrap_or_default();
        *slot = if digit < 10 {
            b'0' + digit
        } else {
            b'a' + digit - 10
        };
        rest /= 36;
    }
    out.extend(digits.iter().map(|digit| char::from(*digit)));
}
