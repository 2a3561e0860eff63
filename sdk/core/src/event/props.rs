//! The parameters of an event, checked and typed, as the collector reads them.
//!
//! GA4's parameter names are canonical, Segment's are aliases. Money is read from the digits of the
//! JSON text, never through a float. What is not in the catalogue stays as a scalar, so that a shop's
//! own parameters reach the platforms that take them.

use std::collections::BTreeMap;

use super::{Currency, Decimal};

/// Most parameters of one event, and of one item.
pub const MAX_PROPS: usize = 100;
/// Most items of one event (Google: 200).
pub const MAX_ITEMS: usize = 200;
/// Deepest nesting inside `props`.
pub const MAX_DEPTH: usize = 8;
/// Longest text value, in bytes; longer ones are refused, not cut.
pub const MAX_TEXT_BYTES: usize = 4096;

/// Why the parameters of an event were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropsError {
    /// Stable code, as in the answer's `rejected[].code`.
    pub code: &'static str,
    /// What is wrong and what is allowed; never the value itself.
    pub message: String,
}

impl PropsError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// A parameter that the catalogue does not know.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A number, as it was written.
    Number(String),
    /// True or false.
    Bool(bool),
}

impl Scalar {
    /// Returns the value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => serde_json::Value::String(text.clone()),
            Self::Number(text) => serde_json::from_str(text).unwrap_or_default(),
            Self::Bool(value) => serde_json::Value::Bool(*value),
        }
    }
}

/// One product line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Item {
    /// `item_id`: the id in the catalogue.
    pub item_id: Option<String>,
    /// `item_name`.
    pub item_name: Option<String>,
    /// `item_brand`.
    pub item_brand: Option<String>,
    /// `item_category`.
    pub item_category: Option<String>,
    /// `item_variant`.
    pub item_variant: Option<String>,
    /// Price of one piece, in major units.
    pub price: Option<Decimal>,
    /// How many; a missing quantity means one.
    pub quantity: Option<Decimal>,
    /// What else the shop sent.
    pub other: BTreeMap<String, Scalar>,
}

/// Typed parameters of one event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Props {
    /// ISO 4217 currency of `value`, `tax`, `shipping` and the prices.
    pub currency: Option<Currency>,
    /// Worth of the event, in major units.
    pub value: Option<Decimal>,
    /// Tax included in the order.
    pub tax: Option<Decimal>,
    /// Shipping cost of the order.
    pub shipping: Option<Decimal>,
    /// The shop's order number, in its canonical form.
    pub transaction_id: Option<String>,
    /// Which refund of the order.
    pub refund_id: Option<String>,
    /// Coupon code.
    pub coupon: Option<String>,
    /// What was searched for.
    pub search_term: Option<String>,
    /// Product lines.
    pub items: Vec<Item>,
    /// What else the shop sent.
    pub other: BTreeMap<String, Scalar>,
}

impl Props {
    /// Reads and checks the parameters from the text of a JSON object.
    pub fn parse(json: &str) -> Result<Self, PropsError> {
        read::props(json)
    }

    /// Returns the worth of the event: `value`, or the sum of price times quantity of its items when
    /// no value was sent. A free item counts with a price of zero. `None` when nothing tells a price.
    pub fn worth(&self) -> Option<Decimal> {
        if self.value.is_some() {
            return self.value;
        }
        let one = Decimal::from_minor(1, 0);
        let mut sum: Option<Decimal> = None;
        for item in &self.items {
            let Some(price) = item.price else { continue };
            let line = price.checked_mul(item.quantity.unwrap_or(one))?;
            sum = Some(sum.unwrap_or(Decimal::ZERO).checked_add(line)?);
        }
        sum
    }
}

mod depth;
mod read;
mod value;

pub use depth::is_deeper_than;

#[cfg(test)]
mod tests;
