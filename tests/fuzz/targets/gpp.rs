//! GPP strings: read or refused; all sections together never grant more than one of them alone.
#![no_main]

use firsthand_core::signals::gpp::{Gpp, MAX_SECTIONS};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let gpp = match Gpp::decode(text) {
        Ok(gpp) => gpp,
        Err(error) => {
            assert!(error.to_string().starts_with("the "));
            return;
        }
    };
    assert!((1..=MAX_SECTIONS).contains(&gpp.sections.len()));
    let all = gpp.answers(&[]);
    for (id, _) in &gpp.sections {
        for (joint, alone) in all.into_iter().zip(gpp.answers(&[*id])) {
            assert!(joint != Some(true) || alone != Some(false));
        }
        assert!(!gpp.has_gpc(&[*id]) || gpp.has_gpc(&[]));
    }
});
