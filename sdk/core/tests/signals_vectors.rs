//! The strings of the consent frameworks against what the frameworks' own libraries read in them, and the words for other tools.
//! Runs natively and, by `sdk/web/tests/vectors.rs`, as WebAssembly.
#![allow(missing_docs, clippy::unwrap_used)]

use firsthand_core::consent::{Purpose, Verdict};
use firsthand_core::signals::gpp::{Gpp, GppError, Section, TCF_EU_V2};
use firsthand_core::signals::gpp_sections::{Field, UsSection};
use firsthand_core::signals::tcf::{IdBits, RestrictionType, TcString};
use firsthand_core::signals::vendors::VendorSet;
use firsthand_core::signals::{Answers, outbound, us_privacy};
use serde_json::{Value, json};
#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn vectors(part: &str, count: usize) -> Vec<Value> {
    let mut vectors: Value = serde_json::from_str(include_str!("vectors/consent.json")).unwrap();
    let Value::Array(cases) = vectors[part].take() else {
        panic!("no {part}");
    };
    assert_eq!(cases.len(), count, "{part}");
    cases
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

/// Epoch milliseconds of `2025-06-03T00:00:00.000Z`, by the days of the proleptic Gregorian calendar.
fn epoch_ms(time: &str) -> u64 {
    let part = |at: std::ops::Range<usize>| time[at].parse::<u64>().unwrap();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let seconds = (part(11..13) * 60 + part(14..16)) * 60 + part(17..19);
    (days - 719_468) * 86_400_000 + seconds * 1000 + part(20..23)
}

fn ids_of(set: &VendorSet) -> Vec<u16> {
    (0..=u16::MAX).filter(|id| set.contains(*id)).collect()
}

fn small_ids_of(set: IdBits) -> Vec<u8> {
    (0..=u8::MAX).filter(|id| set.contains(*id)).collect()
}

fn letters(pair: [u8; 2]) -> String {
    pair.map(char::from).into_iter().collect()
}

#[test]
fn every_tc_string_is_read_as_the_frameworks_library_reads_it() {
    for case in vectors("tcf", 36) {
        let tc = TcString::decode(text(&case, "tc_string")).unwrap();
        let want = &case["decoded"];
        let publisher = tc.publisher.unwrap_or_else(|| {
            TcString::decode("CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA.YAAAAAAAAAAA")
                .unwrap()
                .publisher
                .unwrap()
        });
        let restrictions: Vec<Value> = tc
            .restrictions
            .iter()
            .map(|restriction| {
                let kind = match restriction.kind {
                    RestrictionType::NotAllowed => 0,
                    RestrictionType::RequireConsent => 1,
                    RestrictionType::RequireLegitimateInterest => 2,
                    RestrictionType::Undefined => 3,
                };
                json!({ "purpose_id": restriction.purpose, "restriction_type": kind, "vendor_ids": ids_of(&restriction.vendors) })
            })
            .collect();
        let got = json!({
            "version": 2,
            "created": want["created"],
            "last_updated": want["last_updated"],
            "cmp_id": tc.cmp_id,
            "cmp_version": tc.cmp_version,
            "consent_screen": tc.consent_screen,
            "consent_language": letters(tc.consent_language),
            "vendor_list_version": tc.vendor_list_version,
            "policy_version": tc.policy_version,
            "is_service_specific": tc.is_service_specific,
            "use_non_standard_texts": tc.use_non_standard_texts,
            "special_feature_opt_ins": small_ids_of(tc.special_feature_opt_ins),
            "purpose_consents": small_ids_of(tc.purpose_consents),
            "purpose_legitimate_interests": small_ids_of(tc.purpose_legitimate_interests),
            "purpose_one_treatment": tc.purpose_one_treatment,
            "publisher_cc": letters(tc.publisher_country),
            "vendor_consents": ids_of(&tc.vendor_consents),
            "vendor_legitimate_interests": ids_of(&tc.vendor_legitimate_interests),
            "publisher_restrictions": restrictions,
            "vendors_disclosed": tc.disclosed_vendors.as_ref().map(ids_of).unwrap_or_default(),
            "publisher_consents": small_ids_of(publisher.consents),
            "publisher_legitimate_interests": small_ids_of(publisher.legitimate_interests),
            "num_custom_purposes": publisher.custom_purposes,
            "publisher_custom_consents": small_ids_of(publisher.custom_consents),
            "publisher_custom_legitimate_interests": small_ids_of(publisher.custom_legitimate_interests),
            "has_disclosed_vendors_segment": tc.disclosed_vendors.is_some(),
            "has_publisher_tc_segment": tc.publisher.is_some(),
            "vendor_consent_encoding": {
                "max_vendor_id": tc.vendor_consents.max_id(),
                "is_range_encoding": tc.vendor_consents.is_ranges(),
            },
        });
        assert_eq!(&got, want, "{}", case["id"]);
        assert_eq!(tc.created_ms, epoch_ms(text(want, "created")));
        assert_eq!(tc.last_updated_ms, epoch_ms(text(want, "last_updated")));
    }
}

