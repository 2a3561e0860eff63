//! Carries out what was asked for (`privacy::task`), a step at a time between commits.
//!
//! ```text
//! begin (kept out from here on) → log → copies → quarantine → the rest → end (keys, receipts, audit) → wipe
//! ```
//!
//! Each step is one transaction with the note of how far the task is, so a process that dies goes on where it
//! was. Rows are looked for on a connection of its own, which leaves the writer's page cache alone. The end
//! destroys the person's data keys, so that older backups lose them too. The last step overwrites what the file
//! and its log still hold: only then the task is done.

pub(super) mod erase;
mod wipe;

pub(super) use erase::walk;

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::append::Cache;
use super::trace::{self, Trace};
use super::vault::{KeyId, keys_of};
use super::{SqliteConfig, audit, ledger, people, reseal, schema};
use crate::privacy::audit::{Entry, Outcome};
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::Identifier;
use crate::privacy::task::{Asked, Counts, MAX_IDENTIFIERS, Receipt, SCHEMA, Target, TaskKind};
use crate::store::Seq;

/// A task on its way into the store.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Its name, a ULID.
    pub id: String,
    /// What is asked for.
    pub kind: TaskKind,
    /// By whom.
    pub asked: Asked,
    /// About whom.
    pub target: Target,
    /// When, in epoch milliseconds.
    pub asked_at_ms: i64,
}

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView {
    /// Its name.
    pub id: String,
    /// When it was done, in epoch milliseconds; `None` while it is at work.
    pub done_at_ms: Option<i64>,
    /// The canonical text of its receipt, once there is one.
    pub receipt: Option<String>,
}

/// An entry of the list of those who are kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuppressedView {
    /// Its name: that of the task that made it.
    pub entry: String,
    /// Since when, in epoch milliseconds.
    pub added_at_ms: i64,
    /// How many identifiers of each kind.
    pub identifiers: serde_json::Value,
}

/// Where a task is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Begin,
    Log { from: Seq, until: Seq },
    Copies { after: i64 },
    Quarantine { after: i64 },
    Rest,
    End,
    Wipe,
}

/// What a task has to remember between steps. Emptied but for the step when there is nothing left to find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    step: Step,
    target: Target,
    counts: Counts,
    /// Subject keys of receipts, until the ledger was told.
    subjects: Vec<String>,
    /// Data keys of what was taken that belong to a request and not to a person, until they are destroyed.
    own_keys: Vec<KeyId>,
}

struct Task {
    id: String,
    kind: TaskKind,
    asked: Asked,
    asked_at_ms: i64,
    state: State,
}

/// What came of looking for something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stepped {
    /// Nothing is asked for.
    Idle,
    /// A step was done.
    More,
    /// The last step could not be done while others read; it has to be tried again.
    Busy,
    /// A task was done.
    Done,
}

/// Writes a task down; the caller holds the write transaction.
pub(super) fn ask(conn: &Connection, task: &NewTask) -> rusqlite::Result<()> {
    let state = State {
        step: Step::Begin,
        target: task.target.clone(),
        counts: Counts::default(),
        subjects: Vec::new(),
        own_keys: Vec::new(),
    };
    conn.prepare_cached(
        "INSERT INTO privacy_tasks(id, kind, asked, state, asked_at) VALUES(?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        task.id,
        task.kind.as_str(),
        text_of(&task.asked)?,
        text_of(&state)?,
        task.asked_at_ms
    ])?;
    Ok(())
}

/// Returns how a task stands.
pub(super) fn view(conn: &Connection, id: &str) -> rusqlite::Result<Option<TaskView>> {
    conn.prepare_cached("SELECT done_at, receipt FROM privacy_tasks WHERE id = ?1")?
        .query_row(params![id], |row| {
            Ok(TaskView {
                id: id.to_owned(),
                done_at_ms: row.get(0)?,
                receipt: row.get(1)?,
            })
        })
        .optional()
}

