//! Percent-encoding as RFC 3986 and OAuth 1.0a (RFC 5849, 3.6) have it: all but letters, digits and `-._~`.

use std::fmt::Write as _;

/// Appends the text with every byte that is not unreserved as `%XX`.
pub(super) fn push(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Returns the text so.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of X's page on percent-encoding parameters.
    #[test]
    fn all_but_the_unreserved_is_encoded() {
        for (text, want) in [
            ("Ladies + Gentlemen", "Ladies%20%2B%20Gentlemen"),
            ("An encoded string!", "An%20encoded%20string%21"),
            ("Dogs, Cats & Mice", "Dogs%2C%20Cats%20%26%20Mice"),
            ("☃", "%E2%98%83"),
            ("aZ09-._~", "aZ09-._~"),
        ] {
            assert_eq!(encode(text), want);
        }
    }
}
