//! Database files of places, which an operator downloads: unknown places are unknown, and codes are codes.
#![no_main]

use std::net::IpAddr;

use firsthand_collector::region::{Place, is_code, place_in};
use libfuzzer_sys::fuzz_target;

fn check(place: &Place) {
    if let Some(country) = place.country() {
        assert!(is_code(country) && country.len() == 2, "{country}");
    }
    if let Some(region) = place.region() {
        assert!(is_code(region), "{region}");
        let country = place.country().expect("a region lies in a country");
        assert!(region.starts_with(country) && region.as_bytes().get(2) == Some(&b'-'));
    }
}

fuzz_target!(|bytes: &[u8]| {
    for address in ["203.0.113.9", "::1", "2001:db8::1", "255.255.255.255"] {
        let address: IpAddr = address.parse().expect("an address");
        if let Some(place) = place_in(bytes.to_vec(), address) {
            check(&place);
        }
    }
    // The same text as two headers of a proxy.
    if let Ok(text) = std::str::from_utf8(bytes) {
        let (country, region) = text.split_once('\n').unwrap_or((text, ""));
        check(&Place::read(Some(country), Some(region)));
        check(&Place::read(None, Some(region)));
    }
});
