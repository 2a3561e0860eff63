//! The model: what a store must answer, as simple as it can be said.

use std::collections::{BTreeMap, HashMap};

use crate::store::{
    Append, Appended, ConsentChange, DestinationState, Outcome, Progress, Seq, SourceKind,
};

const DAY_MS: i64 = 86_400_000;

/// Names of events.
pub(super) const NAMES: [&str; 2] = ["view_item", "purchase"];
/// Destinations, for all of which retention waits.
pub(super) const DESTINATIONS: [&str; 2] = ["meta", "ga4"];
/// Who sends.
pub(super) const SOURCES: [(&str, SourceKind); 3] = [
    ("web", SourceKind::Browser),
    ("app", SourceKind::Browser),
    ("erp", SourceKind::Server),
];

#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    /// Sources in the order of their copies.
    copies: Vec<usize>,
}

/// A request of which something was new.
#[derive(Debug, Clone, Copy)]
struct Row {
    first: Seq,
    last: Seq,
    received_at_ms: i64,
}

#[derive(Debug, Default)]
struct Destination {
    is_known: bool,
    cursor: Seq,
    paused: Option<String>,
    outcomes: BTreeMap<Seq, (Outcome, u32)>,
}

/// A store in memory.
#[derive(Debug)]
pub(super) struct Model {
    /// The time.
    pub(super) now_ms: i64,
    dedup_ms: i64,
    retention_ms: i64,
    events: BTreeMap<Seq, Event>,
    rows: Vec<Row>,
    keys: HashMap<(String, String), Seq>,
    keys_pruned_to: Seq,
    next_seq: Seq,
    destinations: BTreeMap<&'static str, Destination>,
    words: BTreeMap<String, ConsentChange>,
}

impl Model {
    pub(super) fn new(dedup_days: i64, retention_days: i64) -> Self {
        Self {
            // Nothing is older than the world.
            now_ms: 10_000 * DAY_MS,
            dedup_ms: dedup_days * DAY_MS,
            retention_ms: retention_days * DAY_MS,
            events: BTreeMap::new(),
            rows: Vec::new(),
            keys: HashMap::new(),
            keys_pruned_to: 0,
            next_seq: 1,
            destinations: DESTINATIONS.map(|to| (to, Destination::default())).into(),
            words: BTreeMap::new(),
        }
    }

    pub(super) fn append(&mut self, source: usize, append: &Append) -> Vec<Appended> {
        let first = self.next_seq;
        let mut answers = Vec::new();
        for event in &append.events {
            let key = (event.name.clone(), event.event_id.clone());
            if let Some(seq) = self.keys.get(&key).copied() {
                self.copy(seq, source, append.received_at_ms);
                answers.push(Appended::Duplicate(seq));
                continue;
            }
            let event = Event {
                name: key.0.clone(),
                id: key.1.clone(),
                copies: vec![source],
            };
            self.events.insert(self.next_seq, event);
            self.keys.insert(key, self.next_seq);
            answers.push(Appended::Accepted(self.next_seq));
            self.next_seq += 1;
        }
        if self.next_seq > first {
            self.rows.push(Row {
                first,
                last: self.next_seq - 1,
                received_at_ms: append.received_at_ms,
            });
        }
        answers
    }

    /// Another source's copy is kept once, and a trusted one ends the wait for it.
    fn copy(&mut self, seq: Seq, source: usize, at_ms: i64) {
        let Some(event) = self.events.get_mut(&seq) else {
            return;
        };
        if event.copies.contains(&source) {
            return;
        }
        event.copies.push(source);
        if SOURCES[source].1.is_trusted() {
            self.confirm(seq, source, at_ms);
        }
    }

    fn confirm(&mut self, seq: Seq, source: usize, at_ms: i64) {
        for destination in self.destinations.values_mut() {
            if let Some((outcome @ Outcome::Unconfirmed { .. }, _)) =
                destination.outcomes.get_mut(&seq)
            {
                *outcome = Outcome::Confirmed {
                    source: SOURCES[source].0.to_owned(),
                    at_ms,
                };
            }
        }
    }

    pub(super) fn commit(&mut self, to: &'static str, progress: &Progress) {
        for row in &progress.outcomes {
            let destination = self.destinations.entry(to).or_default();
            let learned = (row.outcome.clone(), row.attempts);
            destination.outcomes.insert(row.seq, learned);
            let is_held = matches!(row.outcome, Outcome::Unconfirmed { .. });
            let copies = self
                .events
                .get(&row.seq)
                .map_or(&[][..], |event| &event.copies);
            let trusted = copies
                .iter()
                .skip(1)
                .find(|of| SOURCES[**of].1.is_trusted());
            if let (true, Some(source)) = (is_held, trusted.copied()) {
                self.confirm(row.seq, source, row.at_ms);
            }
        }
        let destination = self.destinations.entry(to).or_default();
        destination.is_known = true;
        destination.cursor = progress.cursor.unwrap_or(destination.cursor);
        if let Some(paused) = &progress.paused {
            destination.paused.clone_from(paused);
        }
    }

