//! Headers and events as the store hands them back: text that was ours once, and may have been bent since.
#![no_main]

use firsthand_core::wire::{decode_event, decode_header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(header) = decode_header(text) {
        let mut header = header;
        // Clear values are never written.
        header.user.clear.clear();
        let mut written = String::new();
        header.encode(&mut written);
        let read = decode_header(&written).expect("an own header is read");
        let mut again = String::new();
        read.encode(&mut again);
        assert_eq!(written, again);
    }
    if let Ok(event) = decode_event(text) {
        let mut written = String::new();
        event.encode(&mut written);
        let read = decode_event(&written).expect("an own event is read");
        assert_eq!((read.id, read.name), (event.id, event.name));
    }
});
