//! WooCommerce: `order.created` and `order.updated`; a refund comes as an update of its order.
//!
//! Every update repeats the whole order and all its refunds, which have no time of their own. What the door has had before it knows by
//! [`Sale::reference`].

use std::borrow::Cow;

use firsthand_core::event::Decimal;
use firsthand_core::wire::{ClearKey, Context, Header, Text};
use serde::Deserialize;

use super::order::{self, Attributes, Coupons};
use super::sale::{Facts, Line, visitor};
use super::{Head, Ignored, ItemId, Notice, Sale, Settings};
use crate::json::{Amount, Members, Soft, Word};
use crate::person;
use crate::time::epoch_ms;

pub(super) fn read<'a>(
    head: &Head<'_>,
    body: &'a str,
    settings: &Settings,
) -> Result<Notice<'a>, serde_json::Error> {
    if !matches!(head.topic, "order.created" | "order.updated") {
        return Ok(Notice::Ignored(Ignored::Topic));
    }
    let order: OrderBody<'a> = serde_json::from_str(body)?;
    let sales = order.sales(settings);
    Ok(if sales.is_empty() {
        Notice::Ignored(Ignored::State)
    } else {
        Notice::Sales(sales)
    })
}

#[derive(Deserialize)]
struct OrderBody<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow, default)]
    number: Soft<Word<'a>>,
    #[serde(borrow, default)]
    order_key: Soft<Word<'a>>,
    #[serde(borrow, default)]
    status: Soft<Text<'a>>,
    #[serde(borrow, default)]
    currency: Soft<Text<'a>>,
    #[serde(default)]
    total: Soft<Amount>,
    #[serde(default)]
    total_tax: Soft<Amount>,
    #[serde(default)]
    shipping_total: Soft<Amount>,
    #[serde(default)]
    shipping_tax: Soft<Amount>,
    #[serde(borrow, default)]
    date_paid_gmt: Soft<Text<'a>>,
    #[serde(borrow, default)]
    date_created_gmt: Soft<Text<'a>>,
    #[serde(borrow, default)]
    date_modified_gmt: Soft<Text<'a>>,
    #[serde(borrow, default)]
    customer_id: Soft<Word<'a>>,
    #[serde(borrow, default)]
    customer_ip_address: Soft<Text<'a>>,
    #[serde(borrow, default)]
    customer_user_agent: Soft<Text<'a>>,
    #[serde(borrow, default)]
    billing: Soft<Members<'a>>,
    #[serde(borrow, default)]
    meta_data: Attributes<'a>,
    #[serde(borrow, default)]
    coupon_lines: Coupons<'a>,
    #[serde(borrow, default)]
    line_items: Soft<Vec<LineItem<'a>>>,
    #[serde(borrow, default)]
    refunds: Soft<Vec<Refund<'a>>>,
}

#[derive(Deserialize)]
struct LineItem<'a> {
    #[serde(borrow, default)]
    product_id: Soft<Word<'a>>,
    #[serde(borrow, default)]
    variation_id: Soft<Word<'a>>,
    #[serde(borrow, default)]
    sku: Soft<Word<'a>>,
    #[serde(borrow, default)]
    name: Soft<Text<'a>>,
    #[serde(default)]
    price: Soft<Amount>,
    #[serde(default)]
    quantity: Soft<Amount>,
}

#[derive(Deserialize)]
struct Refund<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(default)]
    total: Soft<Amount>,
}

/// WooCommerce writes 0 for a guest and for a product without variations.
fn id(soft: Soft<Word<'_>>) -> Option<Cow<'_, str>> {
    soft.word().filter(|id| id != "0")
}

fn time(soft: &Soft<Text<'_>>) -> Option<i64> {
    epoch_ms(&soft.0.as_ref()?.0)
}

impl<'a> OrderBody<'a> {
    fn transaction_id(&self, settings: &Settings) -> Option<Cow<'a, str>> {
        if let Some(name) = settings.transaction_id.attribute() {
            return self.meta_data.get(name);
        }
        match settings.transaction_id.as_str() {
            "id" => Some(self.id.0.clone()),
            "number" => id(self.number.clone()),
            "order_key" => id(self.order_key.clone()),
            _ => None,
        }
    }

    fn sales(mut self, settings: &Settings) -> Vec<Sale<'a>> {
        let order_reference = format!("order:{}", self.id.0);
        let transaction_id = self.transaction_id(settings);
        let header = self.header(settings);
        let currency = std::mem::take(&mut self.currency).text();
        let status = std::mem::take(&mut self.status).text().unwrap_or_default();
        let modified_ms = time(&self.date_modified_gmt).unwrap_or(0);
        let refunds = std::mem::take(&mut self.refunds).0.unwrap_or_default();
        let mut sales = Vec::with_capacity(1 + refunds.len());
        if settings.is_purchase(&status) {
            let at_ms = time(&self.date_paid_gmt).or(time(&self.date_created_gmt));
            sales.push(Sale {
                reference: order_reference.clone(),
                transaction_id: transaction_id.clone(),
                at_ms: at_ms.unwrap_or(0),
                header: header.clone(),
                facts: self.facts(settings, currency.clone()),
                ..Sale::default()
            });
        }
        for refund in refunds {
            // A refund's total is written as a negative amount.
            let given_back = refund.total.amount().and_then(|total| {
                if total.is_negative() {
                    Decimal::ZERO.checked_sub(total)
                } else {
                    Some(total)
                }
            });
            if given_back.is_none_or(|amount| amount == Decimal::ZERO) {
                continue;
            }
            sales.push(Sale {
                reference: format!("refund:{}", refund.id.0),
                order_reference: Some(order_reference.clone()),
                transaction_id: transaction_id.clone(),
                refund_id: Some(refund.id.0),
                at_ms: modified_ms,
                header: header.clone(),
                facts: Facts {
                    currency: currency.clone(),
                    value: given_back,
                    ..Facts::default()
                },
            });
        }
        sales
    }

    fn header(&mut self, settings: &Settings) -> Header<'a> {
        let (mut user, consent) = visitor(settings, |name| self.meta_data.get(name));
        if let Some(customer) = id(std::mem::take(&mut self.customer_id)) {
            user.user_id = Some(customer.clone());
            person::push(&mut user, ClearKey::ExternalId, Some(customer));
        }
        if let Some(billing) = &self.billing.0 {
            person::take_traits(&mut user, billing);
            person::take_address(&mut user, billing);
        }
        Header {
            context: Context {
                ip: std::mem::take(&mut self.customer_ip_address).text(),
                ua: std::mem::take(&mut self.customer_user_agent).text(),
                ..Context::default()
            },
            consent,
            user,
            first_touch: None,
            last_touch: None,
        }
    }

    fn facts(self, settings: &Settings, currency: Option<Cow<'a, str>>) -> Facts<'a> {
        let net = self.shipping_total.amount();
        let tax = self.shipping_tax.amount().unwrap_or(Decimal::ZERO);
        let shipping = net.and_then(|net| net.checked_add(tax));
        let total = self.total.amount();
        Facts {
            currency,
            value: settings.value.of(total, shipping),
            tax: self.total_tax.amount(),
            shipping,
            coupon: self.coupon_lines.first(),
            lines: order::lines(self.line_items, settings.item_id, LineItem::line),
        }
    }
}

impl<'a> LineItem<'a> {
    fn line(self, item_id: ItemId) -> Line<'a> {
        Line {
            id: item_id.of(id(self.product_id), id(self.variation_id), id(self.sku)),
            name: self.name.text(),
            price: self.price.amount(),
            quantity: self.quantity.amount(),
            ..Line::default()
        }
    }
}
