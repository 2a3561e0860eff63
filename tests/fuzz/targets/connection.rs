//! Headers of a page's request: who the visitor is comes from the connection, or from a proxy that is trusted, and from nobody else.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use firsthand_collector::intake::fuzzing::{Network, seen};
use firsthand_core::ids;
use http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

// A line a header: the first half of the lines are hops, the others cookies.
fuzz_target!(|text: &[u8]| {
    let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').take(16).collect();
    let forwarded = HeaderName::from_static("x-forwarded-for");
    let mut headers = HeaderMap::new();
    for (at, line) in lines.iter().enumerate() {
        let name = if at * 2 < lines.len() {
            &forwarded
        } else {
            &COOKIE
        };
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    let trusted = [Network::parse("10.0.0.0/8").expect("a network")];

    let of_stranger = seen(STRANGER, &headers, &trusted);
    assert_eq!(
        of_stranger.address, STRANGER,
        "a stranger names nobody else"
    );

    let of_proxy = seen(PROXY, &headers, &trusted);
    if of_proxy.address != PROXY {
        let is_named = headers
            .get_all(&forwarded)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|hop| {
                let hop = hop.trim();
                let with_port = || Some(hop.parse::<std::net::SocketAddr>().ok()?.ip());
                hop.parse()
                    .ok()
                    .or_else(with_port)
                    .map(|ip: IpAddr| ip.to_canonical())
                    == Some(of_proxy.address)
            });
        assert!(is_named, "an address that nobody named");
    }
    for got in [&of_stranger, &of_proxy] {
        assert!(got.id.as_deref().is_none_or(ids::is_uuid), "no id of ours");
        for (_, id) in &got.platform_ids {
            assert!(!id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic()));
        }
    }
});
