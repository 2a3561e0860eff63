//! Which identifiers are one person, written in the transaction of the event or the word that says so.
//!
//! Two headers that share an identifier are about one person; so people merge. A shared device or an
//! address that everybody types must not weld the world together: a person has a bounded number of
//! identifiers, and what would go beyond is refused and counted. Looking costs a read for each identifier of
//! a header, once; a header that was seen lately costs a look into memory.

use std::sync::Arc;

use metrics::counter;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::recent::Recent;
use super::standing::{self, Standings};
use crate::privacy::subject::{BlindKey, Identifier, Kind, Refusals, Subject};

/// Half of how many headers are remembered; an entry takes about 50 bytes.
const REMEMBERED: usize = 32_768;
/// How old `people.seen_at` may become before a visit brings it up to date, in milliseconds.
const SEEN_EVERY_MS: i64 = 30 * 86_400_000;
/// People that are looked at in one slice of upkeep.
const SLICE: usize = 200;

/// What the writer remembers between transactions. Thrown away after a failed one.
#[derive(Debug)]
pub(super) struct PeopleCache {
    pub(super) standings: Arc<Standings>,
    /// Something was written that outdates what `standings` remembers.
    pub(super) is_changed: bool,
    known: Recent<[u8; BlindKey::BYTES], i64>,
    most_identifiers: usize,
}

impl PeopleCache {
    pub(super) fn new(standings: Arc<Standings>, most_identifiers: u32) -> Self {
        Self {
            standings,
            is_changed: false,
            known: Recent::new(REMEMBERED),
            most_identifiers: most_identifiers as usize,
        }
    }

    /// Forgets which headers were seen: links were taken away.
    pub(super) fn forget(&mut self) {
        self.known = Recent::new(REMEMBERED);
        self.is_changed = true;
    }