/// Returns who is kept out, the newest entry first, at most `limit` entries.
pub(super) fn suppressed(conn: &Connection, limit: usize) -> rusqlite::Result<Vec<SuppressedView>> {
    let entries: Vec<(String, i64)> = conn
        .prepare_cached(
            "SELECT entry, max(added_at) AS at FROM suppressed GROUP BY entry ORDER BY at DESC, entry LIMIT ?1",
        )?
        .query_map(params![i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    entries
        .into_iter()
        .map(|(entry, added_at_ms)| {
            let identifiers = crate::privacy::task::kinds(&entry_identifiers(conn, &entry)?);
            Ok(SuppressedView {
                entry,
                added_at_ms,
                identifiers,
            })
        })
        .collect()
}

fn entry_identifiers(conn: &Connection, entry: &str) -> rusqlite::Result<Vec<Identifier>> {
    conn.prepare_cached("SELECT kind, key FROM suppressed WHERE entry = ?1")?
        .query_map(params![entry], people::identifier_of)?
        .collect()
}

/// Does the next step of the oldest open task.
pub(super) fn step(
    conn: &Connection,
    finder: &Connection,
    cache: &mut Cache,
    config: &SqliteConfig,
    now_ms: i64,
) -> rusqlite::Result<Stepped> {
    let Some(mut task) = oldest_open(conn)? else {
        return Ok(Stepped::Idle);
    };
    if task.state.step == Step::Wipe {
        return wipe::wipe(conn, config, (&task.id, task.kind), now_ms);
    }
    let ring = Arc::clone(cache.vault.ring());
    let found = erase::look(finder, &ring, &task.state)?;
    if task.kind == TaskKind::Erase {
        schema::overwrite_all_deleted(conn)?;
    }
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    cache.vault.begin(conn)?;
    match (task.kind, &task.state.step) {
        (_, Step::Begin) => begin(conn, cache, &mut task, now_ms)?,
        (_, Step::End) => end(conn, cache, &mut task, now_ms)?,
        _ => erase::take(conn, cache, &mut task.state, found, now_ms)?,
    }
    save(conn, &task)?;
    conn.prepare_cached("COMMIT")?.execute([])?;
    schema::overwrite_usual_deleted(conn)?;
    Ok(Stepped::More)
}

/// Whether there is something to do.
pub(super) fn is_any_open(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM privacy_tasks WHERE done_at IS NULL LIMIT 1")?
        .exists([])
}

fn oldest_open(conn: &Connection) -> rusqlite::Result<Option<Task>> {
    conn.prepare_cached(
        "SELECT id, kind, asked, state, asked_at FROM privacy_tasks WHERE done_at IS NULL ORDER BY id LIMIT 1",
    )?
    .query_row([], |row| {
        let kind: String = row.get(1)?;
        Ok(Task {
            id: row.get(0)?,
            kind: TaskKind::parse(&kind).ok_or(rusqlite::Error::InvalidQuery)?,
            asked: of_text(&row.get::<_, String>(2)?)?,
            state: of_text(&row.get::<_, String>(3)?)?,
            asked_at_ms: row.get(4)?,
        })
    })
    .optional()
}

fn save(conn: &Connection, task: &Task) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE privacy_tasks SET state = ?2 WHERE id = ?1")?
        .execute(params![task.id, text_of(&task.state)?])?;
    Ok(())
}

/// Finds out who the person is, and keeps them out or lets them in.
fn begin(
    conn: &Connection,
    cache: &mut Cache,
    task: &mut Task,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let target = &mut task.state.target;
    if task.kind == TaskKind::Release {
        release(conn, cache, target)?;
        task.state.step = Step::End;
        return Ok(());
    }
    if !target.is_exact {
        target.identifiers = people::known_with(conn, &target.identifiers)?;
        target.identifiers.truncate(MAX_IDENTIFIERS);
    }
    for identifier in &target.identifiers {
        cache.people.standings.expect(identifier.key);
        conn.prepare_cached(
            "INSERT OR IGNORE INTO suppressed(key, kind, entry, added_at) VALUES(?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            identifier.key.0,
            identifier.kind.number(),
            task.id,
            now_ms
        ])?;
    }
    cache.people.is_changed = true;
    task.state.step = match task.kind {
        TaskKind::Erase => Step::Log {
            from: 0,
            until: cache.next_seq,
        },
        TaskKind::Suppress | TaskKind::Release => Step::End,
    };
    Ok(())
}

