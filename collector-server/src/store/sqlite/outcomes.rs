//! What forwarding has learned: cursor, outcomes, attempts, pauses.
//!
//! `outcomes` holds the latest word for an event and destination, `history` the words it replaced.

use rusqlite::{Connection, OptionalExtension, params};

use super::append::kind_number;
use crate::store::{
    ASKED_AGAIN, DestinationState, Due, LongestWait, Outcome, Progress, Seq, SourceKind,
};

/// State of what waits for its other copies.
const WAITING: i64 = 0;
/// State of what was taken.
pub(super) const DELIVERED: i64 = 1;
/// State of what is tried again.
pub(super) const RETRY: i64 = 2;
/// State of a dead letter.
pub(super) const DEAD: i64 = 3;
/// State of what must not be sent.
pub(super) const SUPPRESSED: i64 = 4;
/// State of what waits for a trusted copy.
pub(super) const UNCONFIRMED: i64 = 5;
/// State of what has got one.
const CONFIRMED: i64 = 6;

/// An outcome as three columns: state, due time, reason.
pub(super) fn columns(outcome: &Outcome) -> (i64, Option<i64>, Option<&str>) {
    match outcome {
        Outcome::Waiting { until_ms } => (WAITING, Some(*until_ms), None),
        Outcome::Delivered => (DELIVERED, None, None),
        Outcome::Retry { at_ms, reason } => (RETRY, Some(*at_ms), Some(reason)),
        Outcome::Dead { reason } => (DEAD, None, Some(reason)),
        Outcome::Suppressed { reason } => (SUPPRESSED, None, Some(reason)),
        Outcome::Unconfirmed { until_ms } => (UNCONFIRMED, Some(*until_ms), None),
        Outcome::Confirmed { source, at_ms } => (CONFIRMED, Some(*at_ms), Some(source)),
    }
}

/// The outcome of three columns.
pub(super) fn from_columns(state: i64, due_at: Option<i64>, reason: Option<String>) -> Outcome {
    let reason = reason.unwrap_or_default();
    match state {
        WAITING => Outcome::Waiting {
            until_ms: due_at.unwrap_or_default(),
        },
        DELIVERED => Outcome::Delivered,
        RETRY => Outcome::Retry {
            at_ms: due_at.unwrap_or_default(),
            reason,
        },
        DEAD => Outcome::Dead { reason },
        UNCONFIRMED => Outcome::Unconfirmed {
            until_ms: due_at.unwrap_or_default(),
        },
        CONFIRMED => Outcome::Confirmed {
            source: reason,
            at_ms: due_at.unwrap_or_default(),
        },
        _ => Outcome::Suppressed { reason },
    }
}

fn destination_id(conn: &Connection, name: &str) -> rusqlite::Result<i64> {
    conn.prepare_cached("INSERT OR IGNORE INTO destinations(name) VALUES(?1)")?
        .execute(params![name])?;
    conn.prepare_cached("SELECT id FROM destinations WHERE name = ?1")?
        .query_row(params![name], |row| row.get(0))
}

/// Writes what one round of forwarding has learned.
pub(super) fn commit(conn: &Connection, name: &str, progress: &Progress) -> rusqlite::Result<()> {
    let destination = destination_id(conn, name)?;
    let mut attempt_ids = Vec::with_capacity(progress.attempts.len());
    for attempt in &progress.attempts {
        conn.prepare_cached(
            "INSERT INTO attempts(destination, at_ms, took_ms, events, status, answer) VALUES(?1,?2,?3,?4,?5,?6)",
        )?
        .execute(params![
            destination,
            attempt.at_ms,
            attempt.took_ms,
            i64::try_from(attempt.events).unwrap_or(i64::MAX),
            attempt.status,
            attempt.answer
        ])?;
        attempt_ids.push(conn.last_insert_rowid());
    }
    for row in &progress.outcomes {
        let (state, due_at, reason) = columns(&row.outcome);
        let attempt = row
            .attempt
            .and_then(|index| attempt_ids.get(index).copied());
        let mut insert = conn.prepare_cached(
            "INSERT OR IGNORE INTO outcomes(destination, seq, state, due_at, reason, attempts, at_ms, attempt)
             VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
        )?;
        let values = params![
            destination,
            row.seq,
            state,
            due_at,
            reason,
            row.attempts,
            row.at_ms,
            attempt
        ];
        if insert.execute(values)? == 0 {
            conn.prepare_cached(
                "INSERT INTO history(destination, seq, state, due_at, reason, attempts, at_ms, attempt)
                 SELECT destination, seq, state, due_at, reason, attempts, at_ms, attempt
                 FROM outcomes WHERE destination = ?1 AND seq = ?2",
            )?
            .execute(params![destination, row.seq])?;
            conn.prepare_cached(
                "UPDATE outcomes SET state=?3, due_at=?4, reason=?5, attempts=?6, at_ms=?7, attempt=?8
                 WHERE destination = ?1 AND seq = ?2",
            )?
            .execute(values)?;
        }
        if row.outcome == Outcome::Delivered
            && let Some(attempt) = row.attempt.and_then(|index| progress.attempts.get(index))
        {
            // What arrived while the answer was awaited was not in the request.
            conn.prepare_cached(
                "UPDATE copies SET is_late = 1 WHERE seq = ?1 AND received_at > ?2",
            )?
            .execute(params![row.seq, attempt.at_ms])?;
        }
        // The copy that is waited for may have been written since the forwarder looked.
        if matches!(row.outcome, Outcome::Unconfirmed { .. })
            && let Some(source) = trusted_source(conn, row.seq)?
        {
            confirm(conn, row.seq, &source, row.at_ms)?;
        }
    }
    if let Some(cursor) = progress.cursor {
        conn.prepare_cached("UPDATE destinations SET cursor = ?2 WHERE id = ?1")?
            .execute(params![destination, cursor])?;
    }
    if let Some(paused) = &progress.paused {
        conn.prepare_cached("UPDATE destinations SET paused = ?2 WHERE id = ?1")?
            .execute(params![destination, paused])?;
    }
    Ok(())
}

