//! `firsthand init`: what it writes is right, runs, and takes what it says it takes.

#![allow(clippy::unwrap_used)] // a failure here is the test's

mod common;

use std::path::Path;

use firsthand_collector::config;

use common::{Collector, batch, batch_of, consent, event, run};

fn init(dir: &Path, more: &[&str]) -> std::process::Output {
    let dir = dir.to_str().unwrap();
    let mut args = vec!["init", "--dir", dir, "--listen", "127.0.0.1:0"];
    args.extend(more);
    run(&args)
}

fn text(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What stands between two marks.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

#[test]
fn a_new_configuration_runs_and_takes_events_with_the_keys_it_tells() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("new/firsthand");
    let made = init(&dir, &["--shop", "https://kettle.test", "--country", "se"]);
    let said = text(&made);
    assert!(made.status.success(), "{said}");
    let tag = between(&said, "<script async ", "></script>");
    assert!(
        tag.contains("src=\"https://c.kettle.test/sdk/fh.js\"")
            && tag.contains("data-default-country=\"SE\""),
        "{said}"
    );
    let write_key = between(tag, "data-write-key=\"", "\"");
    let secrets = dir.join("secrets");
    let backend_key = std::fs::read_to_string(secrets.join("backend-key")).unwrap();
    let admin_token = std::fs::read_to_string(secrets.join("admin-token")).unwrap();
    assert!(!said.contains(backend_key.trim()) && !said.contains(admin_token.trim()));

    let config = dir.join("collector.toml");
    let check = text(&run(&["check", "--config", config.to_str().unwrap()]));
    assert!(check.contains("the configuration is right"), "{check}");
    let collector = Collector::start_with(&config);
    for origin in ["https://kettle.test", "https://www.kettle.test"] {
        let body = batch_of(
            write_key,
            &consent(true),
            "{}",
            &event(&format!("from-{}", origin.len())),
        );
        let head =
            format!("POST /v1/events HTTP/1.1\r\norigin: {origin}\r\ncontent-type: text/plain");
        let answer = collector.request(&head, body.as_bytes());
        assert_eq!(answer.status, 202, "{origin}: {}", answer.body);
    }
    let head = format!(
        "POST /v1/events HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer {}",
        backend_key.trim()
    );
    let answer = collector.request(&head, batch(&event("from-backend")).as_bytes());
    assert_eq!(answer.status, 202, "{}", answer.body);
    let head = format!(
        "GET /v1/inspect/events?limit=5 HTTP/1.1\r\nauthorization: Bearer {}",
        admin_token.trim()
    );
    let answer = collector.request(&head, b"");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("from-backend"), "{}", answer.body);
}

/// The number behind a word of a file, without what follows it.
fn number(text: &str, word: &str) -> u64 {
    let (_, rest) = text.split_once(word).unwrap();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn the_service_and_the_proxy_leave_room_for_the_defaults() {
    let file = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/deploy");
        std::fs::read_to_string(path.join(name)).unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let made = init(dir.path(), &["--shop", "https://kettle.test"]);
    assert!(made.status.success(), "{}", text(&made));
    let config = config::load(&dir.path().join("collector.toml")).unwrap();
    let service = file("firsthand.service");
    assert!(number(&service, "TimeoutStopSec=") > config.server.drain_timeout_secs);
    let connections = u64::try_from(config.limits.connections).unwrap();
    assert!(number(&service, "LimitNOFILE=") > 2 * connections);
    let nginx = file("nginx.conf");
    let bytes = number(&nginx, "client_max_body_size ") * 1024 * 1024;
    assert!(bytes >= u64::try_from(config.limits.segment_body_bytes).unwrap());
    assert!(bytes >= u64::try_from(config.limits.webhook_body_bytes).unwrap());
    let usual = "127.0.0.1:8080";
    for proxy in [nginx, file("Caddyfile")] {
        assert!(proxy.contains(usual), "{proxy}");
    }
}

#[test]
fn what_is_there_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("collector.toml");
    std::fs::write(&config, "mine").unwrap();
    let shop = ["--shop", "https://kettle.test"];
    let refused = init(dir.path(), &shop);
    assert!(!refused.status.success());
    assert!(
        text(&refused).contains("is there already"),
        "{}",
        text(&refused)
    );
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "mine");
    assert!(!dir.path().join("secrets").exists());

    // A secret that a backend uses already outlives a configuration that is made anew.
    std::fs::remove_file(&config).unwrap();
    std::fs::create_dir(dir.path().join("secrets")).unwrap();
    let key = dir.path().join("secrets/backend-key");
    std::fs::write(&key, "sk_in_use").unwrap();
    let made = init(dir.path(), &shop);
    assert!(made.status.success(), "{}", text(&made));
    assert!(text(&made).contains("was there, stays"), "{}", text(&made));
    assert_eq!(std::fs::read_to_string(&key).unwrap(), "sk_in_use");
}

#[test]
fn what_cannot_be_meant_says_what_to_write_and_makes_nothing() {
    for (args, want) in [
        (vec![], "--shop <URL>"),
        (vec!["--shop", "ftp://kettle.test"], "https://shop.example"),
        (vec!["--shop", "http://kettle.test"], "must be https"),
        (
            vec![
                "--shop",
                "https://kettle.test",
                "--url",
                "https://kettle.test",
            ],
            "such as https://c.kettle.test",
        ),
        (
            vec!["--shop", "https://kettle.test", "--country", "Germany"],
            "two letters",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("new");
        let output = init(&dir, &args);
        assert!(!output.status.success(), "{args:?}");
        assert!(text(&output).contains(want), "{args:?}: {}", text(&output));
        assert!(!dir.exists(), "{args:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = [
        "--shop",
        "https://kettle.test",
        "--url",
        "https://c.pot.test",
    ];
    let output = init(dir.path(), &elsewhere);
    assert!(
        output.status.success() && text(&output).contains("careful"),
        "{}",
        text(&output)
    );
}
