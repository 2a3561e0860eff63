//! Reads events that rest at a destination, and takes their last word back.
//!
//! A last word is taken back in the transaction that looks at it, so what is queued already, or was delivered
//! meanwhile, is never queued again.

use std::collections::HashMap;
use std::fmt::Write as _;

use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter, types::Value};

use super::outcomes::{DEAD, DELIVERED, RETRY, SUPPRESSED, UNCONFIRMED};
use super::read;
use crate::privacy::keys::KeyRing;
use crate::store::{
    ASKED_AGAIN, Again, Order, Seq, Settled, SettledEvent, SettledFilter, StoredEvent,
};

const fn number(state: Settled) -> i64 {
    match state {
        Settled::Delivered => DELIVERED,
        Settled::Dead => DEAD,
        Settled::Suppressed => SUPPRESSED,
        Settled::Unconfirmed => UNCONFIRMED,
    }
}

fn settled(number: i64) -> Settled {
    match number {
        DELIVERED => Settled::Delivered,
        DEAD => Settled::Dead,
        UNCONFIRMED => Settled::Unconfirmed,
        _ => Settled::Suppressed,
    }
}

/// The condition on the state, with numbers in the text: so the index of the dead letters is found.
fn of_states(states: &[Settled]) -> String {
    match states {
        [] => "0".to_owned(),
        [one] => format!("o.state = {}", number(*one)),
        many => {
            let list: Vec<String> = many
                .iter()
                .map(|state| number(*state).to_string())
                .collect();
            format!("o.state IN ({})", list.join(","))
        }
    }
}

/// Returns settled events of a destination, at most `limit`.
pub(super) fn list(
    conn: &Connection,
    ring: Option<&KeyRing>,
    destination: &str,
    filter: &SettledFilter,
    order: Order,
    limit: usize,
) -> rusqlite::Result<Vec<SettledEvent>> {
    let snapshot = conn.unchecked_transaction()?;
    let Some(id) = destination_id(&snapshot, destination)? else {
        return Ok(Vec::new());
    };
    let mut sql = format!(
        "SELECT o.seq, o.state, o.reason, o.attempts, o.at_ms, a.status, a.answer
         FROM outcomes o LEFT JOIN attempts a ON a.id = o.attempt
         WHERE o.destination = ? AND {}",
        of_states(&filter.states)
    );
    let mut values = vec![Value::from(id)];
    let mut narrow = |condition: &str, value: Value| {
        // Writing to a String cannot fail.
        let _ = write!(sql, " AND {condition}");
        values.push(value);
    };
    if !filter.event_ids.is_empty() {
        let mut seqs = Vec::new();
        for event_id in &filter.event_ids {
            seqs.extend(read::seqs_of_id(&snapshot, event_id)?);
        }
        let list: Vec<String> = seqs.iter().map(Seq::to_string).collect();
        let list = format!("[{}]", list.join(","));
        narrow("o.seq IN (SELECT value FROM json_each(?))", list.into());
    }
    if let Some(text) = &filter.reason {
        narrow("instr(lower(o.reason), lower(?)) > 0", text.clone().into());
    }
    if let Some(since_ms) = filter.since_ms {
        narrow("o.at_ms >= ?", since_ms.into());
    }
    if let Some(until_ms) = filter.until_ms {
        narrow("o.at_ms < ?", until_ms.into());
    }
    match order {
        Order::After(seq) => {
            narrow("o.seq > ?", seq.into());
            sql.push_str(" ORDER BY o.seq");
        }
        Order::Newest => sql.push_str(" ORDER BY o.seq DESC"),
    }
    sql.push_str(" LIMIT ?");
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let mut events: Vec<SettledEvent> = snapshot
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| {
            let status: Option<u16> = row.get(5)?;
            let words: Option<String> = row.get(6)?;
            Ok(SettledEvent {
                seq: row.get(0)?,
                stored: None,
                state: settled(row.get(1)?),
                reason: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                attempts: row.get(3)?,
                settled_at_ms: row.get(4)?,
                answer: status.zip(words),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let seqs = events.iter().map(|event| event.seq).collect();
    let mut stored: HashMap<Seq, StoredEvent> = read::events(&snapshot, ring, seqs)?
        .into_iter()
        .map(|stored| (stored.seq, stored))
        .collect();
    for event in &mut events {
        event.stored = stored.remove(&event.seq);
    }
    Ok(events)
}

fn destination_id(conn: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT id FROM destinations WHERE name = ?1")?
        .query_row(params![name], |row| row.get(0))
        .optional()
}

/// Makes events due at once that still have one of the named last words; what was known of them stays in the
/// history. Returns how many there were.
pub(super) fn send_again(conn: &Connection, again: &Again) -> rusqlite::Result<usize> {
    let Some(id) = destination_id(conn, &again.destination)? else {
        return Ok(0);
    };
    let states = of_states(&again.states);
    let reason = format!("{ASKED_AGAIN}{}", again.actor);
    let mut keep = conn.prepare_cached(&format!(
        "INSERT INTO history(destination, seq, state, due_at, reason, attempts, at_ms, attempt)
         SELECT destination, seq, state, due_at, reason, attempts, at_ms, attempt
         FROM outcomes o WHERE destination = ?1 AND seq = ?2 AND {states}"
    ))?;
    let mut queue = conn.prepare_cached(
        "UPDATE outcomes SET state = ?5, due_at = ?3, reason = ?4, at_ms = ?3, attempt = NULL
         WHERE destination = ?1 AND seq = ?2",
    )?;
    let mut count = 0;
    for seq in &again.seqs {
        if keep.execute(params![id, seq])? == 1 {
            count += queue.execute(params![id, seq, again.at_ms, reason, RETRY])?;
        }
    }
    Ok(count)
}
