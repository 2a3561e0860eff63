//! Reads the file, and says what is wrong with it in the operator's words.

use std::path::Path;

use super::{Config, Problem, mistake};
use crate::nearest::nearest;

/// Why there is no configuration. Each line names a key and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "{path} cannot be read: {reason}; name the configuration with --config or FIRSTHAND_CONFIG"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The text is no TOML, or a key is unknown or of the wrong type.
    #[error("{place}: {message}")]
    Malformed {
        /// File and line.
        place: String,
        /// What is wrong and what to write.
        message: String,
    },
    /// The values do not make sense.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Reads and validates a file.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    parse(&text, &path.display().to_string())
}

/// Reads and validates a text; `name` stands in errors.
pub fn parse(text: &str, name: &str) -> Result<Config, ConfigError> {
    let config: Config = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text
            .bytes()
            .take(at)
            .filter(|b| *b == b'\n')
            .count()
            .saturating_add(1);
        ConfigError::Malformed {
            place: format!("{name} line {line}"),
            message: in_words(text, error.message()),
        }
    })?;
    let problems = config.problems();
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Invalid(problems))
    }
}

/// Turns "unknown field `lisen`, expected one of `listen`, …" into a suggestion, and any other mistake into its key and what to write.
fn in_words(text: &str, message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else {
        return mistake::in_words(text, message);
    };
    let Some((unknown, expected)) = rest.split_once('`') else {
        return message.to_owned();
    };
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    match nearest(unknown, known.iter().copied()) {
        Some(key) => format!("unknown key `{unknown}`, did you mean `{key}`?"),
        None => format!("unknown key `{unknown}`, known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "[[source]]\nname = \"web\"\nkind = \"browser\"\nwrite_key = \"pk_1\"\norigins = [\"https://shop.example\"]\n";

    fn error_of(text: &str) -> String {
        parse(text, "test.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_small_file_is_enough() {
        let config = parse(SOURCE, "test.toml").unwrap();
        assert_eq!(config.sources.len(), 1);
        assert_eq!(config.limits.events_per_batch, 500);
        assert_eq!(config.store.dedup_days, 7);
    }

    #[test]
    fn every_mistake_names_its_key_and_the_way_out() {
        for (text, wants) in [
            (
                format!("[server]\nlisen = \"127.0.0.1:1\"\n{SOURCE}"),
                vec!["line 2", "`lisen`", "did you mean `listen`"],
            ),
            (
                format!("[servre]\n{SOURCE}"),
                vec!["`servre`", "did you mean `server`"],
            ),
            (
                format!("[server]\nlisten = \"here\"\n{SOURCE}"),
                vec!["line 2", "socket address"],
            ),
            (
                format!("[store]\nretention_days = 3\n{SOURCE}"),
                vec!["store.retention_days", "at least 7"],
            ),
            (
                format!("[privacy]\nreceipt_days = 90\n{SOURCE}"),
                vec!["privacy.receipt_days", "at least 180"],
            ),
            (
                format!("[privacy]\nnotice_sha256 = \"abc\"\n{SOURCE}"),
                vec!["privacy.notice_sha256", "64 hex digits"],
            ),
            (
                format!("[privacy]\nwithdraw_url = \"/privacy\"\n{SOURCE}"),
                vec!["privacy.withdraw_url", "https://"],
            ),
            (
                format!("[limits]\nevents_per_batch = 0\n{SOURCE}"),
                vec!["limits.events_per_batch", "1 to"],
            ),
            (
                format!("[limits]\nbody_bytes = -1\n{SOURCE}"),
                vec!["line 2", "-1"],
            ),
            (
                format!("[cookie]\nmax_age_days = 500\n{SOURCE}"),
                vec!["cookie.max_age_days", "400"],
            ),
            (
                format!("[consent]\nregime_by_country = {{ GERMANY = \"opt_in\" }}\n{SOURCE}"),
                vec!["consent.regime_by_country.GERMANY", "two letters"],
            ),
            (
                format!("[consent]\nregime_by_country = {{ US-ca = \"opt_in\" }}\n{SOURCE}"),
                vec!["consent.regime_by_country.US-ca", "US-CA"],
            ),
            (
                format!("[consent]\ngpc_required_by_region = {{ US-VIRGINIA = true }}\n{SOURCE}"),
                vec!["consent.gpc_required_by_region.US-VIRGINIA", "US-CA"],
            ),
            (
                format!("[consent]\ngpc_statement_date = \"today\"\n{SOURCE}"),
                vec!["consent.gpc_statement_date", "2026-01-01"],
            ),
            (
                format!("[server]\nregion_header = \"a b\"\n{SOURCE}"),
                vec!["server.region_header", "CF-Region-Code"],
            ),
            (
                format!("[settle]\nby_event_ms = {{ \"Order Completed\" = 5 }}\n{SOURCE}"),
                vec!["settle.by_event_ms", "write purchase"],
            ),
            (
                format!("[server]\ntrusted_proxies = [\"10.0.0.0/99\"]\n{SOURCE}"),
                vec!["server.trusted_proxies", "10.0.0.0/8"],
            ),
            (
                format!("[server]\npath_prefix = \"fh/\"\n{SOURCE}"),
                vec!["server.path_prefix", "/fh"],
            ),
            (format!("{SOURCE}{SOURCE}"), vec!["source.web", "twice"]),
            (
                SOURCE.replace("https://shop.example", "https://shop.example/"),
                vec!["source.web.origins", "https://shop.example"],
            ),
            (
                SOURCE.replace("write_key = \"pk_1\"\n", ""),
                vec!["source.web.write_key", "missing"],
            ),
            (
                "[[source]]\nname = \"erp\"\nkind = \"server\"\n".to_owned(),
                vec!["source.erp.secret_key", "env"],
            ),
            (String::new(), vec!["source", "[[source]]"]),
            ("x = ".to_owned(), vec!["line 1"]),
        ] {
            let error = error_of(&text);
            for want in wants {
                assert!(error.contains(want), "{want:?} not in {error:?}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_confirmations_is_told() {
        for (text, wants) in [
            (
                format!("[confirm]\nby_event = {{ \"Order Completed\" = \"any\" }}\n{SOURCE}"),
                vec!["confirm.by_event", "write purchase"],
            ),
            (
                format!("[confirm]\nby_event = {{ purchase = \"trusted\" }}\n{SOURCE}"),
                vec!["confirm.by_event", "no source could confirm", "secret_key"],
            ),
            (
                format!("[confirm]\nby_event = {{ purchase = \"server\" }}\n{SOURCE}"),
                vec!["confirm.by_event.purchase", "\"trusted\""],
            ),
            (
                format!("[confirm]\nwait_hours = 169\n{SOURCE}"),
                vec!["confirm.wait_hours", "1 to 168", "store.dedup_days"],
            ),
        ] {
            let error = error_of(&text);
            for want in wants {
                assert!(error.contains(want), "{want:?} not in {error:?}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_keys_and_purposes_is_told() {
        for (text, wants) in [
            (
                format!(
                    "[privacy]\nkeys = [{{ id = \"file2\", secret = {{ env = \"K\" }} }}]\n{SOURCE}"
                ),
                vec!["privacy.keys", "2026a"],
            ),
            (
                format!("[privacy]\nkeys = [{{ id = \"a\", secret = \"5f1c\" }}]\n{SOURCE}"),
                vec!["line 2"],
            ),
            (
                format!("[privacy.retention_days]\nmarketing = 3\n{SOURCE}"),
                vec!["privacy.retention_days.marketing", "7 to 30"],
            ),
            (
                format!("[privacy.retention_days]\nmarketting = 9\n{SOURCE}"),
                vec!["`marketting`", "did you mean `marketing`"],
            ),
        ] {
            let error = error_of(&text);
            for want in wants {
                assert!(error.contains(want), "{want:?} not in {error:?}");
            }
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let text = format!("[limits]\nevents_per_batch = 0\n[cookie]\nname = \"a b\"\n{SOURCE}");
        assert_eq!(error_of(&text).lines().count(), 2);
    }
}
