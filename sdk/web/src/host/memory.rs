//! A browser in memory, for the fuzz targets: the functions of `host.js`, with a storage that anybody may edit. Built for them only
//! (`--cfg fuzzing`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Fact;

/// What the module has asked for and been given.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    /// What the origin keeps.
    pub(crate) storage: BTreeMap<String, String>,
    /// What stays in the page.
    pub(crate) page: BTreeMap<String, String>,
    /// The time, in epoch milliseconds.
    pub(crate) now_ms: f64,
    /// Global Privacy Control.
    pub(crate) gpc: bool,
    /// Bodies of requests and beacons that nobody has looked at.
    pub(crate) bodies: Vec<String>,
    /// A request is under way.
    pub(crate) is_sending: bool,
    /// The right to send was asked for.
    pub(crate) is_locking: bool,
    /// The shop wants nothing kept but the choice.
    pub(crate) is_memory_only: bool,
    /// The choice that the module has read.
    pub(crate) choice: String,
    /// The random number that was drawn last.
    pub(crate) drawn: u32,
}

thread_local! {
    static BROWSER: RefCell<Browser> = RefCell::default();
}

/// Works with the browser of this thread.
pub(crate) fn with<T>(work: impl FnOnce(&mut Browser) -> T) -> T {
    BROWSER.with_borrow_mut(work)
}

impl Browser {
    fn keeps(&self, key: &str) -> bool {
        !self.is_memory_only || key == crate::storage::CHOICE
    }

    fn get(&self, key: &str) -> String {
        let kept = || self.storage.get(key).filter(|_| self.keeps(key));
        let text = self.page.get(key).filter(|text| !text.is_empty());
        text.or_else(kept).cloned().unwrap_or_default()
    }
}

pub(crate) fn begin(_version: &str, memory_only: bool, _debug: bool) {
    with(|browser| {
        browser.is_memory_only = memory_only;
        browser.page.clear();
        browser.choice.clear();
    });
}

pub(super) fn now() -> f64 {
    with(|browser| browser.now_ms)
}

pub(super) fn random() -> u32 {
    with(|browser| {
        browser.drawn = browser.drawn.wrapping_mul(1_664_525).wrapping_add(1);
        browser.drawn
    })
}

pub(crate) fn is_choice_new() -> bool {
    with(|browser| {
        let stored = browser.get(crate::storage::CHOICE);
        let known = std::mem::replace(&mut browser.choice, stored);
        known != browser.choice
    })
}

pub(super) fn stored(key: &str) -> String {
    with(|browser| browser.get(key))
}

pub(crate) fn ls_set(key: &str, value: &str) {
    with(|browser| {
        let place = if browser.keeps(key) {
            browser.page.remove(key);
            &mut browser.storage
        } else {
            &mut browser.page
        };
        place.insert(key.to_owned(), value.to_owned());
    });
}

pub(crate) fn ls_del(key: &str) {
    with(|browser| {
        browser.page.remove(key);
        browser.storage.remove(key);
    });
}

pub(super) fn stored_keys(prefix: &str) -> String {
    with(|browser| {
        let kept = browser
            .storage
            .keys()
            .filter(|_| !browser.is_memory_only || prefix == crate::storage::ALL);
        let mut keys: Vec<&str> = kept
            .chain(browser.page.keys())
            .map(String::as_str)
            .filter(|key| key.starts_with(prefix))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys.join("\n")
    })
}

pub(super) fn fact_of(which: u32) -> String {
    let text = if which == Fact::Context as u32 {
        "{\"sdk\":\"web/0\"}"
    } else if which == Fact::Hostname as u32 {
        "shop.example"
    } else {
        "fbp fb.1.1700000000000.123\n\nga_client 1.2"
    };
    text.to_owned()
}

pub(crate) fn gpc() -> bool {
    with(|browser| browser.gpc)
}

pub(crate) const fn dropped(_reason: &str, _events: usize) {}

pub(crate) const fn status(_queued: usize, _held: usize, _stopped: &str) -> String {
    String::new()
}

pub(crate) const fn timer(_at_ms: f64) {}

pub(crate) fn send(_url: &str, body: &str, _events: usize) {
    with(|browser| {
        browser.bodies.push(body.to_owned());
        browser.is_sending = true;
    });
}

pub(crate) const fn abort() {}

pub(crate) fn beacon(_url: &str, body: &str) -> bool {
    with(|browser| browser.bodies.push(body.to_owned()));
    true
}

pub(crate) fn lock() {
    with(|browser| browser.is_locking = true);
}

pub(crate) const fn unlock() {}

pub(crate) const fn changed() {}

pub(crate) const fn idle() {}
