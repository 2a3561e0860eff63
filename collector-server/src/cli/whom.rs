//! Whom a command is about, and tasks: written down beside the collector, carried out by whoever owns the data.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use firsthand_core::identity::Country;
use firsthand_core::wire::{ClearKey, DigestKey, User};
use serde_json::{Value, json};

use super::chain::{data_file, entry};
use crate::admit;
use crate::config::Config;
use crate::privacy::id::ulid;
use crate::privacy::task::{Asked, Receipt, Target, TaskKind, VerifiedBy};
use crate::store::sqlite::{Access, Inspector, NewTask, SqliteStore, TaskView};

/// Longest value that is read from stdin, in bytes.
const MAX_VALUE_BYTES: u64 = 1024;
/// Time between two looks at a task that the running collector carries out.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// By what the person is named. Several may be given; each names the same person.
#[derive(Debug, Args)]
#[group(multiple = true)]
pub(super) struct WhomArgs {
    /// The browser's first-party id (the cookie `fh_id`)
    #[arg(long, value_name = "UUID")]
    anonymous_id: Vec<String>,
    /// The shop's own id of the customer
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
    /// E-mail address; - reads it from stdin. Becomes a digest at once
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Phone number; - reads it from stdin. Becomes a digest at once
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// Country of the phone number, where it has no country code, such as DE
    #[arg(long, value_name = "CODE", requires = "phone")]
    phone_country: Option<String>,
    /// Another id of the customer, as sources send `external_id`; - reads it from stdin
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// SHA-256 of a normalised e-mail address, phone number or external id, 64 hex digits
    #[arg(long, value_name = "HEX")]
    digest: Vec<String>,
    /// An order of the person
    #[arg(long, value_name = "ID")]
    transaction: Option<String>,
    /// Only what is named here, not what is known to be the same person's
    #[arg(long)]
    exact: bool,
}

impl WhomArgs {
    /// Returns what the data file knows under these values; they are held nowhere else.
    pub(super) fn target(&self, config: &Config) -> anyhow::Result<Target> {
        let country = match &self.phone_country {
            Some(code) => Some(Country::parse(code).context(
                "--phone-country must be an ISO 3166-1 code of two letters, such as DE",
            )?),
            None => config.phone_country(),
        };
        let users = self.users()?;
        let mut identifiers = look(config, |view| {
            let ring = view.keys()?;
            let whom = |user| admit::whom(ring, user, country);
            Ok(users.iter().map(whom).collect::<Result<Vec<_>, _>>())
        })??
        .concat();
        let mut seqs = Vec::new();
        if let Some(id) = &self.transaction {
            let (events, named) = look(config, |view| view.of_transaction(id))?;
            if events.is_empty() {
                bail!("no event of transaction {id} is kept");
            }
            seqs = events;
            identifiers.extend(named);
        }
        Ok(Target {
            identifiers,
            seqs,
            is_exact: self.exact,
            entry: None,
        })
    }

    fn users(&self) -> anyhow::Result<Vec<User<'static>>> {
        let mut users: Vec<User<'static>> = self
            .anonymous_id
            .iter()
            .map(|id| User {
                anonymous_id: Some(Cow::Owned(id.clone())),
                ..User::default()
            })
            .collect();
        let mut user = User {
            user_id: self.user_id.clone().map(Cow::Owned),
            ..User::default()
        };
        for (key, value) in [
            (ClearKey::Email, &self.email),
            (ClearKey::Phone, &self.phone),
            (ClearKey::ExternalId, &self.external_id),
        ] {
            if let Some(value) = value {
                user.clear.push((key, Cow::Owned(value_of(value)?)));
            }
        }
        for digest in &self.digest {
            for key in [DigestKey::Email, DigestKey::Phone, DigestKey::ExternalId] {
                user.digests.push((key, Cow::Owned(digest.clone())));
            }
        }
        users.push(user);
        Ok(users)
    }
}