/// Takes the named entry off the list, and every entry that one of the identifiers is in.
fn release(conn: &Connection, cache: &mut Cache, target: &mut Target) -> rusqlite::Result<()> {
    let mut entries: Vec<String> = target.entry.iter().cloned().collect();
    for identifier in &target.identifiers {
        let entry: Option<String> = conn
            .prepare_cached("SELECT entry FROM suppressed WHERE key = ?1")?
            .query_row(params![identifier.key.0], |row| row.get(0))
            .optional()?;
        entries.extend(entry);
    }
    target.identifiers.clear();
    for entry in entries {
        target.identifiers.extend(entry_identifiers(conn, &entry)?);
        conn.prepare_cached("DELETE FROM suppressed WHERE entry = ?1")?
            .execute(params![entry])?;
    }
    cache.people.is_changed = true;
    Ok(())
}

/// Writes the receipts: in the consent ledger, in the audit log, and the task's own.
fn end(conn: &Connection, cache: &mut Cache, task: &mut Task, now_ms: i64) -> rusqlite::Result<()> {
    let state = &mut task.state;
    let mut numbers = Vec::new();
    let mut keys_destroyed = 0;
    if task.kind == TaskKind::Erase {
        for subject in &state.subjects {
            numbers.extend(ledger::erase(conn, &mut cache.ledger, subject, now_ms)?);
        }
        cache.ledger.forget_choices();
        people::unlink(conn, &mut cache.people, &state.target.identifiers)?;
        keys_destroyed = destroy_keys(conn, cache, state)?;
    }
    let receipt = Receipt {
        action: task.kind,
        actor: task.asked.actor.clone(),
        asked_at: task.asked_at_ms,
        counts: state.counts,
        done_at: now_ms,
        id: task.id.clone(),
        identifiers: crate::privacy::task::kinds(&state.target.identifiers),
        keys_destroyed: u64::try_from(keys_destroyed).unwrap_or(u64::MAX),
        ledger: numbers,
        role: task.asked.role.clone(),
        schema: SCHEMA.to_owned(),
        verified_by: task.asked.verified_by.clone(),
    };
    let canonical = receipt.canonical();
    let entry = Entry {
        at_ms: now_ms,
        actor: task.asked.actor.clone(),
        role: task.asked.role.clone(),
        action: match task.kind {
            TaskKind::Erase => "erased",
            TaskKind::Suppress => "suppressed",
            TaskKind::Release => "released",
        },
        what: format!(
            "{} receipt {}; verified by: {}",
            task.id,
            Receipt::hash(&canonical),
            task.asked.verified_by.as_str()
        ),
        outcome: Outcome::Done,
    };
    audit::append(conn, &entry)?;
    conn.prepare_cached("UPDATE privacy_tasks SET receipt = ?2 WHERE id = ?1")?
        .execute(params![task.id, canonical])?;
    erase::count(task.kind, &state.counts);
    *state = State {
        step: Step::Wipe,
        target: Target::default(),
        counts: Counts::default(),
        subjects: Vec::new(),
        own_keys: Vec::new(),
    };
    Ok(())
}

/// Destroys the keys of the person, and those of what was taken that seal nothing else. Returns how many.
fn destroy_keys(conn: &Connection, cache: &mut Cache, state: &State) -> rusqlite::Result<usize> {
    let subjects = trace::subjects(cache.vault.ring(), &state.target.identifiers);
    let mut keys = keys_of(conn, &subjects)?;
    for key in &state.own_keys {
        if !reseal::is_used(conn, *key)? {
            keys.push(*key);
        }
    }
    cache.vault.destroy(conn, &keys)
}

/// Returns who is meant by identifiers, with all that is known to be theirs.
pub(super) fn resolve(conn: &Connection, target: &Target) -> rusqlite::Result<Vec<Identifier>> {
    if target.is_exact {
        return Ok(target.identifiers.clone());
    }
    people::known_with(conn, &target.identifiers)
}

/// Counts what an erasure would take, without taking anything.
pub(super) fn dry_run(
    conn: &Connection,
    ring: &KeyRing,
    target: &Target,
) -> rusqlite::Result<(Counts, Vec<Identifier>)> {
    let identifiers = resolve(conn, target)?;
    let trace = Trace::new(conn, ring, &identifiers, &target.seqs)?;
    Ok((erase::survey(conn, &trace)?, identifiers))
}

fn text_of<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn of_text<T: for<'de> Deserialize<'de>>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

#[cfg(test)]
mod tests;
