//! The header of a batch: context, consent, user and touch, as far as the visitor allows.
//!
//! Written straight into the body instead of through `wire::Header`: its borrowed lists and their drop code would cost several kilobytes of
//! the module. The form is that of `docs/wire.md`.

use std::borrow::Cow;

use firsthand_core::consent::{Purpose, Verdict};
use firsthand_core::touchpoint::cookies::Cookies;
use firsthand_core::touchpoint::{FirstLast, Touch, fbc, subdomain_index};
use firsthand_core::wire::json::{Object, push_str};
use firsthand_core::wire::{BrowserKey, DigestKey};

use crate::host;
use crate::storage::segment::Segment;

/// Name and version of the sender.
const SDK: &str = concat!("web/", env!("CARGO_PKG_VERSION"));

/// Writes where and how the events were seen.
pub(crate) fn write_context(out: &mut String, dropped: &[(Cow<'static, str>, i64)]) {
    let facts = host::context();
    let mut facts = facts.split('\n');
    let mut object = Object::begin(out);
    for name in ["lang", "tz", "screen"] {
        object.text_opt(name, facts.next().filter(|text| !text.is_empty()));
    }
    object.text("sdk", SDK);
    if let Some(reasons) = facts.next().filter(|text| !text.is_empty()) {
        push_list(object.key("bot"), reasons.split(','));
    }
    if !dropped.is_empty() {
        let mut counts = Object::begin(object.key("dropped"));
        for (reason, count) in dropped {
            counts.int(reason, *count);
        }
        counts.end();
    }
    object.end();
}

/// Writes who sent the events. Match keys go in only where marketing *and* sharing are allowed.
pub(crate) fn write_user(out: &mut String, segment: &Segment, verdict: Verdict) {
    let mut object = Object::begin(out);
    for (name, value) in [
        ("anonymous_id", &segment.anonymous_id),
        ("user_id", &segment.user_id),
    ] {
        if !value.is_empty() {
            object.text(name, value);
        }
    }
    let cookies = host::cookies();
    let cookies = Cookies::new(&cookies);
    let mut add =
        |key: BrowserKey, value: Option<String>| object.text_opt(key.as_str(), value.as_deref());
    if verdict.allows(Purpose::Analytics) {
        add(BrowserKey::GaClient, cookies.ga_client());
        add(BrowserKey::GaSession, cookies.ga_session(None));
    }
    if verdict.allows_match_keys() {
        add(
            BrowserKey::Fbc,
            cookies.fbc().or_else(|| formed_fbc(&segment.touches)),
        );
        add(BrowserKey::Fbp, cookies.fbp());
        add(BrowserKey::Ttclid, cookies.ttclid());
        add(BrowserKey::Ttp, cookies.ttp());
        for (key, digest) in &segment.digests {
            push_list(
                object.key(DigestKey::as_str(*key)),
                std::iter::once(digest.as_str()),
            );
        }
    }
    object.end();
}

/// Writes the first and the last arrival; click ids as match keys.
pub(crate) fn write_touch(out: &mut String, touches: &FirstLast, verdict: Verdict) {
    let mut object = Object::begin(out);
    for (name, touch) in [("first", &touches.first), ("last", &touches.last)] {
        if let Some(touch) = touch {
            write_arrival(object.key(name), touch, verdict.allows_match_keys());
        }
    }
    object.end();
}

fn write_arrival(out: &mut String, touch: &Touch, with_clicks: bool) {
    let mut object = Object::begin(out);
    object.int("at", touch.at_ms);
    object.text("url", &touch.url);
    object.text("ref", &touch.referrer);
    for (name, pairs, is_allowed) in [
        ("utm", &touch.utm, true),
        ("click", &touch.click, with_clicks),
    ] {
        let mut labels = Object::begin(object.key(name));
        for (label, value) in pairs.iter().filter(|_| is_allowed) {
            labels.text(label, value);
        }
        labels.end();
    }
    object.end();
}

fn push_list<'t>(out: &mut String, texts: impl Iterator<Item = &'t str>) {
    let mut separator = '[';
    for text in texts {
        out.push(separator);
        push_str(out, text);
        separator = ',';
    }
    out.push(']');
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
