//! Networks of trusted proxies, and the visitor's address behind them.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

/// An address or a network in CIDR form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: u128,
    mask: u128,
}

/// IPv4 addresses as IPv6 ones (`::ffff:…`), so that one comparison serves both.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Network {
    /// Reads `10.0.0.1`, `10.0.0.0/8`, `::1` or `fd00::/8`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return None;
        }
        let host_bits = width - prefix;
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        Some(Self {
            base: bits(address) & mask,
            mask,
        })
    }

    /// Whether an address lies inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.base
    }
}

/// Returns who stands behind an address, for a limit: the address itself, or its IPv6 /64. A household or a host owns one (RFC 6177, RFC 8981), and
/// would have as many addresses as it likes.
pub(crate) fn network_of(address: IpAddr) -> u128 {
    const HOST_BITS: u32 = 64;
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() >> HOST_BITS << HOST_BITS,
    }
}

/// Returns the visitor's address: the peer, or, as long as that is a trusted proxy, the last address of
/// `X-Forwarded-For` that is none.
pub(super) fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer.to_canonical();
    }
    let mut client = peer;
    // A chain of proxies may use several headers; the last was added last.
    let hops = headers.get_all("x-forwarded-for").iter().rev();
    for hop in hops
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.rsplit(','))
    {
        let Some(address) = hop_address(hop.trim()) else {
            break;
        };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client.to_canonical()
}

/// Reads an address; some proxies write the port behind it.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let with_port = || Some(hop.parse::<SocketAddr>().ok()?.ip());
    hop.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, want) in [
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "10.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                want,
                "{address}"
            );
        }
        for bad in ["", "10.0.0.0/33", "host", "10.0.0.0/x", "::/129"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn forwarded_addresses_count_from_trusted_proxies_only() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        for (peer, header, want) in [
            ("203.0.113.1", "1.2.3.4", "203.0.113.1"),
            ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "1.2.3.4, 10.0.0.2", "1.2.3.4"),
            ("10.0.0.1", "garbage", "10.0.0.1"),
            ("10.0.0.1", "1.2.3.4:56789", "1.2.3.4"),
            ("10.0.0.1", "[2001:db8::1]:443, 10.0.0.2", "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", header.parse().unwrap());
            let got = client_ip(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(got, want.parse::<IpAddr>().unwrap(), "{peer} {header}");
        }
    }
}
