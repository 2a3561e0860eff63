//! The visitor chooses, here or in another tab.

use firsthand_core::text::fields;
use firsthand_core::wire::drop_reason;

use super::App;
use crate::consent::Consent;
use crate::host;
use crate::storage::{
    self,
    segment::{Part, Segment},
};

impl App {
    /// Takes a choice: `answers` holds `1`, `0` or `-` per purpose in wire order. Returns the anonymous id that the collector knows the
    /// visitor by, or will; nothing for one who has none and gets none.
    pub(super) fn choose(&mut self, answers: &str, basis: &str, after_gpc_notice: bool) -> String {
        let now_ms = host::now_ms();
        self.consent.refresh(&self.config, now_ms);
        self.consent
            .set(&self.config, answers, basis, after_gpc_notice, now_ms);
        // A refusal forgets the id, a yes gives one.
        let before = self.segment.get(Part::AnonymousId).to_owned();
        self.apply_choice();
        if before.is_empty() {
            self.segment.get(Part::AnonymousId).to_owned()
        } else {
            before
        }
    }

    /// Another tab changed the storage; `key` is empty when all of it was cleared.
    pub(super) fn storage_changed(&mut self, key: &str) {
        if key.is_empty() || key == storage::CHOICE {
            self.consent = Consent::load(&self.config, host::now_ms());
            self.apply_choice();
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

    /// Does what the choice asks for, at once.
    fn apply_choice(&mut self) {
        let verdict = *self.consent.verdict();
        if verdict.allows_events() {
            if !verdict.allows_match_keys() {
                self.forget_match_keys();
            }
            self.recall();
            self.write_segment();
            if let Some(session) = self.session {
                storage::write_session(session);
            }
            let now_ms = host::now_ms();
            for record in std::mem::take(&mut self.held) {
                self.queue(record, now_ms);
            }
            self.kick();
        } else if !self.consent.is_pending() {
            self.withdraw();
        }
        host::changed();
    }

    /// Stops and forgets: nothing that waits is sent, nothing that names the visitor stays.
    fn withdraw(&mut self) {
        let forgotten = self.held.len() + self.outbox.clear();
        self.held.clear();
        host::dropped(drop_reason::CONSENT_DENIED, forgotten);
        storage::clear();
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
                host::ls_set(key, &segment.encode());
            }
        }
    }
}
