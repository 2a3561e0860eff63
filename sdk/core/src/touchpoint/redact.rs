//! Percent decoding, and e-mail addresses where none belong.

use crate::text::hex_value;

/// What stands where an e-mail address stood.
pub(super) const REDACTED: &str = "redacted";

/// True when an `@`, plain or percent-encoded (even twice), has a word character on either side.
pub(super) fn holds_email(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut before = 0;
    for (at, b) in text.bytes().enumerate() {
        let sign = bytes.get(at..).map_or(0, at_sign_len);
        let after = bytes.get(at + sign).copied().unwrap_or(0);
        if sign > 0 && is_word(before) && is_word(after) {
            return true;
        }
        before = b;
    }
    false
}

/// Length of an at sign at the start of `bytes`, zero when there is none.
fn at_sign_len(bytes: &[u8]) -> usize {
    match bytes {
        [b'@', ..] => 1,
        [b'%', b'4', b'0', ..] => 3,
        [b'%', b'2', b'5', b'4', b'0', ..] => 5,
        _ => 0,
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b >= 0x80 || matches!(b, b'_' | b'-' | b'.' | b'+' | b'%')
}

/// Decodes `%XX`, and `+` as a space where `plus_is_space`. What is no UTF-8 afterwards gives nothing.
///
/// Characters are put together here: the checks of `String::from_utf8` cost a kilobyte of wasm.
#[inline(never)]
pub(super) fn percent_decode(raw: &str, plus_is_space: bool) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut bytes = raw.as_bytes().iter();
    // The character under construction, how many bytes it lacks, and the least that so many bytes may stand for.
    let (mut code, mut missing, mut least) = (0, 0, 0);
    while let Some(&b) = bytes.next() {
        let byte = if b == b'%'
            && let Some(byte) = byte_of_hex(bytes.as_slice())
        {
            bytes.nth(1);
            byte
        } else if b == b'+' && plus_is_space {
            b' '
        } else {
            b
        };
        if missing > 0 {
            if byte & 0xc0 != 0x80 {
                return None;
            }
            missing -= 1;
            code = code << 6 | u32::from(byte & 0x3f);
        } else {
            let mask;
            (missing, mask, least) = match byte {
                0..0x80 => (0, 0x7f, 0),
                0xc0..0xe0 => (1, 0x1f, 0x80),
                0xe0..0xf0 => (2, 0xf, 0x800),
                0xf0..0xf8 => (3, 7, 0x1_0000),
                _ => return None,
            };
            code = u32::from(byte & mask);
        }
        if missing == 0 {
            if code < least {
                return None;
            }
            out.push(char::from_u32(code)?);
        }
    }
    (missing == 0).then_some(out)
}

fn byte_of_hex(escape: &[u8]) -> Option<u8> {
    match escape {
        [high, low, ..] => Some(hex_value(*high)? << 4 | hex_value(*low)?),
        _ => None,
    }
}

/// Cuts at a character boundary to at most `max` bytes.
pub(super) fn cap(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escape(bytes: &[u8]) -> String {
        let mut out = String::new();
        for b in bytes {
            out.push('%');
            crate::ids::push_hex(&mut out, *b);
        }
        out
    }

    proptest! {
        #[test]
        fn what_is_decoded_is_what_the_bytes_spell(bytes: Vec<u8>) {
            let escaped = escape(&bytes);
            prop_assert_eq!(percent_decode(&escaped, false), String::from_utf8(bytes).ok());
        }

        #[test]
        fn text_comes_back(text: String, rest in "[%0-9a-f+é]{0,9}") {
            let escaped = escape(text.as_bytes());
            prop_assert_eq!(percent_decode(&escaped, true), Some(text));
            let decoded = percent_decode(&rest, true);
            prop_assert!(decoded.is_none_or(|decoded| decoded.len() <= rest.len()));
        }
    }

    #[test]
    fn every_pair_and_prefix_of_bytes_is_judged_as_core_judges_it() {
        for lead in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                for tail in [
                    &[][..],
                    &[0x80],
                    &[0xbf],
                    &[0x80, 0x80],
                    &[0xbf, 0xbf],
                    &[0x41],
                ] {
                    let bytes = [&[lead, second], tail].concat();
                    let escaped = escape(&bytes);
                    assert_eq!(
                        percent_decode(&escaped, false),
                        String::from_utf8(bytes).ok()
                    );
                }
            }
        }
    }
}
