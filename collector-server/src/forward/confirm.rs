//! Conversions that a trusted source must confirm before they are sent.
//!
//! A browser's key is public: whoever reads the page can report a purchase that never was, also under the id that a
//! real order will have. What is named here waits until a source that no visitor can forge (a secret key, a signed
//! webhook) tells of the same event. Then the merged event is sent; if nobody does in time, it ends with that reason. Pure.

use std::collections::BTreeSet;

use super::schedule::span;
use crate::store::StoredEvent;

/// How the reason of what nobody confirmed begins.
pub const UNCONFIRMED: &str = "unconfirmed: ";

/// Which events must be confirmed, and within which time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// Canonical names.
    pub names: BTreeSet<String>,
    /// How long an event waits after its first arrival, in milliseconds.
    pub wait_ms: i64,
}

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// A trusted source told of it, or none has to.
    Confirmed,
    /// One may still do so until then (epoch milliseconds).
    Waits(i64),
    /// None did in time; in words.
    Expired(String),
}

impl Confirmation {
    /// Decides where an event that happened at `happened_ms` stands at `now_ms`. It waits no longer than a platform
    /// takes events, which is `max_age_ms` after it happened.
    pub fn standing(
        &self,
        event: &StoredEvent,
        happened_ms: i64,
        now_ms: i64,
        max_age_ms: i64,
    ) -> Trust {
        if !self.names.contains(&event.name)
            || event.copies.iter().any(|copy| copy.kind.is_trusted())
        {
            return Trust::Confirmed;
        }
        let arrived_ms = event
            .copies
            .first()
            .map_or(happened_ms, |copy| copy.received_at_ms);
        let patience_ends = arrived_ms.saturating_add(self.wait_ms);
        let too_old = happened_ms.saturating_add(max_age_ms);
        if now_ms >= patience_ends {
            return Trust::Expired(format!(
                "{UNCONFIRMED}no trusted source told of it within {}",
                span(self.wait_ms)
            ));
        }
        if now_ms > too_old {
            return Trust::Expired(format!(
                "{UNCONFIRMED}no trusted source told of it before it was {} old, the most the platform takes",
                span(max_age_ms)
            ));
        }
        Trust::Waits(patience_ends.min(too_old.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SourceKind, StoredCopy};

    const HOUR: i64 = 3_600_000;

    fn event(name: &str, kinds: &[SourceKind]) -> StoredEvent {
        let copy = |kind: &SourceKind| StoredCopy {
            source: "s".to_owned(),
            kind: *kind,
            received_at_ms: 10 * HOUR,
            header: String::new(),
            event: String::new(),
        };
        StoredEvent {
            seq: 1,
            name: name.to_owned(),
            event_id: "purchase:1".to_owned(),
            at_ms: 9 * HOUR,
            settle_until_ms: 0,
            copies: kinds.iter().map(copy).collect(),
        }
    }

    fn rules() -> Confirmation {
        Confirmation {
            names: BTreeSet::from(["purchase".to_owned()]),
            wait_ms: 48 * HOUR,
        }
    }

    #[test]
    fn only_what_is_named_and_came_from_browsers_alone_waits() {
        use SourceKind::{Browser, Server, Webhook};
        let waits = Trust::Waits(58 * HOUR);
        for (name, kinds, want) in [
            ("purchase", &[Browser][..], &waits),
            ("purchase", &[Browser, Browser], &waits),
            ("purchase", &[Server], &Trust::Confirmed),
            ("purchase", &[Browser, Server], &Trust::Confirmed),
            ("purchase", &[Browser, Webhook], &Trust::Confirmed),
            ("refund", &[Browser], &Trust::Confirmed),
        ] {
            let event = event(name, kinds);
            let got = rules().standing(&event, event.at_ms, 11 * HOUR, 70 * HOUR);
            assert_eq!(got, *want, "{name} {kinds:?}");
        }
        let nothing = Confirmation::default();
        let event = event("purchase", &[Browser]);
        assert_eq!(
            nothing.standing(&event, event.at_ms, 11 * HOUR, 70 * HOUR),
            Trust::Confirmed
        );
    }

    #[test]
    fn the_wait_ends_with_its_time_or_with_the_platforms() {
        let event = event("purchase", &[SourceKind::Browser]);
        let at = |now, max_age| rules().standing(&event, event.at_ms, now, max_age);
        assert_eq!(at(58 * HOUR - 1, 70 * HOUR), Trust::Waits(58 * HOUR));
        assert_eq!(
            at(58 * HOUR, 70 * HOUR),
            Trust::Expired("unconfirmed: no trusted source told of it within 48 h".to_owned())
        );
        // Happened at 9 h, the platform takes it for 20 h: waiting longer is no use.
        assert_eq!(at(29 * HOUR, 20 * HOUR), Trust::Waits(29 * HOUR + 1));
        assert_eq!(
            at(29 * HOUR + 1, 20 * HOUR),
            Trust::Expired(
                "unconfirmed: no trusted source told of it before it was 20 h old, the most the platform takes"
                    .to_owned()
            )
        );
    }
}
