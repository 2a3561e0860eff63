//! From the answers to single requests to the fate of every event of a batch.
//!
//! Where a platform refuses a whole request for one event, the request is split: without the events it
//! named, or in halves until the bad one is alone. An event refused for its click id goes once more
//! without it. The number of requests is bounded; what is left over comes again in the next round, which
//! always has fewer bad events. Pure: the engine sends, this decides.

use std::time::Duration;

use super::destinations::{EventVerdict, RetryClass, Verdict};

/// Most requests that one batch may cost. A thousand events with one bad one cost 21.
pub const MAX_REQUESTS: usize = 64;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Taken.
    Delivered,
    /// Looked at in test mode.
    Checked,
    /// Can never be taken.
    Dead(String),
    /// To be tried again.
    Retry {
        /// Why.
        class: RetryClass,
        /// The platform's own wish.
        after: Option<Duration>,
        /// Its words.
        reason: String,
    },
    /// The credentials were refused.
    Unauthorized(String),
    /// Not tried to the end in this round.
    Postponed(&'static str),
}

/// The events of one request, by their index in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which events.
    pub indexes: Vec<usize>,
    /// Without their click ids.
    pub is_without_click_id: bool,
}

/// One batch on its way.
#[derive(Debug)]
pub struct Bisection {
    waiting: Vec<Part>,
    fates: Vec<Option<Fate>>,
    has_fallback: Vec<bool>,
    requests: usize,
}

impl Bisection {
    /// Starts with all events in one request. `has_fallback` says of each event whether it can be sent
    /// without its click id.
    pub fn new(has_fallback: Vec<bool>) -> Self {
        let all: Vec<usize> = (0..has_fallback.len()).collect();
        Self {
            waiting: vec![Part {
                indexes: all,
                is_without_click_id: false,
            }],
            fates: vec![None; has_fallback.len()],
            has_fallback,
            requests: 0,
        }
    }

    /// Returns what to send next.
    pub fn next_part(&mut self) -> Option<Part> {
        if self.requests == MAX_REQUESTS {
            self.stop(&Fate::Postponed("many refused events in one batch"));
        }
        let part = self.waiting.pop().filter(|part| !part.indexes.is_empty())?;
        self.requests += 1;
        Some(part)
    }

    /// Takes events out of a part that is not sent yet, to be looked at again in the next round.
    pub fn postpone(
        &mut self,
        part: &mut Part,
        why: &'static str,
        is_meant: impl Fn(usize) -> bool,
    ) {
        let (meant, rest): (Vec<_>, Vec<_>) =
            part.indexes.drain(..).partition(|index| is_meant(*index));
        self.settle(&meant, &Fate::Postponed(why));
        part.indexes = rest;
    }

    /// Learns the answer to a part.
    pub fn learn(&mut self, part: &Part, verdict: Verdict<String>) {
        match verdict {
            Verdict::Delivered => self.settle(&part.indexes, &Fate::Delivered),
            Verdict::Checked => self.settle(&part.indexes, &Fate::Checked),
            Verdict::Retry {
                class,
                after,
                reason,
            } => self.settle_and_stop(
                part,
                &Fate::Retry {
                    class,
                    after,
                    reason,
                },
            ),
            Verdict::Unauthorized { reason } => {
                self.settle_and_stop(part, &Fate::Unauthorized(reason));
            }
            Verdict::RejectedEvents { events } => self.drop_named(part, events),
            Verdict::Each(list) => self.settle_each(part, list),
            Verdict::RejectedBatch { reason } => self.halve(part, reason),
            Verdict::MalformedClickId { reason } => {
                let only = single(part);
                let can_fall_back = only
                    .and_then(|index| self.has_fallback.get(index))
                    .is_some_and(|has| *has && !part.is_without_click_id);
                if can_fall_back {
                    self.waiting.push(Part {
                        is_without_click_id: true,
                        ..part.clone()
                    });
                } else {
                    self.halve(part, reason);
                }
            }
        }
    }

    /// Sends a part once more, as it is.
    pub fn again(&mut self, part: Part) {
        self.waiting.push(part);
    }

    /// Gives every event that has no fate yet this one, and sends nothing more.
    pub fn stop(&mut self, fate: &Fate) {
        self.waiting.clear();
        for slot in &mut self.fates {
            slot.get_or_insert_with(|| fate.clone());
        }
    }

