//! Percent decoding, and e-mail addresses where none belong.

/// What stands where an e-mail address stood.
pub(super) const REDACTED: &str = "redacted";

/// True when an `@`, plain or percent-encoded (even twice), has a word character on either side.
pub(super) fn holds_email(text: &str) -> bool {
    let mut rest = text;
    let mut before = 0;
    while let Some(at) = rest.bytes().position(|b| b == b'@' || b == b'%') {
        let (head, tail) = (rest.as_bytes().get(..at), rest.as_bytes().get(at..));
        before = head.and_then(|h| h.last()).copied().unwrap_or(before);
        let sign = tail.map_or(0, at_sign_len);
        let skip = sign.max(1);
        let after = tail.and_then(|t| t.get(skip)).copied().unwrap_or(0);
        if sign > 0 && is_word(before) && is_word(after) {
            return true;
        }
        before = if sign > 0 { b'@' } else { b'%' };
        rest = rest.get(at + skip..).unwrap_or("");
    }
    false
}

/// Length of an at sign at the start of `bytes`, zero when there is none.
fn at_sign_len(bytes: &[u8]) -> usize {
    [&b"@"[..], b"%40", b"%2540"]
        .iter()
        .find(|sign| bytes.starts_with(sign))
        .map_or(0, |sign| sign.len())
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b >= 0x80 || matches!(b, b'_' | b'-' | b'.' | b'+' | b'%')
}

/// Decodes `%XX`, and `+` as a space where `plus_is_space`. What is no UTF-8 afterwards gives nothing.
pub(super) fn percent_decode(raw: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        bytes.push(match (first, tail) {
            (b'%', &[high, low, ref after @ ..]) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => first,
            },
            (b'+', _) if plus_is_space => b' ',
            _ => first,
        });
    }
    String::from_utf8(bytes).ok()
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
