//! The engine against the sandbox's strict platforms and a real store: nothing is mocked but a lost commit.

mod faults;
mod rules;
mod world;
