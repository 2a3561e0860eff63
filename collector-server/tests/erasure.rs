//! Erasure, export and the list of those who are kept out, as a privacy officer uses them.

mod common;

use std::time::{Duration, Instant};

use common::person::{JANE, JOHN, ask, config, door, found};
use common::{Collector, SHOP, batch_of, consent, event_with};
use serde_json::{Value, json};

#[test]
fn an_erased_person_is_in_no_byte_of_the_data_and_stays_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start_with(&config(dir.path()));
    for round in 0..40 {
        JANE.shop(&collector, round);
        JOHN.shop(&collector, round);
    }
    assert_eq!(found(dir.path(), &JANE).len(), 8, "all but the bare digest");
    let wanted =
        json!({ "user": { "email": "Jane@Example.com" }, "verified_by": "link in an e-mail" });
    let answer = door(&collector, "/v1/privacy/erase", &wanted);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    let counts = &told["receipt"]["counts"];
    for (kind, want) in [
        ("events", 41),
        ("copies", 1),
        ("quarantined", 40),
        ("consent_words", 1),
    ] {
        assert_eq!(counts[kind], want, "{kind}: {counts}");
    }
    assert!(counts["choices"].as_u64().unwrap() > 0);
    assert_eq!(
        told["receipt"]["identifiers"],
        json!({ "anonymous_id": 1, "user_id": 1, "email": 1 })
    );
    assert_eq!(
        told["receipt"]["ledger"].as_array().unwrap().len(),
        1,
        "the ledger says so too"
    );

    assert_eq!(found(dir.path(), &JANE), [0usize; 0], "in no byte");
    assert_eq!(found(dir.path(), &JOHN).len(), 8, "others are untouched");
    let again = JANE.send(&collector, &event_with("late", "page_view", "{}"));
    assert_eq!(again.json()["rejected"][0]["code"], "suppressed");
    assert_eq!(again.header("set-cookie"), None);
    // A new choice lifts nothing by itself, and leaves nothing.
    let word = batch_of(
        "pk_test",
        &consent(true),
        &format!(r#"{{"anonymous_id":"{}"}}"#, JANE.browser),
        "",
    );
    let head = format!("POST /v1/consent HTTP/1.1\r\norigin: {SHOP}");
    assert_eq!(
        collector.request(&head, word.as_bytes()).body,
        "{\"suppressed\":true}"
    );
    // Her order does not come back by a copy that names nobody.
    let order = event_with(
        "x",
        "purchase",
        &format!(
            r#"{{"transaction_id":"{}","currency":"EUR","value":5}}"#,
            JANE.order
        ),
    );
    let nobody = batch_of("", &consent(true), "{}", &order);
    assert_eq!(collector.server(&nobody).json()["duplicates"], 1);
    let suppressed = r#"firsthand_events_rejected_total{source="web",code="suppressed"}"#;
    assert!(collector.metric(suppressed) > 0.0);
    assert!(collector.metric(r#"firsthand_erased_total{what="event"}"#) > 40.0);
    collector.terminate();
    let collector = Collector::start_with(&dir.path().join("collector.toml"));
    assert_eq!(found(dir.path(), &JANE), [0usize; 0], "nor after a restart");
    let again = JANE.send(&collector, &event_with("later", "page_view", "{}"));
    assert_eq!(again.json()["rejected"][0]["code"], "suppressed");
    for log in ["consent", "audit"] {
        let (is_whole, said, _) = ask(&dir.path().join("collector.toml"), &[log, "verify"]);
        assert!(is_whole, "{said}");
    }
}

#[test]
fn a_command_counts_first_then_erases_beside_the_running_collector() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let collector = Collector::start_with(&config);
    JANE.shop(&collector, 0);
    JOHN.shop(&collector, 0);
    let whom = [
        "erase",
        "--email",
        "-",
        "--verified-by",
        "signed in",
        "--json",
    ];
    let (is_done, said, error) = ask(&config, &whom);
    assert!(is_done, "{error}");
    let dry: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&dry["dry_run"], &dry["counts"]["events"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(
        found(dir.path(), &JANE).len(),
        8,
        "a dry run changes nothing"
    );
    assert_eq!(
        JANE.send(&collector, &event_with("more", "page_view", "{}"))
            .json()["accepted"],
        1
    );

    let (is_done, said, error) = ask(&config, &[&whom[..], &["--yes"]].concat());
    assert!(is_done, "{error}");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["receipt"]["counts"]["events"], 3);
    assert_eq!(found(dir.path(), &JANE), [0usize; 0]);
    let again = JANE.send(&collector, &event_with("late", "page_view", "{}"));
    assert_eq!(
        again.json()["rejected"][0]["code"],
        "suppressed",
        "the running collector knows"
    );
    let id = told["id"].as_str().unwrap();
    let (is_done, said, _) = ask(&config, &["erase", "--status", id, "--json"]);
    assert!(is_done);
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), told);

    let (_, said, _) = ask(&config, &["audit", "export"]);
    let hash = told["hash"].as_str().unwrap();
    let rows: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let what = |action: &str| -> Vec<String> {
        let of = rows.iter().filter(|row| row["record"]["action"] == action);
        of.map(|row| row["record"]["what"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(what("privacy.erase").len(), 2, "{said}");
    let erased = &what("erased")[0];
    assert!(
        erased.contains(hash) && erased.contains("verified by: signed in"),
        "{erased}"
    );

    let (is_done, said, _) = ask(&config, &["suppress", "list", "--json"]);
    assert!(is_done && said.contains(id), "{said}");
    let remove = [
        "suppress",
        "remove",
        id,
        "--verified-by",
        "asked to be let in",
    ];
    let (is_done, _, error) = ask(&config, &remove);
    assert!(is_done, "{error}");
    let again = JANE.send(&collector, &event_with("anew", "page_view", "{}"));
    assert_eq!(again.json()["accepted"], 1, "{}", again.body);
}

#[test]
fn an_erasure_needs_no_running_collector() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut collector = Collector::start_with(&config);
    JANE.shop(&collector, 0);
    collector.terminate();
    let args = [
        "erase",
        "--transaction",
        JANE.order,
        "--verified-by",
        "order form",
        "--yes",
        "--json",
    ];
    let (is_done, said, error) = ask(&config, &args);
    assert!(is_done, "{error}");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        told["receipt"]["counts"]["events"], 2,
        "found by her order, erased as a person"
    );
    assert_eq!(found(dir.path(), &JANE), [0usize; 0]);
}

