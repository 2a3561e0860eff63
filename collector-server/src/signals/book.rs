//! What came from whom, and what is odd about it: counts by source and event name. Pure: time is passed in.
//!
//! Of bounded size: sources are those of the configuration, names those of the catalogue and of `signals.events`; what has
//! another name is counted as [`OTHER`].

use std::collections::{BTreeMap, BTreeSet};

use firsthand_core::catalogue;
use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::judge::{self, Kind, Rules};

/// What events are counted as whose name is not on the list.
pub(crate) const OTHER: &str = "other";

/// What is counted of one kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Series {
    last_ms: Option<i64>,
    hours: Hours,
}

impl Series {
    fn add(&mut self, count: u32, now_ms: i64) {
        self.hours.add(count, now_ms);
        self.last_ms = Some(now_ms);
    }
}

/// What is counted of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct SourceBook {
    #[serde(default)]
    accepted: Series,
    #[serde(default)]
    duplicates: Hours,
    #[serde(default)]
    refused: Hours,
    #[serde(default)]
    by_name: BTreeMap<String, Series>,
}

/// All counts. What is written to disk is this, as JSON: counts and names of the configuration, nothing of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Book {
    sources: BTreeMap<String, SourceBook>,
    #[serde(skip)]
    watched: BTreeSet<String>,
}

/// What one request brought.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Brought<'r> {
    /// Names of the events that were new.
    pub(crate) names: &'r [&'r str],
    /// How many were known already.
    pub(crate) duplicates: usize,
    /// How many were refused, but for lack of consent and bots.
    pub(crate) refused: usize,
}

/// What is known of one kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventNow {
    pub(crate) name: String,
    pub(crate) last_seen_ms: Option<i64>,
    pub(crate) last_hour: u32,
    pub(crate) usual_hour: Option<u32>,
}

/// What is known of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceNow {
    pub(crate) name: String,
    pub(crate) last_seen_ms: Option<i64>,
    pub(crate) last_hour: u32,
    pub(crate) usual_hour: Option<u32>,
    pub(crate) duplicates_last_hour: u32,
    pub(crate) refused_last_hour: u32,
    pub(crate) events: Vec<EventNow>,
}

/// One signal of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceSignal {
    pub(super) kind: Kind,
    pub(super) source: String,
    /// `None`: of all its events together.
    pub(super) event: Option<String>,
    pub(super) words: String,
}

