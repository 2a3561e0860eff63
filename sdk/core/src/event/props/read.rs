//! Reads the parameters in one pass over their text: members go to their field as they come, and only a
//! single value is ever looked at twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::value::{currency, money, order_id, scalar, text};
use super::{Item, MAX_ITEMS, MAX_PROPS, Props, PropsError};
use crate::wire::Text;

/// Reads and checks the parameters from the text of a JSON object.
pub(super) fn props(json: &str) -> Result<Props, PropsError> {
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let seed = Object::<Props>::new(&mut fault);
    let read = seed
        .deserialize(&mut deserializer)
        .and_then(|props| deserializer.end().map(|()| props));
    read.map_err(|_| {
        fault.unwrap_or_else(|| PropsError::new("invalid_props", "props must be an object"))
    })
}

/// What stopped the reading. The JSON reader's own error can carry words only.
type Fault = Option<PropsError>;

/// Keeps an error and stops the reading.
fn stop<T, E: serde::de::Error>(fault: &mut Fault, error: PropsError) -> Result<T, E> {
    *fault = Some(error);
    Err(E::custom(""))
}

/// Something that is read member by member.
trait Record: Default {
    /// What it is called in an error.
    const WHAT: &'static str;
    /// How many objects and arrays are open inside it, from `props` on.
    const LEVEL: usize;

    /// Takes the value of one member from `map`.
    fn set<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        fault: &mut Fault,
    ) -> Result<(), A::Error>;

    /// Looks at the whole when the last member was read.
    fn finish(&mut self) {}
}

/// Reads one object.
struct Object<'f, R> {
    fault: &'f mut Fault,
    record: R,
}

impl<'f, R: Record> Object<'f, R> {
    fn new(fault: &'f mut Fault) -> Self {
        Self {
            fault,
            record: R::default(),
        }
    }
}

impl<'de, R: Record> DeserializeSeed<'de> for Object<'_, R> {
    type Value = R;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<R, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, R: Record> Visitor<'de> for Object<'_, R> {
    type Value = R;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<R, A::Error> {
        let mut members = 0usize;
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            members += 1;
            if members > MAX_PROPS {
                let message = format!("{} has more than {MAX_PROPS} members", R::WHAT);
                return stop(self.fault, PropsError::new("too_many_props", message));
            }
            self.record.set(&key, &mut map, self.fault)?;
        }
        self.record.finish();
        Ok(self.record)
    }
}

/// Reads one value with `read`; `null` is no value.
fn value<'de, A: MapAccess<'de>, T>(
    map: &mut A,
    fault: &mut Fault,
    read: impl FnOnce(&'de str) -> Result<T, PropsError>,
) -> Result<Option<T>, A::Error> {
    let raw = map.next_value::<&'de RawValue>()?.get();
    if raw == "null" {
        return Ok(None);
    }
    match read(raw) {
        Ok(value) => Ok(Some(value)),
        Err(error) => stop(fault, error),
    }
}

/// Puts a value in its field unless it was `null`.
macro_rules! put {
    ($field:expr, $map:expr, $fault:expr, $read:expr) => {
        if let Some(value) = value($map, $fault, $read)? {
            $field = Some(value);
        }
    };
}

impl Record for Props {
    const WHAT: &'static str = "props";
    const LEVEL: usize = 1;

    fn set<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        fault: &mut Fault,
    ) -> Result<(), A::Error> {
        match key {
            "currency" => put!(self.currency, map, fault, currency),
            "value" => put!(self.value, map, fault, |raw| money("value", raw)),
            "total" | "revenue" => {
                let amount = value(map, fault, |raw| money("value", raw))?;
                self.value = self.value.or(amount);
            }
            "tax" => put!(self.tax, map, fault, |raw| money("tax", raw)),
            "shipping" => put!(self.shipping, map, fault, |raw| money("shipping", raw)),
            "transaction_id" | "order_id" => {
                put!(self.transaction_id, map, fault, |raw| order_id(
                    "transaction_id",
                    raw
                ));
            }
            "refund_id" => put!(self.refund_id, map, fault, |raw| order_id("refund_id", raw)),
            "coupon" => put!(self.coupon, map, fault, |raw| text("coupon", raw)),
            "search_term" | "query" => {
                put!(self.search_term, map, fault, |raw| text("search_term", raw));
            }
            "items" | "products" => {
                let lines = map.next_value_seed(Items { fault })?;
                if let Some(lines) = lines {
                    self.items = lines;
                }
            }
            name => {
                if let Some(value) = value(map, fault, |raw| scalar(name, raw, Self::LEVEL))? {
                    self.other.insert(name.to_owned(), value);
                }
            }
        }
        Ok(())
    }
}

