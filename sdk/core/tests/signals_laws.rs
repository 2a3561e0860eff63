//! Laws of the framework strings: nothing makes the decoders panic, what is cut off never grants more, what is written is read again.
#![allow(missing_docs, clippy::unwrap_used)]

use firsthand_core::consent::Purpose;
use firsthand_core::signals::gpp::{self, Gpp};
use firsthand_core::signals::tcf::{MAX_TEXT_BYTES, TcString, TcfError, Terms};
use firsthand_core::signals::{Answers, us_privacy};
use proptest::prelude::*;
use serde_json::Value;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bits on their way to text.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn number(&mut self, value: u64, bits: u32) -> &mut Self {
        self.0
            .extend((0..bits).rev().map(|place| value >> place & 1 == 1));
        self
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.0.push(flag);
        self
    }

    fn set(&mut self, ids: &[u8], bits: u8) -> &mut Self {
        self.0.extend((1..=bits).map(|id| ids.contains(&id)));
        self
    }

    fn ranges(&mut self, ranges: &[(u16, u16)]) -> &mut Self {
        self.number(ranges.len() as u64, 12);
        for (first, last) in ranges {
            self.flag(first != last).number((*first).into(), 16);
            if first != last {
                self.number((*last).into(), 16);
            }
        }
        self
    }

    fn vendors(&mut self, vendors: &Vendors) -> &mut Self {
        match vendors {
            Vendors::Bits(bits) => {
                self.number(bits.len() as u64, 16).flag(false);
                self.0.extend(bits);
                self
            }
            Vendors::Ranges(ranges) => {
                let max = ranges.iter().map(|(_, last)| *last).max().unwrap_or(0);
                self.number(max.into(), 16).flag(true).ranges(ranges)
            }
        }
    }

    fn text(&self) -> String {
        let mut bits = self.0.clone();
        bits.resize(bits.len().next_multiple_of(24), false);
        let sextet = |bits: &[bool]| {
            bits.iter()
                .fold(0, |value, bit| value << 1 | usize::from(*bit))
        };
        bits.chunks(6)
            .map(|bits| char::from(ALPHABET[sextet(bits)]))
            .collect()
    }
}

/// First and last id of each.
type Ranges = Vec<(u16, u16)>;

#[derive(Debug, Clone)]
enum Vendors {
    Bits(Vec<bool>),
    Ranges(Ranges),
}

impl Vendors {
    fn contains(&self, id: u16) -> bool {
        match self {
            Self::Bits(bits) => id > 0 && bits.get(usize::from(id) - 1) == Some(&true),
            Self::Ranges(ranges) => ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&id)),
        }
    }
}

#[derive(Debug, Clone)]
struct Tc {
    updated_ds: u64,
    cmp_id: u16,
    is_service_specific: bool,
    consents: Vec<u8>,
    legitimate_interests: Vec<u8>,
    purpose_one_treatment: bool,
    vendor_consents: Vendors,
    vendor_legitimate_interests: Vendors,
    restrictions: Vec<(u8, u8, Ranges)>,
    disclosed: Option<Vendors>,
}

impl Tc {
    fn text(&self) -> String {
        let mut core = Bits::default();
        core.number(2, 6)
            .number(self.updated_ds, 36)
            .number(self.updated_ds, 36)
            .number(self.cmp_id.into(), 12)
            .number(1, 12)
            .number(1, 6)
            .number(3, 6)
            .number(4, 6)
            .number(140, 12)
            .number(5, 6)
            .flag(self.is_service_specific)
            .flag(false)
            .number(0, 12)
            .set(&self.consents, 24)
            .set(&self.legitimate_interests, 24)
            .flag(self.purpose_one_treatment)
            .number(3, 6)
            .number(4, 6)
            .vendors(&self.vendor_consents)
            .vendors(&self.vendor_legitimate_interests)
            .number(self.restrictions.len() as u64, 12);
        for (purpose, kind, ranges) in &self.restrictions {
            core.number((*purpose).into(), 6)
                .number((*kind).into(), 2)
                .ranges(ranges);
        }
        let mut text = core.text();
        if let Some(disclosed) = &self.disclosed {
            let mut segment = Bits::default();
            segment.number(1, 3).vendors(disclosed);
            text = format!("{text}.{}", segment.text());
        }
        text
    }
}

fn ranges() -> impl Strategy<Value = Ranges> {
    let range = (1u16.., 0u16..300).prop_map(|(first, more)| (first, first.saturating_add(more)));
    proptest::collection::vec(range, 0..5)
}

fn vendors() -> impl Strategy<Value = Vendors> {
    prop_oneof![
        proptest::collection::vec(any::<bool>(), 0..40).prop_map(Vendors::Bits),
        ranges().prop_map(Vendors::Ranges),
    ]
}

