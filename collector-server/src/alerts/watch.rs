//! What is on, what was told of it, and what may be told now. Pure: time is passed in.

use std::collections::BTreeMap;

use super::message::{Message, State};
use crate::forward::health::{DestinationNow, GateNow};
use crate::signals::{self, Signal};
use crate::store::Room;
use crate::store::sqlite::Trouble;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How long something must be over before that is told: a gate that opens and closes is one alarm.
pub(super) const QUIET_MS: i64 = MINUTE_MS;
/// First rest after a message could not be sent.
pub(super) const FIRST_REST_MS: i64 = 30_000;
/// Longest rest after a message could not be sent.
pub(super) const MAX_REST_MS: i64 = 10 * MINUTE_MS;

/// What a person is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A platform refuses the credentials of a destination.
    DestinationPaused,
    /// A destination has not answered for long.
    DestinationResting,
    /// A destination gives up many events.
    DeadLetters,
    /// Nothing can be written to disk.
    StoreFailing,
    /// Soon nothing can be written to disk.
    StoreFilling,
    /// A healthy destination is behind.
    DestinationLagging,
    /// What a source sends is not as usual.
    Unusual,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::DestinationPaused,
        Self::DestinationResting,
        Self::DeadLetters,
        Self::StoreFailing,
        Self::StoreFilling,
        Self::DestinationLagging,
        Self::Unusual,
    ];

    /// Returns the name in messages and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DestinationPaused => "destination_paused",
            Self::DestinationResting => "destination_resting",
            Self::DeadLetters => "dead_letters",
            Self::StoreFailing => "store_failing",
            Self::StoreFilling => "store_filling",
            Self::DestinationLagging => "destination_lagging",
            Self::Unusual => "unusual",
        }
    }
}

/// When something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long a destination may rest, in minutes.
    pub rest_minutes: u32,
    /// How many dead letters of a destination are many.
    pub dead_letters: u32,
    /// Within how many minutes.
    pub dead_letter_minutes: u32,
    /// After how many minutes it is told again that something is still on.
    pub repeat_minutes: u32,
    /// Most messages an hour.
    pub messages_per_hour: u32,
}

/// What is seen at one moment.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The destinations, by name.
    pub destinations: BTreeMap<String, DestinationNow>,
    /// What keeps the store from writing.
    pub store: Option<Trouble>,
    /// How much room the store has.
    pub room: Room,
    /// What is unusual.
    pub signals: Vec<Signal>,
}

/// Something that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// What.
    pub kind: Kind,
    /// Of which destination; `None`: of the collector.
    pub destination: Option<String>,
    /// Of which source.
    pub source: Option<String>,
    /// Since when, in epoch milliseconds.
    pub since_ms: i64,
    /// In words, with what to do.
    pub words: String,
}

#[derive(Debug)]
struct Known {
    alarm: Alarm,
    /// When it was told last.
    told_ms: Option<i64>,
    /// How often it was told.
    times: u32,
    /// Since when it is over.
    over_ms: Option<i64>,
    /// Whether a message was held back since the last one was sent.
    is_held_back: bool,
}

/// Dead letters of a destination within some minutes.
#[derive(Debug)]
struct Count {
    since_ms: i64,
    before: u64,
    last: u64,
    /// How many were too many, and until when that is on.
    many: u64,
    on_until_ms: i64,
}

impl Count {
    const fn new(before: u64, now_ms: i64) -> Self {
        Self {
            since_ms: now_ms,
            before,
            last: before,
            many: 0,
            on_until_ms: i64::MIN,
        }
    }

    fn look(&mut self, dead_letters: u64, limit: u64, span_ms: i64, now_ms: i64) {
        if now_ms.saturating_sub(self.since_ms) >= span_ms {
            (self.since_ms, self.before) = (now_ms, self.last);
        }
        let new = dead_letters.saturating_sub(self.before);
        if new >= limit {
            self.many = new;
            self.on_until_ms = now_ms.saturating_add(span_ms);
            (self.since_ms, self.before) = (now_ms, dead_letters);
        } else if now_ms >= self.on_until_ms {
            self.many = 0;
        }
        self.last = dead_letters;
    }
}

