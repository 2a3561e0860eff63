//! The parameters of an event, checked and typed, as the collector reads them.
//!
//! GA4's parameter names are canonical, Segment's are aliases. Money is read from the digits of the
//! JSON text, never through a float. What is not in the catalogue stays as a scalar, so that a shop's
//! own parameters reach the platforms that take them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Currency, Decimal, MoneyError};
use crate::ids;

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
        if depth(json) > MAX_DEPTH {
            return Err(PropsError::new(
                "too_deep",
                format!("props are nested more than {MAX_DEPTH} levels deep"),
            ));
        }
        let fields = object(json, "props")?;
        let mut props = Self::default();
        for (key, raw) in fields {
            let raw = raw.get();
            if raw == "null" {
                continue;
            }
            match key.as_ref() {
                "currency" => props.currency = Some(currency(raw)?),
                "value" => props.value = Some(money("value", raw)?),
                "total" | "revenue" => {
                    let amount = money("value", raw)?;
                    props.value = props.value.or(Some(amount));
                }
                "tax" => props.tax = Some(money("tax", raw)?),
                "shipping" => props.shipping = Some(money("shipping", raw)?),
                "transaction_id" | "order_id" => {
                    props.transaction_id = Some(order_id("transaction_id", raw)?);
                }
                "refund_id" => props.refund_id = Some(order_id("refund_id", raw)?),
                "coupon" => props.coupon = Some(text("coupon", raw)?),
                "search_term" | "query" => props.search_term = Some(text("search_term", raw)?),
                "items" | "products" => props.items = items(raw)?,
                name => {
                    props.other.insert(name.to_owned(), scalar(name, raw)?);
                }
            }
        }
        Ok(props)
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

type Fields<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// Reads one JSON object's members, refusing more than [`MAX_PROPS`].
fn object<'a>(json: &'a str, what: &str) -> Result<Fields<'a>, PropsError> {
    struct Members<'a>(Fields<'a>);
    impl<'de> serde::Deserialize<'de> for Members<'de> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members<'de>;
                fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    out.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Self::Value, A::Error> {
                    let mut members = Vec::new();
                    while let Some(key) = map.next_key::<crate::wire::Text<'de>>()? {
                        if members.len() == MAX_PROPS {
                            return Err(serde::de::Error::custom("too many"));
                        }
                        members.push((key.0, map.next_value::<&'de RawValue>()?));
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    if !json.trim_start().starts_with('{') {
        return Err(PropsError::new(
            "invalid_props",
            format!("{what} must be an object"),
        ));
    }
    serde_json::from_str::<Members<'a>>(json)
        .map(|members| members.0)
        .map_err(|_| {
            PropsError::new(
                "too_many_props",
                format!("{what} has more than {MAX_PROPS} members"),
            )
        })
}

fn currency(raw: &str) -> Result<Currency, PropsError> {
    serde_json::from_str::<crate::wire::Text<'_>>(raw)
        .ok()
        .and_then(|code| Currency::parse(&code.0))
        .ok_or_else(|| {
            PropsError::new(
                "invalid_currency",
                "currency must be an ISO 4217 code such as EUR",
            )
        })
}

fn money(name: &str, raw: &str) -> Result<Decimal, PropsError> {
    let parsed = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<crate::wire::Text<'_>>(raw)
            .map_err(|_| MoneyError::NotANumber)
            .and_then(|text| Decimal::parse(&text.0)),
        _ => Decimal::parse(raw),
    };
    parsed.map_err(|error| PropsError::new("invalid_money", format!("{name} {}", error.message())))
}

/// Reads text; a number is taken as its digits (shops send numeric ids).
fn text(name: &str, raw: &str) -> Result<String, PropsError> {
    let text = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(raw).ok(),
        Some(b'0'..=b'9' | b'-') => Some(raw.to_owned()),
        _ => None,
    };
    let text =
        text.ok_or_else(|| PropsError::new("invalid_props", format!("{name} must be text")))?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(PropsError::new(
            "invalid_props",
            format!(
                "{name} has {} bytes, at most {MAX_TEXT_BYTES} allowed",
                text.len()
            ),
        ));
    }
    Ok(text)
}

