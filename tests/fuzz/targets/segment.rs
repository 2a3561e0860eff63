//! Calls of Segment's HTTP API. The body is a batch; what comes out is a header and an event that the door can read again.
#![no_main]

use std::collections::BTreeMap;

use firsthand_core::consent::Purpose;
use firsthand_core::event::Props;
use firsthand_core::wire;
use firsthand_inbound::consent::Absent;
use firsthand_inbound::segment::{Kind, Request, Settings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    let settings = Settings {
        categories: BTreeMap::from([("Advertising".to_owned(), vec![Purpose::Marketing])]),
        policy_version: 1,
        absent: Absent::Regime,
        message_bytes: 32 * 1024,
    };
    let requests = [Request::batch(body), Request::single(Kind::Track, body)];
    for request in requests.into_iter().flatten() {
        for raw in &request.messages {
            let Ok(call) = request.call(&settings, raw, 1, String::new) else {
                continue;
            };
            // What the door refuses is not kept, and need not be read again.
            if Props::parse(&call.event.props).is_err() {
                continue;
            }
            let mut header = String::new();
            call.header.encode(&mut header);
            wire::decode_header(&header).expect("a header is read again");
            let mut event = String::new();
            call.event.encode(&mut event);
            let read = wire::decode_event(&event).expect("an event is read again");
            assert_eq!(read.name, call.event.name);
            for (_, clear) in &call.header.user.clear {
                assert!(!clear.trim().is_empty(), "an empty value is none");
            }
        }
    }
});