#[test]
fn an_export_holds_everything_of_the_person_and_nothing_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let collector = Collector::start_with(&config);
    JANE.shop(&collector, 0);
    JOHN.shop(&collector, 0);
    // Somebody else's page claims her order: its number can be guessed.
    let order = event_with(
        "x",
        "purchase",
        &format!(
            r#"{{"transaction_id":"{}","currency":"EUR","value":5}}"#,
            JOHN.order
        ),
    );
    JANE.send(&collector, &order);
    let wanted = json!({ "user": { "user_id": JANE.customer }, "verified_by": "signed in" });
    let answer = door(&collector, "/v1/privacy/export", &wanted);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/jsonl"))
    );
    let (is_done, by_command, error) = ask(
        &config,
        &[
            "export",
            "--email",
            "-",
            "--verified-by",
            "link in an e-mail",
        ],
    );
    assert!(is_done, "{error}");
    for text in [&answer.body, &by_command] {
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
        for (kind, want) in [
            ("export", 1),
            ("event", 2),
            ("consent_word", 1),
            ("refused_event", 1),
            ("end", 1),
        ] {
            assert_eq!(of(kind), want, "{kind}: {text}");
        }
        assert!(of("consent_receipt") >= 1);
        assert_eq!(lines.last().unwrap()["records"], lines.len() - 2);
        for value in [
            JANE.browser,
            JANE.digest,
            JANE.customer,
            JANE.order,
            JANE.address,
            JANE.click,
            JANE.agent,
        ] {
            assert!(text.contains(value), "{value} is missing");
        }
        for value in [
            JOHN.browser,
            JOHN.digest,
            JOHN.customer,
            JOHN.address,
            JOHN.click,
            JOHN.agent,
        ] {
            assert!(!text.contains(value), "{value} is somebody else's");
        }
        let purchase = lines
            .iter()
            .find(|line| line["name"] == "purchase")
            .unwrap();
        assert_eq!(
            purchase["copies"].as_array().unwrap().len(),
            2,
            "the backend's copy too"
        );
    }
}

