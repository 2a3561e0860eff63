//! One event out of its copies.
//!
//! | what | whose word counts |
//! |---|---|
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
    BrowserKey, ConsentEvidence, Context, DigestKey, Event, Header, Page, Touch, User,
    decode_event, decode_header,
};

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
    /// Who: pseudonyms and digests, no clear values.
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
    kind: SourceKind,
    header: Header<'e>,
    event: Event<'e>,
    props: Props,
}

/// Merges the copies of an event.
pub fn merge(stored: &StoredEvent) -> Result<Merged<'_>, Unreadable> {
    let mut ordered: Vec<&StoredCopy> = stored.copies.iter().collect();
    ordered.sort_by_key(|copy| {
        (
            !copy.kind.is_trusted(),
            &copy.source,
            &copy.event,
            &copy.header,
        )
    });
    let by_trust = ordered
        .into_iter()
        .map(read)
        .collect::<Result<Vec<_>, _>>()?;
    if by_trust.is_empty() {
        return Err(Unreadable);
    }
    // What only the visitor's own device knows: browsers first.
    let mut by_closeness: Vec<&Copy<'_>> = by_trust.iter().collect();
    by_closeness.sort_by_key(|copy| copy.kind.is_trusted());

    let page = by_closeness
        .iter()
        .find(|copy| copy.event.page.url.is_some())
        .map(|copy| copy.event.page.clone())
        .unwrap_or_default();
    Ok(Merged {
        seq: stored.seq,
        name: &stored.name,
        event_id: &stored.event_id,
        at_ms: stored.at_ms,
        session: by_closeness.iter().find_map(|copy| copy.event.session),
        props: facts(&by_trust),
        page,
        user: who(&by_trust, &by_closeness),
        context: device(&by_closeness),
        first_touch: by_closeness
            .iter()
            .find_map(|copy| copy.header.first_touch.clone()),
        last_touch: by_closeness
            .iter()
            .find_map(|copy| copy.header.last_touch.clone()),
        consent: evidence(&by_trust),
    })
}

fn read(copy: &StoredCopy) -> Result<Copy<'_>, Unreadable> {
    let event = decode_event(&copy.event).map_err(|_| Unreadable)?;
    let props = if matches!(event.props.trim(), "" | "null") {
        Props::default()
    } else {
        Props::parse(&event.props).map_err(|_| Unreadable)?
    };
    Ok(Copy {
        kind: copy.kind,
        header: decode_header(&copy.header).map_err(|_| Unreadable)?,
        event,
        props,
    })
}

