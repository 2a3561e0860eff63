//! The header of a batch: context, consent, user and touch, as far as the visitor allows.

use std::borrow::Cow;

use firsthand_core::consent::{Purpose, Verdict};
use firsthand_core::touchpoint::cookies::Cookies;
use firsthand_core::touchpoint::{FirstLast, Touch, fbc, subdomain_index};
use firsthand_core::wire::{self, BrowserKey, ConsentEvidence, Context, Header, User};

use crate::host;
use crate::storage::segment::Segment;

/// Name and version of the sender.
const SDK: &str = concat!("web/", env!("CARGO_PKG_VERSION"));

/// Builds the header of a batch of `segment`. Match keys go in only where marketing *and* sharing are allowed.
pub(crate) fn header<'a>(
    segment: &'a Segment,
    verdict: &Verdict,
    consent: ConsentEvidence<'a>,
    dropped: Vec<(Cow<'a, str>, i64)>,
) -> Header<'a> {
    let with_match_keys = verdict.allows_match_keys();
    Header {
        context: context(dropped),
        consent,
        user: user(segment, verdict),
        first_touch: segment
            .touches
            .first
            .as_ref()
            .map(|t| arrival(t, with_match_keys)),
        last_touch: segment
            .touches
            .last
            .as_ref()
            .map(|t| arrival(t, with_match_keys)),
    }
}

fn context(dropped: Vec<(Cow<'_, str>, i64)>) -> Context<'_> {
    let facts = host::context();
    let mut facts = facts.split('\n');
    let mut next = || {
        facts
            .next()
            .filter(|text| !text.is_empty())
            .map(|text| Cow::Owned(text.to_owned()))
    };
    Context {
        lang: next(),
        tz: next(),
        screen: next(),
        sdk: Some(Cow::Borrowed(SDK)),
        bot: next()
            .iter()
            .flat_map(|reasons| reasons.split(','))
            .map(|reason| Cow::Owned(reason.to_owned()))
            .collect(),
        dropped,
        ip: None,
        ua: None,
    }
}

fn user<'a>(segment: &'a Segment, verdict: &Verdict) -> User<'a> {
    let text = |value: &'a str| (!value.is_empty()).then_some(Cow::Borrowed(value));
    let mut user = User {
        anonymous_id: text(&segment.anonymous_id),
        user_id: text(&segment.user_id),
        ..User::default()
    };
    let cookies = host::cookies();
    let cookies = Cookies::new(&cookies);
    let mut add = |key, value: Option<String>| {
        if let Some(value) = value {
            user.browser.push((key, Cow::Owned(value)));
        }
    };
    if verdict.allows_match_keys() {
        add(
            BrowserKey::Fbc,
            cookies.fbc().or_else(|| formed_fbc(&segment.touches)),
        );
        add(BrowserKey::Fbp, cookies.fbp());
        add(BrowserKey::Ttclid, cookies.ttclid());
        add(BrowserKey::Ttp, cookies.ttp());
    }
    if verdict.allows(Purpose::Analytics) {
        add(BrowserKey::GaClient, cookies.ga_client());
        add(BrowserKey::GaSession, cookies.ga_session(None));
    }
    if verdict.allows_match_keys() {
        user.digests = segment
            .digests
            .iter()
            .map(|(key, digest)| (*key, Cow::Borrowed(digest.as_str())))
            .collect();
    }
    user
}

/// Forms Meta's click id from the latest `fbclid` seen, where Meta's own cookie is missing. It is not written as a cookie.
fn formed_fbc(touches: &FirstLast) -> Option<String> {
    let (at_ms, fbclid) = [&touches.last, &touches.first]
        .into_iter()
        .flatten()
        .find_map(|touch| {
            let (_, id) = touch.click.iter().find(|(name, _)| *name == "fbclid")?;
            Some((touch.at_ms, id))
        })?;
    fbc(subdomain_index(&host::hostname()), at_ms, fbclid)
}

fn arrival(touch: &Touch, with_match_keys: bool) -> wire::Touch<'_> {
    fn pairs<'t>(list: &'t [(&'static str, String)]) -> Vec<(Cow<'t, str>, Cow<'t, str>)> {
        list.iter()
            .map(|(name, value)| (Cow::Borrowed(*name), Cow::Borrowed(value.as_str())))
            .collect()
    }
    wire::Touch {
        at: touch.at_ms,
        url: Cow::Borrowed(&touch.url),
        referrer: Cow::Borrowed(&touch.referrer),
        utm: pairs(&touch.utm),
        click: if with_match_keys {
            pairs(&touch.click)
        } else {
            Vec::new()
        },
    }
}
