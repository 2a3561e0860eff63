//! Where the visitor is, where they were, and how they got here.

use firsthand_core::text::fields;
use firsthand_core::touchpoint::{arrival, clean_url, fbc, subdomain_index};
use firsthand_core::wire::json::Object;

use crate::config::Config;
use crate::host::{self, Fact};
use crate::storage::segment::{Part, Segment};

/// The page shown now.
#[derive(Default)]
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
        let end = href.bytes().position(|b| matches!(b, b'?' | b'#'));
        let path = href.get(..end.unwrap_or(href.len())).unwrap_or_default();
        let before = std::mem::replace(&mut self.url, clean_url(href));
        let is_other = path != self.path;
        if is_other {
            self.referrer = if self.is_known() {
                before
            } else {
                clean_url(referrer)
            };
            path.clone_into(&mut self.path);
        }
        is_other
    }

    /// Whether a first page was seen.
    pub(crate) fn is_known(&self) -> bool {
        !self.path.is_empty()
    }
}

/// An arrival in the form in which a segment keeps it.
pub(crate) struct Arrival {
    /// Address, referrer and labels: a JSON object without its closing brace.
    pub(crate) text: String,
    /// Click ids, likewise; empty when there are none.
    pub(crate) clicks: String,
    /// Meta's click id, where one came with it.
    pub(crate) fbc: String,
    /// It is by a campaign (a label or a click id), not only by a link.
    pub(crate) is_campaign: bool,
}

/// Returns the arrival that an address shows, unless it is the one remembered last (a reload).
pub(crate) fn new_arrival(
    config: &Config,
    segment: &Segment,
    href: &str,
    referrer: &str,
    now_ms: i64,
) -> Option<Arrival> {
    let own: Vec<&str> = fields(&config.own_hosts, b',').collect();
    let touch = arrival(href, referrer, &own, now_ms)?;
    let mut seen = Arrival {
        text: String::new(),
        clicks: String::new(),
        fbc: String::new(),
        is_campaign: !touch.utm.is_empty() || !touch.click.is_empty(),
    };
    let mut object = Object::begin(&mut seen.text);
    object.text("url", &touch.url);
    object.text("ref", &touch.referrer);
    write_labels(object.key("utm"), &touch.utm);
    seen.text.push('}');
    if !touch.click.is_empty() {
        write_labels(&mut seen.clicks, &touch.click);
    }
    for (name, value) in &touch.click {
        if *name == "fbclid" {
            let index = subdomain_index(&host::fact(Fact::Hostname));
            seen.fbc = fbc(index, now_ms, value).unwrap_or_default();
        }
    }
    let is_reload = seen.text == segment.get(Part::Last)
        && seen.clicks == segment.get(Part::LastClicks)
        && now_ms - segment.at_ms(Part::LastAt) < config.session_timeout_ms;
    (!is_reload).then_some(seen)
}

/// Writes an object without its closing brace.
#[inline(never)]
fn write_labels(out: &mut String, labels: &[(&'static str, String)]) {
    let mut object = Object::begin(out);
    for (label, value) in labels {
        object.text(label, value);
    }
}
