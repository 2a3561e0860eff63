//! What is counted of events that a real store holds.

use super::*;
use crate::store::sqlite::{SqliteConfig, SqliteStore};
use crate::store::{Append, Attempt, NewEvent, Outcome, OutcomeRow, Owner, Progress, Store as _};

const START: i64 = 1_795_471_200_000;

fn told(source: &str, kind: SourceKind, name: &str, ids: &[&str], at_ms: i64) -> Append {
    Append {
        source: source.into(),
        kind,
        received_at_ms: at_ms,
        header: "{}".to_owned(),
        events: ids
            .iter()
            .map(|id| NewEvent {
                name: name.to_owned(),
                event_id: (*id).to_owned(),
                at_ms,
                settle_until_ms: at_ms,
                event: "{}".to_owned(),
            })
            .collect(),
        quarantined: Vec::new(),
        subject: crate::privacy::subject::Subject::default(),
        receipt: None,
        owner: Owner::default(),
    }
}

fn question() -> Question {
    Question {
        since_ms: START,
        until_ms: START + 3_600_000,
        name: None,
        confirmed: BTreeSet::from(["purchase".to_owned()]),
        max_events: DEFAULT_MAX_EVENTS,
    }
}

async fn report(store: &SqliteStore, question: Question) -> Report {
    store
        .read(move |view| {
            let mut reporter = Reporter::new(question);
            while reporter.step(view)? {}
            Ok(reporter.finish())
        })
        .await
        .unwrap()
}

fn outcome(seq: Seq, outcome: Outcome) -> OutcomeRow {
    OutcomeRow {
        seq,
        outcome,
        attempts: 1,
        at_ms: START,
        attempt: Some(0),
    }
}

/// Five purchases, of which both told three; one of the three late.
async fn shop(dir: &tempfile::TempDir) -> SqliteStore {
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let web = |ids: &[&str], at| told("web", SourceKind::Browser, "purchase", ids, at);
    let erp = |ids: &[&str], at| told("erp", SourceKind::Server, "purchase", ids, at);
    // Before the time that is asked for.
    store
        .append(web(&["p:0"], START - 3_600_000))
        .await
        .unwrap();
    store
        .append(web(&["p:1", "p:2", "p:3", "p:4"], START))
        .await
        .unwrap();
    store
        .append(erp(&["p:1", "p:0", "p:5"], START + 2_000))
        .await
        .unwrap();
    store.append(web(&["p:5"], START + 2_500)).await.unwrap();
    store
        .append(told(
            "web",
            SourceKind::Browser,
            "page_view",
            &["v:1"],
            START + 2_600,
        ))
        .await
        .unwrap();
    let reason = "unconfirmed: no trusted source told of it within 48 h".to_owned();
    let progress = Progress {
        cursor: Some(7),
        outcomes: vec![
            outcome(2, Outcome::Delivered),
            outcome(3, Outcome::Delivered),
            outcome(4, Outcome::Unconfirmed { until_ms: START }),
            outcome(5, Outcome::Suppressed { reason }),
        ],
        attempts: vec![Attempt {
            at_ms: START + 60_000,
            took_ms: 5,
            events: 2,
            status: 200,
            answer: String::new(),
        }],
        ..Progress::default()
    };
    store.commit("meta", progress).await.unwrap();
    store.append(erp(&["p:2"], START + 600_000)).await.unwrap();
    store
}

