//! What `trait Store` asks, answered from memory, by a reading connection or by the writer.

use std::sync::Arc;

use tokio::sync::watch;

use super::command::Command;
use super::{SqliteStore, outcomes, read, standing};
use crate::privacy::keys::{Blind, KeyRing};
use crate::privacy::ledger::Draft;
use crate::privacy::subject::{BlindKey, Standing, Subject};
use crate::store::{
    Append, Appended, ConsentChange, ConsentMark, DestinationState, Due, LongestWait, Progress,
    Seq, Store, StoreError, StoredEvent,
};

impl Store for SqliteStore {
    async fn append(&self, append: Append) -> Result<Vec<Appended>, StoreError> {
        self.require_room()?;
        let (append, subject) = self.prepared(append);
        self.ask(|reply| Command::Append(append, subject, reply))
            .await
    }

    async fn record_word(
        &self,
        words: Vec<ConsentChange>,
        receipt: Option<Box<Draft>>,
        subject: Subject,
    ) -> Result<(), StoreError> {
        let receipt = self.blinded(receipt, None);
        let words = words
            .into_iter()
            .map(|word| (self.inner.ring.subject(&word.anonymous_id), word))
            .collect();
        self.ask(|reply| Command::Consent(words, receipt, subject, reply))
            .await
    }

    async fn standings(
        &self,
        mut keys: Vec<BlindKey>,
    ) -> Result<Vec<(BlindKey, Standing)>, StoreError> {
        let (mut known, epoch) = self.inner.standings.take_known(&mut keys);
        if keys.is_empty() {
            return Ok(known);
        }
        let mut read = self
            .with_reader(move |conn| standing::read(conn, &keys))
            .await?;
        self.inner.standings.keep(&read, epoch);
        read.retain(|(_, standing)| *standing != Standing::default());
        known.extend(read);
        Ok(known)
    }

    fn key_ring(&self) -> &KeyRing {
        &self.inner.ring
    }

    async fn latest_consent(
        &self,
        mut anonymous_ids: Vec<String>,
    ) -> Result<Vec<ConsentChange>, StoreError> {
        // What is in memory costs no index.
        let (mut known, epoch) = self.inner.words.take_known(&mut anonymous_ids);
        let browsers: Vec<(Blind, String)> = anonymous_ids
            .into_iter()
            .map(|id| (self.inner.ring.subject(&id), id))
            .filter(|(subject, _)| self.inner.filter.may_hold(subject))
            .collect();
        if browsers.is_empty() {
            return Ok(known);
        }
        let ring = Arc::clone(&self.inner.ring);
        let read = self
            .with_reader(move |conn| read::latest_consent(conn, &ring, &browsers))
            .await?;
        self.inner.words.keep(&read, epoch);
        known.extend(read);
        Ok(known)
    }

    fn consent_mark(&self) -> ConsentMark {
        self.inner.words.mark()
    }

    fn has_consent_changed(&self, since: ConsentMark, anonymous_ids: &[String]) -> bool {
        self.inner.words.has_changed(since, anonymous_ids)
    }

    async fn read_log(&self, after: Seq, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let ring = Arc::clone(&self.inner.ring);
        self.with_reader(move |conn| read::log_after(conn, Some(&ring), after, limit))
            .await
    }

    async fn read_events(&self, seqs: Vec<Seq>) -> Result<Vec<StoredEvent>, StoreError> {
        let ring = Arc::clone(&self.inner.ring);
        self.with_reader(move |conn| read::events(conn, Some(&ring), seqs))
            .await
    }

    async fn destination_state(&self, destination: &str) -> Result<DestinationState, StoreError> {
        let name = destination.to_owned();
        self.with_reader(move |conn| outcomes::state(conn, &name))
            .await
    }

    async fn due(
        &self,
        destination: &str,
        now_ms: i64,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let name = destination.to_owned();
        self.with_reader(move |conn| outcomes::due(conn, &name, now_ms, limit))
            .await
    }

    async fn bring_forward(
        &self,
        destination: &str,
        now_ms: i64,
        longest: LongestWait,
    ) -> Result<usize, StoreError> {
        let name = destination.to_owned();
        self.ask(|reply| Command::BringForward(name, now_ms, longest, reply))
            .await
    }

    async fn commit(&self, destination: &str, progress: Progress) -> Result<(), StoreError> {
        let name = destination.to_owned();
        self.ask(|reply| Command::Commit(name, progress, reply))
            .await
    }

    fn watch(&self) -> watch::Receiver<Seq> {
        self.inner.last_seq.clone()
    }
}
