//! `firsthand erase`: everything about a person, beside a running collector or without one.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::ConfigArg;
use super::chain::record;
use super::whom::{WhomArgs, carry_out, look, print, require_somebody};
use crate::privacy::task::{TaskKind, VerifiedBy, kinds};

#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    #[command(flatten)]
    whom: WhomArgs,
    /// How the identity of who asks was verified; kept in the audit log and the receipt
    #[arg(long, value_name = "TEXT", required_unless_present = "status")]
    verified_by: Option<String>,
    /// Erases; without it the command only counts
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Counts what would go, changes nothing (the default)
    #[arg(long)]
    dry_run: bool,
    /// Tells how an erasure stands that was asked for earlier
    #[arg(long, value_name = "ID", conflicts_with_all = ["yes", "dry_run", "verified_by"])]
    status: Option<String>,
    /// How long to wait until it is done, in seconds; it goes on without this command
    #[arg(long, value_name = "SECS", default_value_t = 600)]
    wait_secs: u64,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &EraseArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    if let Some(id) = &args.status {
        record(&config, "privacy.task", id.clone())?;
        let view = look(&config, |view| view.task(id))?
            .with_context(|| format!("there is no erasure {id}"))?;
        return print(&view, args.json);
    }
    let verified_by = VerifiedBy::parse(args.verified_by.as_deref().unwrap_or_default())?;
    let target = args.whom.target(&config)?;
    require_somebody(&target)?;
    if args.yes {
        let wait = Duration::from_secs(args.wait_secs);
        let view = carry_out(&config, TaskKind::Erase, target, verified_by, wait)?;
        return print(&view, args.json);
    }
    let what = format!("dry run; verified by: {}", verified_by.as_str());
    record(&config, "privacy.erase", what)?;
    let (counts, identifiers) = look(&config, |view| view.dry_run(&target))?;
    if args.json {
        println!(
            "{}",
            json!({ "dry_run": true, "identifiers": kinds(&identifiers), "counts": counts })
        );
        return Ok(());
    }
    println!("known by      {}", kinds(&identifiers));
    for (name, count) in [
        ("events", counts.events),
        ("copies", counts.copies),
        ("fates", counts.fates),
        ("dead letters", counts.dead_letters),
        ("waiting", counts.waiting),
        ("quarantined", counts.quarantined),
        ("consent words", counts.consent_words),
        ("choices", counts.choices),
        ("orders", counts.orders),
    ] {
        println!("{name:<13} {count}");
    }
    println!("nothing was changed: add --yes to erase this and to keep the person out");
    Ok(())
}