/// What was seen and told until now.
#[derive(Debug)]
pub struct Watch {
    known: BTreeMap<(Kind, Option<String>), Known>,
    counts: BTreeMap<String, Count>,
    has_looked: bool,
    /// Messages that may be sent; one is [`HOUR_MS`], so that nothing is lost to rounding.
    allowance: i64,
    filled_ms: i64,
    rest_until_ms: i64,
    failures: u32,
}

impl Watch {
    /// Begins with nothing told.
    pub fn new(rules: &Rules, now_ms: i64) -> Self {
        Self {
            known: BTreeMap::new(),
            counts: BTreeMap::new(),
            has_looked: false,
            allowance: i64::from(rules.messages_per_hour) * HOUR_MS,
            filled_ms: now_ms,
            rest_until_ms: i64::MIN,
            failures: 0,
        }
    }

    /// Takes in what is seen now.
    pub fn look(&mut self, rules: &Rules, seen: &Seen, now_ms: i64) {
        let mut alarms = alarms(rules, seen, now_ms);
        alarms.extend(self.dead_letters(rules, seen, now_ms));
        for known in self.known.values_mut() {
            known.over_ms.get_or_insert(now_ms);
        }
        for alarm in alarms {
            let key = (
                alarm.kind,
                alarm.destination.clone().or_else(|| alarm.source.clone()),
            );
            let known = self.known.entry(key).or_insert_with(|| Known {
                alarm: alarm.clone(),
                told_ms: None,
                times: 0,
                over_ms: None,
                is_held_back: false,
            });
            known.over_ms = None;
            known.alarm = Alarm {
                since_ms: known.alarm.since_ms.min(alarm.since_ms),
                ..alarm
            };
        }
        // What was over before it was told is nobody's concern.
        self.known
            .retain(|_, known| known.over_ms.is_none() || known.told_ms.is_some());
    }

    /// Returns what is to be told now, `None` where nothing is or may be. Counts what must wait by `held_back`.
    pub fn next(
        &mut self,
        rules: &Rules,
        now_ms: i64,
        mut held_back: impl FnMut(Kind),
    ) -> Option<Message> {
        self.fill(rules, now_ms);
        if now_ms < self.rest_until_ms {
            return None;
        }
        let may_tell = self.allowance >= HOUR_MS;
        for known in self.known.values_mut() {
            let Some(state) = known.due(rules, now_ms) else {
                continue;
            };
            if may_tell {
                return Some(Message::new(&known.alarm, state, known.times, now_ms));
            }
            if !std::mem::replace(&mut known.is_held_back, true) {
                held_back(known.alarm.kind);
            }
        }
        None
    }

    /// A message was taken.
    pub fn told(&mut self, message: &Message, now_ms: i64) {
        self.allowance -= HOUR_MS;
        (self.failures, self.rest_until_ms) = (0, i64::MIN);
        let whose = message.destination.as_ref().or(message.source.as_ref());
        let key = (message.kind, whose.cloned());
        if message.state == State::Over {
            self.known.remove(&key);
        } else if let Some(known) = self.known.get_mut(&key) {
            known.told_ms = Some(now_ms);
            known.times += 1;
            known.is_held_back = false;
        }
    }

    /// A message was not taken: nothing is sent for a while.
    pub fn failed(&mut self, now_ms: i64) {
        let rest = FIRST_REST_MS.saturating_mul(1 << self.failures.min(10));
        self.failures += 1;
        self.rest_until_ms = now_ms.saturating_add(rest.min(MAX_REST_MS));
    }

    fn fill(&mut self, rules: &Rules, now_ms: i64) {
        let per_hour = i64::from(rules.messages_per_hour);
        // A clock that went back fills nothing.
        let passed = now_ms.saturating_sub(self.filled_ms).clamp(0, HOUR_MS);
        self.filled_ms = now_ms;
        self.allowance = (self.allowance + passed * per_hour).min(per_hour * HOUR_MS);
    }

