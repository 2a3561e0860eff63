//! Arrivals worth remembering, and the first and last of them.

use super::click::{campaign_label, stored_parameter};
use super::fbc::MAX_FBCLID_BYTES;
use super::hosts::{is_own, is_payment};
use super::redact::{REDACTED, cap, holds_email, percent_decode};
use super::stored_url::{with_labels, without_query};
use super::url::{name_and_value, split};
use crate::text::{fields, is_visible};

/// Longest click id or campaign label that is kept, in bytes. A longer click id is dropped (a part of it is worth nothing), a label is cut.
const MAX_VALUE_BYTES: usize = 512;
const DAY_MS: i64 = 86_400_000;

/// One arrival with a campaign, a click id or a foreign referrer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touch {
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// Page address: origin, path and campaign labels.
    pub url: String,
    /// Origin and path of a foreign referrer, else empty.
    pub referrer: String,
    /// Campaign labels without their `utm_`, decoded.
    pub utm: Vec<(&'static str, String)>,
    /// Click ids by their canonical parameter name, decoded, case kept.
    pub click: Vec<(&'static str, String)>,
}

/// Reads an arrival off a page's address and referrer; nothing when it has neither campaign, click id nor foreign referrer.
///
/// `own_hosts` are the shop's hosts (those below them count too; the page's own host always does). A return from a payment provider is
/// never an arrival, whatever its address carries.
pub fn arrival(page_url: &str, referrer: &str, own_hosts: &[&str], now_ms: i64) -> Option<Touch> {
    let page = split(page_url)?;
    let mut touch = Touch {
        at_ms: now_ms,
        ..Touch::default()
    };
    if let Some(from) = split(referrer)
        && !is_own(&from.host, &page.host, own_hosts)
    {
        if is_payment(&from.host) {
            return None;
        }
        touch.referrer = without_query(&from);
    }
    for pair in fields(page.query, b'&') {
        let (name, raw) = name_and_value(pair);
        if let Some(label) = campaign_label(name) {
            remember(&mut touch.utm, label, label_value(raw));
        } else if let Some(id) = stored_parameter(name) {
            remember(&mut touch.click, id, click_value(id, raw));
        }
    }
    if touch.referrer.is_empty() && touch.utm.is_empty() && touch.click.is_empty() {
        return None;
    }
    touch.url = with_labels(&page);
    Some(touch)
}

/// The first value of a name wins, as in the address bar's reading order.
fn remember(list: &mut Vec<(&'static str, String)>, name: &'static str, value: Option<String>) {
    if let Some(value) = value
        && !list.iter().any(|(known, _)| *known == name)
    {
        list.push((name, value));
    }
}

fn label_value(raw: &str) -> Option<String> {
    let decoded = percent_decode(raw, true)?;
    let text = decoded.trim_ascii();
    if text.is_empty() {
        return None;
    }
    if holds_email(text) || holds_email(raw) {
        return Some(REDACTED.to_owned());
    }
    Some(cap(text, MAX_VALUE_BYTES).to_owned())
}

/// Click ids are visible ASCII. A plus is a plus: no click id holds a space.
fn click_value(name: &str, raw: &str) -> Option<String> {
    let max = if name == "fbclid" {
        MAX_FBCLID_BYTES
    } else {
        MAX_VALUE_BYTES
    };
    let value = percent_decode(raw, false)?;
    (value.len() <= max && is_visible(&value) && !holds_email(&value)).then_some(value)
}

/// The first and the last arrival of a visitor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FirstLast {
    /// Stays until it expires.
    pub first: Option<Touch>,
    /// Replaced by every arrival.
    pub last: Option<Touch>,
}

impl FirstLast {
    /// Takes in a new arrival; what is older than `keep_days` at that time is forgotten first.
    pub fn record(&mut self, touch: Touch, keep_days: u16) {
        self.expire(touch.at_ms, keep_days);
        if self.first.is_none() {
            self.first = Some(touch.clone());
        }
        self.last = Some(touch);
    }

    /// Forgets arrivals older than `keep_days`. When only the first is too old, the last takes its place.
    pub fn expire(&mut self, now_ms: i64, keep_days: u16) {
        let oldest = now_ms.saturating_sub(i64::from(keep_days) * DAY_MS);
        let is_old = |touch: &Option<Touch>| touch.as_ref().is_some_and(|t| t.at_ms < oldest);
        if is_old(&self.last) {
            self.last = None;
        }
        if is_old(&self.first) {
            self.first = self.last.clone();
        }
    }
}
