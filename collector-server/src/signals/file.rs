//! The file in which the counts survive a start: `signals.json` in the data directory.

use std::io::{self, Write as _};
use std::path::Path;

use super::book::Book;
use crate::private;

/// Its name.
pub(super) const FILE_NAME: &str = "signals.json";
/// A larger one is not ours.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Reads the counts; none where there is no file, or one that cannot be read: then it is told, and a new one is begun.
pub(super) fn read(dir: &Path) -> Book {
    let path = dir.join(FILE_NAME);
    let read = || -> io::Result<Book> {
        if std::fs::metadata(&path)?.len() > MOST_BYTES {
            return Err(io::Error::other("the file is too large"));
        }
        Ok(serde_json::from_slice(&std::fs::read(&path)?)?)
    };
    match read() {
        Ok(book) => book,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Book::default(),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "what usually comes is not known any more");
            Book::default()
        }
    }
}

/// Writes the counts beside the file and puts them in its place.
pub(super) fn write(dir: &Path, book: &Book) -> io::Result<()> {
    let beside = dir.join(format!("{FILE_NAME}.new"));
    let mut file = private::create(&beside)?;
    serde_json::to_writer(io::BufWriter::new(&file), book)?;
    file.flush()?;
    file.sync_all()?;
    std::fs::rename(beside, dir.join(FILE_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_of_ours_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()), Book::default());
        let mut book = Book::default();
        book.arrange(["web"].into_iter(), &[]);
        write(dir.path(), &book).unwrap();
        assert_eq!(read(dir.path()), book);
        for text in [
            "",
            "{\"sources\":{\"web\"",
            "[1]",
            "{\"sources\":{\"web\":7}}",
        ] {
            std::fs::write(dir.path().join(FILE_NAME), text).unwrap();
            assert_eq!(read(dir.path()), Book::default(), "{text}");
        }
    }
}
