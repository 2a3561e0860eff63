//! Brings what is kept under its key: rows of older versions, keys under the newest master key, keys that
//! nothing needs any more. In slices; where one stopped, the next goes on, also after a restart.

use firsthand_core::wire::decode_header;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::upkeep::SLICE;
use super::values::{Row, seal, unreadable};
use super::vault::{KeyId, Vault, owner, wrapped};
use super::{frame, schema};
use crate::privacy::keys::{Blind, KeyRing, Wrapped};
use crate::privacy::subject::owner_name;
use crate::store::NewEvent;

fn subject_of(ring: &KeyRing, header: &str) -> Option<Blind> {
    let header = decode_header(header).ok()?;
    let identifiers = ring.identifiers(&header.user);
    let owner = owner_name(header.user.anonymous_id.as_deref(), &identifiers);
    owner.map(|id| ring.subject(&id))
}

/// Whether an older version has left rows in clear.
pub(super) fn has_clear(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "SELECT EXISTS(SELECT 1 FROM log WHERE key IS NULL) OR EXISTS(SELECT 1 FROM copies WHERE key IS NULL)
           OR EXISTS(SELECT 1 FROM quarantine WHERE key IS NULL AND payload IS NOT NULL)",
    )?
    .query_row([], |row| row.get(0))
}

/// Seals rows that an older version has written in clear. Returns how many.
pub(super) fn seal_clear(conn: &Connection, vault: &mut Vault) -> rusqlite::Result<usize> {
    let log = seal_log(conn, vault)?;
    let copies = seal_copies(conn, vault)?;
    let quarantine = seal_quarantine(conn, vault)?;
    Ok(log.max(copies).max(quarantine))
}

