//! One event in the Data Manager API's words.

use firsthand_core::consent::{Purpose, Verdict as Allowed};
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{BrowserKey, DigestKey};

use crate::forward::destinations::body;
use crate::forward::merge::Merged;
use crate::forward::names::Skip;

/// Most identifiers of one person.
const MAX_IDENTIFIERS: usize = 10;
/// Most of a shop's own parameters that are sent with one event.
const MAX_PARAMETERS: usize = 25;
/// Longest value of a parameter, in characters.
const MAX_VALUE_CHARS: usize = 100;

/// Writes an event.
pub(super) struct Writer<'w, 'm> {
    pub(super) event: &'w Merged<'m>,
    pub(super) allowed: Allowed,
    /// The event's name, where an Analytics property receives it.
    pub(super) analytics_name: Option<&'w str>,
    pub(super) merchant_id: Option<&'w str>,
}

impl Writer<'_, '_> {
    /// Returns the event as JSON, or why Google could do nothing with it. `at_ms` is in epoch milliseconds.
    pub(super) fn write(&self, at_ms: i64) -> Result<String, Skip> {
        let event = self.event;
        let timestamp = body::rfc3339(at_ms)
            .ok_or_else(|| Skip::new("incomplete", "the event's time is no date"))?;
        let identifiers = self.identifiers();
        let clicks = self.clicks();
        let client_id = event.browser_id(BrowserKey::GaClient);
        let user_id = event
            .user
            .user_id
            .as_deref()
            .filter(|id| !id.is_empty() && !id.contains('@'));
        if self.analytics_name.is_some() {
            if client_id.is_none() && user_id.is_none() {
                return Err(Skip::new(
                    "no_match_key",
                    "analytics tells visitors by ga_client or user_id, and the event has none",
                ));
            }
        } else if identifiers.is_empty() && clicks.is_empty() {
            return Err(Skip::new(
                "no_match_key",
                "no match key that google accepts (e-mail, phone, gclid, gbraid, wbraid)",
            ));
        }
        let mut out = String::with_capacity(1024);
        let mut object = Object::begin(&mut out);
        let reference = match self.analytics_name {
            Some(_) => super::ANALYTICS,
            None => event.name,
        };
        body::texts(&mut object, "destinationReferences", &[reference]);
        object.text("eventTimestamp", &timestamp);
        // What the page's tag sends as order id; for what is no order, our own id.
        let transaction = event.props.transaction_id.as_deref();
        object.text("transactionId", transaction.unwrap_or(event.event_id));
        let has_page = event.page_url().is_some();
        object.text("eventSource", if has_page { "WEB" } else { "OTHER" });
        if let Some(name) = self.analytics_name {
            object.text("eventName", name);
            object.text_opt("clientId", client_id);
            object.text_opt("userId", user_id);
        }
        self.write_consent(&mut object);
        if !identifiers.is_empty() {
            let mut data = Object::begin(object.key("userData"));
            body::objects(
                &mut data,
                "userIdentifiers",
                &identifiers,
                |one, (key, digest)| one.text(key, digest),
            );
            data.end();
        }
        if !clicks.is_empty() {
            let mut ads = Object::begin(object.key("adIdentifiers"));
            for (name, value) in &clicks {
                ads.text(name, value);
            }
            ads.end();
        }
        if let Some(currency) = event.props.currency {
            object.text("currency", currency.as_str());
            body::amount(&mut object, "conversionValue", event.props.worth());
        }
        self.write_device(&mut object);
        self.write_cart(&mut object);
        if self.analytics_name.is_some() {
            self.write_parameters(&mut object);
        }
        object.end();
        Ok(out)
    }

