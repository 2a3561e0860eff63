//! What the collector answers, counts and keeps when a request or an event is wrong.

mod common;

use common::{Collector, SHOP, batch, batch_of, consent, event, event_with};

/// How often requests were refused as a whole for this reason.
fn refused(collector: &Collector, code: &str) -> f64 {
    collector.metric(&format!(
        "firsthand_requests_refused_total{{code=\"{code}\"}}"
    ))
}

fn is_one(count: f64) -> bool {
    (count - 1.0).abs() < 0.1
}

#[test]
fn a_wrong_request_is_refused_with_status_code_and_words() {
    const KEY: &str =
        "the key is missing or unknown: see [[source]] in the collector's configuration";
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let good = batch(&event("e"));
    let deep = format!(
        r#"{{"v":1,"write_key":"pk_test","events":[{{"props":{}1{}}}]}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let mut not_utf8 = good.clone().into_bytes();
    not_utf8.extend_from_slice(b"\xff\xfe");
    let many: Vec<String> = (0..501).map(|n| event(&format!("m{n}"))).collect();
    let (bad, big) = (400, 413);
    #[rustfmt::skip]
    let cases: Vec<(&str, Vec<u8>, u16, &str, String)> = vec![
        ("unknown key", good.replace("pk_test", "pk_other").into(), 401, "unknown_write_key", KEY.into()),
        ("no key", good.replace("pk_test", "").into(), 401, "unknown_write_key", KEY.into()),
        ("not JSON", b"{\"v\":1,".to_vec(), bad, "invalid_json", "the body is not JSON at line 1 column 7".into()),
        ("empty", Vec::new(), bad, "invalid_json", "the body is not JSON at line 1 column 0".into()),
        ("wrong type in what is shared", good.replace("\"user\":{}", "\"user\":7").into(), bad, "invalid_json", "a member has the wrong type".into()),
        ("nested too deeply", deep.into(), bad, "invalid_json", "the body is nested more than 64 levels deep".into()),
        ("not UTF-8", not_utf8, bad, "invalid_json", format!("the body is not UTF-8 at byte {}", good.len())),
        ("another version", good.replace("\"v\":1", "\"v\":9").into(), bad, "wrong_version", "v must be 1".into()),
        ("no events", batch("").into(), bad, "no_events", "events is missing or empty".into()),
        ("too many events", batch(&many.join(",")).into(), big, "too_many_events", "501 events, at most 500 allowed: send halves".into()),
        ("2 MB", vec![b'x'; 2_000_000], big, "body_too_large", "the body has more than 524288 bytes: send halves".into()),
    ];
    for (what, body, status, code, message) in cases {
        let before = refused(&collector, code);
        let answer = collector.page_with("", &body);
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert_eq!(answer.code(), code, "{what}");
        assert!(
            answer.message().contains(&message),
            "{what}: {}",
            answer.body
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(SHOP),
            "{what}: the page must be able to read the refusal"
        );
        let series = format!("firsthand_requests_total{{status=\"{status}\"}}");
        assert!(collector.metric(&series) >= 1.0, "{what}");
        assert!(
            is_one(refused(&collector, code) - before),
            "{what} is counted by its code"
        );
    }
    assert_eq!(
        collector.inspect("/v1/inspect/events")["events"],
        serde_json::json!([])
    );
}

#[test]
fn origins_are_exact() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    for origin in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example.evil.example",
        "https://shop.example:8443",
        "null",
    ] {
        let answer = collector.request(
            &format!("POST /v1/events HTTP/1.1\r\norigin: {origin}"),
            batch(&event("e")).as_bytes(),
        );
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "origin_not_allowed"),
            "{origin}"
        );
        assert_eq!(
            answer.message(),
            "the origin is not listed for this key: add it to the source's origins"
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        assert_eq!(answer.header("vary"), Some("origin"));
    }
    assert!((refused(&collector, "origin_not_allowed") - 5.0).abs() < 0.1);
    let answer = collector.request("POST /v1/events HTTP/1.1", batch(&event("e")).as_bytes());
    assert_eq!(answer.status, 403, "a browser always tells its origin");
    let answer = collector.request(
        "POST /v1/events HTTP/1.1\r\nauthorization: Bearer sk_wrong",
        batch(&event("e")).as_bytes(),
    );
    assert_eq!(
        answer.status, 401,
        "a wrong secret key is not saved by the body's key"
    );
}

