//! The strings of consent frameworks are read here, and what other tools are told is worded here.
//!
//! A module of its own, because most shops have no consent tool beside this one: it comes only to a page that names a signal
//! (`docs/signals.md`). It keeps nothing: text goes in, text comes out, and no text makes it fail.

use firsthand_core::consent::{PURPOSES, Verdict};
use firsthand_core::signals::gpp::Gpp;
use firsthand_core::signals::outbound::{MetaPixel, TikTokPixel};
use firsthand_core::signals::tcf::{TcString, Terms};
use firsthand_core::signals::{Answers, SILENT, combine, outbound};
use firsthand_core::text::{fields, parse_int};
use wasm_bindgen::prelude::wasm_bindgen;

/// Half the size of the standard one, and it gives memory back.
#[cfg(all(target_family = "wasm", not(feature = "library")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Most numbers that are read from a list: more than there are sections, or vendors that one shop works with.
const MOST_NUMBERS: usize = 64;

/// What a TC string that cannot be read says: where the framework applies, no valid signal is no consent.
const NO: Answers = [Some(false); PURPOSES];

/// Answers a question about a text. Answers are written as a character per purpose, in wire order: `1` yes, `0` no, `-` nothing said.
///
/// | `kind` | `text` | answer |
/// |---|---|---|
/// | `tcf` | TC string | answers; a second line `1` where it cannot be read, and all answers are no |
/// | `tcf_li` | the same | the same, legitimate interest taken for the purposes 7 to 9 |
/// | `gpp`, `gpp_li` | GPP string | answers of the sections that apply; a second line `1` where it cannot be read, and nothing is said |
/// | `joint` | answers, one source a line | the stricter of all; a second line `1` where two of them contradict each other |
/// | `tell` | what is allowed, in the same form | what each tool is told: see below |
///
/// `sections` are the ids of the GPP sections that apply, `vendors` the ids in the Global Vendor List of those who would get data; both are
/// separated by commas. The answer to `tell` has a line each for Google, Microsoft, Meta, TikTok and Shopify: `key=word` pairs separated by
/// spaces, or a single word.
#[wasm_bindgen]
pub fn signal(kind: &str, text: &str, sections: &str, vendors: &str) -> String {
    let vendors = numbers(vendors);
    let terms = Terms {
        vendors: &vendors,
        accept_legitimate_interest: matches!(kind, "tcf_li" | "gpp_li"),
    };
    let (answers, is_marked) = match kind {
        "tcf" | "tcf_li" => match TcString::decode(text) {
            Ok(tc) => (tc.answers_for(&terms), false),
            Err(_) => (NO, true),
        },
        "gpp" | "gpp_li" => match Gpp::decode(text) {
            Ok(gpp) => (gpp.answers_for(&numbers(sections), &terms), false),
            Err(_) => (SILENT, true),
        },
        "joint" => {
            let all: Vec<Answers> = fields(text, b'\n').map(read).collect();
            combine(&all)
        }
        "tell" => return tell(read(text)),
        _ => (SILENT, true),
    };
    let mut out = String::new();
    for answer in answers {
        out.push(match answer {
            Some(true) => '1',
            Some(false) => '0',
            None => '-',
        });
    }
    if is_marked {
        out.push_str("\n1");
    }
    out
}

/// Reads answers; what is neither `1` nor `0` says nothing.
fn read(text: &str) -> Answers {
    let mut answers = SILENT;
    for (slot, said) in answers.iter_mut().zip(text.bytes()) {
        *slot = match said {
            b'1' => Some(true),
            b'0' => Some(false),
            _ => None,
        };
    }
    answers
}

/// Reads ids separated by commas; what is no id is left out, and so is what comes after [`MOST_NUMBERS`].
fn numbers(text: &str) -> Vec<u16> {
    fields(text, b',')
        .filter_map(|word| u16::try_from(parse_int(word)?).ok())
        .take(MOST_NUMBERS)
        .collect()
}

