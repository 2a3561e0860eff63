//! `firsthand suppress`: who is kept out.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::ConfigArg;
use super::chain::record;
use super::whom::{WhomArgs, carry_out, look, print, require_somebody};
use crate::explain::time;
use crate::privacy::task::{Target, TaskKind, VerifiedBy};

/// Most entries that are listed.
const MAX_ENTRIES: usize = 10_000;
/// How long to wait for a running collector to take an entry.
const WAIT: Duration = Duration::from_mins(1);

#[derive(Debug, Args)]
pub(super) struct SuppressArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists entries: name, since when, how many identifiers of each kind. Whom they are of cannot be told
    #[command(after_help = "Example:\n  firsthand suppress list --json --config collector.toml")]
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Keeps a person out from now on; what is kept already stays
    #[command(
        after_help = "Example:\n  echo jane@example.com | firsthand suppress add --email - --verified-by \"link in an e-mail\" --config collector.toml"
    )]
    Add {
        #[command(flatten)]
        whom: WhomArgs,
        /// How the identity of who asks was verified
        #[arg(long, value_name = "TEXT")]
        verified_by: String,
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Lets a person in again: an entry by its name, or every entry that the named person is in
    #[command(
        after_help = "Examples:\n  firsthand suppress remove 01JD2K… --verified-by \"signed in\" --config collector.toml\n  echo jane@example.com | firsthand suppress remove --email - --verified-by \"signed in\" --config collector.toml"
    )]
    Remove {
        /// Name of the entry, as `list` shows it
        entry: Option<String>,
        #[command(flatten)]
        whom: WhomArgs,
        /// How the identity of who asks was verified
        #[arg(long, value_name = "TEXT")]
        verified_by: String,
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &SuppressArgs) -> anyhow::Result<()> {
    match &args.command {
        Command::List { json, config } => {
            let config = config.load()?;
            record(&config, "privacy.suppressed", "all".to_owned())?;
            let entries = look(&config, |view| view.suppressed(MAX_ENTRIES))?;
            if *json {
                println!("{}", json!({ "suppressed": entries }));
            } else {
                for entry in entries {
                    let since = time(entry.added_at_ms);
                    println!("{}  since {since}  {}", entry.entry, entry.identifiers);
                }
            }
            Ok(())
        }
        Command::Add {
            whom,
            verified_by,
            json,
            config,
        } => {
            let config = config.load()?;
            let verified_by = VerifiedBy::parse(verified_by)?;
            let target = whom.target(&config)?;
            require_somebody(&target)?;
            let view = carry_out(&config, TaskKind::Suppress, target, verified_by, WAIT)?;
            print(&view, *json)
        }
        Command::Remove {
            entry,
            whom,
            verified_by,
            json,
            config,
        } => {
            let config = config.load()?;
            let verified_by = VerifiedBy::parse(verified_by)?;
            let target = Target {
                entry: entry.clone(),
                ..whom.target(&config)?
            };
            require_somebody(&target)?;
            if let Some(entry) = entry {
                let entries = look(&config, |view| view.suppressed(MAX_ENTRIES))?;
                if !entries.iter().any(|known| known.entry == *entry) {
                    bail!("there is no entry {entry}: see `firsthand suppress list`");
                }
            }
            let view = carry_out(&config, TaskKind::Release, target, verified_by, WAIT)?;
            print(&view, *json)
        }
    }
}