fn order_id(name: &str, raw: &str) -> Result<String, PropsError> {
    let raw = text(name, raw)?;
    ids::canonical_order_id(&raw)
        .map(str::to_owned)
        .ok_or_else(|| {
            PropsError::new(
                "invalid_transaction_id",
                format!(
                    "{name} must be 1 to {} printable ASCII characters without spaces or @",
                    ids::MAX_TRANSACTION_ID_BYTES
                ),
            )
        })
}

fn scalar(name: &str, raw: &str) -> Result<Scalar, PropsError> {
    Ok(match raw.as_bytes().first() {
        Some(b't') => Scalar::Bool(true),
        Some(b'f') => Scalar::Bool(false),
        Some(b'"') => Scalar::Text(text(shown(name), raw)?),
        Some(b'{' | b'[') => {
            // Platforms take scalars only. Kept as its JSON text, so nothing is lost.
            if raw.len() > MAX_TEXT_BYTES {
                return Err(PropsError::new(
                    "invalid_props",
                    format!(
                        "{} has {} bytes, at most {MAX_TEXT_BYTES} allowed",
                        shown(name),
                        raw.len()
                    ),
                ));
            }
            Scalar::Text(raw.to_owned())
        }
        _ => Scalar::Number(raw.to_owned()),
    })
}

/// A parameter's name as an error may show it: names are the shop's, but may come from anywhere.
fn shown(name: &str) -> &str {
    let is_plain = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_plain { name } else { "a parameter" }
}

fn items(raw: &str) -> Result<Vec<Item>, PropsError> {
    let lines: Vec<&RawValue> = serde_json::from_str(raw)
        .map_err(|_| PropsError::new("invalid_item", "items must be an array of objects"))?;
    if lines.len() > MAX_ITEMS {
        return Err(PropsError::new(
            "invalid_item",
            format!("{} items, at most {MAX_ITEMS} allowed", lines.len()),
        ));
    }
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            item(line.get()).map_err(|error| PropsError {
                code: if error.code == "invalid_props" {
                    "invalid_item"
                } else {
                    error.code
                },
                message: format!("items[{index}]: {}", error.message),
            })
        })
        .collect()
}

fn item(raw: &str) -> Result<Item, PropsError> {
    let mut item = Item::default();
    let mut product_id = None;
    for (key, raw) in object(raw, "item")? {
        let raw = raw.get();
        if raw == "null" {
            continue;
        }
        match key.as_ref() {
            "item_id" | "sku" | "id" => item.item_id = Some(text("item_id", raw)?),
            "product_id" => product_id = Some(text("item_id", raw)?),
            "item_name" | "name" => item.item_name = Some(text("item_name", raw)?),
            "item_brand" | "brand" => item.item_brand = Some(text("item_brand", raw)?),
            "item_category" | "category" => item.item_category = Some(text("item_category", raw)?),
            "item_variant" | "variant" => item.item_variant = Some(text("item_variant", raw)?),
            "price" => item.price = Some(money("price", raw)?),
            "quantity" => {
                let quantity = money("quantity", raw)?;
                if quantity.is_negative() {
                    return Err(PropsError::new("invalid_item", "quantity is below zero"));
                }
                item.quantity = Some(quantity);
            }
            name => {
                item.other.insert(name.to_owned(), scalar(name, raw)?);
            }
        }
    }
    // Segment's product_id is the catalogue id; a sku beside it is the variant's.
    item.item_id = product_id.or(item.item_id);
    Ok(item)
}

/// Returns how deeply a JSON text is nested at most, looking at no more than its brackets.
///
/// A text with at most [`MAX_DEPTH`] opening brackets cannot be deeper, so for those it returns their
/// count without telling brackets inside strings apart.
pub fn depth(json: &str) -> usize {
    let brackets = json.bytes().filter(|b| matches!(b, b'{' | b'[')).count();
    if brackets <= MAX_DEPTH {
        return brackets;
    }
    let mut deepest = 0usize;
    let mut level = 0usize;
    let mut in_text = false;
    let mut is_escaped = false;
    for b in json.bytes() {
        if in_text {
            if is_escaped {
                is_escaped = false;
            } else if b == b'\\' {
                is_escaped = true;
            } else if b == b'"' {
                in_text = false;
            }
            continue;
        }
        match b {
            b'"' => in_text = true,
            b'{' | b'[' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests;
