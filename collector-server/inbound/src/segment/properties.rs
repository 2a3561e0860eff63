//! Properties of a call, as the parameters of an event.
//!
//! Members go through as they were written, so that amounts keep their digits. What is personal by its name goes to the person; platform ids
//! go to the browser's; Segment's flat product events get their one item; the value of an order is its `value`, else `revenue`, else `total`.

use std::borrow::Cow;

use firsthand_core::wire::json::Object;
use firsthand_core::wire::{BrowserKey, User};

use crate::json::{Members, word};
use crate::person;

/// Events whose properties are those of one product (Segment, "V2 Ecommerce Events").
const OF_ONE_PRODUCT: [&str; 5] = [
    "view_item",
    "select_item",
    "add_to_cart",
    "remove_from_cart",
    "add_to_wishlist",
];

/// Members that describe the product and not the event.
const OF_ITEM: [&str; 18] = [
    "product_id",
    "sku",
    "item_id",
    "name",
    "item_name",
    "brand",
    "item_brand",
    "category",
    "item_category",
    "variant",
    "item_variant",
    "price",
    "quantity",
    "position",
    "url",
    "image_url",
    "size",
    "color",
];

/// Where the value of an order stands, the first one first. `total` counts shipping and tax in, `revenue` does not.
const VALUES: [&str; 3] = ["value", "revenue", "total"];

/// Writes the properties of a `track` call.
pub(super) fn write<'a>(name: &str, members: &Members<'a>, user: &mut User<'a>) -> String {
    let has = |names: &[&str]| names.iter().any(|name| members.get(name).is_some());
    let is_flat = OF_ONE_PRODUCT.contains(&name)
        && !has(&["products", "items"])
        && has(&["product_id", "sku", "item_id", "name"]);
    let is_of_item = |name: &str| is_flat && OF_ITEM.contains(&name);
    let mut props = String::with_capacity(256);
    let mut object = Object::begin(&mut props);
    push_rest(&mut object, members, user, is_of_item);
    if is_flat {
        let mut items = String::from("[");
        let mut line = Object::begin(&mut items);
        for (name, raw) in members.0.iter().filter(|(name, _)| is_of_item(name)) {
            line.key(name).push_str(raw);
        }
        line.end();
        items.push(']');
        object.key("items").push_str(&items);
    }
    object.end();
    props
}

/// Writes `labels`, then the properties of a `page` or `screen` call.
pub(super) fn write_with<'a>(
    labels: &[(&'static str, Cow<'a, str>)],
    members: &Members<'a>,
    user: &mut User<'a>,
) -> String {
    let mut props = String::with_capacity(128);
    let mut object = Object::begin(&mut props);
    for (label, text) in labels {
        object.text(label, text);
    }
    // What the page is stands in `page` of the event; `name` and `category` are the call's own.
    push_rest(&mut object, members, user, |name| {
        matches!(
            name,
            "url" | "path" | "search" | "referrer" | "title" | "name" | "category"
        )
    });
    object.end();
    props
}

/// Writes what is neither somewhere else (`is_elsewhere`) nor a person's nor a platform's.
fn push_rest<'a>(
    object: &mut Object<'_>,
    members: &Members<'a>,
    user: &mut User<'a>,
    is_elsewhere: impl Fn(&str) -> bool,
) {
    for (name, raw) in &members.0 {
        if is_elsewhere(name)
            || VALUES.contains(&name.as_ref())
            || person::take(user, name, raw)
            || take_browser_id(user, name, raw)
        {
            continue;
        }
        object.key(name).push_str(raw);
    }
    if let Some(raw) = VALUES.into_iter().find_map(|name| members.get(name)) {
        object.key("value").push_str(raw);
    }
}

fn take_browser_id<'a>(user: &mut User<'a>, name: &str, raw: &'a str) -> bool {
    let Some(key) = BrowserKey::parse(name) else {
        return false;
    };
    if let Some(id) = word(raw) {
        user.browser.push((key, id));
    }
    true
}
