//! One event out of its copies.
//!
//! | what | whose word counts |
//! |---|---|
//! | time | a server's before a browser's |
//! | currency, value, tax, shipping | one copy's together, a server's before a browser's: an amount never meets another copy's currency |
//! | transaction id, refund id, coupon, search term, items, other parameters | a server's first; what it does not say, the browser's |
//! | digests, platform ids | all, a server's first |
//! | page, session, touchpoints, address, user agent, language | a browser's first; a server's only where no browser spoke |
//! | consent | the browser's choice where there is one (the latest), else a server's; a purpose denied in any copy is denied; GPC in any copy counts |
//!
//! Pure. Which copy arrived first does not matter: copies are put in an order of their own. A copy that
//! cannot be read makes the whole event unreadable, because it may hold the denial.

use firsthand_core::consent::{Choice, Framework, Regime};
use firsthand_core::event::Props;
use firsthand_core::wire::{
    ConsentEvidence, Context, Event, Header, Page, Touch, User, decode_event, decode_header,
};

use super::lineage::Lineage;
use crate::store::{Seq, SourceKind, StoredCopy, StoredEvent};

/// What all copies of one event say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged<'e> {
    /// Position in the log.
    pub seq: Seq,
    /// Canonical name.
    pub name: &'e str,
    /// The id of every copy.
    pub event_id: &'e str,
    /// When it happened, in epoch milliseconds.
    pub at_ms: i64,
    /// Start of its session in epoch milliseconds.
    pub session: Option<i64>,
    /// Parameters.
    pub props: Props,
    /// Where it happened.
    pub page: Page<'e>,
    /// Who: pseudonyms and digests; clear values only where a destination was configured to want them.
    pub user: User<'e>,
    /// The visitor's address, user agent, language.
    pub context: Context<'e>,
    /// First arrival.
    pub first_touch: Option<Touch<'e>>,
    /// Latest arrival.
    pub last_touch: Option<Touch<'e>>,
    /// Consent as evidence.
    pub consent: ConsentEvidence<'e>,
}

/// A stored copy that cannot be read. Says nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored copy of the event cannot be read")]
pub struct Unreadable;

struct Copy<'e> {
    /// Its place among the stored copies.
    place: usize,
    kind: SourceKind,
    header: Header<'e>,
    event: Event<'e>,
    props: Props,
}

/// Merges the copies of an event.
pub fn merge(stored: &StoredEvent) -> Result<Merged<'_>, Unreadable> {
    merge_noting(stored, &mut Lineage::default())
}

/// Tells what each copy gives to the merged event.
pub fn lineage(stored: &StoredEvent) -> Result<Lineage, Unreadable> {
    let mut lineage = Lineage::of(stored.copies.len());
    merge_noting(stored, &mut lineage)?;
    Ok(lineage)
}

fn merge_noting<'e>(
    stored: &'e StoredEvent,
    lineage: &mut Lineage,
) -> Result<Merged<'e>, Unreadable> {
    let by_trust = in_order_of_trust(stored)
        .into_iter()
        .map(|(place, copy)| read(place, copy))
        .collect::<Result<Vec<_>, _>>()?;
    if by_trust.is_empty() {
        return Err(Unreadable);
    }
    // What only the visitor's own device knows: browsers first.
    let mut by_closeness: Vec<&Copy<'_>> = by_trust.iter().collect();
    by_closeness.sort_by_key(|copy| copy.kind.is_trusted());

    let first = |fact: &str, lineage: &mut Lineage, speaks: &dyn Fn(&Copy<'e>) -> bool| {
        let copy = by_closeness.iter().copied().find(|copy| speaks(copy))?;
        lineage.note(copy.place, fact);
        Some(copy)
    };
    if let Some(copy) = by_trust.first() {
        lineage.note(copy.place, "time");
    }
    Ok(Merged {
        seq: stored.seq,
        name: &stored.name,
        event_id: &stored.event_id,
        at_ms: match by_trust.as_slice() {
            [first, _, ..] => first.event.at,
            // The log keeps the time of an only copy.
            _ => stored.at_ms,
        },
        session: first("session", lineage, &|copy| copy.event.session.is_some())
            .and_then(|copy| copy.event.session),
        props: facts(&by_trust, lineage),
        page: first("page", lineage, &|copy| copy.event.page.url.is_some())
            .map(|copy| copy.event.page.clone())
            .unwrap_or_default(),
        user: who(&by_trust, &by_closeness, lineage),
        context: device(&by_closeness, lineage),
        first_touch: first("first arrival", lineage, &|copy| {
            copy.header.first_touch.is_some()
        })
        .and_then(|copy| copy.header.first_touch.clone()),
        last_touch: first("last arrival", lineage, &|copy| {
            copy.header.last_touch.is_some()
        })
        .and_then(|copy| copy.header.last_touch.clone()),
        consent: evidence(&by_trust, lineage),
    })
}

