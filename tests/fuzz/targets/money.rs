//! Amounts: read or refused, written as they were read, and no arithmetic that wraps.
#![no_main]

use firsthand_core::event::{Currency, Decimal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (amount, rest) = text.split_once(' ').unwrap_or((text, ""));
    if let Some(currency) = Currency::parse(rest) {
        assert!(currency.exponent() <= 3);
    }
    let Ok(amount) = Decimal::parse(amount) else {
        return;
    };
    let written = amount.to_text();
    let read = Decimal::parse(&written).expect("an own amount is read");
    assert_eq!(read.to_text(), written);
    if let Ok(other) = Decimal::parse(rest) {
        assert_eq!(amount.checked_add(other), other.checked_add(amount));
        assert_eq!(amount.checked_mul(other), other.checked_mul(amount));
    }
});
