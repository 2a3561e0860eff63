//! Hosts that never are where a visitor came from: the shop's own and those of payment providers.

use crate::text::{after, fields};

/// Where a checkout sends the buyer and takes them back from: wallets, card processors, bank pages, pay-later services.
const PAYMENT: &str = "paypal.com paypalobjects.com stripe.com stripe.network klarna.com klarna.net adyen.com \
    shop.app pay.google.com apple-pay-gateway.apple.com pay.amazon.com payments.amazon.com \
    payments.amazon.de payments.amazon.co.uk mollie.com checkout.com braintreegateway.com \
    squareup.com afterpay.com clearpay.co.uk affirm.com sezzle.com worldpay.com \
    cybersource.com authorize.net saferpay.com datatrans.com payone.com sofort.com girogate.de \
    ideal.nl przelewy24.pl razorpay.com payu.com mercadopago.com arcot.com";

/// True when `host` is `domain` or lies below it, on a label boundary. Case is ignored.
#[inline(never)]
pub(super) fn is_under(host: &str, domain: &str) -> bool {
    let Some(cut) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let Some((head, tail)) = host.split_at_checked(cut) else {
        return false;
    };
    !domain.is_empty()
        && tail.eq_ignore_ascii_case(domain)
        && (head.is_empty() || head.as_bytes().last() == Some(&b'.'))
}

/// True for a payment provider's page.
pub(super) fn is_payment(host: &str) -> bool {
    fields(PAYMENT, b' ').any(|domain| is_under(host, domain))
}

/// True for the page's own host and the shop's other hosts; a leading `www.` makes no difference.
pub(super) fn is_own(host: &str, page_host: &str, own_hosts: &[&str]) -> bool {
    is_under(host, bare(page_host)) || own_hosts.iter().any(|own| is_under(host, bare(own)))
}

fn bare(host: &str) -> &str {
    after(host, "www.").unwrap_or(host)
}
