//! `[[source]]`: who may send, and how what they send is read.

use std::collections::BTreeMap;

use firsthand_core::consent::Purpose;
use firsthand_inbound::consent::{Absent, Categories};
use firsthand_inbound::segment;
use firsthand_inbound::webhook::{self, ItemId, OrderValue, Platform, TransactionId};
use serde::Deserialize;

use super::names;
use crate::secret::SecretSource;

/// Most secrets of one webhook: the one in force, the next one, and the shop's own beside the app's.
pub const MAX_SECRETS: usize = 4;
/// How far the time of a signature may lie off unless configured otherwise, in seconds; Stripe's own tolerance.
pub const SIGNATURE_TOLERANCE_SECS: u32 = 300;

/// Kind of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKindName {
    /// A page, with a public `write_key`.
    Browser,
    /// A server, with a `secret_key`.
    Server,
    /// A server with an SDK of Segment or RudderStack, its write key a `secret_key`.
    Segment,
    /// Webhooks of Shopify.
    Shopify,
    /// Webhooks of WooCommerce.
    Woocommerce,
    /// Webhooks of Stripe.
    Stripe,
}

impl SourceKindName {
    /// Returns the platform whose webhooks this is.
    pub const fn platform(self) -> Option<Platform> {
        match self {
            Self::Shopify => Some(Platform::Shopify),
            Self::Woocommerce => Some(Platform::WooCommerce),
            Self::Stripe => Some(Platform::Stripe),
            Self::Browser | Self::Server | Self::Segment => None,
        }
    }
}

names! {
    /// Name of a [`Purpose`].
    PurposeName -> Purpose {
        Marketing = Purpose::Marketing,
        Analytics = Purpose::Analytics,
        Personalization = Purpose::Personalization,
        ThirdPartySharing = Purpose::ThirdPartySharing,
    }
}
names! {
    /// Name of an [`Absent`].
    AbsentName -> Absent { No = Absent::No, Regime = Absent::Regime }
}
names! {
    /// Name of an [`OrderValue`].
    OrderValueName -> OrderValue { Goods = OrderValue::Goods, Total = OrderValue::Total }
}
names! {
    /// Name of an [`ItemId`].
    ItemIdName -> ItemId { ProductId = ItemId::Product, VariantId = ItemId::Variant, Sku = ItemId::Sku }
}

/// One `[[source]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSection {
    /// Name in logs, metrics and the store.
    pub name: String,
    /// Kind.
    pub kind: SourceKindName,
    /// Public key of a browser source.
    #[serde(default)]
    pub write_key: Option<String>,
    /// Where the secret key of a server source is.
    #[serde(default)]
    pub secret_key: Option<SecretSource>,
    /// Origins of a browser source, such as `https://shop.example`.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Takes requests without an `Origin` too (apps, tests); a browser always sends one.
    #[serde(default)]
    pub allow_missing_origin: bool,
    /// Country of phone numbers without a country code, ISO 3166-1.
    #[serde(default)]
    pub default_phone_country: Option<String>,
    /// What a message without consent stands for.
    #[serde(default)]
    pub absent_consent: Option<AbsentName>,
    /// Purposes of the categories of the consent manager beside a Segment SDK.
    #[serde(default)]
    pub consent_categories: BTreeMap<String, Vec<PurposeName>>,
    /// Where the secrets of a webhook are; any of them counts.
    #[serde(default)]
    pub secrets: Vec<SecretSource>,
    /// Which identifier of an order is the transaction id.
    #[serde(default)]
    pub transaction_id: Option<String>,
    /// What makes an order a purchase: topics, statuses or event types.
    #[serde(default)]
    pub purchase_on: Option<Vec<String>>,
    /// What the value of an order is.
    #[serde(default)]
    pub value: Option<OrderValueName>,
    /// Which identifier of a product is the item id.
    #[serde(default)]
    pub item_id: Option<ItemIdName>,
    /// Attribute of an order with the visitor's `anonymous_id`.
    #[serde(default)]
    pub anonymous_id_key: Option<String>,
    /// Attribute of an order with the visitor's choice.
    #[serde(default)]
    pub consent_key: Option<String>,
    /// Test orders count too.
    #[serde(default)]
    pub take_test_orders: bool,
    /// How far the time of a signature may lie off, in seconds (Stripe).
    #[serde(default)]
    pub tolerance_secs: Option<u32>,
}

impl SourceSection {
    /// Returns how calls of a Segment SDK are read.
    pub fn segment(&self, policy_version: u32, message_bytes: usize) -> segment::Settings {
        let categories: Categories = self
            .consent_categories
            .iter()
            .map(|(category, purposes)| {
                let purposes = purposes.iter().map(|purpose| (*purpose).into()).collect();
                (category.clone(), purposes)
            })
            .collect();
        segment::Settings {
            categories,
            policy_version,
            absent: self.absent_consent.map_or(Absent::No, Into::into),
            message_bytes,
        }
    }

    /// Returns how notices of a webhook are read; `None` where this is none or its transaction id is unknown.
    pub fn webhook(&self) -> Option<(Platform, webhook::Settings)> {
        let platform = self.kind.platform()?;
        let id = TransactionId::parse(platform, self.transaction_id.as_deref()?)?;
        let mut settings = webhook::Settings::new(platform, id);
        settings.absent = self.absent_consent.map_or(Absent::No, Into::into);
        settings.value = self.value.map_or_else(OrderValue::default, Into::into);
        settings.item_id = self.item_id.map_or_else(ItemId::default, Into::into);
        settings.take_test_orders = self.take_test_orders;
        if let Some(topics) = &self.purchase_on {
            settings.purchase_on.clone_from(topics);
        }
        for (slot, key) in [
            (&mut settings.anonymous_id_key, &self.anonymous_id_key),
            (&mut settings.consent_key, &self.consent_key),
        ] {
            if let Some(key) = key {
                slot.clone_from(key);
            }
        }
        Some((platform, settings))
    }
}
