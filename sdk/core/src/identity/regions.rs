//! Telephone regions: calling code, trunk prefix and lengths of subscriber numbers.
//!
//! Facts of the ITU numbering plans as libphonenumber 9.0.33 records them (fixed, mobile, internet and personal numbers; not toll-free or
//! premium ones, which name a company). Mexico's trunk prefix is its old mobile `1`, which people still write.

/// What is dialled before a national number at home and left out from abroad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trunk {
    /// Nothing. A leading zero, where there is one, belongs to the number (Italy).
    None,
    /// `0`, which never starts a number.
    Zero,
    /// `1`.
    One,
    /// `8`, in Belarus also `80`.
    Eight,
    /// `06` (Hungary).
    ZeroSix,
}

/// One region's plan. Regions that share a calling code share the trunk prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) country: [u8; 2],
    pub(super) calling_code: u16,
    pub(super) trunk: Trunk,
    /// Bit `n` is set when a national number may have `n` digits.
    pub(super) lengths: u16,
}

/// Returns a country's plan.
pub(super) fn of_country(country: [u8; 2]) -> Option<Region> {
    find(country, 0)
}

/// Returns the plan behind a calling code: the lengths of all its regions together.
pub(super) fn of_calling_code(code: u16) -> Option<Region> {
    find([0; 2], code)
}

/// Joins the regions of that country or calling code; no region has code 0 or a country of zeros.
#[inline(never)]
fn find(country: [u8; 2], calling_code: u16) -> Option<Region> {
    let mut found: Option<Region> = None;
    let mut code = 0;
    for ((listed, step), plan) in PACKED
        .countries
        .iter()
        .zip(&PACKED.steps)
        .zip(&PACKED.plans)
    {
        code += u16::from(*step);
        if *listed == country || code == calling_code {
            let bits = PACKED.palette.get(usize::from(*plan)).copied()?;
            let lengths = found.map_or(0, |plan| plan.lengths);
            found = Some(Region {
                country: *listed,
                calling_code: code,
                trunk: trunk_of(bits),
                lengths: lengths | bits & !TRUNK_BITS,
            });
        }
    }
    found
}

/// [`REGIONS`] as it is carried: by calling code, column by column, which compresses to two thirds.
struct Packed {
    countries: [[u8; 2]; REGIONS.len()],
    /// Calling code less the one before.
    steps: [u8; REGIONS.len()],
    /// Where in the palette the plan is.
    plans: [u8; REGIONS.len()],
    /// Lengths and, in the low bits, trunk prefix: no plan has numbers so short.
    palette: [u16; PLANS],
}

/// How many different plans there are.
const PLANS: usize = 61;
const TRUNK_BITS: u16 = 7;

static PACKED: Packed = pack();

const fn trunk_of(bits: u16) -> Trunk {
    match bits & TRUNK_BITS {
        0 => Trunk::None,
        1 => Trunk::Zero,
        2 => Trunk::One,
        3 => Trunk::Eight,
        _ => Trunk::ZeroSix,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "codes have three digits, plans are few; a test reads every row back"
)]
const fn pack() -> Packed {
    let mut packed = Packed {
        countries: [[0; 2]; REGIONS.len()],
        steps: [0; REGIONS.len()],
        plans: [0; REGIONS.len()],
        palette: [0; PLANS],
    };
    let (mut filled, mut code, mut before) = (0, 0, 0);
    while filled < REGIONS.len() {
        let mut row = 0;
        while row < REGIONS.len() {
            let region = REGIONS[row];
            if region.calling_code == code {
                let bits = region.lengths | region.trunk as u16;
                let mut plan = 0;
                while packed.palette[plan] != bits && packed.palette[plan] != 0 {
                    plan += 1;
                }
                packed.palette[plan] = bits;
                packed.countries[filled] = region.country;
                packed.steps[filled] = (code - before) as u8;
                packed.plans[filled] = plan as u8;
                before = code;
                filled += 1;
            }
            row += 1;
        }
        code += 1;
    }
    packed
}

const NONE: Trunk = Trunk::None;
const ZERO: Trunk = Trunk::Zero;
const ONE: Trunk = Trunk::One;
const EIGHT: Trunk = Trunk::Eight;
const ZERO_SIX: Trunk = Trunk::ZeroSix;

