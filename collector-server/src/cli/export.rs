//! `firsthand export`: everything that is kept about a person.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::chain::record;
use super::whom::{WhomArgs, look, require_somebody};
use super::{ConfigArg, output};
use crate::explain::person::{Form, export};
use crate::privacy::task::VerifiedBy;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    whom: WhomArgs,
    /// How the identity of who asks was verified; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    verified_by: String,
    /// Writes to this file instead of stdout; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
}

#[allow(clippy::print_stderr)] // the command's output
pub(super) fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let verified_by = VerifiedBy::parse(&args.verified_by)?;
    let target = args.whom.target(&config)?;
    require_somebody(&target)?;
    let what = format!("verified by: {}", verified_by.as_str());
    record(&config, "privacy.export", what)?;
    let form = Form {
        requirements: config.requirements(),
        policy: config.consent.policy(),
        now_ms: jiff::Timestamp::now().as_millisecond(),
    };
    let mut out = output::open(args.out.as_deref())?;
    let written = look(&config, |view| {
        Ok(export(view, &target, &form, |line| {
            writeln!(out, "{line}").context("writing the export")
        }))
    })?;
    let count = written?;
    out.flush().context("writing the export")?;
    eprintln!("{count} records");
    Ok(())
}
