//! One person on several devices: a no on one holds on all, a yes on the one it is given on.

mod common;

use common::{ADMIN_TOKEN, Collector, SECRET_KEY, SHOP, batch_of, event, now_ms};

const PHONE: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c073981";
const DESKTOP: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c073982";
/// SHA-256 of jane@example.com.
const JANE: &str = "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d";

/// A choice for everything, made so many milliseconds ago.
fn choice(answer: bool, ago_ms: i64) -> String {
    format!(
        r#"{{"regime":"opt_in","policy":1,"at":{},"basis":"explicit","marketing":{answer},"analytics":{answer},"personalization":{answer},"third_party_sharing":{answer}}}"#,
        now_ms() - ago_ms
    )
}

fn user(browser: &str, digest: Option<&str>) -> String {
    let em = digest.map_or_else(String::new, |digest| format!(r#","em":["{digest}"]"#));
    format!(r#"{{"anonymous_id":"{browser}"{em}}}"#)
}

/// Sends an event as a page does; returns what became of it.
fn send(collector: &Collector, consent: &str, user: &str, id: &str) -> String {
    let answer = collector
        .page(&batch_of("pk_test", consent, user, &event(id)))
        .json();
    match answer["rejected"][0]["code"].as_str() {
        Some(code) => code.to_owned(),
        None if answer["accepted"] == 1 => "accepted".to_owned(),
        None => answer.to_string(),
    }
}

fn word(collector: &Collector, consent: &str, user: &str) {
    let head = format!("POST /v1/consent HTTP/1.1\r\norigin: {SHOP}");
    let body = batch_of("pk_test", consent, user, "");
    let answer = collector.request(&head, body.as_bytes());
    assert_eq!((answer.status, answer.body.as_str()), (202, "{}"));
}

fn server_word(collector: &Collector, consent: &str, user: &str) -> common::Answer {
    let head = format!(
        "POST /v1/consent HTTP/1.1\r\nauthorization: Bearer {SECRET_KEY}\r\ncontent-type: application/json"
    );
    collector.request(&head, batch_of("", consent, user, "").as_bytes())
}

#[test]
fn a_withdrawal_on_the_phone_holds_on_the_desktop_of_the_same_person() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), "");
    let yes = choice(true, 5_000);
    for (browser, id) in [(PHONE, "p1"), (DESKTOP, "d1")] {
        assert_eq!(
            send(&collector, &yes, &user(browser, Some(JANE)), id),
            "accepted"
        );
    }
    let stranger = user("0199d2a4-79b0-7cc3-98c4-dc0c0c073983", None);
    word(&collector, &choice(false, 1_000), &user(PHONE, None));
    // The desktop does not even name the address any more.
    let desktop = user(DESKTOP, None);
    assert_eq!(send(&collector, &yes, &desktop, "d2"), "consent_denied");
    assert_eq!(send(&collector, &yes, &stranger, "s1"), "accepted");
    collector.kill();
    let collector = Collector::start(dir.path(), "");
    assert_eq!(
        send(&collector, &yes, &desktop, "d3"),
        "consent_denied",
        "it is on disk"
    );
    // A later yes on the phone is a yes on the phone.
    let again = choice(true, 500);
    word(&collector, &again, &user(PHONE, None));
    assert_eq!(
        send(&collector, &again, &user(PHONE, None), "p2"),
        "accepted"
    );
    assert_eq!(
        send(&collector, &yes, &desktop, "d4"),
        "consent_denied",
        "a yes does not travel"
    );
    // Who chooses anew on the desktop is asked on the desktop.
    let anew = choice(true, 0);
    assert_eq!(send(&collector, &anew, &desktop, "d5"), "accepted");
}

