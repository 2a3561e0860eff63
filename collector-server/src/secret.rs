//! Secrets: named in the configuration, kept outside it.
//!
//! The TOML says where a secret is (`{ env = "META_TOKEN" }` or `{ file = "/run/secrets/meta" }`),
//! never what it is. A resolved [`Secret`] shows `***` wherever it is printed.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SecretSource {
    /// In an environment variable of this name.
    Env(String),
    /// In a file; white space around it is removed.
    File(PathBuf),
}

/// Why a secret could not be had. Names the place, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or not text.
    #[error("environment variable {0} is not set: set it, or name a file with {{ file = \"…\" }}")]
    MissingVariable(String),
    /// The file cannot be read.
    #[error("file {path} cannot be read: {reason}")]
    UnreadableFile {
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// There is nothing in it.
    #[error("{0} is empty")]
    Empty(String),
}

impl SecretSource {
    /// Fetches the secret.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        let (place, text) = match self {
            Self::Env(name) => (
                format!("environment variable {name}"),
                std::env::var(name).map_err(|_| SecretError::MissingVariable(name.clone()))?,
            ),
            Self::File(path) => (
                format!("file {}", path.display()),
                std::fs::read_to_string(path).map_err(|error| SecretError::UnreadableFile {
                    path: path.display().to_string(),
                    reason: error.to_string(),
                })?,
            ),
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(SecretError::Empty(place));
        }
        Ok(Secret(text.to_owned()))
    }
}

/// A secret that was fetched. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value that is a secret from now on.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the value, for the one place that has to send or compare it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_trimmed_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, " s3cret\n").unwrap();
        let secret = SecretSource::File(path).resolve().unwrap();
        assert_eq!(secret.expose(), "s3cret");
        assert_eq!(format!("{secret:?}"), "***");
    }

    #[test]
    fn a_missing_secret_says_where_it_was_looked_for() {
        let missing = SecretSource::Env("FIRSTHAND_NO_SUCH_VARIABLE".to_owned());
        let text = missing.resolve().unwrap_err().to_string();
        assert!(
            text.contains("FIRSTHAND_NO_SUCH_VARIABLE is not set"),
            "{text}"
        );
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty");
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(
            SecretSource::File(path).resolve(),
            Err(SecretError::Empty(_))
        ));
    }
}
