//! `firsthand backup` and `firsthand restore`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::ConfigArg;
use super::chain::{data_file, entry, record};
use crate::store::sqlite::{Access, BackupReport, FILE_NAME, KEYS_FILE_NAME, backup, restore};

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// New directory for the data
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// File for the keys, replaced by every backup; default: keys.db beside the directory
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// Directory of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The newest keys file; default: keys.db beside the directory
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

fn keys_beside(dir: &Path) -> PathBuf {
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.join(KEYS_FILE_NAME),
        _ => PathBuf::from(KEYS_FILE_NAME),
    }
}

pub(super) fn run(args: &BackupArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    data_file(&config)?;
    let keys = args.keys.clone().unwrap_or_else(|| keys_beside(&args.out));
    record(&config, "backup", args.out.display().to_string())?;
    let report = backup(&config.store.dir, &args.out, &keys).context("taking the backup")?;
    print(&report, args.json)
}

pub(super) fn run_restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let keys = args.keys.clone().unwrap_or_else(|| keys_beside(&args.from));
    let engine = config.store.engine(&config.privacy, Vec::new());
    let report = restore(&args.from, &keys, &engine).context("restoring the backup")?;
    Access::open(&config.store.dir.join(FILE_NAME))
        .map_err(anyhow::Error::from)
        .and_then(|mut access| {
            Ok(access.record(&entry("restore", args.from.display().to_string()))?)
        })
        .context("recording the restore in the audit log")?;
    print(&report, args.json)
}

#[allow(clippy::print_stdout)] // the command's output
fn print(report: &BackupReport, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        print_text(report);
    }
    if !report.faults.is_empty() {
        bail!(
            "the data is in its place, but a chain in it is broken: {} found, see `firsthand consent verify` and `firsthand audit verify`",
            report.faults.len()
        );
    }
    Ok(())
}

#[allow(clippy::print_stdout)] // the command's output
fn print_text(report: &BackupReport) {
    println!(
        "data      {} ({} bytes)",
        report.data.display(),
        report.bytes
    );
    println!(
        "keys      {} ({} keys): keep it apart from the data",
        report.keys.display(),
        report.data_keys
    );
    println!(
        "events    up to position {}, in {} requests",
        report.last_event, report.requests
    );
    if report.erased_requests > 0 {
        println!(
            "erased    {} requests: their keys were destroyed",
            report.erased_requests
        );
    }
    println!("receipts  {} {}", report.receipts.0, report.receipts.1);
    println!("audit     {} {}", report.audit.0, report.audit.1);
    for fault in &report.faults {
        println!("FAULT     {fault}");
    }
    if report.faults.is_empty() {
        println!("verified: the file and both chains are whole");
    }
}
