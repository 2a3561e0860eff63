//! What the SDK keeps in the browser, under which keys.
//!
//! | key | holds | written |
//! |---|---|---|
//! | `fh.c` | the visitor's choice | once made (strictly necessary) |
//! | `fh.a` | anonymous id and name of the current segment | when analytics or marketing is allowed |
//! | `fh.h.<segment>` | user and touch of a segment ([`segment`]) | the same |
//! | `fh.e.<time>.<id>` | one event that waits to be sent | the same |
//! | `fh.s` | the session | the same |
//! | `fh.b` | time before which the collector asked not to be called | after 429 and 5xx |
//! | `fh.w` | withdrawals the collector has not acknowledged (`npm/src/withdrawal.ts`) | until it has (strictly necessary) |
//! | `fh.l` | lease of the sending tab, where Web Locks are missing | while sending |

pub(crate) mod segment;

use firsthand_core::session::Session;
use firsthand_core::wire::json::push_int;

use crate::host;

pub(crate) const CHOICE: &str = "fh.c";
pub(crate) const ANONYMOUS: &str = "fh.a";
pub(crate) const SEGMENT: &str = "fh.h.";
pub(crate) const EVENT: &str = "fh.e.";
pub(crate) const SESSION: &str = "fh.s";
pub(crate) const BACKOFF: &str = "fh.b";

/// Joins a prefix and a name.
pub(crate) fn key(prefix: &str, name: &str) -> String {
    let mut key = String::with_capacity(prefix.len() + name.len());
    key.push_str(prefix);
    key.push_str(name);
    key
}

/// Removes everything but the choice.
pub(crate) fn clear() {
    for prefix in [EVENT, SEGMENT, ANONYMOUS, SESSION, BACKOFF] {
        for found in host::ls_keys(prefix).lines() {
            host::ls_del(found);
        }
    }
}

/// Reads the session: start, last activity, number.
pub(crate) fn read_session() -> Option<Session> {
    let text = host::ls_get(SESSION)?;
    let mut parts = text.split(' ');
    Some(Session {
        started_ms: parts.next()?.parse().ok()?,
        last_ms: parts.next()?.parse().ok()?,
        number: parts.next()?.parse().ok()?,
    })
}

/// Writes the session.
pub(crate) fn write_session(session: Session) {
    let mut text = String::with_capacity(32);
    push_int(&mut text, session.started_ms);
    text.push(' ');
    push_int(&mut text, session.last_ms);
    text.push(' ');
    push_int(&mut text, i64::from(session.number));
    host::ls_set(SESSION, &text);
}