#[tokio::test]
async fn each_pair_tells_matched_alone_late_and_unconfirmed() {
    let dir = tempfile::tempdir().unwrap();
    let store = shop(&dir).await;
    let report = report(&store, question()).await;
    assert!(report.is_whole);
    let names: Vec<&str> = report.names.iter().map(|name| name.name.as_str()).collect();
    assert_eq!(names, ["page_view", "purchase"]);
    insta::assert_snapshot!(text::text(&report), @r"
    events that first arrived from 2026-11-23T22:00:00.000Z to 2026-11-23T23:00:00.000Z

    page_view: 1 events, told 1 times; deduplication took away 0.0 %
      web (browser)                      1   nobody else told of 1

    purchase: 5 events, told 8 times; deduplication took away 37.5 %
      web (browser)                      5   nobody else told of 2
      erp (server)                       3   nobody else told of 0
      web (browser) and erp (server)
        matched 3, only web (browser) 2, only erp (server) 0, late 1
        web (browser) came first 2 times; the second word came after 2.0 s (half), 10 min (95 %), 10 min (longest)
      unconfirmed: 1 wait for a trusted source, 1 were confirmed by none in time
    ");
    let purchase = &report.names[1];
    assert_eq!(
        (purchase.unconfirmed_waiting, purchase.unconfirmed_expired),
        (1, 1)
    );
    let pair = &purchase.pairs[0];
    assert_eq!((pair.matched, pair.late, pair.first_here), (3, 1, 2));
    assert_eq!((pair.only_here, pair.only_there), (2, 0));
    assert_eq!(pair.delay_max_ms, Some(600_000));
}

#[tokio::test]
async fn a_report_keeps_to_its_name_its_time_and_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let store = shop(&dir).await;
    let one = Question {
        name: Some("page_view".to_owned()),
        ..question()
    };
    let page_views = report(&store, one).await;
    assert_eq!(page_views.names.len(), 1);
    assert_eq!(page_views.names[0].events, 1);
    assert!(page_views.names[0].pairs.is_empty());
    let early = Question {
        until_ms: START + 1,
        ..question()
    };
    assert_eq!(report(&store, early).await.names[0].events, 4);
    let none = Question {
        since_ms: START + 7_200_000,
        until_ms: START + 7_300_000,
        ..question()
    };
    assert!(report(&store, none).await.names.is_empty());
    let all = Question {
        since_ms: 0,
        ..question()
    };
    assert_eq!(report(&store, all).await.names[1].events, 6);
}

#[tokio::test]
async fn many_requests_are_read_in_slices_and_no_more_than_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let requests = usize::try_from(crate::store::sqlite::SLICE_ROWS).unwrap() + 500;
    let appends = |source: &'static str, kind, step: usize| {
        (0..requests)
            .step_by(step)
            .map(move |n| {
                let at = START + i64::try_from(n).unwrap();
                told(source, kind, "purchase", &[&format!("p:{n}")], at)
            })
            .collect::<Vec<_>>()
    };
    store
        .append_all(appends("web", SourceKind::Browser, 1))
        .await
        .unwrap();
    store
        .append_all(appends("erp", SourceKind::Server, 2))
        .await
        .unwrap();
    let whole = report(&store, question()).await;
    assert!(whole.is_whole);
    let pair = &whole.names[0].pairs[0];
    assert_eq!(whole.names[0].events, requests as u64);
    assert_eq!(pair.matched, requests.div_ceil(2) as u64);
    assert_eq!(pair.only_here, (requests / 2) as u64);
    // From the middle on, found by halving.
    let late = Question {
        since_ms: START + 2_000,
        ..question()
    };
    assert_eq!(
        report(&store, late).await.names[0].events,
        requests as u64 - 2_000
    );
    let little = Question {
        max_events: 10,
        ..question()
    };
    let part = report(&store, little).await;
    assert!(!part.is_whole);
    assert!(part.until_ms < START + i64::try_from(requests).unwrap());
    assert!(text::text(&part).contains("not whole"));
}

#[tokio::test]
async fn names_and_sources_are_bounded_and_what_is_left_out_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
    let mut appends = Vec::new();
    for n in 0..MAX_NAMES + 3 {
        let name = format!("name_{n}");
        appends.push(told("web", SourceKind::Browser, &name, &["e"], START));
    }
    for n in 0..MAX_SOURCES + 2 {
        let source = format!("source {n}");
        appends.push(told(&source, SourceKind::Server, "name_0", &["e"], START));
    }
    store.append_all(appends).await.unwrap();
    let report = report(&store, question()).await;
    assert_eq!((report.names.len(), report.other_events), (MAX_NAMES, 3));
    let name = report.names.iter().find(|name| name.name == "name_0");
    let name = name.unwrap();
    assert_eq!((name.sources.len(), name.other_copies), (MAX_SOURCES, 3));
}
