//! WooCommerce: `order.created` and `order.updated`; a refund comes as an update of its order.
//!
//! Every update repeats the whole order and all its refunds, which have no time of their own. What the door has had before it knows by
//! [`Sale::reference`].

use std::borrow::Cow;

use firsthand_core::event::Decimal;
use firsthand_core::wire::{ClearKey, Context, Header, Text};
use serde::Deserialize;

use super::sale::{Facts, Line, goods, visitor};
use super::{Head, Ignored, ItemId, Notice, OrderValue, Sale, Settings};
use crate::json::{Amount, Members, Soft, Word, filled};
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
    meta_data: Soft<Vec<Meta<'a>>>,
    #[serde(borrow, default)]
    coupon_lines: Soft<Vec<Coupon<'a>>>,
    #[serde(borrow, default)]
    line_items: Soft<Vec<LineItem<'a>>>,
    #[serde(borrow, default)]
    refunds: Soft<Vec<Refund<'a>>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default)]
    key: Soft<Text<'a>>,
    #[serde(borrow, default)]
    value: Soft<Word<'a>>,
}

#[derive(Deserialize)]
struct Coupon<'a> {
    #[serde(borrow, default)]
    code: Soft<Text<'a>>,
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

fn text(soft: Soft<Text<'_>>) -> Option<Cow<'_, str>> {
    soft.0.and_then(|text| filled(text.0))
}

/// WooCommerce writes 0 for a guest and for a product without variations.
fn id(soft: Soft<Word<'_>>) -> Option<Cow<'_, str>> {
    soft.0
        .and_then(|word| filled(word.0))
        .filter(|id| id != "0")
}

fn amount(soft: Soft<Amount>) -> Option<Decimal> {
    soft.0.map(|amount| amount.0)
}

fn time(soft: &Soft<Text<'_>>) -> Option<i64> {
    epoch_ms(&soft.0.as_ref()?.0)
}

impl<'a> OrderBody<'a> {
    fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        let named = |meta: &&Meta<'a>| meta.key.0.as_ref().is_some_and(|key| key.0 == name);
        let found = self.meta_data.0.as_ref()?.iter().find(named)?;
        found.value.0.clone().and_then(|word| filled(word.0))
    }

    fn transaction_id(&self, settings: &Settings) -> Option<Cow<'a, str>> {
        if let Some(name) = settings.transaction_id.attribute() {
            return self.attribute(name);
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
        let currency = text(std::mem::take(&mut self.currency));
        let status = text(std::mem::take(&mut self.status)).unwrap_or_default();
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
            let given_back = amount(refund.total).and_then(|total| {
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
        let (mut user, consent) = visitor(settings, |name| self.attribute(name));
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
                ip: text(std::mem::take(&mut self.customer_ip_address)),
                ua: text(std::mem::take(&mut self.customer_user_agent)),
                ..Context::default()
            },
            consent,
            user,
            first_touch: None,
            last_touch: None,
        }
    }

    fn facts(self, settings: &Settings, currency: Option<Cow<'a, str>>) -> Facts<'a> {
        let net = amount(self.shipping_total);
        let tax = amount(self.shipping_tax).unwrap_or(Decimal::ZERO);
        let shipping = net.and_then(|net| net.checked_add(tax));
        let total = amount(self.total);
        Facts {
            currency,
            value: match settings.value {
                OrderValue::Goods => goods(total, shipping),
                OrderValue::Total => total,
            },
            tax: amount(self.total_tax),
            shipping,
            coupon: self
                .coupon_lines
                .0
                .and_then(|lines| lines.into_iter().find_map(|line| text(line.code))),
            lines: self
                .line_items
                .0
                .into_iter()
                .flatten()
                .map(|line| line.line(settings.item_id))
                .collect(),
        }
    }
}

impl<'a> LineItem<'a> {
    fn line(self, item_id: ItemId) -> Line<'a> {
        let product = id(self.product_id);
        Line {
            id: match item_id {
                ItemId::Product => product,
                ItemId::Variant => id(self.variation_id).or(product),
                ItemId::Sku => id(self.sku).or(product),
            },
            name: text(self.name),
            price: amount(self.price),
            quantity: amount(self.quantity),
            ..Line::default()
        }
    }
}
