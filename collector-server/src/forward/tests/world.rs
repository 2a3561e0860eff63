//! A store on disk, the emulated platforms on a loopback port, and the forwarder between them.

use std::future::{Future, IntoFuture};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firsthand_core::consent::{PURPOSES, Policy, Verdict};
use firsthand_sandbox::{
    Fault, FaultKind, Filter, Platform, Record, Sandbox, SandboxConfig, SandboxState,
};
use tokio::sync::watch;

use crate::forward::config::{DestinationConfig, ForwardConfig};
use crate::forward::consent::Permission;
use crate::forward::destinations::{PLATFORMS, platform};
use crate::forward::{Forwarder, Settings, spawn};
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::{BlindKey, Standing, Subject};
use crate::store::sqlite::{EventView, NewTask, SqliteConfig, SqliteStore};
use crate::store::{
    Append, ConsentChange, DestinationState, Due, LongestWait, NewEvent, Outcome, Owner, Progress,
    Seq, SourceKind, Store, StoreError, StoredEvent,
};

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_mins(1);

/// The real store; tells of commits, and can lose them as a crash would.
pub(super) struct WatchedStore {
    inner: SqliteStore,
    commits: watch::Sender<u64>,
    loses_commits: watch::Sender<bool>,
    /// Said when the forwarder next asks whether anybody has spoken, once the condition holds.
    speaks: Mutex<Option<Said>>,
}

struct Said {
    when: Box<dyn Fn() -> bool + Send>,
    word: ConsentChange,
}

impl WatchedStore {
    /// Has a privacy officer's task done.
    pub(super) async fn carry_out(&self, task: NewTask) {
        let id = task.id.clone();
        self.inner.ask_task(task, None).await.unwrap();
        self.inner.task_done(&id).await.unwrap();
    }
}

