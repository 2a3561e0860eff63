//! Tells a person what needs one: by signed messages to an address of the operator's choice.
//!
//! ```text
//! destinations' health ┐
//!                      ├─▶ watch (pure: what is on, what was told, what may be told now) ─▶ message ─▶ POST
//! the store's trouble  ┘
//! ```
//!
//! Promises: what is on is told soon, again while it lasts, and once when it is over; no more messages than the
//! configuration allows; what could not be told is told later as long as it is true. Forwarding and intake never
//! wait for it. Fails by a log line and a counter.

mod message;
mod task;
mod watch;

pub use message::{Message, State};
pub use task::{Plan, Sources, run};
pub use watch::{Alarm, Kind, Rules, Seen, Watch};
