//! Sets of vendor ids as the frameworks write them: a bit for each id up to the greatest, or a list of ranges. Kept as they came, so that a
//! range over all ids costs what its four bytes in the text cost.

use super::bits::BitReader;

/// Most ranges that one set may have: what its counter of 12 bits can say.
pub const MAX_RANGES: usize = 4095;

/// Ids of vendors, 1 to 65,535.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VendorSet {
    max_id: u16,
    ids: Ids,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ids {
    /// A bit an id, most significant first; the first is id 1.
    Bits(Vec<u8>),
    /// First and last id of each range, both inside.
    Ranges(Vec<(u16, u16)>),
}

impl Default for Ids {
    fn default() -> Self {
        Self::Bits(Vec::new())
    }
}

/// Why a set cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The text ends before the set does.
    Truncated,
    /// A range that ends before it begins, or reaches beyond the ids that there are.
    Range,
}

impl VendorSet {
    /// Whether a vendor is in the set.
    pub fn contains(&self, id: u16) -> bool {
        match &self.ids {
            Ids::Bits(bytes) => id.checked_sub(1).is_some_and(|place| {
                bytes
                    .get(usize::from(place / 8))
                    .is_some_and(|byte| byte & (0x80 >> (place % 8)) != 0)
            }),
            Ids::Ranges(ranges) => ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&id)),
        }
    }

    /// Returns the greatest id that the set speaks of, 0 for none.
    pub const fn max_id(&self) -> u16 {
        self.max_id
    }

    /// Whether the set was written as ranges.
    pub const fn is_ranges(&self) -> bool {
        matches!(self.ids, Ids::Ranges(_))
    }

    /// Reads the greatest id, the form, and the ids.
    pub(super) fn read(bits: &mut BitReader<'_>) -> Result<Self, Unreadable> {
        let max_id = bits.short(16).ok_or(Unreadable::Truncated)?;
        let is_ranges = bits.flag().ok_or(Unreadable::Truncated)?;
        if is_ranges {
            return Self::read_ranges(bits, max_id);
        }
        if bits.left() < usize::from(max_id) {
            return Err(Unreadable::Truncated);
        }
        let mut bytes = Vec::with_capacity(usize::from(max_id).div_ceil(8));
        let mut left = usize::from(max_id);
        while left > 0 {
            let taken = left.min(8);
            let byte = bits.byte(taken).ok_or(Unreadable::Truncated)?;
            bytes.push(byte << (8 - taken));
            left -= taken;
        }
        Ok(Self {
            max_id,
            ids: Ids::Bits(bytes),
        })
    }

    /// Reads a counter and its ranges, none beyond `max_id`.
    pub(super) fn read_ranges(bits: &mut BitReader<'_>, max_id: u16) -> Result<Self, Unreadable> {
        let count = bits.short(12).ok_or(Unreadable::Truncated)?;
        // Not sized by the counter: what the text does not hold is not paid for.
        let mut ranges = Vec::new();
        for _ in 0..count {
            let is_range = bits.flag().ok_or(Unreadable::Truncated)?;
            let first = bits.short(16).ok_or(Unreadable::Truncated)?;
            let last = if is_range {
                bits.short(16).ok_or(Unreadable::Truncated)?
            } else {
                first
            };
            if first == 0 || first > last || last > max_id {
                return Err(Unreadable::Range);
            }
            ranges.push((first, last));
        }
        Ok(Self {
            max_id,
            ids: Ids::Ranges(ranges),
        })
    }
}
