//! What a banner says about how it asked: what is kept is of its form and bounded, whatever was said.
#![no_main]

use firsthand_collector::intake::fuzzing::evidence;
use firsthand_core::signals::{gpp, tcf};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    let read = evidence(body);
    for word in [read.locale, read.ui_version, read.cmp]
        .into_iter()
        .flatten()
    {
        assert!((1..=64).contains(&word.len()) && word.is_ascii());
        assert!(!word.contains('@'), "no address");
    }
    if let Some(sha256) = read.notice_sha256 {
        assert!(sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit()));
    }
    for (text, most) in [
        (read.tcf, tcf::MAX_TEXT_BYTES),
        (read.gpp, gpp::MAX_TEXT_BYTES),
    ] {
        let Some(text) = text else { continue };
        assert!(text.len() <= most && text.bytes().all(|b| b.is_ascii_graphic()));
        assert!(
            body.contains(&text) || body.contains('\\'),
            "kept as it came"
        );
    }
});
