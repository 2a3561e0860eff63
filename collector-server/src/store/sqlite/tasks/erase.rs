//! The steps of an erasure that take rows away, and the same walk when rows are only counted.

use std::collections::{BTreeMap, BTreeSet};

use metrics::counter;
use rusqlite::{Connection, params};

use super::{State, Step};
use crate::privacy::keys::{Blind, KeyRing};
use crate::privacy::task::{Counts, TaskKind};
use crate::store::Seq;
use crate::store::sqlite::append::Cache;
use crate::store::sqlite::outcomes::{DEAD, SUPPRESSED};
use crate::store::sqlite::trace::{self, ChoiceRow, CopyRow, Found, LogRow, OrderRow, Trace};
use crate::store::sqlite::vault::KeyId;

/// The word in `outcomes.reason` of what was waiting.
pub(in super::super) const REASON: &str = "erased: its person asked for it";

/// What a look found for one step.
#[derive(Debug)]
pub(super) enum Looked {
    Nothing,
    Log(Found<LogRow, Seq>),
    Copies(Found<CopyRow, i64>),
    Quarantine(Found<i64, i64>),
    Rest(Rest),
}

/// What is kept under the person's own indexes.
#[derive(Debug)]
pub(super) struct Rest {
    words: Vec<Blind>,
    choices: Vec<ChoiceRow>,
    orders: Vec<OrderRow>,
}

/// Looks for the rows of the next step, on a connection that only reads.
pub(super) fn look(conn: &Connection, ring: &KeyRing, state: &State) -> rusqlite::Result<Looked> {
    let trace = Trace::new(conn, ring, &state.target.identifiers, &state.target.seqs)?;
    Ok(match &state.step {
        Step::Begin | Step::End | Step::Wipe => Looked::Nothing,
        Step::Log { from, .. } => Looked::Log(trace.log(conn, *from)?),
        Step::Copies { after } => Looked::Copies(trace.copies(conn, *after)?),
        Step::Quarantine { after } => Looked::Quarantine(trace.quarantine(conn, *after)?),
        Step::Rest => Looked::Rest(Rest {
            words: trace::subjects(ring, &trace.words(conn)?),
            choices: trace.choices(conn)?,
            orders: trace.orders(conn)?,
        }),
    })
}

/// Takes away what was found and notes how far the task is; the caller holds the write transaction.
pub(super) fn take(
    conn: &Connection,
    cache: &mut Cache,
    state: &mut State,
    looked: Looked,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let gone = &mut Gone {
        counts: &mut state.counts,
        own_keys: &mut state.own_keys,
    };
    state.step = match (looked, &state.step) {
        (Looked::Log(found), Step::Log { until, .. }) => {
            for row in &found.rows {
                take_row(conn, cache, *row, gone, now_ms)?;
            }
            // Nothing of the person came in after the begin.
            match found.next.filter(|next| next < until) {
                Some(from) => Step::Log {
                    from,
                    until: *until,
                },
                None => Step::Copies { after: 0 },
            }
        }
        (Looked::Copies(found), _) => {
            for copy in &found.rows {
                take_copy(conn, cache, *copy, gone, now_ms)?;
            }
            found
                .next
                .map_or(Step::Quarantine { after: 0 }, |after| Step::Copies {
                    after,
                })
        }
        (Looked::Quarantine(found), _) => {
            for id in &found.rows {
                note_keys(
                    conn,
                    "SELECT key FROM quarantine WHERE id = ?1",
                    [*id],
                    gone,
                )?;
                gone.counts.quarantined += changed(
                    conn.prepare_cached("DELETE FROM quarantine WHERE id = ?1")?
                        .execute(params![id])?,
                );
            }
            found
                .next
                .map_or(Step::Rest, |after| Step::Quarantine { after })
        }
        (Looked::Rest(rest), _) => {
            take_rest(conn, cache, &rest, gone.counts)?;
            for row in rest.choices {
                if !state.subjects.contains(&row.subject) {
                    state.subjects.push(row.subject);
                }
            }
            Step::End
        }
        (Looked::Log(_) | Looked::Nothing, step) => step.clone(),
    };
    Ok(())
}