    /// A word that arrives late replaces none that is newer.
    pub(super) fn record(&mut self, word: ConsentChange) {
        let known = self.words.get(&word.anonymous_id);
        if known.is_none_or(|known| known.received_at_ms <= word.received_at_ms) {
            self.words.insert(word.anonymous_id.clone(), word);
        }
    }

    /// Keys go by age, in the order of the log; requests too, but the last, and none that somebody needs.
    pub(super) fn upkeep(&mut self) {
        let old = |row: &&Row, age: i64, now: i64| row.received_at_ms < now - age;
        let forgotten = self
            .rows
            .iter()
            .take_while(|row| old(row, self.dedup_ms, self.now_ms))
            .last();
        if let Some(row) = forgotten {
            self.keys_pruned_to = self.keys_pruned_to.max(row.last + 1);
        }
        let pruned_to = self.keys_pruned_to;
        self.keys.retain(|_, seq| *seq >= pruned_to);
        let needed_from = self.needed_from();
        let newest = self.rows.last().map(|row| row.first);
        let gone = self
            .rows
            .iter()
            .take_while(|row| {
                old(row, self.retention_ms, self.now_ms)
                    && row.last < needed_from
                    && row.last < pruned_to
                    && Some(row.first) != newest
            })
            .count();
        for row in self.rows.drain(..gone) {
            for seq in row.first..=row.last {
                self.events.remove(&seq);
                for destination in self.destinations.values_mut() {
                    destination.outcomes.remove(&seq);
                }
            }
        }
    }

    /// Returns the first position that a destination has not done with.
    fn needed_from(&self) -> Seq {
        let of = |destination: &Destination| {
            if !destination.is_known {
                return 0;
            }
            let mut outcomes = destination.outcomes.iter();
            let oldest = outcomes.find(|(_, (outcome, _))| due_at(outcome).is_some());
            let unread = destination.cursor + 1;
            oldest.map_or(unread, |(seq, _)| unread.min(*seq))
        };
        self.destinations.values().map(of).min().unwrap_or(0)
    }

    pub(super) fn seqs(&self) -> Vec<Seq> {
        self.events.keys().copied().collect()
    }

    pub(super) fn last_seq(&self) -> Seq {
        self.next_seq - 1
    }

    pub(super) fn cursor(&self, to: &str) -> Seq {
        self.destinations[to].cursor
    }

    pub(super) fn log(&self) -> Vec<(Seq, String, String, Vec<String>)> {
        let sources = |event: &Event| {
            let names = event.copies.iter().map(|of| SOURCES[*of].0.to_owned());
            names.collect()
        };
        self.events
            .iter()
            .map(|(seq, event)| (*seq, event.name.clone(), event.id.clone(), sources(event)))
            .collect()
    }

    pub(super) fn state(&self, to: &str) -> DestinationState {
        let destination = &self.destinations[to];
        let due = destination.outcomes.values();
        DestinationState {
            cursor: destination.cursor,
            paused: destination.paused.clone(),
            next_due_ms: due.filter_map(|(outcome, _)| due_at(outcome)).min(),
        }
    }

    pub(super) fn due(&self, to: &str, now_ms: i64) -> Vec<(Seq, u32)> {
        let mut due: Vec<(i64, Seq, u32)> = self.destinations[to]
            .outcomes
            .iter()
            .filter_map(|(seq, (outcome, attempts))| Some((due_at(outcome)?, *seq, *attempts)))
            .filter(|(at_ms, ..)| *at_ms <= now_ms)
            .collect();
        due.sort_unstable();
        due.into_iter()
            .map(|(_, seq, attempts)| (seq, attempts))
            .collect()
    }

    pub(super) fn words(&self) -> Vec<ConsentChange> {
        self.words.values().cloned().collect()
    }
}

/// Returns when an event is looked at again, `None` where its last word was said.
fn due_at(outcome: &Outcome) -> Option<i64> {
    match outcome {
        Outcome::Waiting { until_ms } | Outcome::Unconfirmed { until_ms } => Some(*until_ms),
        Outcome::Confirmed { at_ms, .. } | Outcome::Retry { at_ms, .. } => Some(*at_ms),
        Outcome::Delivered | Outcome::Dead { .. } | Outcome::Suppressed { .. } => None,
    }
}
