//! `firsthand consent`: the ledger, verified and exported, also while the collector runs.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ConfigArg;
use super::chain::{ExportArgs, VerifyArgs, export, record, verify};
use crate::privacy::ledger::Receipt;
use crate::store::sqlite::Chain;

#[derive(Debug, Args)]
pub(super) struct ConsentArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walks the chain of receipts and says what was changed, is missing, was moved or cut off
    #[command(
        after_help = "Note the head and the count that it prints, and hand them over later: only so a cut end, or a chain that was written anew, is found.\n\nExamples:\n  firsthand consent verify --config collector.toml\n  firsthand consent verify --head 5f1c… --count 1200 --config collector.toml"
    )]
    Verify {
        #[command(flatten)]
        args: VerifyArgs,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Writes receipts as JSON Lines, each with its hash, the one before and the terms that held
    #[command(
        after_help = "Examples:\n  firsthand consent export --config collector.toml > receipts.jsonl\n  firsthand consent export --subject 01JD2K… --config collector.toml"
    )]
    Export {
        /// Only receipts of this subject key (`firsthand explain` tells it)
        #[arg(long, value_name = "KEY")]
        subject: Option<String>,
        #[command(flatten)]
        args: ExportArgs,
        #[command(flatten)]
        config: ConfigArg,
    },
}

pub(super) fn run(args: &ConsentArgs) -> anyhow::Result<()> {
    match &args.command {
        Command::Verify { args, config } => verify(Chain::Receipts, args, &config.load()?),
        Command::Export {
            subject,
            args,
            config,
        } => {
            let wanted = |record: &Value| {
                let receipt: Receipt = serde_json::from_value(record.clone()).ok()?;
                let is_subject = subject
                    .as_ref()
                    .is_none_or(|key| *key == receipt.subject_key);
                is_subject.then_some(receipt.recorded_at)
            };
            let config = config.load()?;
            let whose = subject.as_deref().unwrap_or("all");
            let what = format!("subject {whose} {}", args.in_words());
            record(&config, "consent.export", what)?;
            export(Chain::Receipts, args, &config, wanted, |view, record| {
                let terms = match record.get("terms").and_then(Value::as_str) {
                    Some(name) => view.terms_text(name)?,
                    None => None,
                };
                // Text that was kept as JSON.
                let terms = terms.and_then(|text| serde_json::from_str::<Value>(&text).ok());
                Ok(json!({ "terms": terms }))
            })
        }
    }
}
