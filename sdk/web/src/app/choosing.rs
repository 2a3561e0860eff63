//! The visitor chooses, here, in another tab or in a consent framework, and what follows at once.

use firsthand_core::consent::{PURPOSES, Verdict};
use firsthand_core::text::{cut, fields};
use firsthand_core::wire::drop_reason;

use super::App;
use crate::host;
use crate::storage::{self, segment::Segment};

impl App {
    /// Takes a choice: `answers` holds `1`, `0` or `-` per purpose in wire order. Returns the anonymous id that the collector knows the
    /// visitor by, or will; nothing for one who has none and gets none.
    pub(super) fn choose(&mut self, answers: &str, basis: &str, after_gpc_notice: bool) -> String {
        let now_ms = self.refresh();
        let before = stored_id();
        self.consent
            .set(&self.config, answers, basis, after_gpc_notice, now_ms);
        self.decide(true);
        // A refusal forgets the id, a yes gives one.
        if before.is_empty() {
            stored_id()
        } else {
            before
        }
    }

    /// Takes what a framework says ([`crate::step::SIGNAL`]).
    pub(super) fn signal(&mut self, answers: &str, source: &str, is_awaited: bool) -> String {
        self.consent
            .hear(&self.config, answers, source, is_awaited, host::now_ms());
        let before = stored_id();
        self.decide(false);
        let after = stored_id();
        let heard = self.consent.heard();
        if is_awaited || host::ls_get(storage::HEARD) == heard {
            return String::new();
        }
        if !after.is_empty() {
            host::ls_set(storage::HEARD, &heard);
        }
        if before.is_empty() { after } else { before }
    }

    /// Another tab changed the storage; `key` is empty when all of it was cleared.
    pub(super) fn storage_changed(&mut self, key: &str) {
        if key.is_empty() || key == storage::CHOICE {
            self.refresh();
        } else if key == storage::ANONYMOUS
            || key == storage::join(storage::SEGMENT, &self.segment_name)
        {
            if self.may_store() {
                self.segment = Segment::default();
                self.segment_name.clear();
                self.recall_segment();
            }
        } else if key == storage::SESSION && self.may_store() {
            self.session = storage::read_session().or(self.session);
        }
    }

    /// Decides again and does at once what a change asks for. Returns the time.
    pub(super) fn refresh(&mut self) -> i64 {
        self.decide(false)
    }

    /// The same; the page is told in any case where `is_told`.
    #[inline(never)]
    fn decide(&mut self, is_told: bool) -> i64 {
        let now_ms = host::now_ms();
        let before = *self.consent.verdict();
        self.consent.refresh(&self.config, now_ms);
        if is_told || before != *self.consent.verdict() {
            self.reconcile(&before);
            if self.may_store() {
                self.write_segment();
                if let Some(session) = self.session {
                    storage::write_session(session);
                }
                for record in std::mem::take(&mut self.held) {
                    self.queue(record, now_ms);
                }
                self.kick();
            }
            host::changed();
        }
        now_ms
    }

    /// What browser and page hold follows the verdict: what was allowed `before` and is not any more goes, what is allowed is read.
    pub(super) fn reconcile(&mut self, before: &Verdict) {
        if self.consent.is_awaiting() {
            return;
        }
        let verdict = *self.consent.verdict();
        if (0..PURPOSES).any(|index| before.allow[index] && !verdict.allow[index]) {
            host::abort();
        }
        if verdict.allows_events() {
            if !verdict.allows_match_keys() {
                self.forget_match_keys();
            }
            self.recall();
        } else if before.allows_events() || !self.consent.is_pending() {
            self.withdraw();
        }
    }

    /// Stops and forgets: nothing that waits is sent, nothing that names the visitor stays.
    fn withdraw(&mut self) {
        self.outbox.refresh(&self.config, host::now_ms());
        let mut forgotten = self.outbox.clear();
        if !self.consent.is_pending() {
            forgotten += self.held.len();
            self.held.clear();
        }
        host::dropped(drop_reason::CONSENT_DENIED, forgotten);
        storage::clear();
        // There may be room for the choice now.
        self.consent.store();
        self.segment = Segment::default();
        self.segment_name.clear();
        self.session = None;
        self.sender.count = 0;
        self.rest();
        host::idle();
    }

    /// Marketing or sharing is off: digests and click ids go, in memory and in every stored segment.
    fn forget_match_keys(&mut self) {
        self.segment.remove_match_keys();
        for key in fields(&host::ls_keys(storage::SEGMENT), b'\n') {
            let text = host::ls_get(key);
            if !text.is_empty() {
                let mut segment = Segment::decode(&text);
                segment.remove_match_keys();
                let allowed = segment.encode();
                if allowed != text {
                    host::ls_set(key, &allowed);
                }
            }
        }
    }
}

/// Returns the anonymous id that the browser keeps; empty for none.
fn stored_id() -> String {
    let text = host::ls_get(storage::ANONYMOUS);
    cut(&text, b' ').map_or_else(String::new, |(id, _)| id.to_owned())
}
