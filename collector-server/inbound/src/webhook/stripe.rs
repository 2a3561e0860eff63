//! Stripe: paid checkouts or payments, and refunds.
//!
//! A checkout and its payment are one sale: the operator chooses which of them counts, and both are called by the payment. Refunds are told
//! by `refund.created` and `refund.updated` (when one that was pending is done). `charge.refunded` is not read: it tells the sum of all
//! refunds of a charge, not which one was new. The time is the notice's: a checkout's own is when it was opened.

use std::borrow::Cow;

use firsthand_core::event::{Currency, Decimal};
use firsthand_core::wire::{ClearKey, Header, Text, User};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::sale::{Facts, of_minor, visitor};
use super::{Ignored, Notice, Sale, Settings};
use crate::json::{Members, Soft, Word, filled, word};
use crate::person;

/// Currencies that Stripe counts in whole units ("Supported currencies", zero-decimal currencies).
const WHOLE_UNITS: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// Currencies without minor units that Stripe counts in hundredths all the same (there, special cases).
const HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];

pub(super) fn read<'a>(
    body: &'a str,
    settings: &Settings,
) -> Result<Notice<'a>, serde_json::Error> {
    let event: Envelope<'a> = serde_json::from_str(body)?;
    let kind = event.kind.0.as_ref();
    let is_refund = matches!(kind, "refund.created" | "refund.updated");
    if !is_refund && !settings.is_purchase(kind) {
        return Ok(Notice::Ignored(Ignored::Topic));
    }
    if event.livemode.0 == Some(false) && !settings.take_test_orders {
        return Ok(Notice::Ignored(Ignored::Test));
    }
    let at_ms = event.created.0.unwrap_or(0).saturating_mul(1000);
    let object = event.data.object.get();
    let sale = if is_refund {
        serde_json::from_str::<Refund<'a>>(object)?.sale(at_ms, settings)
    } else if kind == "payment_intent.succeeded" {
        Some(serde_json::from_str::<Payment<'a>>(object)?.sale(at_ms, settings))
    } else {
        serde_json::from_str::<Checkout<'a>>(object)?.sale(at_ms, settings)
    };
    Ok(match sale {
        Some(sale) => Notice::Sales(vec![sale]),
        None => Notice::Ignored(Ignored::State),
    })
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    livemode: Soft<bool>,
    #[serde(default)]
    created: Soft<i64>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
}

/// An object's id, or the object itself where it was expanded.
#[derive(Deserialize)]
#[serde(transparent)]
struct Reference<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> Reference<'a> {
    fn id(&self) -> Option<Cow<'a, str>> {
        let raw = self.0.get();
        word(raw).or_else(|| serde_json::from_str::<Members<'a>>(raw).ok()?.word("id"))
    }
}

fn reference<'a>(soft: &Soft<Reference<'a>>) -> Option<Cow<'a, str>> {
    soft.0.as_ref().and_then(Reference::id)
}

fn attribute<'a>(metadata: &Soft<Members<'a>>, name: &str) -> Option<Cow<'a, str>> {
    metadata.0.as_ref()?.word(name).and_then(filled)
}

/// Returns the digits after the point of the minor unit that Stripe counts in.
fn exponent(currency: Currency) -> u32 {
    if WHOLE_UNITS.contains(&currency.as_str()) {
        0
    } else if HUNDREDTHS.contains(&currency.as_str()) {
        2
    } else {
        currency.exponent()
    }
}

/// Returns an amount of a currency that both are known, else nothing.
fn money(minor: Option<i64>, currency: Option<&str>) -> Option<Decimal> {
    let currency = Currency::parse(currency?)?;
    of_minor(minor?, exponent(currency), currency.as_str())
}

#[derive(Deserialize)]
struct Checkout<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow, default)]
    payment_status: Soft<Text<'a>>,
    #[serde(borrow, default)]
    payment_intent: Soft<Reference<'a>>,
    #[serde(borrow, default)]
    client_reference_id: Soft<Word<'a>>,
    #[serde(default)]
    amount_total: Soft<i64>,
    #[serde(default)]
    total_details: Soft<TotalDetails>,
    #[serde(borrow, default)]
    currency: Soft<Text<'a>>,
    #[serde(borrow, default)]
    customer: Soft<Reference<'a>>,
    #[serde(borrow, default)]
    customer_details: Soft<Members<'a>>,
    #[serde(borrow, default)]
    metadata: Soft<Members<'a>>,
}

#[derive(Deserialize)]
struct TotalDetails {
    #[serde(default)]
    amount_shipping: Soft<i64>,
    #[serde(default)]
    amount_tax: Soft<i64>,
}

