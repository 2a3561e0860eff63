//! The fault suite: the real collector under load, while everything around it fails.
//!
//! Promises: every decision comes from a seed, so a schedule can be run again; every 202 is a debt ([`oracle`]) that is
//! paid at the end or explained. Knows the collector from outside: its doors, signals and files. Its own eyes are
//! tested too: each [`forge::Forge`] must make it see something.

pub mod clock;
pub mod collector;
pub mod debts;
pub mod dice;
pub mod forge;
pub mod http;
pub mod load;
pub mod oracle;
pub mod platforms;
pub mod power_cut;
pub mod proxy;
pub mod scenario;
pub mod weather;
pub mod world;