/// An item on its way, with the id that outranks its own.
#[derive(Default)]
struct Line {
    item: Item,
    product_id: Option<String>,
}

impl Record for Line {
    const WHAT: &'static str = "item";
    const LEVEL: usize = 3;

    fn set<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        fault: &mut Fault,
    ) -> Result<(), A::Error> {
        let item = &mut self.item;
        match key {
            "item_id" | "sku" | "id" => put!(item.item_id, map, fault, |raw| text("item_id", raw)),
            "product_id" => put!(self.product_id, map, fault, |raw| text("item_id", raw)),
            "item_name" | "name" => {
                put!(item.item_name, map, fault, |raw| text("item_name", raw));
            }
            "item_brand" | "brand" => {
                put!(item.item_brand, map, fault, |raw| text("item_brand", raw));
            }
            "item_category" | "category" => {
                put!(item.item_category, map, fault, |raw| text(
                    "item_category",
                    raw
                ));
            }
            "item_variant" | "variant" => {
                put!(item.item_variant, map, fault, |raw| text(
                    "item_variant",
                    raw
                ));
            }
            "price" => put!(item.price, map, fault, |raw| money("price", raw)),
            "quantity" => put!(item.quantity, map, fault, |raw| {
                let quantity = money("quantity", raw)?;
                if quantity.is_negative() {
                    return Err(PropsError::new("invalid_item", "quantity is below zero"));
                }
                Ok(quantity)
            }),
            name => {
                if let Some(value) = value(map, fault, |raw| scalar(name, raw, Self::LEVEL))? {
                    item.other.insert(name.to_owned(), value);
                }
            }
        }
        Ok(())
    }

    /// Segment's `product_id` is the catalogue id; a `sku` beside it is the variant's.
    fn finish(&mut self) {
        if self.product_id.is_some() {
            self.item.item_id = self.product_id.take();
        }
    }
}

/// Reads the product lines; `null` is none.
struct Items<'f> {
    fault: &'f mut Fault,
}

impl Items<'_> {
    fn no_array() -> PropsError {
        PropsError::new("invalid_item", "items must be an array of objects")
    }
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Option<Vec<Item>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let fault = self.fault;
        let read = deserializer.deserialize_any(Items { fault: &mut *fault });
        if read.is_err() {
            fault.get_or_insert_with(Self::no_array);
        }
        read
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Option<Vec<Item>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let mut fault = None;
            match seq.next_element_seed(Object::<Line>::new(&mut fault)) {
                Ok(Some(line)) => items.push(line.item),
                Ok(None) => return Ok(Some(items)),
                Err(error) => {
                    *self.fault = Some(in_line(items.len(), fault));
                    return Err(error);
                }
            }
            if items.len() == MAX_ITEMS {
                break;
            }
        }
        let mut count = items.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        if count > MAX_ITEMS {
            let message = format!("{count} items, at most {MAX_ITEMS} allowed");
            return stop(self.fault, PropsError::new("invalid_item", message));
        }
        Ok(Some(items))
    }
}

/// Says in which line the fault is.
fn in_line(index: usize, fault: Fault) -> PropsError {
    let error = fault.unwrap_or_else(|| PropsError::new("invalid_props", "item must be an object"));
    PropsError {
        code: if error.code == "invalid_props" {
            "invalid_item"
        } else {
            error.code
        },
        message: format!("items[{index}]: {}", error.message),
    }
}
