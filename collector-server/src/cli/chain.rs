//! Verification and export of a chain: the same for receipts and the audit log.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::output;
use crate::config::Config;
use crate::privacy::audit::{Entry, Outcome};
use crate::privacy::chain::{Hash, Head, Row, Verified};
use crate::store::sqlite::{Access, Chain, FILE_NAME, Inspector};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Head that was noted earlier; needs --count
    #[arg(long, value_name = "HASH", requires = "count")]
    head: Option<String>,
    /// Number of the row that the head belongs to
    #[arg(long, value_name = "N", requires = "head")]
    count: Option<i64>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Only rows that were written at or after this time, such as 2026-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only rows that were written before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Writes to this file instead of stdout; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ExportArgs {
    /// Returns the filter in words, for the audit log.
    pub(super) fn in_words(&self) -> String {
        let time =
            |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), |at| at.to_string());
        format!("since {} until {}", time(self.since), time(self.until))
    }

    fn holds(&self, at_ms: i64) -> bool {
        self.since
            .is_none_or(|since| at_ms >= since.as_millisecond())
            && self
                .until
                .is_none_or(|until| at_ms < until.as_millisecond())
    }
}

/// Records what this command does, before it does it. The actor is the system's user.
pub(super) fn record(config: &Config, action: &'static str, what: String) -> anyhow::Result<()> {
    let path = data_file(config)?;
    Access::open(&path)
        .map_err(anyhow::Error::from)
        .and_then(|mut access| Ok(access.record(&entry(action, what))?))
        .context("recording the access in the audit log; without that nothing is shown")
}

/// Returns the audit row of what a command does.
pub(super) fn entry(action: &'static str, what: String) -> Entry {
    let user = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|user| user.len() <= 64 && user.bytes().all(|b| b.is_ascii_graphic() && b != b'@'))
        .unwrap_or_else(|| "unknown".to_owned());
    Entry {
        at_ms: Timestamp::now().as_millisecond(),
        actor: format!("cli:{user}"),
        role: "system".to_owned(),
        action,
        what,
        outcome: Outcome::Done,
    }
}

/// Returns the path of the data file.
pub(super) fn data_file(config: &Config) -> anyhow::Result<PathBuf> {
    let path = config.store.dir.join(FILE_NAME);
    if !path.exists() {
        bail!("there is no data yet in {}", config.store.dir.display());
    }
    Ok(path)
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn verify(chain: Chain, args: &VerifyArgs, config: &Config) -> anyhow::Result<()> {
    let pinned = match (&args.head, args.count) {
        (Some(head), Some(number)) => Some(Head {
            hash: Hash::parse(head)
                .context("--head must be 64 hex digits, as verify prints them")?,
            number,
        }),
        _ => None,
    };
    let path = data_file(config)?;
    let (found, anchor) = Inspector::open(&path, |view| {
        Ok((view.verify(chain, pinned)?, view.anchor(chain)?))
    })
    .context("reading the data")?;
    if args.json {
        let faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
        println!(
            "{}",
            json!({ "count": found.head.number, "head": found.head.hash.to_string(), "rows": found.rows,
                "removed_by_retention": anchor.number, "faults": faults })
        );
    } else {
        println!("{}", verified_text(&found, anchor));
    }
    if found.faults.is_empty() {
        Ok(())
    } else {
        bail!("the chain is broken: {} found", found.faults.len())
    }
}

fn verified_text(found: &Verified, anchor: Head) -> String {
    let mut lines = vec![
        format!("rows   {}", found.rows),
        format!("count  {}", found.head.number),
        format!("head   {}", found.head.hash),
    ];
    if anchor.number > 0 {
        lines.push(format!(
            "rows up to {} were removed by retention",
            anchor.number
        ));
    }
    lines.extend(found.faults.iter().map(|fault| format!("FAULT  {fault}")));
    if found.faults.is_empty() {
        lines.push("the chain is whole".to_owned());
    }
    lines.join("\n")
}

/// Writes the rows for which `wanted` returns the time they were written at. `more` adds members to a line.
pub(super) fn export(
    chain: Chain,
    args: &ExportArgs,
    config: &Config,
    wanted: impl Fn(&Value) -> Option<i64>,
    more: impl Fn(Inspector<'_>, &Value) -> rusqlite::Result<Value>,
) -> anyhow::Result<()> {
    let path = data_file(config)?;
    let mut out = output::open(args.out.as_deref())?;
    let written = Inspector::open(&path, |view| {
        let mut before = view.anchor(chain)?.hash;
        Ok(view.walk(chain, |row| {
            let line = line(view, &row, before, args, &wanted, &more)?;
            before = row.hash;
            if let Some(line) = line {
                writeln!(out, "{line}").context("writing the export")?;
            }
            Ok::<_, anyhow::Error>(())
        }))
    })
    .context("reading the data")?;
    written?;
    out.flush().context("writing the export")
}

fn line(
    view: Inspector<'_>,
    row: &Row,
    before: Hash,
    args: &ExportArgs,
    wanted: &impl Fn(&Value) -> Option<i64>,
    more: &impl Fn(Inspector<'_>, &Value) -> rusqlite::Result<Value>,
) -> anyhow::Result<Option<Value>> {
    let record: Value = serde_json::from_str(&row.body)
        .with_context(|| format!("row {} cannot be read: run verify", row.number))?;
    if !wanted(&record).is_some_and(|at_ms| args.holds(at_ms)) {
        return Ok(None);
    }
    let mut line = more(view, &record)?;
    if let Some(members) = line.as_object_mut() {
        members.insert("number".to_owned(), row.number.into());
        members.insert("prev".to_owned(), before.to_string().into());
        members.insert("hash".to_owned(), row.hash.to_string().into());
        members.insert("record".to_owned(), record);
    }
    Ok(Some(line))
}
