//! The parameters of a GA4 event, within Google's limits ("Event collection limits").

use firsthand_core::catalogue;
use firsthand_core::consent::Verdict as Allowed;
use firsthand_core::event::{Item, Scalar};
use firsthand_core::wire::BrowserKey;
use firsthand_core::wire::json::Object;

use crate::forward::destinations::{body, percent};
use crate::forward::merge::Merged;

/// Most parameters of one event.
pub(super) const MAX_PARAMS: usize = 25;
/// Longest parameter value, in characters.
pub(super) const MAX_VALUE_CHARS: usize = 100;
/// Longest `page_title`, in characters.
pub(super) const MAX_TITLE_CHARS: usize = 300;
/// Longest `page_referrer`, in characters.
pub(super) const MAX_REFERRER_CHARS: usize = 420;
/// Longest `page_location`, in characters.
pub(super) const MAX_LOCATION_CHARS: usize = 1_000;
/// Most items of one event.
pub(super) const MAX_ITEMS: usize = 200;
/// Most parameters of an item beside Google's own.
pub(super) const MAX_ITEM_PARAMS: usize = 27;
/// A click counts for events this long after it where the session's start is not known: GA4's session
/// timeout, in milliseconds.
const SESSION_MS: i64 = 30 * 60 * 1_000;

/// Prefixes of parameter names that Google reserves.
const RESERVED_PREFIXES: [&str; 4] = ["_", "ga_", "google_", "firebase_"];

/// Parameters that are written from typed fields; a shop's own of the same name is not.
const OWN_PARAMS: [&str; 15] = [
    "session_id",
    "engagement_time_msec",
    "event_id",
    "page_location",
    "page_referrer",
    "page_title",
    "value",
    "currency",
    "transaction_id",
    "tax",
    "shipping",
    "coupon",
    "search_term",
    "items",
    "debug_mode",
];

/// Google's click parameters, put back into `page_location` for attribution.
const CLICKS: [&str; 7] = [
    "gclid",
    "gclsrc",
    "wbraid",
    "gbraid",
    "dclid",
    "gad_source",
    "gad_campaignid",
];

/// Writes the parameters and returns how many were left out. Google's own come first, the shop's own
/// after them in order of their names, as long as there is room.
pub(super) fn write_params(event: &Merged<'_>, allowed: Allowed, out: &mut String) -> usize {
    let props = &event.props;
    let mut params = Params {
        object: Object::begin(out),
        count: 0,
    };
    if let Some(session) = session_id(event) {
        params.text("session_id", &session, MAX_VALUE_CHARS);
    }
    // At least 1, or the event counts in no report.
    params.next().int("engagement_time_msec", 1);
    params.text("event_id", event.event_id, MAX_VALUE_CHARS);
    if let Some(location) = location(event, allowed) {
        params.text("page_location", &location, MAX_LOCATION_CHARS);
    }
    if let Some(referrer) = event.referrer() {
        params.text("page_referrer", referrer, MAX_REFERRER_CHARS);
    }
    if let Some(title) = event.page.title.as_deref() {
        params.text("page_title", title, MAX_TITLE_CHARS);
    }
    if let Some(currency) = props.currency {
        params.text("currency", currency.as_str(), MAX_VALUE_CHARS);
        for (key, amount) in [
            ("value", props.worth()),
            ("tax", props.tax),
            ("shipping", props.shipping),
        ] {
            if amount.is_some() {
                body::amount(params.next(), key, amount);
            }
        }
    }
    for (key, text) in [
        ("transaction_id", &props.transaction_id),
        ("coupon", &props.coupon),
        ("search_term", &props.search_term),
    ] {
        if let Some(text) = text {
            params.text(key, text, MAX_VALUE_CHARS);
        }
    }
    let mut dropped = 0;
    let named: Vec<&Item> = props
        .items
        .iter()
        .filter(|item| item.item_id.is_some() || item.item_name.is_some())
        .take(MAX_ITEMS)
        .collect();
    if !named.is_empty() {
        body::objects(params.next(), "items", &named, |object, item| {
            dropped += write_item(object, item);
        });
    }
    for (name, value) in &props.other {
        if OWN_PARAMS.contains(&name.as_str()) {
            continue;
        }
        if params.count == MAX_PARAMS || !is_param_name(name) {
            dropped += 1;
            continue;
        }
        write_own(params.next(), name, value);
    }
    params.object.end();
    dropped
}

