//! Random histories of a store beside a simple model of it: whatever is asked, in whatever order, with crashes and
//! upkeep between, the store answers what the model answers. Written once over [`Store`]; an engine's tests implement
//! [`Engine`] and call [`holds`].

mod reference;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use self::reference::{DESTINATIONS, Model, NAMES, SOURCES};
use super::conformance::{event, request};
use super::{Append, Attempt, ConsentChange, Outcome, OutcomeRow, Progress, Seq, Store};

/// Histories that are tried; `PROPTEST_CASES` sets another number.
const CASES: u32 = 16;
/// Longest history.
const MAX_OPERATIONS: usize = 60;
const HOUR_MS: i64 = 3_600_000;

/// How a store is opened, crashed and looked after.
pub(super) trait Engine {
    /// The store.
    type Store: Store;

    /// Returns a fresh store, for which retention waits for [`DESTINATIONS`].
    fn open(&mut self) -> Self::Store;

    /// Closes it and opens it again.
    async fn reopen(&mut self, store: Self::Store) -> Self::Store;

    /// Opens what is left if the power fails now.
    async fn crash(&mut self, store: Self::Store) -> Self::Store;

    /// Does all upkeep that there is to do at this time.
    async fn upkeep(&self, store: &Self::Store, now_ms: i64);

    /// Returns for how many days keys of dedup, and events, are kept.
    fn days(&self) -> (i64, i64);
}

/// What is asked of a store. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Operation {
    /// A request of one source with these events, as name and id.
    Append(usize, Vec<(usize, u8)>),
    /// A round of forwarding: how far the log is read, what is learned of which event, pause or resume.
    Commit(usize, i64, Vec<(usize, Learned)>, Option<bool>),
    /// A later word on consent, which may arrive after one that is newer.
    Word(u8, bool),
    /// Time passes.
    Hours(i64),
    Upkeep,
    Reopen,
    Crash,
}

/// What a round learns of an event.
#[derive(Debug, Clone, Copy)]
enum Learned {
    Waiting(i64),
    Unconfirmed(i64),
    Retry(i64),
    Delivered,
    Dead,
    Suppressed,
}

