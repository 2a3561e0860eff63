//! What the operator decided about a webhook.

use std::borrow::Cow;

use firsthand_core::event::Decimal;
use firsthand_core::ids;

use super::Platform;
use crate::consent::Absent;

/// Which identifier of an order is the transaction id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionId(String);

impl TransactionId {
    /// Returns the fields that a platform's orders have, the attributes of the last entry's form among them.
    pub const fn choices(platform: Platform) -> &'static [&'static str] {
        match platform {
            Platform::Shopify => &[
                "id",
                "name",
                "order_number",
                "confirmation_number",
                "checkout_token",
                "note_attributes.NAME",
            ],
            Platform::WooCommerce => &["id", "number", "order_key", "meta_data.NAME"],
            Platform::Stripe => &[
                "id",
                "payment_intent",
                "client_reference_id",
                "metadata.NAME",
            ],
        }
    }

    /// Reads a choice.
    pub fn parse(platform: Platform, text: &str) -> Option<Self> {
        let is_known =
            Self::choices(platform)
                .iter()
                .any(|choice| match choice.strip_suffix("NAME") {
                    Some(prefix) => text
                        .strip_prefix(prefix)
                        .is_some_and(|name| !name.is_empty()),
                    None => *choice == text,
                });
        is_known.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of the attribute that this is.
    pub(super) fn attribute(&self) -> Option<&str> {
        self.0.split_once('.').map(|(_, name)| name)
    }
}

/// What the `value` of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderValue {
    /// What the goods cost with tax: the total without shipping, as GA4 asks.
    #[default]
    Goods,
    /// All that was paid.
    Total,
}

impl OrderValue {
    /// Picks the `value`; where the shipping is not known, the goods are worth the total.
    pub(super) fn of(self, total: Option<Decimal>, shipping: Option<Decimal>) -> Option<Decimal> {
        match (self, total, shipping) {
            (Self::Goods, Some(total), Some(shipping)) => total.checked_sub(shipping),
            _ => total,
        }
    }
}

/// Which identifier of a product is the item id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ItemId {
    /// The product's.
    #[default]
    Product,
    /// The variant's, the product's where there is none.
    Variant,
    /// The stock keeping unit, the product's id where there is none.
    Sku,
}

impl ItemId {
    /// Picks the item id.
    pub(super) fn of<'a>(
        self,
        product: Option<Cow<'a, str>>,
        variant: Option<Cow<'a, str>>,
        sku: Option<Cow<'a, str>>,
    ) -> Option<Cow<'a, str>> {
        match self {
            Self::Product => product,
            Self::Variant => variant.or(product),
            Self::Sku => sku.or(product),
        }
    }
}

/// How notices of one source are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which identifier is the transaction id.
    pub transaction_id: TransactionId,
    /// What makes an order a purchase: Shopify's topics, WooCommerce's statuses, Stripe's event types.
    pub purchase_on: Vec<String>,
    /// What the `value` of an order is.
    pub value: OrderValue,
    /// Which identifier is the item id.
    pub item_id: ItemId,
    /// Attribute in which the storefront left the visitor's `anonymous_id`.
    pub anonymous_id_key: String,
    /// Attribute in which the storefront left the visitor's choice.
    pub consent_key: String,
    /// What a notice without a choice stands for.
    pub absent: Absent,
    /// Test orders count too.
    pub take_test_orders: bool,
}

impl Settings {
    /// Returns the defaults of a platform.
    pub fn new(platform: Platform, transaction_id: TransactionId) -> Self {
        Self {
            transaction_id,
            purchase_on: Self::purchase_default(platform)
                .iter()
                .map(|&topic| topic.to_owned())
                .collect(),
            value: OrderValue::default(),
            item_id: ItemId::default(),
            anonymous_id_key: "fh_anonymous_id".to_owned(),
            consent_key: "fh_consent".to_owned(),
            absent: Absent::default(),
            take_test_orders: false,
        }
    }

    /// Returns what makes an order a purchase unless configured otherwise.
    pub const fn purchase_default(platform: Platform) -> &'static [&'static str] {
        match platform {
            Platform::Shopify => &["orders/paid"],
            Platform::WooCommerce => &["processing", "completed"],
            Platform::Stripe => &[
                "checkout.session.completed",
                "checkout.session.async_payment_succeeded",
            ],
        }
    }

    /// Returns what may make an order a purchase; empty where any name may.
    pub const fn purchase_choices(platform: Platform) -> &'static [&'static str] {
        match platform {
            Platform::Shopify => &["orders/create", "orders/paid"],
            Platform::WooCommerce => &[],
            Platform::Stripe => &[
                "checkout.session.completed",
                "checkout.session.async_payment_succeeded",
                "payment_intent.succeeded",
            ],
        }
    }

    pub(super) fn is_purchase(&self, what: &str) -> bool {
        self.purchase_on.iter().any(|known| known == what)
    }
}

/// Whether a text may be the visitor's id.
pub(super) fn is_anonymous_id(text: &str) -> bool {
    ids::is_uuid(text)
}
