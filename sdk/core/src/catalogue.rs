//! Event names: GA4's recommended e-commerce events are canonical, Segment's e-commerce names are
//! aliases of them, anything else is a custom event. A name may be written as people say it ("Coupon
//! Applied"): the page lets it through, the collector brings it to its form.
//!
//! Sources: Google, "Recommended events"; Segment, "V2 Ecommerce Events" spec.

use std::borrow::Cow;

use crate::text::{cut, fields, is_white_space, trim_of};

/// Longest event name, in bytes. Google: "Event collection limits".
pub const MAX_NAME_BYTES: usize = 40;

/// Events by which a shop earns or loses: the last to be dropped when a queue is full, and the ones
/// that wait for their other copies before they are forwarded.
pub const CONVERSIONS: [&str; 5] = [
    "purchase",
    "refund",
    "generate_lead",
    "sign_up",
    "subscribe",
];

/// GA4's recommended event names that a shop uses.
pub const STANDARD: [&str; 24] = [
    "page_view",
    "view_item",
    "view_item_list",
    "select_item",
    "view_promotion",
    "select_promotion",
    "search",
    "view_search_results",
    "add_to_wishlist",
    "add_to_cart",
    "remove_from_cart",
    "view_cart",
    "begin_checkout",
    "add_shipping_info",
    "add_payment_info",
    "purchase",
    "refund",
    "generate_lead",
    "sign_up",
    "login",
    "subscribe",
    "share",
    "select_content",
    "contact",
];

/// Other names (compared without case) of conversions and after `=` the GA4 names they stand for. Apart from the rest, because the page has
/// to know a conversion: its id is derived from its order, and it is the last to be dropped. One text: a table of pointers is larger.
const CONVERSION_ALIASES: &str = "\
    order completed=purchase;\
    order refunded=refund;\
    lead generated=generate_lead;\
    signed up=sign_up;\
    subscription created=subscribe";

/// The other Segment names that have a GA4 counterpart. The page sends them as they are; the collector, which gets them from servers too,
/// brings them to their form.
const ALIASES: &str = "\
    checkout started=begin_checkout;\
    checkout step completed=add_shipping_info;\
    payment info entered=add_payment_info;\
    product added=add_to_cart;\
    wishlist product added to cart=add_to_cart;\
    product removed=remove_from_cart;\
    product viewed=view_item;\
    product clicked=select_item;\
    product list viewed=view_item_list;\
    products searched=search;\
    product added to wishlist=add_to_wishlist;\
    cart viewed=view_cart;\
    promotion viewed=view_promotion;\
    promotion clicked=select_promotion;\
    product shared=share;\
    cart shared=share;\
    signed in=login;\
    page viewed=page_view";

/// Calls of Segment's API that tell of a person and of nothing that happened in the shop. Kept as events of these names; no platform gets them.
pub const PROFILE_CALLS: [&str; 3] = ["identify", "group", "alias"];

/// Whether a (canonical) name is that of a call about a person.
pub fn is_profile_call(name: &str) -> bool {
    PROFILE_CALLS.contains(&name)
}

fn alias(list: &'static str, name: &str) -> Option<&'static str> {
    fields(list, b';')
        .filter_map(|alias| cut(alias, b'='))
        .find(|(alias, _)| alias.eq_ignore_ascii_case(name))
        .map(|(_, ga4)| ga4)
}

/// Returns the name as far as the page brings it to its form: under its GA4 name where it is a conversion. White space around it is gone
/// already, by the page's own `trim`. [`canonical`] of it is [`canonical`] of what came.
pub fn known_in_page(name: &str) -> &str {
    alias(CONVERSION_ALIASES, name).unwrap_or(name)
}

/// Returns the name under which an event is known everywhere: the GA4 name of an alias; of another name with spaces in it the custom name
/// that has underscores instead and no capitals (`Coupon Applied` is `coupon_applied`); else the name itself. White space around it goes.
pub fn canonical(name: &str) -> Cow<'_, str> {
    let name = trim_of(name, is_white_space);
    // Every alias has a space in it, no GA4 name has.
    if !name.as_bytes().contains(&b' ') {
        return Cow::Borrowed(name);
    }
    if let Some(ga4) = [CONVERSION_ALIASES, ALIASES]
        .into_iter()
        .find_map(|list| alias(list, name))
    {
        return Cow::Borrowed(ga4);
    }
    if !may_be_named(name) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace(' ', "_").to_ascii_lowercase())
}

/// Whether GA4 documents this (canonical) name.
pub fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name)
}

