//! What the SDK keeps in the browser, under which keys. Where the storage is blocked, full or not wanted, `host.js` keeps it in the page.
//!
//! | key | holds | written |
//! |---|---|---|
//! | `fh.c` | the visitor's choice | once made (strictly necessary) |
//! | `fh.a` | anonymous id and name of the current segment | when analytics or marketing is allowed |
//! | `fh.h.<segment>` | user and touch of a segment ([`segment`]) | the same |
//! | `fh.e.<time>.<id>` | one event that waits to be sent | the same |
//! | `fh.s` | the session | the same |
//! | `fh.f` | what a consent framework said when the collector was last told | when analytics or marketing is allowed |
//! | `fh.b` | time before which the collector asked not to be called | after 429 and 5xx |
//! | `fh.w` | choices the collector has not answered for (`npm/src/choices.ts`) | until it has (strictly necessary) |
//! | `fh.l` | lease of the sending tab, where Web Locks are missing | while sending |

pub(crate) mod segment;

use firsthand_core::session::Session;
use firsthand_core::text::{fields, parse_int};
use firsthand_core::wire::json::push_int;

use crate::host;

/// Beginning of every key.
pub(crate) const ALL: &str = "fh.";
pub(crate) const CHOICE: &str = "fh.c";
pub(crate) const ANONYMOUS: &str = "fh.a";
pub(crate) const SEGMENT: &str = "fh.h.";
pub(crate) const EVENT: &str = "fh.e.";
pub(crate) const SESSION: &str = "fh.s";
pub(crate) const BACKOFF: &str = "fh.b";
pub(crate) const HEARD: &str = "fh.f";

/// Joins two texts.
#[inline(never)]
pub(crate) fn join(left: &str, right: &str) -> String {
    let mut joined = String::with_capacity(left.len() + right.len());
    joined.push_str(left);
    joined.push_str(right);
    joined
}

/// Removes what needs consent: not the choice, what the collector has to hear of it, the lease of a sending tab, and what is not ours. A page
/// that keeps nothing itself removes what another has kept.
pub(crate) fn clear() {
    for key in fields(&host::ls_keys(ALL), b'\n') {
        if matches!(
            key.as_bytes().get(ALL.len()),
            Some(b'a' | b'b' | b'e' | b'f' | b'h' | b's')
        ) {
            host::ls_del(key);
        }
    }
}

/// Reads the session: start, last activity, number.
pub(crate) fn read_session() -> Option<Session> {
    let text = host::ls_get(SESSION);
    let mut numbers = fields(&text, b' ');
    let mut number = || parse_int(numbers.next()?);
    Some(Session {
        started_ms: number()?,
        last_ms: number()?,
        number: u32::try_from(number()?).ok()?,
    })
}

/// Writes the session.
pub(crate) fn write_session(session: Session) {
    let mut text = String::new();
    for number in [session.started_ms, session.last_ms, session.number.into()] {
        push_int(&mut text, number);
        text.push(' ');
    }
    host::ls_set(SESSION, &text);
}