/// What an erasure notes of what it takes.
struct Gone<'s> {
    counts: &'s mut Counts,
    own_keys: &'s mut Vec<KeyId>,
}

/// Notes those keys of rows that belong to a request and not to a person.
fn note_keys(
    conn: &Connection,
    select: &str,
    of: impl rusqlite::Params,
    gone: &mut Gone<'_>,
) -> rusqlite::Result<()> {
    let keys: Vec<Option<KeyId>> = conn
        .prepare_cached(select)?
        .query_map(of, |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for key in keys {
        if let Some(own) = trace::own_key(conn, key)?
            && !gone.own_keys.contains(&own)
        {
            gone.own_keys.push(own);
        }
    }
    Ok(())
}

fn take_rest(
    conn: &Connection,
    cache: &mut Cache,
    rest: &Rest,
    counts: &mut Counts,
) -> rusqlite::Result<()> {
    for subject in &rest.words {
        counts.consent_words += changed(
            conn.prepare_cached("DELETE FROM consent WHERE subject = ?1")?
                .execute(params![subject])?,
        );
    }
    cache.people.is_changed |= !rest.words.is_empty();
    for row in &rest.choices {
        counts.choices += changed(
            conn.prepare_cached("DELETE FROM choices WHERE key = ?1")?
                .execute(params![row.key])?,
        );
    }
    for row in &rest.orders {
        counts.orders += changed(
            conn.prepare_cached("DELETE FROM shop_orders WHERE source = ?1 AND reference = ?2")?
                .execute(params![row.source, row.reference])?,
        );
    }
    Ok(())
}

/// Tells the metrics what went.
pub(super) fn count(kind: TaskKind, counts: &Counts) {
    counter!("firsthand_privacy_tasks_total", "kind" => kind.as_str()).increment(1);
    if kind == TaskKind::Erase {
        for (what, count) in [
            ("event", counts.events),
            ("copy", counts.copies),
            ("waiting", counts.waiting),
            ("quarantined", counts.quarantined),
            ("consent_word", counts.consent_words),
            ("order", counts.orders),
        ] {
            counter!("firsthand_erased_total", "what" => what).increment(count);
        }
    }
}

/// Takes a request's events with everything that is known of them. They are of one visitor: the request has one
/// header.
fn take_row(
    conn: &Connection,
    cache: &mut Cache,
    row: LogRow,
    gone: &mut Gone<'_>,
    now_ms: i64,
) -> rusqlite::Result<()> {
    note_keys(
        conn,
        "SELECT key FROM log WHERE seq = ?1",
        [row.first],
        gone,
    )?;
    let range = params![row.first, row.last];
    note_keys(
        conn,
        "SELECT DISTINCT key FROM copies WHERE seq BETWEEN ?1 AND ?2",
        range,
        gone,
    )?;
    let counts = &mut *gone.counts;
    for (key, seq) in trace::dedup_keys(conn, row)? {
        conn.prepare_cached("DELETE FROM dedup WHERE key = ?1 AND seq = ?2")?
            .execute(params![key, seq])?;
        cache.forget_event(conn, &key, seq, now_ms)?;
        counts.events += 1;
    }
    counts.copies += changed(
        conn.prepare_cached("DELETE FROM copies WHERE seq BETWEEN ?1 AND ?2")?
            .execute(range)?,
    );
    take_fates(conn, row, counts, now_ms)?;
    let newest: Seq = conn
        .prepare_cached("SELECT max(seq) FROM log")?
        .query_row([], |found| found.get(0))?;
    if newest == row.first {
        // The last row holds the position: it stays, with nothing in it.
        conn.prepare_cached(
            "UPDATE log SET header = '{}', events = '', receipt = NULL, key = NULL, purposes = NULL WHERE seq = ?1",
        )?
        .execute(params![row.first])?;
    } else {
        conn.prepare_cached("DELETE FROM log WHERE seq = ?1")?
            .execute(params![row.first])?;
    }
    Ok(())
}

/// A trusted server's copy that names the person makes the whole event theirs. What a page claims (an order's
/// number can be guessed) takes only its own copy with it.
fn take_copy(
    conn: &Connection,
    cache: &mut Cache,
    copy: CopyRow,
    gone: &mut Gone<'_>,
    now_ms: i64,
) -> rusqlite::Result<()> {
    if copy.kind.is_trusted()
        && let Some(row) = trace::row_of(conn, copy.seq)?
    {
        return take_row(conn, cache, row, gone, now_ms);
    }
    note_keys(
        conn,
        "SELECT key FROM copies WHERE id = ?1",
        [copy.id],
        gone,
    )?;
    gone.counts.copies += changed(
        conn.prepare_cached("DELETE FROM copies WHERE id = ?1")?
            .execute(params![copy.id])?,
    );
    Ok(())
}

/// Takes what destinations know of events; for one that still had to look at them, a word why it never will stays.
fn take_fates(
    conn: &Connection,
    row: LogRow,
    counts: &mut Counts,
    now_ms: i64,
) -> rusqlite::Result<()> {
    empty_answers(conn, row)?;
    let history = conn
        .prepare_cached("DELETE FROM history WHERE seq BETWEEN ?1 AND ?2")?
        .execute(params![row.first, row.last])?;
    counts.fates += changed(history);
    let destinations: Vec<(i64, Seq)> = conn
        .prepare_cached("SELECT id, cursor FROM destinations")?
        .query_map([], |found| Ok((found.get(0)?, found.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (destination, cursor) in destinations {
        let known: BTreeMap<Seq, (i64, bool)> = conn
            .prepare_cached(
                "SELECT seq, state, due_at IS NOT NULL FROM outcomes WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3",
            )?
            .query_map(params![destination, row.first, row.last], |found| {
                Ok((found.get(0)?, (found.get(1)?, found.get(2)?)))
            })?
            .collect::<rusqlite::Result<_>>()?;
        for seq in row.first..=row.last {
            let is_waiting = match known.get(&seq) {
                Some((state, is_open)) => {
                    counts.fates += 1;
                    counts.dead_letters += u64::from(*state == DEAD);
                    *is_open
                }
                None => cursor < seq,
            };
            conn.prepare_cached("DELETE FROM outcomes WHERE destination = ?1 AND seq = ?2")?
                .execute(params![destination, seq])?;
            if is_waiting {
                counts.waiting += 1;
                conn.prepare_cached(
                    "INSERT INTO outcomes(destination, seq, state, reason, attempts, at_ms)
                     VALUES(?1, ?2, ?3, ?4, 0, ?5)",
                )?
                .execute(params![destination, seq, SUPPRESSED, REASON, now_ms])?;
            }
        }
    }
    Ok(())
}

/// Empties the answers of requests that carried nothing but these events: what is left of the others is theirs.
fn empty_answers(conn: &Connection, row: LogRow) -> rusqlite::Result<()> {
    let mut carried: BTreeMap<i64, BTreeSet<Seq>> = BTreeMap::new();
    let mut note = |(attempt, seq): (i64, Seq)| {
        carried.entry(attempt).or_default().insert(seq);
    };
    for sql in [
        "SELECT attempt, seq FROM history WHERE seq BETWEEN ?1 AND ?2 AND attempt IS NOT NULL",
        "SELECT attempt, seq FROM outcomes WHERE destination IN (SELECT id FROM destinations)
           AND seq BETWEEN ?1 AND ?2 AND attempt IS NOT NULL",
    ] {
        let mut select = conn.prepare_cached(sql)?;
        let rows = select.query_map(params![row.first, row.last], |found| {
            Ok((found.get(0)?, found.get(1)?))
        })?;
        for found in rows {
            note(found?);
        }
    }
    for (attempt, seqs) in carried {
        let count = i64::try_from(seqs.len()).unwrap_or(i64::MAX);
        conn.prepare_cached("UPDATE attempts SET answer = '' WHERE id = ?1 AND events <= ?2")?
            .execute(params![attempt, count])?;
    }
    Ok(())
}

fn changed(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// Counts what an erasure would take.
pub(super) fn survey(conn: &Connection, trace: &Trace<'_>) -> rusqlite::Result<Counts> {
    let mut counts = Counts::default();
    let mut rows: BTreeMap<Seq, LogRow> = BTreeMap::new();
    walk(
        0,
        |from| trace.log(conn, from),
        |row: LogRow| {
            rows.insert(row.first, row);
            Ok(())
        },
    )?;
    let mut lone_copies = 0;
    walk(
        0,
        |after| trace.copies(conn, after),
        |copy: CopyRow| {
            let is_gone = |rows: &BTreeMap<Seq, LogRow>| {
                let before = rows.range(..=copy.seq).next_back();
                before.is_some_and(|(_, row)| copy.seq <= row.last)
            };
            if copy.kind.is_trusted()
                && let Some(row) = trace::row_of(conn, copy.seq)?
            {
                rows.insert(row.first, row);
            } else if !is_gone(&rows) {
                lone_copies += 1;
            }
            Ok(())
        },
    )?;
    for row in rows.values() {
        survey_row(conn, *row, &mut counts)?;
    }
    counts.copies += lone_copies;
    walk(
        0,
        |after| trace.quarantine(conn, after),
        |_: i64| {
            counts.quarantined += 1;
            Ok(())
        },
    )?;
    let length = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
    counts.consent_words = length(trace.words(conn)?.len());
    counts.choices = length(trace.choices(conn)?.len());
    counts.orders = length(trace.orders(conn)?.len());
    Ok(counts)
}

/// Hands over every row that is found, slice by slice.
pub(in crate::store::sqlite) fn walk<T, P>(
    from: P,
    look: impl Fn(P) -> rusqlite::Result<Found<T, P>>,
    mut take: impl FnMut(T) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut next = Some(from);
    while let Some(place) = next {
        let found = look(place)?;
        found.rows.into_iter().try_for_each(&mut take)?;
        next = found.next;
    }
    Ok(())
}

fn survey_row(conn: &Connection, row: LogRow, counts: &mut Counts) -> rusqlite::Result<()> {
    let range = params![row.first, row.last];
    counts.events += changed(trace::dedup_keys(conn, row)?.len());
    let number = |sql: &str| -> rusqlite::Result<u64> {
        let count: i64 = conn
            .prepare_cached(sql)?
            .query_row(range, |found| found.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    };
    counts.copies += number("SELECT count(*) FROM copies WHERE seq BETWEEN ?1 AND ?2")?;
    let outcomes = "FROM outcomes WHERE destination IN (SELECT id FROM destinations) AND seq BETWEEN ?1 AND ?2";
    counts.fates += number("SELECT count(*) FROM history WHERE seq BETWEEN ?1 AND ?2")?
        + number(&format!("SELECT count(*) {outcomes}"))?;
    counts.dead_letters += number(&format!("SELECT count(*) {outcomes} AND state = {DEAD}"))?;
    let open = number(&format!(
        "SELECT count(*) {outcomes} AND due_at IS NOT NULL"
    ))?;
    // What a destination has not read and knows nothing of.
    let unread = number(
        "SELECT coalesce(sum(max(0, ?2 - max(cursor, ?1 - 1))), 0) - (SELECT count(*) FROM outcomes o
           JOIN destinations d ON d.id = o.destination WHERE o.seq BETWEEN ?1 AND ?2 AND o.seq > d.cursor)
         FROM destinations",
    )?;
    counts.waiting += open + unread;
    Ok(())
}
