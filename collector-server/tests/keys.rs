//! What is kept is sealed, keys are rotated while the collector works, and metrics are not for everybody.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::load::{DIGEST, Load, done, firsthand, stored, user, visit};
use common::{Collector, SHOP, batch_of, consent, event_with, write_config};
use serde_json::Value;

const ANNA: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";

fn files_under(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn nothing_on_disk_tells_who_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let config = write_config(dir.path(), "");
    let text = std::fs::read_to_string(&config).unwrap();
    let proxied = "[server]\ntrusted_proxies = [\"127.0.0.1\"]";
    std::fs::write(&config, text.replace("[server]", proxied)).unwrap();
    let mut collector = Collector::start_with(&config);
    let headers = "\r\nuser-agent: Quuxbook/7 (Mirabelle)\r\nx-forwarded-for: 198.51.100.23";
    let touch = r#""touch":{"last":{"at":1,"url":"https://shop.example/vip-lounge","ref":"","utm":{},"click":{"gclid":"Cj0KCQiA-click"}}},"events""#;
    let body = batch_of(
        "pk_test",
        &consent(true),
        &user(ANNA),
        &event_with(
            "e1",
            "purchase",
            r#"{"transaction_id":"1001","coupon":"MIRA-77"}"#,
        ),
    );
    let sent = collector.page_with(headers, body.replace("\"events\"", touch).as_bytes());
    assert_eq!(sent.json()["accepted"], 1, "{}", sent.body);
    let refused = batch_of(
        "pk_test",
        &consent(true),
        &user(ANNA),
        &event_with("e2", "purchase", r#"{"currency":"no","coupon":"MIRA-78"}"#),
    );
    assert_eq!(
        collector.page(&refused).json()["rejected"][0]["code"],
        "invalid_currency"
    );
    let erp = r#"{"email":"mirabelle.quux@example.org","user_id":"customer-4711"}"#;
    let copy = event_with(
        "x",
        "purchase",
        r#"{"transaction_id":"1001","coupon":"MIRA-79"}"#,
    );
    collector.server(&batch_of("", &consent(true), erp, &copy));
    let chosen = collector.request(
        &format!("POST /v1/consent HTTP/1.1\r\norigin: {SHOP}"),
        batch_of("pk_test", &consent(true), &user(ANNA), "").as_bytes(),
    );
    assert_eq!(chosen.status, 202);
    let seen = collector
        .inspect("/v1/inspect/events/purchase:1001")
        .to_string();
    assert!(seen.contains("purchase:1001"), "{seen}");
    done(
        dir.path(),
        &[
            "backup",
            "--out",
            dir.path().join("data/backup").to_str().unwrap(),
        ],
    );
    collector.terminate();

    let texts = stored(dir.path());
    let all = format!("{texts:?}");
    let wanted = [
        ANNA,
        DIGEST,
        "198.51.100.23",
        "Quuxbook",
        "vip-lounge",
        "MIRA-77",
        "Cj0KCQiA",
    ];
    for want in wanted {
        assert!(all.contains(want), "{want} was kept: {all}");
    }
    let compact: String = ANNA.chars().filter(|c| *c != '-').collect();
    let raw = |hex: &str| -> Vec<u8> {
        (0..hex.len() / 2)
            .map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
            .collect()
    };
    let mut needles: Vec<Vec<u8>> = wanted.iter().map(|want| want.as_bytes().to_vec()).collect();
    needles.extend([
        b"MIRA-78".to_vec(),
        b"MIRA-79".to_vec(),
        b"customer-4711".to_vec(),
    ]);
    needles.extend([compact.clone().into_bytes(), raw(&compact), raw(DIGEST)]);
    for path in files_under(&dir.path().join("data")) {
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        for needle in &needles {
            let needle = needle.to_ascii_lowercase();
            assert!(
                !bytes.windows(needle.len()).any(|part| part == needle),
                "{} holds {:?}",
                path.display(),
                String::from_utf8_lossy(&needle)
            );
        }
    }
}

#[test]
fn a_key_is_rotated_under_load_and_the_old_one_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), "");
    assert!(
        collector.log().contains("keep a copy elsewhere"),
        "{}",
        collector.log()
    );
    let load = Load::start(&collector, "before");
    load.wait_for(60);
    let said = done(dir.path(), &["keys", "rotate", "--dry-run"]);
    assert!(said.contains("file stays"), "{said}");
    assert_eq!(
        done(dir.path(), &["keys", "list"]).lines().count(),
        1,
        "a dry run changes nothing"
    );
    let said = done(dir.path(), &["keys", "rotate"]);
    assert!(said.contains("new key file-2; gone: none"), "{said}");
    load.wait_for(120);
    collector.kill();
    let mut acknowledged = load.end();

    let mut collector = Collector::start_with(&dir.path().join("collector.toml"));
    let load = Load::start(&collector, "after");
    load.wait_for(60);
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let status: Value =
            serde_json::from_str(&done(dir.path(), &["keys", "status", "--json"])).unwrap();
        let old = &status["masters"][0];
        assert_eq!(
            (&old["id"], &status["clear_rows"]),
            (&"file".into(), &0.into())
        );
        if old["is_needed"] == false {
            break;
        }
        assert!(Instant::now() < deadline, "{status}");
    }
    collector.terminate();
    acknowledged.append(&mut load.end());
    let said = done(dir.path(), &["keys", "rotate"]);
    assert!(said.contains("new key file-3; gone: file"), "{said}");
    let _collector = Collector::start_with(&dir.path().join("collector.toml"));
    let found = stored(dir.path());
    for (id, texts) in &found {
        assert!(
            texts.as_ref().is_some_and(|texts| texts.contains(DIGEST)),
            "{id}"
        );
    }
    let found: BTreeSet<String> = found.into_iter().map(|(id, _)| id).collect();
    let missing: Vec<_> = acknowledged.difference(&found).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let said = done(dir.path(), &["audit", "export"]);
    assert_eq!(said.matches("keys.rotate").count(), 2, "{said}");
}

