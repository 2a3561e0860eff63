//! Percent decoding, and e-mail addresses where none belong.

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
pub(super) fn percent_decode(raw: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&b) = raw.as_bytes().get(at) {
        at += 1;
        let escaped = if b == b'%' {
            raw.as_bytes().get(at..at + 2).and_then(byte_of_hex)
        } else {
            None
        };
        if escaped.is_some() {
            at += 2;
        }
        bytes.push(match (escaped, b) {
            (Some(byte), _) => byte,
            (None, b'+') if plus_is_space => b' ',
            (None, other) => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn byte_of_hex(pair: &[u8]) -> Option<u8> {
    match pair {
        [high, low] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

const fn hex(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        b'A'..=b'F' => Some(b - b'A' + 10),
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
