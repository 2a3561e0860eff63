//! Members that the orders of several shop systems have in the same form.

use std::borrow::Cow;

use firsthand_core::wire::Text;
use serde::Deserialize;

use super::ItemId;
use super::sale::Line;
use crate::json::{Soft, Word};

/// What a storefront left with an order. Shopify calls it by `name`, WooCommerce by `key`.
#[derive(Deserialize)]
struct Attribute<'a> {
    #[serde(borrow, default)]
    name: Soft<Text<'a>>,
    #[serde(borrow, default)]
    key: Soft<Text<'a>>,
    #[serde(borrow, default)]
    value: Soft<Word<'a>>,
}

/// A list of attributes.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Attributes<'a>(#[serde(borrow)] Soft<Vec<Attribute<'a>>>);

impl<'a> Attributes<'a> {
    /// Returns the value of the first attribute of this name.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut all = self.0.0.iter().flatten();
        let found = all.find(|known| known.name.is(name) || known.key.is(name))?;
        found.value.clone().word()
    }
}

#[derive(Deserialize)]
struct Code<'a> {
    #[serde(borrow, default)]
    code: Soft<Text<'a>>,
}

/// Codes of discounts.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Coupons<'a>(#[serde(borrow)] Soft<Vec<Code<'a>>>);

impl<'a> Coupons<'a> {
    /// Returns the first code.
    pub(super) fn first(self) -> Option<Cow<'a, str>> {
        let mut all = self.0.0.into_iter().flatten();
        all.find_map(|one| one.code.text())
    }
}

/// Lines of an order as one system writes them.
pub(super) fn lines<'a, L>(
    all: Soft<Vec<L>>,
    item_id: ItemId,
    line: impl Fn(L, ItemId) -> Line<'a>,
) -> Vec<Line<'a>> {
    let all = all.0.into_iter().flatten();
    all.map(|one| line(one, item_id)).collect()
}
