use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::secret::SecretSource;

fn configured(dir: &Path, id: &str, digits: &str) -> KeyConfig {
    let path: PathBuf = dir.join(format!("{id}.secret"));
    std::fs::write(&path, digits).unwrap();
    KeyConfig {
        id: id.to_owned(),
        secret: SecretSource::File(path),
    }
}

#[test]
fn a_key_file_is_made_once_and_only_its_owner_may_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = Masters::load(dir.path(), &[], true).unwrap();
    assert_eq!(first.origin(), Origin::NewFile);
    let path = dir.path().join(FILE_NAME);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let proof = first.proof(FILE_ID).unwrap();
    let second = Masters::load(dir.path(), &[], false).unwrap();
    assert_eq!(second.origin(), Origin::File);
    second.recognise(FILE_ID, &proof).unwrap();
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside it");
}

#[test]
fn what_is_wrong_with_a_key_is_told_without_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let error = Masters::load(dir.path(), &[], false).unwrap_err();
    assert!(error.to_string().contains("put"), "{error}");
    let digits = "ab".repeat(31);
    let short = configured(dir.path(), "2026a", &digits);
    let error = Masters::load(dir.path(), &[short], true).unwrap_err();
    assert!(
        error.to_string().contains("openssl rand -hex 32"),
        "{error}"
    );
    assert!(!error.to_string().contains(&digits));
    std::fs::write(dir.path().join(FILE_NAME), "").unwrap();
    let error = Masters::load(dir.path(), &[], true).unwrap_err();
    assert!(error.to_string().contains("it is empty"), "{error}");
    let key = configured(dir.path(), "2026a", &"ab".repeat(32));
    std::fs::remove_file(dir.path().join(FILE_NAME)).unwrap();
    let masters = Masters::load(dir.path(), &[key], false).unwrap();
    assert_eq!(format!("{masters:?}"), r#"["2026a"]"#);
    let (ring, _) = KeyRing::create(masters);
    let shown = format!("{ring:?} {:?}", ring.new_data_key(b"").0);
    assert!(!shown.contains("abab"), "{shown}");
}

#[test]
fn a_rotation_never_takes_an_id_that_a_hand_has_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    let line = |id: &str| format!("{id} {}\n", "ab".repeat(32));
    for (ids, want) in [
        (["file", "mine"], "file-2"),
        (["file-7", "file-4"], "file-8"),
        (["file-4294967295", "file-4294967296"], "file-4294967297"),
    ] {
        std::fs::write(&path, ids.map(line).concat()).unwrap();
        assert_eq!(rotate_file(dir.path(), |_| true).unwrap().new, want);
        let masters = Masters::load(dir.path(), &[], false).unwrap();
        assert_eq!(masters.ids().collect::<Vec<_>>(), [want, ids[0], ids[1]]);
    }
    std::fs::write(&path, ["file", "file"].map(line).concat()).unwrap();
    let error = Masters::load(dir.path(), &[], false).unwrap_err();
    assert!(error.to_string().contains("stands twice"), "{error}");
}

#[test]
fn another_key_under_the_same_id_is_recognised() {
    let dir = tempfile::tempdir().unwrap();
    let one = [configured(dir.path(), "a", &"11".repeat(32))];
    let proof = Masters::load(dir.path(), &one, false)
        .unwrap()
        .proof("a")
        .unwrap();
    let other = [configured(dir.path(), "a", &"22".repeat(32))];
    let masters = Masters::load(dir.path(), &other, false).unwrap();
    let wrong = KeyError::Wrong { id: "a".to_owned() };
    assert_eq!(masters.recognise("a", &proof), Err(wrong));
    let missing = KeyError::Missing { id: "b".to_owned() };
    assert_eq!(masters.recognise("b", &proof), Err(missing));
}

#[test]
fn a_newer_master_key_takes_over_and_nothing_else_changes() {
    let dir = tempfile::tempdir().unwrap();
    let old = configured(dir.path(), "old", &"11".repeat(32));
    let new = configured(dir.path(), "new", &"22".repeat(32));
    let load = |keys: &[KeyConfig]| Masters::load(dir.path(), keys, false).unwrap();
    let (before, blind) = KeyRing::create(load(std::slice::from_ref(&old)));
    let (key, wrapped) = before.new_data_key(b"owner");
    let place = Place {
        table: "log",
        row: b"7",
    };
    let sealed = key.seal(place, b"text");

    let both = KeyRing::open(load(&[new.clone(), old]), &blind).unwrap();
    assert_eq!(both.blind("d", b"v"), before.blind("d", b"v"));
    let again = both.rewrap(b"owner", &wrapped).unwrap().unwrap();
    let blind = both.rewrap_blind(&blind).unwrap().unwrap();
    assert_eq!(
        (again.master.as_str(), blind.master.as_str()),
        ("new", "new")
    );
    assert_eq!(both.rewrap(b"owner", &again), Ok(None));

    let after = KeyRing::open(load(&[new]), &blind).unwrap();
    assert_eq!(after.blind("d", b"v"), before.blind("d", b"v"));
    let key = after.data_key(b"owner", &again).unwrap();
    assert_eq!(key.open(place, &sealed).unwrap(), b"text");
    let missing = KeyError::Missing {
        id: "old".to_owned(),
    };
    assert_eq!(after.data_key(b"owner", &wrapped).err(), Some(missing));
    assert!(
        after.data_key(b"somebody", &again).is_err(),
        "bound to its owner"
    );
}