    /// Digests of e-mails and phones. An address needs a clear postal code and country: it is not sent.
    fn identifiers(&self) -> Vec<(&'static str, &str)> {
        let emails = self
            .event
            .first_digests([DigestKey::EmailGoogle, DigestKey::Email]);
        let phones = self.event.digests(DigestKey::PhoneE164);
        emails
            .into_iter()
            .map(|digest| ("emailAddress", digest))
            .chain(phones.into_iter().map(|digest| ("phoneNumber", digest)))
            .take(MAX_IDENTIFIERS)
            .collect()
    }

    fn clicks(&self) -> Vec<(&'static str, &str)> {
        if !self.allowed.allows_match_keys() {
            return Vec::new();
        }
        ["gclid", "gbraid", "wbraid", "dclid"]
            .into_iter()
            .filter_map(|name| Some((name, self.event.click_id(name)?.0)))
            .filter(|(_, value)| !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic()))
            .collect()
    }

    /// On every event: what is not said can end as "unknown" and be lost in the EEA.
    fn write_consent(&self, object: &mut Object<'_>) {
        let word = |granted| {
            if granted {
                "CONSENT_GRANTED"
            } else {
                "CONSENT_DENIED"
            }
        };
        let ads = self.allowed.allows_match_keys();
        let mut consent = Object::begin(object.key("consent"));
        consent.text("adUserData", word(ads));
        consent.text(
            "adPersonalization",
            word(ads && self.allowed.allows(Purpose::Personalization)),
        );
        consent.end();
    }

    fn write_device(&self, object: &mut Object<'_>) {
        let event = self.event;
        let language = event
            .context
            .lang
            .as_deref()
            .and_then(|lang| lang.get(..2))
            .filter(|code| code.bytes().all(|b| b.is_ascii_lowercase()));
        let ip = self
            .allowed
            .allows_match_keys()
            .then(|| event.ip())
            .flatten();
        if language.is_none() && ip.is_none() && event.user_agent().is_none() {
            return;
        }
        let mut device = Object::begin(object.key("eventDeviceInfo"));
        device.text_opt("userAgent", event.user_agent());
        device.text_opt("ipAddress", ip);
        device.text_opt("languageCode", language);
        device.end();
    }

    fn write_cart(&self, object: &mut Object<'_>) {
        let props = &self.event.props;
        let items: Vec<_> = props
            .items
            .iter()
            .filter_map(|item| Some((item.item_id.as_deref().filter(|id| !id.is_empty())?, item)))
            .collect();
        if items.is_empty() {
            return;
        }
        let mut cart = Object::begin(object.key("cartData"));
        cart.text_opt("merchantId", self.merchant_id);
        if let Some(coupon) = props.coupon.as_deref() {
            body::texts(&mut cart, "couponCodes", &[coupon]);
        }
        let has_money = props.currency.is_some();
        body::objects(&mut cart, "items", &items, |object, (id, item)| {
            object.text("merchantProductId", id);
            object.text("itemId", id);
            if let Some(pieces) = body::pieces(item.quantity) {
                // A 64-bit number is a text in Google's JSON.
                object.text("quantity", &pieces.to_string());
            }
            if has_money {
                body::amount(object, "unitPrice", item.price);
            }
        });
        cart.end();
    }

    fn write_parameters(&self, object: &mut Object<'_>) {
        let event = self.event;
        let session = event.browser_id(BrowserKey::GaSession);
        let mut pairs: Vec<(&str, String)> = [
            ("session_id", session),
            ("page_location", event.page_url()),
            ("page_referrer", event.referrer()),
            ("page_title", event.page.title.as_deref()),
            ("search_term", event.props.search_term.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.to_owned())))
        .collect();
        for (name, value) in &event.props.other {
            if firsthand_core::catalogue::is_valid(name) {
                pairs.push((name, body::plain(value)));
            }
        }
        pairs.truncate(MAX_PARAMETERS);
        body::objects(
            object,
            "additionalEventParameters",
            &pairs,
            |one, (name, value)| {
                one.text("parameterName", name);
                one.text("value", &body::cut(value, MAX_VALUE_CHARS));
            },
        );
    }
}
