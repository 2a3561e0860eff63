//! Shopify: `orders/create`, `orders/paid`, `refunds/create`.
//!
//! A refund names its order by the numeric id only, and nobody: both are known from the order's own notice. Its money is that of its
//! successful transactions; lines and adjustments need not add up to what was given back.

use std::borrow::Cow;

use firsthand_core::event::Decimal;
use firsthand_core::touchpoint::arrival;
use firsthand_core::wire::{ClearKey, Context, Header, Text, User};
use serde::Deserialize;

use super::order::{self, Attributes, Coupons};
use super::sale::{Facts, Line, visitor};
use super::{Head, Ignored, ItemId, Notice, Sale, Settings};
use crate::json::{Amount, Members, Soft, Word, filled};
use crate::person;
use crate::time::epoch_ms;
use crate::touch::touch_of;

pub(super) fn read<'a>(
    head: &Head<'_>,
    body: &'a str,
    settings: &Settings,
) -> Result<Notice<'a>, serde_json::Error> {
    match head.topic {
        "refunds/create" => serde_json::from_str::<Refund<'a>>(body).map(Refund::notice),
        topic if topic.starts_with("orders/") && settings.is_purchase(topic) => {
            let order: OrderBody<'a> = serde_json::from_str(body)?;
            if order.test.0 == Some(true) && !settings.take_test_orders {
                return Ok(Notice::Ignored(Ignored::Test));
            }
            Ok(Notice::Sales(vec![order.sale(head.shop, settings)]))
        }
        _ => Ok(Notice::Ignored(Ignored::Topic)),
    }
}

fn order_reference(id: &str) -> String {
    format!("order:{id}")
}

#[derive(Deserialize)]
struct OrderBody<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow, default)]
    name: Soft<Word<'a>>,
    #[serde(borrow, default)]
    order_number: Soft<Word<'a>>,
    #[serde(borrow, default)]
    confirmation_number: Soft<Word<'a>>,
    #[serde(borrow, default)]
    checkout_token: Soft<Word<'a>>,
    #[serde(default)]
    test: Soft<bool>,
    #[serde(borrow, default)]
    created_at: Soft<Text<'a>>,
    #[serde(borrow, default)]
    processed_at: Soft<Text<'a>>,
    #[serde(borrow, default)]
    currency: Soft<Text<'a>>,
    #[serde(default)]
    total_price: Soft<Amount>,
    #[serde(default)]
    total_tax: Soft<Amount>,
    #[serde(default)]
    total_shipping_price_set: Soft<PriceSet>,
    #[serde(borrow, default)]
    discount_codes: Coupons<'a>,
    #[serde(borrow, default)]
    line_items: Soft<Vec<LineItem<'a>>>,
    #[serde(borrow, default)]
    email: Soft<Text<'a>>,
    #[serde(borrow, default)]
    contact_email: Soft<Text<'a>>,
    #[serde(borrow, default)]
    phone: Soft<Text<'a>>,
    #[serde(borrow, default)]
    customer: Soft<Members<'a>>,
    #[serde(borrow, default)]
    billing_address: Soft<Members<'a>>,
    #[serde(borrow, default)]
    shipping_address: Soft<Members<'a>>,
    #[serde(borrow, default)]
    browser_ip: Soft<Text<'a>>,
    #[serde(borrow, default)]
    client_details: Soft<Members<'a>>,
    #[serde(borrow, default)]
    customer_locale: Soft<Text<'a>>,
    #[serde(borrow, default)]
    landing_site: Soft<Text<'a>>,
    #[serde(borrow, default)]
    referring_site: Soft<Text<'a>>,
    #[serde(borrow, default)]
    note_attributes: Attributes<'a>,
}

#[derive(Deserialize)]
struct PriceSet {
    shop_money: ShopMoney,
}

#[derive(Deserialize)]
struct ShopMoney {
    amount: Amount,
}

#[derive(Deserialize)]
struct LineItem<'a> {
    #[serde(borrow, default)]
    product_id: Soft<Word<'a>>,
    #[serde(borrow, default)]
    variant_id: Soft<Word<'a>>,
    #[serde(borrow, default)]
    sku: Soft<Word<'a>>,
    #[serde(borrow, default)]
    title: Soft<Text<'a>>,
    #[serde(borrow, default)]
    variant_title: Soft<Text<'a>>,
    #[serde(borrow, default)]
    vendor: Soft<Text<'a>>,
    #[serde(default)]
    price: Soft<Amount>,
    #[serde(default)]
    quantity: Soft<Amount>,
}

