//! Which settled events may be sent again, page by page. Pure.
//!
//! Promises: an event keeps its id and its place, so a platform that de-duplicates counts it once; what is queued
//! already is not queued twice; nothing goes that the platform would not take any more, that was erased, or that a
//! trusted source still has to confirm. Consent, and whether the person is kept out, is no business of this module:
//! both are decided again at the attempt.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::merge::happened_at_ms;
use crate::nearest::nearest;
use crate::store::{Seq, Settled, SettledEvent, SettledFilter};

#[cfg(test)]
mod tests;

/// Events of one page: a transaction beside intake stays short.
pub const PAGE_EVENTS: usize = 500;
/// Different reasons of a destination that are told apart; the rest is told as one.
pub const MAX_REASONS: usize = 40;

/// What may be sent again to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Served {
    /// The destinations that are served.
    pub targets: Vec<Target>,
    /// Canonical names of events that a trusted source must confirm.
    pub confirmed: BTreeSet<String>,
}

/// A destination that may be asked to take events again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Age at which it takes an event no more, in milliseconds.
    pub max_age_ms: i64,
}

/// What somebody wants to be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Names of destinations; none: all that are served.
    pub destinations: Vec<String>,
    /// Which events; without a state: dead letters.
    pub filter: SettledFilter,
    /// Also what was delivered, where the filter asks for it.
    pub is_forced: bool,
}

impl Request {
    /// Returns it in words, for the audit log.
    pub fn in_words(&self) -> String {
        let all_or = |list: &[String]| match list {
            [] => "all".to_owned(),
            some => some.join(" "),
        };
        let states: Vec<&str> = self.filter.states.iter().map(|s| s.as_str()).collect();
        let mut words = format!(
            "{} of {}",
            if states.is_empty() {
                "dead".to_owned()
            } else {
                states.join(" ")
            },
            all_or(&self.destinations)
        );
        // Writing to a String cannot fail.
        for (label, value) in [
            ("reason", self.filter.reason.clone()),
            ("since", self.filter.since_ms.map(|at| at.to_string())),
            ("until", self.filter.until_ms.map(|at| at.to_string())),
        ] {
            if let Some(value) = value {
                let _ = write!(words, " {label} {value}");
            }
        }
        if !self.filter.event_ids.is_empty() {
            let _ = write!(words, " ids {}", self.filter.event_ids.join(" "));
        }
        words
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No such destination.
    #[error("there is no destination {name:?} that is served{hint}")]
    UnknownDestination {
        /// What was asked for.
        name: String,
        /// What may be meant.
        hint: String,
    },
    /// Delivered events, without the word that says they are meant.
    #[error(
        "delivered events are sent again only when it is forced: a platform that does not de-duplicate counts them twice"
    )]
    NotForced,
    /// The time ends before it begins.
    #[error("until is not after since: nothing can be between them")]
    EmptyTime,
}

/// Counts of one state and reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// May be sent again.
    pub ready: usize,
    /// Too old by now for the platform.
    pub too_old: usize,
    /// No trusted source has told of it yet, and one must.
    pub unconfirmed: usize,
    /// Erased or forgotten: nothing is left to send.
    pub erased: usize,
}

impl Counts {
    /// Returns how many there are.
    pub const fn all(self) -> usize {
        self.ready + self.left()
    }

    /// Returns how many stay as they are.
    pub const fn left(self) -> usize {
        self.too_old + self.unconfirmed + self.erased
    }

    fn add(&mut self, standing: Standing) {
        *match standing {
            Standing::Ready => &mut self.ready,
            Standing::TooOld => &mut self.too_old,
            Standing::Unconfirmed => &mut self.unconfirmed,
            Standing::Erased => &mut self.erased,
        } += 1;
    }

    fn sum(lines: &[Line]) -> Self {
        lines.iter().fold(Self::default(), |sum, line| Self {
            ready: sum.ready + line.counts.ready,
            too_old: sum.too_old + line.counts.too_old,
            unconfirmed: sum.unconfirmed + line.counts.unconfirmed,
            erased: sum.erased + line.counts.erased,
        })
    }
}

/// Whether an event may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Ready,
    TooOld,
    Unconfirmed,
    Erased,
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Name of the destination.
    pub destination: String,
    /// The last word until now.
    pub state: Settled,
    /// Its reason, without trace ids and ages.
    pub reason: String,
    /// The events.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What the next page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask<'r> {
    /// Name of the destination.
    pub destination: &'r str,
    /// Which events.
    pub filter: &'r SettledFilter,
    /// After this position.
    pub after: Seq,
    /// At most so many.
    pub limit: usize,
}

/// A replay on its way: asks for pages and says what of them goes.
#[derive(Debug)]
pub struct Replay {
    targets: Vec<Target>,
    confirmed: BTreeSet<String>,
    filter: SettledFilter,
    place: usize,
    after: Seq,
    /// Events that may still be looked at.
    left: usize,
    counts: BTreeMap<(usize, Settled, String), Counts>,
    replayed: usize,
}

impl Replay {
    /// Begins a replay that looks at no more than `most` events.
    pub fn new(request: Request, served: &Served, most: usize) -> Result<Self, RequestError> {
        let mut filter = request.filter;
        if filter.states.is_empty() {
            filter.states = vec![Settled::Dead];
        }
        filter.states.sort_unstable();
        filter.states.dedup();
        if filter.states.contains(&Settled::Delivered) && !request.is_forced {
            return Err(RequestError::NotForced);
        }
        if let (Some(since_ms), Some(until_ms)) = (filter.since_ms, filter.until_ms)
            && until_ms <= since_ms
        {
            return Err(RequestError::EmptyTime);
        }
        Ok(Self {
            targets: targets(&request.destinations, &served.targets)?,
            confirmed: served.confirmed.clone(),
            filter,
            place: 0,
            after: 0,
            left: most,
            counts: BTreeMap::new(),
            replayed: 0,
        })
    }

