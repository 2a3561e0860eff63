//! Arrivals, as the wire writes them.

use std::borrow::Cow;

use firsthand_core::touchpoint;
use firsthand_core::wire::Touch;

/// Returns an arrival in the form of the wire.
pub(crate) fn touch_of(seen: touchpoint::Touch) -> Touch<'static> {
    let owned = |pairs: Vec<(&'static str, String)>| {
        pairs
            .into_iter()
            .map(|(name, value)| (Cow::Borrowed(name), Cow::Owned(value)))
            .collect()
    };
    Touch {
        at: seen.at_ms,
        url: Cow::Owned(seen.url),
        referrer: Cow::Owned(seen.referrer),
        utm: owned(seen.utm),
        click: owned(seen.click),
    }
}