    /// Returns the fates, in the order of the batch.
    pub fn into_fates(mut self) -> Vec<Fate> {
        self.stop(&Fate::Postponed("not tried in this round"));
        self.fates.into_iter().flatten().collect()
    }

    fn settle(&mut self, indexes: &[usize], fate: &Fate) {
        for index in indexes {
            if let Some(slot) = self.fates.get_mut(*index) {
                *slot = Some(fate.clone());
            }
        }
    }

    fn settle_and_stop(&mut self, part: &Part, fate: &Fate) {
        self.settle(&part.indexes, fate);
        self.stop(&Fate::Postponed("the destination takes nothing now"));
    }

    /// Takes out the events that a platform named; `named` are places in the part.
    fn drop_named(&mut self, part: &Part, named: Vec<(usize, String)>) {
        let mut good = part.indexes.clone();
        let mut first_reason = None;
        for (place, reason) in named {
            let Some(index) = part.indexes.get(place) else {
                first_reason.get_or_insert(reason);
                continue;
            };
            good.retain(|other| other != index);
            self.settle(&[*index], &Fate::Dead(reason));
        }
        if good.len() == part.indexes.len() {
            let reason = first_reason.unwrap_or_else(|| "an event that was not named".to_owned());
            return self.halve(part, reason);
        }
        self.push(good, part);
    }

    /// Gives every event of a part its own fate; one of which the platform said nothing is tried again.
    fn settle_each(&mut self, part: &Part, list: Vec<EventVerdict<String>>) {
        let mut said = list.into_iter();
        for index in &part.indexes {
            let fate = match said.next() {
                Some(EventVerdict::Delivered) => Fate::Delivered,
                Some(EventVerdict::Rejected { reason }) => Fate::Dead(reason),
                Some(EventVerdict::Retry { class, reason }) => Fate::Retry {
                    class,
                    after: None,
                    reason,
                },
                None => Fate::Retry {
                    class: RetryClass::Unknown,
                    after: None,
                    reason: "the answer says nothing about this event".to_owned(),
                },
            };
            self.settle(&[*index], &fate);
        }
    }

    fn halve(&mut self, part: &Part, reason: String) {
        if single(part).is_some() {
            return self.settle(&part.indexes, &Fate::Dead(reason));
        }
        let (first, second) = part.indexes.split_at(part.indexes.len() / 2);
        self.push(second.to_vec(), part);
        self.push(first.to_vec(), part);
    }

    fn push(&mut self, indexes: Vec<usize>, like: &Part) {
        if !indexes.is_empty() {
            self.waiting.push(Part {
                indexes,
                is_without_click_id: like.is_without_click_id,
            });
        }
    }
}