fn purposes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just((1..=11).collect()),
        proptest::collection::vec(1u8..=24, 0..14),
    ]
}

prop_compose! {
    fn tc()(
        updated_ds in prop_oneof![16_000_000_000u64..18_000_000_000, Just(17_723_231_999), Just(17_723_232_000)],
        cmp_id in 0u16..4096,
        is_service_specific in proptest::bool::weighted(0.9),
        consents in purposes(),
        legitimate_interests in purposes(),
        purpose_one_treatment: bool,
        vendor_consents in vendors(),
        vendor_legitimate_interests in vendors(),
        restrictions in proptest::collection::vec((1u8..=11, 0u8..3, ranges()), 0..4),
        disclosed in proptest::option::of(vendors()),
    ) -> Tc {
        Tc { updated_ds, cmp_id, is_service_specific, consents, legitimate_interests, purpose_one_treatment,
            vendor_consents, vendor_legitimate_interests, restrictions, disclosed }
    }
}

/// Whether `less` allows nothing that `more` does not.
fn is_within(less: Answers, more: Answers) -> bool {
    less.into_iter()
        .zip(more)
        .all(|(less, more)| less != Some(true) || more == Some(true))
}

/// Whether nothing but the filling of a segment stands before the next one.
fn begins_a_segment(rest: &str) -> bool {
    rest.trim_start_matches('A').starts_with('.')
}

fn strings(part: &str, key: &str) -> Vec<String> {
    let vectors: Value = serde_json::from_str(include_str!("vectors/consent.json")).unwrap();
    let cases = vectors[part].as_array().unwrap();
    let string = |case: &Value| case[key].as_str().unwrap().to_owned();
    cases.iter().map(string).collect()
}

