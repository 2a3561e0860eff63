//! Character classes without Unicode tables, and cutting at a byte without the searchers of `core::str` (they cost kilobytes of wasm).

/// True for white space as JavaScript's `trim` sees it (Unicode `White_Space` and the byte order mark).
pub(super) const fn is_space(c: char) -> bool {
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
            | '\u{feff}'
    )
}

/// True for ASCII punctuation and the general punctuation block, where phones put typographic apostrophes and dashes.
pub(super) const fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || matches!(c, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}')
}

/// Cuts white space off both ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Keeps the characters that `keep` accepts.
pub(super) fn only(text: &str, keep: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if keep(c) {
            out.push(c);
        }
    }
    out
}

/// Cuts at the first `mark` (ASCII), which belongs to neither side.
#[inline(never)]
pub(crate) fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|b| b == mark)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Returns what stands between the marks (ASCII), at least one field.
pub(crate) const fn fields(text: &str, mark: u8) -> Fields<'_> {
    Fields {
        rest: Some(text),
        mark,
    }
}

/// Iterator of [`fields`].
pub(crate) struct Fields<'a> {
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
