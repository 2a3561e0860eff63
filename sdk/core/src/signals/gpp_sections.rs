//! The US sections of a GPP string: which fields each has, in which order. Orders are not shared, so every section has its row.
//!
//! Source: IAB Tech Lab, Global Privacy Platform, "Sections". All fields have two bits but the first, the version, which has six. Notices:
//! 0 not applicable, 1 given, 2 not given. Opt-outs: 0 not applicable, 1 opted out, 2 did not. Consents: 0 not applicable, 1 no, 2 yes.

use super::bits::BitReader;
use super::gpp::GppError;
use super::joint::{Answers, SILENT};
use crate::consent::Purpose;

/// A field of a US section; the framework's own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Field {
    SharingNotice,
    ProcessingNotice,
    SaleOptOutNotice,
    SharingOptOutNotice,
    TargetedAdvertisingOptOutNotice,
    SensitiveDataProcessingOptOutNotice,
    SensitiveDataOptOutNotice,
    SensitiveDataLimitUseNotice,
    SaleOptOut,
    SharingOptOut,
    TargetedAdvertisingOptOut,
    SensitiveDataProcessing,
    KnownChildSensitiveDataConsents,
    PersonalDataConsents,
    AdditionalDataProcessingConsent,
    MspaCoveredTransaction,
    MspaOptOutOptionMode,
    MspaServiceProviderMode,
    MspaMode,
}

use Field::{
    AdditionalDataProcessingConsent as Additional, KnownChildSensitiveDataConsents as Child,
    MspaCoveredTransaction as Covered, MspaMode, MspaOptOutOptionMode as OptionMode,
    MspaServiceProviderMode as ProviderMode, PersonalDataConsents as Personal, ProcessingNotice,
    SaleOptOut, SaleOptOutNotice, SensitiveDataLimitUseNotice as LimitUseNotice,
    SensitiveDataOptOutNotice as SensitiveNotice, SensitiveDataProcessing as Sensitive,
    SensitiveDataProcessingOptOutNotice as SensitiveProcessingNotice, SharingNotice, SharingOptOut,
    SharingOptOutNotice, TargetedAdvertisingOptOut as TargetedOptOut,
    TargetedAdvertisingOptOutNotice as TargetedNotice,
};

/// What the segment behind the core holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    /// Two bits of type (1) and the browser's signal. Read for sections that do not define it too: a signal is a wish.
    Gpc,
    /// Eight consents to the processing of sensitive data.
    Sensitive,
}

/// The fields of one section, and how often each is repeated.
#[derive(Debug)]
struct Layout {
    id: u16,
    name: &'static str,
    core: &'static [(Field, u8)],
    second: Second,
}

/// Section of the MSPA, all states, in its two versions.
const NATIONAL: u16 = 7;
/// Bits of a national core of version 1 at most: 60, and what fills them up.
const NATIONAL_V1_BITS: usize = 66;

/// Most values that a section has, those of the national one being 31.
const MOST_VALUES: usize = 32;

macro_rules! layouts {
    ($($id:literal $name:literal $second:ident [$($field:ident $count:literal),+ $(,)?])+) => {
        &[$(Layout { id: $id, name: $name, second: Second::$second, core: &[$(($field, $count)),+] }),+]
    };
}

/// The national section as it was in version 1: fewer sensitive fields, fewer about children.
static NATIONAL_V1: &[(Field, u8)] = &[
    (SharingNotice, 1),
    (SaleOptOutNotice, 1),
    (SharingOptOutNotice, 1),
    (TargetedNotice, 1),
    (SensitiveProcessingNotice, 1),
    (LimitUseNotice, 1),
    (SaleOptOut, 1),
    (SharingOptOut, 1),
    (TargetedOptOut, 1),
    (Sensitive, 12),
    (Child, 2),
    (Personal, 1),
    (Covered, 1),
    (OptionMode, 1),
    (ProviderMode, 1),
];

#[rustfmt::skip] // a table
static LAYOUTS: &[Layout] = layouts! {
    7 "usnat" Gpc [SharingNotice 1, SaleOptOutNotice 1, SharingOptOutNotice 1, TargetedNotice 1, SensitiveProcessingNotice 1,
        LimitUseNotice 1, SaleOptOut 1, SharingOptOut 1, TargetedOptOut 1, Sensitive 16, Child 3, Personal 1, Covered 1, OptionMode 1, ProviderMode 1]
    8 "usca" Gpc [SaleOptOutNotice 1, SharingOptOutNotice 1, LimitUseNotice 1, SaleOptOut 1, SharingOptOut 1, Sensitive 9, Child 2,
        Personal 1, Covered 1, OptionMode 1, ProviderMode 1]
    9 "usva" Gpc [SharingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 1,
        Covered 1, OptionMode 1, ProviderMode 1]
    10 "usco" Gpc [SharingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 7, Child 1,
        Covered 1, OptionMode 1, ProviderMode 1]
    11 "usut" Gpc [SharingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SensitiveProcessingNotice 1, SaleOptOut 1, TargetedOptOut 1,
        Sensitive 8, Child 1, Covered 1, OptionMode 1, ProviderMode 1]
    12 "usct" Gpc [SharingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 3,
        Covered 1, OptionMode 1, ProviderMode 1]
    13 "usfl" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 3,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    14 "usmt" Gpc [SharingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 3,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    15 "usor" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 11, Child 3,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    16 "ustx" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 1,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    17 "usde" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 9, Child 5,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    18 "usia" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SensitiveNotice 1, SaleOptOut 1, TargetedOptOut 1,
        Sensitive 8, Child 1, Covered 1, OptionMode 1, ProviderMode 1]
    19 "usne" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 1,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    20 "usnh" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 3,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    21 "usnj" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 10, Child 5,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    22 "ustn" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 1,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    23 "usmn" Gpc [ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1, Sensitive 8, Child 1,
        Additional 1, Covered 1, OptionMode 1, ProviderMode 1]
    24 "usmd" Gpc [Covered 1, MspaMode 1, ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1, TargetedOptOut 1,
        Additional 1]
    25 "usin" Sensitive [Covered 1, MspaMode 1, ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1,
        TargetedOptOut 1, Child 1, Additional 1]
    26 "usky" Sensitive [Covered 1, MspaMode 1, ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1,
        TargetedOptOut 1, Child 1, Additional 1]
    27 "usri" Sensitive [Covered 1, MspaMode 1, ProcessingNotice 1, SaleOptOutNotice 1, TargetedNotice 1, SaleOptOut 1,
        TargetedOptOut 1, Child 1, Additional 1]
};