fn single(part: &Part) -> Option<usize> {
    match part.indexes.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn refuse(reason: &str) -> Verdict<String> {
        Verdict::RejectedBatch {
            reason: reason.to_owned(),
        }
    }

    /// Plays a platform that refuses a request which holds a bad event.
    fn play(len: usize, bad: &BTreeSet<usize>) -> (Vec<Fate>, usize) {
        let mut bisection = Bisection::new(vec![false; len]);
        let mut requests = 0;
        while let Some(part) = bisection.next_part() {
            requests += 1;
            let is_bad = part.indexes.iter().any(|index| bad.contains(index));
            let verdict = if is_bad {
                refuse("bad")
            } else {
                Verdict::Delivered
            };
            bisection.learn(&part, verdict);
        }
        (bisection.into_fates(), requests)
    }

    #[test]
    fn one_bad_event_of_a_thousand_is_found_and_the_others_delivered() {
        let (fates, requests) = play(1_000, &BTreeSet::from([617]));
        assert_eq!(fates[617], Fate::Dead("bad".to_owned()));
        assert_eq!(
            fates
                .iter()
                .filter(|fate| **fate == Fate::Delivered)
                .count(),
            999
        );
        assert!(requests <= 21, "{requests}");
    }

    #[test]
    fn a_batch_of_bad_events_costs_a_bounded_number_of_requests() {
        let (fates, requests) = play(1_000, &(0..1_000).collect());
        assert_eq!(requests, MAX_REQUESTS);
        assert!(fates.iter().any(|fate| matches!(fate, Fate::Dead(_))));
        assert!(fates.iter().any(|fate| matches!(fate, Fate::Postponed(_))));
    }

    #[test]
    fn named_events_are_taken_out_and_the_rest_goes_on() {
        let mut bisection = Bisection::new(vec![false; 4]);
        let part = bisection.next_part().unwrap();
        bisection.learn(
            &part,
            Verdict::RejectedEvents {
                events: vec![(1, "wrong".to_owned())],
            },
        );
        let part = bisection.next_part().unwrap();
        assert_eq!(part.indexes, [0, 2, 3]);
        bisection.learn(
            &part,
            Verdict::RejectedEvents {
                events: vec![(2, "wrong too".to_owned())],
            },
        );
        let part = bisection.next_part().unwrap();
        assert_eq!(part.indexes, [0, 2]);
        bisection.learn(&part, Verdict::Delivered);
        assert!(bisection.next_part().is_none());
        let dead = |reason: &str| Fate::Dead(reason.to_owned());
        assert_eq!(
            bisection.into_fates(),
            [
                Fate::Delivered,
                dead("wrong"),
                Fate::Delivered,
                dead("wrong too")
            ]
        );
    }

    #[test]
    fn where_each_event_has_its_own_answer_each_has_its_own_fate() {
        let mut bisection = Bisection::new(vec![false; 4]);
        let part = bisection.next_part().unwrap();
        bisection.learn(
            &part,
            Verdict::Each(vec![
                EventVerdict::Delivered,
                EventVerdict::Rejected {
                    reason: "no such currency".to_owned(),
                },
                EventVerdict::Retry {
                    class: RetryClass::Transient,
                    reason: "busy".to_owned(),
                },
            ]),
        );
        assert!(bisection.next_part().is_none());
        let fates = bisection.into_fates();
        assert_eq!(fates[0], Fate::Delivered);
        assert_eq!(fates[1], Fate::Dead("no such currency".to_owned()));
        assert!(
            matches!(&fates[2], Fate::Retry { class: RetryClass::Transient, reason, .. } if reason == "busy")
        );
        assert!(matches!(
            &fates[3],
            Fate::Retry {
                class: RetryClass::Unknown,
                ..
            }
        ));
    }

    #[test]
    fn an_event_named_that_was_not_sent_is_searched_for() {
        let mut bisection = Bisection::new(vec![false; 4]);
        let part = bisection.next_part().unwrap();
        bisection.learn(
            &part,
            Verdict::RejectedEvents {
                events: vec![(9, "wrong".to_owned())],
            },
        );
        assert_eq!(bisection.next_part().unwrap().indexes, [0, 1]);
    }

    #[test]
    fn a_malformed_click_id_costs_the_click_id_and_once_only() {
        let click = || Verdict::MalformedClickId {
            reason: "fbc".to_owned(),
        };
        let mut bisection = Bisection::new(vec![true, true]);
        let both = bisection.next_part().unwrap();
        bisection.learn(&both, click());
        let first = bisection.next_part().unwrap();
        assert!(!first.is_without_click_id);
        bisection.learn(&first, click());
        let again = bisection.next_part().unwrap();
        assert!(again.is_without_click_id && again.indexes == [0]);
        bisection.learn(&again, click());
        let second = bisection.next_part().unwrap();
        bisection.learn(&second, Verdict::Delivered);
        assert_eq!(
            bisection.into_fates(),
            [Fate::Dead("fbc".to_owned()), Fate::Delivered]
        );
    }

    #[test]
    fn an_outage_in_the_middle_stops_the_search() {
        let mut bisection = Bisection::new(vec![false; 4]);
        let part = bisection.next_part().unwrap();
        bisection.learn(&part, refuse("bad"));
        let half = bisection.next_part().unwrap();
        bisection.learn(
            &half,
            Verdict::Retry {
                class: RetryClass::Unreachable,
                after: None,
                reason: "http 503".to_owned(),
            },
        );
        assert!(bisection.next_part().is_none());
        let fates = bisection.into_fates();
        assert!(matches!(fates[0], Fate::Retry { .. }));
        assert!(matches!(fates[3], Fate::Postponed(_)));
    }

    proptest! {
        #[test]
        fn every_event_has_one_fate_and_no_good_one_dies(
            len in 1usize..200, bad in proptest::collection::btree_set(0usize..200, 0..4),
        ) {
            let (fates, requests) = play(len, &bad);
            prop_assert_eq!(fates.len(), len);
            prop_assert!(requests <= MAX_REQUESTS);
            for (index, fate) in fates.iter().enumerate() {
                match fate {
                    Fate::Dead(_) => prop_assert!(bad.contains(&index)),
                    Fate::Delivered => prop_assert!(!bad.contains(&index)),
                    _ => {}
                }
            }
        }
    }
}
