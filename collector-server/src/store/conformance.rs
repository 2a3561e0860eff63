//! What every engine must do, written once over [`Store`]. An engine's tests call [`suite`].

use std::sync::Arc;

use crate::privacy::subject::{Identifier, Kind, Refusals, Subject};

use super::{
    Append, Appended, Attempt, ConsentChange, Due, LongestWait, NewEvent, Outcome, OutcomeRow,
    Owner, Progress, Quarantined, Seq, SourceKind, Store,
};

/// Returns an event with little in it.
pub(super) fn event(name: &str, id: &str) -> NewEvent {
    NewEvent {
        name: name.to_owned(),
        event_id: id.to_owned(),
        at_ms: 1_000,
        settle_until_ms: 2_000,
        event: format!(r#"{{"id":"{id}","name":"{name}","note":"ü\n"}}"#),
    }
}

/// Returns a request with these events.
pub(super) fn request(source: &str, kind: SourceKind, events: Vec<NewEvent>) -> Append {
    Append {
        source: Arc::from(source),
        kind,
        received_at_ms: 5_000,
        header: format!(r#"{{"from":"{source}"}}"#),
        events,
        quarantined: Vec::new(),
        receipt: None,
        owner: Owner {
            id: Some(format!("person of {source}")),
            ..Owner::default()
        },
        subject: Subject::default(),
    }
}

fn browser(events: Vec<NewEvent>) -> Append {
    request("web", SourceKind::Browser, events)
}

fn outcome(seq: Seq, outcome: Outcome, attempt: Option<usize>) -> OutcomeRow {
    OutcomeRow {
        seq,
        outcome,
        attempts: 1,
        at_ms: 7_000,
        attempt,
    }
}

/// Runs every rule, each on a fresh store.
pub(super) async fn suite<S: Store, F: Fn() -> S>(fresh: F) {
    positions_grow_by_one_and_are_read_in_order(&fresh()).await;
    the_same_event_is_accepted_once(&fresh()).await;
    a_copy_of_another_source_is_kept_once(&fresh()).await;
    names_and_ids_make_the_key_together(&fresh()).await;
    reading_respects_position_and_limit(&fresh()).await;
    the_watch_tells_the_last_position(&fresh()).await;
    a_request_of_bad_events_only_takes_no_position(&fresh()).await;
    an_unknown_destination_starts_at_the_beginning(&fresh()).await;
    progress_is_kept_as_one(&fresh()).await;
    what_is_due_comes_longest_due_first(&fresh()).await;
    what_waits_longer_than_anything_can_is_due_at_once(&fresh()).await;
    a_trusted_copy_ends_the_wait_for_it_and_wakes_who_waits(&fresh()).await;
    a_trusted_copy_that_came_before_the_wait_was_recorded_ends_it(&fresh()).await;
    the_latest_word_on_consent_counts(&fresh()).await;
    a_choice_counts_for_every_id_it_names(&fresh()).await;
    a_no_holds_for_the_whole_person_and_a_yes_for_its_browser(&fresh()).await;
}

async fn positions_grow_by_one_and_are_read_in_order(store: &impl Store) {
    let first = store
        .append(browser(vec![event("a", "1"), event("a", "2")]))
        .await
        .unwrap();
    let second = store.append(browser(vec![event("a", "3")])).await.unwrap();
    assert_eq!(first, [Appended::Accepted(1), Appended::Accepted(2)]);
    assert_eq!(second, [Appended::Accepted(3)]);
    let log = store.read_log(0, 10).await.unwrap();
    let seen: Vec<_> = log.iter().map(|e| (e.seq, e.event_id.as_str())).collect();
    assert_eq!(seen, [(1, "1"), (2, "2"), (3, "3")]);
    assert_eq!(log[0].copies[0].event, event("a", "1").event);
    assert_eq!(log[0].copies[0].header, r#"{"from":"web"}"#);
    assert_eq!(log[0].at_ms, 1_000);
    assert_eq!(log[0].settle_until_ms, 2_000);
}

async fn the_same_event_is_accepted_once(store: &impl Store) {
    let twice = browser(vec![event("a", "1"), event("a", "1")]);
    assert_eq!(
        store.append(twice.clone()).await.unwrap(),
        [Appended::Accepted(1), Appended::Duplicate(1)]
    );
    assert_eq!(
        store.append(twice).await.unwrap(),
        [Appended::Duplicate(1), Appended::Duplicate(1)]
    );
    let log = store.read_log(0, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].copies.len(), 1, "a repeat is counted, not kept");
}

async fn a_copy_of_another_source_is_kept_once(store: &impl Store) {
    let server = || request("erp", SourceKind::Server, vec![event("purchase", "p:1")]);
    store
        .append(browser(vec![event("x", "0"), event("purchase", "p:1")]))
        .await
        .unwrap();
    assert_eq!(
        store.append(server()).await.unwrap(),
        [Appended::Duplicate(2)]
    );
    assert_eq!(
        store.append(server()).await.unwrap(),
        [Appended::Duplicate(2)]
    );
    let log = store.read_events(vec![2]).await.unwrap();
    let kinds: Vec<_> = log[0]
        .copies
        .iter()
        .map(|c| (c.source.as_str(), c.kind))
        .collect();
    assert_eq!(
        kinds,
        [("web", SourceKind::Browser), ("erp", SourceKind::Server)]
    );
    assert_eq!(log[0].copies[1].header, r#"{"from":"erp"}"#);
    assert_eq!(store.read_log(1, 9).await.unwrap(), log);
}

async fn names_and_ids_make_the_key_together(store: &impl Store) {
    let answers = store
        .append(browser(vec![
            event("a", "bc"),
            event("ab", "c"),
            event("b", "bc"),
        ]))
        .await
        .unwrap();
    assert!(
        answers.iter().all(|a| matches!(a, Appended::Accepted(_))),
        "{answers:?}"
    );
}

async fn reading_respects_position_and_limit(store: &impl Store) {
    for batch in 0..4 {
        let events = (0..3)
            .map(|n| event("a", &format!("{batch}-{n}")))
            .collect();
        store.append(browser(events)).await.unwrap();
    }
    let seqs = |events: Vec<super::StoredEvent>| events.iter().map(|e| e.seq).collect::<Vec<_>>();
    assert_eq!(
        seqs(store.read_log(1, 4).await.unwrap()),
        [2, 3, 4, 5],
        "from the middle of a request"
    );
    assert_eq!(seqs(store.read_log(11, 9).await.unwrap()), [12]);
    assert!(store.read_log(12, 9).await.unwrap().is_empty());
    assert!(store.read_log(0, 0).await.unwrap().is_empty());
    assert_eq!(
        seqs(store.read_events(vec![12, 2, 99, 2]).await.unwrap()),
        [2, 12]
    );
    assert!(store.read_events(Vec::new()).await.unwrap().is_empty());
}

async fn the_watch_tells_the_last_position(store: &impl Store) {
    let mut watch = store.watch();
    assert_eq!(*watch.borrow_and_update(), 0);
    store
        .append(browser(vec![event("a", "1"), event("a", "2")]))
        .await
        .unwrap();
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), 2);
}

async fn a_request_of_bad_events_only_takes_no_position(store: &impl Store) {
    let mut bad = browser(Vec::new());
    bad.quarantined.push(Quarantined {
        event_id: Some("q".to_owned()),
        name: None,
        code: "invalid_name",
        message: "name is empty".to_owned(),
        payload: Some("{}".to_owned()),
    });
    assert!(store.append(bad).await.unwrap().is_empty());
    assert_eq!(
        store.append(browser(vec![event("a", "1")])).await.unwrap(),
        [Appended::Accepted(1)]
    );
}

async fn an_unknown_destination_starts_at_the_beginning(store: &impl Store) {
    let state = store.destination_state("new").await.unwrap();
    assert_eq!(
        (state.cursor, state.paused, state.next_due_ms),
        (0, None, None)
    );
    assert!(store.due("new", i64::MAX, 9).await.unwrap().is_empty());
}

async fn progress_is_kept_as_one(store: &impl Store) {
    store
        .append(browser(vec![event("a", "1"), event("a", "2")]))
        .await
        .unwrap();
    let retry = Outcome::Retry {
        at_ms: 9_000,
        reason: "status 500".to_owned(),
    };
    let progress = Progress {
        cursor: Some(2),
        outcomes: vec![
            outcome(1, Outcome::Delivered, Some(0)),
            outcome(2, retry, Some(0)),
        ],
        attempts: vec![Attempt {
            at_ms: 6_500,
            took_ms: 20,
            events: 2,
            status: 207,
            answer: "partly".to_owned(),
        }],
        paused: Some(Some("token refused".to_owned())),
    };
    store.commit("meta", progress).await.unwrap();
    let state = store.destination_state("meta").await.unwrap();
    assert_eq!(state.cursor, 2);
    assert_eq!(state.paused.as_deref(), Some("token refused"));
    assert_eq!(state.next_due_ms, Some(9_000));
    let other = store.destination_state("tiktok").await.unwrap();
    assert_eq!(other.cursor, 0, "destinations do not share a cursor");

    let later = Progress {
        outcomes: vec![outcome(2, Outcome::Delivered, None)],
        paused: Some(None),
        ..Progress::default()
    };
    store.commit("meta", later).await.unwrap();
    let state = store.destination_state("meta").await.unwrap();
    assert_eq!(
        (state.cursor, state.paused, state.next_due_ms),
        (2, None, None)
    );
}

async fn what_is_due_comes_longest_due_first(store: &impl Store) {
    let ids = ["1", "2", "3", "4"];
    store
        .append(browser(ids.map(|id| event("a", id)).to_vec()))
        .await
        .unwrap();
    let retry = |at_ms| Outcome::Retry {
        at_ms,
        reason: String::new(),
    };
    let progress = Progress {
        outcomes: vec![
            outcome(1, retry(300), None),
            outcome(2, Outcome::Waiting { until_ms: 100 }, None),
            outcome(3, retry(900), None),
            outcome(
                4,
                Outcome::Dead {
                    reason: "too old".to_owned(),
                },
                None,
            ),
        ],
        ..Progress::default()
    };
    store.commit("meta", progress).await.unwrap();
    let seqs = |due: Vec<Due>| due.iter().map(|d| d.seq).collect::<Vec<_>>();
    assert_eq!(seqs(store.due("meta", 500, 9).await.unwrap()), [2, 1]);
    assert_eq!(seqs(store.due("meta", 500, 1).await.unwrap()), [2]);
    assert_eq!(seqs(store.due("meta", 900, 9).await.unwrap()), [2, 1, 3]);
    assert!(store.due("tiktok", 900, 9).await.unwrap().is_empty());
}

async fn what_waits_longer_than_anything_can_is_due_at_once(store: &impl Store) {
    let ids = ["1", "2", "3", "4", "5"];
    store
        .append(browser(ids.map(|id| event("a", id)).to_vec()))
        .await
        .unwrap();
    let retry = |at_ms| Outcome::Retry {
        at_ms,
        reason: String::new(),
    };
    let outcomes = vec![
        outcome(1, retry(1_600), None),
        outcome(2, retry(1_601), None),
        outcome(3, Outcome::Waiting { until_ms: 1_030 }, None),
        outcome(4, Outcome::Waiting { until_ms: 1_031 }, None),
        outcome(5, Outcome::Unconfirmed { until_ms: 900_000 }, None),
    ];
    let progress = Progress {
        outcomes,
        ..Progress::default()
    };
    store.commit("meta", progress.clone()).await.unwrap();
    store.commit("ga4", progress).await.unwrap();
    let longest = LongestWait {
        retry_ms: 600,
        settle_ms: 30,
    };
    let brought = store.bring_forward("meta", 1_000, longest).await.unwrap();
    assert_eq!(brought, 2);
    let due = store.due("meta", 1_000, 9).await.unwrap();
    assert_eq!(due.iter().map(|due| due.seq).collect::<Vec<_>>(), [2, 4]);
    assert!(store.due("ga4", 1_000, 9).await.unwrap().is_empty());
    let again = store.bring_forward("meta", 1_000, longest).await.unwrap();
    assert_eq!(again, 0, "nothing is left that waits too long");
    let unknown = store.bring_forward("new", 1_000, longest).await.unwrap();
    assert_eq!(unknown, 0);
}

fn unconfirmed(seq: Seq) -> Progress {
    let until_ms = 900_000;
    Progress {
        cursor: Some(seq),
        outcomes: vec![outcome(seq, Outcome::Unconfirmed { until_ms }, None)],
        ..Progress::default()
    }
}

async fn a_trusted_copy_ends_the_wait_for_it_and_wakes_who_waits(store: &impl Store) {
    let purchase = || vec![event("purchase", "purchase:1")];
    let others = vec![event("purchase", "purchase:2")];
    store.append(browser(purchase())).await.unwrap();
    store.append(browser(others)).await.unwrap();
    for destination in ["meta", "ga4"] {
        store.commit(destination, unconfirmed(1)).await.unwrap();
        store.commit(destination, unconfirmed(2)).await.unwrap();
    }
    let mut watch = store.watch();
    watch.borrow_and_update();
    // Another page proves nothing.
    let page = request("second page", SourceKind::Browser, purchase());
    store.append(page).await.unwrap();
    assert!(!watch.has_changed().unwrap());
    assert!(store.due("meta", 899_999, 10).await.unwrap().is_empty());
    let told = request("erp", SourceKind::Server, purchase());
    store.append(told).await.unwrap();
    assert!(watch.has_changed().unwrap(), "a destination sleeps on this");
    for destination in ["meta", "ga4"] {
        let due = store.due(destination, 5_000, 10).await.unwrap();
        let due: Vec<Seq> = due.iter().map(|due| due.seq).collect();
        assert_eq!(due, [1], "{destination}");
        let state = store.destination_state(destination).await.unwrap();
        assert_eq!(state.next_due_ms, Some(5_000));
    }
    // What was sent meanwhile is not woken again by a third copy.
    let sent = Progress {
        outcomes: vec![outcome(1, Outcome::Delivered, None)],
        ..Progress::default()
    };
    store.commit("meta", sent).await.unwrap();
    let third = request("shop", SourceKind::Webhook, purchase());
    store.append(third).await.unwrap();
    assert!(store.due("meta", 899_999, 10).await.unwrap().is_empty());
}

async fn a_trusted_copy_that_came_before_the_wait_was_recorded_ends_it(store: &impl Store) {
    let purchase = || vec![event("purchase", "purchase:1")];
    store.append(browser(purchase())).await.unwrap();
    // A forwarder has looked, and found the browser's copy alone; then this comes.
    let told = request("shop", SourceKind::Webhook, purchase());
    store.append(told).await.unwrap();
    store.commit("meta", unconfirmed(1)).await.unwrap();
    assert_eq!(store.due("meta", 7_000, 10).await.unwrap().len(), 1);
}

async fn the_latest_word_on_consent_counts(store: &impl Store) {
    let word = |id: &str, evidence: &str, received_at_ms| ConsentChange {
        anonymous_id: id.to_owned(),
        evidence: evidence.to_owned(),
        received_at_ms,
    };
    for change in [
        word("v1", "old", 10),
        word("v1", "new", 30),
        word("v1", "late", 20),
        word("v2", "x", 5),
    ] {
        store.record_consent(vec![change], None).await.unwrap();
    }
    let ask = vec!["v1".to_owned(), "v3".to_owned()];
    assert_eq!(
        store.latest_consent(ask).await.unwrap(),
        [word("v1", "new", 30)]
    );
}

async fn a_choice_counts_for_every_id_it_names(store: &impl Store) {
    let word = |id: &str, evidence: &str, received_at_ms| ConsentChange {
        anonymous_id: id.to_owned(),
        evidence: evidence.to_owned(),
        received_at_ms,
    };
    let ids = || vec!["a".to_owned(), "b".to_owned()];
    for (evidence, at) in [("yes", 1), ("no", 2)] {
        let words = vec![word("a", evidence, at), word("b", evidence, at)];
        store.record_consent(words.clone(), None).await.unwrap();
        // Asked twice: what is remembered is what is kept.
        for _ in 0..2 {
            let mut known = store.latest_consent(ids()).await.unwrap();
            known.sort_by(|a, b| a.anonymous_id.cmp(&b.anonymous_id));
            assert_eq!(known, words);
        }
    }
    store.record_consent(Vec::new(), None).await.unwrap();
}

async fn a_no_holds_for_the_whole_person_and_a_yes_for_its_browser(store: &impl Store) {
    let of = |kind, value: &str| store.key_ring().identifier(kind, value);
    let told = |identifiers: Vec<Identifier>, refused| Subject {
        identifiers,
        may_link: true,
        refused,
    };
    let customer = of(Kind::UserId, "c-77");
    let (phone, desktop) = (
        of(Kind::AnonymousId, "phone"),
        of(Kind::AnonymousId, "desktop"),
    );
    for browser in [phone, desktop] {
        let append = Append {
            subject: told(vec![browser, customer], Refusals::default()),
            ..self::browser(vec![event("a", &browser.key.to_string())])
        };
        store.append(append).await.unwrap();
    }
    let standing = async || store.standings(vec![desktop.key]).await.unwrap();
    assert!(standing().await.is_empty());
    let no = Refusals([None, Some(100), None, None]);
    for refused in [Refusals::default(), no, Refusals::default()] {
        let subject = told(vec![phone], refused);
        store.record_word(Vec::new(), None, subject).await.unwrap();
    }
    // Asked twice: what is remembered is what is kept.
    for _ in 0..2 {
        let known = standing().await;
        assert_eq!(
            (known.len(), known[0].1.refused),
            (1, no),
            "a yes elsewhere lifts nothing here"
        );
    }
}
