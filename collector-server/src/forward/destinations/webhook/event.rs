//! The `data` of a message: the merged event, in the names of `docs/wire.md`.

use std::borrow::Cow;

use firsthand_core::consent::Purpose;
use firsthand_core::event::{Currency, Item, Props};
use firsthand_core::wire::json::Object;
use firsthand_core::wire::{DigestKey, Touch};

use crate::forward::consent::Permission;
use crate::forward::destinations::body;
use crate::forward::merge::Merged;

/// Writes an event. What consent does not allow to leave is not in it any more.
pub(super) fn write(event: &Merged<'_>, permission: &Permission, out: &mut String) {
    let mut data = Object::begin(out);
    data.text("id", event.event_id);
    data.text("name", event.name);
    data.int("at", event.at_ms);
    if let Some(session) = event.session {
        data.int("session", session);
    }
    write_page(event, &mut data);
    write_props(&event.props, data.key("props"));
    write_user(event, data.key("user"));
    let mut context = Object::begin(data.key("context"));
    context.text_opt("lang", event.context.lang.as_deref());
    context.text_opt("tz", event.context.tz.as_deref());
    context.text_opt("screen", event.context.screen.as_deref());
    context.text_opt("ip", event.ip());
    context.text_opt("ua", event.user_agent());
    context.end();
    let mut touch = Object::begin(data.key("touch"));
    for (key, one) in [("first", &event.first_touch), ("last", &event.last_touch)] {
        if let Some(one) = one {
            write_touch(one, touch.key(key));
        }
    }
    touch.end();
    let mut consent = Object::begin(data.key("consent"));
    for purpose in Purpose::ALL {
        let is_allowed = permission.verdict.allows(purpose);
        consent.bool_opt(purpose.as_str(), Some(is_allowed));
    }
    consent.bool_opt("gpc", Some(permission.gpc));
    consent.end();
    data.end();
}

fn write_page(event: &Merged<'_>, data: &mut Object<'_>) {
    let mut page = Object::begin(data.key("page"));
    page.text_opt("url", event.page_url());
    page.text_opt("ref", event.referrer());
    page.text_opt("title", event.page.title.as_deref());
    page.end();
}

fn write_user(event: &Merged<'_>, out: &mut String) {
    let mut user = Object::begin(out);
    user.text_opt("anonymous_id", event.user.anonymous_id.as_deref());
    user.text_opt("user_id", event.user.user_id.as_deref());
    for key in DigestKey::ALL {
        body::texts(&mut user, key.as_str(), &event.digests(*key));
    }
    for (key, value) in &event.user.browser {
        user.text(key.as_str(), value);
    }
    user.end();
}

fn write_touch(touch: &Touch<'_>, out: &mut String) {
    let mut object = Object::begin(out);
    object.int("at", touch.at);
    object.text("url", &touch.url);
    object.text("ref", &touch.referrer);
    write_pairs("utm", &touch.utm, &mut object);
    write_pairs("click", &touch.click, &mut object);
    object.end();
}

fn write_pairs(key: &str, pairs: &[(Cow<'_, str>, Cow<'_, str>)], object: &mut Object<'_>) {
    let mut inner = Object::begin(object.key(key));
    for (name, value) in pairs {
        inner.text(name, value);
    }
    inner.end();
}

fn write_props(props: &Props, out: &mut String) {
    let mut object = Object::begin(out);
    object.text_opt("currency", props.currency.as_ref().map(Currency::as_str));
    for (key, amount) in [
        ("value", props.value),
        ("tax", props.tax),
        ("shipping", props.shipping),
    ] {
        body::amount(&mut object, key, amount);
    }
    for (key, text) in [
        ("transaction_id", &props.transaction_id),
        ("refund_id", &props.refund_id),
        ("coupon", &props.coupon),
        ("search_term", &props.search_term),
    ] {
        object.text_opt(key, text.as_deref());
    }
    body::objects(&mut object, "items", &props.items, write_item);
    for (name, value) in &props.other {
        body::scalar(&mut object, name, value);
    }
    object.end();
}

fn write_item(object: &mut Object<'_>, item: &Item) {
    for (key, text) in [
        ("item_id", &item.item_id),
        ("item_name", &item.item_name),
        ("item_brand", &item.item_brand),
        ("item_category", &item.item_category),
        ("item_variant", &item.item_variant),
    ] {
        object.text_opt(key, text.as_deref());
    }
    body::amount(object, "price", item.price);
    body::amount(object, "quantity", item.quantity);
    for (name, value) in &item.other {
        body::scalar(object, name, value);
    }
}
