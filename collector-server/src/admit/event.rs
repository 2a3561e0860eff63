//! One event: named, timed, checked.

use std::borrow::Cow;

use firsthand_core::event::Props;
use firsthand_core::event::props::{Item, PropsError, Scalar};
use firsthand_core::touchpoint::clean_url;
use firsthand_core::wire::{DecodeError, Event, Page};
use firsthand_core::{catalogue, ids};

use super::header::cut;
use super::personal::{holds_email, may_hold_email, names_personal_value};
use super::{Refusal, Rules, new_event};
use crate::store::{NewEvent, SourceKind};

/// Longest address that is looked at, in bytes.
const MAX_URL_BYTES: usize = 8192;
/// Longest title that is kept, in bytes.
const MAX_TITLE_BYTES: usize = 300;

/// Our clock against the sender's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// When the request arrived, in epoch milliseconds.
    pub(super) received_at_ms: i64,
    /// How far the sender's clock is behind ours, in milliseconds.
    pub(super) skew_ms: i64,
}

/// Boxed: nearly every event is admitted.
type Refused<'a> = Box<(Refusal, Option<Event<'a>>)>;

/// Checks one event and brings it to the form that is kept.
pub(super) fn admit<'a>(
    rules: &Rules,
    kind: SourceKind,
    clock: &Clock,
    event: Result<Event<'a>, DecodeError>,
) -> Result<NewEvent, Refused<'a>> {
    let Ok(mut event) = event else {
        let refusal = Refusal::new(
            "invalid_type",
            "the event is no object, or a member has the wrong type",
        );
        return Err(Box::new((refusal, None)));
    };
    let name = catalogue::canonical(&event.name).into_owned();
    match check(rules, kind, clock, &name, &mut event) {
        Ok(()) => Ok(new_event(rules, clock, &name, &event)),
        Err(refusal) => Err(Box::new((refusal, Some(event)))),
    }
}

fn check(
    rules: &Rules,
    kind: SourceKind,
    clock: &Clock,
    name: &str,
    event: &mut Event<'_>,
) -> Result<(), Refusal> {
    if !catalogue::is_valid(name) {
        return Err(Refusal::new(
            "invalid_name",
            "name must be a letter, then letters, digits and underscores, 40 characters at most",
        ));
    }
    if event.name != name {
        event.name = Cow::Owned(name.to_owned());
    }
    let props = read_props(&event.props)?;
    let derived = ids::derived_event_id(
        name,
        props.transaction_id.as_deref(),
        props.refund_id.as_deref(),
    );
    if holds_email(&event.id) {
        return Err(personal("id"));
    }
    match derived {
        // Whatever the sender made up: every source must name this event alike.
        Some(id) => event.id = Cow::Owned(id),
        None if !ids::is_valid_event_id(&event.id) => {
            return Err(Refusal::new(
                "invalid_id",
                "id must be 1 to 160 printable ASCII characters without spaces or @",
            ));
        }
        None => {}
    }
    check_time(rules, clock, event)?;
    if let Some(what) = personal_prop(&event.props, &props) {
        return Err(personal(what));
    }
    check_page(kind, &mut event.page)
}

fn personal(what: &'static str) -> Refusal {
    Refusal {
        code: "personal_data",
        message: Cow::Owned(format!(
            "{what} holds clear personal data: send it in user over a secret key, or as its digest"
        )),
    }
}

fn read_props(text: &str) -> Result<Props, Refusal> {
    let text = if text.is_empty() || text == "null" {
        "{}"
    } else {
        text
    };
    Props::parse(text).map_err(|PropsError { code, message }| Refusal {
        code,
        message: Cow::Owned(message),
    })
}

fn check_time(rules: &Rules, clock: &Clock, event: &mut Event<'_>) -> Result<(), Refusal> {
    if event.at <= 0 {
        return Err(Refusal::new(
            "invalid_time",
            "at is missing: send milliseconds since 1970",
        ));
    }
    let at = event.at.saturating_add(clock.skew_ms);
    let age_ms = clock.received_at_ms.saturating_sub(at);
    if age_ms > rules.max_age_ms {
        return Err(Refusal {
            code: "invalid_time",
            message: Cow::Owned(format!(
                "at lies more than {} days back (after correction of the clock)",
                rules.max_age_ms / 86_400_000
            )),
        });
    }
    if age_ms < -rules.max_future_ms {
        return Err(Refusal {
            code: "invalid_time",
            message: Cow::Owned(format!(
                "at lies more than {} minutes ahead (after correction of the clock)",
                rules.max_future_ms / 60_000
            )),
        });
    }
    event.at = at;
    if let Some(session) = &mut event.session {
        *session = session.saturating_add(clock.skew_ms);
    }
    Ok(())
}

/// Returns which parameter holds an e-mail address.
fn personal_prop(raw: &str, props: &Props) -> Option<&'static str> {
    let others = props.items.iter().map(|item| &item.other);
    if std::iter::once(&props.other)
        .chain(others)
        .flatten()
        // A flag such as `mobile: true` names nobody.
        .any(|(name, value)| !matches!(value, Scalar::Bool(_)) && names_personal_value(name))
    {
        return Some("a parameter");
    }
    // The escapes of a JSON text are looked through below; a text without any of these holds none.
    if !may_hold_email(raw) {
        return None;
    }
    let text = |value: &Option<String>| value.as_deref().is_some_and(holds_email);
    if text(&props.coupon) {
        return Some("coupon");
    }
    if text(&props.search_term) {
        return Some("search_term");
    }
    if props.items.iter().any(item_holds_email) {
        return Some("an item");
    }
    scalars_hold_email(&props.other).then_some("a parameter")
}

fn item_holds_email(item: &Item) -> bool {
    [
        &item.item_id,
        &item.item_name,
        &item.item_brand,
        &item.item_category,
        &item.item_variant,
    ]
    .into_iter()
    .flatten()
    .any(|text| holds_email(text))
        || scalars_hold_email(&item.other)
}

fn scalars_hold_email(scalars: &std::collections::BTreeMap<String, Scalar>) -> bool {
    scalars.iter().any(|(name, value)| {
        holds_email(name) || matches!(value, Scalar::Text(text) if holds_email(text))
    })
}

fn check_page(kind: SourceKind, page: &mut Page<'_>) -> Result<(), Refusal> {
    for (what, url) in [
        ("page.url", &page.url),
        ("page.title", &page.title),
        ("page.ref", &page.referrer),
    ] {
        let Some(text) = url else { continue };
        if text.len() > MAX_URL_BYTES {
            return Err(Refusal {
                code: "invalid_page",
                message: Cow::Owned(format!(
                    "{what} has {} bytes, at most {MAX_URL_BYTES} allowed",
                    text.len()
                )),
            });
        }
        // A page should have removed it; what a server passes on is cleaned below. A foreign
        // page's address is not the sender's fault.
        let is_own = what != "page.ref" && (kind == SourceKind::Browser || what == "page.title");
        if is_own && holds_email(text) {
            return Err(personal(what));
        }
    }
    if let Some(url) = &mut page.url {
        let clean = clean_url(url);
        if clean.is_empty() && !url.is_empty() {
            return Err(Refusal::new(
                "invalid_page",
                "page.url is no web address: http or https with a host",
            ));
        }
        *url = Cow::Owned(clean);
    }
    if let Some(referrer) = &mut page.referrer {
        *referrer = Cow::Owned(clean_url(referrer));
    }
    if let Some(title) = &mut page.title {
        cut(title, MAX_TITLE_BYTES);
    }
    Ok(())
}
