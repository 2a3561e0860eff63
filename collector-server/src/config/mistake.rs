//! Where a value of the wrong type stands, and what to write instead.
//!
//! The parser names a line and its own types. The key is found by trying: it is the deepest one whose absence
//! makes the mistake go away. A text is not repeated where it may be a secret that was written into the file.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::Config;

/// A step from a value into what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Element(usize),
}

/// Returns the key and what to write, in one line; the parser's `message` in words when the key is not found.
pub(super) fn in_words(text: &str, message: &str) -> String {
    // A destination reads its table itself and knows the key.
    if let Some((key, what)) = message.split_once(": ")
        && key.starts_with("destination.")
    {
        return format!("{key}: {}", what_to_write(what));
    }
    let words = what_to_write(message);
    let Ok(root) = text.parse::<Table>() else {
        return words; // no TOML at all: the line is all there is
    };
    match culprit(&root, message) {
        Some(path) => {
            let mut key = in_dots(&root, &path);
            if let Some(field) = quoted(message, "missing field ") {
                key = format!("{key}.{field}");
            }
            format!("{key}: {words}")
        }
        None => words,
    }
}

/// Returns the path of the deepest value without which this mistake is gone.
fn culprit(root: &Table, message: &str) -> Option<Vec<Step>> {
    let before = mistake(root)?;
    let mut paths = Vec::new();
    walk(
        &Value::Table(root.clone()),
        &mut Vec::new(),
        &mut |path, value| {
            if could_be(value, message) {
                paths.push(path.to_vec());
            }
        },
    );
    paths
        .into_iter()
        .filter(|path| {
            let mut without = root.clone();
            remove(&mut without, path);
            mistake(&without).as_ref() != Some(&before)
        })
        .max_by_key(Vec::len)
}

/// Returns what is wrong, with the path as far as the parser knows it.
fn mistake(root: &Table) -> Option<String> {
    Config::deserialize(root.clone())
        .err()
        .map(|error| error.to_string())
}

fn walk(value: &Value, path: &mut Vec<Step>, see: &mut impl FnMut(&[Step], &Value)) {
    if !path.is_empty() {
        see(path, value);
    }
    let inside: Vec<(Step, &Value)> = match value {
        Value::Table(table) => table
            .iter()
            .map(|(key, value)| (Step::Key(key.clone()), value))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| (Step::Element(index), value))
            .collect(),
        _ => Vec::new(),
    };
    for (step, value) in inside {
        path.push(step);
        walk(value, path, see);
        path.pop();
    }
}

/// Whether the message can be about this value.
fn could_be(value: &Value, message: &str) -> bool {
    if message.starts_with("missing field ") {
        return value.is_table();
    }
    if let Some(variant) = quoted(message, "unknown variant ") {
        return match value {
            Value::String(text) => text == variant,
            Value::Table(table) => table.contains_key(variant),
            _ => false,
        };
    }
    let Some(unexpected) = unexpected(message) else {
        return true;
    };
    match value {
        Value::String(text) => unexpected == format!("string {text:?}"),
        Value::Integer(number) => unexpected == format!("integer `{number}`"),
        Value::Float(_) => unexpected.starts_with("floating point"),
        Value::Boolean(flag) => unexpected == format!("boolean `{flag}`"),
        Value::Array(_) => unexpected == "sequence",
        Value::Table(_) | Value::Datetime(_) => unexpected == "map",
    }
}

fn remove(root: &mut Table, path: &[Step]) {
    let Some((last, way)) = path.split_last() else {
        return;
    };
    let mut place = Value::Table(std::mem::take(root));
    let holder = way.iter().try_fold(&mut place, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()),
        Step::Element(index) => value.get_mut(*index),
    });
    match (holder, last) {
        (Some(Value::Table(table)), Step::Key(key)) => {
            table.remove(key);
        }
        (Some(Value::Array(list)), Step::Element(index)) if *index < list.len() => {
            list.remove(*index);
        }
        _ => {}
    }
    if let Value::Table(rest) = place {
        *root = rest;
    }
}

/// Returns `source.web.origins`: an element of a list goes by its name, else by its number from 1.
fn in_dots(root: &Table, path: &[Step]) -> String {
    let mut text = String::new();
    let mut value = None;
    for step in path {
        if !text.is_empty() {
            text.push('.');
        }
        match step {
            Step::Key(key) => {
                value = match value {
                    None => root.get(key),
                    Some(inside) => Value::get(inside, key.as_str()),
                };
                text.push_str(key);
            }
            Step::Element(index) => {
                value = value.and_then(|list: &Value| list.get(*index));
                let name = value.and_then(|element| element.get("name")?.as_str());
                match name {
                    Some(name) => text.push_str(name),
                    None => text.push_str(&(index + 1).to_string()),
                }
            }
        }
    }
    text
}

/// Returns what stands in backticks after `start`.
fn quoted<'m>(message: &'m str, start: &str) -> Option<&'m str> {
    let rest = message.strip_prefix(start)?.strip_prefix('`')?;
    rest.split_once('`').map(|(text, _)| text)
}

/// Returns the parser's description of a value it did not expect.
fn unexpected(message: &str) -> Option<&str> {
    let rest = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?;
    rest.rsplit_once(", expected ").map(|(found, _)| found)
}

