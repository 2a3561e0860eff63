//! Receipts in the writer's transaction: one a choice, chained.
//!
//! A choice that has its receipt is recognised without touching the disk for as long as its visitor is
//! about; after that by its key in `choices`.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use uuid::Uuid;

use super::recent::Recent;
use crate::privacy::chain::{Hash, Head};
use crate::privacy::id::ulid;
use crate::privacy::ledger::{Door, Draft, Receipt, Said};

/// Half of how many choices are remembered; an entry takes about 80 bytes.
const REMEMBERED: usize = 16_384;

type Key = Vec<u8>;

/// What the writer remembers of the ledger between transactions. Thrown away after a failed one.
#[derive(Debug)]
pub(super) struct LedgerCache {
    head: Head,
    receipts: Recent<Key, (i64, Door)>,
    terms: HashSet<[u8; 32]>,
}

impl Default for LedgerCache {
    fn default() -> Self {
        Self {
            head: Head::EMPTY,
            receipts: Recent::new(REMEMBERED),
            terms: HashSet::new(),
        }
    }
}

impl LedgerCache {
    /// Forgets which choices have a receipt: an erasure took the way from browsers to their receipts.
    pub(super) fn forget_choices(&mut self) {
        self.receipts = Recent::new(REMEMBERED);
    }

    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            head: head(conn, "receipts")?,
            ..Self::default()
        })
    }
}

/// Returns the last row of a chain, or where retention has cut it.
pub(super) fn head(conn: &Connection, chain: &str) -> rusqlite::Result<Head> {
    let last = conn
        .prepare_cached(&format!(
            "SELECT number, hash FROM {chain} ORDER BY number DESC LIMIT 1"
        ))?
        .query_row([], head_of)
        .optional()?;
    last.map_or_else(|| anchor(conn, chain), Ok)
}

/// Returns where retention has cut a chain.
pub(super) fn anchor(conn: &Connection, chain: &str) -> rusqlite::Result<Head> {
    let cut = conn
        .prepare_cached("SELECT number, hash FROM anchors WHERE chain = ?1")?
        .query_row(params![chain], head_of)
        .optional()?;
    Ok(cut.unwrap_or_default())
}

fn head_of(row: &SqlRow<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        number: row.get(0)?,
        hash: Hash(row.get(1)?),
    })
}

/// Returns the number of the choice's receipt, written now if there was none.
pub(super) fn record(
    conn: &Connection,
    cache: &mut LedgerCache,
    draft: &Draft,
) -> rusqlite::Result<i64> {
    let browsers: Vec<Uuid> = [draft.browser, draft.also_known_as]
        .into_iter()
        .flatten()
        .collect();
    let mut number = None;
    let mut subject = None;
    for browser in &browsers {
        let known = known(conn, cache, &draft.said.key(*browser))?;
        // The choice itself says more than the events that came under it.
        if let Some((receipt, door)) = known
            && (door == Door::Consent || draft.door == Door::Events)
        {
            number.get_or_insert(receipt);
            if subject.is_none() && browsers.len() > 1 {
                subject = subject_of(conn, *browser)?;
            }
            continue;
        }
        let its_subject = subject_of(conn, *browser)?;
        // Two ids of one browser are one subject, unless both were known before.
        let is_written = number.is_some() && (its_subject.is_none() || its_subject == subject);
        let receipt = if let (Some(receipt), true) = (number, is_written) {
            receipt
        } else {
            let key = its_subject.clone().or_else(|| subject.clone());
            let (receipt, key) = write(conn, cache, draft, key)?;
            subject.get_or_insert(key);
            receipt
        };
        number.get_or_insert(receipt);
        let key = its_subject.or_else(|| subject.clone()).unwrap_or_default();
        remember(conn, cache, draft, *browser, receipt, &key)?;
    }
    match number {
        Some(number) => Ok(number),
        None => write(conn, cache, draft, None).map(|(number, _)| number),
    }
}