#[test]
fn every_tc_string_is_answered_by_the_rule() {
    for case in vectors("tcf", 36) {
        let tc = TcString::decode(text(&case, "tc_string")).unwrap();
        let want = &case["mapping"];
        let vendor = u16::try_from(want["vendor_id"].as_u64().unwrap()).unwrap();
        assert_eq!(Some(tc.is_valid()), want["valid"].as_bool());
        let got = tc.answers(Some(vendor), false);
        assert_eq!(
            got,
            Purpose::ALL.map(|p| want[p.as_str()].as_bool()),
            "{}",
            case["id"]
        );
    }
}

#[test]
fn what_is_no_tc_string_is_refused() {
    for case in vectors("tcf_errors", 5) {
        assert!(
            text(&case, "expect").starts_with("reject"),
            "{}",
            case["id"]
        );
        let refused = TcString::decode(text(&case, "tc_string"));
        assert!(refused.is_err(), "{}", case["id"]);
    }
}

/// Compares every field that a section has in the library's reading.
fn assert_section(id: &Value, section: &UsSection, want: &Value) {
    let mut left = want.as_object().unwrap().clone();
    let version = left.remove("Version").or(left.remove("MspaVersion"));
    assert_eq!(version, Some(json!(section.version())), "{id}");
    left.remove("GpcSegmentType");
    assert_eq!(
        left.remove("Gpc"),
        section.gpc().map(Value::from),
        "{id} Gpc"
    );
    for (name, want) in left {
        let field = FIELDS
            .into_iter()
            .find(|field| format!("{field:?}") == name)
            .unwrap_or_else(|| panic!("{id}: no field {name}"));
        let want = if want.is_array() { want } else { json!([want]) };
        assert_eq!(json!(section.values(field)), want, "{id} {name}");
    }
}

const FIELDS: [Field; 19] = [
    Field::SharingNotice,
    Field::ProcessingNotice,
    Field::SaleOptOutNotice,
    Field::SharingOptOutNotice,
    Field::TargetedAdvertisingOptOutNotice,
    Field::SensitiveDataProcessingOptOutNotice,
    Field::SensitiveDataOptOutNotice,
    Field::SensitiveDataLimitUseNotice,
    Field::SaleOptOut,
    Field::SharingOptOut,
    Field::TargetedAdvertisingOptOut,
    Field::SensitiveDataProcessing,
    Field::KnownChildSensitiveDataConsents,
    Field::PersonalDataConsents,
    Field::AdditionalDataProcessingConsent,
    Field::MspaCoveredTransaction,
    Field::MspaOptOutOptionMode,
    Field::MspaServiceProviderMode,
    Field::MspaMode,
];

fn sharing(answers: Answers) -> Option<bool> {
    let [marketing, analytics, personalization, sharing] = answers;
    assert_eq!(
        [marketing, analytics, personalization],
        [None; 3],
        "a US section speaks of sharing only"
    );
    sharing
}

#[test]
fn every_gpp_string_is_read_and_answered_section_by_section() {
    for case in vectors("gpp", 40) {
        let id = &case["id"];
        let gpp = Gpp::decode(text(&case, "gpp_string")).unwrap();
        let ids: Vec<u16> = gpp.sections.iter().map(|(id, _)| *id).collect();
        assert_eq!(json!(ids), case["section_ids"], "{id}");
        for (number, section) in &gpp.sections {
            let answers = gpp.answers(&[*number]);
            match section {
                Section::Us(section) => {
                    let want = &case["mapping"][section.name()];
                    assert_section(id, section, &case["decoded"][section.name()]);
                    assert_eq!(sharing(answers), want["third_party_sharing"].as_bool());
                    assert_eq!(Some(section.is_opted_out()), want["opted_out"].as_bool());
                    assert_eq!(Some(gpp.has_gpc(&[*number])), want["gpc"].as_bool(), "{id}");
                    assert_eq!(
                        Some(section.is_child_without_consent()),
                        want["child_no_consent"].as_bool()
                    );
                }
                Section::UsPrivacy(_) => {
                    let want = &case["mapping"]["uspv1"]["third_party_sharing"];
                    assert_eq!(sharing(answers), want.as_bool(), "{id}");
                }
                Section::Tcf(tc) => {
                    assert_eq!(*number, TCF_EU_V2);
                    assert_eq!(answers, tc.answers(None, false), "{id}");
                    let want = &case["decoded"]["tcfeuv2"];
                    assert_eq!(tc.created_ms, epoch_ms(text(want, "Created")), "{id}");
                    assert_eq!(json!(ids_of(&tc.vendor_consents)), want["VendorConsents"]);
                }
                Section::Unknown => panic!("{id}: section {number} is not read"),
            }
        }
    }
}

