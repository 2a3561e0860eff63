//! The report as text.

use std::fmt::Write as _;

use super::{NameReport, PairReport, Report};
use crate::explain::time;

/// Returns the report for people.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "events that first arrived from {} to {}",
        time(report.since_ms),
        time(report.until_ms)
    );
    if !report.is_whole {
        out.push_str("  not whole: there are more; go on with --since at the end of this one\n");
    }
    if report.names.is_empty() {
        out.push_str("  none\n");
    }
    for name in &report.names {
        name_text(&mut out, name);
    }
    if report.other_events > 0 {
        let _ = writeln!(
            out,
            "\n{} events of further names: ask for one with --event",
            report.other_events
        );
    }
    out
}

fn name_text(out: &mut String, name: &NameReport) {
    let _ = writeln!(
        out,
        "\n{}: {} events, told {} times; deduplication took away {:.1} %",
        name.name,
        name.events,
        name.copies,
        name.duplicate_ratio * 100.0
    );
    for source in &name.sources {
        let _ = writeln!(
            out,
            "  {:<26} {:>9}   nobody else told of {}",
            source.source, source.events, source.alone
        );
    }
    for pair in &name.pairs {
        pair_text(out, pair);
    }
    if name.unconfirmed_waiting + name.unconfirmed_expired > 0 {
        let _ = writeln!(
            out,
            "  unconfirmed: {} wait for a trusted source, {} were confirmed by none in time",
            name.unconfirmed_waiting, name.unconfirmed_expired
        );
    }
    if name.other_copies > 0 {
        let _ = writeln!(out, "  {} copies of further sources", name.other_copies);
    }
}

fn pair_text(out: &mut String, pair: &PairReport) {
    let _ = writeln!(
        out,
        "  {} and {}\n    matched {}, only {} {}, only {} {}, late {}",
        pair.here,
        pair.there,
        pair.matched,
        pair.here,
        pair.only_here,
        pair.there,
        pair.only_there,
        pair.late
    );
    if let (Some(half), Some(most), Some(max)) =
        (pair.delay_p50_ms, pair.delay_p95_ms, pair.delay_max_ms)
    {
        let _ = writeln!(
            out,
            "    {} came first {} times; the second word came after {} (half), {} (95 %), {} (longest)",
            pair.here,
            pair.first_here,
            span(half),
            span(most),
            span(max)
        );
    }
}

/// A span of time for people.
fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        _ => format!("{} h", ms / 3_600_000),
    }
}
