//! What a platform said, and what of it may be kept.
//!
//! A platform's answer may repeat the request: the secret, a digest, somebody's address. So its words have a
//! type of their own, which prints nothing, and become a text in one place only: a [`Blotter`] that knows
//! every secret of the destination.

use std::fmt;
use std::fmt::Write as _;

use crate::secret::Secret;

/// Longest answer that is kept, in bytes.
pub const MAX_ANSWER_BYTES: usize = 500;
/// Room in a kept answer for the platform's code and trace id.
const CODE_BYTES: usize = 120;
/// Longest trace id that is kept, in bytes.
const MAX_TRACE_BYTES: usize = 64;
/// Longest code that is kept, in characters.
const MAX_CODE_CHARS: usize = 40;

/// Why a platform did not take something, in its own words.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Words {
    code: String,
    text: String,
    trace: Option<(&'static str, String)>,
}

impl Words {
    /// Makes words of a code: ours (`http 503`), or the platform's name and number (`meta 100/33`). Kept as
    /// it is, so nothing that a platform wrote freely belongs here.
    pub fn new(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            ..Self::default()
        }
    }

    /// Adds what the platform wrote.
    #[must_use]
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Adds the id by which the platform's support finds the request.
    #[must_use]
    pub fn traced(mut self, label: &'static str, id: &str) -> Self {
        let id: String = id
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .take(MAX_TRACE_BYTES)
            .collect();
        self.trace = (!id.is_empty()).then_some((label, id));
        self
    }

    /// Returns what may be kept, in one line.
    pub fn kept(&self, blotter: &Blotter) -> String {
        let mut out: String = self.code.chars().take(MAX_CODE_CHARS).collect();
        let text = blotter.shorten(&self.text);
        if !out.is_empty() && !text.is_empty() {
            out.push(' ');
        }
        out.push_str(&text);
        if let Some((label, id)) = &self.trace {
            // Writing to a String cannot fail.
            let _ = write!(out, " ({label} {id})");
        }
        blotter.without_secrets(&out)
    }
}

/// Prints the code only.
impl fmt::Debug for Words {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Words({})", self.code)
    }
}

/// Removes from a text what must not be kept: the secrets of one destination, and whatever could be an
/// address, the number of a person or a digest.
#[derive(Clone, Default)]
pub struct Blotter {
    secrets: Vec<Secret>,
}

impl Blotter {
    /// Makes a blotter that knows these secrets.
    pub fn new(secrets: Vec<Secret>) -> Self {
        let mut blotter = Self::default();
        for secret in secrets {
            blotter.hide(secret);
        }
        blotter
    }

    /// Learns another secret.
    pub fn hide(&mut self, secret: Secret) {
        if secret.expose().is_empty() {
            return;
        }
        self.secrets.push(secret);
        // The longest first: a secret may be part of another one.
        self.secrets
            .sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    /// Returns a blotter that knows one more.
    #[must_use]
    pub fn and(&self, secret: &Secret) -> Self {
        let mut more = self.clone();
        more.hide(secret.clone());
        more
    }

    /// Returns what of a text may be kept: at most [`MAX_ANSWER_BYTES`] less the room for a code, one line.
    pub fn shorten(&self, text: &str) -> String {
        let text = self.without_secrets(text);
        let mut out = String::new();
        for word in text.split_ascii_whitespace() {
            let word: String = word.chars().filter(|c| !c.is_control()).collect();
            let shown = if word.contains('@') {
                "…".to_owned()
            } else {
                blotted(&word)
            };
            if out.len() + shown.len() + 1 > MAX_ANSWER_BYTES - CODE_BYTES {
                break;
            }
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&shown);
        }
        out
    }

    fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), "***");
            }
        }
        text
    }
}

/// Returns a word with what could be somebody's blotted out, and the rest as it is.
fn blotted(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for part in word.split_inclusive(is_mark) {
        let value = part.trim_end_matches(is_mark);
        let mark = part.get(value.len()..).unwrap_or_default();
        out.push_str(if may_be_personal(value) { "…" } else { value });
        out.push_str(mark);
    }
    out
}

/// Whether a character ends a value inside a word: `ph:+49171…,` and `{"em":["62a1…"]}` hold one.
fn is_mark(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '-' | '_')
}

/// Whether a value could be a digest or the number of a person.
fn may_be_personal(value: &str) -> bool {
    let is_long_token = value.len() > 40 && !value.contains('_');
    let is_number = value.bytes().filter(u8::is_ascii_digit).count() > 8
        && !value.bytes().any(|b| b.is_ascii_alphabetic());
    is_long_token || is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blotter(secret: &str) -> Blotter {
        Blotter::new(vec![Secret::new(secret)])
    }

    #[test]
    fn what_is_kept_of_an_answer_holds_no_secret_and_nobodys_data() {
        let text = blotter("EAAsecret").shorten(
            "Invalid token EAAsecret for jane@example.com ph 491711234567890123 em 62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f\nend",
        );
        assert_eq!(text, "Invalid token *** for … ph … em … end");
        let none = Blotter::default();
        assert!(none.shorten(&"word ".repeat(400)).len() <= MAX_ANSWER_BYTES);
        for text in [
            "field_value:62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
            r#"{"em":["62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"]}"#,
            "ph:+491711234567,",
        ] {
            let kept = none.shorten(text);
            assert!(!kept.contains("62a14e") && !kept.contains("4917"), "{kept}");
        }
        let answer = r#"{"code":0,"message":"OK","request_id":"20261123220000"}"#;
        assert_eq!(
            none.shorten(answer),
            r#"{"code":0,"message":"OK","request_id":"…"}"#
        );
        let place = "Batch.0.properties.contents.0.content_id: Not a valid string";
        assert_eq!(blotter("tt-sandbox").shorten(place), place);
    }

    #[test]
    fn a_refusal_is_code_words_and_trace_and_prints_nothing_by_itself() {
        let words = Words::new("meta 100/33")
            .saying("No access with EAAsecret")
            .traced("fbtrace_id", "A1 <x>");
        assert_eq!(
            words.kept(&blotter("EAAsecret")),
            "meta 100/33 No access with *** (fbtrace_id A1x)"
        );
        assert_eq!(format!("{words:?}"), "Words(meta 100/33)");
        let echoed = Words::new("x").traced("id", "EAAsecret");
        assert_eq!(echoed.kept(&blotter("EAAsecret")), "x (id ***)");
        assert_eq!(Words::new("http 503").kept(&Blotter::default()), "http 503");
    }

    #[test]
    fn a_secret_inside_another_one_leaves_no_rest() {
        let blotter = Blotter::new(vec![Secret::new("abc"), Secret::new("abcdef")]);
        assert_eq!(blotter.shorten("abcdef abc"), "*** ***");
    }
}
