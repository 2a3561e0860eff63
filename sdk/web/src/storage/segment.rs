//! A segment: who sent a run of events, and how they got here.
//!
//! Events name their segment and are sent under its user and touch, however late. An `identify()` enriches the current segment, and with it
//! the events that still wait; `reset()`, another user and another arrival start a new one and leave the old as it is.
//!
//! Kept in the form in which it leaves (JSON, but for digests and times), one text a [`Part`], stored with tabs between them: JSON holds none.

use firsthand_core::text::{cut, fields, parse_int};
use firsthand_core::wire::json::{Object, push_int};

/// How long an arrival is remembered, in milliseconds.
const TOUCH_MS: i64 = 90 * 86_400_000;

/// The texts of a segment. Numbers are positions in the stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// First-party id of the browser; empty until one is allowed and needed.
    AnonymousId,
    /// The shop's own id of the customer; empty when unknown.
    UserId,
    /// Digests of personal values: `<key>:<digest>` with a space after each.
    Digests,
    /// Meta's click id, formed from the latest `fbclid` seen.
    Fbc,
    /// Time of the first arrival, in epoch milliseconds; empty when there was none.
    FirstAt,
    /// Address, referrer and labels of the first arrival: a JSON object without its closing brace.
    First,
    /// Its click ids, likewise.
    FirstClicks,
    /// As the first.
    LastAt,
    /// As the first.
    Last,
    /// As the first.
    LastClicks,
    /// `true` after `reset()`, until the collector has answered for an event under the new id; else empty.
    Reset,
}

/// How many [`Part`]s there are.
const PARTS: usize = Part::Reset as usize + 1;

/// User and touch that a run of events shares.
#[derive(Default)]
pub(crate) struct Segment([String; PARTS]);

impl Segment {
    /// Returns a part.
    pub(crate) fn get(&self, part: Part) -> &str {
        &self.0[part as usize]
    }

    /// Replaces a part; what would end it in the stored form becomes a space.
    #[inline(never)]
    pub(crate) fn set(&mut self, part: Part, text: &str) {
        let slot = &mut self.0[part as usize];
        slot.clear();
        let mut start = 0;
        for (at, _) in text.bytes().enumerate().filter(|(_, b)| *b < b' ') {
            slot.push_str(text.get(start..at).unwrap_or_default());
            slot.push(' ');
            start = at + 1;
        }
        slot.push_str(text.get(start..).unwrap_or_default());
    }

    /// Sets the digest of a kind; an empty one removes it.
    pub(crate) fn set_digest(&mut self, key: &str, digest: &str) {
        let known = std::mem::take(&mut self.0[Part::Digests as usize]);
        let slot = &mut self.0[Part::Digests as usize];
        for entry in fields(&known, b' ') {
            if cut(entry, b':').is_some_and(|(kind, _)| kind != key) {
                slot.push_str(entry);
                slot.push(' ');
            }
        }
        if !digest.is_empty() {
            for text in [key, ":", digest, " "] {
                slot.push_str(text);
            }
        }
    }

    /// Takes over the digests of another segment.
    pub(crate) fn add_digests(&mut self, other: &Self) {
        for entry in fields(other.get(Part::Digests), b' ') {
            if let Some((key, digest)) = cut(entry, b':') {
                self.set_digest(key, digest);
            }
        }
    }

    /// Removes everything by which another company could match the person.
    pub(crate) fn remove_match_keys(&mut self) {
        for part in [
            Part::Digests,
            Part::Fbc,
            Part::FirstClicks,
            Part::LastClicks,
        ] {
            self.set(part, "");
        }
    }

    /// Returns the time of an arrival in epoch milliseconds, 0 when there was none.
    pub(crate) fn at_ms(&self, part: Part) -> i64 {
        parse_int(self.get(part)).unwrap_or_default()
    }

    /// Remembers an arrival: it becomes the last one, and the first where there is none or it was too long ago.
    pub(crate) fn record(&mut self, at_ms: i64, arrival: &str, clicks: &str, fbc: &str) {
        let oldest_ms = at_ms - TOUCH_MS;
        let is_first_old = self.at_ms(Part::FirstAt) < oldest_ms;
        if is_first_old {
            // The last arrival takes its place, if it is younger. The click id may be the first one's.
            self.set(Part::Fbc, "");
            let is_last_young = self.at_ms(Part::LastAt) >= oldest_ms;
            for (to, from) in ARRIVALS {
                let text = std::mem::take(&mut self.0[from as usize]);
                self.set(to, if is_last_young { &text } else { "" });
            }
        }
        let mut at = String::new();
        push_int(&mut at, at_ms);
        let is_first = self.get(Part::FirstAt).is_empty();
        for ((first, last), text) in ARRIVALS.into_iter().zip([&at, arrival, clicks]) {
            if is_first {
                self.set(first, text);
            }
            self.set(last, text);
        }
        if !fbc.is_empty() {
            self.set(Part::Fbc, fbc);
        }
    }

