//! What others' software sends to the collector, brought to the form of `docs/wire.md`.
//!
//! [`segment`] reads the calls of Segment's HTTP API (RudderStack's SDKs speak it too), [`webhook`] the signed notices of Shopify,
//! WooCommerce and Stripe. Pure: no I/O, the clock is passed in. Promises: the same purchase gets the same transaction id whoever tells of
//! it; money is read from its digits; clear personal values leave here in `User::clear` only, which becomes digests at the door and is never
//! written. Refuses with a code and words that never hold a value. Knows nothing of HTTP, the store and the consent decision.

pub mod consent;
mod json;
mod person;
pub mod segment;
mod time;
mod touch;
pub mod webhook;

use std::borrow::Cow;

use firsthand_core::wire::{Event, Header};

/// One event on its way to the door: what a batch of one would hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Call<'a> {
    /// The sender's clock when it sent, in epoch milliseconds; 0 where it says nothing.
    pub sent_at: i64,
    /// Who, where, and with what consent.
    pub header: Header<'a>,
    /// What happened.
    pub event: Event<'a>,
}

/// Why one message is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code (`docs/wire.md`).
    pub code: &'static str,
    /// What is wrong and what is allowed; never a value of the message.
    pub message: Cow<'static, str>,
}

impl Refusal {
    const fn new(code: &'static str, message: &'static str) -> Self {
        Self {
            code,
            message: Cow::Borrowed(message),
        }
    }
}

/// Why a body cannot be read at all. Holds nothing of the body but a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    line: usize,
    column: usize,
    is_syntax: bool,
}

impl Unreadable {
    const NO_OBJECT: Self = Self {
        line: 1,
        column: 1,
        is_syntax: false,
    };

    fn of(error: &serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
            is_syntax: !error.is_data(),
        }
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.is_syntax {
            "is not JSON"
        } else {
            "has a member of the wrong type"
        };
        write!(
            out,
            "the body {what} at line {} column {}",
            self.line, self.column
        )
    }
}

impl std::error::Error for Unreadable {}
