//! What the collector knows of a platform before anybody has an account there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use firsthand_core::consent::Purpose;
use serde::de::DeserializeOwned;

use super::contract::Destination;
use super::words::Blotter;
use crate::forward::config::keys::{self, KeyError};
use crate::forward::config::{Checks, Common, ConfigError};
use crate::forward::names::EventNames;
use crate::secret::{Secret, SecretSource};

/// A platform: its name, what it allows, what it calls the events, and how its accounts are read.
#[derive(Debug)]
pub struct PlatformSpec {
    /// The platform's name in configuration, logs and metrics.
    pub kind: &'static str,
    /// What it allows.
    pub limits: PlatformLimits,
    /// What it calls the events.
    pub names: EventNames,
    /// How the keys of a `[[destination]]` table that are its own are read.
    pub account: AccountReader,
    /// An account on the sandbox, for the tests that every platform has to pass.
    #[cfg(test)]
    pub(in crate::forward) fixture: crate::forward::tests::Fixture,
}

/// What a platform allows and what it gets unless the operator says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformLimits {
    /// Default of `base_url`; empty where every account has its own.
    pub base_url: &'static str,
    /// Most events of one request that the platform takes.
    pub max_batch_events: usize,
    /// Default of `batch_events`.
    pub default_batch_events: usize,
    /// Largest body that is sent, in bytes.
    pub max_body_bytes: usize,
    /// Greatest `max_event_age_secs`.
    pub max_event_age: Duration,
    /// Default of `max_event_age_secs`, below the platform's limit by a margin.
    pub default_max_event_age: Duration,
    /// Default of `concurrency`.
    pub default_concurrency: usize,
    /// Default of `requires`.
    pub requires: &'static [Purpose],
}

/// The keys of a `[[destination]]` table that are a platform's own.
pub trait Account: fmt::Debug + Send + Sync {
    /// Checks every value but the secrets.
    fn validate(&self, checks: &Checks<'_>) -> Result<(), ConfigError>;

    /// Whether the account wants e-mail addresses and phone numbers in clear. The collector then keeps those that trusted servers send,
    /// sealed, and hands them over in [`User::kept`](firsthand_core::wire::User::kept).
    fn wants_clear_values(&self) -> bool {
        false
    }

    /// Fetches the secrets and makes the destination.
    fn connect(&self, setup: &mut Setup<'_>) -> Result<Arc<dyn Destination>, ConfigError>;
}

/// What an account may use when it becomes a destination.
pub struct Setup<'c> {
    checks: Checks<'c>,
    common: &'c Common,
    default_base_url: &'static str,
    secrets: Vec<Secret>,
}

impl<'c> Setup<'c> {
    /// Makes the setup of a destination.
    pub(in crate::forward) fn new(common: &'c Common, default_base_url: &'static str) -> Self {
        Self {
            checks: Checks::new(&common.name),
            common,
            default_base_url,
            secrets: Vec::new(),
        }
    }

    /// Returns what every destination has.
    pub fn common(&self) -> &'c Common {
        self.common
    }

    /// Returns the start of the address: the operator's, else the platform's.
    pub fn base_url(&self) -> String {
        self.common
            .base_url
            .clone()
            .unwrap_or_else(|| self.default_base_url.to_owned())
    }

    /// Fetches the secret of a key. It is blotted out of whatever is kept of an answer.
    pub fn secret(&mut self, key: &str, source: &SecretSource) -> Result<Secret, ConfigError> {
        let secret = source
            .resolve()
            .map_err(|error| self.checks.problem(key, error.to_string()))?;
        self.hide(secret.clone());
        Ok(secret)
    }

    /// Adds a secret that is part of another one, or made of it.
    pub fn hide(&mut self, secret: Secret) {
        self.secrets.push(secret);
    }

    /// Makes the destination of an account.
    pub fn connected<A: Clone, T>(&self, account: &A, token: T) -> Arc<Connected<A, T>> {
        Arc::new(Connected {
            config: account.clone(),
            common: self.common.clone(),
            base_url: self.base_url(),
            token,
        })
    }

    /// Returns an error about a key.
    pub fn problem(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        self.checks.problem(key, problem)
    }

    pub(in crate::forward) fn into_blotter(self) -> Blotter {
        Blotter::new(self.secrets)
    }
}

/// An account that became a destination, where it needs no more than this.
pub struct Connected<A, T = Secret> {
    /// Its keys.
    pub config: A,
    /// What every destination has.
    pub common: Common,
    /// The start of the address.
    pub base_url: String,
    /// What shows whose the requests are.
    pub token: T,
}

/// Reads the keys of a platform's accounts.
#[derive(Debug, Clone, Copy)]
pub struct AccountReader {
    /// The keys that are the platform's own.
    pub keys: fn() -> &'static [&'static str],
    /// Reads their values.
    pub read: fn(toml::Table) -> Result<Arc<dyn Account>, KeyError>,
}

impl AccountReader {
    /// Makes the reader of accounts of this type, which must refuse unknown fields.
    pub const fn of<A: Account + DeserializeOwned + 'static>() -> Self {
        Self {
            keys: keys::of::<A>,
            read: read::<A>,
        }
    }
}

fn read<A: Account + DeserializeOwned + 'static>(
    table: toml::Table,
) -> Result<Arc<dyn Account>, KeyError> {
    keys::read::<A>(table).map(|account| Arc::new(account) as Arc<dyn Account>)
}
