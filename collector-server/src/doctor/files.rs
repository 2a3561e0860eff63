//! Who may read what.

use std::path::Path;

use super::Finding;

/// Whether a secret file, with these permissions, can be read by others than its owner; `None` where it cannot.
pub fn readable_by_others(path: &Path, mode: u32, is_key: bool) -> Option<Finding> {
    const GROUP: u32 = 0o040;
    const OTHERS: u32 = 0o004;
    let path = path.display();
    let what = |who: &str| format!("{path} can be read by {who} (mode {:04o})", mode & 0o7777);
    let todo = format!("chmod 600 {path}");
    if mode & OTHERS != 0 {
        let what = what("everybody on this machine");
        return Some(if is_key {
            Finding::error("permissions", what, todo)
        } else {
            Finding::warning("permissions", what, todo)
        });
    }
    (is_key && mode & GROUP != 0).then(|| Finding::warning("permissions", what("its group"), todo))
}

/// Files that were moved aside because they were damaged.
pub fn moved_aside(names: &[String]) -> Option<Finding> {
    let first = names.first()?;
    Some(Finding::warning(
        "damaged",
        format!(
            "{} damaged data files were moved aside, such as {first}",
            names.len()
        ),
        "a collector has begun a new file at that time: see what the old one still holds (sqlite3 .recover), then \
         move it away",
    ))
}
