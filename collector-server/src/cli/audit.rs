//! `firsthand audit`: who looked at personal records.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ConfigArg;
use super::chain::{ExportArgs, VerifyArgs, export, record, verify};
use crate::store::sqlite::Chain;

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walks the chain of the audit log and says what was changed, is missing, was moved or cut off
    #[command(
        after_help = "Examples:\n  firsthand audit verify --config collector.toml\n  firsthand audit verify --head 5f1c… --count 1200 --config collector.toml"
    )]
    Verify {
        #[command(flatten)]
        args: VerifyArgs,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Writes the audit log as JSON Lines, each row with its hash and the one before
    #[command(
        after_help = "Example:\n  firsthand audit export --since 2026-01-01T00:00:00Z --out audit.jsonl --config collector.toml"
    )]
    Export {
        #[command(flatten)]
        args: ExportArgs,
        #[command(flatten)]
        config: ConfigArg,
    },
}

pub(super) fn run(args: &AuditArgs) -> anyhow::Result<()> {
    match &args.command {
        Command::Verify { args, config } => verify(Chain::Audit, args, &config.load()?),
        Command::Export { args, config } => {
            let config = config.load()?;
            record(&config, "audit.export", args.in_words())?;
            let wanted = |row: &Value| row.get("at").and_then(Value::as_i64);
            export(Chain::Audit, args, &config, wanted, |_, _| Ok(json!({})))
        }
    }
}