/// Whether an event was sent to some destination.
pub(super) fn is_delivered(conn: &Connection, seq: Seq) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "SELECT 1 FROM destinations d CROSS JOIN outcomes o ON o.destination = d.id AND o.seq = ?1
         WHERE o.state = ?2",
    )?
    .exists(params![seq, DELIVERED])
}

/// Ends the wait for a trusted copy of an event wherever it is waited for. Returns whether it was.
pub(super) fn confirm(
    conn: &Connection,
    seq: Seq,
    source: &str,
    at_ms: i64,
) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "INSERT INTO history(destination, seq, state, due_at, reason, attempts, at_ms, attempt)
         SELECT destination, seq, state, due_at, reason, attempts, at_ms, attempt
         FROM outcomes WHERE seq = ?1 AND due_at IS NOT NULL AND state = ?2",
    )?
    .execute(params![seq, UNCONFIRMED])?;
    let confirmed = conn
        .prepare_cached(
            "UPDATE outcomes SET state = ?3, due_at = ?4, reason = ?5, at_ms = ?4, attempt = NULL
             WHERE seq = ?1 AND due_at IS NOT NULL AND state = ?2",
        )?
        .execute(params![seq, UNCONFIRMED, CONFIRMED, at_ms, source])?;
    Ok(confirmed > 0)
}

/// Returns the trusted source of the first copy that has one. Which source reported an event first is no question
/// here: a trusted one is never waited for.
fn trusted_source(conn: &Connection, seq: Seq) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached(
        "SELECT sources.name FROM copies JOIN sources ON sources.id = copies.source
         WHERE copies.seq = ?1 AND sources.kind <> ?2 ORDER BY copies.id LIMIT 1",
    )?
    .query_row(params![seq, kind_number(SourceKind::Browser)], |row| {
        row.get(0)
    })
    .optional()
}

/// Returns where a destination stands.
pub(super) fn state(conn: &Connection, name: &str) -> rusqlite::Result<DestinationState> {
    let found = conn
        .prepare_cached("SELECT id, cursor, paused FROM destinations WHERE name = ?1")?
        .query_row(params![name], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((id, cursor, paused)) = found else {
        return Ok(DestinationState::default());
    };
    let next_due_ms = conn
        .prepare_cached(
            "SELECT min(due_at) FROM outcomes WHERE destination = ?1 AND due_at IS NOT NULL",
        )?
        .query_row(params![id], |row| row.get(0))?;
    Ok(DestinationState {
        cursor,
        paused,
        next_due_ms,
    })
}

/// Makes due what a clock that was set back lets wait too long. Returns how many events that were.
pub(super) fn bring_forward(
    conn: &Connection,
    name: &str,
    now_ms: i64,
    longest: LongestWait,
) -> rusqlite::Result<usize> {
    let retry_until = now_ms.saturating_add(longest.retry_ms);
    let settle_until = now_ms.saturating_add(longest.settle_ms);
    conn.prepare_cached(
        "UPDATE outcomes SET due_at = ?2
         WHERE destination = (SELECT id FROM destinations WHERE name = ?1)
           AND due_at IS NOT NULL AND due_at > min(?3, ?4)
           AND ((state IN (?5, ?6) AND due_at > ?3) OR (state = ?7 AND due_at > ?4))",
    )?
    .execute(params![
        name,
        now_ms,
        retry_until,
        settle_until,
        RETRY,
        CONFIRMED,
        WAITING
    ])
}

/// Returns what is due, the longest due first.
pub(super) fn due(
    conn: &Connection,
    name: &str,
    now_ms: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Due>> {
    conn.prepare_cached(
        "SELECT seq, attempts, substr(reason, 1, length(?4)) = ?4 FROM outcomes
         WHERE destination = (SELECT id FROM destinations WHERE name = ?1)
           AND due_at IS NOT NULL AND due_at <= ?2
         ORDER BY due_at, seq LIMIT ?3",
    )?
    .query_map(
        params![
            name,
            now_ms,
            i64::try_from(limit).unwrap_or(i64::MAX),
            ASKED_AGAIN
        ],
        |row| {
            Ok(Due {
                seq: row.get(0)?,
                attempts: row.get(1)?,
                is_asked_again: row.get::<_, Option<bool>>(2)?.unwrap_or_default(),
            })
        },
    )?
    .collect()
}
