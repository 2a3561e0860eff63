//! IAB Transparency and Consent Framework: the TC string, version 2 (TCF 2.0 to 2.3).
//!
//! ```text
//! <core>[.<disclosed vendors>][.<publisher TC>]     base64url; the core first, the others in any order
//! core: version 6, created 36, last updated 36 (tenths of a second), CMP id 12, CMP version 12, screen 6, language 12, vendor list 12,
//!       policy 6, service specific 1, non-standard texts 1, special features 12, purpose consents 24, purpose LI 24,
//!       purpose one treatment 1, publisher country 12, vendor consents, vendor LI, publisher restrictions
//! ```
//!
//! Source: IAB Tech Lab, "Consent string and vendor list formats v2". A string of another version, of global scope, or (from March 2026 on)
//! without the disclosed vendors grants nothing. A segment that this does not know may restrict what the others grant: the string is refused.

mod read;

use core::fmt;

use super::bits::BitReader;
use super::joint::Answers;
use super::vendors::{Unreadable, VendorSet};
use crate::consent::Purpose;

/// Longest text that is read, in bytes. Strings with every vendor and many restrictions have 2 to 4 kB.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Strings last updated at or after this time (1 March 2026, epoch milliseconds) must list the disclosed vendors (TCF 2.3).
pub const DISCLOSED_VENDORS_SINCE_MS: u64 = 1_772_323_200_000;

/// Why a text is no TC string. Whoever gets it has no consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcfError {
    /// Longer than [`MAX_TEXT_BYTES`].
    TooLong,
    /// A segment is empty or has a character outside the base64url alphabet.
    NotBase64Url,
    /// Not version 2.
    Version,
    /// A segment ends before its last field.
    Truncated,
    /// A range of vendors ends before it begins, or reaches beyond the greatest id.
    VendorRange,
    /// A segment of a type that is not known.
    UnknownSegment,
    /// A segment that is there twice.
    RepeatedSegment,
}

impl fmt::Display for TcfError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooLong => "the TC string has more than 16384 bytes",
            Self::NotBase64Url => "the TC string has an empty segment or is not base64url",
            Self::Version => "the TC string is not of version 2",
            Self::Truncated => "the TC string is cut off",
            Self::VendorRange => "the TC string has a range of vendors that cannot be",
            Self::UnknownSegment => "the TC string has a segment of an unknown type",
            Self::RepeatedSegment => "the TC string has a segment twice",
        })
    }
}

impl core::error::Error for TcfError {}

impl From<Unreadable> for TcfError {
    fn from(reason: Unreadable) -> Self {
        match reason {
            Unreadable::Truncated => Self::Truncated,
            Unreadable::Range => Self::VendorRange,
        }
    }
}

/// A set of small ids that begin at 1 (purposes, special features).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdBits {
    bits: u64,
    len: u8,
}

impl IdBits {
    /// Whether an id is in the set.
    pub const fn contains(self, id: u8) -> bool {
        id >= 1 && id <= self.len && self.bits >> (self.len - id) & 1 == 1
    }

    fn read(bits: &mut BitReader<'_>, len: u8) -> Option<Self> {
        let bits = bits.number(usize::from(len))?;
        Some(Self { bits, len })
    }
}

/// What a publisher says about one purpose of some vendors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestrictionType {
    /// The purpose is not allowed.
    NotAllowed,
    /// Consent is required.
    RequireConsent,
    /// Legitimate interest is required.
    RequireLegitimateInterest,
    /// A type that the framework has not defined.
    Undefined,
}

/// A restriction that the publisher sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Id of the purpose.
    pub purpose: u8,
    /// What is said about it.
    pub kind: RestrictionType,
    /// Whom it concerns.
    pub vendors: VendorSet,
}

/// The publisher's own purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublisherTc {
    /// Standard purposes with the user's consent.
    pub consents: IdBits,
    /// Standard purposes under legitimate interest.
    pub legitimate_interests: IdBits,
    /// How many purposes of its own the publisher has.
    pub custom_purposes: u8,
    /// Which of these have the user's consent.
    pub custom_consents: IdBits,
    /// Which of these run under legitimate interest.
    pub custom_legitimate_interests: IdBits,
}

/// Whom the answers are for, and how strict they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms<'a> {
    /// Ids in the Global Vendor List of those who would get data; each of them must be allowed to. Without any, sharing follows purpose 7
    /// alone.
    pub vendors: &'a [u16],
    /// Takes legitimate interest for purposes 7 to 9 too, where the user did not object. Off unless the operator says that the vendors
    /// declare it.
    pub accept_legitimate_interest: bool,
}

