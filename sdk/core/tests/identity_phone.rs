//! Telephone numbers against libphonenumber (the `phonenumber` crate) as oracle.
#![allow(clippy::unwrap_used)]

use std::str::FromStr;

use firsthand_core::identity::{Country, e164};
use phonenumber::metadata::{DATABASE, Metadata};
use phonenumber::{Mode, country};
use proptest::prelude::*;

fn oracle(region: &str, raw: &str) -> Option<String> {
    let id = country::Id::from_str(region).ok();
    let number = phonenumber::parse(id, raw).ok()?;
    number
        .is_valid()
        .then(|| number.format().mode(Mode::E164).to_string())
}

fn ours(region: &str, raw: &str) -> Option<String> {
    e164(raw, Country::parse(region))
}

fn regions() -> impl Iterator<Item = &'static Metadata> {
    DATABASE.iter().filter(|m| m.id() != "001")
}

/// Example numbers of a person's telephone: fixed, mobile, internet, personal.
fn examples(meta: &Metadata) -> Vec<String> {
    let of = meta.descriptors();
    [
        of.fixed_line(),
        of.mobile(),
        of.voip(),
        of.personal_number(),
    ]
    .into_iter()
    .flatten()
    .filter_map(|d| d.example().map(str::to_owned))
    .collect()
}

fn grouped(digits: &str, separator: &str) -> String {
    let groups: Vec<String> = digits
        .as_bytes()
        .chunks(3)
        .map(|c| String::from_utf8_lossy(c).into_owned())
        .collect();
    groups.join(separator)
}

/// One number in the ways people write it.
fn spellings(meta: &Metadata, national: &str) -> Vec<String> {
    let code = meta.country_code();
    let trunk = meta.national_prefix().unwrap_or("");
    let mut all = vec![
        format!("+{code}{national}"),
        format!("+{code} {}", grouped(national, " ")),
        format!("＋{code}-{}", grouped(national, "-")),
        format!("tel:+{code}{national}"),
        format!("+{code} {} ext. 12", grouped(national, ".")),
        format!("00{code}{national}"),
        national.to_owned(),
        format!("{trunk}{national}"),
        format!(
            "({trunk}{}) {}",
            &national[..2],
            grouped(&national[2..], "/")
        ),
        format!("{trunk}{national} x7"),
        format!("{code}{national}"),
    ];
    if !trunk.is_empty() {
        all.push(format!("+{code} ({trunk}) {}", grouped(national, " ")));
    }
    all
}

/// Where libphonenumber's reading is not ours, and why.
fn is_known_difference(region: &str, raw: &str) -> bool {
    // `00` followed by the country code; libphonenumber takes the next digits for a carrier there.
    let carrier_prefix =
        matches!(region, "BR" | "CO" | "ID" | "KR" | "SG" | "TH") && raw.starts_with("00");
    // The country code without plus, in small plans whose lengths leave both readings open; ours is the national one.
    let bare_code = [("AD", "376"), ("NU", "683"), ("TK", "690"), ("WS", "685")];
    carrier_prefix
        || bare_code
            .iter()
            .any(|(r, code)| *r == region && raw.starts_with(code))
}

/// Returns how many spellings the oracle calls valid, and those we read differently.
fn compare(meta: &Metadata, national: &str) -> (usize, Vec<String>) {
    let mut valid = 0;
    let mut different = Vec::new();
    for raw in spellings(meta, national) {
        let Some(want) = oracle(meta.id(), &raw) else {
            continue;
        };
        valid += 1;
        let got = ours(meta.id(), &raw);
        if got.as_deref() != Some(want.as_str()) && !is_known_difference(meta.id(), &raw) {
            different.push(format!("{} {raw}: {got:?}, want {want}", meta.id()));
        }
    }
    (valid, different)
}