/// Returns the copies with the trusted ones first, in an order that does not depend on their arrival.
/// Each comes with its place among the stored ones.
fn in_order_of_trust(stored: &StoredEvent) -> Vec<(usize, &StoredCopy)> {
    let mut ordered: Vec<(usize, &StoredCopy)> = stored.copies.iter().enumerate().collect();
    ordered.sort_by_key(|(_, copy)| {
        (
            !copy.kind.is_trusted(),
            &copy.source,
            &copy.event,
            &copy.header,
        )
    });
    ordered
}

/// Returns when the event happened by the copy whose word counts, in epoch milliseconds: a browser cannot make an
/// order too old to be sent.
pub fn happened_at_ms(stored: &StoredEvent) -> i64 {
    if stored.copies.len() < 2 {
        return stored.at_ms;
    }
    in_order_of_trust(stored)
        .first()
        .and_then(|(_, copy)| decode_event(&copy.event).ok())
        .map_or(stored.at_ms, |event| event.at)
}

fn read(place: usize, copy: &StoredCopy) -> Result<Copy<'_>, Unreadable> {
    let event = decode_event(&copy.event).map_err(|_| Unreadable)?;
    let props = if matches!(event.props.trim(), "" | "null") {
        Props::default()
    } else {
        Props::parse(&event.props).map_err(|_| Unreadable)?
    };
    Ok(Copy {
        place,
        kind: copy.kind,
        header: decode_header(&copy.header).map_err(|_| Unreadable)?,
        event,
        props,
    })
}

/// Commercial facts: the first copy that speaks wins.
fn facts(by_trust: &[Copy<'_>], lineage: &mut Lineage) -> Props {
    let money = by_trust
        .iter()
        .find(|copy| copy.props.value.is_some() && copy.props.currency.is_some())
        .or_else(|| by_trust.iter().find(|copy| copy.props.value.is_some()))
        .or_else(|| by_trust.iter().find(|copy| copy.props.currency.is_some()));
    let speaker = money
        .filter(|copy| copy.props.currency.is_some())
        .or_else(|| by_trust.iter().find(|copy| copy.props.currency.is_some()));
    if let Some(copy) = money.filter(|copy| copy.props.value.is_some()) {
        lineage.note(copy.place, "value");
    }
    if let Some(copy) = speaker {
        lineage.note(copy.place, "currency");
    }
    let currency = speaker.and_then(|copy| copy.props.currency);
    let mut facts = Props {
        currency,
        value: money.and_then(|copy| copy.props.value),
        ..Props::default()
    };
    for copy in by_trust {
        let props = &copy.props;
        let is_same_currency =
            props.currency.is_none() || currency.is_none() || props.currency == currency;
        let mut fill = Filling {
            copy: copy.place,
            lineage,
        };
        if is_same_currency {
            fill.slot("tax", &mut facts.tax, props.tax.as_ref());
            fill.slot("shipping", &mut facts.shipping, props.shipping.as_ref());
        }
        let (id, refund) = (&props.transaction_id, &props.refund_id);
        fill.slot("transaction_id", &mut facts.transaction_id, id.as_ref());
        fill.slot("refund_id", &mut facts.refund_id, refund.as_ref());
        fill.slot("coupon", &mut facts.coupon, props.coupon.as_ref());
        let term = props.search_term.as_ref();
        fill.slot("search_term", &mut facts.search_term, term);
        if facts.items.is_empty() && !props.items.is_empty() {
            lineage.note(copy.place, "items");
            facts.items.clone_from(&props.items);
            if !is_same_currency {
                for item in &mut facts.items {
                    item.price = None;
                }
            }
        }
        for (key, value) in &props.other {
            if !facts.other.contains_key(key) {
                lineage.note(copy.place, key);
                facts.other.insert(key.clone(), value.clone());
            }
        }
    }
    facts
}

/// Fills what is still empty with what one copy says.
struct Filling<'l> {
    copy: usize,
    lineage: &'l mut Lineage,
}

impl Filling<'_> {
    fn slot<T: Clone>(&mut self, fact: &str, slot: &mut Option<T>, value: Option<&T>) {
        if slot.is_none()
            && let Some(value) = value
        {
            *slot = Some(value.clone());
            self.lineage.note(self.copy, fact);
        }
    }
}

