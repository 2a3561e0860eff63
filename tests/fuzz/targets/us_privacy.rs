//! US Privacy strings: four characters or nothing, and an opt-out in either case of letters.
#![no_main]

use firsthand_core::signals::us_privacy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(read) = us_privacy::decode(text) else {
        return;
    };
    assert_eq!(text.len(), 4);
    assert_eq!(us_privacy::decode(&text.to_ascii_uppercase()), Some(read));
    assert_eq!(
        read.allows_sharing(),
        !matches!(text.as_bytes()[2], b'Y' | b'y')
    );
});
