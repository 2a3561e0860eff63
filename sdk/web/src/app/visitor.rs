//! Who the visitor is: the current segment, in this tab and in the storage that all tabs share.

use firsthand_core::ids;
use firsthand_core::text::{cut, fields};

use super::App;
use crate::host;
use crate::outbox::SEGMENT_BYTES;
use crate::storage;
use crate::storage::segment::{Part, Segment};

impl App {
    /// Takes the current segment from the storage. What was seen and said on this page before stays.
    pub(super) fn recall_segment(&mut self) {
        let text = host::ls_get(storage::ANONYMOUS);
        let Some((anonymous_id, name)) = cut(&text, b' ') else {
            return;
        };
        if !ids::is_uuid(anonymous_id) || name.len() != SEGMENT_BYTES {
            return;
        }
        let stored = host::ls_get(&storage::join(storage::SEGMENT, name));
        let seen = std::mem::replace(&mut self.segment, Segment::decode(&stored));
        self.segment.set(Part::AnonymousId, anonymous_id);
        name.clone_into(&mut self.segment_name);
        let user_id = seen.get(Part::UserId);
        if !user_id.is_empty() {
            self.segment.set(Part::UserId, user_id);
        }
        self.segment.add_digests(&seen);
        let at_ms = seen.at_ms(Part::LastAt);
        if at_ms > self.segment.at_ms(Part::LastAt) {
            self.seal();
            let [last, clicks, fbc] =
                [Part::Last, Part::LastClicks, Part::Fbc].map(|part| seen.get(part));
            self.segment.record(at_ms, last, clicks, fbc);
            self.write_segment();
        }
    }

    /// Takes the shop's own id of the visitor; empty when it is not told. Answers with `d` when digests are wanted, `n` when this is another
    /// visitor than before.
    pub(super) fn identify(&mut self, user_id: &str) -> String {
        let mut answer = String::new();
        if !self.may_store() && !self.consent.is_pending() {
            return answer;
        }
        let known = self.segment.get(Part::UserId);
        if !user_id.is_empty() && user_id != known {
            if !known.is_empty() {
                self.seal();
                self.segment.set(Part::Digests, "");
                answer.push('n');
            }
            self.segment.set(Part::UserId, user_id);
            self.write_segment();
        }
        if self.wants_digests() {
            answer.push('d');
        }
        answer
    }

    /// Takes digests: a line `key<tab>digest` each, without a digest to forget one.
    pub(super) fn add_digests(&mut self, lines: &str) {
        if !self.wants_digests() {
            return;
        }
        for line in fields(lines, b'\n') {
            if let Some((key, digest)) = cut(line, b'\t') {
                self.segment.set_digest(key, digest);
            }
        }
        self.write_segment();
    }

    /// Whether digests may be kept: allowed, or the visitor's answer is awaited (then in memory only).
    fn wants_digests(&self) -> bool {
        self.consent.verdict().allows_match_keys() || self.consent.is_asking()
    }

    /// Forgets the visitor: another anonymous id, no digests, no arrivals. What waits keeps its own user.
    pub(super) fn reset(&mut self) {
        self.segment = Segment::default();
        self.segment.set(Part::Reset, "true");
        self.segment_name.clear();
        self.session = None;
        host::ls_del(storage::ANONYMOUS);
        host::ls_del(storage::SESSION);
        if self.may_store() {
            // Kept at once: the page may be left before the next event, and the collector's cookie knows the visitor before.
            self.name_segment(host::now_ms());
        }
        self.forget_unused_segments();
    }

    /// Starts another segment with the same content; events that wait keep the earlier one.
    pub(super) fn seal(&mut self) {
        if !self.segment_name.is_empty() {
            self.segment_name = segment_name();
        }
    }

    /// Gives the current segment a name, and the visitor an id, once an event needs them.
    pub(super) fn name_segment(&mut self, now_ms: i64) {
        if self.segment_name.is_empty() {
            self.segment_name = segment_name();
            if self.segment.get(Part::AnonymousId).is_empty() {
                let id = ids::uuid_v7(now_ms, host::random_bytes());
                self.segment.set(Part::AnonymousId, &id);
            }
            self.write_segment();
        }
    }

    /// Writes the current segment, as far as the visitor allows.
    pub(super) fn write_segment(&mut self) {
        if !self.may_store() || self.segment_name.is_empty() {
            return;
        }
        let mut text = self.segment.encode();
        if !self.consent.verdict().allows_match_keys() {
            let mut allowed = Segment::decode(&text);
            allowed.remove_match_keys();
            text = allowed.encode();
        }
        host::ls_set(&storage::join(storage::SEGMENT, &self.segment_name), &text);
        let mut current = storage::join(self.segment.get(Part::AnonymousId), " ");
        current.push_str(&self.segment_name);
        host::ls_set(storage::ANONYMOUS, &current);
    }

    /// Lets go of segments without events.
    pub(super) fn forget_unused_segments(&self) {
        for key in fields(&host::ls_keys(storage::SEGMENT), b'\n') {
            let name = key.get(storage::SEGMENT.len()..).unwrap_or_default();
            if name != self.segment_name && !self.outbox.uses(name) {
                host::ls_del(key);
            }
        }
    }
}

fn segment_name() -> String {
    let mut name = String::new();
    for byte in host::random_bytes().iter().take(SEGMENT_BYTES / 2) {
        ids::push_hex(&mut name, *byte);
    }
    name
}