fn who<'e>(by_trust: &[Copy<'e>], by_closeness: &[&Copy<'e>], lineage: &mut Lineage) -> User<'e> {
    let mut user = User::default();
    for copy in by_trust {
        for digest in &copy.header.user.digests {
            if is_digest(&digest.1) && !user.digests.contains(digest) {
                user.digests.push(digest.clone());
                lineage.note(copy.place, digest.0.as_str());
            }
        }
        let mut fill = Filling {
            copy: copy.place,
            lineage,
        };
        let id = copy.header.user.user_id.as_ref();
        fill.slot("user_id", &mut user.user_id, id);
        if copy.kind.is_trusted() {
            for (key, value) in &copy.header.user.kept {
                if user.kept(*key).is_none() {
                    user.kept.push((*key, value.clone()));
                    lineage.note(copy.place, key.as_str());
                }
            }
        }
    }
    for copy in by_closeness {
        let mut fill = Filling {
            copy: copy.place,
            lineage,
        };
        let id = copy.header.user.anonymous_id.as_ref();
        fill.slot("anonymous_id", &mut user.anonymous_id, id);
        for (key, value) in &copy.header.user.browser {
            if user.browser_id(*key).is_none() {
                user.browser.push((*key, value.clone()));
                lineage.note(copy.place, key.as_str());
            }
        }
    }
    user.digests.sort_by_key(|(key, _)| *key as u8);
    user.browser.sort_by_key(|(key, _)| *key as u8);
    user
}

/// Whether a text is a SHA-256 digest. Whatever else stands in a digest's place goes nowhere.
fn is_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Address and user agent come from one copy, so that they are one device's.
fn device<'e>(by_closeness: &[&Copy<'e>], lineage: &mut Lineage) -> Context<'e> {
    let mut context = Context::default();
    let is_device =
        |copy: &&&Copy<'e>| copy.header.context.ip.is_some() || copy.header.context.ua.is_some();
    let device = by_closeness.iter().find(is_device);
    if let Some(copy) = device {
        let said = &copy.header.context;
        let mut fill = Filling {
            copy: copy.place,
            lineage,
        };
        fill.slot("ip", &mut context.ip, said.ip.as_ref());
        fill.slot("ua", &mut context.ua, said.ua.as_ref());
    }
    for copy in by_closeness {
        let said = &copy.header.context;
        let mut fill = Filling {
            copy: copy.place,
            lineage,
        };
        fill.slot("lang", &mut context.lang, said.lang.as_ref());
        fill.slot("tz", &mut context.tz, said.tz.as_ref());
        fill.slot("screen", &mut context.screen, said.screen.as_ref());
    }
    context
}

fn evidence<'e>(copies: &[Copy<'e>], lineage: &mut Lineage) -> ConsentEvidence<'e> {
    let by_trust = |is_trusted: bool| {
        copies
            .iter()
            .filter(move |copy| copy.kind.is_trusted() == is_trusted)
    };
    // The browser's word where it spoke.
    let speaker = by_trust(false).next().is_none();
    let latest = |is_trusted| {
        by_trust(is_trusted)
            .filter_map(|copy| Some((copy, copy.header.consent.choice?)))
            .max_by_key(|(_, choice)| (choice.at_ms, denials(choice)))
    };
    let spoken = latest(speaker).or_else(|| latest(true));
    if let Some((copy, _)) = spoken {
        lineage.note(copy.place, "consent");
    }
    let mut choice = spoken.map(|(_, choice)| choice);
    for copy in copies {
        let Some(theirs) = copy.header.consent.choice else {
            continue;
        };
        for (index, answer) in theirs.answers.iter().enumerate() {
            if *answer == Some(false)
                && let Some(slot) = choice.as_mut().and_then(|c| c.answers.get_mut(index))
                && slot.replace(false) != Some(false)
            {
                lineage.note(copy.place, "a denial");
            }
        }
    }
    ConsentEvidence {
        regime: by_trust(speaker)
            .map(|copy| copy.header.consent.regime)
            .fold(Regime::None, Regime::stricter),
        choice,
        basis: spoken.and_then(|(copy, _)| copy.header.consent.basis.clone()),
        framework: framework(copies),
        age: copies
            .iter()
            .map(|copy| copy.header.consent.age)
            .min()
            .unwrap_or_default(),
        gpc: copies.iter().any(|copy| copy.header.consent.gpc),
        is_gpc_required: by_trust(speaker).any(|copy| copy.header.consent.is_gpc_required),
    }
}

/// The latest answers of a framework, and every no that one gave.
fn framework(copies: &[Copy<'_>]) -> Option<Framework> {
    let said = || {
        copies
            .iter()
            .filter_map(|copy| copy.header.consent.framework)
    };
    let mut latest = said().max_by_key(|framework| framework.at_ms)?;
    for theirs in said() {
        for (slot, answer) in latest.answers.iter_mut().zip(theirs.answers) {
            if answer == Some(false) {
                *slot = answer;
            }
        }
    }
    Some(latest)
}

fn denials(choice: &Choice) -> usize {
    choice
        .answers
        .iter()
        .filter(|answer| **answer == Some(false))
        .count()
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