#[test]
fn what_is_no_gpp_string_is_refused() {
    for case in vectors("gpp_errors", 5) {
        assert!(
            text(&case, "expect").starts_with("no usable signal"),
            "{}",
            case["id"]
        );
        assert!(
            Gpp::decode(text(&case, "gpp_string")).is_err(),
            "{}",
            case["id"]
        );
    }
}

#[test]
fn the_strictest_of_the_applicable_sections_counts() {
    let cases = vectors("gpp", 40);
    let gpp_of = |id: &str| {
        let case = cases.iter().find(|case| case["id"] == id).unwrap();
        Gpp::decode(text(case, "gpp_string")).unwrap()
    };
    let states = gpp_of("gpp-multi-usnat-usca");
    for (applicable, want, has_gpc) in [
        (&[7][..], Some(true), false),
        (&[8][..], Some(false), true),
        (&[7, 8][..], Some(false), true),
        (&[][..], Some(false), true),
        (&[9][..], None, false),
    ] {
        assert_eq!(sharing(states.answers(applicable)), want, "{applicable:?}");
        assert_eq!(states.has_gpc(applicable), has_gpc, "{applicable:?}");
    }
    let both = gpp_of("gpp-tcfeu-accept-usnat-optout");
    assert_eq!(both.answers(&[2]), [Some(true); 4]);
    let [marketing, analytics, personalization, sharing] = both.answers(&[2, 7]);
    assert_eq!([marketing, analytics, personalization], [Some(true); 3]);
    assert_eq!(sharing, Some(false));
}

#[test]
fn sections_of_the_future_say_nothing_and_spare_the_others() {
    // usca (8) and a section 30 that nobody knows: ids as 8, then 22 further.
    let gpp = Gpp::decode("DBACBoM~BUUAAABA.YA~whatever!").unwrap();
    assert_eq!(gpp.section(30), Some(&Section::Unknown));
    assert_eq!(gpp.answers(&[30]), [None; 4]);
    assert_eq!(sharing(gpp.answers(&[8, 30])), Some(false));
    // usca in a second version.
    let gpp = Gpp::decode("DBABBg~CUUAAABA.YA").unwrap();
    assert_eq!(gpp.section(8), Some(&Section::Unknown));
}

#[test]
fn a_header_costs_no_more_than_its_sections_may() {
    for (header, want) in [
        // One range from 1 to 1 + 46,367.
        ("DBAB6qqqw", GppError::TooManySections),
        // 4095 ids announced, none there.
        ("DB__", GppError::Header),
        // A distance of more than 65,535 ids.
        ("DBABKqClg", GppError::Header),
    ] {
        assert_eq!(Gpp::decode(header), Err(want), "{header}");
    }
}

#[test]
fn every_us_privacy_string_is_read() {
    for case in vectors("us_privacy", 10) {
        let read = us_privacy::decode(text(&case, "us_privacy"));
        assert_eq!(
            Some(read.is_some()),
            case["valid"].as_bool(),
            "{}",
            case["id"]
        );
        let got = read.and_then(|read| sharing(read.answers()));
        assert_eq!(got, case["third_party_sharing"].as_bool(), "{}", case["id"]);
    }
}

#[test]
fn other_tools_are_told_in_their_own_words() {
    for case in vectors("outbound", 16) {
        let verdict = Verdict {
            allow: Purpose::ALL.map(|p| case["allow"][p.as_str()].as_bool().unwrap()),
            ..Verdict::default()
        };
        let told = outbound(&verdict);
        let google: serde_json::Map<String, Value> = told
            .google
            .entries()
            .into_iter()
            .map(|(key, state)| (key.to_owned(), json!(state.as_str())))
            .collect();
        let got = json!({
            "google_consent_mode": google,
            "microsoft_uet": { "ad_storage": told.microsoft.ad_storage.as_str() },
            "meta_pixel": told.meta.as_str(),
            "tiktok": told.tiktok.as_str(),
            "shopify": {
                "analytics": told.shopify.analytics,
                "marketing": told.shopify.marketing,
                "preferences": told.shopify.preferences,
                "sale_of_data": told.shopify.sale_of_data,
            },
            "forward_to_ad_platform": verdict.allows_match_keys(),
            "store_analytics_event": verdict.allows(Purpose::Analytics),
        });
        assert_eq!(got, case["expect"], "{}", case["id"]);
    }
}
