//! What happens before a store works: its directory is taken, its file opened, its filter filled.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::filter::ConsentFilter;
use super::schema::{self, OpenError};
use super::{SqliteConfig, unavailable};
use crate::privacy::keys::Blind;
use crate::private;
use crate::store::StoreError;

/// Takes the data directory for this process.
pub(super) fn lock_dir(dir: &Path) -> Result<File, StoreError> {
    // Who could open it could hold it, and nothing would start.
    let file = private::create(&dir.join("lock")).map_err(|e| unavailable(&e))?;
    file.try_lock().map_err(|_| {
        StoreError::Unavailable(format!(
            "the data directory {} is in use by another process",
            dir.display()
        ))
    })?;
    Ok(file)
}

/// Opens the file; one that is no database any more is moved aside and a new one begun.
pub(super) fn open_or_replace(
    path: &Path,
    config: &SqliteConfig,
) -> Result<Connection, StoreError> {
    match schema::open_writer(path, config) {
        Ok(conn) => Ok(conn),
        Err(OpenError::Sqlite(error))
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ) =>
        {
            let stamp = jiff::Timestamp::now().as_millisecond();
            for suffix in ["", "-wal", "-shm"] {
                let from = PathBuf::from(format!("{}{suffix}", path.display()));
                let to = PathBuf::from(format!("{}.damaged-{stamp}{suffix}", path.display()));
                if from.exists() {
                    std::fs::rename(&from, &to).map_err(|e| unavailable(&e))?;
                }
            }
            tracing::error!(%error, stamp, "the data file is damaged: moved aside, a new one is begun");
            schema::open_writer(path, config).map_err(|e| unavailable(&e))
        }
        Err(error) => Err(unavailable(&error)),
    }
}

/// Tells the filter of all browsers that have a word.
pub(super) fn fill_filter(conn: &Connection, filter: &ConsentFilter) -> rusqlite::Result<()> {
    let mut select = conn.prepare("SELECT subject FROM consent")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        filter.insert(&row.get::<_, Blind>(0)?);
    }
    Ok(())
}
