//! What every platform brings to the tests that all have to pass.

use std::path::Path;

use crate::forward::config::{ConfigError, DestinationConfig};

/// An account of a platform on the sandbox.
#[derive(Debug, Clone, Copy)]
pub(in crate::forward) struct Fixture {
    /// The keys that are the platform's own. `DIR` stands for the folder of the secrets, `BASE` for the
    /// sandbox's address.
    pub(in crate::forward) account: &'static str,
    /// Files with the secrets: name and content. `SERVICE_ACCOUNT` and `WRONG_SERVICE_ACCOUNT` stand for the
    /// key file of an account that the sandbox knows, and of one that it does not.
    pub(in crate::forward) secrets: &'static [(&'static str, &'static str)],
    /// Key, TOML value: another secret file or account makes the platform refuse the credentials. `None`
    /// where the platform tells nobody.
    pub(in crate::forward) wrong_secret: Option<&'static str>,
    /// Whether the platform drops a second copy of a purchase.
    pub(in crate::forward) drops_copies: bool,
    /// How the platform's words about a refused event begin; `None` where it takes whatever it gets.
    pub(in crate::forward) refuses_in: Option<&'static str>,
}

impl Fixture {
    /// Writes the secrets.
    pub(in crate::forward) fn write_secrets(&self, dir: &Path, base: &str) {
        for (name, content) in self.secrets {
            let content = match *content {
                "SERVICE_ACCOUNT" => firsthand_sandbox::service_account(base),
                "WRONG_SERVICE_ACCOUNT" => firsthand_sandbox::unknown_service_account(base),
                other => other.to_owned(),
            };
            std::fs::write(dir.join(name), content).unwrap();
        }
    }

    /// Returns a destination on the sandbox; a key in `extra` outranks the usual one.
    pub(in crate::forward) fn destination(
        &self,
        kind: &str,
        dir: &Path,
        base: &str,
        extra: &str,
    ) -> Result<DestinationConfig, ConfigError> {
        let account = self
            .account
            .replace("DIR", &dir.display().to_string())
            .replace("BASE", base);
        let base_url = format!("base_url = \"{base}/{kind}\"");
        let has_base_url = crate::forward::destinations::platform(kind)
            .is_some_and(|platform| !platform.limits.base_url.is_empty());
        let mut table: toml::Table = account.parse().unwrap();
        table.insert("kind".to_owned(), kind.into());
        table.insert("name".to_owned(), kind.into());
        if has_base_url {
            table.extend(base_url.parse::<toml::Table>().unwrap());
        }
        table.extend(extra.parse::<toml::Table>().unwrap());
        DestinationConfig::read(table)
    }
}