/// Whether a (canonical) name is a conversion.
pub fn is_conversion(name: &str) -> bool {
    CONVERSIONS.contains(&name)
}

/// Whether a canonical name has the form that every platform accepts: a letter, then letters, digits
/// and underscores, 40 characters at most.
pub fn is_valid(name: &str) -> bool {
    has_form(name, b'_')
}

/// Whether [`canonical`] makes a valid name of this: there may be spaces where underscores may be.
pub fn may_be_named(name: &str) -> bool {
    has_form(name, b' ')
}

fn has_form(name: &str, also: u8) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= MAX_NAME_BYTES
        && bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == also)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segment's "V2 Ecommerce Events", all of them, and its lifecycle names; after them names of other forms.
    const SPOKEN: [(&str, &str); 39] = [
        ("Products Searched", "search"),
        ("Product List Viewed", "view_item_list"),
        ("Product List Filtered", "product_list_filtered"),
        ("Promotion Viewed", "view_promotion"),
        ("Promotion Clicked", "select_promotion"),
        ("Product Clicked", "select_item"),
        ("Product Viewed", "view_item"),
        ("Product Added", "add_to_cart"),
        ("Product Removed", "remove_from_cart"),
        ("Cart Viewed", "view_cart"),
        ("Checkout Started", "begin_checkout"),
        ("Checkout Step Viewed", "checkout_step_viewed"),
        ("Checkout Step Completed", "add_shipping_info"),
        ("Payment Info Entered", "add_payment_info"),
        ("Order Updated", "order_updated"),
        ("Order Completed", "purchase"),
        ("Order Refunded", "refund"),
        ("Order Cancelled", "order_cancelled"),
        ("Coupon Entered", "coupon_entered"),
        ("Coupon Applied", "coupon_applied"),
        ("Coupon Denied", "coupon_denied"),
        ("Coupon Removed", "coupon_removed"),
        ("Product Added to Wishlist", "add_to_wishlist"),
        (
            "Product Removed from Wishlist",
            "product_removed_from_wishlist",
        ),
        ("Wishlist Product Added to Cart", "add_to_cart"),
        ("Product Shared", "share"),
        ("Cart Shared", "share"),
        ("Product Reviewed", "product_reviewed"),
        ("Signed Up", "sign_up"),
        ("Signed In", "login"),
        ("Lead Generated", "generate_lead"),
        ("Subscription Created", "subscribe"),
        ("Page Viewed", "page_view"),
        (" order completed ", "purchase"),
        ("purchase", "purchase"),
        ("quiz_finished", "quiz_finished"),
        ("My Own_Event 2", "my_own_event_2"),
        ("QuizFinished", "QuizFinished"),
        ("größe gewählt", "größe gewählt"),
    ];

    #[test]
    fn spoken_names_become_ga4_names_or_custom_ones_in_any_case() {
        for (spoken, want) in SPOKEN {
            assert_eq!(canonical(spoken), want, "{spoken}");
            let shouted = spoken.to_ascii_uppercase();
            if spoken.contains(' ') && spoken.is_ascii() {
                assert_eq!(canonical(&shouted), want, "{shouted}");
            }
        }
    }

    #[test]
    fn what_the_page_sends_means_what_was_said() {
        for (spoken, want) in SPOKEN {
            let sent = known_in_page(spoken.trim());
            assert_eq!(canonical(sent), want, "{spoken}");
            assert_eq!(may_be_named(sent), is_valid(want), "{spoken}");
            assert_eq!(is_conversion(sent), is_conversion(want), "{spoken}");
        }
    }

    #[test]
    fn every_alias_points_to_a_valid_standard_name() {
        for (list, count) in [(CONVERSION_ALIASES, 5), (ALIASES, 18)] {
            let aliases: Vec<_> = fields(list, b';').filter_map(|a| cut(a, b'=')).collect();
            assert_eq!(aliases.len(), count);
            for (alias, ga4) in aliases {
                assert!(is_standard(ga4) && is_valid(ga4), "{ga4}");
                let is_conversion = is_conversion(ga4);
                assert_eq!(is_conversion, list == CONVERSION_ALIASES, "{alias}");
            }
        }
        for name in CONVERSIONS {
            assert!(is_standard(name), "{name}");
        }
    }

    #[test]
    fn names_are_checked() {
        for (name, ok) in [
            ("a", true),
            ("a_1", true),
            ("1a", false),
            ("", false),
            ("my event", false),
            ("größe", false),
            ("a23456789012345678901234567890123456789x", true),
            ("a23456789012345678901234567890123456789xx", false),
        ] {
            assert_eq!(is_valid(name), ok, "{name}");
        }
    }
}