    /// Returns the states that are taken back.
    pub fn states(&self) -> &[Settled] {
        &self.filter.states
    }

    /// Returns what to ask the store for, `None` at the end.
    pub fn next(&self) -> Option<Ask<'_>> {
        let target = self.targets.get(self.place)?;
        (self.left > 0).then(|| Ask {
            destination: &target.name,
            filter: &self.filter,
            after: self.after,
            limit: self.left.min(PAGE_EVENTS),
        })
    }

    /// Reads a page that was asked for; returns what of it may be sent again.
    pub fn judge(&mut self, page: &[SettledEvent], now_ms: i64) -> Vec<Seq> {
        let limit = self.left.min(PAGE_EVENTS);
        let Some(target) = self.targets.get(self.place) else {
            return Vec::new();
        };
        let mut ready = Vec::new();
        for event in page {
            let standing = standing(event, &self.confirmed, target.max_age_ms, now_ms);
            let key = (self.place, event.state, kind_of(&event.reason));
            counts_of(&mut self.counts, key).add(standing);
            if standing == Standing::Ready {
                ready.push(event.seq);
            }
        }
        self.left = self.left.saturating_sub(page.len());
        match page.last() {
            Some(last) if page.len() >= limit => self.after = last.seq,
            _ => {
                self.place += 1;
                self.after = 0;
            }
        }
        ready
    }

    /// Learns how many events were made due.
    pub fn sent(&mut self, events: usize) {
        self.replayed += events;
    }

    /// Ends the replay.
    pub fn into_report(self, is_dry_run: bool) -> Report {
        let has_more = self.place < self.targets.len();
        let lines: Vec<Line> = self
            .counts
            .into_iter()
            .map(|((place, state, reason), counts)| Line {
                destination: self
                    .targets
                    .get(place)
                    .map_or_else(String::new, |target| target.name.clone()),
                state,
                reason,
                counts,
            })
            .collect();
        Report {
            dry_run: is_dry_run,
            counts: Counts::sum(&lines),
            replayed: self.replayed,
            has_more,
            lines,
        }
    }
}

/// What a replay found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// All events that were looked at.
    #[serde(flatten)]
    pub counts: Counts,
    /// Events that were made due. Fewer than `ready` where somebody else was faster.
    pub replayed: usize,
    /// Whether the limit of one replay ended it early.
    pub has_more: bool,
    /// Destination by destination, state by state, reason by reason.
    pub lines: Vec<Line>,
}

/// Decides as [`round`](super) will; but the wait for a confirmation has ended once, and begins no second time.
fn standing(
    event: &SettledEvent,
    confirmed: &BTreeSet<String>,
    max_age_ms: i64,
    now_ms: i64,
) -> Standing {
    let Some(stored) = event
        .stored
        .as_ref()
        .filter(|stored| !stored.copies.is_empty())
    else {
        return Standing::Erased;
    };
    let is_trusted = stored.copies.iter().any(|copy| copy.kind.is_trusted());
    if now_ms.saturating_sub(happened_at_ms(stored)) > max_age_ms {
        Standing::TooOld
    } else if confirmed.contains(&stored.name) && !is_trusted {
        Standing::Unconfirmed
    } else {
        Standing::Ready
    }
}

fn targets(names: &[String], served: &[Target]) -> Result<Vec<Target>, RequestError> {
    if names.is_empty() {
        return Ok(served.to_vec());
    }
    let mut wanted: Vec<Target> = Vec::with_capacity(names.len());
    for name in names {
        let Some(target) = served.iter().find(|target| target.name == *name) else {
            return Err(unknown(name, served));
        };
        if !wanted.contains(target) {
            wanted.push(target.clone());
        }
    }
    Ok(wanted)
}

fn unknown(name: &str, served: &[Target]) -> RequestError {
    let known: Vec<&str> = served.iter().map(|target| target.name.as_str()).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(meant) => format!(", did you mean {meant:?}?"),
        None if known.is_empty() => ": none is configured and enabled".to_owned(),
        None => format!(": served are {}", known.join(", ")),
    };
    RequestError::UnknownDestination {
        name: name.to_owned(),
        hint,
    }
}

fn counts_of(
    all: &mut BTreeMap<(usize, Settled, String), Counts>,
    (place, state, reason): (usize, Settled, String),
) -> &mut Counts {
    let is_known = all.contains_key(&(place, state, reason.clone()));
    let is_full = all.keys().filter(|(at, ..)| *at == place).count() >= MAX_REASONS;
    let reason = if is_known || !is_full {
        reason
    } else {
        "(other reasons)".to_owned()
    };
    all.entry((place, state, reason)).or_default()
}

/// Returns a reason without what differs from event to event: the trace id that a platform adds, the age.
pub fn kind_of(reason: &str) -> String {
    if reason.starts_with("too old:") {
        return "too old".to_owned();
    }
    if let Some((words, last)) = reason.rsplit_once(" (")
        && let Some((label, id)) = last.strip_suffix(')').and_then(|l| l.split_once(' '))
        && label.ends_with("id")
        && !id.contains(' ')
    {
        return words.to_owned();
    }
    reason.to_owned()
}