/// A decoded US section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsSection {
    name: &'static str,
    core: &'static [(Field, u8)],
    version: u8,
    values: Vec<u8>,
    sensitive: Option<[u8; 8]>,
    gpc: Option<bool>,
}

/// What became of reading a section.
pub(super) enum Outcome {
    Read(UsSection),
    /// A section, or a version of one, that is not in the table.
    Unknown,
}

impl UsSection {
    /// Returns the framework's name of the section, such as `usca`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the version of the layout.
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// Returns the browser's signal, where the section carries it.
    pub const fn gpc(&self) -> Option<bool> {
        self.gpc
    }

    /// Returns the values of a field, one or several; none where the section has no such field.
    pub fn values(&self, wanted: Field) -> &[u8] {
        let mut at = 0;
        for (field, count) in self.core {
            let end = at + usize::from(*count);
            if *field == wanted {
                return self.values.get(at..end).unwrap_or_default();
            }
            at = end;
        }
        match (&self.sensitive, wanted) {
            (Some(values), Sensitive) => values,
            _ => &[],
        }
    }

    /// Whether the visitor opted out of sale, sharing or targeted advertising.
    pub fn is_opted_out(&self) -> bool {
        [SaleOptOut, SharingOptOut, TargetedOptOut]
            .into_iter()
            .any(|field| self.values(field).contains(&1))
    }

    /// Whether the visitor is known to be a child without the consent that this needs.
    pub fn is_child_without_consent(&self) -> bool {
        self.values(Child).contains(&1)
    }

    /// Whether data may be shared with other companies.
    pub fn allows_sharing(&self) -> bool {
        !self.is_opted_out() && !self.is_child_without_consent() && self.gpc != Some(true)
    }

    /// Returns the answers; a US section says nothing about other purposes than sharing.
    pub fn answers(&self) -> Answers {
        let mut answers = SILENT;
        answers[Purpose::ThirdPartySharing as usize] = Some(self.allows_sharing());
        answers
    }
}

/// Reads the US section of an id.
pub(super) fn read(id: u16, text: &str) -> Result<Outcome, GppError> {
    let Some(layout) = LAYOUTS.iter().find(|layout| layout.id == id) else {
        return Ok(Outcome::Unknown);
    };
    let mut segments = crate::text::fields(text, b'.');
    let mut bits = open(segments.next().unwrap_or_default())?;
    let core = if id == NATIONAL && bits.left() <= NATIONAL_V1_BITS {
        NATIONAL_V1
    } else {
        layout.core
    };
    let version = bits.byte(6).ok_or(GppError::Truncated)?;
    let (first, last) = if id == NATIONAL { (1, 2) } else { (1, 1) };
    if !(first..=last).contains(&version) {
        return Ok(Outcome::Unknown);
    }
    // What has the length of version 1 and says 2 was cut off.
    if version == 2 && core == NATIONAL_V1 {
        return Err(GppError::Truncated);
    }
    let mut values = Vec::with_capacity(MOST_VALUES);
    for (_, count) in core {
        for _ in 0..*count {
            values.push(value(&mut bits)?);
        }
    }
    let mut section = UsSection {
        name: layout.name,
        core,
        version,
        values,
        sensitive: None,
        gpc: None,
    };
    if let Some(second) = segments.next() {
        let mut bits = open(second)?;
        match layout.second {
            Second::Gpc => {
                if bits.byte(2) != Some(1) {
                    return Err(GppError::Segment);
                }
                section.gpc = Some(bits.flag().ok_or(GppError::Truncated)?);
            }
            Second::Sensitive => {
                let mut sensitive = [0; 8];
                for slot in &mut sensitive {
                    *slot = value(&mut bits)?;
                }
                section.sensitive = Some(sensitive);
            }
        }
    }
    if segments.next().is_some() {
        return Err(GppError::Segment);
    }
    Ok(Outcome::Read(section))
}

fn open(segment: &str) -> Result<BitReader<'_>, GppError> {
    if segment.is_empty() {
        return Err(GppError::Truncated);
    }
    BitReader::new(segment).ok_or(GppError::NotBase64Url)
}

/// Reads two bits; 3 means nothing.
fn value(bits: &mut BitReader<'_>) -> Result<u8, GppError> {
    match bits.byte(2) {
        Some(value @ 0..=2) => Ok(value),
        Some(_) => Err(GppError::Value),
        None => Err(GppError::Truncated),
    }
}