impl<'a> OrderBody<'a> {
    fn transaction_id(&self, settings: &Settings) -> Option<Cow<'a, str>> {
        if let Some(name) = settings.transaction_id.attribute() {
            return self.note_attributes.get(name);
        }
        match settings.transaction_id.as_str() {
            "id" => Some(self.id.0.clone()),
            "name" => self.name.clone().word(),
            "order_number" => self.order_number.clone().word(),
            "confirmation_number" => self.confirmation_number.clone().word(),
            "checkout_token" => self.checkout_token.clone().word(),
            _ => None,
        }
    }

    fn sale(self, shop: &str, settings: &Settings) -> Sale<'a> {
        let transaction_id = self.transaction_id(settings);
        let (mut user, consent) = visitor(settings, |name| self.note_attributes.get(name));
        let at_ms = [self.processed_at, self.created_at]
            .into_iter()
            .find_map(|time| epoch_ms(&time.0?.0))
            .unwrap_or(0);
        let landing = self.landing_site.text();
        let referrer = self.referring_site.text();
        let last_touch = landing.and_then(|path| {
            // Path and query, without a host.
            let url = if path.starts_with('/') {
                format!("https://{shop}{path}")
            } else {
                path.into_owned()
            };
            let seen = arrival(
                &url,
                referrer.as_deref().unwrap_or_default(),
                &[shop],
                at_ms,
            );
            seen.map(touch_of)
        });
        let customer = self.customer.0.unwrap_or_default();
        let client = self.client_details.0.unwrap_or_default();
        who(
            &mut user,
            &customer,
            self.email.text().or(self.contact_email.text()),
            self.phone.text(),
        );
        for address in [self.billing_address.0, self.shipping_address.0]
            .iter()
            .flatten()
        {
            person::take_traits(&mut user, address);
            person::take_address(&mut user, address);
        }
        let shipping = self
            .total_shipping_price_set
            .0
            .map(|set| set.shop_money.amount.0);
        let total = self.total_price.amount();
        Sale {
            reference: order_reference(&self.id.0),
            order_reference: None,
            transaction_id,
            refund_id: None,
            at_ms,
            header: Header {
                context: Context {
                    lang: self.customer_locale.text(),
                    ip: self.browser_ip.text().or_else(|| client.word("browser_ip")),
                    ua: client.word("user_agent").and_then(filled),
                    ..Context::default()
                },
                consent,
                user,
                first_touch: None,
                last_touch,
            },
            facts: Facts {
                currency: self.currency.text(),
                value: settings.value.of(total, shipping),
                tax: self.total_tax.amount(),
                shipping,
                coupon: self.discount_codes.first(),
                lines: order::lines(self.line_items, settings.item_id, LineItem::line),
            },
        }
    }
}

fn who<'a>(
    user: &mut User<'a>,
    customer: &Members<'a>,
    email: Option<Cow<'a, str>>,
    phone: Option<Cow<'a, str>>,
) {
    person::push(user, ClearKey::Email, email);
    person::push(user, ClearKey::Phone, phone);
    if let Some(id) = customer.word("id") {
        user.user_id = Some(id.clone());
        person::push(user, ClearKey::ExternalId, Some(id));
    }
    person::take_traits(user, customer);
}

impl<'a> LineItem<'a> {
    fn line(self, item_id: ItemId) -> Line<'a> {
        Line {
            id: item_id.of(
                self.product_id.word(),
                self.variant_id.word(),
                self.sku.word(),
            ),
            name: self.title.text(),
            brand: self.vendor.text(),
            variant: self.variant_title.text(),
            price: self.price.amount(),
            quantity: self.quantity.amount(),
        }
    }
}

#[derive(Deserialize)]
struct Refund<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow)]
    order_id: Word<'a>,
    #[serde(borrow, default)]
    created_at: Soft<Text<'a>>,
    #[serde(borrow, default)]
    processed_at: Soft<Text<'a>>,
    #[serde(borrow, default)]
    transactions: Soft<Vec<Transaction<'a>>>,
}

#[derive(Deserialize)]
struct Transaction<'a> {
    #[serde(borrow, default)]
    kind: Soft<Text<'a>>,
    #[serde(borrow, default)]
    status: Soft<Text<'a>>,
    #[serde(default)]
    amount: Soft<Amount>,
    #[serde(borrow, default)]
    currency: Soft<Text<'a>>,
}

impl<'a> Refund<'a> {
    fn notice(self) -> Notice<'a> {
        let mut given_back = Decimal::ZERO;
        let mut currency = None;
        for transaction in self.transactions.0.into_iter().flatten() {
            if !transaction.kind.is("refund") || !transaction.status.is("success") {
                continue;
            }
            let Some(sum) = transaction
                .amount
                .amount()
                .and_then(|part| given_back.checked_add(part))
            else {
                continue;
            };
            given_back = sum;
            currency = currency.or(transaction.currency.text());
        }
        // Goods that came back without money are no refund.
        if given_back == Decimal::ZERO {
            return Notice::Ignored(Ignored::State);
        }
        Notice::Sales(vec![Sale {
            reference: format!("refund:{}", self.id.0),
            order_reference: Some(order_reference(&self.order_id.0)),
            transaction_id: None,
            refund_id: Some(self.id.0),
            at_ms: [self.processed_at, self.created_at]
                .into_iter()
                .find_map(|time| epoch_ms(&time.0?.0))
                .unwrap_or(0),
            header: Header::default(),
            facts: Facts {
                currency,
                value: Some(given_back),
                ..Facts::default()
            },
        }])
    }
}