fn known(
    conn: &Connection,
    cache: &mut LedgerCache,
    key: &Key,
) -> rusqlite::Result<Option<(i64, Door)>> {
    if let Some(found) = cache.receipts.get(key) {
        return Ok(Some(found));
    }
    let found = conn
        .prepare_cached(
            "SELECT receipt, json_extract(body, '$.door') FROM choices
             JOIN receipts ON receipts.number = choices.receipt WHERE key = ?1",
        )?
        .query_row(params![key], |row| {
            let door = match row.get_ref(1)?.as_str()? {
                "consent" => Door::Consent,
                _ => Door::Events,
            };
            Ok((row.get(0)?, door))
        })
        .optional()?;
    if let Some(found) = found {
        cache.receipts.insert(key.clone(), found);
    }
    Ok(found)
}

/// Returns the subject key of a browser that has chosen before.
fn subject_of(conn: &Connection, browser: Uuid) -> rusqlite::Result<Option<String>> {
    let from = browser.as_bytes().as_slice();
    let mut to = from.to_vec();
    to.resize(Said::KEY_BYTES, 0xff);
    conn.prepare_cached("SELECT subject_key FROM choices WHERE key BETWEEN ?1 AND ?2 LIMIT 1")?
        .query_row(params![from, to], |row| row.get(0))
        .optional()
}

/// Writes a receipt; returns its number and subject.
fn write(
    conn: &Connection,
    cache: &mut LedgerCache,
    draft: &Draft,
    subject: Option<String>,
) -> rusqlite::Result<(i64, String)> {
    let previous = match &subject {
        Some(subject) => latest(conn, subject)?,
        None => None,
    };
    let now_ms = draft.received_at_ms;
    let subject = subject.unwrap_or_else(|| ulid(now_ms, rand::random()));
    let terms = &draft.terms;
    if cache.terms.insert(terms.sha256.0) {
        conn.prepare_cached("INSERT OR IGNORE INTO terms(sha256, body) VALUES(?1, ?2)")?
            .execute(params![terms.sha256.0, terms.body])?;
    }
    let receipt = Receipt::of(
        draft,
        cache.head.number + 1,
        ulid(now_ms, rand::random()),
        subject.clone(),
        previous.as_ref(),
    );
    append(conn, cache, &receipt)?;
    Ok((receipt.number, subject))
}

fn append(conn: &Connection, cache: &mut LedgerCache, receipt: &Receipt) -> rusqlite::Result<()> {
    let body = receipt.canonical();
    let head = cache.head.then(&body);
    conn.prepare_cached("INSERT INTO receipts(number, hash, body) VALUES(?1, ?2, ?3)")?
        .execute(params![head.number, head.hash.0, body])?;
    cache.head = head;
    Ok(())
}

