//! Documented results of Pinterest, Snapchat, Reddit, LinkedIn, Microsoft and X (`vectors/`): each is one of the digests that travel, so that a
//! destination only has to choose.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use firsthand_core::identity::{Clear, Country, Digest, Field, Pair, Rules, microsoft, reddit};

#[derive(serde::Deserialize)]
struct Case {
    platform: String,
    field: String,
    raw: String,
    default_country: Option<String>,
    sha256: String,
}

/// What is not followed, with the reason.
const NOT_FOLLOWED: [(&str, &str, &str); 6] = [
    (
        "snapchat",
        "Van der Berg",
        "the page speaks of trimming only; its SDK removes inner spaces",
    ),
    (
        "snapchat",
        "United States",
        "a country is an ISO code here, its names are refused",
    ),
    (
        "pinterest",
        "49 30 901820",
        "no plus and no default country: refused",
    ),
    (
        "pinterest",
        "94107-1234",
        "the code of the area only; not sent beyond it",
    ),
    (
        "pinterest",
        "Non-Binary",
        "a gender that one platform alone knows is refused",
    ),
    (
        "x",
        "+11234567890",
        "no area code starts with a one: refused",
    ),
];

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("vectors/normalization-others.json")).unwrap()
}

fn rules(case: &Case) -> Rules {
    Rules {
        lowercase: str::to_lowercase,
        default_country: case.default_country.as_deref().and_then(Country::parse),
    }
}

/// Returns the digest that the platform gets: the key is chosen as `docs/destinations` says.
fn chosen(case: &Case) -> Option<Digest> {
    let (raw, rules) = (Clear::new(&case.raw), rules(case));
    let pair = |field| rules.digests(field, raw);
    let second = |pair: Pair| pair.second.or(pair.first);
    match (case.platform.as_str(), case.field.as_str()) {
        ("reddit", "email") => rules.mailboxes(raw).reddit,
        ("microsoft", "em") => rules.mailboxes(raw).microsoft,
        (_, "em" | "SHA256_EMAIL" | "hashed_email") => pair(Field::Email).first,
        ("snapchat" | "pinterest", "ph") => pair(Field::Phone).first,
        ("reddit" | "microsoft" | "x", "phone" | "ph" | "hashed_phone_number") => {
            pair(Field::Phone).second
        }
        ("snapchat" | "pinterest", "fn") => second(pair(Field::FirstName)),
        ("snapchat" | "pinterest", "ln") => second(pair(Field::LastName)),
        (_, "ct") => pair(Field::City).first,
        (_, "st") => pair(Field::State).first,
        (_, "zp") => pair(Field::Zip).first,
        (_, "country") => pair(Field::Country).first,
        (_, "ge") => pair(Field::Gender).first,
        (_, "db") => pair(Field::DateOfBirth).first,
        ("snapchat", "external_id") => pair(Field::ExternalId).first,
        (_, "external_id") => second(pair(Field::ExternalId)),
        other => panic!("no rule for {other:?}"),
    }
}

fn reason(case: &Case) -> Option<&'static str> {
    NOT_FOLLOWED
        .iter()
        .find(|(platform, raw, _)| *platform == case.platform && *raw == case.raw)
        .map(|(_, _, reason)| *reason)
}

#[test]
fn documented_results_are_among_the_digests_that_travel() {
    let mut platforms = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in cases() {
        let is_same = chosen(&case).is_some_and(|digest| digest.hex() == case.sha256);
        let reason = reason(&case);
        // An exception that is followed after all is none.
        if is_same == reason.is_some() {
            wrong.push(format!(
                "{} {} {:?}: {reason:?}",
                case.platform, case.field, case.raw
            ));
        }
        platforms.insert(case.platform);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(platforms.len(), 6);
}

#[test]
fn what_is_no_address_has_no_form() {
    let lower: fn(&str) -> String = str::to_lowercase;
    for raw in [
        "",
        "jane",
        "@x.com",
        "jane@",
        "a b@x.com",
        "+tag@x.com",
        "jane@localhost",
    ] {
        assert!(reddit::email(Clear::new(raw), lower).is_none(), "{raw}");
        assert!(microsoft::email(Clear::new(raw), lower).is_none(), "{raw}");
    }
    // Nothing but marks before the plus: nothing is left at Reddit.
    assert!(reddit::email(Clear::new("_-_@x.com"), lower).is_none());
    let md5 = Rules {
        lowercase: lower,
        default_country: None,
    }
    .mailboxes(Clear::new("5d41402abc4b2a76b9719d911017c592"));
    assert_eq!((md5.reddit, md5.microsoft), (None, None));
}

#[test]
fn a_digest_passes_and_is_never_hashed_again() {
    let digest =
        Digest::parse("c4d25e9c90ff23e9145397bc6fbd5385ca5fbe78211222ccbecd0b369ebb19a6").unwrap();
    let rules = Rules {
        lowercase: str::to_lowercase,
        default_country: None,
    };
    let forms = rules.mailboxes(Clear::new(&digest.hex().to_uppercase()));
    assert_eq!(
        (forms.reddit, forms.microsoft),
        (Some(digest), Some(digest))
    );
}
