//! How the destinations stand.

use super::{Finding, span};
use crate::store::Seq;
use crate::store::sqlite::DestinationStanding;

/// A destination that has left events unread for longer is behind, in milliseconds.
const BEHIND_MS: i64 = 5 * 60_000;

/// What is wrong with a destination.
pub fn destination(standing: &DestinationStanding, last_position: Seq, now_ms: i64) -> Finding {
    const CHECK: &str = "destination";
    let name = &standing.name;
    let cursor = standing.cursor.unwrap_or(0);
    let unread = last_position.saturating_sub(cursor).max(0);
    let waits = format!(
        "{unread} events unread, {} to be tried again, {} given up",
        standing.open, standing.dead
    );
    if cursor > last_position || cursor < 0 {
        return Finding::error(
            CHECK,
            format!(
                "{name} stands at position {cursor}, the log ends at {last_position}: it would skip what comes"
            ),
            "the data is older than what this destination has read: put back the newest backup",
        );
    }
    if let Some(reason) = &standing.paused {
        return Finding::error(
            CHECK,
            format!("{name} is paused: {reason}; {waits}"),
            "put the right secret in its place and reload (SIGHUP); nothing is lost",
        );
    }
    let behind_ms = standing
        .unread_since_ms
        .map_or(0, |since| now_ms.saturating_sub(since));
    if behind_ms > BEHIND_MS {
        return Finding::warning(
            CHECK,
            format!("{name} is {} behind: {waits}", span(behind_ms)),
            "is the collector running, and does the platform answer? See its log and `firsthand_destination_…`",
        );
    }
    if standing.dead > 0 {
        return Finding::warning(
            CHECK,
            format!("{name}: {waits}"),
            format!(
                "`firsthand dead --destination {name}` shows why, `firsthand replay` sends again"
            ),
        );
    }
    Finding::ok(CHECK, format!("{name}: {waits}"))
}
