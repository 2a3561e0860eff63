//! GA4 Measurement Protocol: `POST /ga4/mp/collect` and its validation twin
//! `POST /ga4/debug/mp/collect`.
//!
//! The first answers 204 to whatever it received and throws away what breaks a
//! limit without a word; the sandbox records what it threw away and why. The
//! second says what is wrong and records nothing.

pub(crate) mod door;
pub(crate) mod event;
pub(crate) mod person;
pub(crate) mod rules;
