//! Tokens, audit rows and replays, written beside a running collector by commands and by the collector itself.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::schema::OpenError;
use super::tasks::{self, NewTask};
use super::{SqliteConfig, audit, schema, settled};
use crate::privacy::audit::Entry;
use crate::privacy::tokens::{Role, TokenRow};
use crate::store::Again;

fn row_of(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    let role: String = row.get(2)?;
    Ok(TokenRow {
        id: row.get(0)?,
        name: row.get(1)?,
        // A role that this program does not know may as little as any.
        role: Role::parse(&role).unwrap_or(Role::Read),
        hash: row.get(3)?,
        created_at_ms: row.get(4)?,
        revoked_at_ms: row.get(5)?,
    })
}

const COLUMNS: &str = "SELECT id, name, role, hash, created_at, revoked_at FROM tokens";

/// Returns a token that is not revoked.
pub(super) fn token(conn: &Connection, id: &str) -> rusqlite::Result<Option<TokenRow>> {
    conn.prepare_cached(&format!("{COLUMNS} WHERE id = ?1 AND revoked_at IS NULL"))?
        .query_row(params![id], row_of)
        .optional()
}

/// Returns all tokens, the oldest first.
pub(super) fn tokens(conn: &Connection) -> rusqlite::Result<Vec<TokenRow>> {
    conn.prepare(&format!("{COLUMNS} ORDER BY created_at, id"))?
        .query_map([], row_of)?
        .collect()
}

/// A connection that may write tokens, audit rows and what is to be sent again, also while the collector runs.
#[derive(Debug)]
pub struct Access {
    conn: Connection,
}

impl Access {
    /// Opens a data file of this program's version.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            conn: schema::open_beside(path)?,
        })
    }

    /// Makes the data file where there is none yet, so that a token can be made before the first start.
    pub fn create(path: &Path, config: &SqliteConfig) -> Result<Self, OpenError> {
        Ok(Self {
            conn: schema::open_writer(path, config)?,
        })
    }

    /// Records an access.
    pub fn record(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        self.write(entry, |_| Ok(()))
    }

    /// Writes down what a privacy officer asks for, and the record of it; whoever owns the data carries it out.
    pub fn ask_task(&mut self, task: &NewTask, entry: &Entry) -> rusqlite::Result<()> {
        self.write(entry, |conn| tasks::ask(conn, task))
    }

    /// Makes settled events due again, in one transaction; a running collector notices within a second. Returns
    /// how many still had one of the named last words.
    pub fn send_again(&mut self, again: &Again) -> rusqlite::Result<usize> {
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let count = settled::send_again(&transaction, again)?;
        transaction.commit()?;
        Ok(count)
    }

    /// Keeps a new token, and the record of it.
    pub fn add_token(&mut self, token: &TokenRow, entry: &Entry) -> rusqlite::Result<()> {
        self.write(entry, |conn| {
            conn.execute(
                "INSERT INTO tokens(id, name, role, hash, created_at) VALUES(?1,?2,?3,?4,?5)",
                params![
                    token.id,
                    token.name,
                    token.role.as_str(),
                    token.hash,
                    token.created_at_ms
                ],
            )
            .map(|_| ())
        })
    }

    /// Revokes a token by its id, and records it. Returns whether there was one.
    pub fn revoke_token(&mut self, id: &str, entry: &Entry) -> rusqlite::Result<bool> {
        let mut is_revoked = false;
        self.write(entry, |conn| {
            is_revoked = conn.execute(
                "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
                params![id, entry.at_ms],
            )? == 1;
            Ok(())
        })?;
        Ok(is_revoked)
    }

    fn write(
        &mut self,
        entry: &Entry,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        change(&transaction)?;
        audit::append(&transaction, entry)?;
        transaction.commit()
    }
}
