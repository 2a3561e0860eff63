//! Who may pass the administrative doors: roles, and tokens that are kept as hashes.
//!
//! A token is `fhk_<id>_<secret>`. The id finds the one row to compare with; of the secret (128 random
//! bits) only an argon2id hash is kept. A token is shown once, when it is made.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use serde::{Deserialize, Serialize};

use super::id::base32;
use crate::secret::Secret;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at events, their fate and the quarantine.
    Read,
    /// What `read` may, and runs the forwarding.
    Operate,
    /// What `read` may, and proofs, exports and erasure.
    Privacy,
    /// Everything, tokens too.
    Admin,
}

impl Role {
    /// Returns the name in commands, the store and the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Privacy => "privacy",
            Self::Admin => "admin",
        }
    }

    /// Returns the role of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Read, Self::Operate, Self::Privacy, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == name)
    }

    /// Whether this role may what `needed` may.
    pub fn allows(self, needed: Self) -> bool {
        self == Self::Admin || self == needed || needed == Self::Read
    }
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its public half.
    pub id: String,
    /// What people call it; in the audit log.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// argon2id hash in the PHC string format.
    pub hash: String,
    /// When it was made, in epoch milliseconds.
    pub created_at_ms: i64,
    /// When it was revoked, in epoch milliseconds.
    pub revoked_at_ms: Option<i64>,
}

/// Bits of the public half that are used, and its digits.
const ID_DIGITS: u32 = 10;
/// Digits of the secret half: 128 bits.
const SECRET_DIGITS: u32 = 26;
/// Longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// Why no token could be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name is not of its form.
    #[error("a token's name is 1 to {MAX_NAME_BYTES} letters, digits, spaces and -_.")]
    Name,
    /// The hash could not be computed.
    #[error("the token could not be hashed: {0}")]
    Hash(String),
}

/// Makes a token: what is shown once, and what is kept. `random` is from the system's generator.
pub fn make(
    name: &str,
    role: Role,
    random: (u64, u128),
    now_ms: i64,
) -> Result<(Secret, TokenRow), TokenError> {
    let is_name = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_' | b'.'));
    if !is_name {
        return Err(TokenError::Name);
    }
    let id = base32(random.0.into(), ID_DIGITS).to_ascii_lowercase();
    let secret = base32(random.1, SECRET_DIGITS).to_ascii_lowercase();
    let hash = Argon2::default()
        .hash_password(secret.as_bytes())
        .map_err(|error| TokenError::Hash(error.to_string()))?
        .to_string();
    let row = TokenRow {
        id: id.clone(),
        name: name.to_owned(),
        role,
        hash,
        created_at_ms: now_ms,
        revoked_at_ms: None,
    };
    Ok((Secret::new(format!("fhk_{id}_{secret}")), row))
}

/// Takes a token apart: its id and its secret.
pub fn parse(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.strip_prefix("fhk_")?.split_once('_')?;
    let is_right = |text: &str, digits: u32| {
        u32::try_from(text.len()) == Ok(digits) && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    (is_right(id, ID_DIGITS) && is_right(secret, SECRET_DIGITS)).then_some((id, secret))
}

/// Whether the secret is the row's. Takes tens of milliseconds and 19 MiB, on purpose; compares in
/// constant time.
pub fn verify(secret: &str, row: &TokenRow) -> bool {
    PasswordHash::new(&row.hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(secret.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_verified_by_its_secret_and_shown_nowhere() {
        let (token, row) = make("anna", Role::Privacy, (7, 9), 5).unwrap();
        let (id, secret) = parse(token.expose()).unwrap();
        assert_eq!((id, id.len(), secret.len()), (row.id.as_str(), 10, 26));
        assert!(row.hash.starts_with("$argon2id$"));
        assert!(!row.hash.contains(secret) && !format!("{row:?}{token:?}").contains(secret));
        assert!(verify(secret, &row));
        assert!(!verify(&secret.replace('9', "8"), &row));
        let broken = TokenRow {
            hash: "nonsense".to_owned(),
            ..row
        };
        assert!(!verify(secret, &broken));
    }

    #[test]
    fn what_is_no_token_is_refused_before_anything_is_computed() {
        for text in [
            "",
            "fhk_",
            "fhk_a_b",
            "fhk_0000000007",
            &format!("fhk_0000000007_{}", "é".repeat(13)),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        for name in ["", "a\nb", &"x".repeat(65), "jane@example.com"] {
            assert!(make(name, Role::Read, (1, 1), 0).is_err(), "{name}");
        }
    }

    #[test]
    fn roles_allow_what_they_are_for() {
        use Role::{Admin, Operate, Privacy, Read};
        for (role, needed, want) in [
            (Read, Read, true),
            (Read, Operate, false),
            (Read, Privacy, false),
            (Operate, Read, true),
            (Operate, Privacy, false),
            (Privacy, Read, true),
            (Privacy, Operate, false),
            (Privacy, Admin, false),
            (Admin, Read, true),
            (Admin, Operate, true),
            (Admin, Privacy, true),
            (Admin, Admin, true),
        ] {
            assert_eq!(role.allows(needed), want, "{role:?} {needed:?}");
        }
        for role in [Read, Operate, Privacy, Admin] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }
}