    /// Writes the arrivals as the wire has them (`docs/wire.md`).
    pub(crate) fn write_touch(&self, out: &mut String) {
        let mut object = Object::begin(out);
        for (name, parts) in [
            ("first", [Part::FirstAt, Part::First, Part::FirstClicks]),
            ("last", [Part::LastAt, Part::Last, Part::LastClicks]),
        ] {
            let [at, arrival, clicks] = parts.map(|part| self.get(part));
            if !at.is_empty() {
                let out = object.key(name);
                let clicks = if clicks.is_empty() { "{" } else { clicks };
                for text in [arrival, ",\"at\":", at, ",\"click\":", clicks, "}}"] {
                    out.push_str(text);
                }
            }
        }
        object.end();
    }

    /// Returns the stored form.
    pub(crate) fn encode(&self) -> String {
        let mut out = String::new();
        for text in &self.0 {
            out.push_str(text);
            out.push('\t');
        }
        out
    }

    /// Reads the stored form.
    pub(crate) fn decode(text: &str) -> Self {
        let mut segment = Self::default();
        for (slot, text) in segment.0.iter_mut().zip(fields(text, b'\t')) {
            slot.push_str(text);
        }
        segment
    }
}

/// Parts of the first arrival beside those of the last.
const ARRIVALS: [(Part, Part); 3] = [
    (Part::FirstAt, Part::LastAt),
    (Part::First, Part::Last),
    (Part::FirstClicks, Part::LastClicks),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Segment {
        let mut segment = Segment::default();
        segment.set(Part::AnonymousId, "0199d2a4");
        segment.set_digest("em", &"a".repeat(64));
        segment.record(
            1,
            "{\"url\":\"https://shop.example/\"",
            "{\"gclid\":\"Cj0KCQ\"",
            "",
        );
        segment.record(2, "{\"url\":\"https://shop.example/p\"", "", "fb.1.2.x");
        segment
    }

    fn touch(segment: &Segment) -> String {
        let mut out = String::new();
        segment.write_touch(&mut out);
        out
    }

    #[test]
    fn a_stored_segment_reads_back_as_it_was() {
        let segment = seen();
        let read = Segment::decode(&segment.encode());
        assert_eq!(read.0, segment.0);
        assert_eq!(
            touch(&read),
            "{\"first\":{\"url\":\"https://shop.example/\",\"at\":1,\"click\":{\"gclid\":\"Cj0KCQ\"}},\
             \"last\":{\"url\":\"https://shop.example/p\",\"at\":2,\"click\":{}}}"
        );
        assert_eq!(Segment::decode("").0, Segment::default().0);
    }

    #[test]
    fn a_value_cannot_end_its_part() {
        let mut segment = Segment::default();
        segment.set(Part::UserId, "c\nd\tem\tx");
        let read = Segment::decode(&segment.encode());
        assert_eq!(
            (read.get(Part::UserId), read.get(Part::Digests)),
            ("c d em x", "")
        );
    }

    #[test]
    fn match_keys_leave_nothing_behind() {
        let mut segment = seen();
        segment.remove_match_keys();
        let text = segment.encode();
        assert!(!text.contains("Cj0KCQ") && !text.contains("aaaa") && !text.contains("fb.1"));
        assert!(text.contains("shop.example/p"));
    }

    #[test]
    fn a_digest_replaces_the_one_of_its_kind() {
        let mut segment = seen();
        segment.set_digest("ph", "1");
        segment.set_digest("em", "2");
        assert_eq!(segment.get(Part::Digests), "ph:1 em:2 ");
        segment.set_digest("ph", "");
        assert_eq!(segment.get(Part::Digests), "em:2 ");
    }

    #[test]
    fn an_arrival_is_forgotten_after_its_time() {
        let mut segment = seen();
        segment.record(TOUCH_MS + 2, "{\"url\":\"third\"", "", "");
        assert_eq!(
            (segment.at_ms(Part::FirstAt), segment.at_ms(Part::LastAt)),
            (2, TOUCH_MS + 2)
        );
        segment.record(3 * TOUCH_MS, "{\"url\":\"fourth\"", "", "");
        assert_eq!(segment.at_ms(Part::FirstAt), 3 * TOUCH_MS);
    }
}