/// Words a decision for the other tools; only a yes allows.
fn tell(answers: Answers) -> String {
    let told = outbound(&Verdict {
        allow: answers.map(|answer| answer == Some(true)),
        ..Verdict::default()
    });
    let mut out = String::new();
    for (key, state) in told.google.entries() {
        push_pair(&mut out, key, state.as_str());
    }
    out.push('\n');
    push_pair(&mut out, "ad_storage", told.microsoft.ad_storage.as_str());
    out.push('\n');
    out.push_str(MetaPixel::as_str(told.meta));
    out.push('\n');
    out.push_str(TikTokPixel::as_str(told.tiktok));
    out.push('\n');
    let shop = told.shopify;
    for (key, is_allowed) in [
        ("analytics", shop.analytics),
        ("marketing", shop.marketing),
        ("preferences", shop.preferences),
        ("sale_of_data", shop.sale_of_data),
    ] {
        push_pair(&mut out, key, if is_allowed { "1" } else { "0" });
    }
    out
}

/// Adds `key=word`, after a space where another pair stands before it on the line.
fn push_pair(out: &mut String, key: &str, word: &str) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push(' ');
    }
    out.push_str(key);
    out.push('=');
    out.push_str(word);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything refused; vendor 1 is disclosed.
    const REFUSED: &str =
        "CQgcD4AQgcD4AAKADBENCOFgAAAAAAAAAAYgAAAAAAAA.IH-QCAABAAKAA4ADQBeYDGQGSAP8";
    /// The national US section, with the browser's signal and without an opt-out.
    const SIGNALLED: &str = "DBABLA~CVVqAAAAAABA.YA";

    #[test]
    fn a_string_that_cannot_be_read_grants_nothing() {
        for text in [
            "",
            "C",
            "!!!",
            "BOvXqrlOvXqrlAAAABAENAAAAAAAAoAAA",
            "\n1111",
        ] {
            assert_eq!(signal("tcf", text, "", ""), "0000\n1", "{text}");
            assert_eq!(signal("gpp", text, "7", ""), "----\n1", "{text}");
        }
        assert_eq!(signal("unknown", "1111", "", ""), "----\n1");
    }

    #[test]
    fn sections_that_do_not_apply_are_not_heard() {
        assert_eq!(signal("gpp", SIGNALLED, "7", ""), "---0");
        assert_eq!(signal("gpp", SIGNALLED, "", ""), "---0");
        assert_eq!(signal("gpp", SIGNALLED, "8", ""), "----");
    }

    #[test]
    fn what_is_no_id_is_left_out() {
        assert_eq!(signal("tcf", REFUSED, "", "1"), "0000");
        assert_eq!(numbers("755, 97,x,70000,-1,,10"), [755, 10]);
        assert_eq!(numbers(&"1,".repeat(1_000)).len(), MOST_NUMBERS);
    }

    #[test]
    fn the_stricter_answer_counts_and_a_contradiction_shows() {
        assert_eq!(signal("joint", "1-1-\n10--", "", ""), "101-");
        assert_eq!(signal("joint", "1111\n01--\n----", "", ""), "0111\n1");
        assert_eq!(signal("joint", "", "", ""), "----");
    }

    #[test]
    fn every_tool_is_told_in_its_words() {
        let lines = |allow: &str| -> Vec<String> {
            signal("tell", allow, "", "")
                .split('\n')
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(
            lines("1101"),
            [
                "ad_storage=granted ad_user_data=granted ad_personalization=denied analytics_storage=granted \
                 functionality_storage=granted personalization_storage=denied security_storage=granted",
                "ad_storage=granted",
                "grant",
                "grantConsent",
                "analytics=1 marketing=1 preferences=0 sale_of_data=1",
            ]
        );
        assert_eq!(lines("1110")[2..4], ["revoke", "revokeConsent"]);
        assert_eq!(lines(""), lines("0000"));
    }
}
