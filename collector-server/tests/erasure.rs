//! Erasure, export and the list of those who are kept out, as a privacy officer uses them.

mod common;

use std::time::{Duration, Instant};

use common::person::{JANE, JOHN, Person, ask, config, door, found};
use common::{ADMIN_TOKEN, Collector, SHOP, batch_of, consent, event_with, load};
use serde_json::{Value, json};

/// What is in clear in the file while it is kept: the customer and the order, as parts of event ids. The rest is
/// sealed.
const IN_CLEAR: [usize; 2] = [2, 3];

/// How many events an export of the person holds.
fn events_of(collector: &Collector, person: &Person) -> usize {
    let wanted = json!({ "user": { "anonymous_id": person.browser }, "verified_by": "test" });
    let answer = door(collector, "/v1/privacy/export", &wanted);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.matches("\"type\":\"event\"").count()
}

#[test]
fn an_erased_person_is_in_no_byte_of_the_data_and_stays_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start_with(&config(dir.path()));
    for round in 0..40 {
        JANE.shop(&collector, round);
        JOHN.shop(&collector, round);
    }
    assert_eq!(found(dir.path(), &JANE), IN_CLEAR);
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
    assert_eq!(found(dir.path(), &JOHN), IN_CLEAR, "others are untouched");
    assert_eq!(events_of(&collector, &JOHN), 41);
    assert_eq!(events_of(&collector, &JANE), 0);
    assert_eq!(
        told["receipt"]["keys_destroyed"], 1,
        "what she sealed is noise in every backup"
    );
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
    assert_eq!(events_of(&collector, &JANE), 2, "a dry run changes nothing");
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

/// A backup from before the erasure comes back with the keys of after it.
#[test]
fn an_older_backup_with_the_newest_keys_has_lost_who_was_erased_since() {
    let dir = tempfile::tempdir().unwrap();
    let config_path = config(dir.path());
    let mut collector = Collector::start_with(&config_path);
    for round in 0..3 {
        JANE.shop(&collector, round);
        JOHN.shop(&collector, round);
    }
    let out = |name: &str| dir.path().join("backups").join(name).display().to_string();
    load::done(dir.path(), &["backup", "--out", &out("before")]);
    let wanted = json!({ "user": { "user_id": JANE.customer }, "verified_by": "signed in" });
    assert_eq!(door(&collector, "/v1/privacy/erase", &wanted).status, 200);
    load::done(dir.path(), &["backup", "--out", &out("after")]);
    collector.terminate();

    let other = tempfile::tempdir().unwrap();
    let other_config = config(other.path());
    std::fs::create_dir(other.path().join("data")).unwrap();
    let key = "data/firsthand.key";
    std::fs::copy(dir.path().join(key), other.path().join(key)).unwrap();
    let said = load::done(other.path(), &["restore", "--from", &out("before")]);
    // Three requests of hers: the order came in the first, again in the others.
    assert!(said.contains("erased    3 requests"), "{said}");
    let (hers, his): (Vec<_>, Vec<_>) = load::stored(other.path())
        .into_iter()
        .partition(|(id, _)| id.contains(JANE.customer) || id.contains(JANE.order));
    assert_eq!((hers.len(), his.len()), (4, 4));
    assert!(hers.iter().all(|(_, texts)| texts.is_none()), "{hers:?}");
    let is_read = |texts: &Option<String>| texts.as_ref().is_some_and(|t| t.contains(JOHN.browser));
    assert!(his.iter().all(|(_, texts)| is_read(texts)), "{his:?}");
    let conn = rusqlite::Connection::open(other.path().join("data/firsthand.db")).unwrap();
    let lost = "SELECT count(*) FROM consent WHERE key NOT IN (SELECT id FROM data_keys)";
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(lost), 1, "her word too");
    drop(conn);

    let collector = Collector::start_with(&other_config);
    assert_eq!(events_of(&collector, &JANE), 0);
    assert_eq!(events_of(&collector, &JOHN), 4);
    let again = JANE.send(&collector, &event_with("late", "page_view", "{}"));
    assert_eq!(
        again.json()["rejected"][0]["code"],
        "suppressed",
        "and she stays out"
    );
    let his = JOHN.send(&collector, &event_with("more", "page_view", "{}"));
    assert_eq!(his.json()["accepted"], 1);
}

#[test]
fn who_is_put_on_the_list_is_kept_out_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let collector = Collector::start_with(&config);
    let send = |id: &str| {
        JANE.send(&collector, &event_with(id, "page_view", "{}"))
            .json()
    };
    let is_out = |id: &str| send(id)["rejected"][0]["code"] == "suppressed";
    JANE.shop(&collector, 0);

    // By a command.
    let add = [
        "suppress",
        "add",
        "--user-id",
        JANE.customer,
        "--verified-by",
        "signed in",
        "--json",
    ];
    let (is_done, said, error) = ask(&config, &add);
    assert!(is_done, "{error}");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["receipt"]["action"], "suppress");
    assert_eq!(told["receipt"]["identifiers"]["anonymous_id"], 1, "{said}");
    assert!(is_out("1"));
    assert_eq!(events_of(&collector, &JANE), 2, "what is there stays");

    // Off by a door, on and off again by the doors.
    let whom = json!({ "user": { "user_id": JANE.customer }, "verified_by": "signed in" });
    let entry = json!({ "entry": told["id"], "verified_by": "asked to be let in" });
    let answer = door(&collector, "/v1/privacy/release", &entry);
    assert_eq!(
        (answer.status, &answer.json()["receipt"]["action"]),
        (200, &json!("release"))
    );
    assert_eq!(send("2")["accepted"], 1);
    let answer = door(&collector, "/v1/privacy/suppress", &whom);
    assert_eq!(
        (answer.status, &answer.json()["receipt"]["action"]),
        (200, &json!("suppress"))
    );
    assert!(is_out("3"));
    let bearer =
        format!("GET /v1/privacy/suppressed HTTP/1.1\r\nauthorization: Bearer {ADMIN_TOKEN}");
    let list = collector.request(&bearer, b"").json();
    assert_eq!(
        list["suppressed"][0]["entry"],
        answer.json()["id"],
        "{list}"
    );
    assert_eq!(list["suppressed"].as_array().unwrap().len(), 1, "{list}");
    // By any of the ids, not only by the entry's name.
    let by_browser =
        json!({ "user": { "anonymous_id": JANE.browser }, "verified_by": "signed in" });
    assert_eq!(
        door(&collector, "/v1/privacy/release", &by_browser).status,
        200
    );
    assert_eq!(send("4")["accepted"], 1);
    assert_eq!(
        collector.request(&bearer, b"").json()["suppressed"],
        json!([])
    );
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
