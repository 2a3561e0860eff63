//! What happened to events: every drop has a reason and is counted, for `debug()` and for the collector.

use std::borrow::Cow;

use firsthand_core::wire::json::{Object, push_int, push_str};

/// How many sends and rejections are remembered.
const REMEMBERED: usize = 10;

/// Dropped events by reason.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    /// Reason, all of this page, and those the collector has not heard of.
    counts: Vec<(&'static str, i64, i64)>,
}

impl Drops {
    /// Counts one.
    pub(crate) fn count(&mut self, reason: &'static str) {
        self.count_many(reason, 1);
    }

    /// Counts several.
    pub(crate) fn count_many(&mut self, reason: &'static str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if count == 0 {
            return;
        }
        if let Some((_, all, unreported)) =
            self.counts.iter_mut().find(|(name, ..)| *name == reason)
        {
            *all = all.saturating_add(count);
            *unreported = unreported.saturating_add(count);
        } else {
            self.counts.push((reason, count, count));
        }
    }

    /// Returns what the collector has not heard of.
    pub(crate) fn unreported(&self) -> Vec<(Cow<'static, str>, i64)> {
        self.counts
            .iter()
            .filter(|(_, _, unreported)| *unreported > 0)
            .map(|(reason, _, unreported)| (Cow::Borrowed(*reason), *unreported))
            .collect()
    }

    /// The collector has heard of these.
    pub(crate) fn reported(&mut self, heard: &[(Cow<'static, str>, i64)]) {
        for (reason, count) in heard {
            if let Some((_, _, unreported)) =
                self.counts.iter_mut().find(|(name, ..)| name == reason)
            {
                *unreported = unreported.saturating_sub(*count);
            }
        }
    }

    fn encode(&self, out: &mut String) {
        let mut object = Object::begin(out);
        for (reason, all, _) in &self.counts {
            object.int(reason, *all);
        }
        object.end();
    }
}

/// One request to the collector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Send {
    pub(crate) at_ms: i64,
    /// HTTP status, 0 without an answer.
    pub(crate) status: u16,
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// Counters of this page.
#[derive(Debug, Default)]
pub(crate) struct Status {
    pub(crate) sent: i64,
    pub(crate) duplicates: i64,
    pub(crate) drops: Drops,
    rejected: Vec<String>,
    sends: Vec<Send>,
}

impl Status {
    /// Remembers a request.
    pub(crate) fn sent(&mut self, send: Send) {
        if self.sends.len() == REMEMBERED {
            self.sends.remove(0);
        }
        self.sends.push(send);
    }

    /// Remembers an event the collector refused: its code and its id.
    pub(crate) fn rejected(&mut self, code_and_id: &str) {
        if self.rejected.len() == REMEMBERED {
            self.rejected.remove(0);
        }
        self.rejected.push(code_and_id.to_owned());
    }

    /// Appends the members of the status as JSON.
    pub(crate) fn encode(&self, object: &mut Object<'_>) {
        object.int("sent", self.sent);
        object.int("duplicates", self.duplicates);
        self.drops.encode(object.key("dropped"));
        let list = object.key("rejected");
        list.push('[');
        for (index, rejected) in self.rejected.iter().enumerate() {
            if index > 0 {
                list.push(',');
            }
            push_str(list, rejected);
        }
        list.push(']');
        let list = object.key("lastSends");
        list.push('[');
        for (index, send) in self.sends.iter().enumerate() {
            list.push_str(if index > 0 { ",{\"at\":" } else { "{\"at\":" });
            push_int(list, send.at_ms);
            for (name, value) in [
                (",\"status\":", i64::from(send.status)),
                (",\"events\":", count(send.events)),
                (",\"bytes\":", count(send.bytes)),
            ] {
                list.push_str(name);
                push_int(list, value);
            }
            list.push('}');
        }
        list.push(']');
    }
}

/// A count as the JSON writer takes it.
pub(crate) fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
