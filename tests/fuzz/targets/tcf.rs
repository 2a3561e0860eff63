//! TC strings: read or refused; what cannot be valid grants nothing, and more vendors never grant more.
#![no_main]

use firsthand_core::signals::tcf::{TcString, Terms};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let tc = match TcString::decode(text) {
        Ok(tc) => tc,
        Err(error) => {
            assert!(error.to_string().starts_with("the TC string "));
            return;
        }
    };
    for accept_legitimate_interest in [false, true] {
        let one = tc.answers(Some(755), accept_legitimate_interest);
        let both = tc.answers_for(&Terms {
            vendors: &[755, 28],
            accept_legitimate_interest,
        });
        let none = tc.answers(None, accept_legitimate_interest);
        for ((both, one), none) in both.into_iter().zip(one).zip(none) {
            assert!(both <= one && one <= none && none.is_some());
        }
        if !tc.is_valid() {
            assert_eq!(none, [Some(false); 4]);
        }
    }
    for id in [0, 1, 755, u16::MAX] {
        assert!(
            !tc.vendor_consents.contains(id) || (1..=tc.vendor_consents.max_id()).contains(&id)
        );
    }
});
