//! Clear personal values end at the door; ids and cookies follow consent.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::platform::Platforms;
use common::{Collector, SHOP, batch, batch_of, consent, event, event_with};

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(30);

/// Base64 of a text at each of the three offsets inside a longer one, without the uncertain ends.
fn base64_forms(text: &str) -> Vec<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..3)
        .map(|offset| {
            let bytes: Vec<u8> = vec![0; offset].into_iter().chain(text.bytes()).collect();
            let whole = bytes.len() / 3;
            let mut out = String::new();
            for group in bytes.chunks_exact(3).take(whole) {
                let bits =
                    u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
                for shift in [18, 12, 6, 0] {
                    out.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
                }
            }
            out.split_off(if offset == 0 { 0 } else { 4 })
        })
        .filter(|form| form.len() >= 8)
        .collect()
}

fn forms(text: &str) -> Vec<String> {
    let mut forms = vec![
        text.to_lowercase(),
        text.replace('@', "%40").replace('+', "%2b").to_lowercase(),
    ];
    forms.extend(base64_forms(text).into_iter().map(|f| f.to_lowercase()));
    forms.extend(
        base64_forms(&text.to_lowercase())
            .into_iter()
            .map(|f| f.to_lowercase()),
    );
    forms
}

#[test]
fn no_clear_value_of_a_server_reaches_disk_log_metrics_or_inspection() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    report_a_person(&collector);
    clear_values_are_nowhere(&collector, dir.path());
}

/// The one exception: sealed in the log, clear on the way to the destination, nowhere else.
#[test]
fn what_a_destination_wants_in_clear_reaches_it_and_is_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    std::fs::write(dir.path().join("klaviyo-key"), "pk_klaviyo_sandbox").unwrap();
    let destination = format!(
        "[settle]\nby_event_ms = {{ purchase = 0 }}\n[[destination]]\nkind = \"klaviyo\"\nname = \"klaviyo\"\nsend_clear_identifiers = true\n\
         api_key = {{ file = \"{}/klaviyo-key\" }}\nbase_url = \"{}/klaviyo\"",
        dir.path().display(),
        platforms.base
    );
    let collector = Collector::start(dir.path(), &destination);
    report_a_person(&collector);
    let deadline = Instant::now() + DEADLINE;
    loop {
        let view = collector.inspect("/v1/inspect/events/purchase:1001");
        if view["events"][0]["destinations"][0]["state"] == "delivered" {
            break;
        }
        assert!(Instant::now() < deadline, "nothing arrived: {view}");
        std::thread::yield_now();
    }
    let records = platforms.records_of("klaviyo");
    let profile = records[0]
        .payload
        .pointer("/data/attributes/profile/data/attributes");
    let profile = profile.cloned().unwrap_or_default();
    assert_eq!(profile["email"], "mirabelle.quux@example.org");
    assert_eq!(profile["phone_number"], "+491711234567");
    assert_eq!(profile["first_name"], serde_json::Value::Null);
    clear_values_are_nowhere(&collector, dir.path());
}

const CLEAR_VALUES: [&str; 6] = [
    "Mirabelle.Quux@Example.org",
    "Mirabelle",
    "Quuxington",
    "+491711234567",
    "01711234567",
    "Wuppertal-Ronsdorf",
];

/// Tells of a purchase in clear as a server may, and in every way in which nobody may.
fn report_a_person(collector: &Collector) {
    let user = r#"{"email":"Mirabelle.Quux@Example.org","first_name":"Mirabelle","last_name":"Quuxington","phone":"01711234567","city":"Wuppertal-Ronsdorf","country":"DE","external_id":"Mirabelle.Quux@Example.org","user_id":"Mirabelle.Quux@Example.org"}"#;
    let purchase = event_with(
        "x",
        "purchase",
        r#"{"transaction_id":"1001","currency":"EUR","value":5}"#,
    );
    let answer = collector.server(&batch_of("", &consent(true), user, &purchase));
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
    // And the ways by which a value may come where it does not belong.
    for (key, body) in [
        (
            "pk_test",
            batch_of("pk_test", &consent(true), user, &event("c1")),
        ),
        (
            "pk_test",
            batch(&event_with(
                "c2",
                "search",
                r#"{"search_term":"Mirabelle.Quux@Example.org"}"#,
            )),
        ),
        (
            "pk_test",
            batch(&event_with(
                "c3",
                "purchase",
                r#"{"currency":"no","note":"Mirabelle.Quux@Example.org"}"#,
            )),
        ),
        ("pk_test", batch(&event("Mirabelle.Quux@Example.org"))),
    ] {
        let answer = collector.page(&body);
        assert_eq!(
            answer.json()["rejected"].as_array().unwrap().len(),
            1,
            "{key}"
        );
        assert!(!answer.body.to_lowercase().contains("mirabelle"));
    }
}

