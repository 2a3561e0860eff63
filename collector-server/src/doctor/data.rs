//! What is wrong with the data itself.

use super::{Finding, span};
use crate::privacy::chain::Verified;
use crate::store::Room;
use crate::store::sqlite::{Depth, Disagreements};

/// By how much the newest event may be ahead of the clock, in milliseconds.
const CLOCK_SLACK_MS: i64 = 60_000;
/// The write-ahead log is long when it holds this many times what it is folded in at.
const LONG_LOG: u64 = 4;

/// What SQLite found wrong with the file.
pub fn damage(lines: &[String], depth: Depth) -> Finding {
    let (done, more) = match depth {
        Depth::Quick => ("quick check", " (--full looks at every index too)"),
        Depth::Full => ("full check", ""),
    };
    match lines.first() {
        None => Finding::ok("integrity", format!("{done} found nothing{more}")),
        Some(first) => Finding::error(
            "integrity",
            format!("{done} found {} faults, the first: {first}", lines.len()),
            "stop the collector, keep a copy of store.dir, and put back the newest backup (`firsthand restore`); \
             check the disk",
        ),
    }
}

/// How large the write-ahead log is, in bytes, and from where on it is folded in.
pub fn log_size(bytes: u64, fold_bytes: u64) -> Finding {
    let mib = bytes >> 20;
    if bytes > fold_bytes.saturating_mul(LONG_LOG) {
        Finding::warning(
            "wal",
            format!(
                "the write-ahead log has {mib} MiB, it should stay near {} MiB",
                fold_bytes >> 20
            ),
            "a long reader keeps it from starting again: end long `export`, `backup` or sqlite3 sessions on this file",
        )
    } else {
        Finding::ok("wal", format!("the write-ahead log has {mib} MiB"))
    }
}

/// How much room there is.
pub fn room(room: &Room) -> Finding {
    if let Some(short) = room.short() {
        return Finding::error(
            "room",
            short.to_string(),
            "events are refused with 503 until there is room: see docs/config.md, `[store]`",
        );
    }
    if let Some(words) = room.filling() {
        return Finding::warning("room", words, "do it before events are refused with 503");
    }
    let used = room.used_bytes >> 20;
    let limit = match room.limit_bytes >> 20 {
        0 => String::new(),
        limit => format!(" of {limit}"),
    };
    let free = room.free_bytes.map_or_else(
        || "the system does not tell how much of the disk is free".to_owned(),
        |free| format!("{} MiB of the disk are free", free >> 20),
    );
    Finding::ok("room", format!("{used}{limit} MiB in use, {free}"))
}

/// Whether the tables agree.
pub fn disagreements(found: &Disagreements, depth: Depth) -> Vec<Finding> {
    let many = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let restore =
        "keep a copy of store.dir and report it; `firsthand restore` puts back the newest backup";
    let mut findings: Vec<Finding> = [
        (
            many(
                found.unreadable_requests,
                "requests in the log cannot be read",
            ),
            restore,
        ),
        (
            many(
                found.overlapping_requests,
                "requests in the log share positions",
            ),
            restore,
        ),
        (
            many(
                found.missing_keys,
                "events without their dedup key: a repeat would count again",
            ),
            restore,
        ),
        (
            many(
                found.orphaned_keys,
                "dedup keys of events that are not there: those are never taken",
            ),
            restore,
        ),
    ]
    .into_iter()
    .filter_map(|(what, todo)| Some(Finding::error("consistency", what?, todo)))
    .collect();
    for what in [
        many(
            found.orphaned_outcomes,
            "fates of events that are neither there nor erased",
        ),
        many(found.orphaned_copies, "copies of events that are not there"),
    ]
    .into_iter()
    .flatten()
    {
        let todo = "harmless for what comes; report it with the output of --json";
        findings.push(Finding::warning("consistency", what, todo));
    }
    if findings.is_empty() {
        let which = match depth {
            Depth::Quick => "newest ",
            Depth::Full => "",
        };
        let what = format!(
            "{} {which}events agree with their dedup keys, fates and copies",
            found.events
        );
        findings.push(Finding::ok("consistency", what));
    }
    findings
}

/// Whether a chain is whole; `name` is what it holds, `command` what tells more.
pub fn chain(check: &'static str, command: &str, found: &Verified) -> Finding {
    match found.faults.first() {
        None => Finding::ok(check, format!("{} rows, the chain is whole", found.rows)),
        Some(first) => Finding::error(
            check,
            format!("{} faults, the first: {first}", found.faults.len()),
            format!(
                "`{command}` lists them: somebody or a disk changed the data; compare with a backup"
            ),
        ),
    }
}

/// Whether the clock can be right, beside the time at which the newest event arrived.
pub fn clock(now_ms: i64, newest_ms: Option<i64>) -> Finding {
    match newest_ms {
        Some(newest) if newest > now_ms.saturating_add(CLOCK_SLACK_MS) => Finding::error(
            "clock",
            format!(
                "the clock is {} behind the arrival of the newest event",
                span(newest - now_ms)
            ),
            "set the clock (NTP): settle times, retries and retention follow it",
        ),
        Some(newest) => Finding::ok(
            "clock",
            format!(
                "the newest event arrived {} ago",
                span((now_ms - newest).max(0))
            ),
        ),
        None => Finding::ok("clock", "no event has arrived yet"),
    }
}

/// How many requests of people have waited for long.
pub fn tasks(waiting: i64) -> Finding {
    if waiting > 0 {
        Finding::error(
            "privacy",
            format!("{waiting} requests of people wait for more than an hour"),
            "start the collector, it carries them out; its log says what keeps it from that",
        )
    } else {
        Finding::ok("privacy", "no request of a person waits")
    }
}
