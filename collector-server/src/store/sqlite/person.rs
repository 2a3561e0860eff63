//! Everything that is kept about a person, for an export, read in one state of the file.

use rusqlite::{Connection, OptionalExtension, params};

use super::inspect::{EventView, Inspector, QUARANTINE, QuarantineView};
use super::proof::ReceiptView;
use super::tasks::{resolve, walk};
use super::trace::{self, CopyRow, LogRow, OrderRow, Trace};
use super::values::Opener;
use super::{frame, proof, read, standing};
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::{Identifier, Standing};
use crate::privacy::task::{MAX_EVENTS, Target};
use crate::store::{ConsentChange, Seq};
use firsthand_core::ids;
use firsthand_core::wire::decode_header;

/// One record of a person.
#[derive(Debug)]
pub enum PersonRecord {
    /// An event with what became of it; only copies that are the person's.
    Event(Box<EventView>),
    /// A word on consent.
    Word(ConsentChange),
    /// An order of a shop system whose visitor they are.
    Order {
        /// Name of the webhook source.
        source: String,
        /// What the shop system calls it.
        reference: String,
        /// Its transaction id.
        transaction_id: String,
        /// When it was told, in epoch milliseconds.
        received_at_ms: i64,
    },
    /// A choice's receipt.
    Choice(Box<ReceiptView>),
    /// A refused event.
    Refused(QuarantineView),
    /// What holds for one of their identifiers.
    Standing(Identifier, Standing),
}

/// Hands over every record of a person, until `take` fails. Returns by what the person is known.
pub(super) fn records<E: From<rusqlite::Error>>(
    view: Inspector<'_>,
    conn: &Connection,
    target: &Target,
    mut take: impl FnMut(PersonRecord) -> Result<(), E>,
) -> Result<Vec<Identifier>, E> {
    let ring = view.keys()?;
    let identifiers = resolve(conn, target)?;
    let trace = Trace::new(conn, ring, &identifiers, &target.seqs)?;
    for seqs in events_of(conn, &trace)? {
        for stored in read::events(conn, Some(ring), seqs)? {
            let shown = only_theirs(view.view(stored)?, &trace, target);
            if !shown.stored.copies.is_empty() {
                take(PersonRecord::Event(Box::new(shown)))?;
            }
        }
    }
    let words: Vec<_> = trace
        .words(conn)?
        .iter()
        .map(|identifier| (ring.subject_of(identifier), identifier.key.to_string()))
        .collect();
    for word in read::latest_consent(conn, ring, &words)? {
        take(PersonRecord::Word(word))?;
    }
    for order in trace.orders(conn)? {
        take(order_record(order))?;
    }
    for receipt in receipts(conn, &trace)? {
        take(PersonRecord::Choice(Box::new(receipt)))?;
    }
    let mut refused = Vec::new();
    walk(
        0,
        |after| trace.quarantine(conn, after),
        |id: i64| {
            refused.push(id);
            Ok(())
        },
    )?;
    for id in refused {
        if let Some(row) = view.quarantined(id)? {
            take(PersonRecord::Refused(row))?;
        }
    }
    for identifier in &identifiers {
        for (_, known) in standing::read(conn, &[identifier.key])? {
            if known != Standing::default() {
                take(PersonRecord::Standing(*identifier, known))?;
            }
        }
    }
    Ok(identifiers)
}

fn order_record(row: OrderRow) -> PersonRecord {
    PersonRecord::Order {
        source: row.source,
        reference: row.reference,
        transaction_id: row.transaction_id,
        received_at_ms: row.received_at_ms,
    }
}

/// Positions of the person's events, request by request.
fn events_of(conn: &Connection, trace: &Trace<'_>) -> rusqlite::Result<Vec<Vec<Seq>>> {
    let mut requests: Vec<Vec<Seq>> = Vec::new();
    walk(
        0,
        |from| trace.log(conn, from),
        |row: LogRow| {
            requests.push((row.first..=row.last).collect());
            Ok(())
        },
    )?;
    walk(
        0,
        |after| trace.copies(conn, after),
        |copy: CopyRow| {
            let is_listed = requests.iter().any(|seqs| seqs.contains(&copy.seq));
            if !is_listed && trace::row_of(conn, copy.seq)?.is_some() {
                requests.push(vec![copy.seq]);
            }
            Ok(())
        },
    )?;
    requests.sort_unstable();
    Ok(requests)
}

