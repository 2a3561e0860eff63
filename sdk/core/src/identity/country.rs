//! Countries by their two-letter code.

use super::regions;
use crate::text::{lists, trim};

/// Codes of ISO 3166-1 for places without a telephone code of their own.
const NO_PHONE: &str = "AQ BV GS HM PN TF UM";
/// Regions with a telephone code that ISO 3166-1 does not list.
const NOT_ISO: &str = "AC TA XK";

/// A country or territory: ISO 3166-1 alpha-2, and the three further regions that have a telephone code (`AC`, `TA`, `XK`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads a code in any case; an unknown one (`UK`, `XX`, a name) gives nothing.
    pub fn parse(code: &str) -> Option<Self> {
        let code = trim(code);
        let &[first, second] = code.as_bytes() else {
            return None;
        };
        let upper = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
        let known = regions::of_country(upper).is_some() || lists(NO_PHONE, code);
        known.then_some(Self(upper))
    }

    /// Returns the two upper-case letters.
    pub const fn code(self) -> [u8; 2] {
        self.0
    }

    /// True when ISO 3166-1 lists the code.
    pub fn is_iso(self) -> bool {
        !lists(NOT_ISO, &self.lowercase())
    }

    /// Returns the two letters in lower case, as the platforms hash them.
    pub fn lowercase(self) -> String {
        let mut out = String::with_capacity(2);
        for b in self.0 {
            out.push(b.to_ascii_lowercase() as char);
        }
        out
    }
}

impl core::fmt::Debug for Country {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.lowercase())
    }
}
