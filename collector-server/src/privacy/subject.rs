//! Who a record is about, without saying who.
//!
//! Promises: an identifier (a browser's id, a shop's customer id, a digest) is kept here only as a blind
//! index: 16 bytes of HMAC-SHA256 under the blind secret of the key ring. Who knows the value finds its records;
//! who has the indexes without the master key finds no value, not even by trying all phone numbers. Pure.

use std::borrow::Cow;
use std::fmt;

use firsthand_core::consent::{PURPOSES, Purpose, Verdict};
use firsthand_core::identity::Digest;
use firsthand_core::ids::push_hex;
use firsthand_core::wire::{ConsentEvidence, DigestKey, User, Word};
use serde::{Deserialize, Serialize};

use super::keys::{Blind, KeyRing};

/// A blind index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlindKey(pub Blind);

impl BlindKey {
    /// Its length.
    pub const BYTES: usize = size_of::<Blind>();

    /// Reads 32 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::BYTES];
        if text.len() != 2 * Self::BYTES || !text.is_ascii() {
            return None;
        }
        for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Returns a text with 32 hex digits added.
    fn hex(self, mut text: String) -> String {
        for byte in self.0 {
            push_hex(&mut text, byte);
        }
        text
    }
}

impl fmt::Display for BlindKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.hex(String::with_capacity(2 * Self::BYTES)))
    }
}

impl fmt::Debug for BlindKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for BlindKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlindKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no blind index"))
    }
}

/// What kind of identifier. Two forms of one thing (an address and Google's form of it) are one kind: where
/// two people's forms meet, the mailbox is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A browser's first-party id.
    AnonymousId,
    /// The shop's own id of a customer.
    UserId,
    /// Digest of an e-mail address (`em`, `em_g`).
    Email,
    /// Digest of a phone number (`ph`, `ph_e`).
    Phone,
    /// Digest of another id of the customer (`xid`, `xid_t`).
    ExternalId,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::AnonymousId,
        Self::UserId,
        Self::Email,
        Self::Phone,
        Self::ExternalId,
    ];

    /// Returns the name in answers and receipts; it also separates the blind indexes of equal values.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnonymousId => "anonymous_id",
            Self::UserId => "user_id",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::ExternalId => "external_id",
        }
    }

    /// Returns the number in the store.
    pub const fn number(self) -> i64 {
        match self {
            Self::AnonymousId => 0,
            Self::UserId => 1,
            Self::Email => 2,
            Self::Phone => 3,
            Self::ExternalId => 4,
        }
    }

    /// Returns the kind of a number.
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    const fn of_digest(key: DigestKey) -> Option<Self> {
        match key {
            DigestKey::Email | DigestKey::EmailGoogle => Some(Self::Email),
            DigestKey::Phone | DigestKey::PhoneE164 => Some(Self::Phone),
            DigestKey::ExternalId | DigestKey::ExternalIdTrimmed => Some(Self::ExternalId),
            // Reddit's and Microsoft's forms of an address are those of other people's addresses as well.
            _ => None,
        }
    }
}

/// Most digests of one key in a header; what is beyond is neither kept nor names anybody.
pub const MAX_DIGESTS: usize = 10;

/// One identifier of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifier {
    /// Its kind.
    pub kind: Kind,
    /// Its blind index.
    pub key: BlindKey,
}

/// What makes the blind indexes of people.
impl KeyRing {
    /// Returns an identifier from its value as the wire has it: a digest in lower-case hex, an id as it is. Equal
    /// values of two kinds have different indexes. A browser's is the index under which its data key, its words on
    /// consent and its choices are kept ([`Self::subject`]).
    pub fn identifier(&self, kind: Kind, value: &str) -> Identifier {
        let key = match kind {
            Kind::AnonymousId => self.subject(value),
            Kind::UserId | Kind::Email | Kind::Phone | Kind::ExternalId => {
                self.blind(kind.as_str(), value.as_bytes())
            }
        };
        Identifier {
            kind,
            key: BlindKey(key),
        }
    }

    /// Returns the index under which the store keeps the data key of this identifier and what was said of it.
    pub fn subject_of(&self, identifier: &Identifier) -> Blind {
        match identifier.word_name() {
            Some(name) => self.subject(&name),
            None => identifier.key.0,
        }
    }

    /// Returns everything by which a header names its person, without repetition.
    pub fn identifiers(&self, user: &User<'_>) -> Vec<Identifier> {
        self.identifiers_of(
            user.anonymous_id.as_deref(),
            user.user_id.as_deref(),
            &user.digests,
        )
    }

