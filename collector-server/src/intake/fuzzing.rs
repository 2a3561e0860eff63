//! What the fuzz targets need of the doors. Built for them only (`--cfg fuzzing`).

use std::net::IpAddr;

use firsthand_core::wire::BrowserKey;
use http::HeaderMap;

use super::cookie::{self, CookieWriter};
use super::room::Room;
use super::{gzip, inspect, network, operate, privacy, query, report, sources};
use crate::config::CookieSection;
use crate::privacy::keys::KeyRing;
use crate::privacy::ledger::Evidence;
use crate::privacy::subject::Identifier;

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

/// What a door of people's requests makes of a body: its words for the audit log, and by what the person is named or why nobody is.
pub fn privacy(body: &str, ring: &KeyRing) -> (String, Result<Vec<Identifier>, String>) {
    let parsed = privacy::parse(body);
    let words = privacy::in_words("01", parsed.as_ref().ok());
    let named = parsed.and_then(|body| privacy::named(&body, ring, None));
    (words, named.map_err(|refused| refused.message))
}

/// What the door of replays makes of a body, in words, or why it makes nothing.
pub fn replay(body: &[u8]) -> Result<String, String> {
    operate::parse(body)
        .map(|(request, _)| request.in_words())
        .map_err(|refused| refused.message)
}

/// What the doors that people look through make of a query: why it is refused, for each that does.
pub fn queries(uri: &http::Uri) -> Vec<String> {
    [
        query::read::<inspect::Page>(uri).err(),
        query::read::<operate::Page>(uri).err(),
        query::read::<report::Asked>(uri).err(),
    ]
    .into_iter()
    .flatten()
    .map(|refused| refused.message)
    .collect()
}

/// Whether these headers carry a key, and the key: of a bearer, and of basic authentication.
pub fn keys(headers: &HeaderMap) -> [Option<String>; 2] {
    let value = headers.get(http::header::AUTHORIZATION);
    [
        value.and_then(sources::bearer).map(str::to_owned),
        value
            .and_then(sources::write_key)
            .map(|key| key.to_string()),
    ]
}
