//! Master keys: where they come from, and what they wrap.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::sealed::{DataKey, Place};
use super::{FILE_NAME, KEY_BYTES, Raw, Wrapped, file};
use crate::secret::{SecretError, SecretSource};

/// Id of the first key of a key file.
pub const FILE_ID: &str = "file";
/// Longest id, in bytes.
const MAX_ID_BYTES: usize = 40;
/// Text by which a key is recognised.
const PROOF: &[u8] = b"firsthand";

/// One of `privacy.keys`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// Its name, in the data and in commands.
    pub id: String,
    /// Where its 64 hex digits are.
    pub secret: SecretSource,
}

impl KeyConfig {
    /// Whether this may be the id of a configured key; ids that begin with `file` are those of the key file.
    pub fn is_valid_id(id: &str) -> bool {
        is_plain(id) && !id.starts_with(FILE_ID)
    }
}

pub(super) fn is_plain(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// Why the data cannot be opened with the keys there are. Never holds a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A configured secret could not be fetched.
    #[error("privacy.keys.{id}: {source}")]
    Secret {
        /// The key.
        id: String,
        /// Why.
        source: SecretError,
    },
    /// A secret is not of its form.
    #[error(
        "the key {id} must be 64 hex digits, as `openssl rand -hex 32` makes them; got {bytes} bytes"
    )]
    Malformed {
        /// The key.
        id: String,
        /// Length of what was there.
        bytes: usize,
    },
    /// The key file cannot be read or written.
    #[error("the key file {path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// The system's words, or what is wrong in it.
        reason: String,
    },
    /// There is no key at all, and none may be made here.
    #[error(
        "there is no key: put {path} back, or list the keys in privacy.keys; without them the data cannot be read"
    )]
    None {
        /// Where the key file would be.
        path: String,
    },
    /// The data needs a key that is not there.
    #[error(
        "the data still needs the key \"{id}\": put it back into privacy.keys (or into the key file), and remove \
         it once `firsthand keys status` says that nothing needs it any more"
    )]
    Missing {
        /// The key.
        id: String,
    },
    /// A key of this name is there, but it is another one.
    #[error(
        "the key \"{id}\" is not the one that the data was sealed with: put the right secret back; a new key \
         needs a new id"
    )]
    Wrong {
        /// The key.
        id: String,
    },
}

/// Where the keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From `privacy.keys`.
    Configured,
    /// From the key file beside the data.
    File,
    /// From the key file, which was made just now.
    NewFile,
}

struct Master {
    id: String,
    key: DataKey,
}

/// The master keys, the newest first.
pub struct Masters {
    keys: Vec<Master>,
    origin: Origin,
}

impl fmt::Debug for Masters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.ids()).finish()
    }
}

impl Masters {
    /// Fetches the configured keys, then those of the key file if there is one. Where there are none, a key
    /// file is made if `may_create`.
    pub fn load(dir: &Path, configured: &[KeyConfig], may_create: bool) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for key in configured {
            let secret = key.secret.resolve().map_err(|source| KeyError::Secret {
                id: key.id.clone(),
                source,
            })?;
            keys.push(Master {
                id: key.id.clone(),
                key: DataKey::new(&parse(&key.id, secret.expose())?),
            });
        }
        let mut origin = Origin::Configured;
        let path = dir.join(FILE_NAME);
        let mut in_file = file::read(&path)?;
        if keys.is_empty() {
            origin = Origin::File;
            if in_file.is_empty() {
                if !may_create {
                    return Err(KeyError::None {
                        path: path.display().to_string(),
                    });
                }
                in_file = vec![(FILE_ID.to_owned(), Zeroizing::new(rand::random()))];
                file::write(&path, &in_file)?;
                origin = Origin::NewFile;
            }
        }
        keys.extend(in_file.into_iter().map(|(id, raw)| Master {
            id,
            key: DataKey::new(&raw),
        }));
        Ok(Self { keys, origin })
    }

    /// Returns the id of the key that wraps.
    pub fn newest(&self) -> &str {
        self.keys.first().map_or("", |master| master.id.as_str())
    }

    /// Returns the ids, the newest first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|master| master.id.as_str())
    }

    /// Returns where the keys come from.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns what the data keeps to recognise the key of this id by; `None` for a key that is not there.
    pub fn proof(&self, id: &str) -> Option<Vec<u8>> {
        Some(self.find(id).ok()?.seal(proof_place(id), PROOF))
    }

    /// Whether the key of this id is the one that made the proof.
    pub fn recognise(&self, id: &str, proof: &[u8]) -> Result<(), KeyError> {
        match self.find(id)?.open(proof_place(id), proof) {
            Ok(text) if text == PROOF => Ok(()),
            _ => Err(KeyError::Wrong { id: id.to_owned() }),
        }
    }

    pub(super) fn wrap(&self, place: Place<'_>, raw: &Raw) -> Wrapped {
        let master = self
            .keys
            .first()
            .expect("`load` leaves no list without a key");
        Wrapped {
            master: master.id.clone(),
            bytes: master.key.seal(place, raw.as_slice()),
        }
    }

    pub(super) fn unwrap(&self, place: Place<'_>, wrapped: &Wrapped) -> Result<Raw, KeyError> {
        let wrong = || KeyError::Wrong {
            id: wrapped.master.clone(),
        };
        let opened = self
            .find(&wrapped.master)?
            .open(place, &wrapped.bytes)
            .map_err(|_| wrong())?;
        let opened = Zeroizing::new(opened);
        let mut raw: Raw = Zeroizing::new([0; KEY_BYTES]);
        if opened.len() != KEY_BYTES {
            return Err(wrong());
        }
        raw.copy_from_slice(&opened);
        Ok(raw)
    }

    fn find(&self, id: &str) -> Result<&DataKey, KeyError> {
        self.keys
            .iter()
            .find(|master| master.id == id)
            .map(|master| &master.key)
            .ok_or_else(|| KeyError::Missing { id: id.to_owned() })
    }
}

const fn proof_place(id: &str) -> Place<'_> {
    Place {
        table: "masters",
        row: id.as_bytes(),
    }
}

/// Reads 64 hex digits.
pub(super) fn parse(id: &str, text: &str) -> Result<Raw, KeyError> {
    let malformed = || KeyError::Malformed {
        id: id.to_owned(),
        bytes: text.len(),
    };
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(malformed());
    }
    let mut raw: Raw = Zeroizing::new([0; KEY_BYTES]);
    for (slot, pair) in raw.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| malformed())?;
        *slot = u8::from_str_radix(pair, 16).map_err(|_| malformed())?;
    }
    Ok(raw)
}
