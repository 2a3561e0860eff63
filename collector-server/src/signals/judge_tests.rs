//! What is odd and what is not.

use super::*;

const RULES: Rules = Rules {
    silent_minutes: 30,
    min_events: 20,
    baseline_days: 7,
    drop_percent: 30,
    spike_percent: 400,
    duplicate_percent: 50,
    rejected_percent: 20,
    lag_secs: 300,
};
const DAY_MS: i64 = 24 * HOUR_MS;
const MINUTE_MS: i64 = 60_000;
/// The beginning of an hour.
const NOW: i64 = 500_000 * HOUR_MS;

/// So many days with `many` events an hour, ending before `NOW`.
fn steady(days: i64, many: u32) -> Hours {
    let mut hours = Hours::default();
    for hour in (1..=days * 24).rev() {
        hours.add(many, NOW - hour * HOUR_MS);
    }
    hours
}

fn kind(odd: Option<Odd>) -> Option<Kind> {
    odd.map(|odd| odd.kind)
}

#[test]
fn silence_is_odd_when_something_usually_comes() {
    for (what, days, many, quiet_minutes, up_minutes, want) in [
        ("a busy shop", 7, 100, 30, 600, Some(Kind::Silent)),
        ("not long enough", 7, 100, 29, 600, None),
        ("a quiet hour", 7, 5, 600, 6_000, None),
        ("too little is known", 2, 100, 600, 6_000, None),
        ("it has only just started", 7, 100, 600, 29, None),
    ] {
        let mut hours = steady(days, many);
        let now = NOW + 40 * MINUTE_MS;
        // What came until it ended was as much as usual.
        let last = now - quiet_minutes * MINUTE_MS;
        hours.add(many, last.max(NOW - MINUTE_MS));
        let got = volume(
            &hours,
            Some(last),
            now - up_minutes * MINUTE_MS,
            now,
            &RULES,
        );
        assert_eq!(kind(got), want, "{what}");
    }
}

#[test]
fn a_shop_that_sleeps_at_night_is_not_silent_in_the_first_minutes_of_its_day() {
    let mut hours = Hours::default();
    for day in (1..=7).rev() {
        hours.add(0, NOW - day * DAY_MS - HOUR_MS);
        hours.add(100, NOW - day * DAY_MS);
        hours.add(100, NOW - day * DAY_MS + HOUR_MS);
        hours.add(0, NOW - day * DAY_MS + 2 * HOUR_MS);
    }
    let last = NOW - 22 * HOUR_MS;
    let at = |minutes| {
        kind(volume(
            &hours,
            Some(last),
            0,
            NOW + minutes * MINUTE_MS,
            &RULES,
        ))
    };
    assert_eq!(at(5), None);
    // When it has slept for long it is below what is usual.
    assert_eq!(at(59), Some(Kind::VolumeDrop));
}

#[test]
fn a_sudden_change_is_odd_and_one_odd_day_before_is_no_usual() {
    for (what, many, got, up_hours, want) in [
        ("as usual", 100, 90, 5, None),
        ("little more than a third", 100, 35, 5, None),
        ("a quarter", 100, 25, 5, Some(Kind::VolumeDrop)),
        ("a quarter, an hour is not over", 100, 25, 0, None),
        ("four times", 100, 400, 5, None),
        ("five times", 100, 500, 0, Some(Kind::VolumeSpike)),
        ("a few where there are none", 0, 60, 5, None),
        (
            "many where there are none",
            0,
            100,
            5,
            Some(Kind::VolumeSpike),
        ),
    ] {
        let mut hours = steady(7, many);
        let now = NOW + HOUR_MS - 1;
        hours.add(got, now);
        let since = now - up_hours * HOUR_MS;
        assert_eq!(
            kind(volume(&hours, Some(now), since, now, &RULES)),
            want,
            "{what}"
        );
    }
    let mut hours = Hours::default();
    for day in (1..=7).rev() {
        for hour in [-1, 0] {
            let many = if day == 3 { 10_000 } else { 100 };
            hours.add(many, NOW - day * DAY_MS + hour * HOUR_MS);
        }
    }
    assert_eq!(usual(&hours, NOW, &RULES), Some(100));
}

#[test]
fn the_usual_goes_over_from_hour_to_hour() {
    let mut hours = Hours::default();
    for day in (1..=3).rev() {
        hours.add(100, NOW - day * DAY_MS - HOUR_MS);
        hours.add(200, NOW - day * DAY_MS);
    }
    for (minutes, want) in [(0, 100), (15, 125), (30, 150), (45, 175)] {
        let now = NOW + minutes * MINUTE_MS;
        assert_eq!(usual(&hours, now, &RULES), Some(want), "{minutes}");
    }
}

#[test]
fn duplicates_are_odd_when_they_are_more_than_usual() {
    for (what, usual, now, want) in [
        (
            "a page that sends twice",
            (95, 5),
            (40, 60),
            Some(Kind::Duplicates),
        ),
        (
            "a server that tells what pages told",
            (5, 95),
            (5, 95),
            None,
        ),
        ("somewhat more", (40, 60), (30, 70), None),
        ("few", (95, 5), (4, 6), None),
    ] {
        let (mut fresh, mut known) = (steady(7, usual.0), steady(7, usual.1));
        fresh.add(now.0, NOW);
        known.add(now.1, NOW);
        assert_eq!(
            kind(duplicates(&fresh, &known, NOW, &RULES)),
            want,
            "{what}"
        );
    }
    let (mut fresh, mut known) = (Hours::default(), Hours::default());
    fresh.add(1, NOW);
    known.add(99, NOW);
    assert_eq!(
        duplicates(&fresh, &known, NOW, &RULES),
        None,
        "nothing is known yet"
    );
}

#[test]
fn refusals_are_odd_from_the_first_hour_on() {
    for (taken, refused, want) in [
        (80, 20, Some(Kind::Rejected)),
        (81, 19, None),
        (0, 19, None),
        (0, 20, Some(Kind::Rejected)),
        (0, 0, None),
    ] {
        assert_eq!(
            kind(rejected(taken, refused, &RULES)),
            want,
            "{taken}, {refused}"
        );
    }
}

#[test]
fn what_is_zero_is_switched_off() {
    let off = Rules {
        silent_minutes: 0,
        drop_percent: 0,
        spike_percent: 0,
        duplicate_percent: 0,
        rejected_percent: 0,
        ..RULES
    };
    let hours = steady(7, 100);
    assert_eq!(volume(&hours, Some(0), 0, NOW + HOUR_MS, &off), None);
    let mut many = steady(7, 100);
    many.add(100_000, NOW);
    assert_eq!(volume(&many, Some(NOW), 0, NOW, &off), None);
    assert_eq!(rejected(0, 1_000, &off), None);
    assert_eq!(duplicates(&hours, &many, NOW, &off), None);
}
