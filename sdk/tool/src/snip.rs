//! Takes the words out of panics.
//!
//! A panic in the page becomes a trap that the surface catches; nobody reads its message. But the message brings the standard library's
//! formatting with it, a third of the module. So the functions that make panics are replaced by the trap itself, and `wasm-opt` removes what
//! only they reached. (The nightly compiler calls the same thing `panic=immediate-abort`.) The words themselves and the names of source files
//! stay in the data, where no optimiser can tell that nothing reads them; zeros in their place compress to nothing.

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

/// Words that only those functions read.
const WORDS: [&str; 15] = [
    "index out of bounds: the len is ",
    " but the index is ",
    "cannot access a Thread Local Storage value during or after destruction: ",
    "removal index (is ",
    ") should be < len (is ",
    "Tried to shrink to a larger capacity",
    "slice index starts at ",
    " but ends at ",
    "range start index ",
    "range end index ",
    " out of range for slice of length ",
    "AccessError",
    "capacity overflow",
    // Digit pairs of the standard library's formatting: our own writer divides by ten.
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849",
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899",
];

/// How names of source files begin; they end with `.rs`.
const SOURCES: [&str; 3] = ["/rustc/", "sdk/", "registry/"];

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
    let data: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for id in data {
        blank(&mut module.data.get_mut(id).value);
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

/// Puts zeros in the place of [`WORDS`] and of names of source files.
fn blank(data: &mut [u8]) {
    for words in WORDS {
        while let Some(at) = find(data, words.as_bytes()) {
            data[at..at + words.len()].fill(0);
        }
    }
    for prefix in SOURCES {
        while let Some(at) = find(data, prefix.as_bytes()) {
            let Some(len) = find(&data[at..], b".rs") else {
                break;
            };
            data[at..at + len + 3].fill(0);
        }
    }
}

fn find(data: &[u8], wanted: &[u8]) -> Option<usize> {
    data.windows(wanted.len()).position(|part| part == wanted)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_panics_and_names_of_sources_go_and_their_neighbours_stay() {
        let mut data = *b"purchase/rustc/5980/library/core/src/mod.rsrefundcapacity overflowfh.c";
        blank(&mut data);
        let left: Vec<u8> = data.into_iter().filter(|byte| *byte != 0).collect();
        assert_eq!(left, b"purchaserefundfh.c");
    }
}
