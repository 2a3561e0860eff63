//! What a banner or a consent platform says about how it asked (`docs/wire.md`).

use std::borrow::Cow;

use firsthand_core::signals::{gpp, tcf};
use firsthand_core::wire::Text;
use serde::Deserialize;

use crate::privacy::ledger::Evidence;

/// Longest `locale`, `ui_version` and `cmp`, in bytes.
const MAX_WORD_BYTES: usize = 64;

/// Reads the evidence of a body that is known to be a batch. What is not of its form is left out.
pub(super) fn read(body: &str) -> Evidence {
    #[derive(Default, Deserialize)]
    struct Body<'a> {
        #[serde(borrow, default)]
        consent: Consent<'a>,
    }
    #[derive(Default, Deserialize)]
    struct Consent<'a> {
        #[serde(borrow, default)]
        locale: Option<Text<'a>>,
        #[serde(borrow, default)]
        ui_version: Option<Text<'a>>,
        #[serde(borrow, default)]
        notice_sha256: Option<Text<'a>>,
        #[serde(borrow, default)]
        cmp: Option<Text<'a>>,
        #[serde(borrow, default)]
        tcf: Option<Text<'a>>,
        #[serde(borrow, default)]
        gpp: Option<Text<'a>>,
    }
    // One value of a wrong type costs the evidence, not the choice.
    let consent = serde_json::from_str::<Body<'_>>(body)
        .unwrap_or_default()
        .consent;
    let kept = |text: Option<Text<'_>>, is_kept: fn(&str) -> bool| {
        text.map(|text| text.0)
            .filter(|text| is_kept(text))
            .map(Cow::into_owned)
    };
    Evidence {
        locale: kept(consent.locale, is_word),
        ui_version: kept(consent.ui_version, is_word),
        notice_sha256: kept(consent.notice_sha256, is_sha256),
        cmp: kept(consent.cmp, is_word),
        tcf: kept(consent.tcf, is_tcf_string),
        gpp: kept(consent.gpp, is_gpp_string),
    }
}

/// Whether a text is a SHA-256 in lower-case hex.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_word(text: &str) -> bool {
    (1..=MAX_WORD_BYTES).contains(&text.len())
        && text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'+' | b' ')
        })
}

/// What the decoder reads is kept. Longer strings are left out, not cut: half a string says something else.
fn is_tcf_string(text: &str) -> bool {
    is_consent_string(text, tcf::MAX_TEXT_BYTES)
}

fn is_gpp_string(text: &str) -> bool {
    is_consent_string(text, gpp::MAX_TEXT_BYTES)
}

/// Base64url segments, with the separators of both formats.
fn is_consent_string(text: &str, max_bytes: usize) -> bool {
    (1..=max_bytes).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_its_form_is_kept_and_nothing_else() {
        let digest = "ab".repeat(32);
        let body = format!(
            r#"{{"consent":{{"locale":"de-AT","ui_version":"3","notice_sha256":"{digest}","cmp":"jane@example.com","tcf":"CP.YA","gpp":"x y"}}}}"#
        );
        let want = Evidence {
            locale: Some("de-AT".to_owned()),
            ui_version: Some("3".to_owned()),
            notice_sha256: Some(digest),
            cmp: None,
            tcf: Some("CP.YA".to_owned()),
            gpp: None,
        };
        assert_eq!(read(&body), want);
        for body in ["{}", r#"{"consent":{"locale":7}}"#, "nonsense"] {
            assert_eq!(read(body), Evidence::default());
        }
    }

    #[test]
    fn a_string_is_kept_up_to_what_its_decoder_reads() {
        let of = |key: &str, bytes: usize| {
            let body = format!(r#"{{"consent":{{"{key}":"{}"}}}}"#, "A".repeat(bytes));
            let evidence = read(&body);
            evidence.tcf.or(evidence.gpp).map(|text| text.len())
        };
        for (key, max) in [("tcf", tcf::MAX_TEXT_BYTES), ("gpp", gpp::MAX_TEXT_BYTES)] {
            assert_eq!(of(key, max), Some(max), "{key}");
            assert_eq!(of(key, max + 1), None, "{key}");
        }
    }
}
