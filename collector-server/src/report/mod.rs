//! The report of pairs: whether browser, server and webhook tell of the same events, and each is counted once.
//!
//! Pure counting; the rows come from [`arrivals`](crate::store::sqlite). However many events there are, it keeps a bounded number of
//! counters: at most [`MAX_NAMES`] names, [`MAX_SOURCES`] sources a name, a few hundred counters a pair.

mod spread;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use self::spread::Spread;
use crate::forward::confirm::UNCONFIRMED;
use crate::store::sqlite::{Arrivals, DISORDER_MS, Doubt, Inspector, SourceId};
use crate::store::{Seq, SourceKind};

/// Names that are told apart; events of others are counted as [`Report::other_events`].
pub const MAX_NAMES: usize = 100;
/// Sources of one name that are told apart; what others told is counted as [`NameReport::other_copies`].
pub const MAX_SOURCES: usize = 16;
/// Most events that one report reads unless it is told otherwise.
pub const DEFAULT_MAX_EVENTS: u64 = 5_000_000;

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Only events that first arrived at this time or later, in epoch milliseconds.
    pub since_ms: i64,
    /// Only events that first arrived before this time.
    pub until_ms: i64,
    /// Only events of this canonical name.
    pub name: Option<String>,
    /// Names that a trusted source must confirm.
    pub confirmed: BTreeSet<String>,
    /// Most events that are read.
    pub max_events: u64,
}

/// One kind of source, as reports name it.
pub const fn kind_name(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Browser => "browser",
        SourceKind::Server => "server",
        SourceKind::Webhook => "webhook",
    }
}

#[derive(Debug, Default)]
struct Pair {
    matched: u64,
    late: u64,
    first_here: u64,
    delays: Spread,
}

#[derive(Debug, Default)]
struct Source {
    events: u64,
    alone: u64,
}

#[derive(Debug, Default)]
struct Tally {
    events: u64,
    copies: u64,
    other_copies: u64,
    waiting: u64,
    expired: u64,
    sources: BTreeMap<SourceId, Source>,
    /// By the two sources, the one with the smaller number first.
    pairs: BTreeMap<(SourceId, SourceId), Pair>,
}

/// A report that is being made.
#[derive(Debug)]
pub struct Reporter {
    question: Question,
    sources: BTreeMap<SourceId, (String, SourceKind)>,
    position: Option<Seq>,
    read: u64,
    is_over: bool,
    /// When what was read last arrived.
    reached_ms: i64,
    names: BTreeMap<String, Tally>,
    other_events: u64,
}

impl Reporter {
    /// Begins a report.
    pub fn new(question: Question) -> Self {
        Self {
            reached_ms: question.since_ms,
            question,
            sources: BTreeMap::new(),
            position: None,
            read: 0,
            is_over: false,
            names: BTreeMap::new(),
            other_events: 0,
        }
    }

    /// Reads the next slice of the log. Returns whether there is more to read.
    pub fn step(&mut self, view: Inspector<'_>) -> rusqlite::Result<bool> {
        let from = match self.position {
            Some(position) => position,
            None => view.position_of(self.question.since_ms)?,
        };
        // A source may be new since the last slice.
        self.sources = view
            .sources()?
            .into_iter()
            .map(|(id, name, kind)| (id, (name, kind)))
            .collect();
        let end = view.arrivals(from, |seq, told| self.take(view, seq, told))?;
        let Some((position, arrived_ms)) = end else {
            self.is_over = true;
            return Ok(false);
        };
        self.position = Some(position);
        self.reached_ms = self.reached_ms.max(arrived_ms);
        if arrived_ms >= self.question.until_ms.saturating_add(DISORDER_MS) {
            self.is_over = true;
        }
        Ok(!self.is_over && self.read < self.question.max_events)
    }

    fn take(&mut self, view: Inspector<'_>, seq: Seq, told: &Arrivals<'_>) -> rusqlite::Result<()> {
        let Some(first) = told.arrivals.first() else {
            return Ok(());
        };
        self.read += 1;
        let is_wanted = (self.question.since_ms..self.question.until_ms)
            .contains(&first.received_at_ms)
            && self
                .question
                .name
                .as_deref()
                .is_none_or(|name| name == told.name);
        if !is_wanted {
            return Ok(());
        }
        let is_trusted = |source: SourceId| {
            self.sources
                .get(&source)
                .is_some_and(|(_, kind)| kind.is_trusted())
        };
        let is_doubted = self.question.confirmed.contains(told.name)
            && !told
                .arrivals
                .iter()
                .any(|arrival| is_trusted(arrival.source));
        let doubt = if is_doubted {
            view.doubt(seq, UNCONFIRMED)?
        } else {
            None
        };
        if !self.names.contains_key(told.name) {
            if self.names.len() >= MAX_NAMES {
                self.other_events += 1;
                return Ok(());
            }
            self.names.insert(told.name.to_owned(), Tally::default());
        }
        if let Some(tally) = self.names.get_mut(told.name) {
            tally.add(told, doubt);
        }
        Ok(())
    }

    /// Returns what was counted.
    pub fn finish(self) -> Report {
        let names: Vec<NameReport> = self
            .names
            .into_iter()
            .map(|(name, tally)| tally.told(name, &self.sources))
            .collect();
        let until_ms = if self.is_over {
            self.question.until_ms
        } else {
            self.reached_ms.min(self.question.until_ms)
        };
        Report {
            since_ms: self.question.since_ms,
            until_ms,
            is_whole: self.is_over,
            names,
            other_events: self.other_events,
        }
    }
}

