//! What is told, when, and how often.

use super::*;

const RULES: Rules = Rules {
    rest_minutes: 10,
    dead_letters: 3,
    dead_letter_minutes: 60,
    repeat_minutes: 240,
    messages_per_hour: 20,
};

fn seen(gate: GateNow, dead_letters: u64) -> Seen {
    let now = DestinationNow { gate, dead_letters };
    Seen {
        destinations: BTreeMap::from([("meta".to_owned(), now)]),
        ..Seen::default()
    }
}

fn paused(since_ms: i64) -> Seen {
    let reason = "meta 190 expired".to_owned();
    seen(GateNow::Paused { since_ms, reason }, 0)
}

fn open() -> Seen {
    seen(GateNow::Open, 0)
}

/// Looks, and sends everything that may be sent.
fn tell(watch: &mut Watch, rules: &Rules, seen: &Seen, now_ms: i64) -> Vec<(Kind, State)> {
    watch.look(rules, seen, now_ms);
    let mut told = Vec::new();
    while let Some(message) = watch.next(rules, now_ms, |_| ()) {
        told.push((message.kind, message.state));
        watch.told(&message, now_ms);
    }
    told
}

#[test]
fn a_pause_is_told_at_once_again_while_it_lasts_and_when_it_is_over() {
    let mut watch = Watch::new(&RULES, 0);
    let kind = Kind::DestinationPaused;
    assert_eq!(tell(&mut watch, &RULES, &open(), 0), []);
    assert_eq!(
        tell(&mut watch, &RULES, &paused(5), 5),
        [(kind, State::Raised)]
    );
    assert_eq!(tell(&mut watch, &RULES, &paused(5), 6), []);
    let later = 5 + 4 * HOUR_MS;
    assert_eq!(
        tell(&mut watch, &RULES, &paused(5), later),
        [(kind, State::Still)]
    );
    assert_eq!(tell(&mut watch, &RULES, &open(), later + 1), []);
    let over = later + 1 + QUIET_MS;
    assert_eq!(
        tell(&mut watch, &RULES, &open(), over),
        [(kind, State::Over)]
    );
    assert_eq!(tell(&mut watch, &RULES, &open(), over + 1), []);
}

/// A reload tries a paused destination again: that is no end and no new beginning.
#[test]
fn what_comes_back_at_once_was_never_over() {
    let mut watch = Watch::new(&RULES, 0);
    assert_eq!(tell(&mut watch, &RULES, &paused(0), 0).len(), 1);
    assert_eq!(tell(&mut watch, &RULES, &open(), 1_000), []);
    assert_eq!(tell(&mut watch, &RULES, &paused(2_000), 2_000), []);
    assert_eq!(
        tell(&mut watch, &RULES, &paused(2_000), QUIET_MS + 2_000),
        []
    );
}

#[test]
fn a_rest_is_told_when_it_was_too_long() {
    let mut watch = Watch::new(&RULES, 0);
    let resting = seen(GateNow::Resting { since_ms: 0 }, 0);
    let limit = 10 * MINUTE_MS;
    assert_eq!(tell(&mut watch, &RULES, &resting, limit - 1), []);
    let want = [(Kind::DestinationResting, State::Raised)];
    assert_eq!(tell(&mut watch, &RULES, &resting, limit), want);
}

#[test]
fn many_dead_letters_within_the_time_are_told_and_few_are_not() {
    let mut watch = Watch::new(&RULES, 0);
    let dead = |count| seen(GateNow::Open, count);
    // From before it was looked: nobody knows when.
    assert_eq!(tell(&mut watch, &RULES, &dead(50), 0), []);
    for now_ms in [HOUR_MS - 1, HOUR_MS] {
        assert_eq!(tell(&mut watch, &RULES, &dead(52), now_ms), []);
    }
    assert_eq!(tell(&mut watch, &RULES, &dead(54), HOUR_MS + 1), []);
    watch.look(&RULES, &dead(55), HOUR_MS + 2);
    let message = watch.next(&RULES, HOUR_MS + 2, |_| ()).unwrap();
    assert!(
        message.body.contains("given up 3 events within 60 minutes"),
        "{}",
        message.body
    );
    watch.told(&message, HOUR_MS + 2);
    let quiet = 2 * HOUR_MS + 2;
    assert_eq!(tell(&mut watch, &RULES, &dead(55), quiet), []);
    let want = [(Kind::DeadLetters, State::Over)];
    assert_eq!(tell(&mut watch, &RULES, &dead(55), quiet + QUIET_MS), want);
}

