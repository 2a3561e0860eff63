//! IAB Global Privacy Platform: a header that lists section ids, and the sections.
//!
//! ```text
//! <header>~<section>[~<section>…]      header, base64url: type 6 (3), version 6 (1), count 12, then the ids in rising order, each as the
//!                                      distance from the one before (a flag, then one number, or first and last), Fibonacci-coded
//! ```
//!
//! Source: IAB Tech Lab, "Consent String Specification" of the Global Privacy Platform. Sections of unknown ids or versions say nothing; a
//! section that is damaged makes the whole string unusable.

use core::fmt;

use super::bits::BitReader;
use super::gpp_sections::{self, Outcome, UsSection};
use super::joint::{Answers, SILENT, combine};
use super::tcf::{TcString, TcfError, Terms};
use super::us_privacy::{self, UsPrivacy};

/// Longest text that is read, in bytes: a TC string of the greatest length and the other sections.
pub const MAX_TEXT_BYTES: usize = 24 * 1024;

/// Most sections of one string; 27 ids are given away.
pub const MAX_SECTIONS: usize = 64;

const HEADER_TYPE: u8 = 3;
const HEADER_VERSION: u8 = 1;

/// Id of the TC string's section.
pub const TCF_EU_V2: u16 = 2;
/// Id of the US Privacy string's section.
pub const US_PRIVACY_V1: u16 = 6;

/// Why a text is no usable GPP string: it says nothing then, and the region's rule and the browser's own signal count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GppError {
    /// Longer than [`MAX_TEXT_BYTES`].
    TooLong,
    /// The header is not one of GPP version 1.
    Header,
    /// The header lists no section.
    NoSections,
    /// The header lists more than [`MAX_SECTIONS`].
    TooManySections,
    /// There are more or fewer sections than the header lists.
    SectionCount,
    /// A character outside the base64url alphabet.
    NotBase64Url,
    /// A section ends before its last field.
    Truncated,
    /// A field has a value that means nothing.
    Value,
    /// A segment that the section does not have.
    Segment,
    /// The US Privacy section is none.
    UsPrivacy,
    /// The TCF section is none.
    Tcf(TcfError),
}

impl fmt::Display for GppError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooLong => "the GPP string has more than 24576 bytes",
            Self::Header => "the GPP string does not begin with a header of version 1",
            Self::NoSections => "the GPP string has no section",
            Self::TooManySections => "the GPP string lists more than 64 sections",
            Self::SectionCount => "the GPP string has other sections than its header lists",
            Self::NotBase64Url => "the GPP string has a section that is not base64url",
            Self::Truncated => "the GPP string has a section that is cut off",
            Self::Value => "the GPP string has a field with a value that means nothing",
            Self::Segment => "the GPP string has a segment of an unknown kind",
            Self::UsPrivacy => "the GPP string has a US Privacy section that is none",
            Self::Tcf(error) => return error.fmt(out),
        })
    }
}

impl core::error::Error for GppError {}

/// One section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Section {
    /// Section 2.
    Tcf(Box<TcString>),
    /// Section 6.
    UsPrivacy(UsPrivacy),
    /// Sections 7 to 27.
    Us(UsSection),
    /// Of an id or a version that is not known, Canada's and the first European one among them. Says nothing.
    Unknown,
}

impl Section {
    /// Returns the section's answers; `terms` are for TCF.
    pub fn answers(&self, terms: &Terms<'_>) -> Answers {
        match self {
            Self::Tcf(tc) => tc.answers_for(terms),
            Self::UsPrivacy(us_privacy) => us_privacy.answers(),
            Self::Us(section) => section.answers(),
            Self::Unknown => SILENT,
        }
    }
}

/// A decoded GPP string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpp {
    /// Sections by id, in rising order; at least one.
    pub sections: Vec<(u16, Section)>,
}

