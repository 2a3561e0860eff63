//! Whatever a platform answers: only a success delivers, no other event is named than those that were sent, and what is kept of its words is
//! short and holds neither a secret nor an address.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use firsthand_collector::config::parse;
use firsthand_collector::forward::config::Connection;
use firsthand_collector::forward::destinations::{
    Answer, Batch, EventVerdict, MAX_ANSWER_BYTES, Verdict, Words,
};
use firsthand_collector::forward::http::retry_after;
use libfuzzer_sys::fuzz_target;

const NOW_MS: i64 = 1_795_471_200_000;
const SECRET: &str = "s3cret-of-the-seed";
const STATUS: [u16; 12] = [200, 201, 202, 204, 301, 400, 401, 403, 413, 422, 429, 500];

static DESTINATIONS: LazyLock<Vec<Connection>> = LazyLock::new(|| {
    let dir = std::env::temp_dir().join(format!("firsthand-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder for the secrets");
    let account = firsthand_sandbox::service_account("http://127.0.0.1:9");
    let hook = "whsec_Rmlyc3RoYW5kLXdlYmhvb2stZGVtby1zZWNyZXQtMDE=";
    for (name, text) in [
        ("secret", SECRET),
        ("google", account.as_str()),
        ("hook", hook),
    ] {
        std::fs::write(dir.join(name), text).expect("a secret");
    }
    let text = include_str!("answer.toml").replace("DIR", &dir.display().to_string());
    let config = parse(&text, "answer.toml").unwrap_or_else(|error| panic!("{error}"));
    let all = config
        .destinations
        .iter()
        .map(|one| one.connect().expect("an account"));
    let all: Vec<Connection> = all.collect();
    assert_eq!(
        all.iter().filter(|one| knows_secret(one)).count(),
        all.len() - 2
    );
    std::fs::remove_dir_all(&dir).expect("the folder is ours");
    all
});

fuzz_target!(|bytes: &[u8]| {
    let [status, events, bytes @ ..] = bytes else {
        return;
    };
    let status = STATUS[usize::from(*status) % STATUS.len()];
    let events = 1 + usize::from(*events) % 5;
    let body = String::from_utf8_lossy(bytes).into_owned();
    if let Some(wait) = retry_after(&body, NOW_MS) {
        let date = Duration::from_secs(10_000 * 366 * 86_400);
        assert!(wait <= date || body.trim().parse() == Ok(wait.as_secs()));
    }
    let answer = Answer {
        status,
        retry_after: None,
        headers: Vec::new(),
        body,
    };
    let ids: Vec<String> = (0..events).map(|n| format!("e{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let batch = Batch {
        envelope: "",
        events: &vec!["{}"; events],
        event_ids: &ids,
        now_ms: NOW_MS,
        token: None,
    };
    for connection in DESTINATIONS.iter() {
        let verdict = connection.destination.interpret(&answer, &batch);
        let verdict = verdict.map(|words: Words| words.kept(&connection.blotter));
        if let Some(words) = verdict.reason() {
            check(connection, words);
        }
        match &verdict {
            Verdict::Delivered | Verdict::Checked => {
                assert!((200..300).contains(&status), "delivered by {status}");
            }
            Verdict::RejectedEvents { events: named } => {
                for (at, words) in named {
                    assert!(*at < events, "names others");
                    check(connection, words);
                }
            }
            Verdict::Each(each) => {
                assert!(each.len() <= events, "names others");
                for one in each {
                    match one {
                        EventVerdict::Delivered => assert!((200..300).contains(&status)),
                        EventVerdict::Retry { reason, .. } | EventVerdict::Rejected { reason } => {
                            check(connection, reason);
                        }
                    }
                }
            }
            Verdict::Retry { .. }
            | Verdict::Unauthorized { .. }
            | Verdict::RejectedBatch { .. }
            | Verdict::MalformedClickId { .. } => {}
        }
    }
});

/// Whether the secret is one of this account's. Google's and the webhook's have a form of their own.
fn knows_secret(connection: &Connection) -> bool {
    !connection.blotter.shorten(SECRET).contains(SECRET)
}

fn check(connection: &Connection, words: &str) {
    assert!(
        words.len() <= MAX_ANSWER_BYTES,
        "{} bytes kept",
        words.len()
    );
    assert!(
        !words.contains(SECRET) || !knows_secret(connection),
        "a secret is kept"
    );
    assert!(!words.contains('@'), "an address is kept");
    assert!(!words.contains('\n'), "a line of a log is one line");
}
