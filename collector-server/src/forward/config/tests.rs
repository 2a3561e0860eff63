//! The configuration is read strictly and its errors name the key.

use super::checks::is_safe_base;
use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    forward: ForwardConfig,
    #[serde(default, rename = "destination")]
    destinations: Vec<DestinationConfig>,
}

fn read(text: &str) -> Result<File, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    file.forward.validate().map_err(|e| e.to_string())?;
    validate_all(&file.destinations).map_err(|e| e.to_string())?;
    Ok(file)
}

const META_MIN: &str = r#"
    [[destination]]
    kind = "meta"
    name = "meta-main"
    dataset_id = "1000000000000001"
    access_token = { env = "META_TOKEN" }
"#;

#[test]
fn a_destination_needs_little_and_gets_the_platforms_defaults() {
    let text = format!(
        "{META_MIN}
        [[destination]]
        kind = \"tiktok\"
        name = \"tt\"
        pixel_code = \"CSANDBOX0001\"
        access_token = {{ file = \"/run/secrets/tt\" }}
        [[destination]]
        kind = \"ga4\"
        name = \"ga\"
        measurement_id = \"G-SANDBOX01\"
        api_secret = {{ env = \"GA\" }}
        server_events = \"purchases\"
        "
    );
    let file = read(&text).unwrap();
    let [meta, tiktok, ga4] = file.destinations.as_slice() else {
        panic!("three destinations")
    };
    assert_eq!(
        meta.requires(),
        [Purpose::Marketing, Purpose::ThirdPartySharing]
    );
    assert_eq!(tiktok.platform().kind, "tiktok");
    assert_eq!(ga4.requires(), [Purpose::Analytics]);
    assert!(meta.common().enabled && !meta.common().dry_run);
    assert_eq!(file.forward, ForwardConfig::default());
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn a_wrong_key_or_value_is_named() {
    for (line, want) in [
        (
            "colour = 1",
            "destination.meta-main.colour: unknown key `colour`, a meta destination has none like it",
        ),
        (
            "data_set_id = \"1\"",
            "destination.meta-main.data_set_id: unknown key `data_set_id`, did you mean `dataset_id`?",
        ),
        (
            "max_event_age = 5",
            "destination.meta-main.max_event_age: unknown key `max_event_age`, did you mean `max_event_age_secs`?",
        ),
        (
            "concurrency = \"two\"",
            "destination.meta-main.concurrency: invalid type",
        ),
        (
            "limited_data_use = \"sometimes\"",
            "destination.meta-main.limited_data_use: unknown variant `sometimes`",
        ),
        (
            "base_url = \"http://graph.example\"",
            "destination.meta-main.base_url: must be https",
        ),
        (
            "base_url = \"https://graph.example/\"",
            "destination.meta-main.base_url",
        ),
        (
            "base_url = \"https://u:p@graph.example\"",
            "destination.meta-main.base_url",
        ),
        (
            "batch_events = 1001",
            "destination.meta-main.batch_events: must be 1 to 1000, got 1001",
        ),
        (
            "concurrency = 0",
            "destination.meta-main.concurrency: must be 1 to 32",
        ),
        (
            "requests_per_second = 0",
            "destination.meta-main.requests_per_second: must be 1 to 10000, got 0",
        ),
        (
            "request_burst = 5",
            "destination.meta-main.request_burst: means nothing without requests_per_second",
        ),
        (
            "max_event_age_secs = 604801",
            "max_event_age_secs: must be 60 to 604800",
        ),
        (
            "requires = [\"ads\"]",
            "unknown purpose \"ads\", write marketing",
        ),
        ("requires = []", "destination.meta-main.requires: must name"),
        (
            "events = [\"Order Completed\"]",
            "destination.meta-main.events: \"Order Completed\" is no canonical",
        ),
        (
            "api_version = \"24\"",
            "destination.meta-main.api_version: must look like v24.0",
        ),
        (
            "server_action_source = \"website\"",
            "server_action_source: must be one of other",
        ),
        (
            "pixel_code = \"x\"",
            "destination.meta-main.pixel_code: unknown key",
        ),
    ] {
        let error = read(&format!("{META_MIN}\n{line}")).unwrap_err();
        assert!(error.contains(want), "{line}: {error}");
    }
}

#[test]
fn a_table_that_is_no_destination_is_refused_with_what_to_write() {
    for (text, want) in [
        (
            "[forward]\nretry_base_ms = 10\nretry_cap_ms = 5",
            "forward.retry_cap_ms: must be 10 to",
        ),
        ("[forward]\nspeed = 1", "unknown field `speed`"),
        (
            "[[destination]]\nname = \"m\"\nkind = \"mata\"",
            "destination.m.kind: unknown platform \"mata\", did you mean \"meta\"?",
        ),
        (
            "[[destination]]\nname = \"m\"\nkind = \"sendmail\"",
            "destination.m.kind: unknown platform \"sendmail\", known are meta",
        ),
        (
            "[[destination]]\nname = \"m\"",
            "destination.m.kind: is missing, write one of meta",
        ),
        (
            "[[destination]]\nname = \"m\"\nkind = \"meta\"\ndataset_id = \"1\"",
            "destination.m.access_token: is missing",
        ),
        (
            "[[destination]]\nkind = \"meta\"\ndataset_id = \"1\"\naccess_token = { env = \"X\" }",
            "destination.name: is missing",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(want), "{text}: {error}");
    }
    let twice = format!("{META_MIN}{META_MIN}");
    assert!(read(&twice).unwrap_err().contains("occurs twice"));
}

#[test]
fn credentials_travel_over_tls_or_stay_on_this_machine() {
    for (url, ok) in [
        ("https://graph.facebook.com", true),
        ("http://127.0.0.1:4100/meta", true),
        ("http://[::1]:4100", true),
        ("http://localhost:4100", true),
        ("http://10.0.0.1", false),
        ("http://127.0.0.1.evil.example", false),
        ("ftp://127.0.0.1", false),
        ("https://x.example?token=1", false),
        ("graph.facebook.com", false),
    ] {
        assert_eq!(is_safe_base(url), ok, "{url}");
    }
}