    fn dead_letters(&mut self, rules: &Rules, seen: &Seen, now_ms: i64) -> Vec<Alarm> {
        let span_ms = i64::from(rules.dead_letter_minutes) * MINUTE_MS;
        self.counts
            .retain(|name, _| seen.destinations.contains_key(name));
        let has_looked = std::mem::replace(&mut self.has_looked, true);
        let mut alarms = Vec::new();
        for (name, now) in &seen.destinations {
            let count = self.counts.entry(name.clone()).or_insert_with(|| {
                // What was before the first look is of no known time.
                let before = if has_looked { 0 } else { now.dead_letters };
                Count::new(before, now_ms)
            });
            count.look(now.dead_letters, rules.dead_letters.into(), span_ms, now_ms);
            if count.many > 0 {
                alarms.push(Alarm {
                    kind: Kind::DeadLetters,
                    destination: Some(name.clone()),
                    source: None,
                    since_ms: count.since_ms,
                    words: format!(
                        "{name} has given up {} events within {} minutes; `firsthand dead --destination {name}` \
                         shows the platform's answers, `firsthand replay` sends them again",
                        count.many, rules.dead_letter_minutes
                    ),
                });
            }
        }
        alarms
    }
}

impl Known {
    fn due(&self, rules: &Rules, now_ms: i64) -> Option<State> {
        let repeat_ms = i64::from(rules.repeat_minutes) * MINUTE_MS;
        match (self.told_ms, self.over_ms) {
            (None, None) => Some(State::Raised),
            (Some(told), None) => {
                (now_ms.saturating_sub(told) >= repeat_ms).then_some(State::Still)
            }
            (Some(_), Some(over)) => {
                (now_ms.saturating_sub(over) >= QUIET_MS).then_some(State::Over)
            }
            (None, Some(_)) => None,
        }
    }
}

/// What is on by what is seen at this moment alone.
fn alarms(rules: &Rules, seen: &Seen, now_ms: i64) -> Vec<Alarm> {
    let rest_ms = i64::from(rules.rest_minutes) * MINUTE_MS;
    let mut alarms: Vec<Alarm> = seen
        .destinations
        .iter()
        .filter_map(|(name, now)| {
            let (kind, since_ms, words) = match &now.gate {
                GateNow::Paused { since_ms, reason } => (
                    Kind::DestinationPaused,
                    *since_ms,
                    format!(
                        "{name} refuses the credentials: {reason}. Events are kept; put the right secret in its \
                         place and reload (SIGHUP)"
                    ),
                ),
                GateNow::Resting { since_ms } if now_ms.saturating_sub(*since_ms) >= rest_ms => (
                    Kind::DestinationResting,
                    *since_ms,
                    format!(
                        "{name} has taken nothing for {} minutes. Events are kept and tried again",
                        now_ms.saturating_sub(*since_ms) / MINUTE_MS
                    ),
                ),
                GateNow::Open | GateNow::Resting { .. } => return None,
            };
            Some(Alarm {
                kind,
                destination: Some(name.clone()),
                source: None,
                since_ms,
                words,
            })
        })
        .collect();
    if let Some(trouble) = &seen.store {
        alarms.push(Alarm {
            kind: Kind::StoreFailing,
            destination: None,
            source: None,
            since_ms: trouble.since_ms,
            words: format!(
                "nothing can be written, new events are refused with 503: {}",
                trouble.words
            ),
        });
    } else if let Some(words) = seen.room.filling() {
        alarms.push(Alarm {
            kind: Kind::StoreFilling,
            destination: None,
            source: None,
            since_ms: now_ms,
            words: format!("soon new events will be refused with 503: {words}"),
        });
    }
    alarms.extend(unusual(&seen.signals));
    alarms
}

/// One alarm for each source and each destination about which something is unusual.
fn unusual(signals: &[Signal]) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = Vec::new();
    for signal in signals {
        let kind = if signal.kind == signals::Kind::Lag {
            Kind::DestinationLagging
        } else {
            Kind::Unusual
        };
        let whose = signal.source.as_ref().or(signal.destination.as_ref());
        let whose = whose.map_or("", String::as_str);
        let words = match &signal.event {
            Some(event) => format!("{whose}, {event}: {}", signal.message),
            None => format!("{whose}: {}", signal.message),
        };
        let known = alarms.iter_mut().find(|alarm| {
            (alarm.kind, &alarm.source, &alarm.destination)
                == (kind, &signal.source, &signal.destination)
        });
        if let Some(known) = known {
            known.since_ms = known.since_ms.min(signal.since_ms);
            known.words = format!("{}; {words}", known.words);
        } else {
            alarms.push(Alarm {
                kind,
                destination: signal.destination.clone(),
                source: signal.source.clone(),
                since_ms: signal.since_ms,
                words,
            });
        }
    }
    alarms
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
