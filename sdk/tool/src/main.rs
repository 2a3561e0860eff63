//! Makes the browser module out of what the compiler wrote, with nothing to install.
//!
//! - `sdk-tool snip <in.wasm> <out.wasm>` takes the words out of panics ([`snip`]).
//! - `sdk-tool bindgen …` is the `wasm-bindgen` command of the version that `Cargo.lock` pins, with its arguments.

mod snip;

use std::env;
use std::ffi::OsString;
use std::path::Path;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let mut args = env::args_os();
    let program = args.next().unwrap_or_default();
    let command = args.next().unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    match (command.to_str(), rest.as_slice()) {
        (Some("snip"), [from, to]) => snip::snip(Path::new(from), Path::new(to)),
        (Some("bindgen"), _) => {
            wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::iter::once(program).chain(rest))
        }
        _ => bail!(
            "usage: sdk-tool snip <in.wasm> <out.wasm> | sdk-tool bindgen <arguments of wasm-bindgen>"
        ),
    }
}
