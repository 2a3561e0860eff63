//! Event names: GA4's recommended e-commerce events are canonical, Segment's e-commerce names are
//! aliases of them, anything else is a custom event.
//!
//! Sources: Google, "Recommended events"; Segment, "V2 Ecommerce Events" spec.

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

/// Segment e-commerce names (compared without case) and after `=` the GA4 names they stand for. One text: a table of pointers is larger.
const ALIASES: &str = "\
    order completed=purchase;\
    order refunded=refund;\
    checkout started=begin_checkout;\
    checkout step completed=add_shipping_info;\
    payment info entered=add_payment_info;\
    product added=add_to_cart;\
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
    signed up=sign_up;\
    signed in=login;\
    subscription created=subscribe;\
    page viewed=page_view";

fn aliases() -> impl Iterator<Item = (&'static str, &'static str)> {
    fields(ALIASES, b';').filter_map(|alias| cut(alias, b'='))
}

/// Returns the name under which an event is known everywhere: the GA4 name of a Segment alias, else
/// the trimmed name itself.
pub fn canonical(name: &str) -> &str {
    let name = trim_of(name, is_white_space);
    // Every alias has a space in it, no GA4 name has. In the browser, bytes count for more than this.
    if !cfg!(target_family = "wasm") && !name.as_bytes().contains(&b' ') {
        return name;
    }
    aliases()
        .find(|(alias, _)| alias.eq_ignore_ascii_case(name))
        .map_or(name, |(_, ga4)| ga4)
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
    let bytes = name.as_bytes();
    bytes.len() <= MAX_NAME_BYTES
        && bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_names_become_ga4_names_in_any_case() {
        for (raw, want) in [
            ("Order Completed", "purchase"),
            (" order completed ", "purchase"),
            ("Product Added", "add_to_cart"),
            ("purchase", "purchase"),
            ("quiz_finished", "quiz_finished"),
        ] {
            assert_eq!(canonical(raw), want, "{raw}");
        }
    }

    #[test]
    fn every_alias_points_to_a_valid_standard_name() {
        assert_eq!(aliases().count(), 20);
        for (_, ga4) in aliases() {
            assert!(is_standard(ga4) && is_valid(ga4), "{ga4}");
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
