//! The counts that survive a start, bent: counting and judging go on, and what is written is bounded and reads again.
#![no_main]

use firsthand_collector::signals::fuzzing::lived;
use libfuzzer_sys::fuzz_target;

const NOW_MS: i64 = 1_795_471_200_000;
/// One source, its names and hours.
const MOST_BYTES: usize = 1 << 20;

fuzz_target!(|text: &[u8]| {
    let Some(written) = lived(text, NOW_MS) else {
        return;
    };
    assert!(written.len() < MOST_BYTES, "{} bytes", written.len());
    assert!(lived(written.as_bytes(), NOW_MS).is_some(), "an own file");
});
