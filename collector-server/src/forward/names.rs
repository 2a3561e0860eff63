//! Event names: canonical (GA4) to each platform's own.
//!
//! Names are part of the platforms' de-duplication keys and case-sensitive: they must equal what the
//! page's own pixel sends. An operator's `rename` table comes before this one.
//!
//! Sources: the official Meta and TikTok server tags, the platforms' lists of standard events. `refund`
//! has no standard name anywhere but at Google: it is never sent as if it were a sale.

use std::borrow::Cow;

use super::config::{Common, CustomEvents};

/// Canonical name, Meta's, TikTok's.
const TABLE: [(&str, &str, &str); 13] = [
    ("page_view", "PageView", "Pageview"),
    ("view_item", "ViewContent", "ViewContent"),
    ("view_item_list", "ViewContent", "ViewContent"),
    ("search", "Search", "Search"),
    ("add_to_wishlist", "AddToWishlist", "AddToWishlist"),
    ("add_to_cart", "AddToCart", "AddToCart"),
    ("begin_checkout", "InitiateCheckout", "InitiateCheckout"),
    ("add_payment_info", "AddPaymentInfo", "AddPaymentInfo"),
    ("purchase", "Purchase", "Purchase"),
    ("generate_lead", "Lead", "Lead"),
    ("sign_up", "CompleteRegistration", "CompleteRegistration"),
    ("subscribe", "Subscribe", "Subscribe"),
    ("contact", "Contact", "Contact"),
];

/// Event names that Google reserves: an event of such a name would be dropped silently.
const GA4_RESERVED: [&str; 22] = [
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_impression",
    "ad_query",
    "adunit_exposure",
    "app_clear_data",
    "app_install",
    "app_remove",
    "app_update",
    "error",
    "first_open",
    "first_visit",
    "in_app_purchase",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "os_update",
    "screen_view",
    "session_start",
    "user_engagement",
];

/// Whose names are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// Meta's standard events.
    Meta,
    /// TikTok's standard events.
    TikTok,
    /// GA4: the canonical names themselves.
    Ga4,
}

/// Why an event is not meant for a destination. The words go into the record of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Stable label for metrics.
    pub code: &'static str,
    /// The reason in words.
    pub reason: String,
}

impl Skip {
    /// Makes a reason.
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// Returns the platform's name of a canonical event, or why the destination does not get it.
pub fn platform_name<'n>(
    vocabulary: Vocabulary,
    common: &'n Common,
    canonical: &'n str,
) -> Result<Cow<'n, str>, Skip> {
    if common
        .events
        .as_ref()
        .is_some_and(|only| !only.contains(canonical))
    {
        return Err(Skip::new(
            "not_selected",
            format!("{canonical} is not among this destination's events"),
        ));
    }
    if let Some(own) = common.rename.get(canonical) {
        return Ok(Cow::Borrowed(own));
    }
    let row = TABLE.iter().find(|(name, ..)| *name == canonical);
    match (vocabulary, row) {
        (Vocabulary::Ga4, _) if GA4_RESERVED.contains(&canonical) => Err(Skip::new(
            "no_such_event",
            format!("{canonical} is a name that Google reserves"),
        )),
        (Vocabulary::Ga4, _) => Ok(Cow::Borrowed(canonical)),
        (Vocabulary::Meta, Some((_, meta, _))) => Ok(Cow::Borrowed(meta)),
        (Vocabulary::TikTok, Some((_, _, tiktok))) => Ok(Cow::Borrowed(tiktok)),
        (Vocabulary::Meta | Vocabulary::TikTok, None) => {
            if common.custom_events == CustomEvents::Send && canonical != "refund" {
                return Ok(Cow::Borrowed(canonical));
            }
            Err(Skip::new(
                "no_such_event",
                format!("the platform has no standard event for {canonical}"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(toml: &str) -> Common {
        toml::from_str(&format!("name = \"x\"\n{toml}")).unwrap()
    }

    #[test]
    fn standard_events_have_every_platforms_own_name() {
        let plain = common("");
        for (name, meta, tiktok) in [
            ("purchase", "Purchase", "Purchase"),
            ("page_view", "PageView", "Pageview"),
            ("begin_checkout", "InitiateCheckout", "InitiateCheckout"),
            ("generate_lead", "Lead", "Lead"),
        ] {
            assert_eq!(platform_name(Vocabulary::Meta, &plain, name).unwrap(), meta);
            assert_eq!(
                platform_name(Vocabulary::TikTok, &plain, name).unwrap(),
                tiktok
            );
            assert_eq!(platform_name(Vocabulary::Ga4, &plain, name).unwrap(), name);
        }
    }

    #[test]
    fn what_a_platform_does_not_know_is_skipped_or_sent_as_configured() {
        let skip = common("");
        let send = common("custom_events = \"send\"");
        for name in ["remove_from_cart", "quiz_finished"] {
            let why = platform_name(Vocabulary::Meta, &skip, name).unwrap_err();
            assert_eq!(why.code, "no_such_event");
            assert_eq!(platform_name(Vocabulary::Meta, &send, name).unwrap(), name);
        }
        // A refund is no sale: sent only under a name that the operator gave it.
        assert!(platform_name(Vocabulary::Meta, &send, "refund").is_err());
        assert!(platform_name(Vocabulary::Ga4, &skip, "refund").is_ok());
        assert!(platform_name(Vocabulary::Ga4, &skip, "session_start").is_err());
    }

    #[test]
    fn the_operators_list_and_names_come_first() {
        let own = common(
            "events = [\"purchase\", \"refund\"]\nrename = { purchase = \"CompletePayment\", refund = \"Refunded\" }",
        );
        assert_eq!(
            platform_name(Vocabulary::TikTok, &own, "purchase").unwrap(),
            "CompletePayment"
        );
        assert_eq!(
            platform_name(Vocabulary::TikTok, &own, "refund").unwrap(),
            "Refunded"
        );
        assert_eq!(
            platform_name(Vocabulary::TikTok, &own, "add_to_cart")
                .unwrap_err()
                .code,
            "not_selected"
        );
    }
}
