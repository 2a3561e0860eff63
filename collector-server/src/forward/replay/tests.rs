//! What goes, what does not, and how it is told.

use super::*;
use crate::store::{SourceKind, StoredCopy, StoredEvent};

const DAY_MS: i64 = 86_400_000;

fn served() -> Served {
    let target = |name: &str| Target {
        name: name.to_owned(),
        max_age_ms: 7 * DAY_MS,
    };
    Served {
        targets: ["meta-main", "ga4"].map(target).to_vec(),
        confirmed: BTreeSet::new(),
    }
}

fn copy(kind: SourceKind, at_ms: i64) -> StoredCopy {
    StoredCopy {
        source: "shop".to_owned(),
        kind,
        received_at_ms: at_ms,
        header: "{}".to_owned(),
        event: format!(r#"{{"id":"purchase:1","name":"purchase","at":{at_ms}}}"#),
    }
}

fn event(seq: Seq, at_ms: i64, reason: &str) -> SettledEvent {
    SettledEvent {
        seq,
        stored: Some(StoredEvent {
            seq,
            name: "purchase".to_owned(),
            event_id: format!("purchase:{seq}"),
            at_ms,
            settle_until_ms: at_ms,
            copies: vec![copy(SourceKind::Browser, at_ms)],
        }),
        state: Settled::Dead,
        reason: reason.to_owned(),
        settled_at_ms: at_ms,
        attempts: 1,
        answer: None,
    }
}

fn only_meta() -> Request {
    Request {
        destinations: vec!["meta-main".to_owned()],
        ..Request::default()
    }
}

#[test]
fn what_the_platform_would_not_take_is_told_and_left() {
    let mut replay = Replay::new(only_meta(), &served(), 1_000).unwrap();
    let now = 8 * DAY_MS;
    let (mut gone, mut erased) = (event(4, now, "x"), event(3, now, "x"));
    gone.stored = None;
    erased.stored.as_mut().unwrap().copies.clear();
    let page = [
        event(1, DAY_MS - 1, "meta 100 no"),
        event(2, DAY_MS, "meta 100 no (fbtrace_id A1)"),
        erased,
        gone,
    ];
    assert_eq!(replay.next().unwrap().after, 0);
    assert_eq!(replay.judge(&page, now), [2]);
    assert_eq!(replay.next(), None, "a page that is not full is the last");
    replay.sent(1);
    let report = replay.into_report(false);
    let want = Counts {
        ready: 1,
        too_old: 1,
        unconfirmed: 0,
        erased: 2,
    };
    assert_eq!(report.counts, want);
    assert_eq!(report.replayed, 1);
    assert!(!report.has_more);
    let line = report
        .lines
        .iter()
        .find(|line| line.reason == "meta 100 no");
    assert_eq!(line.unwrap().counts.all(), 2);
}

/// The platform looks at the time of the trusted copy, so a browser's claim makes nothing too old.
#[test]
fn the_time_that_counts_is_that_of_the_copy_whose_word_counts() {
    let mut replay = Replay::new(only_meta(), &served(), 1_000).unwrap();
    let now = 20 * DAY_MS;
    let mut claimed_old = event(1, 0, "x");
    let copies = &mut claimed_old.stored.as_mut().unwrap().copies;
    copies.push(copy(SourceKind::Server, now - DAY_MS));
    assert_eq!(replay.judge(&[claimed_old], now), [1]);
}

#[test]
fn what_must_be_confirmed_goes_only_when_it_was() {
    let served = Served {
        confirmed: BTreeSet::from(["purchase".to_owned()]),
        ..served()
    };
    let mut replay = Replay::new(only_meta(), &served, 1_000).unwrap();
    let reason = "unconfirmed: no trusted source told of it within 48 h";
    let alone = event(1, 0, reason);
    let mut told = event(2, 0, reason);
    let copies = &mut told.stored.as_mut().unwrap().copies;
    copies.push(copy(SourceKind::Webhook, 0));
    let mut other = event(3, 0, reason);
    other.stored.as_mut().unwrap().name = "refund".to_owned();
    assert_eq!(replay.judge(&[alone, told, other], 0), [2, 3]);
    assert_eq!(replay.into_report(true).counts.unconfirmed, 1);
}

#[test]
fn pages_follow_each_other_over_all_destinations_up_to_the_limit() {
    let mut replay = Replay::new(Request::default(), &served(), PAGE_EVENTS + 20).unwrap();
    let full: Vec<SettledEvent> = (1..).take(PAGE_EVENTS).map(|n| event(n, 0, "x")).collect();
    assert_eq!(replay.judge(&full, 0).len(), PAGE_EVENTS);
    let ask = replay.next().unwrap();
    assert_eq!(
        (ask.destination, ask.after, ask.limit),
        ("meta-main", 500, 20)
    );
    assert_eq!(replay.judge(&[event(501, 0, "x")], 0), [501]);
    let ask = replay.next().unwrap();
    assert_eq!((ask.destination, ask.after, ask.limit), ("ga4", 0, 19));
    let rest: Vec<SettledEvent> = (1..).take(19).map(|n| event(n, 0, "x")).collect();
    replay.judge(&rest, 0);
    assert_eq!(replay.next(), None);
    assert!(replay.into_report(true).has_more);
}

#[test]
fn a_request_that_cannot_be_meant_is_refused_with_what_to_write() {
    let request = |names: &[&str], states: &[Settled], times: (Option<i64>, Option<i64>)| Request {
        destinations: names.iter().map(|name| (*name).to_owned()).collect(),
        filter: SettledFilter {
            states: states.to_vec(),
            since_ms: times.0,
            until_ms: times.1,
            ..SettledFilter::default()
        },
        is_forced: false,
    };
    let never = (None, None);
    for (request, want) in [
        (
            request(&["meta-mian"], &[], never),
            "did you mean \"meta-main\"",
        ),
        (
            request(&["klaviyo"], &[], never),
            "served are meta-main, ga4",
        ),
        (
            request(&[], &[Settled::Delivered], never),
            "only when it is forced",
        ),
        (
            request(&[], &[], (Some(5), Some(5))),
            "until is not after since",
        ),
    ] {
        let error = Replay::new(request, &served(), 1).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
    let error = Replay::new(only_meta(), &Served::default(), 1)
        .unwrap_err()
        .to_string();
    assert!(error.contains("none is configured"), "{error}");
}

#[test]
fn reasons_are_told_without_what_differs_from_event_to_event() {
    for (reason, want) in [
        (
            "too old: happened 73 h ago, at most 71 h allowed",
            "too old",
        ),
        (
            "meta 100 Invalid parameter (fbtrace_id A1b)",
            "meta 100 Invalid parameter",
        ),
        ("tiktok 40002 no (request_id 2)", "tiktok 40002 no"),
        (
            "consent: marketing not granted (unset, regime opt_in)",
            "consent: marketing not granted (unset, regime opt_in)",
        ),
        ("", ""),
    ] {
        assert_eq!(kind_of(reason), want);
    }
}

#[test]
fn a_flood_of_reasons_is_told_as_one() {
    let mut replay = Replay::new(only_meta(), &served(), 1_000).unwrap();
    let page: Vec<SettledEvent> = (1..=200)
        .map(|n| event(n, 0, &format!("reason {n}")))
        .collect();
    replay.judge(&page, 0);
    let report = replay.into_report(true);
    assert_eq!(report.lines.len(), MAX_REASONS + 1);
    assert_eq!(report.counts.ready, 200);
}
