//! `firsthand dead`: what destinations have given up, with the platforms' answers.

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::ConfigArg;
use super::chain::{data_file, record};
use super::replay::Which;
use crate::explain::time;
use crate::forward::replay::{Replay, Request};
use crate::store::sqlite::Inspector;
use crate::store::{Order, Settled, SettledEvent, SettledFilter};

#[derive(Debug, Args)]
pub(super) struct DeadArgs {
    #[command(flatten)]
    which: Which,
    /// Most dead letters of a destination that are listed; the counts are of all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &DeadArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let filter = SettledFilter {
        states: vec![Settled::Dead],
        ..args.which.filter()
    };
    let request = Request {
        destinations: args.which.destination.clone(),
        filter: filter.clone(),
        is_forced: false,
    };
    let words = request.in_words();
    let served = config.replay_served();
    let names: Vec<String> = if request.destinations.is_empty() {
        served
            .targets
            .iter()
            .map(|target| target.name.clone())
            .collect()
    } else {
        request.destinations.clone()
    };
    let mut counts = Replay::new(request, &served, usize::MAX)?;
    data_file(&config)?;
    record(&config, "inspect.dead", words)?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut listed: Vec<(String, Vec<SettledEvent>)> = Vec::new();
    let engine = config.store.engine(&config.privacy, Vec::new());
    Inspector::open_with_keys(&engine, |view| {
        while let Some(ask) = counts.next() {
            let order = Order::After(ask.after);
            let page = view.settled(ask.destination, ask.filter, order, ask.limit)?;
            counts.judge(&page, now_ms);
        }
        for name in names {
            let events = view.settled(&name, &filter, Order::Newest, args.limit)?;
            listed.push((name, events));
        }
        Ok(())
    })
    .context("reading the data")?;
    let report = counts.into_report(true);
    if args.json {
        let dead: Vec<Value> = listed
            .iter()
            .flat_map(|(name, events)| events.iter().map(|event| event.json(name)))
            .collect();
        println!("{}", json!({ "dead": dead, "counts": report.lines }));
        return Ok(());
    }
    for (name, events) in listed.iter().filter(|(_, events)| !events.is_empty()) {
        println!("{name}");
        for line in report.lines.iter().filter(|line| line.destination == *name) {
            println!("  {:>8}  {}", line.counts.all(), line.reason);
        }
        for event in events {
            let (name, id) = event.names().unwrap_or(("event", "that is gone"));
            let at = time(event.settled_at_ms);
            println!("  {at}  {name} {id}: {}", event.reason);
            if let Some((status, words)) = &event.answer {
                println!(
                    "      status {status} in request {}: {words}",
                    event.attempts
                );
            }
        }
    }
    if report.lines.is_empty() {
        println!("no dead letter is as it was asked for");
    } else if report.counts.ready > 0 {
        println!(
            "{} of them may be sent again: `firsthand replay`; `firsthand explain ID` tells a whole story",
            report.counts.ready
        );
    } else {
        println!("none of them can be sent again: too old by now, not confirmed, or erased");
    }
    Ok(())
}