/// A decoded TC string.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // the framework's own fields
pub struct TcString {
    /// When consent was first recorded, in epoch milliseconds.
    pub created_ms: u64,
    /// When it was last changed, in epoch milliseconds.
    pub last_updated_ms: u64,
    /// Id of the consent tool.
    pub cmp_id: u16,
    /// Its version.
    pub cmp_version: u16,
    /// The screen on which the user chose.
    pub consent_screen: u8,
    /// Language of the texts, ISO 639-1 in upper case.
    pub consent_language: [u8; 2],
    /// Version of the vendor list.
    pub vendor_list_version: u16,
    /// Version of the framework's policies.
    pub policy_version: u8,
    /// Whether the string is of this service alone, the only scope that is valid.
    pub is_service_specific: bool,
    /// Whether texts other than the framework's were shown.
    pub use_non_standard_texts: bool,
    /// Special features that the user opted in to.
    pub special_feature_opt_ins: IdBits,
    /// Purposes with the user's consent.
    pub purpose_consents: IdBits,
    /// Purposes under legitimate interest without objection.
    pub purpose_legitimate_interests: IdBits,
    /// Purpose 1 was not disclosed, as the publisher's country asks.
    pub purpose_one_treatment: bool,
    /// The publisher's country, ISO 3166-1 in upper case.
    pub publisher_country: [u8; 2],
    /// Vendors with the user's consent.
    pub vendor_consents: VendorSet,
    /// Vendors under legitimate interest without objection.
    pub vendor_legitimate_interests: VendorSet,
    /// What the publisher restricts.
    pub restrictions: Vec<Restriction>,
    /// Vendors that were disclosed to the user, where the segment is there.
    pub disclosed_vendors: Option<VendorSet>,
    /// The publisher's own purposes, where the segment is there.
    pub publisher: Option<PublisherTc>,
}

impl TcString {
    /// Reads a TC string.
    pub fn decode(text: &str) -> Result<Self, TcfError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(TcfError::TooLong);
        }
        let mut segments = crate::text::fields(text, b'.');
        let core = segments.next().unwrap_or_default();
        let mut tc = read::core(&mut read::open(core)?)?;
        for segment in segments {
            let mut bits = read::open(segment)?;
            match bits.byte(3) {
                Some(1) if tc.disclosed_vendors.is_none() => {
                    tc.disclosed_vendors = Some(VendorSet::read(&mut bits)?);
                }
                Some(3) if tc.publisher.is_none() => {
                    tc.publisher = Some(read::publisher(&mut bits).ok_or(TcfError::Truncated)?);
                }
                Some(1 | 3) => return Err(TcfError::RepeatedSegment),
                // Allowed vendors: of the global scope that no longer exists.
                Some(2) => {}
                _ => return Err(TcfError::UnknownSegment),
            }
        }
        Ok(tc)
    }

    /// Whether the string can grant anything: of this service alone, and with the disclosed vendors where these are due.
    pub const fn is_valid(&self) -> bool {
        self.is_service_specific
            && (self.disclosed_vendors.is_some()
                || self.last_updated_ms < DISCLOSED_VENDORS_SINCE_MS)
    }

    /// Returns the answers for one vendor, or for none: then sharing follows purpose 7 without the conditions on vendors. Every purpose is
    /// answered.
    pub fn answers(&self, vendor: Option<u16>, accept_legitimate_interest: bool) -> Answers {
        self.answers_for(&Terms {
            vendors: vendor.as_slice(),
            accept_legitimate_interest,
        })
    }

    /// Returns the answers for several vendors, all of which must be allowed to get data.
    ///
    /// Storage (purpose 1) is the condition of every answer. Marketing needs the consents 3 and 4, personalization 5 and 6, analytics 8 and 9,
    /// sharing 7 with the vendor's own consent, its disclosure, and no restriction of the publisher on 1 or 7.
    pub fn answers_for(&self, terms: &Terms<'_>) -> Answers {
        let can_store = self.purpose_consents.contains(1) || self.purpose_one_treatment;
        let is_open = self.is_valid() && can_store;
        let consents = |purposes: [u8; 2]| {
            is_open
                && purposes
                    .into_iter()
                    .all(|id| self.purpose_consents.contains(id))
        };
        let runs = |id: u8| {
            self.purpose_consents.contains(id)
                || terms.accept_legitimate_interest
                    && self.purpose_legitimate_interests.contains(id)
        };
        let shares = if terms.vendors.is_empty() {
            runs(7)
        } else {
            terms
                .vendors
                .iter()
                .all(|vendor| self.shares_with(*vendor, terms.accept_legitimate_interest))
        };
        Purpose::ALL.map(|purpose| {
            Some(match purpose {
                Purpose::Marketing => consents([3, 4]),
                Purpose::Analytics => is_open && runs(8) && runs(9),
                Purpose::Personalization => consents([5, 6]),
                Purpose::ThirdPartySharing => is_open && shares,
            })
        })
    }

    /// Whether purpose 7 runs for a vendor.
    fn shares_with(&self, vendor: u16, accept_legitimate_interest: bool) -> bool {
        let is_disclosed = self
            .disclosed_vendors
            .as_ref()
            .is_none_or(|disclosed| disclosed.contains(vendor));
        let is_restricted = |purpose: u8, kind: RestrictionType| {
            self.restrictions.iter().any(|restriction| {
                restriction.purpose == purpose
                    && restriction.kind == kind
                    && restriction.vendors.contains(vendor)
            })
        };
        let by_consent = self.purpose_consents.contains(7) && self.vendor_consents.contains(vendor);
        let by_legitimate_interest = accept_legitimate_interest
            && self.purpose_legitimate_interests.contains(7)
            && self.vendor_legitimate_interests.contains(vendor)
            && !is_restricted(7, RestrictionType::RequireConsent);
        (by_consent || by_legitimate_interest)
            && is_disclosed
            && ![1, 7]
                .into_iter()
                .any(|purpose| is_restricted(purpose, RestrictionType::NotAllowed))
    }
}
