//! Notices of shop systems. The first byte chooses the platform; what comes out is a header and an event that the door can read again.
#![no_main]

use firsthand_core::event::Props;
use firsthand_core::wire;
use firsthand_inbound::webhook::{Head, Notice, Platform, Settings, TransactionId, is_ping, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let Some(first) = input.chars().next() else {
        return;
    };
    let body = &input[first.len_utf8()..];
    let (platform, topics) = match first {
        's' => (Platform::Shopify, &["orders/paid", "refunds/create"][..]),
        'w' => (Platform::WooCommerce, &["order.updated"][..]),
        _ => (Platform::Stripe, &[""][..]),
    };
    for topic in topics {
        let head = Head {
            topic,
            shop: "shop.example",
            signature: None,
        };
        let _ = is_ping(platform, &head, body.as_bytes());
        let id = TransactionId::parse(platform, "id").expect("every platform has one");
        let Ok(Notice::Sales(sales)) = read(platform, &head, body, &Settings::new(platform, id))
        else {
            continue;
        };
        for sale in sales {
            let call = sale.call("1001");
            let mut header = String::new();
            call.header.encode(&mut header);
            wire::decode_header(&header).expect("a header is read again");
            let mut event = String::new();
            call.event.encode(&mut event);
            let event = wire::decode_event(&event).expect("an event is read again");
            if let Ok(props) = Props::parse(&event.props) {
                assert_eq!(props.transaction_id.as_deref(), Some("1001"));
            }
        }
    }
});