fn u32_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Book {
    /// Forgets the sources that are not there any more, and begins to count the new ones and the names that are watched.
    pub(super) fn arrange<'a>(
        &mut self,
        sources: impl Iterator<Item = &'a str>,
        watched: &[String],
    ) {
        let sources: BTreeSet<&str> = sources.collect();
        self.sources
            .retain(|name, _| sources.contains(name.as_str()));
        for name in sources {
            self.sources.entry(name.to_owned()).or_default();
        }
        self.watched = watched.iter().cloned().collect();
        for source in self.sources.values_mut() {
            source.by_name.retain(|name, _| {
                name == OTHER || catalogue::is_standard(name) || self.watched.contains(name)
            });
            let series = source.by_name.values_mut().map(|series| &mut series.hours);
            let own = [
                &mut source.accepted.hours,
                &mut source.duplicates,
                &mut source.refused,
            ];
            series.chain(own).for_each(Hours::cut);
        }
    }

    /// Counts what a request brought.
    pub(super) fn add(&mut self, source: &str, brought: Brought<'_>, now_ms: i64) {
        let Some(book) = self.sources.get_mut(source) else {
            return;
        };
        if brought.duplicates > 0 {
            book.duplicates.add(u32_of(brought.duplicates), now_ms);
        }
        if brought.refused > 0 {
            book.refused.add(u32_of(brought.refused), now_ms);
        }
        if !brought.names.is_empty() {
            book.accepted.add(u32_of(brought.names.len()), now_ms);
        }
        for name in brought.names {
            let is_listed = catalogue::is_standard(name) || self.watched.contains(*name);
            let name = if is_listed { name } else { OTHER };
            if let Some(series) = book.by_name.get_mut(name) {
                series.add(1, now_ms);
            } else {
                let mut series = Series::default();
                series.add(1, now_ms);
                book.by_name.insert(name.to_owned(), series);
            }
        }
    }

    /// Returns how each source stands.
    pub(super) fn now(&self, now_ms: i64, rules: &Rules) -> Vec<SourceNow> {
        let sources = self.sources.iter().map(|(name, book)| SourceNow {
            name: name.clone(),
            last_seen_ms: book.accepted.last_ms,
            last_hour: book.accepted.hours.last_hour(now_ms),
            usual_hour: judge::usual(&book.accepted.hours, now_ms, rules),
            duplicates_last_hour: book.duplicates.last_hour(now_ms),
            refused_last_hour: book.refused.last_hour(now_ms),
            events: book
                .by_name
                .iter()
                .map(|(name, series)| EventNow {
                    name: name.clone(),
                    last_seen_ms: series.last_ms,
                    last_hour: series.hours.last_hour(now_ms),
                    usual_hour: judge::usual(&series.hours, now_ms, rules),
                })
                .collect(),
        });
        sources.collect()
    }

    /// Returns what is odd. `since_ms` is since when this process counts.
    pub(super) fn signals(&self, since_ms: i64, now_ms: i64, rules: &Rules) -> Vec<SourceSignal> {
        let mut signals = Vec::new();
        for (source, book) in &self.sources {
            let mut found = |event: Option<&str>, odd: Option<judge::Odd>| {
                signals.extend(odd.map(|odd| SourceSignal {
                    kind: odd.kind,
                    source: source.clone(),
                    event: event.map(str::to_owned),
                    words: odd.words,
                }));
            };
            let volume = |series: &Series| {
                judge::volume(&series.hours, series.last_ms, since_ms, now_ms, rules)
            };
            found(None, volume(&book.accepted));
            for (name, series) in &book.by_name {
                found(Some(name), volume(series));
            }
            let accepted = &book.accepted.hours;
            found(
                None,
                judge::duplicates(accepted, &book.duplicates, now_ms, rules),
            );
            let taken = accepted.last_hour(now_ms);
            let taken = taken.saturating_add(book.duplicates.last_hour(now_ms));
            let refused = book.refused.last_hour(now_ms);
            found(None, judge::rejected(taken, refused, rules));
        }
        signals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SignalsSection;
    use crate::signals::hours::HOUR_MS;

    const NOW: i64 = 500_000 * HOUR_MS;

    fn book(sources: &[&str], watched: &[&str]) -> Book {
        let mut book = Book::default();
        let watched: Vec<String> = watched.iter().map(|name| (*name).to_owned()).collect();
        book.arrange(sources.iter().copied(), &watched);
        book
    }

    fn names(book: &Book) -> Vec<(String, u32)> {
        let rules = SignalsSection::default().rules();
        let source = book.now(NOW, &rules).swap_remove(0);
        let events = source.events.into_iter();
        events.map(|event| (event.name, event.last_hour)).collect()
    }

    #[test]
    fn names_that_nobody_listed_are_counted_together() {
        let mut book = book(&["web"], &["newsletter"]);
        let many: Vec<String> = (0..1000).map(|n| format!("made_up_{n}")).collect();
        let mut all: Vec<&str> = many.iter().map(String::as_str).collect();
        all.extend(["purchase", "newsletter", "purchase"]);
        let brought = Brought {
            names: &all,
            ..Brought::default()
        };
        book.add("web", brought, NOW);
        book.add("nobody", brought, NOW);
        let want = [("newsletter", 1), ("other", 1000), ("purchase", 2)];
        assert_eq!(names(&book), want.map(|(name, n)| (name.to_owned(), n)));
    }

    #[test]
    fn a_reload_keeps_what_is_still_there_and_so_does_the_disk() {
        let mut book = book(&["web", "gone"], &["newsletter"]);
        let brought = Brought {
            names: &["newsletter", "purchase"],
            ..Brought::default()
        };
        book.add("web", brought, NOW);
        book.add("gone", brought, NOW);
        book.arrange(["new", "web"].into_iter(), &[]);
        let rules = SignalsSection::default().rules();
        let now = book.now(NOW, &rules);
        let sources: Vec<(&str, u32)> =
            now.iter().map(|s| (s.name.as_str(), s.last_hour)).collect();
        assert_eq!(sources, [("new", 0), ("web", 2)]);
        let json = serde_json::to_string(&book).unwrap();
        let read: Book = serde_json::from_str(&json).unwrap();
        assert_eq!(read.now(NOW, &rules).len(), 2);
        assert_eq!(read.sources["web"].accepted.last_ms, Some(NOW));
        assert!(!json.contains("newsletter"), "{json}");
    }

    #[test]
    fn one_kind_of_event_that_stops_is_told_apart_from_its_source() {
        let mut book = book(&["web"], &[]);
        for hour in (0..=7 * 24).rev() {
            let now = NOW - hour * HOUR_MS;
            let views = ["page_view"; 100];
            let orders = ["purchase"; 40];
            book.add(
                "web",
                Brought {
                    names: &views,
                    ..Brought::default()
                },
                now,
            );
            if hour > 2 {
                book.add(
                    "web",
                    Brought {
                        names: &orders,
                        ..Brought::default()
                    },
                    now,
                );
            }
        }
        let rules = SignalsSection::default().rules();
        let signals = book.signals(0, NOW, &rules);
        let told: Vec<_> = signals
            .iter()
            .map(|s| (s.kind, s.event.as_deref()))
            .collect();
        assert_eq!(told, [(Kind::Silent, Some("purchase"))], "{signals:?}");
    }
}
