//! What is seen is judged as it should be, and tells what to do.

use std::path::Path;

use super::*;
use crate::privacy::chain::{Fault, Head, Verified};
use crate::store::Room;
use crate::store::sqlite::{Depth, DestinationStanding, Disagreements};

fn standing() -> DestinationStanding {
    DestinationStanding {
        name: "meta".to_owned(),
        cursor: Some(10),
        paused: None,
        unread_since_ms: None,
        open: 0,
        dead: 0,
    }
}

#[test]
fn a_destination_is_judged_by_the_worst_of_it() {
    const NOW: i64 = 10_000_000;
    for (seen, level, words) in [
        (standing(), Level::Ok, "0 events unread"),
        (
            DestinationStanding {
                cursor: None,
                ..standing()
            },
            Level::Ok,
            "10 events unread",
        ),
        (
            DestinationStanding {
                cursor: Some(11),
                paused: Some("190".to_owned()),
                ..standing()
            },
            Level::Error,
            "would skip what comes",
        ),
        (
            DestinationStanding {
                paused: Some("meta 190 expired".to_owned()),
                dead: 3,
                ..standing()
            },
            Level::Error,
            "is paused: meta 190 expired",
        ),
        (
            DestinationStanding {
                unread_since_ms: Some(NOW - 600_000),
                ..standing()
            },
            Level::Warning,
            "10 minutes behind",
        ),
        (
            DestinationStanding {
                unread_since_ms: Some(NOW - 1000),
                ..standing()
            },
            Level::Ok,
            "",
        ),
        (
            DestinationStanding {
                dead: 3,
                ..standing()
            },
            Level::Warning,
            "3 given up",
        ),
    ] {
        let found = destination(&seen, 10, NOW);
        assert_eq!(found.level, level, "{found:?}");
        assert!(found.what.contains(words), "{found:?}");
        assert_eq!(found.todo.is_some(), level != Level::Ok, "{found:?}");
    }
}

#[test]
fn each_disagreement_is_told_and_agreement_once() {
    let whole = disagreements(&Disagreements::default(), Depth::Full);
    assert_eq!((whole.len(), whole[0].level), (1, Level::Ok));
    let broken = Disagreements {
        events: 9,
        unreadable_requests: 1,
        overlapping_requests: 2,
        missing_keys: 3,
        orphaned_keys: 4,
        orphaned_outcomes: 5,
        orphaned_copies: 6,
    };
    let found = disagreements(&broken, Depth::Quick);
    let levels: Vec<(Level, &str)> = found
        .iter()
        .map(|finding| (finding.level, finding.what.split_once(' ').unwrap().0))
        .collect();
    let (error, warning) = (Level::Error, Level::Warning);
    let want = [
        (error, "1"),
        (error, "2"),
        (error, "3"),
        (error, "4"),
        (warning, "5"),
        (warning, "6"),
    ];
    assert_eq!(levels, want);
}

#[test]
fn clock_log_room_files_and_chains_are_judged() {
    let level = |finding: Finding| finding.level;
    let (ok, warning, error) = (Level::Ok, Level::Warning, Level::Error);
    assert_eq!(level(clock(1_000_000, None)), ok);
    assert_eq!(level(clock(1_000_000, Some(1_060_000))), ok);
    let wrong = clock(1_000_000, Some(1_000_000 + 3 * 3_600_000));
    assert_eq!(wrong.level, error);
    assert!(wrong.what.contains("3 hours behind"), "{wrong:?}");

    assert_eq!(level(log_size(64 << 20, 16 << 20)), ok);
    assert_eq!(level(log_size((64 << 20) + 1, 16 << 20)), warning);

    let mut seen = Room {
        limit_bytes: 100,
        is_limit_ours: true,
        ..Room::default()
    };
    for (used, want) in [(10, ok), (96, warning), (100, error)] {
        seen.used_bytes = used;
        assert_eq!(level(room(&seen)), want, "{used}");
    }

    for (mode, is_key, want) in [
        (0o100_600, true, None),
        (0o100_640, true, Some(warning)),
        (0o100_644, true, Some(error)),
        (0o100_640, false, None),
        (0o100_644, false, Some(warning)),
    ] {
        let found = readable_by_others(Path::new("/d/f"), mode, is_key);
        assert_eq!(found.map(level), want, "{mode:o} {is_key}");
    }
    assert_eq!(moved_aside(&[]), None);

    assert_eq!(level(damage(&[], Depth::Quick)), ok);
    assert_eq!(
        level(damage(&["row 3 missing".to_owned()], Depth::Full)),
        error
    );
    assert_eq!(level(tasks(0)), ok);
    assert_eq!(level(tasks(1)), error);

    let head = Head {
        number: 2,
        ..Head::EMPTY
    };
    let mut found = Verified {
        head,
        rows: 2,
        faults: Vec::new(),
    };
    assert_eq!(level(chain("audit", "firsthand audit verify", &found)), ok);
    found.faults.push(Fault::Unreadable { number: 2 });
    let broken = chain("audit", "firsthand audit verify", &found);
    assert_eq!(broken.level, error);
    assert!(broken.todo.unwrap().contains("firsthand audit verify"));
}

#[test]
fn a_report_tells_what_to_do_and_whether_it_is_healthy() {
    let findings = [
        Finding::ok("wal", "small"),
        Finding::warning("room", "little", "make some"),
    ];
    let report = json(&findings);
    assert_eq!(report["healthy"], true);
    assert_eq!(
        (&report["errors"], &report["warnings"]),
        (&0.into(), &1.into())
    );
    assert_eq!(report["findings"][1]["do"], "make some");
    assert_eq!(report["findings"][0]["level"], "ok");
    let told = text(&findings);
    assert!(
        told.contains("WARNING") && told.contains("→ make some"),
        "{told}"
    );
    assert_eq!(
        json(&[Finding::error("data", "gone", "restore")])["healthy"],
        false
    );
}
