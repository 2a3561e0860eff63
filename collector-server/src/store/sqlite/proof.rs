//! Reads of the two chains: verification, export, the receipts of an event.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::ledger;
use crate::privacy::chain::{Fault, Hash, Head, Row, Verified, Verifier};
use crate::privacy::ledger::{Receipt, Terms, TermsText};
use crate::store::Seq;

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// The receipts of choices.
    Receipts,
    /// The audit log.
    Audit,
}

impl Chain {
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Receipts => "receipts",
            Self::Audit => "audit",
        }
    }
}

/// A receipt in its place, with what it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptView {
    /// Its hash.
    pub hash: Hash,
    /// The receipt.
    pub receipt: Receipt,
    /// The terms it names; `None` when they are gone.
    pub terms: Option<TermsText>,
}

fn row_of(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        number: row.get(0)?,
        // A hash that was shortened is a wrong one.
        hash: Hash(row.get(1).unwrap_or_default()),
        body: row.get(2)?,
    })
}

/// Hands over every row of a chain, in order, until `take` fails.
pub(super) fn walk<E: From<rusqlite::Error>>(
    conn: &Connection,
    chain: Chain,
    mut take: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let mut select = conn.prepare(&format!(
        "SELECT number, hash, body FROM {} ORDER BY number",
        chain.table()
    ))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        take(row_of(row)?)?;
    }
    Ok(())
}

/// Walks a chain and says what is wrong with it. `pinned` is a head that an auditor has noted.
pub(super) fn verify(
    conn: &Connection,
    chain: Chain,
    pinned: Option<Head>,
) -> rusqlite::Result<Verified> {
    let snapshot = conn.unchecked_transaction()?;
    let anchor = ledger::anchor(&snapshot, chain.table())?;
    let mut verifier = Verifier::new(anchor, pinned);
    let mut terms = TermsCheck::default();
    walk(&snapshot, chain, |row| {
        verifier.take(&row);
        if chain == Chain::Receipts
            && let Some(fault) = terms.fault(&snapshot, &row)?
        {
            verifier.add(fault);
        }
        Ok::<_, rusqlite::Error>(())
    })?;
    let known = match chain {
        // What the log and the browsers refer to was there.
        Chain::Receipts => snapshot.query_row(
            "SELECT max(coalesce((SELECT max(receipt) FROM choices), 0), coalesce((SELECT max(receipt) FROM log), 0))",
            [],
            |row| row.get(0),
        )?,
        Chain::Audit => 0,
    };
    Ok(verifier.finish(known))
}

/// Whether the terms of a receipt are there and have the name they are kept under.
#[derive(Default)]
struct TermsCheck {
    right: std::collections::HashSet<String>,
}

impl TermsCheck {
    fn fault(&mut self, conn: &Connection, row: &Row) -> rusqlite::Result<Option<Fault>> {
        let Ok(receipt) = serde_json::from_str::<Receipt>(&row.body) else {
            return Ok(Some(Fault::Unreadable { number: row.number }));
        };
        if self.right.contains(&receipt.terms) {
            return Ok(None);
        }
        let name = Hash::parse(&receipt.terms);
        let body: Option<String> = match name {
            Some(name) => conn
                .prepare_cached("SELECT body FROM terms WHERE sha256 = ?1")?
                .query_row(params![name.0], |row| row.get(0))
                .optional()?,
            None => None,
        };
        if body.is_some_and(|body| Some(Terms::name(&body)) == name) {
            self.right.insert(receipt.terms);
            return Ok(None);
        }
        Ok(Some(Fault::Detached {
            number: row.number,
            what: format!("terms {}", receipt.terms),
        }))
    }
}

/// Returns the canonical text of the terms with this name.
pub(super) fn terms_text(conn: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let Some(name) = Hash::parse(name) else {
        return Ok(None);
    };
    conn.prepare_cached("SELECT body FROM terms WHERE sha256 = ?1")?
        .query_row(params![name.0], |row| row.get(0))
        .optional()
}

fn view(conn: &Connection, row: &Row) -> rusqlite::Result<Option<ReceiptView>> {
    let Ok(receipt) = serde_json::from_str::<Receipt>(&row.body) else {
        return Ok(None);
    };
    let terms = terms_text(conn, &receipt.terms)?.and_then(|text| serde_json::from_str(&text).ok());
    Ok(Some(ReceiptView {
        hash: row.hash,
        receipt,
        terms,
    }))
}

/// Returns the receipt of each copy of an event, in the order of its copies; `None` for a copy that came
/// without a choice, or whose receipt retention has taken.
pub(super) fn of_event(conn: &Connection, seq: Seq) -> rusqlite::Result<Vec<Option<ReceiptView>>> {
    let numbers: Vec<Option<i64>> = conn
        .prepare_cached(
            "SELECT receipt FROM (SELECT receipt, 0 AS place FROM
               (SELECT receipt FROM log WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1)
             UNION ALL SELECT receipt, id FROM copies WHERE seq = ?1) ORDER BY place",
        )?
        .query_map(params![seq], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut select =
        conn.prepare_cached("SELECT number, hash, body FROM receipts WHERE number = ?1")?;
    numbers
        .into_iter()
        .map(|number| {
            let row = select.query_row(params![number], row_of).optional()?;
            row.map_or(Ok(None), |row| view(conn, &row))
        })
        .collect()
}

/// Returns all receipts of a subject, in the order of their numbers.
pub(super) fn of_subject(conn: &Connection, subject: &str) -> rusqlite::Result<Vec<ReceiptView>> {
    let rows: Vec<Row> = conn
        .prepare_cached(
            "SELECT number, hash, body FROM receipts
             WHERE json_extract(body, '$.subject_key') = ?1 ORDER BY number",
        )?
        .query_map(params![subject], row_of)?
        .collect::<rusqlite::Result<_>>()?;
    let views = rows.iter().map(|row| view(conn, row));
    Ok(views
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}