impl Store for WatchedStore {
    fn append(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Vec<crate::store::Appended>, StoreError>> + Send {
        self.inner.append(append)
    }
    fn record_word(
        &self,
        words: Vec<ConsentChange>,
        receipt: Option<Box<crate::privacy::ledger::Draft>>,
        subject: Subject,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.inner.record_word(words, receipt, subject)
    }
    fn standings(
        &self,
        keys: Vec<BlindKey>,
    ) -> impl Future<Output = Result<Vec<(BlindKey, Standing)>, StoreError>> + Send {
        self.inner.standings(keys)
    }
    fn key_ring(&self) -> &KeyRing {
        self.inner.key_ring()
    }
    fn latest_consent(
        &self,
        ids: Vec<String>,
    ) -> impl Future<Output = Result<Vec<ConsentChange>, StoreError>> + Send {
        self.inner.latest_consent(ids)
    }
    fn consent_mark(&self) -> crate::store::ConsentMark {
        self.inner.consent_mark()
    }
    fn has_consent_changed(&self, since: crate::store::ConsentMark, ids: &[String]) -> bool {
        let said = self.speaks.lock().unwrap().take_if(|said| (said.when)());
        if let Some(Said { word, .. }) = said {
            let recorded = self.inner.record_consent(vec![word], None);
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(recorded))
                .unwrap();
        }
        self.inner.has_consent_changed(since, ids)
    }
    fn read_log(
        &self,
        after: Seq,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, StoreError>> + Send {
        self.inner.read_log(after, limit)
    }
    fn read_events(
        &self,
        seqs: Vec<Seq>,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, StoreError>> + Send {
        self.inner.read_events(seqs)
    }
    fn destination_state(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<DestinationState, StoreError>> + Send {
        self.inner.destination_state(name)
    }
    fn due(
        &self,
        name: &str,
        now_ms: i64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Due>, StoreError>> + Send {
        self.inner.due(name, now_ms, limit)
    }
    fn bring_forward(
        &self,
        name: &str,
        now_ms: i64,
        longest: LongestWait,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send {
        self.inner.bring_forward(name, now_ms, longest)
    }
    async fn commit(&self, name: &str, progress: Progress) -> Result<(), StoreError> {
        if *self.loses_commits.borrow() {
            self.commits.send_modify(|n| *n += 1);
            std::future::pending::<()>().await;
        }
        let done = self.inner.commit(name, progress).await;
        self.commits.send_modify(|n| *n += 1);
        done
    }
    fn watch(&self) -> watch::Receiver<Seq> {
        self.inner.watch()
    }
}

/// All that a test needs.
pub(super) struct World {
    pub(super) store: Arc<WatchedStore>,
    pub(super) sandbox: SandboxState,
    pub(super) base: String,
    pub(super) dir: tempfile::TempDir,
}

pub(super) fn now_ms() -> i64 {
    firsthand_sandbox::system_now_ms()
}

impl World {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let inner = SqliteStore::open(SqliteConfig::new(dir.path().join("data"))).unwrap();
        let store = Arc::new(WatchedStore {
            inner,
            commits: watch::channel(0).0,
            loses_commits: watch::channel(false).0,
            speaks: Mutex::new(None),
        });
        let sandbox = Sandbox::new(SandboxConfig::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, sandbox.router()).into_future());
        std::fs::write(dir.path().join("wrong"), "not-the-token").unwrap();
        for platform in PLATFORMS {
            platform.fixture.write_secrets(dir.path(), &base);
        }
        Self {
            store,
            sandbox: sandbox.state(),
            base,
            dir,
        }
    }

    /// Returns a destination on the sandbox; a key in `extra` outranks the usual one.
    pub(super) fn destination(&self, kind: &str, extra: &str) -> DestinationConfig {
        platform(kind)
            .unwrap()
            .fixture
            .destination(kind, self.dir.path(), &self.base, extra)
            .unwrap()
    }

    pub(super) fn all(&self) -> Vec<DestinationConfig> {
        ["meta", "tiktok", "ga4"]
            .map(|kind| self.destination(kind, ""))
            .into()
    }

    pub(super) fn settings(destinations: Vec<DestinationConfig>) -> Settings {
        let forward = ForwardConfig {
            request_timeout_ms: 10_000,
            retry_base_ms: 4,
            retry_cap_ms: 40,
            unauthorized_probe_secs: 0,
            ..ForwardConfig::default()
        };
        Settings::new(forward, destinations, Policy::default())
    }

    pub(super) fn start(&self, destinations: Vec<DestinationConfig>) -> Forwarder {
        spawn(&self.store, &Self::settings(destinations)).unwrap()
    }

    /// Puts events into the log; see [`EventSpec`].
    pub(super) async fn append(&self, events: Vec<EventSpec>) {
        for event in events {
            let (append, _) = event.into_append();
            self.store.append(append).await.unwrap();
        }
    }

    /// Waits until every event in the log is as the condition wants it.
    pub(super) async fn until(&self, is_done: impl Fn(&[EventView]) -> bool) -> Vec<EventView> {
        let mut commits = self.store.commits.subscribe();
        let waiting = async {
            loop {
                commits.borrow_and_update();
                let views = self.views().await;
                if is_done(&views) {
                    return views;
                }
                commits.changed().await.unwrap();
            }
        };
        let Ok(views) = tokio::time::timeout(DEADLINE, waiting).await else {
            panic!("never happened: {:#?}", states(&self.views().await))
        };
        views
    }

    pub(super) async fn views(&self) -> Vec<EventView> {
        self.store
            .inner
            .read(|inspector| inspector.newest(5_000))
            .await
            .unwrap()
    }

    /// Waits until a destination has a last word on every event.
    pub(super) async fn until_settled(&self, name: &str) -> Vec<EventView> {
        self.until(|views| {
            views.iter().all(|view| {
                matches!(
                    state(view, name),
                    Some(Outcome::Delivered | Outcome::Dead { .. } | Outcome::Suppressed { .. })
                )
            })
        })
        .await
    }

    /// From now on every commit is lost, as if the process had died before it; returns when one was tried.
    pub(super) async fn lose_a_commit(&self, work: impl AsyncFnOnce()) {
        self.store.loses_commits.send_replace(true);
        let mut commits = self.store.commits.subscribe();
        commits.borrow_and_update();
        work().await;
        tokio::time::timeout(DEADLINE, commits.changed())
            .await
            .unwrap()
            .unwrap();
    }

    /// Takes everything back for a visitor; on disk when done.
    pub(super) async fn withdraw(&self, anonymous_id: &str) {
        let word = withdrawal(anonymous_id);
        self.store.record_consent(vec![word], None).await.unwrap();
    }

    /// Takes everything back for a visitor before the first request for which the condition holds.
    pub(super) fn withdraw_when(
        &self,
        anonymous_id: &str,
        when: impl Fn(&SandboxState) -> bool + Send + 'static,
    ) {
        let sandbox = self.sandbox.clone();
        *self.store.speaks.lock().unwrap() = Some(Said {
            when: Box::new(move || when(&sandbox)),
            word: withdrawal(anonymous_id),
        });
    }

    pub(super) fn keep_commits(&self) {
        self.store.loses_commits.send_replace(false);
    }

    pub(super) fn fault(&self, platform: Platform, kind: FaultKind, count: Option<u64>) {
        self.faulty(fault(platform, kind, count));
    }

    pub(super) fn faulty(&self, fault: Fault) {
        self.sandbox.add_fault(fault).unwrap();
    }

    pub(super) fn counted(&self, platform: Platform) -> u64 {
        self.sandbox.totals(platform).counted
    }

    pub(super) fn records(&self, platform: Platform) -> Vec<Record> {
        self.sandbox.records(&Filter {
            platform: Some(platform),
            ..Filter::default()
        })
    }
}

fn withdrawal(anonymous_id: &str) -> ConsentChange {
    ConsentChange {
        anonymous_id: anonymous_id.to_owned(),
        evidence: format!(
            r#"{{"regime":"opt_in","policy":1,"at":{},"basis":"explicit","marketing":false,"analytics":false,"personalization":false,"third_party_sharing":false}}"#,
            now_ms() - 10
        ),
        received_at_ms: now_ms(),
    }
}

/// Returns the emulator of a platform.
pub(super) fn emulated(kind: &str) -> Platform {
    Platform::named(kind).unwrap()
}

pub(super) fn fault(platform: Platform, kind: FaultKind, count: Option<u64>) -> Fault {
    Fault {
        platform,
        kind,
        count,
        retry_after_s: None,
        event_id: None,
        code: None,
        delay_ms: None,
        processed: false,
    }
}

/// Returns the last that a destination learned about an event.
pub(super) fn state<'v>(view: &'v EventView, name: &str) -> Option<&'v Outcome> {
    let destination = view.destinations.iter().find(|d| d.name == name)?;
    destination.outcomes.last().map(|o| &o.outcome)
}

/// Returns the reason of a dead or suppressed event.
pub(super) fn reason_of(views: &[EventView], event_id: &str, name: &str) -> String {
    let view = views
        .iter()
        .find(|view| view.stored.event_id == event_id)
        .unwrap();
    match state(view, name) {
        Some(Outcome::Dead { reason }) => format!("dead: {reason}"),
        Some(Outcome::Suppressed { reason }) => format!("suppressed: {reason}"),
        other => format!("{other:?}"),
    }
}

pub(super) fn delivered(views: &[EventView], name: &str) -> usize {
    views
        .iter()
        .filter(|view| state(view, name) == Some(&Outcome::Delivered))
        .count()
}

fn states(views: &[EventView]) -> Vec<String> {
    views
        .iter()
        .take(20)
        .map(|view| {
            let all: Vec<String> = view
                .destinations
                .iter()
                .map(|d| format!("{}={:?}", d.name, d.outcomes.last()))
                .collect();
            format!("{} {}", view.stored.event_id, all.join(" "))
        })
        .collect()
}

/// An event to put into the log.
#[derive(Clone)]
pub(super) struct EventSpec {
    pub(super) id: String,
    pub(super) at_ms: i64,
    pub(super) settle_until_ms: i64,
    pub(super) kind: SourceKind,
    pub(super) header: String,
    pub(super) props: String,
}

pub(super) const EM: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";

/// Returns a purchase that a browser reported, with everything granted.
pub(super) fn purchase(order: usize) -> EventSpec {
    let granted_at = now_ms() - 60_000;
    let header = format!(
        r#"{{"context":{{"ip":"203.0.113.9","ua":"Mozilla/5.0"}},
        "consent":{{"regime":"opt_in","policy":1,"at":{granted_at},"basis":"explicit","marketing":true,
            "analytics":true,"personalization":true,"third_party_sharing":true}},
        "user":{{"anonymous_id":"{}","em":["{EM}"]}}}}"#,
        visitor_of(order)
    );
    EventSpec {
        id: format!("purchase:{order}"),
        at_ms: now_ms() - 1_000,
        settle_until_ms: 0,
        kind: SourceKind::Browser,
        header,
        props: format!(r#"{{"transaction_id":"{order}","currency":"EUR","value":59.8}}"#),
    }
}

