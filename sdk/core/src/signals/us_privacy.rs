//! The IAB US Privacy string, version 1: four characters, deprecated, still met in the `usprivacy` cookie, at `__uspapi`, and as section 6 of
//! a GPP string.

use super::joint::{Answers, SILENT};
use crate::consent::Purpose;

/// What one character says; `None` is a dash, which means that the law does not apply.
pub type Mark = Option<bool>;

/// A US Privacy string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsPrivacy {
    /// The visitor was given notice.
    pub notice: Mark,
    /// The visitor opted out of the sale of personal data.
    pub opt_out_sale: Mark,
    /// The transaction is covered by the Limited Service Provider Agreement.
    pub lspa_covered: Mark,
}

impl UsPrivacy {
    /// Whether data may be shared with other companies: yes, unless the visitor opted out of sale.
    pub fn allows_sharing(&self) -> bool {
        self.opt_out_sale != Some(true)
    }

    /// Returns the answers; the string says nothing about other purposes than sharing.
    pub fn answers(&self) -> Answers {
        let mut answers = SILENT;
        answers[Purpose::ThirdPartySharing as usize] = Some(self.allows_sharing());
        answers
    }
}

/// Reads a string, in letters of either case. `None` when it is none of version 1: it gives no information then.
pub fn decode(text: &str) -> Option<UsPrivacy> {
    let [b'1', notice, opt_out_sale, lspa_covered] = *text.as_bytes() else {
        return None;
    };
    Some(UsPrivacy {
        notice: mark(notice)?,
        opt_out_sale: mark(opt_out_sale)?,
        lspa_covered: mark(lspa_covered)?,
    })
}

const fn mark(character: u8) -> Option<Mark> {
    match character.to_ascii_uppercase() {
        b'Y' => Some(Some(true)),
        b'N' => Some(Some(false)),
        b'-' => Some(None),
        _ => None,
    }
}
