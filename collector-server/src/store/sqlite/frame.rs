//! How the events of one request share a row, and how a dedup key is written.
//!
//! An event in `log.events` is a line of five numbers, then its name, id and JSON, then a line end:
//!
//! ```text
//! <at_ms> <settle_until_ms> <name bytes> <id bytes> <event bytes>\n<name><id><event>\n
//! ```
//!
//! Readable in the `sqlite3` shell, written by a copy, read without parsing the JSON. Where the JSON is sealed it is
//! empty here and stands in the sealed value ([`super::values`]).

use std::fmt::Write as _;

use crate::store::NewEvent;

/// One event of a row, borrowed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Framed<'a> {
    pub(super) at_ms: i64,
    pub(super) settle_until_ms: i64,
    pub(super) name: &'a str,
    pub(super) event_id: &'a str,
    pub(super) event: &'a str,
}

/// Appends an event to a row, with this JSON.
pub(super) fn push(out: &mut String, event: &NewEvent, json: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{} {} {} {} {}",
        event.at_ms,
        event.settle_until_ms,
        event.name.len(),
        event.event_id.len(),
        json.len()
    );
    out.push_str(&event.name);
    out.push_str(&event.event_id);
    out.push_str(json);
    out.push('\n');
}

/// Reads the events of a row, in order. Ends early where the row is damaged.
pub(super) fn iter(mut rest: &str) -> impl Iterator<Item = Framed<'_>> {
    std::iter::from_fn(move || {
        let (line, body) = rest.split_once('\n')?;
        let mut numbers = line.split(' ').map(str::parse::<i64>);
        let mut next = || numbers.next()?.ok();
        let (at_ms, settle_until_ms) = (next()?, next()?);
        let mut length = || usize::try_from(next()?).ok();
        let (name, id, event) = (length()?, length()?, length()?);
        let (name, body) = body.split_at_checked(name)?;
        let (event_id, body) = body.split_at_checked(id)?;
        let (event, body) = body.split_at_checked(event)?;
        rest = body.strip_prefix('\n')?;
        Some(Framed {
            at_ms,
            settle_until_ms,
            name,
            event_id,
            event,
        })
    })
}

/// Writes the dedup key of an event: the id, then the name. A UUID takes 16 bytes, so that UUIDv7 ids
/// sort by their time.
pub(super) fn dedup_key(out: &mut Vec<u8>, name: &str, event_id: &str) {
    dedup_prefix(out, event_id);
    out.extend_from_slice(name.as_bytes());
}

/// Writes what the dedup keys of all events with this id begin with.
pub(super) fn dedup_prefix(out: &mut Vec<u8>, event_id: &str) {
    out.clear();
    if firsthand_core::ids::is_uuid(event_id)
        && let Ok(id) = uuid::Uuid::try_parse(event_id)
    {
        out.push(1);
        out.extend_from_slice(id.as_bytes());
    } else {
        out.push(2);
        out.extend_from_slice(event_id.as_bytes());
        out.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_framed_is_read_again(list in proptest::collection::vec(
            ("[a-z_]{0,8}", ".{0,12}", ".{0,40}", proptest::num::i64::ANY), 0..5)) {
            let mut row = String::new();
            for (name, event_id, event, at_ms) in &list {
                push(&mut row, &NewEvent { name: name.clone(), event_id: event_id.clone(),
                    at_ms: *at_ms, settle_until_ms: 7, event: String::new() }, event);
            }
            let read: Vec<_> = iter(&row)
                .map(|f| (f.name.to_owned(), f.event_id.to_owned(), f.event.to_owned(), f.at_ms))
                .collect();
            proptest::prop_assert_eq!(read, list);
        }

        #[test]
        fn a_damaged_row_is_read_without_a_panic(row in ".*") {
            let _ = iter(&row).count();
        }
    }

    #[test]
    fn keys_of_two_events_differ_by_name_and_by_id() {
        let key = |name, id| {
            let mut out = Vec::new();
            dedup_key(&mut out, name, id);
            out
        };
        let uuid = "0199d2a4-0000-7000-8000-000000000001";
        assert_ne!(key("a", uuid), key("b", uuid));
        assert_ne!(key("a", "1"), key("a", "2"));
        assert_ne!(key("bc", "a"), key("c", "ab"));
        assert_eq!(key("a", uuid).len(), 18);
    }
}
