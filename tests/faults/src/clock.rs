//! The wall clock that the collector sees: the machine's, moved by a preloaded library (`libfaketime`). The collector
//! itself has no hook for tests, so what runs here is what is shipped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use anyhow::Context as _;

/// Name of the library's file; the folder is the distribution's.
const LIBRARY: &str = "libfaketimeMT.so.1";

/// A clock that can be moved while the collector runs. Clones share it.
#[derive(Debug, Clone)]
pub struct Clock {
    offset_s: Arc<AtomicI64>,
    moved: Option<Moved>,
}

#[derive(Debug, Clone)]
struct Moved {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// Returns the machine's clock.
    pub fn real() -> Self {
        Self {
            offset_s: Arc::default(),
            moved: None,
        }
    }

    /// Returns a clock that can be moved; its setting is kept in `folder`.
    pub fn movable(folder: &Path) -> anyhow::Result<Self> {
        let clock = Self {
            offset_s: Arc::default(),
            moved: Some(Moved {
                library: find_library()?,
                file: folder.join("clock"),
            }),
        };
        clock.set_offset_s(0)?;
        Ok(clock)
    }

    /// Sets (does not add) the offset from the machine's clock.
    pub fn set_offset_s(&self, offset_s: i64) -> anyhow::Result<()> {
        let moved = self.moved.as_ref().context("this clock cannot be moved")?;
        // Read at any moment: never half written.
        let new = moved.file.with_extension("new");
        std::fs::write(&new, format!("{offset_s:+}\n")).context("writing the clock's setting")?;
        std::fs::rename(&new, &moved.file).context("moving the clock")?;
        self.offset_s.store(offset_s, Ordering::Relaxed);
        Ok(())
    }

    /// Returns the time, in epoch milliseconds.
    pub fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = since.map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        });
        now + self.offset_s.load(Ordering::Relaxed) * 1_000
    }

    /// Returns the environment of a process that sees this clock.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let Some(moved) = &self.moved else {
            return Vec::new();
        };
        vec![
            ("LD_PRELOAD", moved.library.clone()),
            ("FAKETIME_TIMESTAMP_FILE", moved.file.clone()),
            ("FAKETIME_NO_CACHE", "1".into()),
            // Both spellings are in use. Waits go by the monotonic clock, which does not jump.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ]
    }
}

fn find_library() -> anyhow::Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib")
        .context("reading /usr/lib")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .chain(["/usr/lib".into(), "/usr/local/lib".into()]);
    folders
        .map(|folder| folder.join("faketime").join(LIBRARY))
        .find(|path| path.exists())
        .context("libfaketime is missing, it moves the collector's clock: make setup-faults")
}
