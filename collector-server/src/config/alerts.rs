//! `[alerts]`: who is told what needs a person.

use serde::Deserialize;

use super::Config;
use super::validate::Problems;
use crate::alerts::Rules;
use crate::forward::config::is_safe_url;
use crate::secret::SecretSource;

/// `[alerts]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsSection {
    /// Where messages go; absent: nowhere.
    pub webhook: Option<String>,
    /// What signs them: `whsec_` and 24 to 64 bytes in base64.
    pub secret: Option<SecretSource>,
    /// The secret before, while the receiver changes to the new one: both sign.
    pub previous_secret: Option<SecretSource>,
    /// How long a destination may take nothing, in minutes.
    pub rest_minutes: u32,
    /// How many dead letters of a destination are told of.
    pub dead_letters: u32,
    /// Within how many minutes.
    pub dead_letter_minutes: u32,
    /// After how many minutes it is told again that something is still on.
    pub repeat_minutes: u32,
    /// Most messages an hour.
    pub messages_per_hour: u32,
}

impl Default for AlertsSection {
    fn default() -> Self {
        Self {
            webhook: None,
            secret: None,
            previous_secret: None,
            rest_minutes: 10,
            dead_letters: 100,
            dead_letter_minutes: 60,
            repeat_minutes: 240,
            messages_per_hour: 20,
        }
    }
}

impl AlertsSection {
    /// Returns when something is told.
    pub fn rules(&self) -> Rules {
        Rules {
            rest_minutes: self.rest_minutes,
            dead_letters: self.dead_letters,
            dead_letter_minutes: self.dead_letter_minutes,
            repeat_minutes: self.repeat_minutes,
            messages_per_hour: self.messages_per_hour,
        }
    }
}

impl Config {
    pub(super) fn check_alerts(&self, problems: &mut Problems) {
        const DAY: u64 = 24 * 60;
        let alerts = &self.alerts;
        if let Some(url) = &alerts.webhook {
            if !is_safe_url(url) {
                problems.add(
                    "alerts.webhook",
                    "must be https://host/path without a user, a password or a fragment (http:// only for 127.0.0.1, [::1] or localhost)",
                );
            }
            if alerts.secret.is_none() {
                problems.add(
                    "alerts.secret",
                    "is missing: the receiver must know who speaks. Write secret = { env = \"…\" } or { file = \"…\" }, made by: echo whsec_$(openssl rand -base64 32)",
                );
            }
        } else if alerts.secret.is_some() || alerts.previous_secret.is_some() {
            problems.add("alerts.webhook", "is missing: a secret alone sends nothing");
        }
        for (key, got, low, high) in [
            ("alerts.rest_minutes", alerts.rest_minutes, 0, DAY),
            ("alerts.dead_letters", alerts.dead_letters, 1, 1_000_000),
            (
                "alerts.dead_letter_minutes",
                alerts.dead_letter_minutes,
                1,
                DAY,
            ),
            ("alerts.repeat_minutes", alerts.repeat_minutes, 1, 7 * DAY),
            (
                "alerts.messages_per_hour",
                alerts.messages_per_hour,
                1,
                1_000,
            ),
        ] {
            problems.within(key, got.into(), low, high);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    const SOURCE: &str = "[[source]]\nname = \"web\"\nkind = \"browser\"\nwrite_key = \"pk_1\"\norigins = [\"https://shop.example\"]\n";

    #[test]
    fn what_makes_no_sense_is_named_with_what_to_write() {
        for (section, want) in [
            (
                "webhook = \"http://hooks.example/x\"\nsecret = { env = \"A\" }",
                "alerts.webhook: must be https://",
            ),
            (
                "webhook = \"https://hooks.example/x\"",
                "alerts.secret: is missing",
            ),
            ("secret = { env = \"A\" }", "alerts.webhook: is missing"),
            (
                "dead_letters = 0",
                "alerts.dead_letters: must be 1 to 1000000, got 0",
            ),
            ("webhok = \"x\"", "did you mean `webhook`"),
        ] {
            let error = parse(&format!("[alerts]\n{section}\n{SOURCE}"), "test.toml").unwrap_err();
            assert!(error.to_string().contains(want), "{section}: {error}");
        }
        let good = "[alerts]\nwebhook = \"https://hooks.example/x\"\nsecret = { env = \"A\" }\n";
        assert!(parse(&format!("{good}{SOURCE}"), "test.toml").is_ok());
    }
}