fn what_to_write(message: &str) -> String {
    if let Some(field) = quoted(message, "missing field ") {
        return format!("is missing: write {field} = …");
    }
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.trim().to_owned();
    };
    if expected.contains("`env`") && expected.contains("`file`") {
        return "a secret never stands here: write { env = \"NAME\" } or { file = \"/path\" }"
            .to_owned();
    }
    if let Some(variant) = quoted(found, "unknown variant ") {
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        return format!(
            "must be one of \"{}\", got \"{variant}\"",
            known.join("\", \"")
        );
    }
    let Some(found) = unexpected(message) else {
        return message.trim().to_owned();
    };
    let got = match found.split_once(' ') {
        Some(("string", _)) => "text".to_owned(),
        Some(("integer" | "boolean", value)) => value.trim_matches('`').to_owned(),
        Some(("floating", _)) => "a number with decimals".to_owned(),
        _ if found == "map" => "a table".to_owned(),
        _ if found == "sequence" => "a list".to_owned(),
        _ => "something else".to_owned(),
    };
    format!("must be {}, got {got}", wanted(expected))
}

/// Returns what the parser's type means to somebody who writes the file.
fn wanted(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number without quotes, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number without quotes",
        "f32" | "f64" => "a number without quotes",
        "a boolean" => "true or false without quotes",
        "a string" | "path string" | "a string or char" => "text in quotes",
        "a sequence" => "a list, such as [\"…\"]",
        "a map" => "a table, such as { key = … }",
        "socket address" => "an address and port in quotes, such as \"127.0.0.1:8080\"",
        other if other.starts_with("struct ") => "a table of keys",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    const REST: &str = "[[source]]\nname = \"web\"\nkind = \"browser\"\nwrite_key = \"pk_1\"\norigins = [\"https://shop.example\"]\n";
    const META: &str = "[[destination]]\nkind = \"meta\"\nname = \"ads\"\ndataset_id = \"1\"\naccess_token = { env = \"T\" }\n";

    #[test]
    fn a_value_of_the_wrong_type_names_its_key_and_what_to_write() {
        for (text, key, what) in [
            (
                "[limits]\nbody_bytes = \"big\"\n",
                "limits.body_bytes",
                "a whole number",
            ),
            (
                "[limits]\nbody_bytes = -1\n",
                "limits.body_bytes",
                "0 or more, got -1",
            ),
            (
                "[limits]\nbody_bytes = 1.5\n",
                "limits.body_bytes",
                "got a number with decimals",
            ),
            (
                "[server]\nlisten = \"here\"\n",
                "server.listen",
                "socket address",
            ),
            (
                "[server]\nlisten = 8080\n",
                "server.listen",
                "127.0.0.1:8080",
            ),
            (
                "[server]\npublic_url = { a = 1 }\n",
                "server.public_url",
                "text in quotes, got a table",
            ),
            (
                "[server]\ntrusted_proxies = \"10.0.0.1\"\n",
                "server.trusted_proxies",
                "a list",
            ),
            (
                "[server]\ntrusted_proxies = [\"10.0.0.1\", 5]\n",
                "server.trusted_proxies.2",
                "text in quotes, got 5",
            ),
            ("server = 5\n", "server", "a table of keys, got 5"),
            (
                "[server]\nlog_format = \"xml\"\n",
                "server.log_format",
                "one of \"text\", \"json\"",
            ),
            (
                "[consent]\nregion_table = \"yes\"\n",
                "consent.region_table",
                "true or false",
            ),
            (
                "[settle]\nby_event_ms = { purchase = \"soon\" }\n",
                "settle.by_event_ms.purchase",
                "a whole number",
            ),
            (
                "[admin]\ntoken = \"s3cret-in-the-file\"\n",
                "admin.token",
                "{ env = \"NAME\" }",
            ),
            (
                "[[source]]\nname = \"erp\"\n",
                "source.erp.kind",
                "is missing",
            ),
            (
                "[[source]]\nkind = \"server\"\n",
                "source.1.name",
                "is missing",
            ),
        ] {
            let error = parse(&format!("{text}{REST}"), "test.toml")
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(&format!("{key}: ")),
                "{key} not in {error:?}"
            );
            assert!(error.contains(what), "{what:?} not in {error:?}");
            assert!(error.starts_with("test.toml line "), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_destinations_mistake_names_it_and_its_key() {
        for (from, to, key, what) in [
            (
                "dataset_id = \"1\"",
                "dataset_id = 1",
                "destination.ads.dataset_id",
                "text in quotes, got 1",
            ),
            (
                "dataset_id = \"1\"\n",
                "",
                "destination.ads.dataset_id",
                "is missing",
            ),
            (
                "{ env = \"T\" }",
                "\"EAA-s3cret\"",
                "destination.ads.access_token",
                "{ env = \"NAME\" }",
            ),
            (
                "{ env = \"T\" }",
                "{ env = 5 }",
                "destination.ads.access_token",
                "text in quotes",
            ),
            (
                "kind = \"meta\"",
                "kind = \"facebook\"",
                "destination.ads.kind",
                "unknown platform",
            ),
            (
                "name = \"ads\"",
                "name = \"ads\"\nenabled = \"yes\"",
                "destination.ads.enabled",
                "true or false",
            ),
            (
                "name = \"ads\"",
                "name = \"ads\"\nbatch_events = \"many\"",
                "destination.ads.batch_events",
                "a whole number",
            ),
        ] {
            let text = format!("{REST}{}", META.replace(from, to));
            let error = parse(&text, "test.toml").unwrap_err().to_string();
            assert!(
                error.contains(&format!("{key}: ")),
                "{key} not in {error:?}"
            );
            assert!(error.contains(what), "{what:?} not in {error:?}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
