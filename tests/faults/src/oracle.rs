//! The judgement: what was acknowledged, beside what the collector says of it and what the platforms saw.
//!
//! Every 202 is a debt. It is paid where each destination has the event, counted once, and the collector knows; or
//! where the collector says why a destination does not get it. Everything else is a finding.

use std::collections::BTreeMap;
use std::fmt;

use crate::debts::{Book, Owed};
use crate::platforms::{DESTINATIONS, Tallies};

/// What the collector says of one event at one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The platform took it.
    Delivered,
    /// It is not sent, for this reason.
    Suppressed(String),
    /// It is given up, for this reason.
    Dead(String),
    /// Nothing final: what is known of it, in words.
    Open(String),
}

/// What the collector says of one event, by destination.
pub type Story = BTreeMap<&'static str, Said>;

/// What is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Acknowledged, and not in the store.
    Lost(String),
    /// Acknowledged, and neither delivered nor given up with a reason.
    Unpaid(String, &'static str, String),
    /// Given up although nothing was wrong with it.
    Dead(String, &'static str, String),
    /// Not sent although everything is allowed.
    Suppressed(String, &'static str, String),
    /// An end without a reason.
    Unexplained(String, &'static str),
    /// The collector says delivered, and the platform never saw it.
    NeverArrived(String, &'static str),
    /// The platform counted it more than once.
    Repeated(String, &'static str, u32),
    /// The platform counted what nobody sent.
    Stranger(String, &'static str),
    /// The platform got what consent forbids.
    Leaked(String, &'static str),
    /// Refused and sent on all the same.
    Undead(String, &'static str),
    /// A sender was answered what no sender should get.
    Complaint(String),
}

impl Finding {
    /// Whether time alone may mend it.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unpaid(..))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(id) => write!(out, "{id}: acknowledged and gone"),
            Self::Unpaid(id, at, said) => write!(out, "{id}: still owed to {at}: {said}"),
            Self::Dead(id, at, why) => write!(out, "{id}: given up at {at}: {why}"),
            Self::Suppressed(id, at, why) => write!(out, "{id}: kept from {at}: {why}"),
            Self::Unexplained(id, at) => write!(out, "{id}: ended at {at} without a reason"),
            Self::NeverArrived(id, at) => {
                write!(out, "{id}: said to be delivered, {at} never saw it")
            }
            Self::Repeated(id, at, times) => write!(out, "{id}: counted {times} times by {at}"),
            Self::Stranger(id, at) => write!(out, "{id}: counted by {at}, and nobody sent it"),
            Self::Leaked(id, at) => write!(out, "{id}: sent to {at} against consent"),
            Self::Undead(id, at) => write!(out, "{id}: refused at the door, and sent to {at}"),
            Self::Complaint(words) => write!(out, "a sender was told: {words}"),
        }
    }
}

/// What a scenario allows beside the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leave {
    /// Events may die, with a reason: an outage beyond the platform's age limit is part of it.
    pub may_die: bool,
}

/// Returns all findings, in order.
pub fn judge(
    book: &Book,
    stories: &BTreeMap<String, Story>,
    tallies: &Tallies,
    leave: Leave,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = book
        .complaints
        .iter()
        .cloned()
        .map(Finding::Complaint)
        .collect();
    for (id, owed) in &book.owed {
        let Some(story) = stories.get(id) else {
            found.push(Finding::Lost(id.clone()));
            continue;
        };
        for at in DESTINATIONS {
            let said = story.get(at);
            let tally = tallies.get(&(at, id.clone())).copied().unwrap_or_default();
            found.extend(judge_one(id, at, *owed, said, tally.counted, leave));
        }
    }
    for ((at, id), tally) in tallies {
        if !book.sent.contains(id) {
            found.push(Finding::Stranger(id.clone(), at));
        } else if book.refused.contains(id) {
            found.push(Finding::Undead(id.clone(), at));
        }
        // Also of what was never acknowledged.
        if tally.counted > 1 {
            found.push(Finding::Repeated(id.clone(), at, tally.counted));
        }
    }
    found.sort();
    found
}

fn judge_one(
    id: &str,
    at: &'static str,
    owed: Owed,
    said: Option<&Said>,
    counted: u32,
    leave: Leave,
) -> Option<Finding> {
    let id = || id.to_owned();
    match (owed, said) {
        (Owed::Silence, _) if counted > 0 => Some(Finding::Leaked(id(), at)),
        (_, None) => Some(Finding::Unpaid(id(), at, "nothing is known".to_owned())),
        (_, Some(Said::Open(words))) => Some(Finding::Unpaid(id(), at, words.clone())),
        (_, Some(Said::Suppressed(why) | Said::Dead(why))) if why.trim().is_empty() => {
            Some(Finding::Unexplained(id(), at))
        }
        (Owed::Delivery, Some(Said::Suppressed(why))) => {
            Some(Finding::Suppressed(id(), at, why.clone()))
        }
        (_, Some(Said::Dead(why))) if !leave.may_die => Some(Finding::Dead(id(), at, why.clone())),
        (_, Some(Said::Delivered)) if counted == 0 => Some(Finding::NeverArrived(id(), at)),
        (Owed::Silence, Some(Said::Delivered)) => Some(Finding::Leaked(id(), at)),
        (_, Some(Said::Delivered | Said::Suppressed(_) | Said::Dead(_))) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::Tally;

    /// One delivered event `a`, as it should be.
    fn good() -> (Book, BTreeMap<String, Story>, Tallies) {
        let mut book = Book::default();
        book.owed.insert("a".to_owned(), Owed::Delivery);
        book.sent.insert("a".to_owned());
        let story = DESTINATIONS.map(|at| (at, Said::Delivered));
        let stories = BTreeMap::from([("a".to_owned(), Story::from(story))]);
        let once = Tally {
            taken: 2,
            counted: 1,
        };
        let tallies = DESTINATIONS.map(|at| ((at, "a".to_owned()), once));
        (book, stories, Tallies::from(tallies))
    }

    fn say(stories: &mut BTreeMap<String, Story>, said: Said) {
        if let Some(story) = stories.get_mut("a") {
            story.insert("meta", said);
        }
    }

    fn found(
        case: impl FnOnce(&mut Book, &mut BTreeMap<String, Story>, &mut Tallies),
    ) -> Vec<Finding> {
        let (mut book, mut stories, mut tallies) = good();
        case(&mut book, &mut stories, &mut tallies);
        judge(&book, &stories, &tallies, Leave::default())
    }

    #[test]
    fn what_is_paid_is_no_finding() {
        assert_eq!(found(|_, _, _| {}), []);
    }

    #[test]
    fn every_way_to_owe_is_found() {
        let a = || "a".to_owned();
        let meta = || ("meta", "a".to_owned());
        assert_eq!(found(|_, stories, _| stories.clear()), [Finding::Lost(a())]);
        let open = found(|_, stories, _| say(stories, Said::Open("retry".to_owned())));
        assert_eq!(open, [Finding::Unpaid(a(), "meta", "retry".to_owned())]);
        let silent = found(|_, stories, _| say(stories, Said::Dead(" ".to_owned())));
        assert_eq!(silent, [Finding::Unexplained(a(), "meta")]);
        let dead = found(|_, stories, _| say(stories, Said::Dead("old".to_owned())));
        assert_eq!(dead, [Finding::Dead(a(), "meta", "old".to_owned())]);
        let kept = found(|_, stories, _| say(stories, Said::Suppressed("no".to_owned())));
        assert_eq!(kept, [Finding::Suppressed(a(), "meta", "no".to_owned())]);
        let claimed = found(|_, _, tallies| {
            tallies.remove(&meta());
        });
        assert_eq!(claimed, [Finding::NeverArrived(a(), "meta")]);
        let twice = found(|_, _, tallies| tallies.entry(meta()).or_default().counted = 2);
        assert_eq!(twice, [Finding::Repeated(a(), "meta", 2)]);
        let strange = found(|_, _, tallies| {
            tallies.entry(("meta", "b".to_owned())).or_default().counted = 1;
        });
        assert_eq!(strange, [Finding::Stranger("b".to_owned(), "meta")]);
        let told = found(|book, _, _| book.complaints.push("500".to_owned()));
        assert_eq!(told, [Finding::Complaint("500".to_owned())]);
    }

    #[test]
    fn what_consent_forbids_must_not_arrive() {
        let leaked = found(|book, _, _| {
            book.owed.insert("a".to_owned(), Owed::Silence);
        });
        let want = DESTINATIONS.map(|at| Finding::Leaked("a".to_owned(), at));
        assert_eq!(leaked, want);
        let refused = found(|book, _, _| {
            book.owed.clear();
            book.refused.insert("a".to_owned());
        });
        assert_eq!(refused.len(), DESTINATIONS.len(), "{refused:?}");
    }
}