/// Returns the anonymous id of the visitor of a [`purchase`].
pub(super) fn visitor_of(order: usize) -> String {
    format!("visitor-{}", order % 7)
}

pub(super) fn purchases(count: usize) -> Vec<EventSpec> {
    (0..count).map(|n| purchase(1_000 + n)).collect()
}

impl EventSpec {
    fn into_append(self) -> (Append, String) {
        let id = self.id;
        let source = match self.kind {
            SourceKind::Browser => "web",
            SourceKind::Server | SourceKind::Webhook => "backend",
        };
        let append = Append {
            source: source.into(),
            kind: self.kind,
            received_at_ms: now_ms(),
            header: self.header,
            events: vec![NewEvent {
                name: "purchase".to_owned(),
                event_id: id.clone(),
                at_ms: self.at_ms,
                settle_until_ms: self.settle_until_ms,
                event: format!(
                    r#"{{"id":"{id}","name":"purchase","at":{},"session":{},"page":{{"url":"https://shop.example/thanks"}},"props":{}}}"#,
                    self.at_ms, self.at_ms, self.props
                ),
            }],
            quarantined: Vec::new(),
            receipt: None,
            owner: Owner::default(),
            subject: Subject::default(),
        };
        (append, id)
    }
}

/// Returns a permission for everything.
pub(super) fn allow_all() -> Permission {
    Permission {
        verdict: Verdict {
            allow: [true; PURPOSES],
            ..Verdict::default()
        },
        gpc: false,
    }
}
