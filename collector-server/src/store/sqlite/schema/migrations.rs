//! The versions of the tables, oldest first, and the way from one to the next.
//!
//! A new version is a new file here and a new line in [`MIGRATIONS`]; what a release has shipped is
//! never edited. All that is missing is applied in one transaction: a file is of the old version or of
//! the new one, also after a crash in between.

use rusqlite::{Connection, TransactionBehavior};

use crate::privacy::keys::KeyError;

/// One step from a version to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    /// The version that the file has afterwards, kept in `PRAGMA user_version`.
    pub(super) version: i64,
    /// What brings it there.
    pub(super) sql: &'static str,
}

/// All steps. Versions begin at 1 and grow by one.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sql: include_str!("0001_log.sql"),
    },
    Migration {
        version: 2,
        sql: include_str!("0002_proof.sql"),
    },
    Migration {
        version: 3,
        sql: include_str!("0003_keys.sql"),
    },
    Migration {
        version: 4,
        sql: include_str!("0004_shop_orders.sql"),
    },
    Migration {
        version: 5,
        sql: include_str!("0005_people.sql"),
    },
    Migration {
        version: 6,
        sql: include_str!("0006_late_copies.sql"),
    },
    Migration {
        version: 7,
        sql: include_str!("0007_settled.sql"),
    },
];

/// Why a data file cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite's own words.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A newer program has written it.
    #[error("the data is of version {found}, this program knows {known}: use a newer program")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Newest version of this program.
        known: i64,
    },
    /// Its keys are not there.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// It holds sealed data, but not the secret of its blind indexes.
    #[error("the data has lost its blind secret: restore it from a backup with its keys.db")]
    NoBlindSecret,
    /// An older program has written it, and this one may only read.
    #[error(
        "the data is of version {found}, this program reads {known}: start this program's collector once, \
         it brings the data up to date"
    )]
    Older {
        /// Version of the file.
        found: i64,
        /// Newest version of this program.
        known: i64,
    },
}

impl OpenError {
    /// Returns the same error where only SQLite's own are told.
    pub(in super::super) fn into_sqlite(self) -> rusqlite::Error {
        match self {
            Self::Sqlite(error) => error,
            other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
        }
    }
}

/// Brings a file up to date. Returns the version it had, 0 for a new file.
pub(super) fn migrate(conn: &mut Connection, steps: &[Migration]) -> Result<i64, OpenError> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    let known = newest(steps);
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for step in steps.iter().filter(|step| step.version > found) {
        transaction.execute_batch(step.sql)?;
        transaction.pragma_update(None, "user_version", step.version)?;
    }
    transaction.commit()?;
    Ok(found)
}

/// Refuses a file that is of another version.
pub(super) fn require_current(conn: &Connection, steps: &[Migration]) -> Result<(), OpenError> {
    let (found, known) = (version(conn)?, newest(steps));
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(OpenError::Older { found, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::Newer { found, known }),
    }
}

fn newest(steps: &[Migration]) -> i64 {
    steps.last().map_or(0, |step| step.version)
}

fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration {
        version: 1,
        sql: "CREATE TABLE a(x); INSERT INTO a VALUES(1);",
    };
    const SECOND: Migration = Migration {
        version: 2,
        sql: "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;",
    };

    #[test]
    fn versions_begin_at_one_and_grow_by_one() {
        for (place, step) in (1..).zip(MIGRATIONS) {
            assert_eq!(step.version, place);
        }
    }

    #[test]
    fn only_what_is_missing_is_applied() {
        let mut conn = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut conn, &[FIRST]).unwrap(), 0);
        assert_eq!(migrate(&mut conn, &[FIRST, SECOND]).unwrap(), 1);
        assert_eq!(migrate(&mut conn, &[FIRST, SECOND]).unwrap(), 2);
        let row: (i64, i64) = conn
            .query_row("SELECT x, y FROM a", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, (1, 2));
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_version_whole() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &[FIRST]).unwrap();
        let broken = Migration {
            version: 3,
            sql: "CREATE TABLE b(x); INSERT INTO nowhere VALUES(1);",
        };
        migrate(&mut conn, &[FIRST, SECOND, broken]).unwrap_err();
        assert_eq!(version(&conn).unwrap(), 1);
        assert!(
            conn.prepare("SELECT y FROM a").is_err(),
            "the second went back too"
        );
        migrate(&mut conn, &[FIRST, SECOND]).unwrap();
    }

    #[test]
    fn another_version_is_refused_with_what_to_do() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &[FIRST]).unwrap();
        let older = require_current(&conn, &[FIRST, SECOND]).unwrap_err();
        assert!(
            older
                .to_string()
                .contains("start this program's collector once"),
            "{older}"
        );
        migrate(&mut conn, &[FIRST, SECOND]).unwrap();
        require_current(&conn, &[FIRST, SECOND]).unwrap();
        for newer in [
            migrate(&mut conn, &[FIRST]).unwrap_err(),
            require_current(&conn, &[FIRST]).unwrap_err(),
        ] {
            assert_eq!(
                newer.to_string(),
                "the data is of version 2, this program knows 1: use a newer program"
            );
        }
    }
}
