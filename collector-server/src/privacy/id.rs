//! Random names: ULIDs for what is listed by time, plain random ones for secrets.

/// Crockford's base 32: no letter that reads like a digit.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Digits of a ULID.
const ULID_DIGITS: u32 = 26;

/// Returns a ULID: 48 bits of milliseconds since 1970, then 80 random bits, 26 digits that sort by time.
pub fn ulid(now_ms: i64, random: [u8; 10]) -> String {
    let time = u128::try_from(now_ms.clamp(0, (1 << 48) - 1)).unwrap_or(0);
    let random = random
        .iter()
        .fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    base32(time << 80 | random, ULID_DIGITS)
}

/// Whether this has the form of a ULID.
pub fn is_ulid(text: &[u8]) -> bool {
    u32::try_from(text.len()) == Ok(ULID_DIGITS) && text.iter().all(|b| DIGITS.contains(b))
}

/// Returns the lowest bits of a number as base 32 digits, the highest first.
pub fn base32(bits: u128, digits: u32) -> String {
    (0..digits)
        .rev()
        .map(|place| {
            let digit = bits.checked_shr(place * 5).unwrap_or(0) & 31;
            // 31 at most.
            char::from(DIGITS[usize::try_from(digit).unwrap_or(0) & 31])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ulid_sorts_by_time_and_has_the_form_of_the_specification() {
        // The example of the specification.
        assert!(ulid(1_469_918_176_385, [7; 10]).starts_with("01ARYZ6S41"));
        assert!(ulid(1, [255; 10]) < ulid(2, [0; 10]));
        assert_eq!(ulid(i64::MAX, [255; 10]), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(ulid(-1, [0; 10]), "0".repeat(26));
        for (text, want) in [
            (ulid(5, [3; 10]), true),
            ("0".repeat(25), false),
            ("jane.doe.with.a.long.name".to_owned() + "x", false),
            ("I".repeat(26), false),
        ] {
            assert_eq!(is_ulid(text.as_bytes()), want, "{text}");
        }
    }
}
