//! Signed notices of shop systems: orders and refunds, as `purchase` and `refund`.
//!
//! [`signature`] says whether a body is the vendor's; only then [`read`] looks into it. A notice is retold in one form, a [`Sale`], whose
//! transaction id is the identifier that the operator chose, so that page, backend and webhook name one order alike. A refund that names its
//! order by another identifier (Shopify's and Stripe's do) says so in [`Sale::order_reference`]; the door knows the order from its own notice.
//!
//! Sources: Shopify, "Webhooks" and the REST Order and Refund resources; WooCommerce, REST API v3 and `class-wc-webhook.php`; Stripe, "Webhooks",
//! "Supported currencies", and the objects of its API.

mod order;
mod sale;
mod settings;
mod shopify;
pub mod signature;
mod stripe;
#[cfg(test)]
mod tests;
mod woocommerce;

pub use sale::Sale;
pub use settings::{ItemId, OrderValue, Settings, TransactionId};

use crate::Unreadable;

/// Who sends a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Shopify.
    Shopify,
    /// WooCommerce.
    WooCommerce,
    /// Stripe.
    Stripe,
}

impl Platform {
    /// All platforms.
    pub const ALL: [Self; 3] = [Self::Shopify, Self::WooCommerce, Self::Stripe];

    /// Returns the name in addresses and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::WooCommerce => "woocommerce",
            Self::Stripe => "stripe",
        }
    }

    /// Returns the platform of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// What the head of a request tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head<'h> {
    /// What it is about; Stripe says it in the body.
    pub topic: &'h str,
    /// The shop's host.
    pub shop: &'h str,
    /// The signature.
    pub signature: Option<&'h str>,
}

impl<'h> Head<'h> {
    /// Reads the head; `get` returns the header of a name in lower case.
    pub fn read(platform: Platform, get: impl Fn(&str) -> Option<&'h str>) -> Self {
        match platform {
            // Event webhooks of newer versions have names without the prefix.
            Platform::Shopify => Self {
                topic: get("x-shopify-topic")
                    .or_else(|| get("shopify-topic"))
                    .unwrap_or_default(),
                shop: get("x-shopify-shop-domain")
                    .or_else(|| get("shopify-shop-domain"))
                    .unwrap_or_default(),
                signature: get("x-shopify-hmac-sha256").or_else(|| get("shopify-hmac-sha256")),
            },
            Platform::WooCommerce => Self {
                topic: get("x-wc-webhook-topic").unwrap_or_default(),
                shop: "",
                signature: get("x-wc-webhook-signature"),
            },
            Platform::Stripe => Self {
                topic: "",
                shop: "",
                signature: get("stripe-signature"),
            },
        }
    }
}

/// Why a notice makes no event. Nothing is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It is about something else.
    Topic,
    /// The order is not paid, the refund not done.
    State,
    /// A test order.
    Test,
}

/// What a notice says.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice<'a> {
    /// Orders and refunds.
    Sales(Vec<Sale<'a>>),
    /// Nothing for us.
    Ignored(Ignored),
}

/// Whether this is what WooCommerce sends, without a signature, when a webhook is made.
pub fn is_ping(platform: Platform, head: &Head<'_>, body: &[u8]) -> bool {
    platform == Platform::WooCommerce
        && head.signature.is_none()
        && body
            .strip_prefix(b"webhook_id=")
            .is_some_and(|id| id.len() <= 20 && id.iter().all(u8::is_ascii_digit))
}

/// Reads a notice whose signature was right.
pub fn read<'a>(
    platform: Platform,
    head: &Head<'_>,
    body: &'a str,
    settings: &Settings,
) -> Result<Notice<'a>, Unreadable> {
    let read = match platform {
        Platform::Shopify => shopify::read(head, body, settings),
        Platform::WooCommerce => woocommerce::read(head, body, settings),
        Platform::Stripe => stripe::read(body, settings),
    };
    read.map_err(|error| Unreadable::of(&error))
}
