//! Where the visitor is, where they were, and how they got here.

use firsthand_core::touchpoint::{FirstLast, Touch, arrival, clean_url};

use crate::config::Config;

/// How long an arrival is remembered, in days.
const TOUCH_DAYS: u16 = 90;

/// The page shown now.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Address as it may be stored.
    pub(crate) url: String,
    /// Page before, as it may be stored.
    pub(crate) referrer: String,
    /// Origin and path: what makes a page another page.
    path: String,
}

impl Place {
    /// Goes to `href`; returns whether that is another page. The page before a page of ours is ours.
    pub(crate) fn go(&mut self, href: &str, referrer: &str) -> bool {
        let path = href.split(['?', '#']).next().unwrap_or_default();
        if path == self.path {
            self.url = clean_url(href);
            return false;
        }
        self.referrer = if self.path.is_empty() {
            clean_url(referrer)
        } else {
            std::mem::take(&mut self.url)
        };
        self.url = clean_url(href);
        path.clone_into(&mut self.path);
        true
    }

    /// Whether a first page was seen.
    pub(crate) fn is_known(&self) -> bool {
        !self.path.is_empty()
    }
}

/// Returns the arrival that an address shows, unless it is the one remembered last (a reload).
pub(crate) fn new_arrival(
    config: &Config,
    touches: &FirstLast,
    href: &str,
    referrer: &str,
    now_ms: i64,
) -> Option<Touch> {
    let own: Vec<&str> = config.own_hosts.iter().map(String::as_str).collect();
    let touch = arrival(href, referrer, &own, now_ms)?;
    let is_reload = touches.last.as_ref().is_some_and(|last| {
        last.url == touch.url
            && last.referrer == touch.referrer
            && last.click == touch.click
            && now_ms.saturating_sub(last.at_ms) < config.session_timeout_ms
    });
    (!is_reload).then_some(touch)
}

/// Remembers an arrival.
pub(crate) fn record(touches: &mut FirstLast, touch: Touch) {
    touches.record(touch, TOUCH_DAYS);
}

/// Whether an arrival is by a campaign (a label or a click id), not only by a link.
pub(crate) fn is_campaign(touch: &Touch) -> bool {
    !touch.utm.is_empty() || !touch.click.is_empty()
}
