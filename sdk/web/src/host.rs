//! The browser, as far as the module needs it: the functions of `host.js`, none of which throws.
//!
//! Texts and numbers only: no JavaScript object crosses, so the glue stays small and the same module can run as plain JavaScript.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/host.js")]
extern "C" {
    fn now() -> f64;
    fn random() -> u32;
    pub(crate) fn lower(text: &str) -> String;
    pub(crate) fn log(text: &str);
    pub(crate) fn ls_ok() -> bool;
    pub(crate) fn ls_get(key: &str) -> Option<String>;
    pub(crate) fn ls_set(key: &str, value: &str) -> bool;
    pub(crate) fn ls_del(key: &str);
    pub(crate) fn ls_keys(prefix: &str) -> String;
    pub(crate) fn cookies() -> String;
    pub(crate) fn title() -> String;
    pub(crate) fn hostname() -> String;
    pub(crate) fn gpc() -> bool;
    pub(crate) fn context() -> String;
    pub(crate) fn timer(ms: f64);
    pub(crate) fn send(url: &str, body: &str);
    pub(crate) fn beacon(url: &str, body: &str) -> bool;
    pub(crate) fn lock();
    pub(crate) fn unlock();
    pub(crate) fn changed();
    pub(crate) fn idle();
}

/// Returns the time in epoch milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 fit for 280 million years"
)]
pub(crate) fn now_ms() -> i64 {
    now() as i64
}

/// Returns ten random bytes.
pub(crate) fn random_bytes() -> [u8; 10] {
    let mut bytes = [0; 10];
    for chunk in bytes.chunks_mut(4) {
        for (slot, byte) in chunk.iter_mut().zip(random().to_le_bytes()) {
            *slot = byte;
        }
    }
    bytes
}

/// Returns a random fraction of `limit`, for jitter.
pub(crate) fn random_below(limit: i64) -> i64 {
    (limit.max(0).saturating_mul(i64::from(random()))) >> 32
}