fn value_of(argument: &str) -> anyhow::Result<String> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_VALUE_BYTES)
        .read_to_string(&mut text)
        .context("reading the value from stdin")?;
    Ok(text.trim().to_owned())
}

/// Reads from the data file.
pub(super) fn look<T>(
    config: &Config,
    read: impl FnOnce(Inspector<'_>) -> rusqlite::Result<T>,
) -> anyhow::Result<T> {
    data_file(config)?;
    let engine = config.store.engine(&config.privacy, Vec::new());
    Inspector::open_with_keys(&engine, read).context("reading the data")
}

/// Refuses a command that names nobody.
pub(super) fn require_somebody(target: &Target) -> anyhow::Result<()> {
    if target.is_empty() {
        bail!(
            "name the person: --email, --phone, --user-id, --anonymous-id, --external-id, --digest or --transaction"
        );
    }
    Ok(())
}

/// Writes a task down and sees that it is done. Returns how it stands after `wait` at the latest.
pub(super) fn carry_out(
    config: &Config,
    kind: TaskKind,
    target: Target,
    verified_by: VerifiedBy,
    wait: Duration,
) -> anyhow::Result<TaskView> {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let id = ulid(now_ms, rand::random());
    let action = match kind {
        TaskKind::Erase => "privacy.erase",
        TaskKind::Suppress => "privacy.suppress",
        TaskKind::Release => "privacy.release",
    };
    let asked = entry(
        action,
        format!("{id}; verified by: {}", verified_by.as_str()),
    );
    let task = NewTask {
        id: id.clone(),
        kind,
        asked: Asked {
            actor: asked.actor.clone(),
            role: asked.role.clone(),
            verified_by,
        },
        target,
        asked_at_ms: now_ms,
    };
    let path = data_file(config)?;
    Access::open(&path)
        .map_err(anyhow::Error::from)
        .and_then(|mut access| Ok(access.ask_task(&task, &asked)?))
        .context("writing the task down")?;
    see_done(config, &path, &id, wait)
}

/// A running collector finds the task and does it. Where none runs, this process owns the data for as long.
fn see_done(config: &Config, path: &Path, id: &str, wait: Duration) -> anyhow::Result<TaskView> {
    let deadline = Instant::now() + wait;
    loop {
        if let Ok(store) = SqliteStore::open(
            config
                .store
                .engine(&config.privacy, config.destination_names()),
        ) {
            return alone(&store, id, deadline);
        }
        let view = Inspector::open(path, |view| view.task(id))
            .context("reading the data")?
            .context("the task is gone")?;
        if view.done_at_ms.is_some() || Instant::now() >= deadline {
            return Ok(view);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn alone(store: &SqliteStore, id: &str, deadline: Instant) -> anyhow::Result<TaskView> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .context("starting the runtime")?;
    let view = runtime.block_on(async {
        let left = deadline.saturating_duration_since(Instant::now());
        let done = tokio::time::timeout(left, store.task_done(id)).await;
        let view = match done {
            Ok(view) => view,
            Err(_) => store.task(id.to_owned()).await,
        };
        store.close().await;
        view
    });
    view?.context("the task is gone")
}

/// Prints how a task stands, and fails while it is not done.
#[allow(clippy::print_stdout)] // the command's output
pub(super) fn print(view: &TaskView, is_json: bool) -> anyhow::Result<()> {
    let (Some(text), Some(_)) = (&view.receipt, view.done_at_ms) else {
        bail!(
            "{} is written down and goes on in the collector: ask again with `firsthand erase --status {}`",
            view.id,
            view.id
        );
    };
    let hash = Receipt::hash(text);
    let record: Value = serde_json::from_str(text).context("reading the receipt")?;
    if is_json {
        println!(
            "{}",
            json!({ "id": view.id, "receipt": record, "hash": hash.to_string() })
        );
    } else {
        println!(
            "{}",
            serde_json::to_string_pretty(&record).context("writing the receipt")?
        );
        println!("hash {hash}");
    }
    Ok(())
}
