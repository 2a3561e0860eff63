//! The commands: check and serve refuse the same, explain tells, sandbox listens.

mod common;

use common::{Collector, batch, event_with, run, write_config};

fn text(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn check_and_serve_refuse_the_same_mistakes() {
    for (from, to, want) in [
        ("listen =", "lisen =", "did you mean `listen`"),
        ("ERP_KEY", "NO_SUCH_KEY", "NO_SUCH_KEY is not set"),
        (
            "[store]",
            "[store]\nretention_days = 1",
            "store.retention_days",
        ),
        ("\"browser\"", "\"browsr\"", "browsr"),
        (
            "[[source]]\nname = \"web\"",
            "[[destination]]\nkind = \"meta\"\nname = \"m\"\ndataset_id = \"1\"\naccess_token = { env = \"NO_META\" }\n[[source]]\nname = \"web\"",
            "destination.m.access_token: environment variable NO_META is not set",
        ),
        (
            "[store]",
            "[store]\ndedup_days = \"a week\"",
            "store.dedup_days: must be a whole number",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = write_config(dir.path(), "");
        let config = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, config.replacen(from, to, 1)).unwrap();
        for command in ["check", "serve"] {
            let output = run(&[command, "--config", path.to_str().unwrap()]);
            let said = text(&output);
            assert!(!output.status.success(), "{command} {to}");
            assert!(said.contains(want), "{command}: {want:?} not in {said}");
        }
        assert!(
            !dir.path().join("data").exists(),
            "nothing is made before the configuration is right"
        );
    }
}

#[test]
fn a_command_reads_the_configuration_of_the_current_directory() {
    let dir = tempfile::tempdir().unwrap();
    write_config(dir.path(), "");
    let check = |elsewhere: Option<&str>| {
        let mut command = common::command(&["check"]);
        command
            .current_dir(dir.path())
            .env_remove("FIRSTHAND_CONFIG");
        if let Some(path) = elsewhere {
            command.env("FIRSTHAND_CONFIG", path);
        }
        command.output().unwrap()
    };
    let here = check(None);
    assert!(here.status.success(), "{}", text(&here));
    let elsewhere = check(Some("other.toml"));
    assert!(!elsewhere.status.success());
    let said = text(&elsewhere);
    assert!(
        said.contains("other.toml cannot be read") && said.contains("--config"),
        "{said}"
    );
}

#[test]
fn the_example_configuration_is_right() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/collector.toml");
    let mut command = common::command(&["check", "--config", path]);
    for name in ["META_TOKEN", "TIKTOK_TOKEN", "GA4_SECRET", "BACKEND_KEY"] {
        command.env(name, "secret-of-the-test");
    }
    let output = command.output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("the configuration is right") && !said.contains("secret-of-the-test"),
        "{said}"
    );
    assert!(said.contains("consent: opt_in by default"), "{said}");
}

#[test]
fn explain_tells_the_life_of_an_event_while_the_collector_runs() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start(dir.path(), "");
    let purchase = |id: &str| event_with(id, "purchase", r#"{"transaction_id":"1001"}"#);
    collector.page(&batch(&purchase("a")));
    collector.server(&batch(&purchase("b")));
    collector.page(&batch(&event_with(
        "bad",
        "purchase",
        r#"{"currency":"no"}"#,
    )));
    let config = dir.path().join("collector.toml");
    let config = config.to_str().unwrap();
    let said = text(&run(&[
        "explain",
        "--transaction",
        "1001",
        "--config",
        config,
    ]));
    for want in [
        "purchase purchase:1001",
        "from web (browser)",
        "from erp (server)",
        "explicit choice",
    ] {
        assert!(said.contains(want), "{want:?} not in {said}");
    }
    let output = run(&["explain", "purchase:1001", "--json", "--config", config]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["events"][0]["copies"][1]["source"], "erp");
    let said = text(&run(&["explain", "bad", "--config", config]));
    assert!(
        said.contains("refused") && said.contains("invalid_currency"),
        "{said}"
    );
    let output = run(&["explain", "nowhere", "--config", config]);
    assert!(!output.status.success());
    assert!(
        text(&output).contains("consent_denied"),
        "says where else to look"
    );
}

#[test]
fn the_port_file_and_the_prefix_work() {
    let dir = tempfile::tempdir().unwrap();
    let path = write_config(dir.path(), "");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        config.replace("[server]", "[server]\npath_prefix = \"/fh\""),
    )
    .unwrap();
    let collector = Collector::start_with(&path);
    for (path, status) in [
        ("/fh/healthz", 200),
        ("/healthz", 200),
        ("/fh/metrics", 200),
        ("/fh/", 200),
        ("/fh/nothing", 404),
    ] {
        assert_eq!(collector.get(path).status, status, "{path}");
    }
    let sdk = collector.get("/fh/sdk/no-such-file.js");
    assert_eq!(sdk.status, 404);
}

#[test]
fn a_second_collector_on_the_same_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Collector::start(dir.path(), "");
    let config = dir.path().join("collector.toml");
    let output = run(&["serve", "--config", config.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(text(&output).contains("in use by another process"));
}
