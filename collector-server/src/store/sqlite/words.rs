//! The later words on consent of the visitors who are about, in memory.
//!
//! Every visitor who chose has a word, and every request of theirs asks for it. What was read may be
//! kept only if no word was written meanwhile: else an old one could outlive a withdrawal.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::recent::Recent;
use crate::store::{ConsentChange, ConsentMark};

/// Half of how many words are remembered; one takes about 400 bytes.
const REMEMBERED: usize = 8_192;

/// How many of the last changes are remembered by name. One takes about 70 bytes; a round of forwarding in
/// which more words were recorded asks again for all of its events.
const CHANGES: usize = 4_096;

/// How many times words were written.
pub(super) type Epoch = u64;

#[derive(Debug)]
pub(super) struct Words {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    recent: Recent<String, ConsentChange>,
    epoch: Epoch,
    /// Whose words were written last, and in which epoch; oldest first.
    changes: VecDeque<(Epoch, String)>,
    /// Epoch of the last change that is no longer in `changes`.
    forgotten: Epoch,
}

impl Words {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                recent: Recent::new(REMEMBERED),
                epoch: 0,
                changes: VecDeque::new(),
                forgotten: 0,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the present moment.
    pub(super) fn mark(&self) -> ConsentMark {
        ConsentMark(self.lock().epoch)
    }

    /// Whether a word of one of these was written after the mark.
    pub(super) fn has_changed(&self, since: ConsentMark, ids: &[String]) -> bool {
        let inner = self.lock();
        if inner.epoch == since.0 {
            return false;
        }
        inner.forgotten > since.0
            || inner
                .changes
                .iter()
                .rev()
                .take_while(|(epoch, _)| *epoch > since.0)
                .any(|(_, changed)| ids.contains(changed))
    }

    /// Returns the words that are remembered, and takes their ids off the list.
    pub(super) fn take_known(&self, ids: &mut Vec<String>) -> (Vec<ConsentChange>, Epoch) {
        if ids.is_empty() {
            return (Vec::new(), 0);
        }
        let mut known = Vec::new();
        let mut inner = self.lock();
        ids.retain(|id| match inner.recent.get(id.as_str()) {
            Some(word) => {
                known.push(word);
                false
            }
            None => true,
        });
        (known, inner.epoch)
    }

    /// Remembers what was read, unless a word was written since `epoch`.
    pub(super) fn keep(&self, read: &[ConsentChange], epoch: Epoch) {
        let mut inner = self.lock();
        if inner.epoch == epoch {
            for word in read {
                inner.recent.insert(word.anonymous_id.clone(), word.clone());
            }
        }
    }

    /// Forgets words that were written anew, after their commit: which of two stands is the table's to say.
    pub(super) fn changed<'i>(&self, ids: impl IntoIterator<Item = &'i str>) {
        let mut inner = self.lock();
        inner.epoch += 1;
        let epoch = inner.epoch;
        for id in ids {
            inner.recent.remove(id);
            inner.changes.push_back((epoch, id.to_owned()));
        }
        while inner.changes.len() > CHANGES {
            if let Some((epoch, _)) = inner.changes.pop_front() {
                inner.forgotten = epoch;
            }
        }
    }

    /// Forgets all words: some were taken away, and only their blind indexes tell which; or what they mean for a
    /// person was changed. Everything that was decided before has to be decided again.
    pub(super) fn forget_all(&self) {
        let mut inner = self.lock();
        inner.epoch += 1;
        inner.recent = Recent::new(REMEMBERED);
        inner.changes.clear();
        inner.forgotten = inner.epoch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(evidence: &str) -> ConsentChange {
        ConsentChange {
            anonymous_id: "v".to_owned(),
            evidence: evidence.to_owned(),
            received_at_ms: 1,
        }
    }

    #[test]
    fn a_change_is_known_by_name_and_in_doubt_a_change() {
        let words = Words::new();
        let (me, other) = (["v".to_owned()], ["w".to_owned()]);
        let before = words.mark();
        assert!(!words.has_changed(before, &me));
        words.changed(["v"]);
        assert!(words.has_changed(before, &me));
        assert!(!words.has_changed(before, &other));
        assert!(!words.has_changed(words.mark(), &me));
        let mark = words.mark();
        for _ in 0..=CHANGES {
            words.changed(["v"]);
        }
        assert!(words.has_changed(before, &other), "too long ago to tell");
        assert!(words.has_changed(mark, &other), "too many to tell");
        assert!(!words.has_changed(words.mark(), &other));
    }

    #[test]
    fn a_word_that_was_read_before_a_change_is_not_kept() {
        let words = Words::new();
        let ask = || {
            let mut ids = vec!["v".to_owned()];
            let (known, epoch) = words.take_known(&mut ids);
            assert_eq!(known.len() + ids.len(), 1);
            (known.into_iter().next().map(|word| word.evidence), epoch)
        };
        let (_, epoch) = ask();
        words.changed(["v"]);
        words.keep(&[word("yes")], epoch);
        assert_eq!(ask().0, None);
        let (_, epoch) = ask();
        words.keep(&[word("no")], epoch);
        assert_eq!(ask().0.as_deref(), Some("no"));
        words.changed(["v"]);
        assert_eq!(ask().0, None);
        let (_, epoch) = ask();
        words.keep(&[word("yes")], epoch);
        let mark = words.mark();
        words.forget_all();
        assert_eq!(ask().0, None);
        assert!(words.has_changed(mark, &["w".to_owned()]));
    }
}