#[test]
fn a_key_that_is_missing_or_wrong_stops_the_start_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let digits = |name: &str, pair: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, pair.repeat(32)).unwrap();
        path.display().to_string()
    };
    let (a, b) = (digits("a.key", "1a"), digits("b.key", "2b"));
    let with = |keys: &[(&str, &str)]| {
        let list: Vec<String> = keys
            .iter()
            .map(|(id, file)| format!("{{ id = \"{id}\", secret = {{ file = \"{file}\" }} }}"))
            .collect();
        write_config(
            dir.path(),
            &format!("[privacy]\nkeys = [{}]", list.join(", ")),
        )
    };
    let mut collector = Collector::start_with(&with(&[("a", &a)]));
    visit(&collector, ANNA, "1");
    collector.terminate();
    for (keys, want) in [
        (&[("b", b.as_str())][..], "still needs the key \"a\""),
        (&[("a", b.as_str())][..], "the key \"a\" is not the one"),
        (&[][..], "firsthand.key back"),
        (
            &[("a", "/nowhere")][..],
            "privacy.keys.a: file /nowhere cannot be read",
        ),
    ] {
        with(keys);
        for command in ["check", "serve"] {
            let (is_ok, said) = firsthand(dir.path(), &[command]);
            assert!(!is_ok && said.contains(want), "{command} {want}: {said}");
            assert!(!said.contains("1a1a") && !said.contains("2b2b"), "{said}");
        }
    }
    with(&[("b", &b), ("a", &a)]);
    let said = done(dir.path(), &["check"]);
    assert!(said.contains("with the key \"b\""), "{said}");
    let new = dir.path().join("c.key");
    let said = done(
        dir.path(),
        &[
            "keys",
            "rotate",
            "--id",
            "c",
            "--out",
            new.to_str().unwrap(),
        ],
    );
    assert!(said.contains("id = \"c\""), "{said}");
    assert_eq!(std::fs::read_to_string(new).unwrap().trim().len(), 64);
}

#[test]
fn metrics_are_for_the_machine_itself_and_for_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let get = |more: &str| collector.request(&format!("GET /metrics HTTP/1.1{more}"), b"");
    assert_eq!(get("").status, 200);
    let proxied = "\r\nx-forwarded-for: 203.0.113.9";
    assert_eq!(get(proxied).status, 401);
    let wrong = format!("{proxied}\r\nauthorization: Bearer nobody");
    assert_eq!(get(&wrong).code(), "unknown_token");
    let right = format!("{proxied}\r\nauthorization: Bearer {}", common::ADMIN_TOKEN);
    assert_eq!(get(&right).status, 200);
    let said = done(
        dir.path(),
        &["token", "create", "--role", "read", "--name", "prometheus"],
    );
    let token = said.lines().find(|line| line.starts_with("fhk_")).unwrap();
    let read = format!("{proxied}\r\nauthorization: Bearer {token}");
    assert_eq!(get(&read).status, 200);
    let refused = collector.metric("firsthand_admin_refused_total");
    assert!((refused - 2.0).abs() < 0.5, "{refused}");
    assert!(
        !done(dir.path(), &["audit", "export"]).contains("metrics"),
        "a scrape is no look at a person"
    );
}
