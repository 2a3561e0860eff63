//! Runs the browser module's tests: the `wasm-bindgen-test-runner` of the version that `Cargo.lock` pins,
//! with nothing to install. `npm/test-wasm.mjs` calls it.

use std::env;

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(env::args_os())
}
