//! `firsthand replay`: sends again what a destination has given up. Works beside a running collector.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::ConfigArg;
use super::chain::{data_file, entry};
use crate::forward::replay::{Replay, Report, Request};
use crate::store::sqlite::{Access, Inspector};
use crate::store::{Again, Order, Settled, SettledFilter};

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    which: Which,
    /// How it rests until now; dead if not named. Can be repeated
    #[arg(long, value_name = "STATE")]
    state: Vec<Settled>,
    /// Only events with this id. Can be repeated
    #[arg(long = "event", value_name = "ID")]
    event: Vec<String>,
    /// Also what was delivered: a platform that does not de-duplicate counts it twice
    #[arg(long)]
    force: bool,
    /// Does it; without this, only counts are told
    #[arg(long)]
    yes: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

/// Which settled events a command is about.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only this destination; all that are served if not named. Can be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) destination: Vec<String>,
    /// Only with this text in the reason
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Only what was given up at or after this time, such as 2026-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only what was given up before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

impl Which {
    /// Returns the filter, without states and ids.
    pub(super) fn filter(&self) -> SettledFilter {
        SettledFilter {
            reason: self.reason.clone(),
            since_ms: self.since.map(Timestamp::as_millisecond),
            until_ms: self.until.map(Timestamp::as_millisecond),
            ..SettledFilter::default()
        }
    }
}

#[allow(clippy::print_stdout)] // the command's output
pub(super) fn run(args: &ReplayArgs) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let request = Request {
        destinations: args.which.destination.clone(),
        filter: SettledFilter {
            states: args.state.clone(),
            event_ids: args.event.clone(),
            ..args.which.filter()
        },
        is_forced: args.force,
    };
    let words = request.in_words();
    let mut replay = Replay::new(request, &config.replay_served(), usize::MAX).map_err(hint)?;
    let path = data_file(&config)?;
    let engine = config.store.engine(&config.privacy, Vec::new());
    let entry = entry("replay", words);
    let mut desk = if args.yes {
        let mut desk = Access::open(&path).context("opening the data")?;
        desk.record(&entry)
            .context("recording the replay in the audit log; without that nothing is sent again")?;
        Some(desk)
    } else {
        None
    };
    Inspector::open_with_keys(&engine, |view| {
        go_through(view, &mut replay, desk.as_mut(), &entry.actor)
    })
    .context("reading or writing the data")?;
    let report = replay.into_report(!args.yes);
    if args.json {
        println!("{}", json!(report));
    } else {
        print!("{}", in_words(&report));
    }
    Ok(())
}

/// Looks at page after page; each is written before the next is read.
fn go_through(
    view: Inspector<'_>,
    replay: &mut Replay,
    mut desk: Option<&mut Access>,
    actor: &str,
) -> rusqlite::Result<()> {
    while let Some(ask) = replay.next() {
        let destination = ask.destination.to_owned();
        let order = Order::After(ask.after);
        let page = view.settled(&destination, ask.filter, order, ask.limit)?;
        let at_ms = Timestamp::now().as_millisecond();
        let seqs = replay.judge(&page, at_ms);
        if let Some(desk) = &mut desk
            && !seqs.is_empty()
        {
            let sent = desk.send_again(&Again {
                destination,
                seqs,
                states: replay.states().to_vec(),
                actor: actor.to_owned(),
                at_ms,
            })?;
            replay.sent(sent);
        }
    }
    Ok(())
}

fn hint(error: crate::forward::replay::RequestError) -> anyhow::Error {
    use crate::forward::replay::RequestError;
    match error {
        RequestError::NotForced => anyhow::anyhow!("{error}. Add --force if that is meant"),
        other => other.into(),
    }
}

fn events(count: usize) -> String {
    match count {
        1 => "1 event".to_owned(),
        _ => format!("{count} events"),
    }
}

fn in_words(report: &Report) -> String {
    let mut out = String::new();
    let mut before = "";
    // Writing to a String cannot fail.
    for line in &report.lines {
        if line.destination != before {
            let _ = writeln!(out, "{}", line.destination);
            before = &line.destination;
        }
        let counts = line.counts;
        let _ = write!(
            out,
            "  {:<10} {:>8}  {}",
            line.state.as_str(),
            counts.all(),
            line.reason
        );
        for (count, words) in [
            (counts.too_old, "too old by now for the platform"),
            (counts.unconfirmed, "no trusted source has told of it"),
            (counts.erased, "erased, nothing is left to send"),
        ] {
            if count > 0 {
                let _ = write!(out, " [{count} {words}]");
            }
        }
        out.push('\n');
    }
    let (ready, left) = (report.counts.ready, report.counts.left());
    if ready == 0 {
        let why = if left > 0 {
            let rest = if left == 1 {
                "stays as it is"
            } else {
                "stay as they are"
            };
            format!("nothing to send again: {} {rest}", events(left))
        } else {
            "nothing to send again: no event is as it was asked for".to_owned()
        };
        let _ = writeln!(out, "{why}");
    } else if report.dry_run {
        let _ = writeln!(
            out,
            "dry run, nothing was changed: {} would be sent again under the same ids, with consent decided \
             again; add --yes to do it",
            events(ready)
        );
    } else {
        let _ = writeln!(
            out,
            "{} will be sent again under the same ids, with consent decided again; `firsthand explain ID` tells \
             what becomes of each",
            events(report.replayed)
        );
    }
    if ready > 0 && report.lines.iter().any(|l| l.state == Settled::Delivered) {
        let _ = writeln!(
            out,
            "warning: some were delivered before. A platform that does not de-duplicate them counts them twice \
             (GA4 does so for all but purchases with a transaction id; see docs/destinations.md)"
        );
    }
    out
}
