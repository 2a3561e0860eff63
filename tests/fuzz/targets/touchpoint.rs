//! Addresses, query parameters and cookies; one a line: page, referrer, cookies.
#![no_main]

use firsthand_core::touchpoint::channel::channel;
use firsthand_core::touchpoint::cookies::Cookies;
use firsthand_core::touchpoint::{MAX_URL_BYTES, arrival, clean_url, fbc};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (page, referrer, cookie) = (line(), line(), line());
    for address in [page, referrer] {
        let clean = clean_url(address);
        assert!(clean.len() <= MAX_URL_BYTES);
        assert!(!clean.contains('#'));
        assert_eq!(clean_url(&clean), clean, "cleaning twice changes nothing");
    }
    let touch = arrival(page, referrer, &["shop.example"], 1_700_000_000_000);
    let _ = channel(touch.as_ref());
    for (name, value) in touch.iter().flat_map(|touch| &touch.click) {
        assert!(!value.is_empty());
        if *name == "fbclid" {
            let _ = fbc(1, 1_700_000_000_000, value);
        }
    }
    let cookies = Cookies::new(cookie);
    for (name, value) in cookies.platform_ids() {
        assert!(!value.is_empty(), "{name} is there and empty");
    }
    let _ = cookies.google_clicks("gbraid");
});
