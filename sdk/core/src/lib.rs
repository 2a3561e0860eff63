//! The rules that the browser SDK and the collector share.
//!
//! Pure: no I/O, no async, no globals; clock and randomness are passed in, and so is lower-casing
//! (the page's own `toLowerCase` in the browser). What the browser reaches avoids `format!`, Unicode
//! tables and regular expressions, because every kilobyte is paid by the shop's visitors.
//!
//! | module | concept |
//! |---|---|
//! | [`catalogue`] | event names: GA4's recommended ones, Segment's as aliases |
//! | [`event`] | money, currency, order ids, items: checked and typed |
//! | [`ids`] | UUIDv7 and the ids that every source of one order derives alike |
//! | [`identity`] | personal values become digests, in every platform's own form |
//! | [`session`] | when a session starts |
//! | [`signals`] | consent that other tools gathered (TCF, GPP, US Privacy), and what they are told |
//! | [`touchpoint`] | how the visitor got here: click ids, campaign labels, referrer |
//! | [`consent`] | four purposes, three regimes, one decision |
//! | [`text`] | scanning text: what every rule uses instead of the searchers of `core::str` |
//! | [`wire`] | what travels: encoder (both sides) and decoder (feature `decode`) |

pub mod catalogue;
pub mod consent;
pub mod event;
pub mod identity;
pub mod ids;
pub mod session;
#[cfg(feature = "signals")]
pub mod signals;
pub mod text;
pub mod touchpoint;
pub mod wire;
