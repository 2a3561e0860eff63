//! The engine against the sandbox's strict platforms and a real store: nothing is mocked but a lost commit.

mod answers;
mod clock;
mod confirm;
mod conformance;
mod faults;
mod fixture;
mod rate;
mod rules;
mod tokens;
mod world;

pub(super) use fixture::Fixture;