/// Commercial facts: the first copy that speaks wins.
fn facts(by_trust: &[Copy<'_>]) -> Props {
    let money = by_trust
        .iter()
        .find(|copy| copy.props.value.is_some() && copy.props.currency.is_some())
        .or_else(|| by_trust.iter().find(|copy| copy.props.value.is_some()))
        .or_else(|| by_trust.iter().find(|copy| copy.props.currency.is_some()));
    let currency = money
        .and_then(|copy| copy.props.currency)
        .or_else(|| by_trust.iter().find_map(|copy| copy.props.currency));
    let same_currency = |copy: &&Copy<'_>| {
        copy.props.currency.is_none() || currency.is_none() || copy.props.currency == currency
    };
    let mut facts = Props {
        currency,
        value: money.and_then(|copy| copy.props.value),
        ..Props::default()
    };
    for copy in by_trust {
        let props = &copy.props;
        if same_currency(&copy) {
            facts.tax = facts.tax.or(props.tax);
            facts.shipping = facts.shipping.or(props.shipping);
        }
        if facts.items.is_empty() {
            facts.items.clone_from(&props.items);
            if !same_currency(&copy) {
                for item in &mut facts.items {
                    item.price = None;
                }
            }
        }
        fill(&mut facts.transaction_id, props.transaction_id.as_ref());
        fill(&mut facts.refund_id, props.refund_id.as_ref());
        fill(&mut facts.coupon, props.coupon.as_ref());
        fill(&mut facts.search_term, props.search_term.as_ref());
        for (key, value) in &props.other {
            facts
                .other
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
    }
    facts
}

fn fill<T: Clone>(slot: &mut Option<T>, value: Option<&T>) {
    if slot.is_none() {
        *slot = value.cloned();
    }
}

fn who<'e>(by_trust: &[Copy<'e>], by_closeness: &[&Copy<'e>]) -> User<'e> {
    let mut user = User::default();
    for copy in by_trust {
        for digest in &copy.header.user.digests {
            if is_digest(&digest.1) && !user.digests.contains(digest) {
                user.digests.push(digest.clone());
            }
        }
        if user.user_id.is_none() {
            user.user_id.clone_from(&copy.header.user.user_id);
        }
    }
    for copy in by_closeness {
        if user.anonymous_id.is_none() {
            user.anonymous_id.clone_from(&copy.header.user.anonymous_id);
        }
        for (key, value) in &copy.header.user.browser {
            if user.browser_id(*key).is_none() {
                user.browser.push((*key, value.clone()));
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
fn device<'e>(by_closeness: &[&Copy<'e>]) -> Context<'e> {
    let mut context = Context::default();
    if let Some(copy) = by_closeness
        .iter()
        .find(|copy| copy.header.context.ip.is_some() || copy.header.context.ua.is_some())
    {
        context.ip.clone_from(&copy.header.context.ip);
        context.ua.clone_from(&copy.header.context.ua);
    }
    for copy in by_closeness {
        fill(&mut context.lang, copy.header.context.lang.as_ref());
        fill(&mut context.tz, copy.header.context.tz.as_ref());
        fill(&mut context.screen, copy.header.context.screen.as_ref());
    }
    context
}

fn evidence<'e>(copies: &[Copy<'e>]) -> ConsentEvidence<'e> {
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
    let mut choice = spoken.map(|(_, choice)| choice);
    for copy in copies {
        let Some(theirs) = copy.header.consent.choice else {
            continue;
        };
        for (index, answer) in theirs.answers.iter().enumerate() {
            if *answer == Some(false)
                && let Some(slot) = choice.as_mut().and_then(|c| c.answers.get_mut(index))
            {
                *slot = Some(false);
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

impl Merged<'_> {
    /// Returns a click id: that of the latest arrival, else of the first, with the time it was seen; else
    /// Google's own of a cookie, with the time of the event.
    pub fn click_id(&self, parameter: &str) -> Option<(&str, i64)> {
        [&self.last_touch, &self.first_touch]
            .into_iter()
            .flatten()
            .find_map(|touch| Some((touch.click_id(parameter)?, touch.at)))
            .or_else(|| {
                let key = BrowserKey::parse(parameter)
                    .filter(|key| matches!(key, BrowserKey::Gclid | BrowserKey::Wbraid))?;
                Some((self.user.browser_id(key)?, self.at_ms))
            })
    }

    /// Returns the digests of a kind.
    pub fn digests(&self, key: DigestKey) -> Vec<&str> {
        self.user.digests_of(key).collect()
    }

    /// Returns the digests of the first of these kinds that has any.
    pub fn first_digests(&self, keys: [DigestKey; 2]) -> Vec<&str> {
        keys.into_iter()
            .map(|key| self.digests(key))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// Returns a platform identifier of the browser.
    pub fn browser_id(&self, key: BrowserKey) -> Option<&str> {
        self.user.browser_id(key)
    }

    /// Returns the visitor's address, if it is one.
    pub fn ip(&self) -> Option<&str> {
        self.context
            .ip
            .as_deref()
            .filter(|ip| ip.parse::<std::net::IpAddr>().is_ok())
    }

    /// Returns the user agent, if there is one.
    pub fn user_agent(&self) -> Option<&str> {
        self.context
            .ua
            .as_deref()
            .map(str::trim)
            .filter(|ua| !ua.is_empty())
    }

    /// Returns the page's address, if it is a web address.
    pub fn page_url(&self) -> Option<&str> {
        self.page.url.as_deref().filter(|url| is_web(url))
    }

    /// Returns the page before, if it is a web address.
    pub fn referrer(&self) -> Option<&str> {
        self.page.referrer.as_deref().filter(|url| is_web(url))
    }
}

fn is_web(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && !url.contains(char::is_whitespace)
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
