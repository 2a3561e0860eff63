//! The later words on consent of the visitors who are about, in memory.
//!
//! Every visitor who chose has a word, and every request of theirs asks for it. What was read may be
//! kept only if no word was written meanwhile: else an old one could outlive a withdrawal.

use std::sync::{Mutex, PoisonError};

use super::recent::Recent;
use crate::store::ConsentChange;

/// Half of how many words are remembered; one takes about 400 bytes.
const REMEMBERED: usize = 8_192;

/// How many times words were written.
pub(super) type Epoch = u64;

#[derive(Debug)]
pub(super) struct Words {
    inner: Mutex<(Recent<String, ConsentChange>, Epoch)>,
}

impl Words {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::new((Recent::new(REMEMBERED), 0)),
        }
    }

    /// Returns the words that are remembered, and takes their ids off the list.
    pub(super) fn take_known(&self, ids: &mut Vec<String>) -> (Vec<ConsentChange>, Epoch) {
        if ids.is_empty() {
            return (Vec::new(), 0);
        }
        let mut known = Vec::new();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (recent, epoch) = &mut *inner;
        ids.retain(|id| match recent.get(id.as_str()) {
            Some(word) => {
                known.push(word);
                false
            }
            None => true,
        });
        (known, *epoch)
    }

    /// Remembers what was read, unless a word was written since `epoch`.
    pub(super) fn keep(&self, read: &[ConsentChange], epoch: Epoch) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.1 == epoch {
            for word in read {
                inner.0.insert(word.anonymous_id.clone(), word.clone());
            }
        }
    }

    /// Forgets words that were written anew, after their commit: which of two stands is the table's to say.
    pub(super) fn changed(&self, words: &[ConsentChange]) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1 += 1;
        for word in words {
            inner.0.remove(word.anonymous_id.as_str());
        }
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
    fn a_word_that_was_read_before_a_change_is_not_kept() {
        let words = Words::new();
        let ask = || {
            let mut ids = vec!["v".to_owned()];
            let (known, epoch) = words.take_known(&mut ids);
            assert_eq!(known.len() + ids.len(), 1);
            (known.into_iter().next().map(|word| word.evidence), epoch)
        };
        let (_, epoch) = ask();
        words.changed(&[word("no")]);
        words.keep(&[word("yes")], epoch);
        assert_eq!(ask().0, None);
        let (_, epoch) = ask();
        words.keep(&[word("no")], epoch);
        assert_eq!(ask().0.as_deref(), Some("no"));
        words.changed(&[word("yes")]);
        assert_eq!(ask().0, None);
    }
}