/// Killed at any moment, an erasure that was answered or written down is finished by the next start; one that was
/// not has changed nothing.
#[test]
fn a_killed_erasure_is_finished_by_the_next_start_or_never_began() {
    for delay_ms in [0, 5, 20, 60] {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        let mut collector = Collector::start_with(&config);
        for round in 0..10 {
            JANE.shop(&collector, round);
        }
        collector.terminate();
        let args = [
            "erase",
            "--user-id",
            JANE.customer,
            "--verified-by",
            "test",
            "--yes",
            "--config",
            config.to_str().unwrap(),
        ];
        let mut child = common::command(&args).spawn().unwrap();
        // The moment of a kill is chance; whichever it hits must be right.
        std::thread::sleep(Duration::from_millis(delay_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let collector = Collector::start_with(&config);
        let open = || -> (i64, i64) {
            let conn = rusqlite::Connection::open(dir.path().join("data/firsthand.db")).unwrap();
            let sql = "SELECT count(*), count(done_at) FROM privacy_tasks";
            conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        let began = loop {
            let (asked, done) = open();
            if asked == done {
                break asked == 1;
            }
            assert!(Instant::now() < deadline, "never finished");
            std::thread::yield_now();
        };
        let export = json!({ "user": { "user_id": JANE.customer }, "verified_by": "test" });
        let lines = door(&collector, "/v1/privacy/export", &export).body;
        if began {
            assert_eq!(found(dir.path(), &JANE), [0usize; 0], "after {delay_ms} ms");
        } else {
            assert_eq!(
                lines.matches("\"type\":\"event\"").count(),
                11,
                "after {delay_ms} ms"
            );
        }
    }
}

#[test]
fn who_does_not_say_who_and_how_is_told_what_to_send() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let collector = Collector::start_with(&config);
    let user = json!({ "user_id": "c-77" });
    for (body, code) in [
        (json!({ "user": user }), "not_verified"),
        (
            json!({ "user": user, "verified_by": "mail from jane@example.com" }),
            "not_verified",
        ),
        (json!({ "verified_by": "signed in" }), "nobody_named"),
        (
            json!({ "user": { "email": "nobody" }, "verified_by": "signed in" }),
            "nobody_named",
        ),
        (
            json!({ "user": { "anonymous_id": "x" }, "verified_by": "signed in" }),
            "nobody_named",
        ),
        (
            json!({ "transaction_id": "1", "verified_by": "signed in" }),
            "unknown_transaction",
        ),
        (json!({ "usr": user }), "invalid_json"),
    ] {
        let answer = door(&collector, "/v1/privacy/erase", &body);
        assert_eq!(answer.code(), code, "{body}: {}", answer.body);
        assert!(!answer.body.contains("jane@") && !answer.body.contains("c-77"));
    }
    for path in ["erase", "export", "suppress", "release"] {
        let head = format!("POST /v1/privacy/{path} HTTP/1.1");
        assert_eq!(collector.request(&head, b"{}").status, 401, "{path}");
    }
    assert_eq!(collector.get("/v1/privacy/suppressed").status, 401);
    let (is_done, _, error) = ask(&config, &["erase", "--verified-by", "signed in"]);
    assert!(!is_done && error.contains("--email"), "{error}");
    let (is_done, _, error) = ask(
        &config,
        &["erase", "--digest", "abc", "--verified-by", "signed in"],
    );
    assert!(!is_done && error.contains("64 hex digits"), "{error}");
}
