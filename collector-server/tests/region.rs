//! The visitor's region over HTTP: from a proxy's headers, from a file, or unknown; and what follows from it.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::{Answer, Collector, SHOP, batch_of, event, run, write_config};
use serde_json::{Value, json};

const HEADERS: &str = r#"
[server]
listen = "127.0.0.1:0"
trusted_proxies = ["127.0.0.1"]
country_header = "X-Country"
region_header = "X-Region"
"#;

/// Starts a collector whose `[server]` is this one instead of the usual.
fn start(dir: &Path, text: &str) -> Collector {
    let path = write_config(dir, "");
    let usual = std::fs::read_to_string(&path).unwrap();
    let rest = usual.replace("[server]\nlisten = \"127.0.0.1:0\"\n", "");
    assert_ne!(usual, rest);
    std::fs::write(&path, format!("{text}\n{rest}")).unwrap();
    Collector::start_with(&path)
}

fn ask(collector: &Collector, headers: &str) -> Answer {
    collector.request(
        &format!("GET /v1/region HTTP/1.1\r\norigin: {SHOP}{headers}"),
        b"",
    )
}

#[test]
fn a_page_learns_its_regime_from_the_proxys_headers() {
    let dir = tempfile::tempdir().unwrap();
    let extra = "[consent]\npolicy_version = 7\nregime_by_country = { NZ = \"opt_in\", US-WY = \"opt_out\" }\ngpc_required_by_region = { US-VA = true }";
    let collector = start(dir.path(), &format!("{HEADERS}{extra}"));
    for (headers, want) in [
        ("\r\nx-country: DE", json!(["DE", null, "opt_in", false])),
        (
            "\r\nx-country: US\r\nx-region: CA",
            json!(["US", "US-CA", "opt_out", true]),
        ),
        (
            "\r\nx-country: US\r\nx-region: US-VA",
            json!(["US", "US-VA", "opt_out", true]),
        ),
        (
            "\r\nx-country: US\r\nx-region: UT",
            json!(["US", "US-UT", "opt_out", false]),
        ),
        (
            "\r\nx-country: US\r\nx-region: WY",
            json!(["US", "US-WY", "opt_out", false]),
        ),
        (
            "\r\nx-region: CA-QC",
            json!(["CA", "CA-QC", "opt_in", false]),
        ),
        ("\r\nx-country: in", json!(["IN", null, "none", false])),
        ("\r\nx-country: NZ", json!(["NZ", null, "opt_in", false])),
        ("\r\nx-country: XX", json!([null, null, "opt_in", true])),
        ("", json!([null, null, "opt_in", true])),
    ] {
        let answer = ask(&collector, headers);
        assert_eq!(answer.status, 200);
        let want = json!({ "country": want[0], "region": want[1], "regime": want[2], "gpc_required": want[3], "policy_version": 7, "max_age_days": 180, "gpc_scope": "all", "gpc_mode": "statutory" });
        assert_eq!(answer.json(), want, "{headers}");
    }
}

#[test]
fn the_regions_door_keeps_nothing_and_is_read_by_the_shop_alone() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(dir.path(), HEADERS);
    let answer = ask(&collector, "");
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    assert_eq!(answer.header("vary"), Some("origin"));
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(answer.header("set-cookie"), None);
    let foreign = collector.request(
        "GET /v1/region HTTP/1.1\r\norigin: https://other.example",
        b"",
    );
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    let kept = collector.inspect("/v1/inspect/events");
    assert_eq!(kept["events"], json!([]));
}

#[test]
fn headers_count_from_trusted_proxies_only() {
    let dir = tempfile::tempdir().unwrap();
    let untrusted = HEADERS.replace("127.0.0.1\"]", "10.0.0.1\"]");
    let collector = start(dir.path(), &untrusted);
    let answer = ask(&collector, "\r\nx-country: IN").json();
    assert_eq!(answer["country"], json!(null));
    assert_eq!(answer["regime"], "opt_in");
}

#[test]
fn a_local_file_places_addresses_and_headers_win_over_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("places.mmdb");
    std::fs::write(&file, mmdb::file()).unwrap();
    let config = format!("{HEADERS}geo_database = {file:?}\n");
    let collector = start(dir.path(), &config);
    for (headers, want) in [
        (
            "\r\nx-forwarded-for: 9.1.2.3",
            json!(["US", "US-CA", "opt_out"]),
        ),
        (
            "\r\nx-forwarded-for: 200.1.2.3",
            json!(["IN", null, "none"]),
        ),
        (
            "\r\nx-forwarded-for: 200.1.2.3\r\nx-country: DE",
            json!(["DE", null, "opt_in"]),
        ),
        (
            "\r\nx-forwarded-for: 2001:db8::1",
            json!([null, null, "opt_in"]),
        ),
    ] {
        let got = ask(&collector, headers).json();
        let got = json!([got["country"], got["region"], got["regime"]]);
        assert_eq!(got, want, "{headers}");
    }
    // A server's own address says nothing, the visitor's that it names does.
    for (context, want) in [("{}", 1), (r#"{"ip":"200.1.2.3"}"#, 0)] {
        let body = batch_of("", r#"{"regime":"none"}"#, "{}", &event("from-server")).replacen(
            "\"user\"",
            &format!("\"context\":{context},\"user\""),
            1,
        );
        let answer = collector.server(&body).json();
        assert_eq!(
            answer["rejected"].as_array().unwrap().len(),
            want,
            "{answer}"
        );
    }
}