#[test]
fn a_tc_string_that_is_cut_off_grants_nothing_more() {
    for text in strings("tcf", "tc_string") {
        let whole = TcString::decode(&text).unwrap();
        let before_the_duty = whole.last_updated_ms < 1_772_323_200_000;
        for end in 0..text.len() {
            // A whole segment that is gone leaves no trace, but where the disclosed vendors are due, nothing goes without them.
            if begins_a_segment(&text[end..]) && before_the_duty {
                continue;
            }
            let Ok(cut) = TcString::decode(&text[..end]) else {
                continue;
            };
            for vendor in [
                None,
                Some(755),
                Some(1500),
                Some(119),
                Some(60),
                Some(65535),
            ] {
                for accept in [false, true] {
                    assert!(
                        is_within(cut.answers(vendor, accept), whole.answers(vendor, accept)),
                        "{text} cut at {end}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_gpp_string_that_is_cut_off_grants_nothing_more() {
    for text in strings("gpp", "gpp_string") {
        let whole = Gpp::decode(&text).unwrap().answers(&[]);
        for end in 0..text.len() {
            // The browser's signal is a segment that may be there; without it nothing tells that it was.
            if begins_a_segment(&text[end..]) {
                continue;
            }
            if let Ok(cut) = Gpp::decode(&text[..end]) {
                assert!(is_within(cut.answers(&[]), whole), "{text} cut at {end}");
            }
        }
    }
}

#[test]
fn a_hostile_string_is_read_in_time_and_memory_of_its_length() {
    let everybody = vec![(1, u16::MAX); 2900];
    let hostile = Tc {
        updated_ds: 17_800_000_000,
        cmp_id: 1,
        is_service_specific: true,
        consents: (1..=11).collect(),
        legitimate_interests: Vec::new(),
        purpose_one_treatment: false,
        vendor_consents: Vendors::Ranges(everybody),
        vendor_legitimate_interests: Vendors::Ranges(Vec::new()),
        restrictions: Vec::new(),
        disclosed: None,
    }
    .text();
    assert!(hostile.len() <= MAX_TEXT_BYTES);
    let tc = TcString::decode(&hostile).unwrap();
    assert!(tc.vendor_consents.contains(u16::MAX));
    let mut empty = hostile.clone();
    empty.extend(std::iter::repeat_n('A', MAX_TEXT_BYTES));
    assert_eq!(TcString::decode(&empty), Err(TcfError::TooLong));
    assert_eq!(
        Gpp::decode(&"D".repeat(gpp::MAX_TEXT_BYTES + 1)),
        Err(gpp::GppError::TooLong)
    );
}

#[test]
fn errors_say_what_is_wrong_and_repeat_nothing_of_the_text() {
    for (text, want) in [
        ("", TcfError::NotBase64Url),
        ("CQSbk4AQSbk4ANwAAAENAw", TcfError::Truncated),
        ("BOvXqrlOvXqrlAAABAENAAAAAAAAoAAA", TcfError::Version),
        (
            "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA.",
            TcfError::NotBase64Url,
        ),
        (
            "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA.gAAAA",
            TcfError::UnknownSegment,
        ),
        (
            "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA.IAAAA.IAAAA",
            TcfError::RepeatedSegment,
        ),
        // A range from 0, and one that ends before it begins.
        (
            "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA.IADwAQAAAA",
            TcfError::VendorRange,
        ),
    ] {
        let error = TcString::decode(text).unwrap_err();
        assert_eq!(error, want, "{text}");
        assert!(error.to_string().starts_with("the TC string "), "{error}");
        assert!(text.len() < 8 || !error.to_string().contains(&text[..8]));
    }
    let said = gpp::GppError::Tcf(TcfError::Truncated).to_string();
    assert_eq!(said, "the TC string is cut off");
}

proptest! {
    #[test]
    fn nothing_makes_a_decoder_panic(text in ".{0,80}", url in "[A-Za-z0-9_.~-]{0,200}") {
        for text in [&text, &url, &format!("C{url}"), &format!("DBAB{url}"), &format!("1{text}")] {
            let _ = TcString::decode(text);
            let _ = Gpp::decode(text);
            let _ = us_privacy::decode(text);
        }
    }

    #[test]
    fn a_changed_string_is_read_or_refused(
        which: proptest::sample::Index,
        at: proptest::sample::Index,
        change in prop_oneof!["[A-Za-z0-9_.~-]", ".{0,3}"],
    ) {
        for (part, key) in [("tcf", "tc_string"), ("gpp", "gpp_string")] {
            let mut text = which.get(&strings(part, key)).clone();
            let at = at.index(text.len());
            text.replace_range(at..=at, &change);
            if let Ok(tc) = TcString::decode(&text) {
                prop_assert!(tc.is_valid() || tc.answers(Some(755), true) == [Some(false); 4]);
            }
            let _ = Gpp::decode(&text).map(|gpp| gpp.answers(&[]));
        }
    }

    #[test]
    fn what_is_written_is_read_again(tc in tc(), ids in proptest::collection::vec(any::<u16>(), 20)) {
        let read = TcString::decode(&tc.text()).unwrap();
        prop_assert_eq!(read.last_updated_ms, tc.updated_ds * 100);
        prop_assert_eq!(read.cmp_id, tc.cmp_id);
        prop_assert_eq!(read.consent_language, *b"DE");
        prop_assert_eq!(read.restrictions.len(), tc.restrictions.len());
        for id in 0..=24 {
            prop_assert_eq!(read.purpose_consents.contains(id), tc.consents.contains(&id));
            prop_assert_eq!(read.purpose_legitimate_interests.contains(id), tc.legitimate_interests.contains(&id));
        }
        for id in ids.into_iter().chain(0..50) {
            prop_assert_eq!(read.vendor_consents.contains(id), tc.vendor_consents.contains(id), "vendor {}", id);
            prop_assert_eq!(read.vendor_legitimate_interests.contains(id), tc.vendor_legitimate_interests.contains(id));
            let disclosed = read.disclosed_vendors.as_ref().map(|set| set.contains(id));
            prop_assert_eq!(disclosed, tc.disclosed.as_ref().map(|set| set.contains(id)));
        }
    }

    #[test]
    fn more_vendors_and_fewer_liberties_never_grant_more(tc in tc(), vendors in proptest::collection::vec(1u16..50, 1..4)) {
        let read = TcString::decode(&tc.text()).unwrap();
        for accept_legitimate_interest in [false, true] {
            let all = read.answers_for(&Terms { vendors: &vendors, accept_legitimate_interest });
            for vendor in &vendors {
                prop_assert!(is_within(all, read.answers(Some(*vendor), accept_legitimate_interest)));
            }
            prop_assert!(is_within(all, read.answers(None, accept_legitimate_interest)));
        }
        prop_assert!(is_within(read.answers(Some(7), false), read.answers(Some(7), true)));
        if !read.purpose_consents.contains(1) && !read.purpose_one_treatment {
            prop_assert_eq!(read.answers(None, true), [Some(false); 4]);
        }
        let marketing = read.answers(None, true)[Purpose::Marketing as usize];
        prop_assert_eq!(marketing, read.answers(None, false)[Purpose::Marketing as usize]);
    }
}

#[test]
fn legitimate_interest_counts_where_the_operator_says_so() {
    let tc = strings("tcf", "tc_string")
        .into_iter()
        .zip(strings("tcf", "id"))
        .find(|(_, id)| id == "tcf-li-and-p1")
        .map(|(text, _)| TcString::decode(&text).unwrap())
        .unwrap();
    let no = Some(false);
    let yes = Some(true);
    assert_eq!(tc.answers(Some(755), false), [no; 4]);
    assert_eq!(tc.answers(Some(755), true), [no, yes, no, yes]);
    assert_eq!(tc.answers(Some(756), true), [no, yes, no, no]);
}
