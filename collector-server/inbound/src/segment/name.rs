//! Names of `track` calls.

use std::borrow::Cow;

use firsthand_core::catalogue::{self, MAX_NAME_BYTES};

use crate::Refusal;

/// Returns the name of an event: GA4's for Segment's e-commerce events, else the caller's in snake case (`Quiz Finished` is
/// `quiz_finished`), because no platform takes spaces.
pub(super) fn of_track(event: Option<&str>) -> Result<Cow<'static, str>, Refusal> {
    let Some(raw) = event.filter(|name| !name.trim().is_empty()) else {
        return Err(Refusal::new("invalid_name", "track needs event"));
    };
    let known = catalogue::canonical(raw);
    if catalogue::is_valid(&known) {
        return Ok(Cow::Owned(known.into_owned()));
    }
    let name = snake(&known);
    if catalogue::is_valid(&name) {
        Ok(Cow::Owned(name))
    } else {
        Err(Refusal::new(
            "invalid_name",
            "event must begin with a letter and hold letters and digits, 40 characters at most",
        ))
    }
}

fn snake(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        // Too long either way: refused by the caller, not cut to another event's name.
        if name.len() > MAX_NAME_BYTES + 1 {
            break;
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_canonical() {
        for (raw, want) in [
            ("Order Completed", Some("purchase")),
            ("product added", Some("add_to_cart")),
            ("purchase", Some("purchase")),
            ("Quiz Finished!", Some("quiz_finished")),
            ("B2B – Lead (warm)", Some("b2b_lead_warm")),
            ("camelCase", Some("camelCase")),
            ("2nd Order", None),
            ("", None),
            ("日本", None),
            (
                "a very long name that no platform would ever take from us",
                None,
            ),
        ] {
            let got = of_track(Some(raw)).ok();
            assert_eq!(got.as_deref(), want, "{raw}");
        }
        assert!(of_track(None).is_err());
    }
}
