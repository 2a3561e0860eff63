//! Compressed bodies: no more comes out than may, and what comes out is what went in.
#![no_main]

use std::io::Write as _;

use firsthand_collector::intake::fuzzing::unpacked;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

const MOST: usize = 64 * 1024;

fuzz_target!(|bytes: &[u8]| {
    if let Some(body) = unpacked(bytes, MOST) {
        assert!(body.len() <= MOST);
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).expect("writes to memory");
    let packed = packer.finish().expect("writes to memory");
    assert_eq!(unpacked(&packed, bytes.len()).as_deref(), Some(bytes));
    if let Some(less) = bytes.len().checked_sub(1) {
        assert_eq!(unpacked(&packed, less), None, "more than may");
    }
});
