//! The vectors of the rules that both halves share, on the browser's side: the same tests that run natively in `sdk/core`.

#![cfg(target_family = "wasm")]

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

#[path = "../../core/tests/consent_vectors.rs"]
mod consent;
#[path = "../../core/tests/signals_vectors.rs"]
mod signals;