/// Leaves the copies that name the person, and a page's copy of what a trusted server says is theirs. Another
/// person's copy stays out: an order's number can be guessed.
fn only_theirs(mut view: EventView, trace: &Trace<'_>, target: &Target) -> EventView {
    let is_named = target.seqs.contains(&view.stored.seq);
    let names: Vec<bool> = view
        .stored
        .copies
        .iter()
        .map(|copy| is_named || trace.names(&copy.header))
        .collect();
    let is_said_by_server = view
        .stored
        .copies
        .iter()
        .zip(&names)
        .any(|(copy, names)| *names && copy.kind.is_trusted());
    let is_shown: Vec<bool> = view
        .stored
        .copies
        .iter()
        .zip(names)
        .map(|(copy, names)| names || (is_said_by_server && !copy.kind.is_trusted()))
        .collect();
    let mut shown = is_shown.iter();
    view.stored.copies.retain(|_| shown.next() == Some(&true));
    let mut shown = is_shown.iter();
    view.receipts.retain(|_| shown.next() == Some(&true));
    view
}

fn receipts(conn: &Connection, trace: &Trace<'_>) -> rusqlite::Result<Vec<ReceiptView>> {
    let mut subjects: Vec<String> = Vec::new();
    for row in trace.choices(conn)? {
        if !subjects.contains(&row.subject) {
            subjects.push(row.subject);
        }
    }
    let mut all = Vec::new();
    for subject in subjects {
        all.extend(proof::of_subject(conn, &subject)?);
    }
    all.sort_by_key(|view| view.receipt.number);
    Ok(all)
}

/// Returns the events of an order, and by what their copies name people.
pub(super) fn of_transaction(
    conn: &Connection,
    ring: &KeyRing,
    transaction_id: &str,
) -> rusqlite::Result<(Vec<Seq>, Vec<Identifier>)> {
    let mut seqs = Vec::new();
    for name in ["purchase", "refund"] {
        if let Some(id) = ids::derived_event_id(name, Some(transaction_id), None) {
            seqs.extend(read::seqs_of_id(conn, &id)?);
            if name == "refund" {
                seqs.extend(parts_of(conn, &id)?);
            }
        }
    }
    seqs.sort_unstable();
    seqs.dedup();
    seqs.truncate(MAX_EVENTS);
    let mut identifiers = Vec::new();
    for event in read::events(conn, Some(ring), seqs.clone())? {
        for copy in &event.copies {
            if let Ok(header) = decode_header(&copy.header) {
                identifiers.extend(ring.identifiers(&header.user));
            }
        }
    }
    identifiers.sort_unstable();
    identifiers.dedup();
    Ok((seqs, identifiers))
}

/// Positions of refunds that say which part of the order they are.
fn parts_of(conn: &Connection, whole: &str) -> rusqlite::Result<Vec<Seq>> {
    let mut from = Vec::new();
    frame::dedup_prefix(&mut from, &format!("{whole}:"));
    // The prefix ends with the zero that ends an id; a longer id goes on instead.
    from.pop();
    let mut to = from.clone();
    to.push(0xff);
    conn.prepare_cached("SELECT seq FROM dedup WHERE key >= ?1 AND key < ?2")?
        .query_map(params![from, to], |row| row.get(0))?
        .collect()
}

/// Returns one event in quarantine.
pub(super) fn quarantined(
    conn: &Connection,
    ring: &KeyRing,
    id: i64,
) -> rusqlite::Result<Option<QuarantineView>> {
    let mut opener = Opener::new(conn, Some(ring));
    conn.prepare_cached(&format!("{QUARANTINE} WHERE q.id = ?1"))?
        .query_row(params![id], |row| QuarantineView::of_row(row, &mut opener))
        .optional()
}
