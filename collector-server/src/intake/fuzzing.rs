//! What the fuzz targets need of the doors. Built for them only (`--cfg fuzzing`).

use std::net::IpAddr;

use firsthand_core::wire::BrowserKey;
use http::HeaderMap;

use super::cookie::{self, CookieWriter};
use super::room::Room;
use super::{gzip, network};
use crate::config::CookieSection;
use crate::privacy::ledger::Evidence;

pub use super::network::Network;

/// What a request's headers tell of a visitor.
#[derive(Debug)]
pub struct Seen {
    /// The visitor's address.
    pub address: IpAddr,
    /// The id of our cookie.
    pub id: Option<String>,
    /// Ids of the platforms' cookies.
    pub platform_ids: Vec<(BrowserKey, String)>,
}

/// Reads the headers of a request that came from `peer`.
pub fn seen(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Seen {
    let own = CookieWriter::new(&CookieSection::default(), None);
    let mut platform_ids = cookie::google_clicks(headers);
    platform_ids.extend(cookie::platform_ids(headers));
    Seen {
        address: network::client_ip(peer, headers, trusted),
        id: own.read(headers).map(str::to_owned),
        platform_ids,
    }
}

/// Unpacks a compressed body; `None` where it is refused.
pub fn unpacked(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    gzip::unpack(&Room::new(most), bytes, most)
        .ok()
        .map(|body| body.to_vec())
}

/// Reads what a banner says about how it asked.
pub fn evidence(body: &str) -> Evidence {
    super::evidence::read(body)
}
