//! What a privacy officer can ask for: an erasure, a name for the list of those who are kept out, one off it.
//!
//! A task is written down before anything is done, and carried out in steps, each in one transaction with the
//! note of how far it is: a process that dies in between goes on where it was. Pure; the store has the steps.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::chain::Hash;
use super::subject::{Identifier, Kind};
use crate::store::Seq;

/// Name and version of the form of a receipt.
pub const SCHEMA: &str = "firsthand-erasure-1";
/// Longest [`VerifiedBy`], in bytes.
pub const MAX_VERIFIED_BYTES: usize = 120;
/// Most identifiers that one task may name, those it finds included.
pub const MAX_IDENTIFIERS: usize = 2_000;
/// Most events that a task may name by their transaction.
pub const MAX_EVENTS: usize = 1_000;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Everything about a person goes, and the person is kept out.
    Erase,
    /// A person is kept out from now on; what is there stays.
    Suppress,
    /// A person is let in again.
    Release,
}

impl TaskKind {
    /// Returns the name in the store and in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erase => "erase",
            Self::Suppress => "suppress",
            Self::Release => "release",
        }
    }

    /// Returns the kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Erase, Self::Suppress, Self::Release]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// How the identity of who asks was verified, in the officer's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VerifiedBy(String);

/// Why a text does not say how somebody was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifiedByError {
    /// There is nothing in it.
    #[error(
        "verified-by is empty: say how the identity of who asks was verified, such as \"link in an e-mail\""
    )]
    Empty,
    /// It is too long or holds control characters.
    #[error("verified-by must be one line of at most {MAX_VERIFIED_BYTES} bytes")]
    Form,
    /// It would keep what was to be erased.
    #[error(
        "verified-by holds an e-mail address or a long number: name the way, not the person, as it is kept"
    )]
    Personal,
}

impl VerifiedBy {
    /// Longest run of digits that is no number of a person, such as a ticket's.
    const MOST_DIGITS: usize = 6;

    /// Takes the officer's words.
    pub fn parse(text: &str) -> Result<Self, VerifiedByError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(VerifiedByError::Empty);
        }
        if text.len() > MAX_VERIFIED_BYTES || text.chars().any(char::is_control) {
            return Err(VerifiedByError::Form);
        }
        let digits = text
            .split(|c: char| !c.is_ascii_digit())
            .map(str::len)
            .max()
            .unwrap_or(0);
        if text.contains('@') || digits > Self::MOST_DIGITS {
            return Err(VerifiedByError::Personal);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whom or what a task is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Identifiers of the person.
    pub identifiers: Vec<Identifier>,
    /// Events of the person that name nobody, by their positions.
    pub seqs: Vec<Seq>,
    /// Only these identifiers, not those that are known to be the same person's.
    pub is_exact: bool,
    /// An entry of the list of those who are kept out.
    pub entry: Option<String>,
}

impl Target {
    /// Whether it is about nobody.
    pub fn is_empty(&self) -> bool {
        self.identifiers.is_empty() && self.seqs.is_empty() && self.entry.is_none()
    }
}

/// Who asks, and on what ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// A token's name, or `cli:` and the system's user.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// How the person was verified.
    pub verified_by: VerifiedBy,
}

/// How many records of which kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Ways from the person to receipts of choices; the receipts stay as evidence that leads to nobody.
    pub choices: u64,
    /// Words on consent.
    pub consent_words: u64,
    /// Copies of events from other sources.
    pub copies: u64,
    /// Dead letters among the events' fates.
    pub dead_letters: u64,
    /// Events.
    pub events: u64,
    /// What is known of events at destinations: deliveries, refusals, attempts.
    pub fates: u64,
    /// Ways from an order of a shop system to its visitor.
    pub orders: u64,
    /// Refused events in quarantine.
    pub quarantined: u64,
    /// Events at destinations that were still to be sent.
    pub waiting: u64,
}

impl Counts {
    /// Whether there is nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// How many identifiers of each kind, by name.
pub fn kinds(identifiers: &[Identifier]) -> Value {
    Kind::ALL
        .into_iter()
        .map(|kind| {
            let count = identifiers.iter().filter(|i| i.kind == kind).count();
            (kind.as_str().to_owned(), Value::from(count))
        })
        .filter(|(_, count)| *count != 0)
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The proof that a task was carried out. Its members stand in the order of their names: written as it is, it
/// is canonical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What was done.
    pub action: TaskKind,
    /// Who asked.
    pub actor: String,
    /// When it was asked for, in epoch milliseconds.
    pub asked_at: i64,
    /// What went, by kind.
    pub counts: Counts,
    /// When it was done, in epoch milliseconds.
    pub done_at: i64,
    /// Its own name, a ULID.
    pub id: String,
    /// How many identifiers of each kind it was about.
    pub identifiers: Value,
    /// How many keys were destroyed: what they sealed is unreadable in older backups too.
    pub keys_destroyed: u64,
    /// The numbers of the receipts in the consent ledger that say so.
    pub ledger: Vec<i64>,
    /// In which role.
    pub role: String,
    /// [`SCHEMA`].
    pub schema: String,
    /// How the person was verified.
    pub verified_by: VerifiedBy,
}

impl Receipt {
    /// Returns the canonical form: what is kept and hashed.
    pub fn canonical(&self) -> String {
        // Strings, numbers and lists of them: nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the hash of a canonical form, as it stands in the audit log.
    pub fn hash(canonical: &str) -> Hash {
        Hash(Sha256::digest(canonical.as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_verified_says_how_and_not_whom() {
        for (text, want) in [
            (
                "  link in an e-mail, ticket 4711 ",
                Ok("link in an e-mail, ticket 4711"),
            ),
            ("", Err(VerifiedByError::Empty)),
            (" \n", Err(VerifiedByError::Empty)),
            ("a\nb", Err(VerifiedByError::Form)),
            (&"x".repeat(121), Err(VerifiedByError::Form)),
            ("mail from jane@example.com", Err(VerifiedByError::Personal)),
            ("call from +491711234567", Err(VerifiedByError::Personal)),
        ] {
            let got = VerifiedBy::parse(text);
            assert_eq!(
                got.as_ref().map(VerifiedBy::as_str).map_err(|e| *e),
                want,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_receipt_is_canonical() {
        let receipt = Receipt {
            action: TaskKind::Erase,
            actor: "anna".to_owned(),
            asked_at: 1,
            counts: Counts {
                events: 2,
                ..Counts::default()
            },
            done_at: 3,
            id: "01".to_owned(),
            identifiers: serde_json::json!({ "email": 1 }),
            keys_destroyed: 1,
            ledger: vec![7],
            role: "privacy".to_owned(),
            schema: SCHEMA.to_owned(),
            verified_by: VerifiedBy::parse("account login").unwrap(),
        };
        let text = receipt.canonical();
        let sorted: std::collections::BTreeMap<String, Value> =
            serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&sorted).unwrap(), text);
        assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
    }
}
