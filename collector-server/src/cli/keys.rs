//! `firsthand keys`: the master keys of what is kept, and their rotation.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::ConfigArg;
use super::chain::{data_file, record};
use crate::config::Config;
use crate::privacy::keys::{self, KeyConfig, Masters, Origin};
use crate::store::sqlite::{Inspector, KeyStatus};

#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the master keys, the newest first: it seals, the others only open
    #[command(after_help = "Example:\n  firsthand keys list --config collector.toml")]
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Tells what the data still needs of each key, and how much is not sealed yet
    #[command(
        after_help = "A key may be removed once its line says that nothing needs it.\n\nExample:\n  firsthand keys status --config collector.toml"
    )]
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Makes a new master key; it seals from the next start on
    #[command(
        after_help = "Without privacy.keys the key file beside the data gets a new first line, and loses keys that nothing needs. \
With privacy.keys the new key is written to --out, and the line to add is printed.\n\nExamples:\n  firsthand keys rotate --dry-run --config collector.toml\n  firsthand keys rotate --id 2026b --out /etc/firsthand/2026b.key --config collector.toml"
    )]
    Rotate {
        /// Id of the new key in privacy.keys, such as 2026b
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// File for the new key; it must not exist yet
        #[arg(long, value_name = "FILE", requires = "id")]
        out: Option<PathBuf>,
        /// Only says what would be done
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
}

pub(super) fn run(args: &KeysArgs) -> anyhow::Result<()> {
    match &args.command {
        Command::List { json, config } => list(&config.load()?, *json),
        Command::Status { json, config } => status(&config.load()?, *json),
        Command::Rotate {
            id,
            out,
            dry_run,
            config,
        } => {
            let config = config.load()?;
            if config.privacy.keys.is_empty() {
                if id.is_some() || out.is_some() {
                    bail!(
                        "there is no privacy.keys: leave --id and --out away and the key file beside the data is \
                         rotated; or list a first key in privacy.keys by hand, the key file stays valid beside it"
                    );
                }
                rotate_file(&config, *dry_run)
            } else {
                let (Some(id), Some(out)) = (id, out) else {
                    bail!("say how the new key is called and where it goes: --id 2026b --out FILE");
                };
                rotate_configured(&config, id, out, *dry_run)
            }
        }
    }
}

fn masters(config: &Config) -> anyhow::Result<Masters> {
    Ok(Masters::load(
        &config.store.dir,
        &config.privacy.keys,
        false,
    )?)
}

#[allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough
fn needs(config: &Config) -> anyhow::Result<KeyStatus> {
    let path = data_file(config)?;
    Inspector::open(&path, |view| view.key_status()).context("reading the data")
}

#[allow(clippy::print_stdout)] // the command's output
fn list(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let masters = masters(config)?;
    let in_file = |id: &str| !KeyConfig::is_valid_id(id);
    let rows = masters.ids().enumerate().map(|(place, id)| {
        let from = if in_file(id) {
            "key file"
        } else {
            "privacy.keys"
        };
        (id, place == 0, from)
    });
    if as_json {
        let rows: Vec<_> = rows
            .map(|(id, is_newest, from)| json!({ "id": id, "seals": is_newest, "from": from }))
            .collect();
        println!("{}", json!({ "keys": rows }));
    } else {
        for (id, is_newest, from) in rows {
            let what = if is_newest { "seals" } else { "opens only" };
            println!("{id:<16}  {what:<10}  {from}");
        }
    }
    Ok(())
}

#[allow(clippy::print_stdout)] // the command's output
fn status(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let status = needs(config)?;
    if as_json {
        println!("{}", serde_json::to_string(&status)?);
        return Ok(());
    }
    for master in &status.masters {
        let what = if master.is_needed {
            "needed"
        } else {
            "nothing needs it: it may be removed"
        };
        println!("{:<16}  {} data keys, {what}", master.id, master.data_keys);
    }
    println!(
        "{}",
        match status.clear_rows {
            0 => "everything is sealed".to_owned(),
            rows => format!(
                "{rows} rows of an older version are not sealed yet: the collector goes on while it runs"
            ),
        }
    );
    Ok(())
}

#[allow(clippy::print_stdout)] // the command's output
fn rotate_file(config: &Config, is_dry_run: bool) -> anyhow::Result<()> {
    let masters = masters(config)?;
    let status = needs(config)?;
    let is_needed = |id: &str| {
        status
            .masters
            .iter()
            .any(|master| master.id == id && master.is_needed)
    };
    if masters.origin() != Origin::File {
        bail!("there is no key file");
    }
    if is_dry_run {
        for id in masters.ids() {
            let stays = id == masters.newest() || is_needed(id);
            let what = if stays { "stays" } else { "goes" };
            println!("{id} {what}");
        }
        println!("a new key would be written before them");
        return Ok(());
    }
    record(config, "keys.rotate", "key file".to_owned())?;
    let rotated = keys::rotate_file(&config.store.dir, is_needed)?;
    println!("new key {}; gone: {}", rotated.new, list_of(&rotated.gone));
    println!(
        "restart the collector: it brings the data keys under the new key while it runs (`firsthand keys status`). \
         Keep a copy of the key file elsewhere"
    );
    Ok(())
}

fn list_of(ids: &[String]) -> String {
    if ids.is_empty() {
        "none".to_owned()
    } else {
        ids.join(", ")
    }
}

#[allow(clippy::print_stdout)] // the command's output
fn rotate_configured(
    config: &Config,
    id: &str,
    out: &std::path::Path,
    is_dry_run: bool,
) -> anyhow::Result<()> {
    let is_known = config.privacy.keys.iter().any(|key| key.id == id);
    if !KeyConfig::is_valid_id(id) || is_known {
        bail!(
            "--id must be a new id of letters, digits, dots, underscores and hyphens, such as 2026b"
        );
    }
    if out.exists() {
        bail!("{} exists: name a new file", out.display());
    }
    if is_dry_run {
        println!("would write a new key to {}", out.display());
    } else {
        record(config, "keys.rotate", id.to_owned())?;
        keys::write_new(out)?;
    }
    println!(
        "put this first into privacy.keys, leave the others, and restart the collector:\n  \
         {{ id = \"{id}\", secret = {{ file = \"{}\" }} }}\n\
         an older key may be removed when `firsthand keys status` says that nothing needs it",
        out.display()
    );
    Ok(())
}