#[test]
fn a_preflight_is_answered_for_the_shop_only() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let ask = |origin: &str| {
        collector.request(
            &format!("OPTIONS /v1/events HTTP/1.1\r\norigin: {origin}\r\naccess-control-request-method: POST"),
            b"",
        )
    };
    let answer = ask(SHOP);
    assert_eq!(answer.status, 204);
    for (name, want) in [
        ("access-control-allow-origin", SHOP),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "post"),
        ("access-control-allow-headers", "content-type"),
        ("access-control-max-age", "86400"),
        ("vary", "origin"),
    ] {
        assert_eq!(answer.header(name), Some(want), "{name}");
    }
    let answer = ask("https://evil.example");
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

/// An event that is refused: its code, itself, the id that can be read, the reason in words, whether it may be kept.
struct Wrong {
    code: &'static str,
    event: String,
    id: Option<&'static str>,
    message: &'static str,
    is_payload_kept: bool,
}

fn wrong_events() -> Vec<Wrong> {
    let properties: Vec<String> = (0..10_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
    let wrong = |code, event, id, message, is_payload_kept| Wrong {
        code,
        event,
        id,
        message,
        is_payload_kept,
    };
    vec![
        wrong(
            "invalid_type",
            event("wrong-type").replace("\"page_view\"", "7"),
            None,
            "the event is no object, or a member has the wrong type",
            true,
        ),
        wrong(
            "invalid_currency",
            event_with("money", "purchase", r#"{"currency":"XXQ"}"#),
            Some("money"),
            "currency must be an ISO 4217 code such as EUR",
            true,
        ),
        wrong(
            "invalid_time",
            r#"{"id":"old","name":"page_view","at":1000}"#.to_owned(),
            Some("old"),
            "at lies more than 7 days back (after correction of the clock)",
            true,
        ),
        wrong(
            "too_many_props",
            event_with(
                "many",
                "page_view",
                &format!("{{{}}}", properties.join(",")),
            ),
            Some("many"),
            "props has more than 100 members",
            false,
        ),
        wrong(
            "too_deep",
            event_with("deep", "page_view", &deep),
            Some("deep"),
            "props are nested more than 8 levels deep",
            true,
        ),
        wrong(
            "personal_data",
            event_with("leak", "search", r#"{"search_term":"jane@example.com"}"#),
            Some("leak"),
            "holds clear personal data: send it in user over a secret key, or as its digest",
            false,
        ),
    ]
}

#[test]
fn a_wrong_event_is_refused_alone_counted_and_quarantined() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let cases = wrong_events();
    for wrong in &cases {
        let code = wrong.code;
        let good = event(&format!("good-{code}"));
        let answer = collector.page(&batch(&format!("{},{good}", wrong.event)));
        assert_eq!(answer.status, 202, "{code}: {}", answer.body);
        let body = answer.json();
        assert_eq!(body["accepted"], 1, "{code}: the good event passes");
        let rejected = &body["rejected"][0];
        assert_eq!(rejected["index"], 0, "{code}");
        assert_eq!(rejected["code"], code);
        assert_eq!(rejected["id"], serde_json::json!(wrong.id), "{code}");
        let message = rejected["message"].as_str().unwrap();
        assert!(message.contains(wrong.message), "{code}: {message}");
        assert!(
            !answer.body.contains("jane"),
            "{code}: no value in the answer"
        );
        let series = format!("firsthand_events_rejected_total{{source=\"web\",code=\"{code}\"}}");
        assert!(is_one(collector.metric(&series)), "{code}");
        let rows = collector.inspect("/v1/inspect/quarantine?limit=1");
        let row = &rows["quarantine"][0];
        assert_eq!(row["code"], code);
        assert_eq!(row["message"], message, "{code}: the row holds the reason");
        assert_eq!(row["event_id"], serde_json::json!(wrong.id), "{code}");
        assert_eq!(row["source"], "web", "{code}");
        assert_eq!(
            row["payload"].is_string(),
            wrong.is_payload_kept,
            "{code}: what is personal, or larger than the limit, is not kept"
        );
    }
    let rows = collector.metric("firsthand_quarantine_rows");
    assert_eq!(rows.to_string(), cases.len().to_string());
}

#[test]
fn a_bot_is_refused_where_the_operator_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "[bots]\npolicy = \"reject\"\n");
    let body = batch(&event("crawled"));
    let answer = collector.page_with("\r\nuser-agent: Googlebot/2.1", body.as_bytes());
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(
        answer.json(),
        serde_json::json!({ "accepted": 0, "duplicates": 0, "rejected": [{
            "index": 0, "id": "crawled", "code": "bot", "message": "the sender looks like a bot",
        }]})
    );
    let series = "firsthand_events_rejected_total{source=\"web\",code=\"bot\"}";
    assert!(is_one(collector.metric(series)));
    let rows = collector.inspect("/v1/inspect/quarantine");
    let row = &rows["quarantine"][0];
    assert_eq!(
        (&row["event_id"], &row["code"], &row["message"]),
        (
            &"crawled".into(),
            &"bot".into(),
            &"the sender looks like a bot".into()
        )
    );
    let answer = collector.page(&body);
    assert_eq!(
        answer.json()["accepted"],
        1,
        "a person's same event passes: {}",
        answer.body
    );
}

