//! What the collector answers, counts and keeps when a request or an event is wrong.

mod common;

use common::{Collector, SHOP, batch, batch_of, consent, event, event_with};

#[test]
fn a_wrong_request_is_refused_with_status_code_and_words() {
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
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        (
            "unknown key",
            good.replace("pk_test", "pk_other").into(),
            401,
            "unknown_write_key",
        ),
        (
            "no key",
            good.replace("pk_test", "").into(),
            401,
            "unknown_write_key",
        ),
        ("not JSON", b"{\"v\":1,".to_vec(), 400, "invalid_json"),
        ("empty", Vec::new(), 400, "invalid_json"),
        (
            "wrong type in what is shared",
            good.replace("\"user\":{}", "\"user\":7").into(),
            400,
            "invalid_json",
        ),
        ("nested too deeply", deep.into(), 400, "invalid_json"),
        ("not UTF-8", not_utf8, 400, "invalid_json"),
        (
            "another version",
            good.replace("\"v\":1", "\"v\":9").into(),
            400,
            "wrong_version",
        ),
        ("no events", batch("").into(), 400, "no_events"),
        (
            "too many events",
            batch(&many.join(",")).into(),
            413,
            "too_many_events",
        ),
        ("2 MB", vec![b'x'; 2_000_000], 413, "body_too_large"),
    ];
    for (what, body, status, code) in cases {
        let answer = collector.page_with("", &body);
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert_eq!(answer.code(), code, "{what}");
        assert!(
            !answer.json()["error"]["message"]
                .as_str()
                .unwrap()
                .is_empty(),
            "{what}"
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(SHOP),
            "{what}: the page must be able to read the refusal"
        );
        let series = format!("firsthand_requests_total{{status=\"{status}\"}}");
        assert!(collector.metric(&series) >= 1.0, "{what}");
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
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        assert_eq!(answer.header("vary"), Some("origin"));
    }
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

#[test]
fn a_wrong_event_is_refused_alone_counted_and_quarantined() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "[bots]\npolicy = \"reject\"\n");
    let properties: Vec<String> = (0..10_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let props = format!("{{{}}}", properties.join(","));
    let cases = [
        (
            "invalid_type",
            event("wrong-type").replace("\"page_view\"", "7"),
            None,
        ),
        (
            "invalid_currency",
            event_with("money", "purchase", r#"{"currency":"XXQ"}"#),
            Some("money"),
        ),
        (
            "invalid_time",
            r#"{"id":"old","name":"page_view","at":1000}"#.to_owned(),
            Some("old"),
        ),
        (
            "too_many_props",
            event_with("many", "page_view", &props),
            Some("many"),
        ),
        (
            "personal_data",
            event_with("leak", "search", r#"{"search_term":"jane@example.com"}"#),
            Some("leak"),
        ),
    ];
    for (code, bad, id) in cases {
        let good = event(&format!("good-{code}"));
        let answer = collector.page(&batch(&format!("{bad},{good}")));
        assert_eq!(answer.status, 202, "{code}: {}", answer.body);
        let body = answer.json();
        assert_eq!(body["accepted"], 1, "{code}: the good event passes");
        assert_eq!(body["rejected"][0]["index"], 0, "{code}");
        assert_eq!(body["rejected"][0]["code"], code);
        assert!(
            !answer.body.contains("jane"),
            "{code}: no value in the answer"
        );
        if let Some(id) = id {
            assert_eq!(body["rejected"][0]["id"], id);
        }
        let series = format!("firsthand_events_rejected_total{{source=\"web\",code=\"{code}\"}}");
        assert!((collector.metric(&series) - 1.0).abs() < 0.1, "{code}");
        let rows = collector.inspect("/v1/inspect/quarantine?limit=1");
        assert_eq!(rows["quarantine"][0]["code"], code);
        assert_eq!(
            rows["quarantine"][0]["payload"].is_null(),
            matches!(code, "personal_data" | "too_many_props"),
            "{code}: what is personal, or larger than the limit, is not kept"
        );
    }
    let answer = collector.page_with(
        "\r\nuser-agent: Googlebot/2.1",
        batch(&event("b")).as_bytes(),
    );
    assert_eq!(answer.json()["rejected"][0]["code"], "bot");
    assert!((collector.metric("firsthand_quarantine_rows") - 6.0).abs() < 0.1);
}

#[test]
fn a_repeated_batch_is_accepted_once() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let body = batch(&format!("{},{}", event("a"), event("b")));
    let first = collector.page(&body).json();
    let second = collector.page(&body).json();
    assert_eq!(
        (&first["accepted"], &first["duplicates"]),
        (&2.into(), &0.into())
    );
    assert_eq!(
        (&second["accepted"], &second["duplicates"]),
        (&0.into(), &2.into())
    );
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
