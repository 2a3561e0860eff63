//! A JSON writer of a few hundred bytes, for the browser's sake.

use crate::text::push_number;

/// Appends `text` as a JSON string, quotes included.
pub fn push_str(out: &mut String, text: &str) {
    out.push('"');
    // One look without a branch a byte: nearly every text needs no escape. In the browser, bytes of
    // code count for more than this.
    let needs_escape = cfg!(target_family = "wasm")
        || text.bytes().fold(false, |found, b| {
            found | matches!(b, 0..0x20 | b'"' | b'\\')
        });
    if needs_escape {
        push_escaped(out, text);
    } else {
        out.push_str(text);
    }
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str) {
    let mut start = 0;
    for (at, b) in text.bytes().enumerate() {
        let escape = match b {
            b'"' | b'\\' => b,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => b'u',
            _ => continue,
        };
        out.push_str(text.get(start..at).unwrap_or_default());
        start = at + 1;
        out.push('\\');
        out.push(char::from(escape));
        if escape == b'u' {
            out.push_str("00");
            crate::ids::push_hex(out, b);
        }
    }
    out.push_str(text.get(start..).unwrap_or_default());
}

/// Appends an integer.
#[inline(never)]
pub fn push_int(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    push_number(out, value.unsigned_abs());
}

/// Writes one JSON object member by member; the braces are its own.
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut String,
    is_empty: bool,
}

impl<'o> Object<'o> {
    /// Starts an object at the end of `out`.
    pub fn begin(out: &'o mut String) -> Self {
        out.push('{');
        Self {
            out,
            is_empty: true,
        }
    }

    /// Writes a key and returns where its value goes.
    #[inline(never)]
    pub fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(',');
        }
        push_str(self.out, key);
        self.out.push(':');
        self.out
    }

    /// Returns where the value of the last key goes on.
    pub(super) fn value(&mut self) -> &mut String {
        self.out
    }

    /// Writes a text member.
    #[inline(never)]
    pub fn text(&mut self, key: &str, value: &str) {
        push_str(self.key(key), value);
    }

    /// Writes a text member if there is one.
    #[inline(never)]
    pub fn text_opt(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// Writes an integer member.
    #[inline(never)]
    pub fn int(&mut self, key: &str, value: i64) {
        push_int(self.key(key), value);
    }

    /// Writes `true`, `false` or `null`.
    #[inline(never)]
    pub fn bool_opt(&mut self, key: &str, value: Option<bool>) {
        let text = match value {
            Some(true) => "true",
            Some(false) => "false",
            None => "null",
        };
        self.key(key).push_str(text);
    }

    /// Ends the object.
    pub fn end(self) {
        self.out.push('}');
    }
}