impl Tally {
    fn add(&mut self, told: &Arrivals<'_>, doubt: Option<Doubt>) {
        self.events += 1;
        self.copies += told.arrivals.len() as u64;
        match doubt {
            Some(Doubt::Waits) => self.waiting += 1,
            Some(Doubt::Expired) => self.expired += 1,
            None => {}
        }
        let is_alone = told.arrivals.len() == 1;
        for (index, arrival) in told.arrivals.iter().enumerate() {
            if !self.sources.contains_key(&arrival.source) && self.sources.len() >= MAX_SOURCES {
                self.other_copies += 1;
                continue;
            }
            let source = self.sources.entry(arrival.source).or_default();
            source.events += 1;
            source.alone += u64::from(is_alone);
            for before in told.arrivals.iter().take(index) {
                if !self.sources.contains_key(&before.source) {
                    continue;
                }
                let key = (
                    before.source.min(arrival.source),
                    before.source.max(arrival.source),
                );
                let pair = self.pairs.entry(key).or_default();
                pair.matched += 1;
                pair.late += u64::from(arrival.is_late);
                pair.first_here += u64::from(before.source == key.0);
                let delay_ms = arrival.received_at_ms.saturating_sub(before.received_at_ms);
                pair.delays.add(u64::try_from(delay_ms).unwrap_or(0));
            }
        }
    }

    fn told(self, name: String, known: &BTreeMap<SourceId, (String, SourceKind)>) -> NameReport {
        let label = |id: SourceId| {
            known.get(&id).map_or_else(
                || format!("source {id}"),
                |(name, kind)| format!("{name} ({})", kind_name(*kind)),
            )
        };
        let told_by = |id: SourceId| self.sources.get(&id).map_or(0, |source| source.events);
        let ids: Vec<SourceId> = self.sources.keys().copied().collect();
        let mut pairs = Vec::new();
        for (at, here) in ids.iter().enumerate() {
            for there in ids.iter().skip(at + 1) {
                let none = Pair::default();
                let pair = self.pairs.get(&(*here, *there)).unwrap_or(&none);
                pairs.push(PairReport {
                    here: label(*here),
                    there: label(*there),
                    matched: pair.matched,
                    only_here: told_by(*here).saturating_sub(pair.matched),
                    only_there: told_by(*there).saturating_sub(pair.matched),
                    late: pair.late,
                    first_here: pair.first_here,
                    delay_p50_ms: pair.delays.percentile_ms(50),
                    delay_p95_ms: pair.delays.percentile_ms(95),
                    delay_max_ms: pair.delays.max_ms(),
                });
            }
        }
        NameReport {
            name,
            events: self.events,
            copies: self.copies,
            duplicate_ratio: ratio(self.copies.saturating_sub(self.events), self.copies),
            unconfirmed_waiting: self.waiting,
            unconfirmed_expired: self.expired,
            sources: self
                .sources
                .iter()
                .map(|(id, source)| SourceReport {
                    source: label(*id),
                    events: source.events,
                    alone: source.alone,
                })
                .collect(),
            pairs,
            other_copies: self.other_copies,
        }
    }
}

/// A share of a whole, in thousandths.
#[allow(clippy::cast_precision_loss)] // a share of events, told in three digits
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (part as f64 / whole as f64 * 1_000.0).round() / 1_000.0
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// From when on, in epoch milliseconds.
    pub since_ms: i64,
    /// Until when; where the report is not whole, until where it came.
    pub until_ms: i64,
    /// Whether everything was read that was asked for.
    pub is_whole: bool,
    /// Name by name.
    pub names: Vec<NameReport>,
    /// Events whose names came after [`MAX_NAMES`] others.
    pub other_events: u64,
}

/// What was counted of one event name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NameReport {
    /// Canonical name.
    pub name: String,
    /// Events, each counted once.
    pub events: u64,
    /// How often they were told, each source once.
    pub copies: u64,
    /// Which share of that deduplication took away.
    pub duplicate_ratio: f64,
    /// Events that wait for a trusted source.
    pub unconfirmed_waiting: u64,
    /// Events that none confirmed in time.
    pub unconfirmed_expired: u64,
    /// Source by source.
    pub sources: Vec<SourceReport>,
    /// Pair by pair.
    pub pairs: Vec<PairReport>,
    /// Copies of sources that came after [`MAX_SOURCES`] others.
    pub other_copies: u64,
}

/// What one source told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Name and kind.
    pub source: String,
    /// Events it told of.
    pub events: u64,
    /// Events that nobody else told of.
    pub alone: u64,
}

/// What two sources told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairReport {
    /// Name and kind of the one.
    pub here: String,
    /// Name and kind of the other.
    pub there: String,
    /// Events of which both told.
    pub matched: u64,
    /// Events of the first alone, as far as these two go.
    pub only_here: u64,
    /// Events of the second alone, as far as these two go.
    pub only_there: u64,
    /// Of the matched, those whose second word came after the event had been sent.
    pub late: u64,
    /// Of the matched, those of which the first told first.
    pub first_here: u64,
    /// Time between the two words that half of the matched did not exceed, in milliseconds.
    pub delay_p50_ms: Option<u64>,
    /// The same for 95 of a hundred.
    pub delay_p95_ms: Option<u64>,
    /// The longest time between the two words, in milliseconds.
    pub delay_max_ms: Option<u64>,
}
