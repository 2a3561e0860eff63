//! Forwarding: events out of the log, one task a destination.
pub mod config;

pub mod consent;
pub mod destinations;
pub mod merge;
pub mod names;
