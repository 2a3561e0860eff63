//! What is exported, what `docs/metrics.md` tells, and what the dashboard and the alert rules ask for are the same.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use common::load::DIGEST;
use common::platform::Platforms;
use common::{Collector, batch_of, consent, event_with};
use serde_json::Value;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");
const WEBHOOK: &str = "[[source]]\nname = \"shop\"\nkind = \"shopify\"\nsecrets = [{ env = \"ERP_KEY\" }]\ntransaction_id = \"id\"\n";

/// A metric: its type and the labels that its series may have.
#[derive(Debug, PartialEq, Eq)]
struct Metric {
    kind: String,
    labels: BTreeSet<String>,
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(DOCS).join(path)).unwrap()
}

/// Names of metrics in a text, histograms without the ending of their series.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.match_indices("firsthand_")
        .map(|(at, _)| text[at..].chars().take_while(|c| is_part(*c)).collect())
        .collect()
}

/// The table of docs/metrics.md.
fn documented() -> BTreeMap<String, Metric> {
    let mut all = BTreeMap::new();
    for line in read("metrics.md").lines() {
        let Some(row) = line.strip_prefix("| `firsthand_") else {
            continue;
        };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [name, kind, labels, ..] = cells.as_slice() else {
            panic!("a row has four cells: {line}");
        };
        let quoted = labels.split('`').skip(1).step_by(2);
        let metric = Metric {
            kind: (*kind).to_owned(),
            labels: quoted.map(str::to_owned).collect(),
        };
        let name = format!("firsthand_{}", name.trim_end_matches('`'));
        assert!(all.insert(name, metric).is_none(), "twice: {line}");
    }
    all
}

/// What a collector exports.
fn exported(text: &str) -> BTreeMap<String, Metric> {
    let mut all = BTreeMap::new();
    let mut last = String::new();
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').unwrap();
            name.clone_into(&mut last);
            let metric = Metric {
                kind: kind.to_owned(),
                labels: BTreeSet::new(),
            };
            all.insert(last.clone(), metric);
        } else if line.starts_with(&last)
            && let Some((_, labels)) = line.split_once('{')
        {
            let metric = all.get_mut(&last).unwrap();
            let labels = labels
                .split("=\"")
                .map(|part| part.rsplit(['{', ',', '"', ' ']).next().unwrap_or_default());
            let labels =
                labels.filter(|l| !l.is_empty() && *l != "le" && l.parse::<f64>().is_err());
            metric.labels.extend(labels.map(str::to_owned));
        }
    }
    all
}

/// Runs a collector that has done something of everything, and returns its metrics.
fn scrape() -> String {
    let dir = tempfile::tempdir().unwrap();
    let platforms = Platforms::start();
    let meta = platforms.meta(dir.path(), "meta", "requests_per_second = 1000");
    let extra = format!("[settle]\nby_event_ms = {{ purchase = 0 }}\n{WEBHOOK}{meta}");
    let collector = Collector::start(dir.path(), &extra);
    let user =
        format!(r#"{{"anonymous_id":"0199d2a4-79b0-7cc3-98c4-dc0c0c07398f","em":["{DIGEST}"]}}"#);
    let props = r#"{"transaction_id":"1","currency":"EUR","value":5}"#;
    let order = event_with("purchase:1", "purchase", props);
    let body = batch_of("pk_test", &consent(true), &user, &order);
    assert_eq!(collector.page(&body).json()["accepted"], 1);
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let text = collector.get("/metrics").body;
        let is_whole = [
            "firsthand_forward_delay_seconds_count",
            "firsthand_forward_lag_seconds",
            "firsthand_source_last_event_age_seconds",
        ];
        if is_whole.iter().all(|name| text.contains(name)) {
            return text;
        }
        assert!(Instant::now() < deadline, "{text}\n{}", collector.log());
        std::thread::yield_now();
    }
}

#[test]
fn what_is_exported_is_documented_and_the_other_way_round() {
    let (exported, documented) = (exported(&scrape()), documented());
    for (name, metric) in &exported {
        let row = documented
            .get(name)
            .unwrap_or_else(|| panic!("{name} is exported and has no row in docs/metrics.md"));
        assert_eq!(metric.kind, row.kind, "the type of {name}");
        assert!(
            metric.labels.is_subset(&row.labels),
            "{name} has the labels {:?}, its row {:?}",
            metric.labels,
            row.labels
        );
        assert!(
            row.labels.is_empty() == metric.labels.is_empty(),
            "{name}: {:?}",
            row.labels
        );
    }
    for name in documented.keys() {
        assert!(
            exported.contains_key(name),
            "{name} has a row in docs/metrics.md and is not exported: register it in inventory.rs"
        );
    }
    for name in names(&read("metrics.md")) {
        assert!(
            documented.contains_key(&name),
            "{name} is named outside the table only"
        );
    }
}

/// The metrics and the labels that an expression asks for.
fn assert_known(expression: &str, documented: &BTreeMap<String, Metric>, place: &str) {
    let mut asked = 0;
    let mut labels = BTreeSet::from(["le".to_owned()]);
    for name in names(expression) {
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .filter(|base| documented.get(*base).is_some_and(|m| m.kind == "histogram"));
        let metric = documented.get(base.unwrap_or(&name));
        let metric = metric.unwrap_or_else(|| panic!("{place}: {name} is no metric"));
        assert!(
            base.is_some() || metric.kind != "histogram",
            "{place}: {name} is a histogram, ask for its buckets"
        );
        labels.extend(metric.labels.iter().cloned());
        asked += 1;
    }
    assert!(asked > 0, "{place} asks for nothing: {expression}");
    for by in expression.split(" by (").skip(1) {
        let list = by.split(')').next().unwrap();
        for label in list.split(", ") {
            assert!(
                labels.contains(label),
                "{place}: {label} is no label: {expression}"
            );
        }
    }
    for selector in expression.split('{').skip(1) {
        let label = selector.split(['=', '!']).next().unwrap();
        assert!(
            labels.contains(label),
            "{place}: {label} is no label: {expression}"
        );
    }
}

#[test]
fn the_dashboard_asks_for_what_there_is() {
    let documented = documented();
    let text = read("grafana/firsthand.json");
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dashboard["uid"], "firsthand");
    let mut ids = BTreeSet::new();
    let mut cells = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: id");
        let place = &panel["gridPos"];
        let at = |key: &str| place[key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title} is too wide");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(cells.insert((x, y)), "{title} lies over another panel");
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(
            !panel["description"].as_str().unwrap().is_empty(),
            "{title}"
        );
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title} shows nothing");
        for target in targets {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            let expression = target["expr"].as_str().unwrap();
            assert_known(expression, &documented, title);
        }
    }
}

#[test]
fn the_alert_rules_ask_for_what_there_is() {
    let documented = documented();
    let text = read("grafana/alerts.yaml");
    let rules: Vec<&str> = text.split("      - alert: ").skip(1).collect();
    assert!(rules.len() >= 10);
    let mut seen = BTreeSet::new();
    for rule in rules {
        let name = rule.lines().next().unwrap();
        assert!(seen.insert(name), "{name} is there twice");
        for part in ["severity: ", "summary: ", "description: "] {
            assert!(rule.contains(part), "{name} has no {part}");
        }
        let expression = rule
            .lines()
            .find_map(|line| line.strip_prefix("        expr: "));
        let expression = expression.unwrap_or_else(|| panic!("{name} has no expr"));
        assert_known(expression, &documented, name);
    }
}
