//! What the keys of one destination are checked with; every error is `destination.NAME.key: what to write`.

use super::ConfigError;

/// Longest id or code of an account, in bytes.
const MAX_TOKEN_BYTES: usize = 64;

/// The checks of one `[[destination]]` table.
#[derive(Debug, Clone, Copy)]
pub struct Checks<'n> {
    name: &'n str,
}

impl<'n> Checks<'n> {
    /// Makes the checks of the destination of this name.
    pub fn new(name: &'n str) -> Self {
        Self { name }
    }

    /// Returns the name of the table.
    pub fn table(&self) -> String {
        if self.name.is_empty() {
            return "destination".to_owned();
        }
        format!("destination.{}", self.name)
    }

    /// Returns an error about a key.
    pub fn problem(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(format!("{}.{key}", self.table()), problem)
    }

    /// Refuses what is not fine; `problem` says what to write.
    pub fn require(&self, key: &str, is_fine: bool, problem: &str) -> Result<(), ConfigError> {
        if is_fine {
            return Ok(());
        }
        Err(self.problem(key, problem))
    }

    /// Refuses a number outside its bounds.
    pub fn within(
        &self,
        key: &str,
        got: Option<u64>,
        low: u64,
        high: u64,
    ) -> Result<(), ConfigError> {
        match got {
            Some(got) if !(low..=high).contains(&got) => {
                Err(self.problem(key, format!("must be {low} to {high}, got {got}")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses an address to which credentials must not travel.
    pub fn base_url(&self, key: &str, url: &str) -> Result<(), ConfigError> {
        self.require(
            key,
            is_safe_base(url),
            "must be https://host without a path's trailing slash (http:// only for 127.0.0.1, [::1] or localhost)",
        )
    }
}

/// Whether a text is an id or a code: letters, digits, `-` and `_`.
pub fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether a text is a version in an address, such as `v1.3`.
pub fn is_version(text: &str) -> bool {
    text.strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| major.parse::<u16>().is_ok() && minor.parse::<u16>().is_ok())
}

/// Whether a text is a number written in digits.
pub fn is_digits(text: &str) -> bool {
    (1..=MAX_TOKEN_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether credentials may travel to an address that gets a path appended: TLS, or this machine.
pub(super) fn is_safe_base(url: &str) -> bool {
    !url.ends_with('/') && !url.contains('?') && is_safe_url(url)
}

/// Whether credentials may travel to an address: TLS, or this machine.
pub fn is_safe_url(url: &str) -> bool {
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return false;
    };
    if !parsed.username().is_empty() || parsed.password().is_some() || parsed.fragment().is_some() {
        return false;
    }
    match parsed.scheme() {
        "https" => parsed.host_str().is_some(),
        "http" => is_this_machine(&parsed),
        _ => false,
    }
}

/// Whether an address leads nowhere but to this machine.
pub fn is_this_machine(url: &reqwest::Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}
