//! Files of keys, tokens, sealed values: what is no key is refused without a word of it, what is one is kept by a rotation, and nothing opens
//! that was not sealed.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use firsthand_collector::config::{Config, parse};
use firsthand_collector::privacy::keys::{FILE_NAME, KeyRing, Masters, Place, rotate_file};
use firsthand_collector::privacy::tokens::{self, Role, TokenRow};
use firsthand_fuzz::scratch;
use libfuzzer_sys::fuzz_target;

static DIR: LazyLock<PathBuf> = LazyLock::new(|| scratch("keys"));

static GOOGLE: LazyLock<Config> = LazyLock::new(|| {
    let text = include_str!("answer.toml").replace("DIR", &DIR.display().to_string());
    parse(&text, "answer.toml").unwrap_or_else(|error| panic!("{error}"))
});

static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let dir = DIR.join("ring");
    std::fs::create_dir_all(&dir).expect("a folder for a key");
    KeyRing::create(Masters::load(&dir, &[], true).expect("a new key")).0
});

fuzz_target!(|bytes: &[u8]| {
    let [which, bytes @ ..] = bytes else { return };
    match which % 4 {
        0 => key_file(bytes),
        1 => service_account(bytes),
        2 => sealed(bytes),
        _ => token(bytes),
    }
});

fn key_file(bytes: &[u8]) {
    let path = DIR.join(FILE_NAME);
    std::fs::write(&path, bytes).expect("a file");
    let before = match Masters::load(&DIR, &[], false) {
        Ok(masters) => masters,
        Err(error) => return says_nothing_of(&error.to_string(), bytes),
    };
    let ids: Vec<String> = before.ids().map(str::to_owned).collect();
    assert!(!ids.is_empty());
    let proof = before.proof(before.newest()).expect("its own key");
    let rotated = rotate_file(&DIR, |_| true).expect("a file that was read");
    let after = Masters::load(&DIR, &[], false).expect("a file that was written");
    assert!(rotated.gone.is_empty() && !ids.contains(&rotated.new));
    let kept: Vec<&str> = after.ids().collect();
    assert_eq!(kept.first(), Some(&rotated.new.as_str()));
    assert_eq!(kept[1..], ids, "a rotation keeps what is needed");
    after
        .recognise(before.newest(), &proof)
        .expect("the same key");
}

fn service_account(bytes: &[u8]) {
    std::fs::write(DIR.join("google"), bytes).expect("a file");
    let google = GOOGLE
        .destinations
        .iter()
        .find(|one| one.name() == "google_data_manager");
    if let Err(error) = google.expect("Google's destination").connect() {
        says_nothing_of(&error.to_string(), bytes);
    }
}

fn sealed(bytes: &[u8]) {
    let (key, mut wrapped) = RING.new_data_key(b"somebody");
    let place = Place {
        table: "log",
        row: b"1",
    };
    assert!(key.open(place, bytes).is_err(), "opens what nobody sealed");
    let sealed = key.seal(place, bytes);
    assert_eq!(key.open(place, &sealed).as_deref(), Ok(bytes));
    let at = bytes.first().map_or(0, |b| usize::from(*b)) % sealed.len();
    let mut bent = sealed.clone();
    bent[at] ^= 1;
    assert!(key.open(place, &bent).is_err(), "opens what was changed");
    assert!(
        key.open(place, &sealed[..at]).is_err(),
        "opens what was cut"
    );
    wrapped.bytes = bytes.to_vec();
    assert!(RING.data_key(b"somebody", &wrapped).is_err());
    let elsewhere = Place {
        table: "log",
        row: b"2",
    };
    assert!(key.open(elsewhere, &sealed).is_err(), "opens elsewhere");
}

fn token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some((id, secret)) = tokens::parse(text) {
        assert_eq!(text, format!("fhk_{id}_{secret}"));
    }
    // What is no hash fits no secret. A real one would take its time.
    if !text.starts_with("$argon2") {
        let row = TokenRow {
            id: "0000000007".to_owned(),
            name: "anna".to_owned(),
            role: Role::Admin,
            hash: text.to_owned(),
            created_at_ms: 0,
            revoked_at_ms: None,
        };
        assert!(!tokens::verify(text, &row));
    }
}

/// No word of an error is a word of the file that is longer than the id of a key.
fn says_nothing_of(error: &str, bytes: &[u8]) {
    assert!(!error.is_empty());
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| word.len() > 40) {
        assert!(!error.contains(word), "a key in an error: {error}");
    }
}