fn seal_log(conn: &Connection, vault: &mut Vault) -> rusqlite::Result<usize> {
    let rows: Vec<(i64, String, String)> = conn
        .prepare_cached(
            "SELECT seq, header, events FROM log WHERE key IS NULL ORDER BY seq LIMIT ?1",
        )?
        .query_map(params![limit()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (seq, header, events) in &rows {
        let sealer = vault.of(conn, subject_of(vault.ring(), header))?;
        let mut frames = String::with_capacity(events.len() / 4);
        let mut texts = vec![header.as_str()];
        for event in frame::iter(events) {
            let head = NewEvent {
                name: event.name.to_owned(),
                event_id: event.event_id.to_owned(),
                at_ms: event.at_ms,
                settle_until_ms: event.settle_until_ms,
                event: String::new(),
            };
            frame::push(&mut frames, &head, "");
            texts.push(event.event);
        }
        let sealed = seal(&sealer, Row::Log(*seq), texts);
        conn.prepare_cached("UPDATE log SET key = ?2, header = ?3, events = ?4 WHERE seq = ?1")?
            .execute(params![seq, sealer.id, sealed, frames])?;
    }
    Ok(rows.len())
}

fn seal_copies(conn: &Connection, vault: &mut Vault) -> rusqlite::Result<usize> {
    let rows: Vec<(i64, i64, i64, String, String)> = conn
        .prepare_cached(
            "SELECT id, seq, source, header, event FROM copies WHERE key IS NULL ORDER BY id LIMIT ?1",
        )?
        .query_map(params![limit()], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (id, seq, source, header, event) in &rows {
        let sealer = vault.of(conn, subject_of(vault.ring(), header))?;
        let texts = [header.as_str(), event.as_str()];
        let sealed = seal(&sealer, Row::Copy(*seq, *source), texts);
        conn.prepare_cached("UPDATE copies SET key = ?2, header = ?3, event = '' WHERE id = ?1")?
            .execute(params![id, sealer.id, sealed])?;
    }
    Ok(rows.len())
}

fn seal_quarantine(conn: &Connection, vault: &mut Vault) -> rusqlite::Result<usize> {
    let rows: Vec<(i64, String)> = conn
        .prepare_cached(
            "SELECT id, payload FROM quarantine WHERE key IS NULL AND payload IS NOT NULL ORDER BY id LIMIT ?1",
        )?
        .query_map(params![limit()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, payload) in &rows {
        // Nothing tells any more whose it was.
        let sealer = vault.of(conn, None)?;
        let sealed = seal(&sealer, Row::Quarantine(*id), [payload.as_str()]);
        conn.prepare_cached("UPDATE quarantine SET key = ?2, payload = ?3 WHERE id = ?1")?
            .execute(params![id, sealer.id, sealed])?;
    }
    Ok(rows.len())
}

/// Wraps data keys with the newest master key. Returns how many were looked at.
pub(super) fn rewrap(conn: &Connection, ring: &KeyRing) -> rusqlite::Result<usize> {
    let newest = ring.masters().newest();
    let rows: Vec<(KeyId, Option<Blind>, Wrapped)> = conn
        .prepare_cached(
            "SELECT id, subject, master, wrapped FROM data_keys WHERE master < ?1
             UNION ALL SELECT id, subject, master, wrapped FROM data_keys WHERE master > ?1 LIMIT ?2",
        )?
        .query_map(params![newest, limit()], |row| {
            Ok((row.get(0)?, row.get(1)?, wrapped(row.get(2)?, row.get(3)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (id, subject, wrapped) in &rows {
        match ring.rewrap(owner(subject.as_ref()), wrapped) {
            Ok(None) => {}
            Ok(Some(again)) => {
                conn.prepare_cached(
                    "UPDATE data_keys SET master = ?2, wrapped = ?3 WHERE id = ?1",
                )?
                .execute(params![id, again.master, again.bytes])?;
            }
            Err(error) => {
                // Damaged: no key opens it, so none has to be kept for it.
                unreadable("data_keys", *id, &error);
                conn.prepare_cached("UPDATE data_keys SET master = ?2 WHERE id = ?1")?
                    .execute(params![id, newest])?;
            }
        }
    }
    Ok(rows.len())
}

/// Whether anything is sealed with this key.
pub(super) fn is_used(conn: &Connection, key: KeyId) -> rusqlite::Result<bool> {
    conn.prepare_cached(&format!("SELECT {IS_USED} FROM (SELECT ?1 AS id) k"))?
        .query_row(params![key], |row| row.get(0))
}

/// Whether the key of the row `k` seals anything.
const IS_USED: &str = "EXISTS(SELECT 1 FROM log WHERE key = k.id) OR EXISTS(SELECT 1 FROM copies WHERE key = k.id)
   OR EXISTS(SELECT 1 FROM quarantine WHERE key = k.id) OR EXISTS(SELECT 1 FROM consent WHERE key = k.id)
   OR EXISTS(SELECT 1 FROM shop_orders WHERE key = k.id)";

/// Destroys keys that seal nothing any more, a slice of all keys at a time, from the beginning again after the
/// last. Returns how many went.
pub(super) fn forget_unused(conn: &Connection, vault: &mut Vault) -> rusqlite::Result<usize> {
    let from: KeyId = conn
        .prepare_cached("SELECT position FROM upkeep WHERE task = 'unused_keys'")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let rows: Vec<(KeyId, bool)> = conn
        .prepare_cached(&format!(
            "SELECT id, {IS_USED} FROM data_keys k WHERE id > ?1 ORDER BY id LIMIT ?2"
        ))?
        .query_map(params![from, limit()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let unused: Vec<KeyId> = rows
        .iter()
        .filter(|(_, is_used)| !is_used)
        .map(|(id, _)| *id)
        .collect();
    let gone = vault.destroy(conn, &unused)?;
    let is_end = rows.len() < SLICE;
    let to = rows.last().filter(|_| !is_end).map_or(0, |(id, _)| *id);
    if to != from {
        conn.prepare_cached(
            "INSERT OR REPLACE INTO upkeep(task, position) VALUES('unused_keys', ?1)",
        )?
        .execute(params![to])?;
    }
    Ok(gone)
}

/// Rows of one slice of the conversion at start.
const CONVERTED: i64 = 2_000;

/// Moves words and choices that an older version has written under the visitor's id to where they are found
/// by its blind index. A few hundred bytes a visitor: done before the store opens, a slice a transaction.
pub(super) fn convert_ids(conn: &mut Connection, vault: &mut Vault) -> rusqlite::Result<usize> {
    let mut count = 0;
    schema::overwrite_all_deleted(conn)?;
    loop {
        let transaction = conn.transaction()?;
        vault.begin(&transaction)?;
        let words = convert_words(&transaction, vault)?;
        let choices = convert_choices(&transaction, vault.ring())?;
        transaction.commit()?;
        count += words + choices;
        if words + choices == 0 {
            break;
        }
    }
    schema::overwrite_usual_deleted(conn)?;
    Ok(count)
}

fn convert_words(conn: &Connection, vault: &mut Vault) -> rusqlite::Result<usize> {
    let rows: Vec<(String, String, i64)> = conn
        .prepare_cached("SELECT anonymous_id, evidence, received_at FROM consent_clear LIMIT ?1")?
        .query_map(params![CONVERTED], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (id, evidence, received_at) in &rows {
        let subject = vault.ring().subject(id);
        let sealer = vault.of(conn, Some(subject))?;
        let sealed = seal(&sealer, Row::Consent(&subject), [evidence.as_str()]);
        conn.prepare_cached(
            "INSERT OR REPLACE INTO consent(subject, key, evidence, received_at) VALUES(?1, ?2, ?3, ?4)",
        )?
        .execute(params![subject, sealer.id, sealed, received_at])?;
        conn.prepare_cached("DELETE FROM consent_clear WHERE anonymous_id = ?1")?
            .execute(params![id])?;
    }
    Ok(rows.len())
}

fn convert_choices(conn: &Connection, ring: &KeyRing) -> rusqlite::Result<usize> {
    let rows: Vec<(Vec<u8>, i64, String)> = conn
        .prepare_cached("SELECT key, receipt, subject_key FROM choices_clear LIMIT ?1")?
        .query_map(params![CONVERTED], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (key, receipt, subject_key) in &rows {
        let mut blinded = key.clone();
        if let Some((id, _)) = key.split_first_chunk::<16>() {
            let subject = ring.subject(&Uuid::from_bytes(*id).to_string());
            for (slot, byte) in blinded.iter_mut().zip(subject) {
                *slot = byte;
            }
        }
        conn.prepare_cached(
            "INSERT OR REPLACE INTO choices(key, receipt, subject_key) VALUES(?1, ?2, ?3)",
        )?
        .execute(params![blinded, receipt, subject_key])?;
        conn.prepare_cached("DELETE FROM choices_clear WHERE key = ?1")?
            .execute(params![key])?;
    }
    Ok(rows.len())
}

fn limit() -> i64 {
    i64::try_from(SLICE).unwrap_or(i64::MAX)
}