/// Returns the latest receipt of a subject; one that cannot be read is none.
fn latest(conn: &Connection, subject: &str) -> rusqlite::Result<Option<Receipt>> {
    let body: Option<String> = conn
        .prepare_cached(
            "SELECT body FROM receipts WHERE json_extract(body, '$.subject_key') = ?1
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row(params![subject], |row| row.get(0))
        .optional()?;
    Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
}

/// Writes the receipt of an erasure. Returns its number; `None` where the subject has no receipt any more.
pub(super) fn erase(
    conn: &Connection,
    cache: &mut LedgerCache,
    subject: &str,
    now_ms: i64,
) -> rusqlite::Result<Option<i64>> {
    let Some(latest) = latest(conn, subject)? else {
        return Ok(None);
    };
    let id = ulid(now_ms, rand::random());
    let receipt = latest.erased(cache.head.number + 1, id, now_ms);
    append(conn, cache, &receipt)?;
    Ok(Some(receipt.number))
}

/// Notes which receipt the choice has: under its time by the sender's clock, as it comes again, and by
/// ours, as the store keeps the word.
fn remember(
    conn: &Connection,
    cache: &mut LedgerCache,
    draft: &Draft,
    browser: Uuid,
    receipt: i64,
    subject: &str,
) -> rusqlite::Result<()> {
    let key = draft.said.key(browser);
    let ours = draft.said.at(draft.at_ms).key(browser);
    let mut insert = conn.prepare_cached(
        "INSERT OR REPLACE INTO choices(key, receipt, subject_key) VALUES(?1, ?2, ?3)",
    )?;
    insert.execute(params![key, receipt, subject])?;
    cache.receipts.insert(key.clone(), (receipt, draft.door));
    if ours != key {
        insert.execute(params![ours, receipt, subject])?;
        cache.receipts.insert(ours, (receipt, draft.door));
    }
    Ok(())
}

/// Receipts that are looked at in one slice of upkeep.
const SLICE: i64 = 200;

/// Writes the end of grants that have come to it. Returns how many receipts were looked at.
pub(super) fn expire(
    conn: &Connection,
    cache: &mut LedgerCache,
    now_ms: i64,
) -> rusqlite::Result<usize> {
    let from: i64 = conn
        .prepare_cached("SELECT position FROM upkeep WHERE task = 'expire'")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let rows: Vec<(i64, String)> = conn
        .prepare_cached(
            "SELECT number, body FROM receipts WHERE number > ?1 ORDER BY number LIMIT ?2",
        )?
        .query_map(params![from, SLICE], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut to = from;
    let mut count = 0;
    for (number, body) in rows {
        let receipt: Option<Receipt> = serde_json::from_str(&body).ok();
        if let Some(receipt) = receipt.filter(Receipt::ends_by_age) {
            if receipt.expires_at.is_some_and(|at| at > now_ms) {
                break;
            }
            let is_latest =
                latest(conn, &receipt.subject_key)?.is_some_and(|latest| latest.number == number);
            if is_latest {
                let id = ulid(now_ms, rand::random());
                append(
                    conn,
                    cache,
                    &receipt.expired(cache.head.number + 1, id, now_ms),
                )?;
            }
        }
        to = number;
        count += 1;
    }
    if to > from {
        conn.prepare_cached("INSERT OR REPLACE INTO upkeep(task, position) VALUES('expire', ?1)")?
            .execute(params![to])?;
    }
    Ok(count)
}

/// How long the oldest row may outlive its time, so that rows go in groups: each cut is an audit row.
const CUT_DELAY_MS: i64 = 86_400_000;

/// Deletes the oldest rows of a chain and notes where it begins now. Returns the new beginning, if it
/// moved.
pub(super) fn prune(
    conn: &Connection,
    chain: &str,
    recorded: &str,
    before_ms: i64,
) -> rusqlite::Result<Option<Head>> {
    let rows: Vec<(Head, i64)> = conn
        .prepare_cached(&format!(
            "SELECT number, hash, json_extract(body, '$.{recorded}') FROM {chain} ORDER BY number LIMIT {SLICE}"
        ))?
        .query_map([], |row| Ok((head_of(row)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let is_due = |(_, at): &(Head, i64)| *at < before_ms.saturating_sub(CUT_DELAY_MS);
    if !rows.first().is_some_and(is_due) {
        return Ok(None);
    }
    let last = head(conn, chain)?;
    // The last row stays: it holds the number and the hash that the next one continues.
    let gone = rows
        .into_iter()
        .take_while(|(head, at)| *at < before_ms && *head != last)
        .last();
    let Some((cut, _)) = gone else {
        return Ok(None);
    };
    conn.prepare_cached(
        "INSERT INTO anchors(chain, number, hash) VALUES(?1, ?2, ?3)
         ON CONFLICT(chain) DO UPDATE SET number = excluded.number, hash = excluded.hash",
    )?
    .execute(params![chain, cut.number, cut.hash.0])?;
    conn.prepare_cached(&format!("DELETE FROM {chain} WHERE number <= ?1"))?
        .execute(params![cut.number])?;
    Ok(Some(cut))
}