#[test]
fn a_browser_that_turns_out_to_be_hers_is_under_what_she_said_before() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let old_yes = choice(true, 60_000);
    assert_eq!(
        send(&collector, &old_yes, &user(PHONE, Some(JANE)), "p1"),
        "accepted"
    );
    word(&collector, &choice(false, 30_000), &user(PHONE, None));
    assert_eq!(
        send(&collector, &old_yes, &user(DESKTOP, None), "d1"),
        "accepted",
        "unknown yet"
    );
    assert_eq!(
        send(&collector, &old_yes, &user(DESKTOP, Some(JANE)), "d2"),
        "consent_denied"
    );
    assert_eq!(
        send(&collector, &old_yes, &user(DESKTOP, None), "d3"),
        "consent_denied",
        "known from now on"
    );
}

#[test]
fn only_what_was_refused_travels() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let yes = choice(true, 5_000);
    for (browser, id) in [(PHONE, "p1"), (DESKTOP, "d1")] {
        assert_eq!(
            send(&collector, &yes, &user(browser, Some(JANE)), id),
            "accepted"
        );
    }
    let partly = choice(true, 1_000).replace("\"marketing\":true", "\"marketing\":false");
    word(&collector, &partly, &user(PHONE, None));
    assert_eq!(
        send(&collector, &yes, &user(DESKTOP, Some(JANE)), "d2"),
        "accepted"
    );
    let asked =
        format!(r#"{{"user":{{"anonymous_id":"{DESKTOP}"}},"exact":true,"verified_by":"test"}}"#);
    let head = format!("POST /v1/privacy/export HTTP/1.1\r\nauthorization: Bearer {ADMIN_TOKEN}");
    let export = collector.request(&head, asked.as_bytes());
    let holds = |id: &str| {
        let line = export
            .body
            .lines()
            .find(|line| line.contains(&format!("\"event_id\":\"{id}\"")));
        line.unwrap_or_else(|| panic!("{id} not in {}", export.body))
            .contains(JANE)
    };
    assert!(holds("d1"));
    assert!(
        !holds("d2"),
        "kept for analytics, without the digests: marketing was refused"
    );
}

#[test]
fn a_server_passes_on_a_word_by_any_name_of_the_person() {
    for (name, value) in [
        ("user_id", r#""c-77""#.to_owned()),
        ("em", format!(r#"["{JANE}"]"#)),
        ("email", r#""Jane@Example.com ""#.to_owned()),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let collector = Collector::start(dir.path(), "");
        let yes = choice(true, 5_000);
        let known = format!(r#"{{"anonymous_id":"{DESKTOP}","user_id":"c-77","em":["{JANE}"]}}"#);
        assert_eq!(send(&collector, &yes, &known, "d1"), "accepted", "{name}");
        let answer = server_word(
            &collector,
            &choice(false, 1_000),
            &format!(r#"{{"{name}":{value}}}"#),
        );
        assert_eq!((answer.status, answer.body.as_str()), (202, "{}"), "{name}");
        assert_eq!(
            send(&collector, &yes, &user(DESKTOP, None), "d2"),
            "consent_denied",
            "{name}"
        );
        let mut bytes = Vec::new();
        for file in std::fs::read_dir(dir.path().join("data")).unwrap() {
            bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
        };
        assert!(!holds("jane@example.com"), "clear values end at the door");
    }
}

#[test]
fn a_word_of_nobody_says_what_to_send() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    for user in [
        "{}",
        r#"{"anonymous_id":"customer-7"}"#,
        r#"{"email":"qwertz"}"#,
        r#"{"first_name":"Jane"}"#,
    ] {
        let answer = server_word(&collector, &choice(false, 0), user);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_consent"),
            "{user}"
        );
        for want in ["anonymous_id", "user_id", "email"] {
            assert!(answer.body.contains(want), "{}", answer.body);
        }
        assert!(!answer.body.contains("qwertz"), "no value is repeated");
    }
}

/// A page's key is public: what it says of an address it does not say for the browsers of others.
#[test]
fn a_page_speaks_for_its_browser_alone() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let yes = choice(true, 5_000);
    assert_eq!(
        send(&collector, &yes, &user(DESKTOP, Some(JANE)), "d1"),
        "accepted"
    );
    word(&collector, &choice(false, 0), &user(PHONE, Some(JANE)));
    assert_eq!(
        send(&collector, &yes, &user(DESKTOP, Some(JANE)), "d2"),
        "accepted"
    );
}