    /// The same from its parts.
    pub fn identifiers_of(
        &self,
        anonymous_id: Option<&str>,
        user_id: Option<&str>,
        digests: &[(DigestKey, Cow<'_, str>)],
    ) -> Vec<Identifier> {
        let ids = [(Kind::AnonymousId, anonymous_id), (Kind::UserId, user_id)];
        let mut found: Vec<Identifier> = ids
            .into_iter()
            .filter_map(|(kind, value)| Some(self.identifier(kind, value?)))
            .collect();
        for (kind, value) in named_by(digests) {
            found.push(self.identifier(kind, &value));
        }
        found
    }
}

/// Returns by which digests a header names its person: each value once, though two forms of one thing are often the same.
fn named_by<'v>(digests: &'v [(DigestKey, Cow<'_, str>)]) -> Vec<(Kind, Cow<'v, str>)> {
    let mut named: Vec<(Kind, Cow<'v, str>)> = Vec::new();
    let mut counts: Vec<(DigestKey, usize)> = Vec::new();
    for (key, value) in digests {
        let (Some(kind), Some(value)) = (Kind::of_digest(*key), Digest::canonical(value)) else {
            continue;
        };
        if named
            .iter()
            .any(|known| known.0 == kind && known.1 == value)
        {
            continue;
        }
        let place = counts.iter().position(|(counted, _)| counted == key);
        let place = place.unwrap_or_else(|| {
            counts.push((*key, 0));
            counts.len() - 1
        });
        if let Some((_, count)) = counts.get_mut(place)
            && *count < MAX_DIGESTS
        {
            *count += 1;
            named.push((kind, value));
        }
    }
    named
}

impl Identifier {
    /// Returns under which name the store keeps a word on consent that was said of this identifier, and the data key
    /// of who has no browser; `None` for a browser's, which are kept under its id.
    pub fn word_name(&self) -> Option<String> {
        if self.kind == Kind::AnonymousId {
            return None;
        }
        let mut name = String::with_capacity(1 + 2 * BlindKey::BYTES);
        name.push('#');
        Some(self.key.hex(name))
    }
}

/// Returns what names a person best, as the store names who a data key belongs to: the anonymous id, else the first
/// of the other identifiers.
pub fn owner_name(anonymous_id: Option<&str>, identifiers: &[Identifier]) -> Option<String> {
    let other = || identifiers.iter().find_map(Identifier::word_name);
    anonymous_id.map(str::to_owned).or_else(other)
}

/// When a person last said no to each purpose, on any device. In the order of `Purpose::ALL`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals(pub [Option<i64>; PURPOSES]);

impl Refusals {
    /// Returns what an evidence refuses: every answer no, the visitor's own or a framework's, and with Global
    /// Privacy Control what `verdict` does not allow for that reason.
    pub fn by(evidence: &ConsentEvidence<'_>, verdict: Verdict) -> Self {
        let own = evidence.choice.as_ref();
        let framework = evidence.framework.as_ref();
        Self(Purpose::ALL.map(|purpose| {
            let is_switched_off = evidence.gpc && !verdict.allows(purpose);
            let is_no = |answer: Option<bool>| answer.is_some_and(|yes| !yes || is_switched_off);
            let own = own.filter(|choice| is_no(choice.answer(purpose)));
            let framework = framework.filter(|framework| is_no(framework.answer(purpose)));
            // `None` is before every time.
            own.map(|choice| choice.at_ms)
                .max(framework.map(|framework| framework.at_ms))
        }))
    }

    /// Whether nothing is refused.
    pub fn is_none(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Returns the later no of both, purpose by purpose.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut joint = self;
        for (slot, theirs) in joint.0.iter_mut().zip(other.0) {
            // `None` is before every time.
            *slot = (*slot).max(theirs);
        }
        joint
    }

    /// Whether a no stands against answers of this time (`None`: there were none). Answers that were given after
    /// it stand: who says yes on a device knows what was said elsewhere.
    pub fn stands(&self, purpose: Purpose, said_at_ms: Option<i64>) -> bool {
        let at_ms = self.0.get(purpose as usize).copied().flatten();
        at_ms.is_some_and(|at_ms| said_at_ms.is_none_or(|said| said <= at_ms))
    }

    /// Takes away what is refused. Returns whether anything was.
    pub fn restrict(&self, verdict: &mut Verdict, said_at_ms: Option<i64>) -> bool {
        let before = verdict.allow;
        for (slot, purpose) in verdict.allow.iter_mut().zip(Purpose::ALL) {
            *slot = *slot && !self.stands(purpose, said_at_ms);
        }
        verdict.allow != before
    }
}

/// Joins what was said of a person under several names: the latest answers, and what still holds of the earlier
/// ones beside them ([`ConsentEvidence::keep_of`]). A word that cannot be read stays no grant.
pub fn joint_word<'a>(words: impl Iterator<Item = Word<'a>>) -> Option<Word<'a>> {
    let mut all: Vec<Word<'a>> = words.collect();
    all.sort_by_key(|word| word.evidence.said_at_ms().unwrap_or(word.received_at_ms));
    all.into_iter().reduce(|mut before, mut next| {
        if next.evidence.is_signal_only() {
            before.evidence.keep_of(&next.evidence);
            return before;
        }
        if next.evidence.said_at_ms().is_some() {
            next.evidence.keep_of(&before.evidence);
        }
        next
    })
}

/// What is known of the person behind an identifier before an event of theirs is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// What was refused on any device.
    pub refused: Refusals,
    /// The person is kept out.
    pub is_suppressed: bool,
}

impl Standing {
    /// Returns what holds for who is both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            refused: self.refused.and(other.refused),
            is_suppressed: self.is_suppressed || other.is_suppressed,
        }
    }
}

/// Whom a request is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// By what it names the person.
    pub identifiers: Vec<Identifier>,
    /// Whether these may be known to be one person: consent to match keys was given, or a trusted server passes
    /// on a word on consent.
    pub may_link: bool,
    /// What was refused under one of them.
    pub refused: Refusals,
}

impl Subject {
    /// Whether the store has something to learn: that several identifiers are one person.
    pub fn is_telling(&self) -> bool {
        self.may_link && self.identifiers.len() > 1
    }
}

#[cfg(test)]
mod tests;
