//! What people and their tools send to the administrative doors: a line for a query, one for a header, the rest a body. Whom a request is about
//! is kept as an index or not at all: no word for the audit log and none of a refusal holds what was sent.
#![no_main]

use std::sync::LazyLock;

use firsthand_collector::intake::fuzzing::{keys, privacy, queries, replay};
use firsthand_collector::privacy::audit::{Entry, Outcome, Row};
use firsthand_collector::privacy::keys::{KeyRing, Masters};
use firsthand_collector::privacy::tokens;
use firsthand_fuzz::scratch;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let masters = Masters::load(&scratch("doors"), &[], true).expect("a new key");
    KeyRing::create(masters).0
});

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (query, header, body) = (line(), line(), line());

    if let Ok(uri) = format!("/v1/inspect/events?{query}").parse() {
        for words in queries(&uri) {
            assert!(words.starts_with("this door takes "), "{words}");
        }
    }

    if let Ok(value) = HeaderValue::from_str(header) {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        for key in keys(&headers).into_iter().flatten() {
            assert!(key.len() <= header.len(), "a key is what was sent");
            if let Some((id, secret)) = tokens::parse(&key) {
                assert_eq!(key, format!("fhk_{id}_{secret}"));
            }
        }
    }

    let (words, named) = privacy(body, &RING);
    check(words);
    if let Err(words) = named {
        assert!(!holds(&words, body), "repeats what was sent: {words}");
    }
    match replay(body.as_bytes()) {
        Ok(words) => check(words),
        Err(words) => assert!(words.len() < 400 && !words.contains('@'), "{words}"),
    }
});

/// What the audit log keeps is a bounded line without an address.
fn check(what: String) {
    let entry = Entry {
        at_ms: 0,
        actor: "anna".to_owned(),
        role: "privacy".to_owned(),
        action: "privacy.erase",
        what,
        outcome: Outcome::Done,
    };
    let row = Row::of(&entry, 1).canonical();
    assert!(!row.contains('@') && row.len() < 2048, "{row}");
    let read: Row = serde_json::from_str(&row).expect("a row is read again");
    assert_eq!(read.canonical(), row);
}

/// Whether words repeat a value of the body. The doors' own words are short: a run this long is not theirs.
fn holds(words: &str, body: &str) -> bool {
    body.split('"')
        .filter(|value| {
            value.len() >= 12 && value.contains(|c: char| c.is_ascii_digit() || c == '@')
        })
        .any(|value| words.contains(value))
}
