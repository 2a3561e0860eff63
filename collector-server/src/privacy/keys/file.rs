//! The key file: one line a key, the newest first, `<id> <64 hex digits>`.
//!
//! Written beside the data where no key is configured, so that nothing is ever kept in clear. Readable by its
//! owner only; replaced as a whole, on disk before the first use.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::masters::{FILE_ID, KeyError, is_plain, parse};
use super::{KEY_BYTES, Raw};
use crate::private;

/// Name of the key file inside the data directory.
pub const FILE_NAME: &str = "firsthand.key";

/// Reads the file; empty where there is none.
pub(super) fn read(path: &Path) -> Result<Vec<(String, Raw)>, KeyError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(path, &error)),
    };
    let mut keys: Vec<(String, Raw)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let key = line.split_once(' ').filter(|(id, _)| is_plain(id));
        let Some((id, digits)) = key else {
            return Err(failed(
                path,
                &"a line must be an id, a space and 64 hex digits",
            ));
        };
        if keys.iter().any(|(known, _)| known == id) {
            return Err(failed(path, &format!("the key \"{id}\" stands twice")));
        }
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
        text.push_str(id);
        text.push(' ');
        push_hex(&mut text, raw);
        text.push('\n');
    }
    write_secret(path, text.as_bytes()).map_err(|error| failed(path, &error))
}

/// What a rotation of the key file has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Id of the new key.
    pub new: String,
    /// Ids of keys that nothing needed any more.
    pub gone: Vec<String>,
}

/// Puts a new key before those of the key file, and leaves out those that nothing needs. The one that sealed
/// until now always stays: a collector may begin to use it at this moment.
pub fn rotate_file(dir: &Path, is_needed: impl Fn(&str) -> bool) -> Result<Rotated, KeyError> {
    let path = dir.join(FILE_NAME);
    let keys = read(&path)?;
    let sealed_until_now = keys.first().map(|(id, _)| id.clone());
    let (kept, gone): (Vec<_>, Vec<_>) = keys
        .into_iter()
        .partition(|(id, _)| sealed_until_now.as_ref() == Some(id) || is_needed(id));
    // Never the id of a key that was there: numbers grow, and a hand may have written any.
    let known: Vec<&str> = kept
        .iter()
        .chain(&gone)
        .map(|(id, _)| id.as_str())
        .collect();
    let number = known
        .iter()
        .filter_map(|id| match id.strip_prefix(FILE_ID)? {
            "" => Some(1),
            rest => rest.strip_prefix('-')?.parse::<u32>().ok(),
        })
        .max()
        .unwrap_or(0);
    // One more than there are ids: one of them is free.
    let next = u64::from(number) + 1;
    let new = (next..=next + known.len() as u64)
        .map(|number| format!("{FILE_ID}-{number}"))
        .find(|id| !known.contains(&id.as_str()))
        .unwrap_or_default();
    let mut keys = vec![(new.clone(), Zeroizing::new(rand::random()))];
    keys.extend(kept);
    write(&path, &keys)?;
    Ok(Rotated {
        new,
        gone: gone.into_iter().map(|(id, _)| id).collect(),
    })
}

/// Writes a new secret for `privacy.keys` into a file that must not exist yet.
pub fn write_new(path: &Path) -> Result<(), KeyError> {
    let raw: Raw = Zeroizing::new(rand::random());
    let mut text = Zeroizing::new(String::with_capacity(KEY_BYTES * 2 + 1));
    push_hex(&mut text, &raw);
    text.push('\n');
    private::write_new(path, text.as_bytes()).map_err(|error| failed(path, &error))
}

fn push_hex(text: &mut String, raw: &Raw) {
    for byte in raw.iter() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
}

/// Writes a file that only its owner may read, all of it or nothing.
fn write_secret(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("key.new");
    let mut file = private::create(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    private::sync_dir_of(path)
}

fn failed(path: &Path, reason: &dyn std::fmt::Display) -> KeyError {
    KeyError::File {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}
