//! How many connections each client address has: one that opens ever more keeps nobody else out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::Config;
use crate::intake::{Network, network_of};

/// The connections by address. Holds an entry only for an address that has one.
#[derive(Debug)]
pub(super) struct Crowd {
    /// Connections of one address; 0: no limit.
    most: usize,
    /// A proxy stands for many.
    trusted: Vec<Network>,
    open: Mutex<HashMap<u128, usize>>,
}

impl Crowd {
    /// Returns an empty one with the bounds of the configuration.
    pub(super) fn of(config: &Config) -> Arc<Self> {
        Self::new(
            config.limits.connections_per_address,
            config.server.trusted_networks(),
        )
    }

    fn new(most: usize, trusted: Vec<Network>) -> Arc<Self> {
        Arc::new(Self {
            most,
            trusted,
            open: Mutex::default(),
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u128, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection of this address, or none where it has as many as it may have.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        if self.most == 0 || self.trusted.iter().any(|proxy| proxy.contains(peer)) {
            return Some(Place(None));
        }
        let key = network_of(peer);
        let mut open = self.open();
        let count = open.entry(key).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place(Some((Arc::clone(self), key))))
    }

    fn leave(&self, key: u128) {
        let mut open = self.open();
        if let Some(count) = open.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&key);
            }
        }
    }
}

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<(Arc<Crowd>, u128)>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((crowd, key)) = self.0.take() {
            crowd.leave(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let crowd = Crowd::new(2, vec![Network::parse("10.0.0.0/8").unwrap()]);
        let first = crowd.enter(ip("203.0.113.1")).unwrap();
        // The same address, as a listener on both protocols shows it.
        let _second = crowd.enter(ip("::ffff:203.0.113.1")).unwrap();
        assert!(crowd.enter(ip("203.0.113.1")).is_none());
        let _other = crowd.enter(ip("203.0.113.2")).unwrap();
        let _proxies: Vec<Place> = (0..9)
            .map(|_| crowd.enter(ip("10.1.2.3")).unwrap())
            .collect();
        drop(first);
        let again = crowd.enter(ip("203.0.113.1")).unwrap();
        drop(again);
        assert_eq!(
            crowd.open().len(),
            2,
            "one entry an address, none for proxies"
        );
    }

    #[test]
    fn a_household_of_ipv6_is_one_address() {
        let crowd = Crowd::new(1, Vec::new());
        let place = crowd.enter(ip("2001:db8::1")).unwrap();
        assert!(crowd.enter(ip("2001:db8::2")).is_none());
        assert!(crowd.enter(ip("2001:db8:0:1::1")).is_some());
        drop(place);
        assert!(crowd.open().is_empty());
    }

    #[test]
    fn without_a_limit_nobody_is_counted() {
        let crowd = Crowd::new(0, Vec::new());
        let places: Vec<_> = (0..9).map(|_| crowd.enter(ip("203.0.113.1"))).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(crowd.open().is_empty());
    }
}