#[test]
fn a_file_that_is_none_is_refused_by_check_and_by_serve() {
    let dir = tempfile::tempdir().unwrap();
    let path = write_config(dir.path(), "");
    let text = std::fs::read_to_string(&path).unwrap();
    let file = dir.path().join("places.mmdb");
    let listen = "listen = \"127.0.0.1:0\"\n";
    let text = text.replace(listen, &format!("{listen}geo_database = {file:?}\n"));
    std::fs::write(&path, text).unwrap();
    for content in [None, Some("no database")] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        for command in ["check", "serve"] {
            let output = run(&[command, "--config", path.to_str().unwrap()]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success());
            assert!(said.contains("server.geo_database"), "{command}: {said}");
            assert!(said.contains(".mmdb"), "{command}: {said}");
        }
    }
}

#[test]
fn without_the_table_only_the_operators_own_list_counts() {
    let dir = tempfile::tempdir().unwrap();
    let extra = "[consent]\nregion_table = false\nregime_by_country = { US = \"opt_out\" }";
    let collector = start(dir.path(), &format!("{HEADERS}{extra}"));
    for (country, want) in [("US", "opt_out"), ("IN", "opt_in"), ("DE", "opt_in")] {
        let answer = ask(&collector, &format!("\r\nx-country: {country}")).json();
        assert_eq!(answer["regime"], want, "{country}");
    }
}

#[test]
fn the_duty_to_honour_the_signal_is_kept_with_the_event() {
    let dir = tempfile::tempdir().unwrap();
    let collector = start(
        dir.path(),
        &format!("{HEADERS}[consent]\ngpc_scope = \"required\"\n"),
    );
    for (id, headers, want) in [
        ("required", "x-country: US\r\nx-region: CA", false),
        ("free", "x-country: US\r\nx-region: UT", true),
        ("unknown-state", "x-country: US", false),
    ] {
        let body = batch_of("pk_test", r#"{"regime":"opt_out"}"#, "{}", &event(id));
        let answer = collector.page_with(
            &format!("\r\nsec-gpc: 0\r\nsec-gpc: 1\r\n{headers}"),
            body.as_bytes(),
        );
        assert_eq!(answer.json()["accepted"], 1, "{}", answer.body);
        let path = dir.path().join("collector.toml");
        let told = run(&["explain", "--json", "--config", path.to_str().unwrap(), id]);
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        let kept = &told["events"][0]["copies"][0]["consent"];
        assert_eq!(kept["gpc"], true, "{told}");
        let allowed = kept["allowed_now"].as_array().unwrap();
        let shares = allowed.contains(&json!("third_party_sharing"));
        assert_eq!(shares, want, "{id}: {kept}");
    }
}

#[test]
fn the_shops_word_on_global_privacy_control_is_published() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(
        dir.path(),
        "[consent]\ngpc_statement_date = \"2026-11-24\"\n",
    );
    let answer = collector.get("/.well-known/gpc.json");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.json(),
        json!({ "gpc": true, "lastUpdate": "2026-11-24" })
    );
}

/// Writes the smallest file of MaxMind's format: one node, addresses below 128.0.0.0 in California, the others in India.
mod mmdb {
    const UTF8: u8 = 2;
    const UINT16: u8 = 5;
    const UINT32: u8 = 6;
    const MAP: u8 = 7;

    /// Control byte of a value: its type and its size, or how many members it has.
    fn control(kind: u8, size: usize) -> u8 {
        assert!(size < 29, "longer ones need more bytes");
        kind << 5 | u8::try_from(size).unwrap()
    }

    fn text(value: &str) -> Vec<u8> {
        [&[control(UTF8, value.len())], value.as_bytes()].concat()
    }

    fn number(kind: u8, value: u8) -> Vec<u8> {
        vec![control(kind, 1), value]
    }

    fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut out = vec![control(MAP, members.len())];
        for (key, value) in members {
            out.extend(text(key));
            out.extend(value);
        }
        out
    }

    /// An array: its type, 11, is written behind its size as 11 - 7.
    fn array(items: &[Vec<u8>]) -> Vec<u8> {
        let mut out = vec![control(0, items.len()), 4];
        out.extend(items.concat());
        out
    }

    pub(super) fn file() -> Vec<u8> {
        let coded = |code: &str| map(&[("iso_code", text(code))]);
        let california = map(&[
            ("country", coded("US")),
            ("subdivisions", array(&[coded("CA")])),
        ]);
        let india = map(&[("country", coded("IN"))]);
        // A record beyond the nodes points into the data, 16 bytes behind the tree.
        let pointer = |offset: usize| u32::try_from(1 + 16 + offset).unwrap().to_be_bytes();
        let mut out = Vec::new();
        out.extend(&pointer(0)[1..]);
        out.extend(&pointer(california.len())[1..]);
        out.extend([0; 16]);
        out.extend(california);
        out.extend(india);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        out.extend(map(&[
            ("node_count", number(UINT32, 1)),
            ("record_size", number(UINT16, 24)),
            ("ip_version", number(UINT16, 4)),
            ("database_type", text("Test")),
            ("languages", array(&[text("en")])),
            ("binary_format_major_version", number(UINT16, 2)),
            ("binary_format_minor_version", vec![control(UINT16, 0)]),
            ("build_epoch", vec![control(0, 1), 2, 1]),
            ("description", map(&[("en", text("test"))])),
        ]));
        out
    }
}