    /// Whether one of these identifiers is kept out.
    pub(super) fn is_suppressed(
        &self,
        conn: &Connection,
        identifiers: &[Identifier],
    ) -> rusqlite::Result<bool> {
        for identifier in identifiers {
            if self.is_kept_out(conn, identifier.key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this identifier is kept out.
    pub(super) fn is_kept_out(&self, conn: &Connection, key: BlindKey) -> rusqlite::Result<bool> {
        Ok(self.standings.may_hold(key) && standing::is_suppressed(conn, key)?)
    }
}

/// A header in 16 bytes: the same identifiers and the same refusals give the same ones.
fn fingerprint(subject: &Subject) -> [u8; BlindKey::BYTES] {
    let mut out = [0; BlindKey::BYTES];
    let refused = subject.refused.0.iter().enumerate().map(|(place, at_ms)| {
        let mixed = at_ms
            .map_or(0, |at| at.wrapping_add(1))
            .rotate_left(u32::try_from(place).unwrap_or(0) * 13);
        let mut bytes = [0; BlindKey::BYTES];
        for (slot, byte) in bytes.iter_mut().zip(mixed.to_be_bytes()) {
            *slot = byte;
        }
        bytes
    });
    let keys = subject
        .identifiers
        .iter()
        .map(|identifier| identifier.key.0);
    for part in keys.chain(refused) {
        for (slot, byte) in out.iter_mut().zip(part) {
            *slot ^= byte;
        }
    }
    out
}

/// Learns from a request that its identifiers are one person.
pub(super) fn link(
    conn: &Connection,
    cache: &mut PeopleCache,
    subject: &Subject,
    at_ms: i64,
) -> rusqlite::Result<()> {
    if !subject.is_telling() {
        return Ok(());
    }
    let fingerprint = fingerprint(subject);
    if cache
        .known
        .get(&fingerprint)
        .is_some_and(|seen| at_ms - seen < SEEN_EVERY_MS)
    {
        return Ok(());
    }
    if let Some(person) = join(conn, cache, &subject.identifiers, at_ms)? {
        conn.prepare_cached("UPDATE people SET seen_at = ?2 WHERE id = ?1 AND seen_at < ?2 - ?3")?
            .execute(params![person, at_ms, SEEN_EVERY_MS])?;
        refuse(conn, cache, person, subject.refused)?;
    }
    cache.known.insert(fingerprint, at_ms);
    Ok(())
}

/// Keeps what a word on consent refuses: for the people that its identifiers are known to be, and for
/// identifiers other than a browser's that nobody is known by (a browser's own word is kept under its id).
pub(super) fn take_word(
    conn: &Connection,
    cache: &mut PeopleCache,
    subject: &Subject,
    at_ms: i64,
) -> rusqlite::Result<()> {
    link(conn, cache, subject, at_ms)?;
    if subject.refused.is_none() {
        return Ok(());
    }
    for identifier in &subject.identifiers {
        let person = match person_of(conn, identifier.key)? {
            Some(person) => person,
            None if identifier.kind == Kind::AnonymousId => continue,
            None => add_person(conn, &[*identifier], at_ms)?,
        };
        refuse(conn, cache, person, subject.refused)?;
    }
    Ok(())
}

/// Makes these identifiers one person's. Returns the person; `None` where that would be too many for one.
fn join(
    conn: &Connection,
    cache: &mut PeopleCache,
    identifiers: &[Identifier],
    at_ms: i64,
) -> rusqlite::Result<Option<i64>> {
    let mut people: Vec<i64> = Vec::new();
    let mut new = Vec::new();
    for identifier in identifiers {
        match person_of(conn, identifier.key)? {
            Some(person) if people.contains(&person) => {}
            Some(person) => people.push(person),
            None => new.push(*identifier),
        }
    }
    if let ([person], []) = (people.as_slice(), new.as_slice()) {
        return Ok(Some(*person));
    }
    let mut sizes = people
        .iter()
        .map(|person| Ok((identifiers_of(conn, *person)?.len(), *person)))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let total = sizes.iter().map(|(size, _)| size).sum::<usize>() + new.len();
    if total > cache.most_identifiers {
        counter!("firsthand_person_links_refused_total").increment(1);
        return Ok(None);
    }
    sizes.sort_unstable();
    let Some((_, person)) = sizes.pop() else {
        return add_person(conn, &new, at_ms).map(Some);
    };
    let mut refused = refused_of(conn, person)?;
    for (_, other) in sizes {
        refused = refused.and(refused_of(conn, other)?);
        conn.prepare_cached("UPDATE links SET person = ?2 WHERE person = ?1")?
            .execute(params![other, person])?;
        conn.prepare_cached("DELETE FROM people WHERE id = ?1")?
            .execute(params![other])?;
    }
    for identifier in &new {
        add_link(conn, identifier, person)?;
    }
    conn.prepare_cached(
        "UPDATE people SET identifiers = ?2, seen_at = max(seen_at, ?3) WHERE id = ?1",
    )?
    .execute(params![
        person,
        i64::try_from(total).unwrap_or(i64::MAX),
        at_ms
    ])?;
    // Those that came in are under what was refused before, and the other way round.
    write_refused(conn, cache, person, refused)?;
    Ok(Some(person))
}

fn add_person(conn: &Connection, identifiers: &[Identifier], at_ms: i64) -> rusqlite::Result<i64> {
    conn.prepare_cached("INSERT INTO people(identifiers, seen_at) VALUES(?1, ?2)")?
        .execute(params![
            i64::try_from(identifiers.len()).unwrap_or(i64::MAX),
            at_ms
        ])?;
    let person = conn.last_insert_rowid();
    for identifier in identifiers {
        add_link(conn, identifier, person)?;
    }
    Ok(person)
}

fn add_link(conn: &Connection, identifier: &Identifier, person: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO links(key, kind, person) VALUES(?1, ?2, ?3)")?
        .execute(params![identifier.key.0, identifier.kind.number(), person])?;
    Ok(())
}

/// Returns whose identifier this is.
pub(super) fn person_of(conn: &Connection, key: BlindKey) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT person FROM links WHERE key = ?1")?
        .query_row(params![key.0], |row| row.get(0))
        .optional()
}

/// Returns all identifiers of a person.
pub(super) fn identifiers_of(conn: &Connection, person: i64) -> rusqlite::Result<Vec<Identifier>> {
    conn.prepare_cached("SELECT kind, key FROM links WHERE person = ?1 ORDER BY kind, key")?
        .query_map(params![person], identifier_of)?
        .collect()
}

/// Reads a row of kind and key.
pub(super) fn identifier_of(row: &Row<'_>) -> rusqlite::Result<Identifier> {
    Ok(Identifier {
        kind: Kind::of_number(row.get(0)?).unwrap_or(Kind::ExternalId),
        key: BlindKey(row.get(1)?),
    })
}

/// Returns all identifiers of the people behind these, these among them.
pub(super) fn known_with(
    conn: &Connection,
    identifiers: &[Identifier],
) -> rusqlite::Result<Vec<Identifier>> {
    let mut all = identifiers.to_vec();
    for identifier in identifiers {
        if let Some(person) = person_of(conn, identifier.key)? {
            all.extend(identifiers_of(conn, person)?);
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Takes identifiers from the people they belong to; who has none left is gone. Returns how many there were.
pub(super) fn unlink(
    conn: &Connection,
    cache: &mut PeopleCache,
    identifiers: &[Identifier],
) -> rusqlite::Result<usize> {
    let mut gone = 0;
    for identifier in identifiers {
        let Some(person) = person_of(conn, identifier.key)? else {
            continue;
        };
        conn.prepare_cached("DELETE FROM links WHERE key = ?1")?
            .execute(params![identifier.key.0])?;
        conn.prepare_cached("UPDATE people SET identifiers = identifiers - 1 WHERE id = ?1")?
            .execute(params![person])?;
        conn.prepare_cached("DELETE FROM people WHERE id = ?1 AND identifiers <= 0")?
            .execute(params![person])?;
        gone += 1;
    }
    cache.forget();
    Ok(gone)
}

fn refused_of(conn: &Connection, person: i64) -> rusqlite::Result<Refusals> {
    let found = conn
        .prepare_cached(
            "SELECT refused_marketing, refused_analytics, refused_personalization, refused_sharing
             FROM people WHERE id = ?1",
        )?
        .query_row(params![person], |row| {
            Ok(Refusals([
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
            ]))
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Adds a refusal to what is known of a person.
fn refuse(
    conn: &Connection,
    cache: &mut PeopleCache,
    person: i64,
    refused: Refusals,
) -> rusqlite::Result<()> {
    let before = refused_of(conn, person)?;
    let joint = before.and(refused);
    if joint == before {
        return Ok(());
    }
    write_refused(conn, cache, person, joint)
}

fn write_refused(
    conn: &Connection,
    cache: &mut PeopleCache,
    person: i64,
    refused: Refusals,
) -> rusqlite::Result<()> {
    if refused.is_none() {
        return Ok(());
    }
    let [marketing, analytics, personalization, sharing] = refused.0;
    conn.prepare_cached(
        "UPDATE people SET refused_marketing = ?2, refused_analytics = ?3, refused_personalization = ?4,
           refused_sharing = ?5 WHERE id = ?1",
    )?
    .execute(params![person, marketing, analytics, personalization, sharing])?;
    for identifier in identifiers_of(conn, person)? {
        cache.standings.expect(identifier.key);
    }
    cache.is_changed = true;
    Ok(())
}

/// Forgets people who were not seen and refused nothing since `before_ms`, a slice at a time, round and
/// round. Returns how many were looked at.
pub(super) fn prune(
    conn: &Connection,
    cache: &mut PeopleCache,
    before_ms: i64,
) -> rusqlite::Result<usize> {
    let from: i64 = conn
        .prepare_cached("SELECT position FROM upkeep WHERE task = 'people'")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let rows: Vec<(i64, i64)> = conn
        .prepare_cached(
            "SELECT id, max(seen_at, coalesce(refused_marketing, 0), coalesce(refused_analytics, 0),
               coalesce(refused_personalization, 0), coalesce(refused_sharing, 0))
             FROM people WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?
        .query_map(params![from, i64::try_from(SLICE).unwrap_or(200)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut is_cut = false;
    for (person, _) in rows.iter().filter(|(_, at_ms)| *at_ms < before_ms) {
        conn.prepare_cached("DELETE FROM links WHERE person = ?1")?
            .execute(params![person])?;
        conn.prepare_cached("DELETE FROM people WHERE id = ?1")?
            .execute(params![person])?;
        is_cut = true;
    }
    if is_cut {
        cache.forget();
    }
    let to = if rows.len() == SLICE {
        rows.last().map_or(0, |(person, _)| *person)
    } else {
        0
    };
    if to != from {
        conn.prepare_cached("INSERT OR REPLACE INTO upkeep(task, position) VALUES('people', ?1)")?
            .execute(params![to])?;
    }
    Ok(rows.len())
}

#[cfg(test)]
mod tests;
