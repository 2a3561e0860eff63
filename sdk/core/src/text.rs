//! Scanning and writing of text, shared by all rules: classes of characters without Unicode tables, cutting at a byte without the searchers
//! of `core::str`. One copy of each serves every caller, because those of `core` are generic and cost kilobytes of wasm.

/// White space, as [`is_space`] has it.
pub(crate) const SPACE: u8 = 1;
/// Punctuation, as [`is_punctuation`] has it.
pub(crate) const PUNCTUATION: u8 = 2;
/// ASCII digits.
pub(crate) const DIGIT: u8 = 4;

/// True for white space as JavaScript's `trim` sees it (Unicode `White_Space` and the byte order mark).
pub(crate) const fn is_space(c: char) -> bool {
    is_white_space(c) || c == '\u{feff}'
}

/// True for Unicode `White_Space`, as `char::is_whitespace` has it.
#[inline(never)]
pub(crate) const fn is_white_space(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r'
            | ' '
            | '\u{85}'
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
    )
}

/// True for ASCII punctuation and the general punctuation block, where phones put typographic apostrophes and dashes.
pub(crate) const fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || matches!(c, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}')
}

/// Cuts white space off both ends.
pub fn trim(text: &str) -> &str {
    trim_of(text, is_space)
}

/// Cuts the characters that `is_cut` accepts off both ends.
#[inline(never)]
pub(crate) fn trim_of(text: &str, is_cut: fn(char) -> bool) -> &str {
    let mut kept = text.chars();
    let mut inner = kept.clone();
    while inner.next().is_some_and(is_cut) {
        kept = inner.clone();
    }
    inner = kept.clone();
    while inner.next_back().is_some_and(is_cut) {
        kept = inner.clone();
    }
    kept.as_str()
}

/// Leaves out the characters of the classes ([`SPACE`], [`PUNCTUATION`], [`DIGIT`]; added up).
#[inline(never)]
pub(crate) fn without(text: &str, classes: u8) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_left_out = classes & SPACE != 0 && is_space(c)
            || classes & PUNCTUATION != 0 && is_punctuation(c)
            || classes & DIGIT != 0 && c.is_ascii_digit();
        if !is_left_out {
            out.push(c);
        }
    }
    out
}

/// True when `text` is one or more ASCII digits.
#[inline(never)]
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// True when `text` is one or more visible ASCII characters.
#[inline(never)]
pub(crate) fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Returns what follows `prefix`.
#[inline(never)]
pub(crate) fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.strip_prefix(prefix)
}

/// Leaves out one `mark` (ASCII) at the end.
pub(crate) fn without_end(text: &str, mark: u8) -> &str {
    let end = text.len().saturating_sub(1);
    if text.as_bytes().get(end) == Some(&mark) {
        text.get(..end).unwrap_or_default()
    } else {
        text
    }
}

/// Cuts at the first `mark` (ASCII), which belongs to neither side.
#[inline(never)]
pub fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|b| b == mark)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// True when `word` is one of `words`, which are parted by single spaces. Case of ASCII letters is ignored.
#[inline(never)]
pub fn lists(words: &str, word: &str) -> bool {
    fields(words, b' ').any(|listed| listed.eq_ignore_ascii_case(word))
}

/// Reads a whole number in decimal digits, with a sign or without, as `i64`'s own parser does.
#[inline(never)]
pub fn parse_int(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    // Gathered below zero, where there is one number more.
    let mut value: i64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value
            .checked_mul(10)?
            .checked_sub(i64::from(digit - b'0'))?;
    }
    if digits.is_empty() {
        None
    } else if is_negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

/// Appends a number.
#[inline(never)]
pub(crate) fn push_number(out: &mut String, number: u64) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// Returns the value of a hexadecimal digit of any case.
#[inline(never)]
pub(crate) fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' | b'A'..=b'F' => Some((digit | 0x20) - b'a' + 10),
        _ => None,
    }
}

/// Returns what stands between the marks (ASCII), at least one field.
pub const fn fields(text: &str, mark: u8) -> Fields<'_> {
    Fields {
        rest: Some(text),
        mark,
    }
}

/// Iterator of [`fields`].
pub struct Fields<'a> {
    rest: Option<&'a str>,
    mark: u8,
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.take()?;
        let Some((head, tail)) = cut(text, self.mark) else {
            return Some(text);
        };
        self.rest = Some(tail);
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn white_space_is_unicodes() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_white_space(c), c.is_whitespace(), "{c:?}");
            assert_eq!(is_space(c), c.is_whitespace() || c == '\u{feff}', "{c:?}");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_numbers() {
        for text in ["-9223372036854775808", "9223372036854775807"] {
            assert_eq!(parse_int(text), text.parse().ok(), "{text}");
        }
        for text in ["-9223372036854775809", "9223372036854775808", "", "-", "+"] {
            assert_eq!(parse_int(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn trimming_is_that_of_core(text in "[ \u{feff}\u{a0}\u{2003}a-cü]{0,9}") {
            prop_assert_eq!(trim_of(&text, is_white_space), text.trim());
            prop_assert_eq!(trim(&text), text.trim_matches(is_space));
        }

        #[test]
        fn numbers_are_read_as_core_reads_them(text in "[-+]?[0-9]{0,20}x?") {
            prop_assert_eq!(parse_int(&text), text.parse().ok());
        }

        #[test]
        fn every_number_is_read(number: i64) {
            prop_assert_eq!(parse_int(&number.to_string()), Some(number));
        }

        #[test]
        fn numbers_are_written_in_full(number: u64) {
            let mut out = String::new();
            push_number(&mut out, number);
            prop_assert_eq!(out, number.to_string());
        }
    }
}
