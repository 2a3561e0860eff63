//! `firsthand report`: who told of which events; reads the data file while the collector runs.

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;

use super::ConfigArg;
use super::chain::{data_file, record};
use crate::report::{DEFAULT_MAX_EVENTS, Question, Reporter, text};
use crate::store::sqlite::Inspector;

/// How far back a report looks unless it is told otherwise, in milliseconds: a day.
const DEFAULT_SPAN_MS: i64 = 86_400_000;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Only events that first arrived at or after this time, such as 2026-11-01T00:00:00Z; default: a day before the end
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only events that first arrived before this time; default: now
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only events of this name
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// Most events that are read; a report that ends there says so
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_EVENTS, value_parser = clap::value_parser!(u64).range(1..))]
    max_events: u64,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let path = data_file(&config)?;
    let until_ms = args.until.unwrap_or_else(Timestamp::now).as_millisecond();
    let since_ms = args
        .since
        .map_or(until_ms - DEFAULT_SPAN_MS, Timestamp::as_millisecond);
    anyhow::ensure!(
        since_ms < until_ms,
        "--since must be before --until: nothing can have arrived between"
    );
    record(&config, "report", format!("{since_ms} to {until_ms}"))?;
    let mut reporter = Reporter::new(Question {
        since_ms,
        until_ms,
        name: args.event.clone(),
        confirmed: config.confirm.rules().names,
        max_events: args.max_events,
    });
    Inspector::open(&path, |view| {
        while reporter.step(view)? {}
        Ok(())
    })
    .context("reading the data")?;
    let report = reporter.finish();
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", text::text(&report));
    }
    Ok(())
}