const fn row(country: [u8; 2], calling_code: u16, trunk: Trunk, digits: &[u8]) -> Region {
    let mut lengths = 0;
    let mut i = 0;
    while i < digits.len() {
        lengths |= 1 << digits[i];
        i += 1;
    }
    Region {
        country,
        calling_code,
        trunk,
        lengths,
    }
}

#[rustfmt::skip]
const REGIONS: [Region; 245] = [
    row(*b"AC", 247, NONE, &[5]),
    row(*b"AD", 376, NONE, &[6, 9]),
    row(*b"AE", 971, ZERO, &[8, 9]),
    row(*b"AF", 93, ZERO, &[9]),
    row(*b"AG", 1, ONE, &[10]),
    row(*b"AI", 1, ONE, &[10]),
    row(*b"AL", 355, ZERO, &[8, 9]),
    row(*b"AM", 374, ZERO, &[8]),
    row(*b"AO", 244, NONE, &[9]),
    row(*b"AR", 54, ZERO, &[10, 11, 12]),
    row(*b"AS", 1, ONE, &[10]),
    row(*b"AT", 43, ZERO, &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
    row(*b"AU", 61, ZERO, &[9]),
    row(*b"AW", 297, NONE, &[7]),
    row(*b"AX", 358, ZERO, &[6, 7, 8, 9, 10]),
    row(*b"AZ", 994, ZERO, &[9]),
    row(*b"BA", 387, ZERO, &[8, 9]),
    row(*b"BB", 1, ONE, &[10]),
    row(*b"BD", 880, ZERO, &[6, 7, 8, 9, 10]),
    row(*b"BE", 32, ZERO, &[8, 9]),
    row(*b"BF", 226, NONE, &[8]),
    row(*b"BG", 359, ZERO, &[6, 7, 8, 9]),
    row(*b"BH", 973, NONE, &[8]),
    row(*b"BI", 257, NONE, &[8]),
    row(*b"BJ", 229, NONE, &[8, 10]),
    row(*b"BL", 590, ZERO, &[9]),
    row(*b"BM", 1, ONE, &[10]),
    row(*b"BN", 673, NONE, &[7]),
    row(*b"BO", 591, ZERO, &[8]),
    row(*b"BQ", 599, NONE, &[7]),
    row(*b"BR", 55, ZERO, &[10, 11]),
    row(*b"BS", 1, ONE, &[10]),
    row(*b"BT", 975, NONE, &[7, 8]),
    row(*b"BW", 267, NONE, &[7, 8]),
    row(*b"BY", 375, EIGHT, &[9]),
    row(*b"BZ", 501, NONE, &[7]),
    row(*b"CA", 1, ONE, &[10]),
    row(*b"CC", 61, ZERO, &[9]),
    row(*b"CD", 243, ZERO, &[7, 8, 9, 10]),
    row(*b"CF", 236, NONE, &[8]),
    row(*b"CG", 242, NONE, &[9]),
    row(*b"CH", 41, ZERO, &[9]),
    row(*b"CI", 225, NONE, &[10]),
    row(*b"CK", 682, NONE, &[5]),
    row(*b"CL", 56, NONE, &[9]),
    row(*b"CM", 237, NONE, &[9]),
    row(*b"CN", 86, ZERO, &[7, 8, 9, 10, 11]),
    row(*b"CO", 57, ZERO, &[8, 10]),
    row(*b"CR", 506, NONE, &[8]),
    row(*b"CU", 53, ZERO, &[6, 7, 8, 10]),
    row(*b"CV", 238, NONE, &[7]),
    row(*b"CW", 599, NONE, &[7, 8]),
    row(*b"CX", 61, ZERO, &[9]),
    row(*b"CY", 357, NONE, &[8]),
    row(*b"CZ", 420, NONE, &[9]),
    row(*b"DE", 49, ZERO, &[5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
    row(*b"DJ", 253, NONE, &[8]),
    row(*b"DK", 45, NONE, &[8]),
    row(*b"DM", 1, ONE, &[10]),
    row(*b"DO", 1, ONE, &[10]),
    row(*b"DZ", 213, ZERO, &[8, 9]),
    row(*b"EC", 593, ZERO, &[8, 9]),
    row(*b"EE", 372, NONE, &[7, 8]),
    row(*b"EG", 20, ZERO, &[8, 9, 10]),
    row(*b"EH", 212, ZERO, &[9]),
    row(*b"ER", 291, ZERO, &[7]),
    row(*b"ES", 34, NONE, &[9]),
    row(*b"ET", 251, ZERO, &[9]),
    row(*b"FI", 358, ZERO, &[5, 6, 7, 8, 9, 10]),
    row(*b"FJ", 679, NONE, &[7]),
    row(*b"FK", 500, NONE, &[5]),
    row(*b"FM", 691, NONE, &[7]),
    row(*b"FO", 298, NONE, &[6]),
    row(*b"FR", 33, ZERO, &[9]),
    row(*b"GA", 241, NONE, &[7, 8]),
    row(*b"GB", 44, ZERO, &[9, 10]),
    row(*b"GD", 1, ONE, &[10]),
    row(*b"GE", 995, ZERO, &[9]),
    row(*b"GF", 594, ZERO, &[9]),
    row(*b"GG", 44, ZERO, &[10]),
    row(*b"GH", 233, ZERO, &[9]),
    row(*b"GI", 350, NONE, &[8]),
    row(*b"GL", 299, NONE, &[6]),
    row(*b"GM", 220, NONE, &[7]),
    row(*b"GN", 224, NONE, &[8, 9]),
    row(*b"GP", 590, ZERO, &[9]),
    row(*b"GQ", 240, NONE, &[9]),
    row(*b"GR", 30, NONE, &[10]),
    row(*b"GT", 502, NONE, &[8]),
    row(*b"GU", 1, ONE, &[10]),
    row(*b"GW", 245, NONE, &[7, 9]),
    row(*b"GY", 592, NONE, &[7]),
    row(*b"HK", 852, NONE, &[8]),
    row(*b"HN", 504, NONE, &[8]),
    row(*b"HR", 385, ZERO, &[8, 9]),
    row(*b"HT", 509, NONE, &[8]),
    row(*b"HU", 36, ZERO_SIX, &[8, 9]),
    row(*b"ID", 62, ZERO, &[7, 8, 9, 10, 11, 12]),
    row(*b"IE", 353, ZERO, &[7, 8, 9, 10]),
    row(*b"IL", 972, ZERO, &[8, 9, 11, 12]),
    row(*b"IM", 44, ZERO, &[10]),
    row(*b"IN", 91, ZERO, &[10]),
    row(*b"IO", 246, NONE, &[7]),
    row(*b"IQ", 964, ZERO, &[8, 9, 10]),
    row(*b"IR", 98, ZERO, &[6, 7, 10]),
    row(*b"IS", 354, NONE, &[7, 9]),
    row(*b"IT", 39, NONE, &[6, 7, 8, 9, 10, 11, 12]),
    row(*b"JE", 44, ZERO, &[10]),
    row(*b"JM", 1, ONE, &[10]),
    row(*b"JO", 962, ZERO, &[8, 9]),
    row(*b"JP", 81, ZERO, &[9, 10]),
    row(*b"KE", 254, ZERO, &[7, 8, 9]),
    row(*b"KG", 996, ZERO, &[9]),
    row(*b"KH", 855, ZERO, &[8, 9]),
    row(*b"KI", 686, ZERO, &[5, 8]),
    row(*b"KM", 269, NONE, &[7]),
    row(*b"KN", 1, ONE, &[10]),
    row(*b"KP", 850, ZERO, &[8, 10]),
    row(*b"KR", 82, ZERO, &[5, 6, 8, 9, 10, 11]),
    row(*b"KW", 965, NONE, &[8]),
    row(*b"KY", 1, ONE, &[10]),
    row(*b"KZ", 7, EIGHT, &[10]),
    row(*b"LA", 856, ZERO, &[8, 9, 10]),
    row(*b"LB", 961, ZERO, &[7, 8]),
    row(*b"LC", 1, ONE, &[10]),
    row(*b"LI", 423, ZERO, &[7, 9]),
    row(*b"LK", 94, ZERO, &[9]),
    row(*b"LR", 231, ZERO, &[7, 8, 9]),
    row(*b"LS", 266, NONE, &[8]),
    row(*b"LT", 370, ZERO, &[8]),
    row(*b"LU", 352, NONE, &[4, 5, 6, 7, 8, 9, 10, 11]),
    row(*b"LV", 371, NONE, &[8]),
    row(*b"LY", 218, ZERO, &[9]),
    row(*b"MA", 212, ZERO, &[9]),
    row(*b"MC", 377, ZERO, &[8, 9]),
    row(*b"MD", 373, ZERO, &[8]),
    row(*b"ME", 382, ZERO, &[8]),
    row(*b"MF", 590, ZERO, &[9]),
    row(*b"MG", 261, ZERO, &[9]),
    row(*b"MH", 692, ONE, &[7]),
    row(*b"MK", 389, ZERO, &[8]),
    row(*b"ML", 223, NONE, &[8]),
    row(*b"MM", 95, ZERO, &[6, 7, 8, 9, 10]),
    row(*b"MN", 976, ZERO, &[8, 9, 10]),
    row(*b"MO", 853, NONE, &[8]),
    row(*b"MP", 1, ONE, &[10]),
    row(*b"MQ", 596, ZERO, &[9]),
    row(*b"MR", 222, NONE, &[8]),
    row(*b"MS", 1, ONE, &[10]),
    row(*b"MT", 356, NONE, &[8]),
    row(*b"MU", 230, NONE, &[7, 8]),
    row(*b"MV", 960, NONE, &[7]),
    row(*b"MW", 265, ZERO, &[7, 9]),
    row(*b"MX", 52, ONE, &[10]),
    row(*b"MY", 60, ZERO, &[8, 9, 10]),
    row(*b"MZ", 258, NONE, &[8, 9]),
    row(*b"NA", 264, ZERO, &[8, 9]),
    row(*b"NC", 687, NONE, &[6]),
    row(*b"NE", 227, NONE, &[8]),
    row(*b"NF", 672, NONE, &[6]),
    row(*b"NG", 234, ZERO, &[10]),
    row(*b"NI", 505, NONE, &[8]),
    row(*b"NL", 31, ZERO, &[9, 11]),
    row(*b"NO", 47, NONE, &[8]),
    row(*b"NP", 977, ZERO, &[8, 10]),
    row(*b"NR", 674, NONE, &[7]),
    row(*b"NU", 683, NONE, &[4, 7]),
    row(*b"NZ", 64, ZERO, &[8, 9, 10]),
    row(*b"OM", 968, NONE, &[8]),
    row(*b"PA", 507, NONE, &[7, 8]),
    row(*b"PE", 51, ZERO, &[8, 9]),
    row(*b"PF", 689, NONE, &[8]),
    row(*b"PG", 675, NONE, &[7, 8]),
    row(*b"PH", 63, ZERO, &[6, 8, 9, 10]),
    row(*b"PK", 92, ZERO, &[9, 10]),
    row(*b"PL", 48, NONE, &[7, 9]),
    row(*b"PM", 508, ZERO, &[6, 9]),
    row(*b"PR", 1, ONE, &[10]),
    row(*b"PS", 970, ZERO, &[8, 9]),
    row(*b"PT", 351, NONE, &[9]),
    row(*b"PW", 680, NONE, &[7]),
    row(*b"PY", 595, ZERO, &[7, 8, 9]),
    row(*b"QA", 974, NONE, &[8]),
    row(*b"RE", 262, ZERO, &[9]),
    row(*b"RO", 40, ZERO, &[6, 9]),
    row(*b"RS", 381, ZERO, &[7, 8, 9, 10, 11, 12]),
    row(*b"RU", 7, EIGHT, &[10]),
    row(*b"RW", 250, ZERO, &[8, 9]),
    row(*b"SA", 966, ZERO, &[9]),
    row(*b"SB", 677, NONE, &[5, 7]),
    row(*b"SC", 248, NONE, &[7]),
    row(*b"SD", 249, ZERO, &[9]),
    row(*b"SE", 46, ZERO, &[7, 8, 9]),
    row(*b"SG", 65, NONE, &[8]),
    row(*b"SH", 290, NONE, &[4, 5]),
    row(*b"SI", 386, ZERO, &[8]),
    row(*b"SJ", 47, NONE, &[8]),
    row(*b"SK", 421, ZERO, &[6, 7, 9]),
    row(*b"SL", 232, ZERO, &[8]),
    row(*b"SM", 378, NONE, &[8, 10]),
    row(*b"SN", 221, NONE, &[9]),
    row(*b"SO", 252, ZERO, &[6, 7, 8, 9]),
    row(*b"SR", 597, NONE, &[6, 7]),
    row(*b"SS", 211, ZERO, &[9]),
    row(*b"ST", 239, NONE, &[7]),
    row(*b"SV", 503, NONE, &[8]),
    row(*b"SX", 1, ONE, &[10]),
    row(*b"SY", 963, ZERO, &[8, 9]),
    row(*b"SZ", 268, NONE, &[8]),
    row(*b"TA", 290, NONE, &[4]),
    row(*b"TC", 1, ONE, &[10]),
    row(*b"TD", 235, NONE, &[8]),
    row(*b"TG", 228, NONE, &[8]),
    row(*b"TH", 66, ZERO, &[8, 9]),
    row(*b"TJ", 992, NONE, &[9]),
    row(*b"TK", 690, NONE, &[4, 5, 6, 7]),
    row(*b"TL", 670, NONE, &[7, 8]),
    row(*b"TM", 993, EIGHT, &[8]),
    row(*b"TN", 216, NONE, &[8]),
    row(*b"TO", 676, NONE, &[5, 7]),
    row(*b"TR", 90, ZERO, &[10]),
    row(*b"TT", 1, ONE, &[10]),
    row(*b"TV", 688, NONE, &[5, 6, 7]),
    row(*b"TW", 886, ZERO, &[8, 9, 10, 11]),
    row(*b"TZ", 255, ZERO, &[9]),
    row(*b"UA", 380, ZERO, &[9]),
    row(*b"UG", 256, ZERO, &[9]),
    row(*b"US", 1, ONE, &[10]),
    row(*b"UY", 598, ZERO, &[8]),
    row(*b"UZ", 998, NONE, &[9]),
    row(*b"VA", 39, NONE, &[6, 7, 8, 9, 10, 11]),
    row(*b"VC", 1, ONE, &[10]),
    row(*b"VE", 58, ZERO, &[10]),
    row(*b"VG", 1, ONE, &[10]),
    row(*b"VI", 1, ONE, &[10]),
    row(*b"VN", 84, ZERO, &[9, 10]),
    row(*b"VU", 678, NONE, &[5, 7]),
    row(*b"WF", 681, NONE, &[6]),
    row(*b"WS", 685, NONE, &[5, 6, 7, 10]),
    row(*b"XK", 383, ZERO, &[8, 9, 10, 11, 12]),
    row(*b"YE", 967, ZERO, &[7, 8, 9]),
    row(*b"YT", 262, ZERO, &[9]),
    row(*b"ZA", 27, ZERO, &[5, 6, 7, 8, 9]),
    row(*b"ZM", 260, ZERO, &[9]),
    row(*b"ZW", 263, ZERO, &[5, 6, 7, 8, 9, 10]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_is_the_table() {
        for region in REGIONS {
            assert_eq!(of_country(region.country), Some(region));
            assert_eq!(region.lengths & TRUNK_BITS, 0, "{region:?}");
            let (mut lengths, code) = (0, region.calling_code);
            for other in REGIONS.iter().filter(|other| other.calling_code == code) {
                lengths |= other.lengths;
            }
            let joined = of_calling_code(code).unwrap();
            assert_eq!((joined.lengths, joined.trunk), (lengths, region.trunk));
        }
        assert!(PACKED.palette.iter().all(|plan| *plan != 0));
        assert_eq!(of_country([0; 2]).or(of_calling_code(0)), None);
        assert_eq!(of_calling_code(999), None);
    }
}
