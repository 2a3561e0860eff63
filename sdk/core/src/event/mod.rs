//! What an event says about a sale: money, currency and items, checked and typed.

pub mod currency;
pub mod money;
#[cfg(feature = "decode")]
pub mod props;

pub use currency::Currency;
pub use money::{Decimal, MoneyError};
#[cfg(feature = "decode")]
pub use props::{Item, Props, PropsError, Scalar};
