//! An order or a refund in one form, whoever tells of it.

use std::borrow::Cow;

use firsthand_core::event::{Currency, Decimal};
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{ConsentEvidence, Event, Header, User};

use super::Settings;
use super::settings::is_anonymous_id;
use crate::{Call, consent};

/// An order that was paid, or a refund that was given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sale<'a> {
    /// What the platform calls it: the same in every notice of it, unlike the time.
    pub reference: String,
    /// Of a refund: what the platform calls its order.
    pub order_reference: Option<String>,
    /// The transaction id, where the notice tells it.
    pub transaction_id: Option<Cow<'a, str>>,
    /// Of a refund: which one.
    pub refund_id: Option<Cow<'a, str>>,
    /// When, in epoch milliseconds; 0 where the notice does not say.
    pub at_ms: i64,
    /// Who, where, and with what consent.
    pub header: Header<'a>,
    pub(super) facts: Facts<'a>,
}

/// What was bought.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Facts<'a> {
    pub(super) currency: Option<Cow<'a, str>>,
    pub(super) value: Option<Decimal>,
    pub(super) tax: Option<Decimal>,
    pub(super) shipping: Option<Decimal>,
    pub(super) coupon: Option<Cow<'a, str>>,
    pub(super) lines: Vec<Line<'a>>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Line<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) brand: Option<Cow<'a, str>>,
    pub(super) variant: Option<Cow<'a, str>>,
    pub(super) price: Option<Decimal>,
    pub(super) quantity: Option<Decimal>,
}

impl<'a> Sale<'a> {
    /// Whether this is a refund.
    pub const fn is_refund(&self) -> bool {
        self.refund_id.is_some()
    }

    /// Returns the event, under this transaction id.
    pub fn call(self, transaction_id: &str) -> Call<'a> {
        let name = if self.is_refund() {
            "refund"
        } else {
            "purchase"
        };
        let props = self.facts.props(transaction_id, self.refund_id.as_deref());
        Call {
            sent_at: 0,
            header: self.header,
            event: Event {
                // Replaced at the door by the id that every source derives.
                id: Cow::Owned(self.reference),
                name: Cow::Borrowed(name),
                at: self.at_ms,
                props: Cow::Owned(props),
                ..Event::default()
            },
        }
    }
}

impl Facts<'_> {
    fn props(&self, transaction_id: &str, refund_id: Option<&str>) -> String {
        let mut props = String::with_capacity(256 + self.lines.len() * 128);
        let mut object = Object::begin(&mut props);
        object.text("transaction_id", transaction_id);
        object.text_opt("refund_id", refund_id);
        object.text_opt("currency", self.currency.as_deref());
        for (name, amount) in [
            ("value", self.value),
            ("tax", self.tax),
            ("shipping", self.shipping),
        ] {
            push_amount(&mut object, name, amount);
        }
        object.text_opt("coupon", self.coupon.as_deref());
        if !self.lines.is_empty() {
            let mut items = String::from("[");
            for line in &self.lines {
                if items.len() > 1 {
                    items.push(',');
                }
                line.push_to(&mut items);
            }
            items.push(']');
            object.key("items").push_str(&items);
        }
        object.end();
        props
    }
}

impl Line<'_> {
    fn push_to(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.text_opt("item_id", self.id.as_deref());
        object.text_opt("item_name", self.name.as_deref());
        object.text_opt("item_brand", self.brand.as_deref());
        object.text_opt("item_variant", self.variant.as_deref());
        push_amount(&mut object, "price", self.price);
        push_amount(&mut object, "quantity", self.quantity);
        object.end();
    }
}

fn push_amount(object: &mut Object<'_>, name: &str, amount: Option<Decimal>) {
    if let Some(amount) = amount {
        amount.push_to(object.key(name));
    }
}

/// Returns an amount of minor units, if the currency is one.
pub(super) fn of_minor(minor: i64, exponent: u32, currency: &str) -> Option<Decimal> {
    Currency::parse(currency).map(|_| Decimal::from_minor(minor, exponent))
}

/// Takes what the storefront left with the order: whose it is, and what they chose.
pub(super) fn visitor<'t, 'a>(
    settings: &Settings,
    attribute: impl Fn(&str) -> Option<Cow<'t, str>>,
) -> (User<'a>, ConsentEvidence<'a>) {
    let user = User {
        anonymous_id: attribute(&settings.anonymous_id_key)
            .map(|id| id.trim().to_ascii_lowercase())
            .filter(|id| is_anonymous_id(id))
            .map(Cow::Owned),
        ..User::default()
    };
    let evidence = match attribute(&settings.consent_key) {
        Some(text) => consent::from_text(&text),
        None => settings.absent.evidence(),
    };
    (user, evidence)
}
