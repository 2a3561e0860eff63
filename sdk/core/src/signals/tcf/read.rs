//! The fields of the segments, in the order of the specification.

use super::{IdBits, PublisherTc, Restriction, RestrictionType, TcString, TcfError};
use crate::signals::bits::BitReader;
use crate::signals::vendors::VendorSet;

/// Version that is read.
const VERSION: u8 = 2;
const PURPOSE_BITS: u8 = 24;
const SPECIAL_FEATURE_BITS: u8 = 12;

/// Returns a reader of one segment.
pub(super) fn open(segment: &str) -> Result<BitReader<'_>, TcfError> {
    let bits = BitReader::new(segment).ok_or(TcfError::NotBase64Url)?;
    if segment.is_empty() {
        return Err(TcfError::NotBase64Url);
    }
    Ok(bits)
}

/// Reads the core segment.
pub(super) fn core(bits: &mut BitReader<'_>) -> Result<TcString, TcfError> {
    const END: TcfError = TcfError::Truncated;
    if bits.byte(6).ok_or(END)? != VERSION {
        return Err(TcfError::Version);
    }
    // Fields are evaluated in the order in which they stand here, which is that of the string.
    let mut tc = TcString {
        created_ms: bits.number(36).ok_or(END)? * 100,
        last_updated_ms: bits.number(36).ok_or(END)? * 100,
        cmp_id: bits.short(12).ok_or(END)?,
        cmp_version: bits.short(12).ok_or(END)?,
        consent_screen: bits.byte(6).ok_or(END)?,
        consent_language: bits.letters().ok_or(END)?,
        vendor_list_version: bits.short(12).ok_or(END)?,
        policy_version: bits.byte(6).ok_or(END)?,
        is_service_specific: bits.flag().ok_or(END)?,
        use_non_standard_texts: bits.flag().ok_or(END)?,
        special_feature_opt_ins: IdBits::read(bits, SPECIAL_FEATURE_BITS).ok_or(END)?,
        purpose_consents: IdBits::read(bits, PURPOSE_BITS).ok_or(END)?,
        purpose_legitimate_interests: IdBits::read(bits, PURPOSE_BITS).ok_or(END)?,
        purpose_one_treatment: bits.flag().ok_or(END)?,
        publisher_country: bits.letters().ok_or(END)?,
        vendor_consents: VendorSet::read(bits)?,
        vendor_legitimate_interests: VendorSet::read(bits)?,
        restrictions: Vec::new(),
        disclosed_vendors: None,
        publisher: None,
    };
    let count = bits.short(12).ok_or(END)?;
    for _ in 0..count {
        let purpose = bits.byte(6).ok_or(END)?;
        let kind = match bits.byte(2).ok_or(END)? {
            0 => RestrictionType::NotAllowed,
            1 => RestrictionType::RequireConsent,
            2 => RestrictionType::RequireLegitimateInterest,
            _ => RestrictionType::Undefined,
        };
        tc.restrictions.push(Restriction {
            purpose,
            kind,
            vendors: VendorSet::read_ranges(bits, u16::MAX)?,
        });
    }
    Ok(tc)
}

/// Reads the publisher's segment behind its type.
pub(super) fn publisher(bits: &mut BitReader<'_>) -> Option<PublisherTc> {
    let consents = IdBits::read(bits, PURPOSE_BITS)?;
    let legitimate_interests = IdBits::read(bits, PURPOSE_BITS)?;
    let custom_purposes = bits.byte(6)?;
    Some(PublisherTc {
        consents,
        legitimate_interests,
        custom_purposes,
        custom_consents: IdBits::read(bits, custom_purposes)?,
        custom_legitimate_interests: IdBits::read(bits, custom_purposes)?,
    })
}