#[test]
fn no_more_is_told_than_is_allowed_and_what_is_true_comes_later() {
    let rules = Rules {
        messages_per_hour: 2,
        ..RULES
    };
    let mut all = Seen::default();
    for name in ["a", "b", "c"] {
        let now = paused(0).destinations.remove("meta").unwrap();
        all.destinations.insert(name.to_owned(), now);
    }
    let mut watch = Watch::new(&rules, 0);
    watch.look(&rules, &all, 0);
    let (mut sent, mut held_back) = (0, 0);
    for now_ms in 0..6 {
        if let Some(message) = watch.next(&rules, now_ms, |_| held_back += 1) {
            watch.told(&message, now_ms);
            sent += 1;
        }
    }
    assert_eq!((sent, held_back), (2, 1), "one alarm waits, counted once");
    assert_eq!(tell(&mut watch, &rules, &all, HOUR_MS / 2 - 1), []);
    assert_eq!(tell(&mut watch, &rules, &all, HOUR_MS / 2 + 1).len(), 1);
}

#[test]
fn what_was_not_taken_is_tried_again_under_the_same_id_after_a_rest() {
    let mut watch = Watch::new(&RULES, 0);
    watch.look(&RULES, &paused(0), 0);
    let first = watch.next(&RULES, 0, |_| ()).unwrap();
    watch.failed(0);
    assert_eq!(watch.next(&RULES, FIRST_REST_MS - 1, |_| ()), None);
    let again = watch.next(&RULES, FIRST_REST_MS, |_| ()).unwrap();
    assert_eq!(again.id_parts, first.id_parts);
    for _ in 0..70 {
        watch.failed(0);
    }
    assert!(watch.next(&RULES, MAX_REST_MS, |_| ()).is_some());
}

#[test]
fn a_store_that_cannot_write_is_told_with_its_words() {
    let mut watch = Watch::new(&RULES, 0);
    let full = Seen {
        store: Some(Trouble {
            since_ms: 7,
            last_ms: 7,
            words: "database or disk is full".to_owned(),
        }),
        ..Seen::default()
    };
    watch.look(&RULES, &full, 8);
    let message = watch.next(&RULES, 8, |_| ()).unwrap();
    let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["type"], "alert.store_failing");
    assert_eq!(body["data"]["state"], "raised");
    assert_eq!(body["data"]["since"], "1970-01-01T00:00:00.007Z");
    let words = body["data"]["message"].as_str().unwrap();
    assert!(words.ends_with("503: database or disk is full"), "{words}");
}

#[test]
fn a_store_that_fills_is_told_before_it_refuses() {
    let mut watch = Watch::new(&RULES, 0);
    let filling = Seen {
        room: Room {
            used_bytes: 96 << 20,
            limit_bytes: 100 << 20,
            is_limit_ours: true,
            ..Room::default()
        },
        ..Seen::default()
    };
    watch.look(&RULES, &filling, 8);
    let message = watch.next(&RULES, 8, |_| ()).unwrap();
    let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["type"], "alert.store_filling");
    let words = body["data"]["message"].as_str().unwrap();
    assert!(words.contains("96 of 100 MiB"), "{words}");
    let full = Seen {
        store: Some(Trouble {
            since_ms: 9,
            last_ms: 9,
            words: "full".to_owned(),
        }),
        ..filling
    };
    let told = tell(&mut watch, &RULES, &full, 9);
    assert!(
        told.contains(&(Kind::StoreFailing, State::Raised)),
        "{told:?}"
    );
    assert!(
        !told.contains(&(Kind::StoreFilling, State::Raised)),
        "one at a time: {told:?}"
    );
}

#[test]
fn what_is_unusual_about_a_source_is_one_alarm_and_a_lag_is_its_destinations() {
    let signal = |kind, source: Option<&str>, event: Option<&str>, since_ms| Signal {
        kind,
        source: source.map(str::to_owned),
        event: event.map(str::to_owned),
        destination: source.is_none().then(|| "meta".to_owned()),
        since_ms,
        message: "so it is".to_owned(),
    };
    let odd = Seen {
        signals: vec![
            signal(signals::Kind::Silent, Some("web"), None, 9),
            signal(signals::Kind::Silent, Some("web"), Some("purchase"), 7),
            signal(signals::Kind::Rejected, Some("erp"), None, 8),
            signal(signals::Kind::Lag, None, None, 8),
        ],
        ..Seen::default()
    };
    let mut watch = Watch::new(&RULES, 0);
    watch.look(&RULES, &odd, 10);
    let mut told = Vec::new();
    while let Some(message) = watch.next(&RULES, 10, |_| ()) {
        let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
        let data = &body["data"];
        let whose = data["source"].as_str().or(data["destination"].as_str());
        let words = data["message"].as_str().unwrap();
        told.push(format!(
            "{} {}: {words}",
            message.kind.as_str(),
            whose.unwrap()
        ));
        watch.told(&message, 10);
    }
    let want = [
        "destination_lagging meta: meta: so it is",
        "unusual erp: erp: so it is",
        "unusual web: web: so it is; web, purchase: so it is",
    ];
    assert_eq!(told, want);
}