#[test]
fn example_numbers_of_every_region_agree_in_every_spelling() {
    let (mut valid, mut seen) = (0, 0);
    let mut different = Vec::new();
    for meta in regions() {
        seen += 1;
        for national in examples(meta) {
            let (n, mut d) = compare(meta, &national);
            valid += n;
            different.append(&mut d);
        }
    }
    assert_eq!(different, [] as [String; 0]);
    assert_eq!(seen, 245, "regions of the oracle");
    assert!(valid > 7000, "only {valid} spellings were valid");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn valid_numbers_agree_whatever_their_tail(
        region in 0usize..245, example in 0usize..4, keep in 1usize..5, tail in proptest::collection::vec(b'0'..=b'9', 17)
    ) {
        let meta = regions().nth(region).unwrap();
        let examples = examples(meta);
        prop_assume!(!examples.is_empty());
        let example = &examples[example % examples.len()];
        let tail = String::from_utf8(tail).unwrap();
        let keep = keep.min(example.len());
        let national = format!("{}{}", &example[..keep], &tail[..example.len() - keep]);
        prop_assert_eq!(compare(meta, &national).1, [] as [String; 0]);
    }

    #[test]
    fn any_text_gives_e164_or_nothing(raw in "\\PC{0,40}", region in "[A-Z]{2}") {
        if let Some(number) = ours(&region, &raw) {
            prop_assert!(number.starts_with('+') && number.len() <= 16);
            prop_assert!(number[1..].bytes().all(|b| b.is_ascii_digit()));
        }
    }

    #[test]
    fn a_number_in_e164_stays_as_it_is(raw in "[+0]{0,2}[0-9 ()-]{6,18}", region in "[A-Z]{2}") {
        if let Some(number) = ours(&region, &raw) {
            prop_assert_eq!(ours(&region, &number), Some(number.clone()));
            prop_assert_eq!(e164(&number, None), Some(number));
        }
    }
}

#[test]
fn dialling_habits_are_understood() {
    let table = [
        ("US", "011 44 20 7946 0958", "+442079460958"),
        ("JP", "010 44 20 7946 0958", "+442079460958"),
        ("AU", "0011 44 20 7946 0958", "+442079460958"),
        ("RU", "8~10 44 20 7946 0958", ""),
        ("RU", "810 44 20 7946 0958", "+442079460958"),
        ("RU", "8 (912) 345-67-89", "+79123456789"),
        ("KZ", "8 701 234 5678", "+77012345678"),
        ("BY", "8 029 491 19 11", "+375294911911"),
        ("BY", "80 29 491 19 11", "+375294911911"),
        ("HU", "06 20 123 4567", "+36201234567"),
        ("HU", "+36 06 20 123 4567", "+36201234567"),
        ("IT", "06 1234 5678", "+390612345678"),
        ("IT", "+39 (0)6 1234 5678", "+390612345678"),
        ("IT", "347 123 4567", "+393471234567"),
        ("BR", "0 15 11 96123-4567", "+5511961234567"),
        ("BR", "(011) 96123-4567", "+5511961234567"),
        ("AR", "011 15 2345-6789", "+5491123456789"),
        ("AR", "0351 15 345 6789", "+5493513456789"),
        ("AR", "02901 15 34 5678", "+5492901345678"),
        ("AR", "+54 9 11 2345 6789", "+5491123456789"),
        ("MX", "+52 1 55 1234 5678", "+525512345678"),
        ("DE", "+49 (0) 30 / 123 456-0", "+49301234560"),
        ("DE", "０１７１ １２３４５６７", "+491711234567"),
        ("EG", "٠١٠٠١٢٣٤٥٦٧", "+201001234567"),
        ("IR", "۰۹۱۲۳۴۵۶۷۸۹", "+989123456789"),
        ("GB", "\u{202a}+44 7400 123456\u{202c}", "+447400123456"),
        ("GB", "07400 123456 extension: 12", "+447400123456"),
        ("GB", "+44 7400 123456;ext=12", "+447400123456"),
        ("US", "1-800-FLOWERS", ""),
        ("US", "650 555 1212 or 650 555 1213", ""),
        ("US", "+1 150 555 1212", ""),
        ("US", "555-1212", ""),
        ("AG", "464 1234", ""),
        ("GB", "+44", ""),
        ("GB", "++44 7400 123456", ""),
        ("GB", "+999 7400 123456", ""),
        ("GB", "0000000000", ""),
        ("DE", "+4917112345678901234567890", ""),
    ];
    for (region, raw, want) in table {
        let got = ours(region, raw).unwrap_or_default();
        assert_eq!(got, want, "{region} {raw}");
    }
}

#[test]
fn without_default_country_only_complete_numbers_are_taken() {
    let table = [
        ("16505551212", Some("+16505551212")),
        ("1 (650) 555-1212", Some("+16505551212")),
        ("491711234567", Some("+491711234567")),
        ("0049 171 1234567", Some("+491711234567")),
        ("011 49 171 1234567", Some("+491711234567")),
        ("650 555 1212", None),
        ("0171 1234567", None),
        ("33612345678", None),
        ("11961234567", None),
    ];
    for (raw, want) in table {
        assert_eq!(e164(raw, None).as_deref(), want, "{raw}");
    }
    assert_eq!(
        ours("AQ", "0171 1234567"),
        None,
        "a country without telephone plan"
    );
}
