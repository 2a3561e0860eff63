//! Who sent the events of a batch, as far as the visitor allows. The form is that of `docs/wire.md`.

use firsthand_core::consent::{Purpose, Verdict};
use firsthand_core::text::{cut, fields};
use firsthand_core::touchpoint::cookies::Cookies;
use firsthand_core::wire::json::Object;

use crate::host::{self, Fact};
use crate::storage::segment::{Part, Segment};

/// Writes the user. Match keys go in only where marketing *and* sharing are allowed: the caller has taken them out of the segment else.
/// `reset` is `true` where the page's id counts before the collector's cookie, else empty.
pub(crate) fn write_user(out: &mut String, segment: &Segment, verdict: &Verdict, reset: &str) {
    let mut object = Object::begin(out);
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            object.text(name, value);
        }
    };
    add("anonymous_id", segment.get(Part::AnonymousId));
    add("user_id", segment.get(Part::UserId));
    let cookies = host::fact(Fact::Cookies);
    let cookies = Cookies::new(&cookies);
    if verdict.allows(Purpose::Analytics) {
        add("ga_client", &cookies.ga_client().unwrap_or_default());
        add("ga_session", &cookies.ga_session(None).unwrap_or_default());
    }
    if verdict.allows_match_keys() {
        // Formed from the click where Meta's own cookie is missing. It is not written as a cookie.
        let fbc = cookies.fbc().unwrap_or_default();
        add(
            "fbc",
            if fbc.is_empty() {
                segment.get(Part::Fbc)
            } else {
                &fbc
            },
        );
        add("fbp", &cookies.fbp().unwrap_or_default());
        add("ttclid", &cookies.ttclid().unwrap_or_default());
        add("ttp", &cookies.ttp().unwrap_or_default());
        for entry in fields(segment.get(Part::Digests), b' ') {
            if let Some((key, digest)) = cut(entry, b':') {
                let list = object.key(key);
                for text in ["[\"", digest, "\"]"] {
                    list.push_str(text);
                }
            }
        }
    }
    if !reset.is_empty() {
        object.key("reset").push_str(reset);
    }
    object.end();
}