impl<'a> Checkout<'a> {
    fn sale(self, at_ms: i64, settings: &Settings) -> Option<Sale<'a>> {
        // `no_payment_required` is a subscription's trial or an order that cost nothing.
        if self.payment_status.0.as_ref()?.0 != "paid" {
            return None;
        }
        let payment = reference(&self.payment_intent);
        let reference_id = self.client_reference_id.0.and_then(|word| filled(word.0));
        let transaction_id = match settings.transaction_id.attribute() {
            Some(name) => attribute(&self.metadata, name),
            None => match settings.transaction_id.as_str() {
                "id" => Some(self.id.0.clone()),
                "payment_intent" => payment.clone(),
                "client_reference_id" => reference_id,
                _ => None,
            },
        };
        let (mut user, consent) = visitor(settings, |name| attribute(&self.metadata, name));
        who(
            &mut user,
            reference(&self.customer),
            self.customer_details.0.as_ref(),
        );
        let currency = self.currency.text();
        let details = self.total_details.0;
        let amount = |minor: Option<i64>| money(minor, currency.as_deref());
        let shipping = amount(details.as_ref().and_then(|d| d.amount_shipping.0));
        let total = amount(self.amount_total.0);
        Some(Sale {
            reference: payment.unwrap_or(self.id.0).into_owned(),
            transaction_id,
            at_ms,
            header: Header {
                consent,
                user,
                ..Header::default()
            },
            facts: Facts {
                value: settings.value.of(total, shipping),
                tax: amount(details.as_ref().and_then(|d| d.amount_tax.0)),
                shipping,
                currency,
                ..Facts::default()
            },
            ..Sale::default()
        })
    }
}

fn who<'a>(user: &mut User<'a>, customer: Option<Cow<'a, str>>, details: Option<&Members<'a>>) {
    if let Some(id) = customer {
        user.user_id = Some(id.clone());
        person::push(user, ClearKey::ExternalId, Some(id));
    }
    if let Some(details) = details {
        person::take_traits(user, details);
    }
}

#[derive(Deserialize)]
struct Payment<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(default)]
    amount_received: Soft<i64>,
    #[serde(borrow, default)]
    currency: Soft<Text<'a>>,
    #[serde(borrow, default)]
    customer: Soft<Reference<'a>>,
    #[serde(borrow, default)]
    receipt_email: Soft<Text<'a>>,
    #[serde(borrow, default)]
    shipping: Soft<Members<'a>>,
    #[serde(borrow, default)]
    metadata: Soft<Members<'a>>,
}

impl<'a> Payment<'a> {
    fn sale(self, at_ms: i64, settings: &Settings) -> Sale<'a> {
        let transaction_id = match settings.transaction_id.attribute() {
            Some(name) => attribute(&self.metadata, name),
            None => matches!(settings.transaction_id.as_str(), "id" | "payment_intent")
                .then(|| self.id.0.clone()),
        };
        let (mut user, consent) = visitor(settings, |name| attribute(&self.metadata, name));
        person::push(&mut user, ClearKey::Email, self.receipt_email.text());
        who(
            &mut user,
            reference(&self.customer),
            self.shipping.0.as_ref(),
        );
        let currency = self.currency.text();
        Sale {
            reference: self.id.0.into_owned(),
            transaction_id,
            at_ms,
            header: Header {
                consent,
                user,
                ..Header::default()
            },
            facts: Facts {
                value: money(self.amount_received.0, currency.as_deref()),
                currency,
                ..Facts::default()
            },
            ..Sale::default()
        }
    }
}

#[derive(Deserialize)]
struct Refund<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow, default)]
    status: Soft<Text<'a>>,
    #[serde(default)]
    amount: Soft<i64>,
    #[serde(borrow, default)]
    currency: Soft<Text<'a>>,
    #[serde(borrow, default)]
    payment_intent: Soft<Reference<'a>>,
    #[serde(borrow, default)]
    charge: Soft<Reference<'a>>,
    #[serde(borrow, default)]
    metadata: Soft<Members<'a>>,
}

impl<'a> Refund<'a> {
    fn sale(self, at_ms: i64, settings: &Settings) -> Option<Sale<'a>> {
        if self.status.0.as_ref()?.0 != "succeeded" {
            return None;
        }
        let payment = reference(&self.payment_intent).or_else(|| reference(&self.charge));
        let transaction_id = match settings.transaction_id.attribute() {
            Some(name) => attribute(&self.metadata, name),
            None if settings.transaction_id.as_str() == "payment_intent" => payment.clone(),
            None => None,
        };
        let (user, consent) = visitor(settings, |name| attribute(&self.metadata, name));
        let currency = self.currency.text();
        Some(Sale {
            reference: self.id.0.clone().into_owned(),
            order_reference: payment.map(Cow::into_owned),
            transaction_id,
            refund_id: Some(self.id.0),
            at_ms,
            header: Header {
                consent,
                user,
                ..Header::default()
            },
            facts: Facts {
                value: money(self.amount.0, currency.as_deref()),
                currency,
                ..Facts::default()
            },
        })
    }
}
