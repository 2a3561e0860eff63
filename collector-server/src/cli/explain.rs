//! `firsthand explain`: reads the data file while the collector runs.

use anyhow::{Context as _, bail};
use clap::Args;
use firsthand_core::ids;
use serde_json::{Value, json};

use super::ConfigArg;
use super::chain::{data_file, record};
use crate::explain;
use crate::store::sqlite::{EventView, Inspector, QuarantineView};

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The event's id
    #[arg(required_unless_present = "transaction")]
    event_id: Option<String>,
    /// The order number of a purchase, and of its refunds without an id of their own
    #[arg(long, value_name = "ID", conflicts_with = "event_id")]
    transaction: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let wanted = wanted(args)?;
    data_file(&config)?;
    record(&config, "explain", wanted.join(" "))?;
    let engine = config.store.engine(&config.privacy, Vec::new());
    let (views, quarantine) = Inspector::open_with_keys(&engine, |view| {
        let mut views: Vec<EventView> = Vec::new();
        let mut quarantine: Vec<QuarantineView> = Vec::new();
        for id in &wanted {
            views.extend(view.by_id(id)?);
            quarantine.extend(view.quarantine(Some(id), 20)?);
        }
        Ok((views, quarantine))
    })
    .context("reading the data")?;

    let policy = config.consent.policy();
    let requirements = config.requirements();
    let now_ms = jiff::Timestamp::now().as_millisecond();
    if args.json {
        let events: Vec<Value> = views
            .iter()
            .map(|view| explain::full_json(view, &requirements, &policy, now_ms))
            .collect();
        println!("{}", json!({ "events": events, "quarantine": quarantine }));
    } else {
        for view in &views {
            println!(
                "{}",
                explain::event_text(view, &requirements, &policy, now_ms)
            );
        }
        print!("{}", explain::quarantine_text(&quarantine));
    }
    if views.is_empty() && quarantine.is_empty() {
        bail!(
            "{} is not known. It never arrived, was older than store.retention_days, or consent did not allow it: \
             then nothing is kept but the counter firsthand_events_rejected_total{{code=\"consent_denied\"}}. \
             A refused event without a readable id is in /v1/inspect/quarantine",
            wanted.join(" or ")
        );
    }
    Ok(())
}

/// Returns the ids to look for.
fn wanted(args: &ExplainArgs) -> anyhow::Result<Vec<String>> {
    if let Some(id) = &args.event_id {
        return Ok(vec![id.clone()]);
    }
    let transaction = args.transaction.as_deref();
    let ids: Vec<String> = ["purchase", "refund"]
        .into_iter()
        .filter_map(|name| ids::derived_event_id(name, transaction, None))
        .collect();
    if ids.is_empty() {
        bail!("--transaction must be an order number: printable ASCII without spaces or @");
    }
    Ok(ids)
}
