//! Where an export goes: a new file of its owner's, or stdout.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::private;

/// Opens the place of an export. A file that is there stays as it is.
pub(super) fn open(out: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    let Some(path) = out else {
        return Ok(Box::new(BufWriter::new(std::io::stdout().lock())));
    };
    match private::create_new(path) {
        Ok(file) => Ok(Box::new(BufWriter::new(file))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists: name a new file", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("writing {}", path.display())),
    }
}
