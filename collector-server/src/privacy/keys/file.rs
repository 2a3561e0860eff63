//! The key file: one line a key, the newest first, `<id> <64 hex digits>`.
//!
//! Written beside the data where no key is configured, so that nothing is ever kept in clear. Readable by its
//! owner only; replaced as a whole, on disk before the first use.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::masters::{KeyError, is_plain, parse};
use super::{KEY_BYTES, Raw};

/// Name of the key file inside the data directory.
pub const FILE_NAME: &str = "firsthand.key";

/// Reads the file; empty where there is none.
pub(super) fn read(path: &Path) -> Result<Vec<(String, Raw)>, KeyError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(path, &error)),
    };
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let key = line.split_once(' ').filter(|(id, _)| is_plain(id));
        let Some((id, digits)) = key else {
            return Err(failed(
                path,
                &"a line must be an id, a space and 64 hex digits",
            ));
        };
        keys.push((id.to_owned(), parse(id, digits.trim())?));
    }
    if keys.is_empty() {
        return Err(failed(
            path,
            &"it is empty: put the right one back, or remove it if there is no data yet",
        ));
    }
    Ok(keys)
}

/// Replaces the file; on disk when it returns.
pub(super) fn write(path: &Path, keys: &[(String, Raw)]) -> Result<(), KeyError> {
    let mut text = Zeroizing::new(String::with_capacity(keys.len() * (KEY_BYTES * 2 + 48)));
    for (id, raw) in keys {
        // Writing to a String cannot fail.
        let _ = write!(text, "{id} ");
        for byte in raw.iter() {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
    write_secret(path, text.as_bytes()).map_err(|error| failed(path, &error))
}

/// Writes a file that only its owner may read, all of it or nothing.
fn write_secret(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("key.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    if let Some(dir) = path.parent() {
        File::open(if dir.as_os_str().is_empty() {
            Path::new(".")
        } else {
            dir
        })?
        .sync_all()?;
    }
    Ok(())
}

fn failed(path: &Path, reason: &dyn std::fmt::Display) -> KeyError {
    KeyError::File {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}
