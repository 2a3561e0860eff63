//! The browser half of Firsthand.
//!
//! A state machine without threads, promises or callbacks of its own: the surface (`npm/src`) calls [`call`] when something happens, and the
//! module calls the few functions of `host.js`. Texts and numbers cross, no objects.
//!
//! Promises: nothing is stored or sent without the consent it needs; personal values arrive here as digests (`sdk/person` makes them);
//! every event that is dropped is counted with its reason. No function here panics by design; should one, the surface catches the trap and
//! goes silent.
//!
//! | module | concept |
//! |---|---|
//! | `capture` | the page, the arrival, the header of a batch |
//! | `consent` | the choice and what it allows |
//! | `outbox` | events that wait, shared by all tabs |
//! | `storage` | keys and forms of what the browser keeps |
//! | `transport` | when to send, what an answer means |
//! | `app` | the steps that join them |
//!
//! Written for bytes (`docs/decisions/0007-identity-on-demand.md`): one way in, text kept in the form in which it leaves, the scanners of
//! `firsthand_core::text` instead of those of `core::str`.

mod app;
mod capture;
mod config;
mod consent;
#[cfg(fuzzing)]
pub mod fuzzing;
mod host;
mod outbox;
pub mod step;
mod storage;
mod transport;

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use app::App;

/// Half the size of the standard one, and it gives memory back.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

thread_local! {
    static APP: RefCell<Option<App>> = const { RefCell::new(None) };
}

/// Takes a step ([`step`]) with a text and a number, and returns its answer; empty for most.
///
/// Before [`step::START`], or from within another step, nothing happens.
#[wasm_bindgen]
pub fn call(number_of_step: u32, text: &str, number: f64) -> String {
    APP.with(|slot| {
        let Ok(mut slot) = slot.try_borrow_mut() else {
            return String::new();
        };
        if number_of_step == step::START {
            *slot = Some(App::start(text));
        }
        match slot.as_mut() {
            Some(app) => app.take_step(number_of_step, text, number),
            None => String::new(),
        }
    })
}