impl Gpp {
    /// Reads a GPP string.
    pub fn decode(text: &str) -> Result<Self, GppError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(GppError::TooLong);
        }
        let mut parts = crate::text::fields(text, b'~');
        let ids = read_header(parts.next().unwrap_or_default())?;
        let mut sections = Vec::with_capacity(ids.len());
        for id in ids {
            let part = parts.next().ok_or(GppError::SectionCount)?;
            sections.push((id, read_section(id, part)?));
        }
        if parts.next().is_some() {
            return Err(GppError::SectionCount);
        }
        Ok(Self { sections })
    }

    /// Returns the answers of the sections that apply, TCF without conditions on vendors. See [`Self::answers_for`].
    pub fn answers(&self, applicable: &[u16]) -> Answers {
        self.answers_for(applicable, &Terms::default())
    }

    /// Returns the strictest answers of the sections that apply, as the consent tool lists them (`applicableSections`).
    ///
    /// Without a list all sections count. Where the tool says that none applies (`-1`), there is nothing to ask.
    pub fn answers_for(&self, applicable: &[u16], terms: &Terms<'_>) -> Answers {
        let all: Vec<Answers> = self
            .applying(applicable)
            .map(|section| section.answers(terms))
            .collect();
        combine(&all).0
    }

    /// Whether a section that applies carries the browser's Global Privacy Control.
    pub fn has_gpc(&self, applicable: &[u16]) -> bool {
        self.applying(applicable)
            .any(|section| matches!(section, Section::Us(us) if us.gpc() == Some(true)))
    }

    /// Returns the section of an id.
    pub fn section(&self, id: u16) -> Option<&Section> {
        self.sections
            .iter()
            .find(|(listed, _)| *listed == id)
            .map(|(_, section)| section)
    }

    fn applying<'a>(&'a self, applicable: &'a [u16]) -> impl Iterator<Item = &'a Section> {
        self.sections
            .iter()
            .filter(|(id, _)| applicable.is_empty() || applicable.contains(id))
            .map(|(_, section)| section)
    }
}

fn read_section(id: u16, text: &str) -> Result<Section, GppError> {
    match id {
        TCF_EU_V2 => TcString::decode(text)
            .map(|tc| Section::Tcf(Box::new(tc)))
            .map_err(GppError::Tcf),
        US_PRIVACY_V1 => us_privacy::decode(text)
            .map(Section::UsPrivacy)
            .ok_or(GppError::UsPrivacy),
        _ => match gpp_sections::read(id, text)? {
            Outcome::Read(section) => Ok(Section::Us(section)),
            Outcome::Unknown => Ok(Section::Unknown),
        },
    }
}

/// Reads the ids that a header lists.
fn read_header(text: &str) -> Result<Vec<u16>, GppError> {
    let mut bits = BitReader::new(text).ok_or(GppError::Header)?;
    if bits.byte(6) != Some(HEADER_TYPE) || bits.byte(6) != Some(HEADER_VERSION) {
        return Err(GppError::Header);
    }
    let count = bits.short(12).ok_or(GppError::Header)?;
    let mut ids = Vec::new();
    let mut last: u16 = 0;
    for _ in 0..count {
        let is_range = bits.flag().ok_or(GppError::Header)?;
        let first = next_id(&mut bits, last)?;
        last = if is_range {
            next_id(&mut bits, first)?
        } else {
            first
        };
        if usize::from(last - first) + ids.len() >= MAX_SECTIONS {
            return Err(GppError::TooManySections);
        }
        ids.extend(first..=last);
    }
    if ids.is_empty() {
        return Err(GppError::NoSections);
    }
    Ok(ids)
}

/// Reads the distance from the id before.
fn next_id(bits: &mut BitReader<'_>, before: u16) -> Result<u16, GppError> {
    let distance = bits.fibonacci().and_then(|id| u16::try_from(id).ok());
    distance
        .and_then(|distance| before.checked_add(distance))
        .ok_or(GppError::Header)
}
