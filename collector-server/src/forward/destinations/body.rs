//! Writes JSON bodies member by member. Money is written digit by digit, never through a float.

use std::borrow::Cow;

use firsthand_core::event::{Decimal, Props, Scalar};
use firsthand_core::wire::DigestKey;
use firsthand_core::wire::json::{self, Object};

use crate::forward::merge::Merged;

/// Writes a list of texts, or nothing when there are none.
pub(super) fn texts(object: &mut Object<'_>, key: &str, values: &[&str]) {
    if values.is_empty() {
        return;
    }
    let out = object.key(key);
    out.push('[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        json::push_str(out, value);
    }
    out.push(']');
}

/// Writes an amount as an exact JSON number, or nothing.
pub(super) fn amount(object: &mut Object<'_>, key: &str, value: Option<Decimal>) {
    if let Some(value) = value {
        value.push_to(object.key(key));
    }
}

/// Writes an amount as an exact number in a text, or nothing.
pub(super) fn amount_text(object: &mut Object<'_>, key: &str, value: Option<Decimal>) {
    if let Some(value) = value {
        object.text(key, &value.to_text());
    }
}

/// Writes the digests of the first of these kinds that has any, as a list, or nothing.
pub(super) fn digests<const N: usize>(
    object: &mut Object<'_>,
    key: &str,
    event: &Merged<'_>,
    kinds: [DigestKey; N],
) {
    texts(object, key, &event.first_digests(kinds));
}

/// Writes the first digest of the first of these kinds that has any, or nothing.
pub(super) fn digest<const N: usize>(
    object: &mut Object<'_>,
    key: &str,
    event: &Merged<'_>,
    kinds: [DigestKey; N],
) {
    object.text_opt(key, event.first_digests(kinds).first().copied());
}

/// Returns the ids of the items that have one.
pub(super) fn item_ids(props: &Props) -> Vec<&str> {
    let ids = props.items.iter().map(|item| item.item_id.as_deref());
    ids.flatten().filter(|id| !id.is_empty()).collect()
}

/// Returns how many pieces all items have together, where there are items.
pub(super) fn all_pieces(props: &Props) -> Option<i64> {
    let lines = props.items.iter();
    let all = lines
        .filter_map(|item| pieces(item.quantity))
        .fold(0_i64, i64::saturating_add);
    (all > 0).then_some(all)
}

/// Writes a shop's own parameter.
pub(super) fn scalar(object: &mut Object<'_>, key: &str, value: &Scalar) {
    match value {
        Scalar::Text(text) => object.text(key, text),
        Scalar::Number(digits) => object.key(key).push_str(digits),
        Scalar::Bool(yes) => object.bool_opt(key, Some(*yes)),
    }
}

/// Writes a list of objects, one a closure's call.
pub(super) fn objects<T>(
    object: &mut Object<'_>,
    key: &str,
    values: &[T],
    mut write: impl FnMut(&mut Object<'_>, &T),
) {
    if values.is_empty() {
        return;
    }
    let out = object.key(key);
    out.push('[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let mut item = Object::begin(out);
        write(&mut item, value);
        item.end();
    }
    out.push(']');
}

/// Returns the text's first `max` characters.
pub(super) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        Some((at, _)) => Cow::Borrowed(text.get(..at).unwrap_or_default()),
        None => Cow::Borrowed(text),
    }
}

/// Returns how many pieces a line has, where that is a whole number above zero.
pub(super) fn pieces(quantity: Option<Decimal>) -> Option<i64> {
    match quantity {
        None => Some(1),
        Some(quantity) => quantity.as_integer().filter(|n| *n > 0),
    }
}

/// Joins events that are JSON texts already.
pub(super) fn list(out: &mut String, events: &[&str]) {
    out.push('[');
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(event);
    }
    out.push(']');
}

/// Returns a time (epoch milliseconds) as RFC 3339 in UTC, to the millisecond.
pub(super) fn rfc3339(at_ms: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(at_ms)
        .ok()
        .map(|time| time.to_string())
}

/// Returns a shop's own parameter as text.
pub(super) fn plain(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) | Scalar::Number(text) => text.clone(),
        Scalar::Bool(yes) => yes.to_string(),
    }
}