/// Looks for every form of the values in all that can be read.
fn clear_values_are_nowhere(collector: &Collector, dir: &Path) {
    let inspection = collector.inspect("/v1/inspect/events").to_string()
        + &collector.inspect("/v1/inspect/quarantine").to_string();
    let mut places = vec![
        ("log".to_owned(), collector.log().into_bytes()),
        (
            "metrics".to_owned(),
            collector.get("/metrics").body.into_bytes(),
        ),
        ("inspection".to_owned(), inspection.into_bytes()),
    ];
    for file in std::fs::read_dir(dir.join("data")).unwrap() {
        let path = file.unwrap().path();
        places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    for (place, bytes) in places {
        let lower = bytes.to_ascii_lowercase();
        for secret in CLEAR_VALUES {
            for form in forms(secret) {
                assert!(
                    !lower
                        .windows(form.len())
                        .any(|part| part == form.as_bytes()),
                    "a form of a clear value is in {place}: {form}"
                );
            }
        }
    }
}

#[test]
fn the_cookie_follows_consent_and_the_visitor() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let answer = collector.page(&batch(&event("1")));
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    assert!(
        cookie.contains("max-age=34560000; path=/; httponly; samesite=lax"),
        "{cookie}"
    );
    let id = cookie
        .strip_prefix("fh_id=")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();

    let renewed = collector.page_with(
        &format!("\r\ncookie: fh_id={id}"),
        batch(&event("2")).as_bytes(),
    );
    assert!(
        renewed
            .header("set-cookie")
            .unwrap()
            .starts_with(&format!("fh_id={id};"))
    );
    let own = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
    let user = format!(r#"{{"anonymous_id":"{own}"}}"#);
    let body = batch_of("pk_test", &consent(true), &user, &event("3"));
    let from_body = collector.page(&body);
    assert!(
        from_body.header("set-cookie").unwrap().contains(own),
        "the page's id is kept"
    );
    let both = collector.page_with(&format!("\r\ncookie: fh_id={id}"), body.as_bytes());
    assert!(
        both.header("set-cookie").unwrap().contains(&id),
        "the cookie wins"
    );
    let reset = format!(r#"{{"anonymous_id":"{own}","reset":true}}"#);
    let reset = batch_of("pk_test", &consent(true), &reset, &event("3-reset"));
    let after_reset = collector.page_with(&format!("\r\ncookie: fh_id={id}"), reset.as_bytes());
    assert!(
        after_reset.header("set-cookie").unwrap().contains(own),
        "a reset page's id replaces the cookie's"
    );
    let unsound = reset.replace(own, "jane");
    let unsound = collector.page_with(&format!("\r\ncookie: fh_id={id}"), unsound.as_bytes());
    assert!(
        unsound.header("set-cookie").unwrap().contains(&id),
        "only by an id of our form"
    );
    let from_server = collector.server(&batch_of("", &consent(true), "{}", &event("4")));
    assert_eq!(from_server.header("set-cookie"), None);

    let denied = batch_of("pk_test", &consent(false), &user, &event("5"));
    let denied = collector.page_with(&format!("\r\ncookie: fh_id={id}"), denied.as_bytes());
    assert_eq!(denied.header("set-cookie"), None);
}

#[test]
fn a_withdrawal_outranks_later_batches_and_clears_the_cookie() {
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(dir.path(), "");
    let id = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";
    let user = format!(r#"{{"anonymous_id":"{id}"}}"#);
    let yes = consent(true);
    let send = |collector: &Collector, event_id: &str| {
        collector
            .page(&batch_of("pk_test", &yes, &user, &event(event_id)))
            .json()
    };
    assert_eq!(send(&collector, "before")["accepted"], 1);
    let word = format!(
        r#"{{"v":1,"write_key":"pk_test","sent_at":{},"user":{user},"consent":{}}}"#,
        common::now_ms(),
        consent(false)
    );
    let head = format!("POST /v1/consent HTTP/1.1\r\norigin: {SHOP}");
    let answer = collector.request(&head, word.as_bytes());
    assert_eq!((answer.status, answer.body.as_str()), (202, "{}"));
    assert!(
        answer
            .header("set-cookie")
            .unwrap()
            .starts_with("fh_id=; max-age=0")
    );
    assert_eq!(
        send(&collector, "after")["rejected"][0]["code"],
        "consent_denied"
    );
    collector.kill();
    let collector = Collector::start(dir.path(), "");
    assert_eq!(
        send(&collector, "after-restart")["rejected"][0]["code"],
        "consent_denied",
        "the word is on disk"
    );
    let foreign = collector.request(
        "POST /v1/consent HTTP/1.1\r\norigin: https://evil.example",
        word.as_bytes(),
    );
    assert_eq!(foreign.status, 403);
    let silent = word
        .replace("false", "null")
        .replace("\"at\"", "\"x\"")
        .replace("\"policy\"", "\"y\"");
    let silent = silent
        .replace("marketing", "a")
        .replace("analytics", "b")
        .replace("personalization", "c")
        .replace("third_party_sharing", "d");
    assert_eq!(
        collector.request(&head, silent.as_bytes()).code(),
        "invalid_consent"
    );
}

#[test]
fn inspection_needs_the_token_and_is_absent_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let path = "GET /v1/inspect/events HTTP/1.1";
    assert_eq!(collector.request(path, b"").status, 401);
    let wrong = format!("{path}\r\nauthorization: Bearer nope");
    assert_eq!(collector.request(&wrong, b"").status, 401);
    drop(collector);
    let config = common::write_config(dir.path(), "");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("token = { env = \"ADMIN_TOKEN\" }", ""),
    )
    .unwrap();
    let collector = Collector::start_with(&config);
    assert_eq!(collector.request(path, b"").status, 401);
}

#[test]
fn a_servers_word_on_consent_without_a_person_is_refused_and_not_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let head = format!(
        "POST /v1/consent HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/json",
        common::SECRET_KEY
    );
    for user in ["", r#""anonymous_id":"customer-7""#] {
        let body = batch_of("", &consent(false), &format!("{{{user}}}"), "");
        let answer = collector.request(&head, body.as_bytes());
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_consent")
        );
    }
    let user = r#"{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-dc0c0c07398f"}"#;
    let body = batch_of("", &consent(false), user, "");
    assert_eq!(collector.request(&head, body.as_bytes()).status, 202);
}
