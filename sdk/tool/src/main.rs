//! Makes the JavaScript glue of the browser module: the `wasm-bindgen` command of the version that `Cargo.lock` pins,
//! with nothing to install. Arguments are those of `wasm-bindgen`.

use std::env;

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(env::args_os())
}
