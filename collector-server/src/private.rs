//! Files and folders for their owner's eyes alone: data, keys, backups, and what is exported about people. Whoever wants to share one says so
//! with `chmod`; the umask of whoever called decides nothing.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Its owner may read and write.
const FILE: u32 = 0o600;
/// Its owner may enter, look and change.
const FOLDER: u32 = 0o700;

/// Makes a file; an error of the kind `AlreadyExists` where there is one.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE)
        .open(path)
}

/// Makes a file, or empties the one that is there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE)
        .open(path)
}

/// Writes a file where there is none, on disk when it returns. What fails leaves nothing: half a file would be taken for a whole one.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| sync_dir_of(path));
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Brings the name of a file to disk.
pub(crate) fn sync_dir_of(path: &Path) -> io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    File::open(dir)?.sync_all()
}

/// Makes a folder and those above it. One that is there stays as it is.
pub(crate) fn create_dirs(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// Copies a file to a place where there is none.
pub(crate) fn copy_new(from: &Path, to: &Path) -> io::Result<()> {
    io::copy(&mut File::open(from)?, &mut create_new(to)?).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_its_owners_and_what_is_there_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        create_dirs(&folder).unwrap();
        create_dirs(&folder).unwrap();
        assert_eq!(
            (mode(&folder), mode(&root.path().join("a"))),
            (0o700, 0o700)
        );
        let file = folder.join("file");
        write_new(&file, b"text").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "text");
        assert_eq!(mode(&file), 0o600);
        let again = write_new(&file, b"other").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "text");

        let open = folder.join("open");
        std::fs::write(&open, "text").unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
        let copy = folder.join("copy");
        copy_new(&open, &copy).unwrap();
        assert_eq!(std::fs::read_to_string(&copy).unwrap(), "text");
        assert_eq!((mode(&open), mode(&copy)), (0o644, 0o600));
        create(&copy).unwrap();
        assert_eq!(std::fs::read_to_string(&copy).unwrap(), "");
    }
}