#[test]
fn the_key_file_is_rotated_and_never_loses_a_key_that_may_be_in_use() {
    let dir = tempfile::tempdir().unwrap();
    Masters::load(dir.path(), &[], true).unwrap();
    let ids = || {
        let masters = Masters::load(dir.path(), &[], false).unwrap();
        masters.ids().collect::<Vec<_>>().join(" ")
    };
    let rotated = rotate_file(dir.path(), |_| false).unwrap();
    assert_eq!((rotated.new.as_str(), rotated.gone.len()), ("file-2", 0));
    assert_eq!(ids(), "file-2 file", "it sealed until now");
    let rotated = rotate_file(dir.path(), |id| id == "file").unwrap();
    assert_eq!((rotated.new.as_str(), rotated.gone.len()), ("file-3", 0));
    let rotated = rotate_file(dir.path(), |_| false).unwrap();
    assert_eq!(rotated.gone, ["file-2", "file"]);
    assert_eq!(ids(), "file-4 file-3");
    let out = dir.path().join("new");
    write_new(&out).unwrap();
    write_new(&out).unwrap_err();
    let mode = std::fs::metadata(&out).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_index_tells_domains_and_values_apart() {
    let ring = testing_ring();
    assert_eq!(ring.blind("a", b"bc"), ring.blind("a", b"bc"));
    assert_ne!(ring.blind("a", b"bc"), ring.blind("ab", b"c"));
    assert_ne!(ring.blind("a", b"bc"), ring.blind("a", b"bd"));
    assert_ne!(ring.blind("a", b"bc"), testing_ring().blind("a", b"bc"));
}

/// What was indexed stays found, whatever computes the index: HMAC-SHA-256 (RFC 2104) over the domain's length, the domain and the value.
#[test]
fn an_index_is_the_hmac_of_domain_and_value() {
    let secret: Raw = Zeroizing::new([7; KEY_BYTES]);
    let ring = KeyRing {
        blind: keyed(&secret),
        ..testing_ring()
    };
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_slice());
    for value in [
        "",
        "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f",
        &"a".repeat(64),
        &"b".repeat(500),
    ] {
        let message = [&[5], b"email".as_slice(), value.as_bytes()].concat();
        let tag = aws_lc_rs::hmac::sign(&key, &message);
        assert_eq!(ring.blind("email", value.as_bytes()), tag.as_ref()[..16]);
    }
}

#[test]
fn subjects_of_the_same_day_are_neighbours_and_nothing_else_shows() {
    let ring = testing_ring();
    let one = ring.subject("0199d2a4-79b0-7cc3-98c4-dc0c0c07398f");
    let other = ring.subject("0199d2a4-79b0-7cc3-98c4-dc0c0c073990");
    assert_eq!(one[..2], other[..2]);
    assert_eq!(one[..2], 20_372u16.to_be_bytes(), "2025-10-11");
    assert_ne!(one[2..], other[2..]);
    assert_eq!(ring.subject(&"ab".repeat(32))[..2], [255, 255]);
}

proptest::proptest! {
    #[test]
    fn what_was_sealed_opens_at_its_place(text in proptest::collection::vec(proptest::num::u8::ANY, 0..200), row: i64) {
        let (key, _) = testing_ring().new_data_key(b"");
        let row = row.to_be_bytes();
        let place = Place { table: "log", row: &row };
        let sealed = key.seal(place, &text);
        proptest::prop_assert_eq!(sealed.len(), text.len() + OVERHEAD_BYTES);
        proptest::prop_assert_eq!(key.open(place, &sealed).unwrap(), text);
        let elsewhere = Place { table: "copies", row: &row };
        proptest::prop_assert_eq!(key.open(elsewhere, &sealed), Err(Broken));
    }

    #[test]
    fn one_flipped_bit_or_a_cut_anywhere_is_refused(text in "[a-z]{0,40}", at: usize, bit in 0u32..8) {
        let (key, _) = testing_ring().new_data_key(b"");
        let place = Place { table: "log", row: b"1" };
        let sealed = key.seal(place, text.as_bytes());
        let mut flipped = sealed.clone();
        flipped[at % sealed.len()] ^= 1 << bit;
        proptest::prop_assert_eq!(key.open(place, &flipped), Err(Broken));
        proptest::prop_assert_eq!(key.open(place, &sealed[..at % sealed.len()]), Err(Broken));
    }

    #[test]
    fn a_value_does_not_open_in_another_row(one: i64, other: i64) {
        proptest::prop_assume!(one != other);
        let (key, _) = testing_ring().new_data_key(b"");
        let sealed = key.seal(Place { table: "log", row: &one.to_be_bytes() }, b"x");
        let other = other.to_be_bytes();
        let elsewhere = Place { table: "log", row: &other };
        proptest::prop_assert_eq!(key.open(elsewhere, &sealed), Err(Broken));
    }
}
