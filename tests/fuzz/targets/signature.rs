//! Signature headers. Nothing but the right signature is right, whatever the header looks like.
#![no_main]

use firsthand_inbound::webhook::Platform;
use firsthand_inbound::webhook::signature::verify;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &str| {
    for platform in Platform::ALL {
        let keys = ["a secret that no input knows", "another"];
        let got = verify(
            platform,
            Some(header),
            header.as_bytes(),
            keys.into_iter(),
            1,
            300,
        );
        assert!(got.is_err(), "forged");
    }
});
