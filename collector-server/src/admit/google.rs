//! Click ids that Google's own tag keeps in cookies of the shop's domain: a fallback for clicks that no arrival of ours saw.

use std::borrow::Cow;

use firsthand_core::wire::Header;

use super::Connection;

/// Google's parameters of an ad click.
const PARAMETERS: [&str; 3] = ["gclid", "wbraid", "gbraid"];

/// Adds the click ids of the connection's cookies to the user, unless an arrival has one: then they tell nothing new. Nothing here looks at
/// consent; [`super::header::redact`] does.
pub(super) fn add_clicks<'a>(header: &mut Header<'a>, connection: &Connection<'a>) {
    let is_known = [&header.first_touch, &header.last_touch]
        .into_iter()
        .flatten()
        .any(|touch| PARAMETERS.iter().any(|name| touch.click_id(name).is_some()));
    if is_known {
        return;
    }
    for (key, id) in &connection.google_clicks {
        header.user.browser.push((*key, Cow::Owned(id.clone())));
    }
}

#[cfg(test)]
mod tests {
    use firsthand_core::consent::{Choice, Policy, Regime, Situation, decide};
    use firsthand_core::wire::{BrowserKey, Touch};

    use super::*;
    use crate::privacy::retention::redact;

    fn connection() -> Connection<'static> {
        Connection {
            google_clicks: vec![(BrowserKey::Gclid, "Cj0KCQ".to_owned())],
            ..Connection::default()
        }
    }

    #[test]
    fn a_cookies_click_counts_where_no_arrival_has_one() {
        for (click, want) in [
            (None, Some("Cj0KCQ")),
            (Some(("fbclid", "IwAR")), Some("Cj0KCQ")),
            (Some(("gclid", "own")), None),
            (Some(("gbraid", "own")), None),
        ] {
            let touch = Touch {
                click: click
                    .map(|(name, id)| (Cow::Borrowed(name), Cow::Borrowed(id)))
                    .into_iter()
                    .collect(),
                ..Touch::default()
            };
            let mut header = Header {
                last_touch: Some(touch),
                ..Header::default()
            };
            add_clicks(&mut header, &connection());
            assert_eq!(header.user.browser_id(BrowserKey::Gclid), want, "{click:?}");
        }
    }

    #[test]
    fn without_marketing_and_sharing_it_goes() {
        let mut header = Header::default();
        add_clicks(&mut header, &connection());
        let choice = Choice {
            at_ms: 1,
            policy_version: 1,
            after_gpc_notice: false,
            answers: [Some(true), Some(true), Some(true), Some(false)],
        };
        let situation = Situation {
            regime: Regime::OptIn,
            choice: Some(choice),
            ..Situation::default()
        };
        redact(&mut header, decide(&Policy::default(), &situation, 2));
        assert_eq!(header.user.browser_id(BrowserKey::Gclid), None);
    }
}
