//! The browser half of Firsthand.
//!
//! A state machine without threads, promises or callbacks of its own: the surface (`npm/src`) calls the functions below when something
//! happens, and the module calls the few functions of `host.js`. Texts and numbers cross, no objects.
//!
//! Promises: nothing is stored or sent without the consent it needs; clear personal values become digests in [`identify`] and are not kept;
//! every event that is dropped is counted with its reason. No function here panics by design; should one, the surface catches the trap and
//! goes silent.
//!
//! | module | concept |
//! |---|---|
//! | `capture` | the page, the arrival, the person, the header of a batch |
//! | `consent` | the choice and what it allows |
//! | `outbox` | events that wait, shared by all tabs |
//! | `storage` | keys and forms of what the browser keeps |
//! | `transport` | when to send, what an answer means |
//! | `app` | the steps that join them |

mod app;
mod capture;
mod config;
mod consent;
mod host;
mod outbox;
mod status;
mod storage;
mod transport;

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use app::{App, Tracked};
use config::Config;

/// Half the size of the standard one, and it gives memory back.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

thread_local! {
    static APP: RefCell<Option<App>> = const { RefCell::new(None) };
}

/// Runs a step on the state; before the start, or from within another step, it does nothing.
fn with<T: Default>(step: impl FnOnce(&mut App) -> T) -> T {
    APP.with(|app| match app.try_borrow_mut() {
        Ok(mut app) => app.as_mut().map(step).unwrap_or_default(),
        Err(_) => T::default(),
    })
}

/// Starts with options as `name<tab>value` lines.
#[wasm_bindgen]
pub fn start(options: &str) {
    let app = App::start(Config::parse(options));
    APP.with(|slot| {
        if let Ok(mut slot) = slot.try_borrow_mut() {
            *slot = Some(app);
        }
    });
    with(App::kick);
}

/// Goes to a page; returns whether it is another one.
#[wasm_bindgen]
pub fn navigate(href: &str, referrer: &str) -> bool {
    with(|app| app.navigate(href, referrer))
}

/// Takes an event and returns its id. `props` is JSON, empty for none, `!` when it could not be written; `at` is in epoch
/// milliseconds, 0 for now.
#[wasm_bindgen]
#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates; the collector checks times"
)]
pub fn track(
    name: &str,
    props: &str,
    transaction: &str,
    refund: &str,
    id: &str,
    at: f64,
) -> String {
    let tracked = Tracked {
        name,
        props,
        transaction_id: transaction,
        refund_id: refund,
        id,
        at_ms: at as i64,
    };
    with(|app| app.track(tracked))
}

/// Takes `name<tab>value` lines about the visitor; returns the names of refused values.
#[wasm_bindgen]
pub fn identify(values: &str) -> String {
    with(|app| app.identify(values))
}

/// Returns the consent state as JSON.
#[wasm_bindgen]
pub fn consent_view() -> String {
    with(App::consent_view)
}

/// Takes a choice: `1`, `0` or `-` per purpose, in wire order. Returns the anonymous id whose withdrawal the collector has to hear of, if any.
#[wasm_bindgen]
pub fn choose(answers: &str, basis: &str, after_gpc_notice: bool) -> String {
    with(|app| app.choose(answers, basis, after_gpc_notice))
}

/// Forgets the visitor.
#[wasm_bindgen]
pub fn reset() {
    with(App::reset);
}

/// Sends what waits.
#[wasm_bindgen]
pub fn flush() {
    with(App::flush);
}

/// Returns the status as JSON.
#[wasm_bindgen]
pub fn status() -> String {
    with(|app| app.status())
}

/// Switches logging to the console.
#[wasm_bindgen]
pub fn set_debug(on: bool) {
    with(|app| app.set_debug(on));
}

/// The page is hidden.
#[wasm_bindgen]
pub fn hidden() {
    with(App::hidden);
}

/// The page is left, perhaps for the back/forward cache.
#[wasm_bindgen]
pub fn left() {
    with(App::left);
}

/// The page is back from the back/forward cache.
#[wasm_bindgen]
pub fn returned() {
    with(App::returned);
}

/// The network or the visitor is back.
#[wasm_bindgen]
pub fn woke() {
    with(App::woke);
}

/// Another tab changed the storage.
#[wasm_bindgen]
pub fn storage_changed(key: &str) {
    with(|app| app.storage_changed(key));
}

/// The timer ran out.
#[wasm_bindgen]
pub fn tick() {
    with(App::tick);
}

/// The answer to `host::lock`.
#[wasm_bindgen]
pub fn locked(is_ours: bool) {
    with(|app| app.locked(is_ours));
}

/// The answer to `host::send`.
#[wasm_bindgen]
pub fn sent(status: u16, retry_after: f64, duplicates: u32, rejected: &str) {
    with(|app| app.sent(status, retry_after, duplicates, rejected));
}