#[test]
fn a_repeated_batch_is_accepted_once() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let body = batch(&format!("{},{}", event("a"), event("b")));
    let answers = [collector.page(&body), collector.page(&body)];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [202, 202]);
    let [first, second] = answers.map(|answer| answer.json());
    assert_eq!(
        (&first["accepted"], &first["duplicates"]),
        (&2.into(), &0.into())
    );
    assert_eq!(
        (&second["accepted"], &second["duplicates"]),
        (&0.into(), &2.into())
    );
    assert_eq!(second["rejected"], serde_json::json!([]));
    assert!(
        (collector.metric("firsthand_events_duplicate_total{source=\"web\"}") - 2.0).abs() < 0.1
    );
}

#[test]
fn without_consent_only_a_counter_remains() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    for consent in [consent(false), "{}".to_owned()] {
        let answer = collector.page(&batch_of(
            "pk_test",
            &consent,
            "{}",
            &event("no-consent-id"),
        ));
        assert_eq!(answer.status, 202);
        assert_eq!(answer.json()["rejected"][0]["code"], "consent_denied");
        assert_eq!(
            answer.header("set-cookie"),
            None,
            "no cookie without consent"
        );
    }
    let series = "firsthand_events_rejected_total{source=\"web\",code=\"consent_denied\"}";
    assert!((collector.metric(series) - 2.0).abs() < 0.1);
    assert_eq!(
        collector.inspect("/v1/inspect/quarantine")["quarantine"],
        serde_json::json!([])
    );
    for file in std::fs::read_dir(dir.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(
            !bytes.windows(13).any(|part| part == b"no-consent-id"),
            "nothing of the event is kept"
        );
    }
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let config = common::write_config(dir.path(), "");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("[server]", "[server]\nread_timeout_secs = 1"),
    )
    .unwrap();
    let collector = Collector::start_with(&config);
    let mut stream = std::net::TcpStream::connect(collector.addr).unwrap();
    write!(
        stream,
        "POST /v1/events HTTP/1.1\r\nhost: c\r\norigin: {SHOP}\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{{"
    )
    .unwrap();
    let answer = common::Answer::read(stream);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (408, "body_timeout")
    );
}

#[test]
fn a_connection_that_stays_silent_is_closed() {
    use std::io::{Read as _, Write as _};
    let dir = tempfile::tempdir().unwrap();
    let config = common::write_config(dir.path(), "");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("[server]", "[server]\nidle_timeout_secs = 1"),
    )
    .unwrap();
    let collector = Collector::start_with(&config);
    for head in ["", "POST /v1/events HTTP/1.1\r\nhost: c\r\n"] {
        let mut stream = std::net::TcpStream::connect(collector.addr).unwrap();
        stream
            .set_read_timeout(Some(std::time::Duration::from_secs(20)))
            .unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 2"), "{head:?}");
    }
}

#[test]
fn every_reason_an_sdk_drops_for_has_a_series_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let reasons = firsthand_core::wire::drop_reason::ALL;
    let mut counts: Vec<String> = reasons.iter().map(|r| format!(r#""{r}":2"#)).collect();
    counts.push(r#""of_a_newer_sdk":3"#.to_owned());
    let told = format!(r#"{{"context":{{"dropped":{{{}}}}},"#, counts.join(","));
    let body = batch(&event("1")).replacen('{', &told, 1);
    let answer = collector.page(&body);
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
    let count = |reason: &str| {
        let series = format!("firsthand_sdk_dropped_total{{reason=\"{reason}\"}}");
        collector.metric(&series)
    };
    for reason in reasons {
        assert!((count(reason) - 2.0).abs() < 0.1, "{reason}");
    }
    assert!((count("other") - 3.0).abs() < 0.1);
}
