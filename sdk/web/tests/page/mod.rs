//! A browser's storage and the page around the module, with the test in the place of the surface: it answers for the lock and for the
//! collector, so every step is synchronous.

#![allow(dead_code, reason = "each test program uses some of it")]

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(inline_js = r#"
let sent = [];
const setItem = Storage.prototype.setItem;
export function install() {
  sent = [];
  localStorage.clear();
  Storage.prototype.setItem = setItem;
  globalThis.fetch = (url, options) => (sent.push(options.body), new Promise(() => {}));
  navigator.sendBeacon = (url, body) => (sent.push(body), true);
}
export function fill() {
  Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
}
export function last() { return sent.at(-1) ?? ''; }
export function requests() { return sent.length; }
export function storage() { return JSON.stringify(localStorage); }
export function stored(key) { return localStorage.getItem(key) ?? ''; }
export function now() { return Date.now(); }
"#)]
extern "C" {
    pub(crate) fn install();
    pub(crate) fn fill();
    pub(crate) fn last() -> String;
    pub(crate) fn requests() -> u32;
    pub(crate) fn storage() -> String;
    pub(crate) fn stored(key: &str) -> String;
    pub(crate) fn now() -> f64;
}

/// The module's steps as functions.
pub(crate) mod sdk {
    use firsthand_core::catalogue;
    use firsthand_core::ids::{derived_event_id, uuid_v7};
    use firsthand_web::{call, step};

    /// Options in the order in which the module reads them.
    const OPTIONS: [&str; 23] = [
        "writeKey",
        "endpoint",
        "ownHosts",
        "regime",
        "regionRegime",
        "gpcScope",
        "gpcMode",
        "ageBand",
        "gpcRequired",
        "signals",
        "policyVersion",
        "consentMaxAgeDays",
        "sessionTimeoutMinutes",
        "splitOnCampaign",
        "storage",
        "batchEvents",
        "batchBytes",
        "flushMs",
        "queueEvents",
        "queueBytes",
        "queueDays",
        "heldEvents",
        "debug",
    ];

    pub(crate) fn start(options: &str) {
        let value = |name: &&str| {
            let line = options
                .lines()
                .find(|line| line.split('\t').next() == Some(name));
            line.and_then(|line| line.split('\t').nth(1))
                .unwrap_or_default()
        };
        let lines: Vec<&str> = OPTIONS.iter().map(value).collect();
        call(step::START, &lines.join("\n"), 0.0);
    }

    pub(crate) fn navigate(href: &str, referrer: &str) {
        call(step::NAVIGATE, &[href, referrer].join("\n"), 0.0);
    }

    pub(crate) fn track(
        name: &str,
        props: &str,
        order: &str,
        refund: &str,
        id: &str,
        at: f64,
    ) -> String {
        // As the surface does: the order's id, else the wanted one, else a fresh one.
        let derived = derived_event_id(catalogue::known_in_page(name), Some(order), Some(refund));
        let id = match (derived, id) {
            (Some(id), _) => id,
            (None, "") => uuid_v7(super::now_ms(), super::random()),
            (None, id) => id.to_owned(),
        };
        call(step::TRACK, &[name, &id, props].join("\n"), at);
        id
    }

    /// Identifies as the surface does: the module for digests makes them, this one takes them. Returns the names of refused values.
    pub(crate) fn identify(lines: &str) -> String {
        let user_id = lines.lines().find_map(|line| line.strip_prefix("userId\t"));
        let answer = call(step::IDENTIFY, user_id.unwrap_or_default(), 0.0);
        if !answer.contains('d') {
            return String::new();
        }
        let made = firsthand_person::digest(lines, "DE");
        let (digests, refused) = made.split_once("\n\n").unwrap_or((&made, ""));
        call(step::DIGESTS, digests, 0.0);
        refused.to_owned()
    }

    pub(crate) fn choose(answers: &str, basis: &str, after_gpc_notice: bool) -> String {
        call(
            step::CHOOSE,
            &[answers, basis].join("\n"),
            f64::from(u8::from(after_gpc_notice)),
        )
    }

    pub(crate) fn signal(answers_and_source: &str, is_awaited: bool) -> String {
        call(
            step::SIGNAL,
            answers_and_source,
            f64::from(u8::from(is_awaited)),
        )
    }

    pub(crate) fn flush() {
        call(step::FLUSH, "", 0.0);
    }

    pub(crate) fn hidden() {
        call(step::HIDDEN, "", 0.0);
    }

    pub(crate) fn status() -> String {
        call(step::STATUS, "", 0.0)
    }

    pub(crate) fn pause(is_on: bool) {
        call(step::PAUSE, "", f64::from(u8::from(is_on)));
    }

    pub(crate) fn locked(is_ours: bool) {
        call(step::LOCKED, "", f64::from(u8::from(is_ours)));
    }

    pub(crate) fn sent(status: u16, retry_after: f64) {
        call(step::SENT, &status.to_string(), retry_after);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "epoch milliseconds")]
pub(crate) fn now_ms() -> i64 {
    now() as i64
}

/// Ten bytes that no other event has.
pub(crate) fn random() -> [u8; 10] {
    thread_local!(static NEXT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
    let next = NEXT.get() + 1;
    NEXT.set(next);
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&next.to_be_bytes());
    bytes
}

pub(crate) fn start(options: &str) {
    install();
    let mut text = String::from("writeKey\tpk\nendpoint\thttps://t.example\nflushMs\t60000\n");
    text.push_str(options);
    sdk::start(&text);
    sdk::navigate("https://shop.example/p?gclid=Cj0", "");
}

pub(crate) fn track(name: &str) -> String {
    sdk::track(name, "", "", "", "", 0.0)
}

pub(crate) fn send() {
    sdk::flush();
    sdk::locked(true);
}

pub(crate) fn ids_in_last() -> usize {
    last().matches("{\"id\":").count()
}
