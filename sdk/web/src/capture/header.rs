//! Who sent the events of a batch, as far as the visitor allows. The form is that of `docs/wire.md`.

use firsthand_core::consent::{Purpose, Verdict};
use firsthand_core::text::{cut, fields};
use firsthand_core::wire::json::Object;

use crate::host::{self, Fact};
use crate::storage::segment::{Part, Segment};

/// Writes the user. Match keys go in only where marketing *and* sharing are allowed: the caller has taken them out of the segment else.
/// `reset` is `true` where the page's id counts before the collector's cookie, else empty.
pub(crate) fn write_user(out: &mut String, segment: &Segment, verdict: &Verdict, reset: &str) {
    let mut object = Object::begin(out);
    for (name, value) in [
        ("anonymous_id", segment.get(Part::AnonymousId)),
        ("user_id", segment.get(Part::UserId)),
    ] {
        if !value.is_empty() {
            object.text(name, value);
        }
    }
    // Formed from the click where Meta's own cookie is missing. It is not written as a cookie.
    let mut fbc = segment.get(Part::Fbc);
    for line in fields(&host::fact(Fact::PlatformIds), b'\n') {
        let Some((name, value)) = cut(line, b' ') else {
            continue;
        };
        let is_allowed = if name.as_bytes().first() == Some(&b'g') {
            verdict.allows(Purpose::Analytics)
        } else {
            verdict.allows_match_keys()
        };
        if is_allowed {
            object.text(name, value);
        }
        if name == "fbc" {
            fbc = "";
        }
    }
    if verdict.allows_match_keys() {
        if !fbc.is_empty() {
            object.text("fbc", fbc);
        }
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