fn learned() -> impl Strategy<Value = Learned> {
    let hours = 0..48i64;
    prop_oneof![
        1 => hours.clone().prop_map(Learned::Waiting),
        1 => hours.clone().prop_map(Learned::Unconfirmed),
        1 => hours.prop_map(Learned::Retry),
        3 => Just(Learned::Delivered),
        1 => Just(Learned::Dead),
        1 => Just(Learned::Suppressed),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let events = prop::collection::vec((0..NAMES.len(), 0..12u8), 1..5);
    let outcomes = prop::collection::vec((any::<prop::sample::Index>(), learned()), 0..5);
    let outcomes = outcomes.prop_map(|list| {
        let place = |index: prop::sample::Index| index.index(1_000);
        list.into_iter()
            .map(|(at, what)| (place(at), what))
            .collect()
    });
    let pause = prop::option::weighted(0.1, any::<bool>());
    prop_oneof![
        10 => (0..SOURCES.len(), events).prop_map(|(source, events)| Operation::Append(source, events)),
        8 => (0..DESTINATIONS.len(), 0..6i64, outcomes, pause)
            .prop_map(|(to, read, outcomes, pause)| Operation::Commit(to, read, outcomes, pause)),
        3 => (0..4u8, any::<bool>()).prop_map(|(visitor, is_late)| Operation::Word(visitor, is_late)),
        3 => (1..60i64).prop_map(Operation::Hours),
        2 => Just(Operation::Upkeep),
        1 => Just(Operation::Reopen),
        2 => Just(Operation::Crash),
    ]
}

/// Runs random histories; the shortest that goes wrong is told.
pub(super) fn holds<E: Engine>(engine: impl Fn() -> E) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let cases = std::env::var("PROPTEST_CASES").ok();
    let config = ProptestConfig {
        cases: cases.and_then(|text| text.parse().ok()).unwrap_or(CASES),
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let history = prop::collection::vec(operation(), 1..MAX_OPERATIONS);
    let tried = TestRunner::new(config).run(&history, |history| {
        runtime.block_on(follow(&mut engine(), &history))
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}

async fn follow<E: Engine>(engine: &mut E, history: &[Operation]) -> Result<(), TestCaseError> {
    let mut store = engine.open();
    let (dedup_days, retention_days) = engine.days();
    let mut model = Model::new(dedup_days, retention_days);
    for (number, operation) in history.iter().enumerate() {
        // No two operations have the same time.
        let at_ms = model.now_ms + i64::try_from(number).unwrap_or(0);
        match operation {
            Operation::Append(source, events) => {
                let append = append(*source, events, at_ms);
                let want = model.append(*source, &append);
                prop_assert_eq!(store.append(append).await.unwrap(), want);
            }
            Operation::Commit(to, read, learned, pause) => {
                let (to, progress) = commit(&model, *to, *read, learned, *pause, at_ms);
                model.commit(to, &progress);
                store.commit(to, progress).await.unwrap();
            }
            Operation::Word(visitor, is_late) => {
                let word = ConsentChange {
                    anonymous_id: format!("visitor {visitor}"),
                    evidence: format!("word {number}"),
                    received_at_ms: if *is_late {
                        at_ms - 30 * HOUR_MS
                    } else {
                        at_ms
                    },
                };
                model.record(word.clone());
                store.record_consent(vec![word], None).await.unwrap();
            }
            Operation::Hours(hours) => model.now_ms += hours * HOUR_MS,
            Operation::Upkeep => {
                engine.upkeep(&store, model.now_ms).await;
                model.upkeep();
            }
            Operation::Reopen => store = engine.reopen(store).await,
            Operation::Crash => store = engine.crash(store).await,
        }
        compare(&store, &model).await?;
    }
    Ok(())
}

fn append(source: usize, events: &[(usize, u8)], at_ms: i64) -> Append {
    let (name, kind) = SOURCES[source];
    let events = events
        .iter()
        .map(|(name, id)| event(NAMES[*name], &id.to_string()))
        .collect();
    Append {
        received_at_ms: at_ms,
        ..request(name, kind, events)
    }
}

fn commit(
    model: &Model,
    to: usize,
    read: i64,
    learned: &[(usize, Learned)],
    pause: Option<bool>,
    at_ms: i64,
) -> (&'static str, Progress) {
    let to = DESTINATIONS[to];
    let known = model.seqs();
    let outcome = |what: Learned| match what {
        Learned::Waiting(hours) => Outcome::Waiting {
            until_ms: at_ms + hours * HOUR_MS,
        },
        Learned::Unconfirmed(hours) => Outcome::Unconfirmed {
            until_ms: at_ms + hours * HOUR_MS,
        },
        Learned::Retry(hours) => Outcome::Retry {
            at_ms: at_ms + hours * HOUR_MS,
            reason: "status 500".to_owned(),
        },
        Learned::Delivered => Outcome::Delivered,
        Learned::Dead => Outcome::Dead {
            reason: "refused".to_owned(),
        },
        Learned::Suppressed => Outcome::Suppressed {
            reason: "no consent".to_owned(),
        },
    };
    let outcomes = learned
        .iter()
        .filter(|_| !known.is_empty())
        .map(|(at, what)| OutcomeRow {
            seq: known[at % known.len()],
            outcome: outcome(*what),
            attempts: u32::try_from(at % 7).unwrap_or(0),
            at_ms,
            attempt: Some(0),
        })
        .collect();
    let cursor = (model.cursor(to) + read).min(model.last_seq());
    let progress = Progress {
        cursor: (read > 0).then_some(cursor),
        outcomes,
        attempts: vec![Attempt {
            at_ms,
            took_ms: 1,
            events: learned.len(),
            status: 200,
            answer: String::new(),
        }],
        paused: pause.map(|is_paused| is_paused.then(|| "refused".to_owned())),
    };
    (to, progress)
}

/// Asks the store everything that the model knows.
async fn compare(store: &impl Store, model: &Model) -> Result<(), TestCaseError> {
    let log = store.read_log(0, 10_000).await.unwrap();
    let seen: Vec<_> = log
        .iter()
        .map(|event| {
            let copies = event.copies.iter();
            let sources: Vec<_> = copies.map(|copy| copy.source.clone()).collect();
            (
                event.seq,
                event.name.clone(),
                event.event_id.clone(),
                sources,
            )
        })
        .collect();
    prop_assert_eq!(seen, model.log());
    for stored in &log {
        let text = event(&stored.name, &stored.event_id).event;
        prop_assert!(stored.copies.iter().all(|copy| copy.event == text));
    }
    prop_assert_eq!(*store.watch().borrow(), model.last_seq());
    for to in DESTINATIONS {
        let state = store.destination_state(to).await.unwrap();
        prop_assert_eq!(state, model.state(to), "{}", to);
        for now_ms in [model.now_ms, Seq::MAX] {
            let due = store.due(to, now_ms, 10_000).await.unwrap();
            let due: Vec<_> = due.iter().map(|due| (due.seq, due.attempts)).collect();
            prop_assert_eq!(due, model.due(to, now_ms), "due at {}", to);
        }
    }
    let visitors: Vec<String> = (0..4).map(|visitor| format!("visitor {visitor}")).collect();
    let mut words = store.latest_consent(visitors).await.unwrap();
    words.sort_by(|a, b| a.anonymous_id.cmp(&b.anonymous_id));
    prop_assert_eq!(words, model.words());
    Ok(())
}
