//! Batches: read or refused, and what was read is the same after it was written and read again, as the store does.
#![no_main]

use firsthand_core::event::Props;
use firsthand_core::wire::{decode_batch, decode_event, decode_header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok((batch, events)) = decode_batch(text) else {
        return;
    };
    let mut header = batch.header;
    // Clear values are never written.
    header.user.clear.clear();
    let mut written = String::new();
    header.encode(&mut written);
    let read = decode_header(&written).expect("an own header is read");
    let mut again = String::new();
    read.encode(&mut again);
    assert_eq!(written, again);
    for event in events.into_iter().flatten() {
        let _ = Props::parse(&event.props);
        let mut written = String::new();
        event.encode(&mut written);
        let read = decode_event(&written).expect("an own event is read");
        let mut again = String::new();
        read.encode(&mut again);
        assert_eq!(written, again);
    }
});
