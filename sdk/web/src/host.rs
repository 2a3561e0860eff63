//! The browser, as far as the module needs it: the functions of `host.js`, none of which throws.
//!
//! Texts and numbers only: no JavaScript object crosses, so the glue stays small and the same module can run as plain JavaScript.

#[cfg(fuzzing)]
pub(crate) mod memory;

#[cfg(fuzzing)]
pub(crate) use memory::{
    abort, beacon, begin, changed, dropped, gpc, idle, is_choice_new, lock, ls_del, ls_set, send,
    status, timer, unlock,
};
#[cfg(fuzzing)]
use memory::{fact_of, now, random, stored, stored_keys};
#[cfg(not(fuzzing))]
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(not(fuzzing))]
#[wasm_bindgen(module = "/src/host.js")]
extern "C" {
    pub(crate) fn begin(version: &str, memory_only: bool, debug: bool);
    fn now() -> f64;
    fn random() -> u32;
    pub(crate) fn is_choice_new() -> bool;
    #[wasm_bindgen(js_name = ls_get)]
    fn stored(key: &str) -> String;
    pub(crate) fn ls_set(key: &str, value: &str);
    pub(crate) fn ls_del(key: &str);
    #[wasm_bindgen(js_name = ls_keys)]
    fn stored_keys(prefix: &str) -> String;
    #[wasm_bindgen(js_name = fact)]
    fn fact_of(which: u32) -> String;
    pub(crate) fn gpc() -> bool;
    pub(crate) fn dropped(reason: &str, events: usize);
    pub(crate) fn status(queued: usize, held: usize, stopped: &str) -> String;
    pub(crate) fn timer(at_ms: f64);
    pub(crate) fn send(url: &str, body: &str, events: usize);
    pub(crate) fn abort();
    pub(crate) fn beacon(url: &str, body: &str) -> bool;
    pub(crate) fn lock();
    pub(crate) fn unlock();
    pub(crate) fn changed();
    pub(crate) fn idle();
}

/// Facts about page and browser, by their number in `host.js`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fact {
    /// Ids in the cookies of ad and analytics platforms, `name value` a line; names are those of the wire.
    PlatformIds,
    /// Host of the page.
    Hostname,
    /// Context of a batch, as JSON (`docs/wire.md`).
    Context,
}

/// Returns a fact.
#[inline(never)]
pub(crate) fn fact(which: Fact) -> String {
    fact_of(which as u32)
}

/// Returns what is stored under a key; empty for nothing.
#[inline(never)]
pub(crate) fn ls_get(key: &str) -> String {
    stored(key)
}

/// Returns the stored keys with a prefix, in order, one a line.
#[inline(never)]
pub(crate) fn ls_keys(prefix: &str) -> String {
    stored_keys(prefix)
}

/// Returns the time in epoch milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 fit for 280 million years"
)]
#[inline(never)]
pub(crate) fn now_ms() -> i64 {
    now() as i64
}

/// Returns ten random bytes.
#[inline(never)]
pub(crate) fn random_bytes() -> [u8; 10] {
    // Each call costs the browser some microseconds, whatever it brings.
    let (mut bytes, mut word) = ([0; 10], 0);
    for (at, slot) in bytes.iter_mut().enumerate() {
        if at % 4 == 0 {
            word = random();
        }
        [*slot, ..] = word.to_le_bytes();
        word >>= 8;
    }
    bytes
}

/// Returns a random fraction of `limit`, for jitter.
pub(crate) fn random_below(limit: i64) -> i64 {
    (limit.max(0).saturating_mul(i64::from(random()))) >> 32
}