struct Params<'o> {
    object: Object<'o>,
    count: usize,
}

impl<'o> Params<'o> {
    fn next(&mut self) -> &mut Object<'o> {
        self.count += 1;
        &mut self.object
    }

    fn text(&mut self, key: &str, value: &str, max_chars: usize) {
        self.next().text(key, &body::cut(value, max_chars));
    }
}

fn write_item(object: &mut Object<'_>, item: &Item) -> usize {
    for (key, text) in [
        ("item_id", &item.item_id),
        ("item_name", &item.item_name),
        ("item_brand", &item.item_brand),
        ("item_category", &item.item_category),
        ("item_variant", &item.item_variant),
    ] {
        if let Some(text) = text {
            object.text(key, &body::cut(text, MAX_VALUE_CHARS));
        }
    }
    body::amount(object, "price", item.price);
    body::amount(object, "quantity", item.quantity);
    let (mut written, mut dropped) = (0, 0);
    for (name, value) in &item.other {
        let is_number = !matches!(value, Scalar::Text(_) | Scalar::Bool(_));
        let is_wrong = matches!(name.as_str(), "discount" | "index") && !is_number;
        if written == MAX_ITEM_PARAMS || !is_param_name(name) || is_wrong {
            dropped += 1;
            continue;
        }
        write_own(object, name, value);
        written += 1;
    }
    dropped
}

fn write_own(object: &mut Object<'_>, name: &str, value: &Scalar) {
    match value {
        Scalar::Text(text) => object.text(name, &body::cut(text, MAX_VALUE_CHARS)),
        other => body::scalar(object, name, other),
    }
}

fn is_param_name(name: &str) -> bool {
    catalogue::is_valid(name) && !RESERVED_PREFIXES.iter().any(|p| name.starts_with(p))
}

/// Returns GA4's session id: the tag's own, else the start of our session in seconds.
fn session_id(event: &Merged<'_>) -> Option<String> {
    if let Some(own) = event.browser_id(BrowserKey::GaSession)
        && !own.is_empty()
        && own.len() <= 20
        && own.bytes().all(|b| b.is_ascii_digit())
    {
        return Some(own.to_owned());
    }
    event.session.map(|start| (start / 1_000).to_string())
}

/// Returns the page's address; with the click ids of this session's arrival where ads may use them.
fn location(event: &Merged<'_>, allowed: Allowed) -> Option<String> {
    let mut location = event.page_url()?.to_owned();
    if !allowed.allows_match_keys() {
        return Some(location);
    }
    let Some(touch) = &event.last_touch else {
        return Some(location);
    };
    let since = event
        .session
        .unwrap_or_else(|| event.at_ms.saturating_sub(SESSION_MS));
    // Seconds may lie between a session's start and the arrival that started it.
    if touch.at.saturating_add(60_000) < since {
        return Some(location);
    }
    for name in CLICKS {
        let Some(value) = touch.click_id(name) else {
            continue;
        };
        if location.contains(&format!("{name}=")) || location.contains('#') {
            continue;
        }
        let mut pair = String::new();
        pair.push(if location.contains('?') { '&' } else { '?' });
        pair.push_str(name);
        pair.push('=');
        percent::push(&mut pair, value);
        if location.chars().count() + pair.len() <= MAX_LOCATION_CHARS {
            location.push_str(&pair);
        }
    }
    Some(location)
}
