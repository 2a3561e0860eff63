//! A store as it lay on disk, and what may be wrong with a copy of it.

use std::path::Path;

use anyhow::{Context as _, ensure};
use firsthand_collector::store::sqlite::{FILE_NAME, SqliteConfig, SqliteStore};

use super::read;
use crate::dice::Dice;
use crate::scenario::Length;

/// Bytes before the first frame of a write-ahead log, and before the page of each (SQLite's file format, 4.1).
const WAL_HEADER_BYTES: u64 = 32;
const FRAME_HEADER_BYTES: u64 = 24;
/// What a disk writes as one.
const SECTOR_BYTES: u64 = 512;

/// What is wrong with a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// The log ends here.
    LogCut(u64),
    /// The sector of the log that holds this byte is garbage from here on; what was written after it is there.
    LogTorn(u64, u64),
    /// The log is folded into the file, of which the new bytes have arrived up to here.
    FoldCut(u64),
    /// The same, with pages that arrived in no order.
    FoldTorn(u64),
    /// The file ends here, though nothing was writing: no power cut does that.
    FileCut(u64),
    /// A page of the file is garbage: no power cut does that either.
    FileTorn(u64, u64),
}

impl Damage {
    /// Returns up to which length of the log everything acknowledged must be there; `None` where the disk has lost
    /// what it had promised to keep.
    pub(super) const fn whole_until(self) -> Option<u64> {
        match self {
            Self::LogCut(at) | Self::LogTorn(at, _) => Some(at),
            Self::FoldCut(_) | Self::FoldTorn(_) => Some(u64::MAX),
            Self::FileCut(_) | Self::FileTorn(..) => None,
        }
    }
}

/// The files of a store that was killed, and its data file with the log folded in.
#[derive(Debug)]
pub(super) struct Copies {
    beside: Vec<(String, Vec<u8>)>,
    file: Vec<u8>,
    wal: Vec<u8>,
    folded: Vec<u8>,
    page_bytes: u64,
}

impl Copies {
    /// Takes copies of a store that nobody has open.
    pub(super) async fn take(engine: &SqliteConfig) -> anyhow::Result<Self> {
        let wal_name = format!("{FILE_NAME}-wal");
        let mut beside = Vec::new();
        for entry in std::fs::read_dir(&engine.dir).context("reading the data folder")? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_data = name == FILE_NAME || name == wal_name || name.ends_with("-shm");
            if !is_data && entry.file_type()?.is_file() {
                beside.push((name, read(&entry.path())?));
            }
        }
        let mut copies = Self {
            beside,
            file: read(&engine.dir.join(FILE_NAME))?,
            wal: read(&engine.dir.join(wal_name))?,
            folded: Vec::new(),
            page_bytes: engine.page_bytes.into(),
        };
        let folder = tempfile::tempdir().context("making a folder")?;
        copies.write(folder.path(), &copies.file, &copies.wal)?;
        let config = SqliteConfig {
            dir: folder.path().to_owned(),
            ..engine.clone()
        };
        SqliteStore::open(config)?.close().await;
        copies.folded = read(&folder.path().join(FILE_NAME))?;
        ensure!(
            copies.folded.len() > copies.file.len(),
            "there is nothing in the log that the file does not have"
        );
        Ok(copies)
    }

    /// Returns the damages to try.
    pub(super) fn damages(&self, dice: &mut Dice, length: Length) -> Vec<Damage> {
        let frame = FRAME_HEADER_BYTES + self.page_bytes;
        let wal = self.wal.len() as u64;
        let frames = wal.saturating_sub(WAL_HEADER_BYTES) / frame;
        let mut all = vec![Damage::LogCut(0), Damage::LogCut(1), Damage::LogCut(wal)];
        let every = frames.div_ceil(length.of(24, 400)).max(1);
        for boundary in (0..=frames)
            .rev()
            .step_by(usize::try_from(every).unwrap_or(1))
        {
            let at = WAL_HEADER_BYTES + boundary * frame;
            all.extend([at - 1, at, at + 1].map(Damage::LogCut));
        }
        let folded = self.folded.len() as u64;
        let file = self.file.len() as u64;
        for _ in 0..length.of(12, 200) {
            all.extend([
                Damage::LogCut(dice.below(wal)),
                Damage::LogTorn(dice.below(wal), dice.roll()),
                Damage::FoldCut(dice.below(folded)),
                Damage::FoldTorn(dice.roll()),
                Damage::FileCut(dice.below(file)),
                Damage::FileTorn(dice.below(file), dice.roll()),
            ]);
        }
        all
    }

    /// Writes a damaged copy into a folder.
    pub(super) fn damaged(&self, damage: Damage, folder: &Path) -> anyhow::Result<()> {
        let mut file = self.file.clone();
        let mut wal = self.wal.clone();
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        match damage {
            Damage::LogCut(at) => wal.truncate(index(at)),
            Damage::LogTorn(at, seed) => tear(&mut wal, at, SECTOR_BYTES, seed),
            Damage::FoldCut(at) => {
                let at = index(at).min(self.folded.len());
                let old = file.get(at..).unwrap_or_default().to_vec();
                file.truncate(0);
                file.extend_from_slice(&self.folded[..at]);
                file.extend(old);
            }
            Damage::FoldTorn(seed) => {
                let mut dice = Dice::new(seed);
                let page = index(self.page_bytes);
                file.resize(self.folded.len(), 0);
                for (new, old) in self.folded.chunks(page).zip(file.chunks_mut(page)) {
                    // A page may be old, new, or new up to a sector.
                    let sectors = dice.below(self.page_bytes / SECTOR_BYTES * 3);
                    let bytes = index(sectors * SECTOR_BYTES).min(old.len());
                    old[..bytes].copy_from_slice(&new[..bytes]);
                }
            }
            Damage::FileCut(at) => file.truncate(index(at)),
            Damage::FileTorn(at, seed) => tear(&mut file, at, self.page_bytes, seed),
        }
        self.write(folder, &file, &wal)
    }

    fn write(&self, folder: &Path, file: &[u8], wal: &[u8]) -> anyhow::Result<()> {
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
        };
        for (name, bytes) in &self.beside {
            put(name, bytes)?;
        }
        put(FILE_NAME, file)?;
        put(&format!("{FILE_NAME}-wal"), wal)
    }
}

/// Makes garbage of what follows a place, up to the end of its unit.
fn tear(bytes: &mut [u8], at: u64, unit: u64, seed: u64) {
    let mut dice = Dice::new(seed);
    let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (from, to) = (index(at), index((at / unit + 1) * unit));
    let is_zero = dice.chance(50);
    for byte in &mut bytes[from..to] {
        *byte = if is_zero {
            0
        } else {
            dice.roll().to_le_bytes()[0]
        };
    }
}
