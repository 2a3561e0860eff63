//! De-duplication as the platforms do it: which copy of an event counts.
//!
//! | platform | key | window | a later copy |
//! |---|---|---|---|
//! | Meta | event name + event id | 48 h | other channel: merged; same channel: dropped |
//! | Meta, no event id | event name + `fbp` or `external_id` | 48 h | server after browser: dropped; else it counts |
//! | TikTok | event + event id | 48 h | other channel within 5 min: merged; else dropped |
//! | GA4 | `transaction_id` of a purchase | none known | dropped |
//!
//! An event without its key always counts. The window starts at the first
//! copy and does not slide. Meta's way without an event id is not confirmed in
//! detail: `PlatformBounds::meta_dedup_without_event_id` switches it off.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use crate::platform::Platform;
use crate::record::Channel;

/// How long most platforms look for a copy.
pub(crate) const WINDOW_MS: i64 = 48 * 3_600_000;

/// How a platform counts copies of one event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CopyRule {
    /// How long after the first copy a later one is known as a copy.
    pub(crate) window_ms: i64,
    /// How long after the first copy one of the other channel enriches it.
    pub(crate) merge_ms: i64,
}

/// Name and id under which copies of one event meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CopyKey {
    pub(crate) platform: Platform,
    pub(crate) name: String,
    pub(crate) id: String,
}

/// What became of a later copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Its fields enrich the first copy; counted once.
    Merged,
    /// Thrown away; counted once.
    Dropped,
}

#[derive(Debug, Clone, Copy)]
struct FirstCopy {
    seq: u64,
    at_ms: i64,
    channel: Channel,
}

/// Bounded memory of the first copies.
#[derive(Debug)]
pub(crate) struct Dedup {
    first: HashMap<CopyKey, FirstCopy>,
    order: VecDeque<(CopyKey, u64)>,
    max_keys: usize,
}

impl Dedup {
    pub(crate) fn new(max_keys: usize) -> Self {
        Self {
            first: HashMap::new(),
            order: VecDeque::new(),
            max_keys: max_keys.max(1),
        }
    }

    /// Returns the sequence number of the first copy and this copy's fate, or
    /// `None` when this copy is the one that counts (and is remembered).
    pub(crate) fn admit(
        &mut self,
        key: CopyKey,
        seq: u64,
        at_ms: i64,
        channel: Channel,
    ) -> Option<(u64, Fate)> {
        if let Some(first) = self.first.get(&key)
            && let Some(rule) = key.platform.spec().map(|spec| spec.copies)
            && let Some(fate) = fate(rule, *first, at_ms, channel)
        {
            return Some((first.seq, fate));
        }
        self.remember(key, seq, at_ms, channel);
        None
    }

    /// The same for copies that have no id but their visitor's: a browser's is
    /// remembered, a server's meets one and is never remembered.
    pub(crate) fn admit_by_visitor(
        &mut self,
        keys: Vec<CopyKey>,
        seq: u64,
        at_ms: i64,
        channel: Channel,
    ) -> Option<(u64, Fate)> {
        match channel {
            Channel::Browser => {
                for key in keys {
                    self.remember(key, seq, at_ms, channel);
                }
                None
            }
            Channel::Server => keys
                .iter()
                .filter_map(|key| self.first.get(key))
                .find(|first| {
                    first.channel == Channel::Browser
                        && at_ms.saturating_sub(first.at_ms) <= WINDOW_MS
                })
                .map(|first| (first.seq, Fate::Dropped)),
        }
    }

    fn remember(&mut self, key: CopyKey, seq: u64, at_ms: i64, channel: Channel) {
        self.order.push_back((key.clone(), seq));
        self.first.insert(
            key,
            FirstCopy {
                seq,
                at_ms,
                channel,
            },
        );
        while self.order.len() > self.max_keys {
            if let Some((old, old_seq)) = self.order.pop_front()
                && self.first.get(&old).is_some_and(|f| f.seq == old_seq)
            {
                self.first.remove(&old);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.first.clear();
        self.order.clear();
    }
}

/// Returns what happens to a copy at `at_ms`, `None` when it counts again.
fn fate(rule: CopyRule, first: FirstCopy, at_ms: i64, channel: Channel) -> Option<Fate> {
    let age_ms = at_ms.saturating_sub(first.at_ms);
    let crosses = first.channel != channel;
    if age_ms > rule.window_ms {
        return None;
    }
    if crosses && age_ms < rule.merge_ms {
        return Some(Fate::Merged);
    }
    Some(Fate::Dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_copy_meets_its_fate_by_platform_channel_and_age() {
        const MIN: i64 = 60_000;
        const HOUR: i64 = 60 * MIN;
        use Channel::{Browser, Server};
        for (platform, second, age_ms, want) in [
            (crate::meta::PLATFORM, Browser, 0, Some(Fate::Merged)),
            (
                crate::meta::PLATFORM,
                Browser,
                48 * HOUR,
                Some(Fate::Merged),
            ),
            (crate::meta::PLATFORM, Browser, 48 * HOUR + 1, None),
            (crate::meta::PLATFORM, Server, MIN, Some(Fate::Dropped)),
            (
                crate::tiktok::PLATFORM,
                Browser,
                5 * MIN - 1,
                Some(Fate::Merged),
            ),
            (
                crate::tiktok::PLATFORM,
                Browser,
                5 * MIN,
                Some(Fate::Dropped),
            ),
            (crate::tiktok::PLATFORM, Browser, 48 * HOUR + 1, None),
            (crate::tiktok::PLATFORM, Server, MIN, Some(Fate::Dropped)),
            (
                crate::ga4::PLATFORM,
                Server,
                1_000 * HOUR,
                Some(Fate::Dropped),
            ),
        ] {
            let first = FirstCopy {
                seq: 1,
                at_ms: 1_000,
                channel: Server,
            };
            let rule = platform.spec().expect("known").copies;
            let got = fate(rule, first, 1_000 + age_ms, second);
            assert_eq!(got, want, "{platform:?} {second:?} {age_ms}");
        }
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest_key() {
        let mut dedup = Dedup::new(2);
        let key = |id: &str| CopyKey {
            platform: crate::meta::PLATFORM,
            name: "Lead".to_owned(),
            id: id.to_owned(),
        };
        for (seq, id) in [(1, "a"), (2, "b"), (3, "c")] {
            assert_eq!(dedup.admit(key(id), seq, 0, Channel::Server), None);
        }
        assert_eq!(dedup.first.len(), 2);
        assert_eq!(
            dedup.admit(key("c"), 4, 0, Channel::Server),
            Some((3, Fate::Dropped))
        );
        assert_eq!(dedup.admit(key("a"), 5, 0, Channel::Server), None);
    }
}
