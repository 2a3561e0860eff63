//! Takes the words out of panics.
//!
//! A panic in the page becomes a trap that the surface catches; nobody reads its message. But the message brings the standard library's
//! formatting with it, a third of the module. So the functions that make panics are replaced by the trap itself, and `wasm-opt` removes what
//! only they reached. (The nightly compiler calls the same thing `panic=immediate-abort`.)

use std::path::Path;

use anyhow::Context;
use walrus::{FunctionBuilder, FunctionKind, Module, RawCustomSection};

/// Parts of mangled names whose functions only ever end in a panic or describe one.
const PANICS: [&str; 9] = [
    "core9panicking",
    "3std9panicking",
    "rust_begin_unwind",
    "rust_panic",
    "handle_alloc_error",
    "handle_error",
    "capacity_overflow",
    "slice_error_fail",
    "unwrap_failed",
];

/// Features that the module may use after this.
const FEATURES: [&str; 4] = [
    "bulk-memory",
    "mutable-globals",
    "nontrapping-fptoint",
    "sign-ext",
];

/// Replaces the body of every panicking function by a trap.
pub(crate) fn snip(from: &Path, to: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    let mut module = Module::from_buffer(&bytes).context("reading the module")?;
    let panics: Vec<_> = module
        .funcs
        .iter_local()
        .map(|(id, function)| (id, function.ty()))
        .filter(|(id, _)| {
            let name = module.funcs.get(*id).name.as_deref().unwrap_or_default();
            PANICS.iter().any(|part| name.contains(part))
        })
        .collect();
    for (id, ty) in panics {
        let (params, results) = {
            let ty = module.types.get(ty);
            (ty.params().to_vec(), ty.results().to_vec())
        };
        let args = params
            .iter()
            .map(|param| module.locals.add(*param))
            .collect();
        let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
        builder.func_body().unreachable();
        module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(args));
    }
    module.customs.remove_raw("target_features");
    module.customs.add(RawCustomSection {
        name: "target_features".to_owned(),
        data: target_features(),
    });
    module
        .emit_wasm_file(to)
        .with_context(|| format!("writing {}", to.display()))
}

/// Writes the section from which wasm-bindgen learns what it may use. Reference types and multiple results are left out: only texts and
/// numbers cross, so they would win nothing, and `wasm2js` knows neither.
fn target_features() -> Vec<u8> {
    let mut data = vec![FEATURES.len().to_le_bytes()[0]];
    for name in FEATURES {
        data.push(b'+');
        data.push(name.len().to_le_bytes()[0]);
        data.extend(name.as_bytes());
    }
    data
}
