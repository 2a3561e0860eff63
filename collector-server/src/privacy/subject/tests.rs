use super::*;
use crate::privacy::keys::testing_ring;
use firsthand_core::consent::Choice;

const DIGEST: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";
const OTHER_DIGEST: &str = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176";

#[test]
fn an_index_is_bound_to_secret_kind_and_value() {
    let (one, other) = (testing_ring(), testing_ring());
    let key = one.identifier(Kind::Email, DIGEST).key;
    assert_eq!(key, one.identifier(Kind::Email, DIGEST).key);
    assert_ne!(key, one.identifier(Kind::Phone, DIGEST).key);
    assert_ne!(key, other.identifier(Kind::Email, DIGEST).key);
    assert_eq!(BlindKey::parse(&key.to_string()), Some(key));
    assert_eq!(BlindKey::parse("62a1"), None);
}

/// The store finds a person's data keys and words by the identifiers alone: an erasure knows nothing else.
#[test]
fn what_is_kept_of_an_identifier_is_found_by_its_index() {
    let ring = testing_ring();
    let id = "0199d2a4-79b0-7cc3-98c4-dc0c0c073981";
    let browser = ring.identifier(Kind::AnonymousId, id);
    assert_eq!(ring.subject_of(&browser), ring.subject(id));
    let address = ring.identifier(Kind::Email, DIGEST);
    let customer = ring.identifier(Kind::UserId, "c-77");
    for (id, others, want) in [
        (Some(id), vec![browser, customer], Some(browser)),
        (None, vec![customer, address], Some(customer)),
        (None, vec![address], Some(address)),
        (None, vec![], None),
    ] {
        let owner = owner_name(id, &others).map(|name| ring.subject(&name));
        assert_eq!(owner, want.map(|identifier| ring.subject_of(&identifier)));
    }
}

#[test]
fn a_header_names_its_person_by_ids_and_digests_and_by_nothing_else() {
    let ring = testing_ring();
    let upper = DIGEST.to_uppercase();
    let user = User {
        anonymous_id: Some(Cow::Borrowed("a")),
        user_id: Some(Cow::Borrowed("c-77")),
        digests: [
            (DigestKey::Email, DIGEST),
            (DigestKey::EmailGoogle, upper.as_str()),
            // Shared by other people's addresses.
            (DigestKey::EmailReddit, OTHER_DIGEST),
            (DigestKey::EmailMicrosoft, OTHER_DIGEST),
            (DigestKey::FirstName, DIGEST),
            (DigestKey::Phone, "not a digest"),
        ]
        .map(|(key, value)| (key, Cow::Borrowed(value)))
        .to_vec(),
        ..User::default()
    };
    let kinds: Vec<Kind> = ring.identifiers(&user).iter().map(|i| i.kind).collect();
    assert_eq!(kinds, [Kind::AnonymousId, Kind::UserId, Kind::Email]);
}

#[test]
fn a_no_stands_until_a_later_choice_and_only_for_its_purpose() {
    let mut said = Choice::of_all(false, 1, 100);
    said.answers[Purpose::Analytics as usize] = Some(true);
    let refused = Refusals::by(&saying(said, false), Verdict::default());
    for (choice_at, want) in [
        (Some(99), true),
        (Some(100), true),
        (Some(101), false),
        (None, true),
    ] {
        assert_eq!(
            refused.stands(Purpose::Marketing, choice_at),
            want,
            "{choice_at:?}"
        );
        assert!(!refused.stands(Purpose::Analytics, choice_at));
    }
    let later = Refusals([Some(50), Some(300), None, None]);
    assert_eq!(
        refused.and(later).0,
        [Some(100), Some(300), Some(100), Some(100)]
    );
    let mut verdict = Verdict {
        allow: [true; PURPOSES],
        ..Verdict::default()
    };
    assert!(refused.restrict(&mut verdict, None));
    assert_eq!(verdict.allow, [false, true, false, false]);
    assert!(Refusals::default().is_none());
}

#[test]
fn the_signal_refuses_what_it_takes_away() {
    let said = Choice::of_all(true, 1, 100);
    let mut verdict = Verdict {
        allow: [true; PURPOSES],
        ..Verdict::default()
    };
    verdict.allow[Purpose::ThirdPartySharing as usize] = false;
    assert!(Refusals::by(&saying(said, false), verdict).is_none());
    let refused = Refusals::by(&saying(said, true), verdict);
    assert!(refused.stands(Purpose::ThirdPartySharing, None));
    assert!(!refused.stands(Purpose::Marketing, None));
}

fn saying(choice: Choice, gpc: bool) -> ConsentEvidence<'static> {
    ConsentEvidence {
        choice: Some(choice),
        gpc,
        ..ConsentEvidence::default()
    }
}

/// A signal that was seen of the browser outlives a later yes that a server passes on of the customer.
#[test]
fn words_under_several_names_are_one() {
    let word = |evidence, received_at_ms| Word {
        evidence,
        received_at_ms,
    };
    let signal = ConsentEvidence {
        gpc: true,
        ..ConsentEvidence::default()
    };
    let yes = saying(Choice::of_all(true, 1, 200), false);
    for order in [[signal.clone(), yes.clone()], [yes.clone(), signal]] {
        let [first, second] = order;
        let joint = joint_word([word(first, 100), word(second, 300)].into_iter()).unwrap();
        assert!(joint.evidence.gpc);
        assert_eq!(joint.evidence.choice, yes.choice);
    }
    let no = saying(Choice::of_all(false, 1, 250), false);
    let joint = joint_word([word(no.clone(), 250), word(yes.clone(), 300)].into_iter());
    assert_eq!(joint.unwrap().evidence.choice, no.choice, "the latest said");
    let unreadable = word(ConsentEvidence::default(), 400);
    let joint = joint_word([word(yes, 300), unreadable].into_iter());
    assert_eq!(joint.unwrap().evidence.choice, None, "no grant");
    assert_eq!(joint_word(std::iter::empty()), None);
}

/// What a header keeps is what it names its person by, and a hostile one costs no more than an honest one.
#[test]
fn digests_name_a_person_once_and_within_a_bound() {
    let hex = |n: usize| format!("{n:064x}");
    let digest = |key, value: &str| (key, Cow::Owned(value.to_owned()));
    let same = [
        digest(DigestKey::Phone, &hex(10)),
        digest(DigestKey::PhoneE164, &hex(10)),
        digest(DigestKey::PhoneE164, &hex(10).to_uppercase()),
        digest(DigestKey::Phone, "no digest"),
        digest(DigestKey::City, &hex(11)),
        digest(DigestKey::Email, &hex(10)),
    ];
    let named = named_by(&same);
    assert_eq!(
        named.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [Kind::Phone, Kind::Email]
    );
    let many: Vec<_> = (0..500)
        .flat_map(|n| {
            [
                digest(DigestKey::Email, &hex(n)),
                digest(DigestKey::EmailGoogle, &hex(n + 1000)),
            ]
        })
        .collect();
    let named = named_by(&many);
    assert_eq!(named.len(), 2 * MAX_DIGESTS);
    assert!(named.contains(&(Kind::Email, Cow::Owned(hex(9)))));
    assert!(named.contains(&(Kind::Email, Cow::Owned(hex(1009)))));
}
