//! The sandbox itself: shared state, routes, serving.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::sync::watch;

use crate::clock::MovableClock;
use crate::config::SandboxConfig;
use crate::fault::{Fault, FaultError, Faults};
use crate::ledger::Ledger;
use crate::platform::{PLATFORMS, Platform};
use crate::record::{Filter, Record, Totals};
use crate::x::oauth::Nonces;
use crate::{control, page};

/// Largest body any platform door reads.
const MAX_PLATFORM_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Largest body a pixel stand-in or the control API reads.
const MAX_SMALL_BODY_BYTES: usize = 64 * 1024;

/// What every door shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: SandboxConfig,
    pub(crate) clock: MovableClock,
    pub(crate) http: reqwest::Client,
    ledger: Mutex<Ledger>,
    faults: Mutex<Faults>,
    requests: AtomicU64,
    nonces: Mutex<Nonces>,
    closing: watch::Sender<bool>,
}

impl Shared {
    /// Waits for `delay`, or until the sandbox shuts down.
    pub(crate) async fn hold(&self, delay: Duration) {
        let mut closing = self.closing.subscribe();
        // Either way the wait is over: time is up, or nobody will ask again.
        let _ = tokio::time::timeout(delay, closing.wait_for(|is_closing| *is_closing)).await;
    }

    /// The ledger; a panic in another door does not take it away.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a signed request has had this nonce before.
    pub(crate) fn has_seen_nonce(&self, nonce: &str) -> bool {
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        !nonces.admit(nonce)
    }

    /// Returns a number no other request of this process has, for trace ids.
    pub(crate) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Handle to what a sandbox has seen, for tests in the same process.
#[derive(Debug, Clone)]
pub struct SandboxState(Arc<Shared>);

impl SandboxState {
    /// Returns the kept records `filter` asks for, oldest first.
    pub fn records(&self, filter: &Filter) -> Vec<Record> {
        self.0.ledger().select(filter)
    }

    /// Returns one platform's totals since the last reset.
    pub fn totals(&self, platform: Platform) -> Totals {
        self.0.ledger().totals(platform)
    }

    /// Forgets everything received. Faults and clock stay.
    pub fn reset(&self) {
        self.0.ledger().reset();
    }

    /// Switches a fault on.
    pub fn add_fault(&self, fault: Fault) -> Result<(), FaultError> {
        self.0.faults().add(fault)
    }

    /// Switches all faults off.
    pub fn clear_faults(&self) {
        self.0.faults().clear();
    }

    /// Sets the clock's offset from the configured wall clock, in seconds.
    pub fn set_clock_offset_s(&self, offset_s: i64) {
        self.0.clock.set_offset_s(offset_s);
    }
}

/// The emulators of all platforms behind one router.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Shared>);

impl Sandbox {
    /// Makes an empty sandbox.
    pub fn new(config: SandboxConfig) -> Self {
        Self(Arc::new(Shared {
            clock: MovableClock::new(config.now_ms),
            http: reqwest::Client::new(),
            ledger: Mutex::new(Ledger::new(config.max_kept)),
            faults: Mutex::new(Faults::default()),
            requests: AtomicU64::new(0),
            nonces: Mutex::default(),
            closing: watch::Sender::new(false),
            config,
        }))
    }

    /// Returns a handle to what this sandbox sees.
    pub fn state(&self) -> SandboxState {
        SandboxState(Arc::clone(&self.0))
    }

    /// Returns every route, bodies bounded.
    pub fn router(&self) -> Router {
        let platforms = PLATFORMS
            .iter()
            .fold(Router::new(), |all, spec| all.merge((spec.doors)()))
            .layer(DefaultBodyLimit::max(MAX_PLATFORM_BODY_BYTES));
        let small = PLATFORMS
            .iter()
            .fold(Router::new(), |all, spec| all.merge((spec.pixels)()))
            .merge(control::routes())
            .merge(page::routes())
            .layer(DefaultBodyLimit::max(MAX_SMALL_BODY_BYTES));
        platforms.merge(small).with_state(Arc::clone(&self.0))
    }
}

/// Serves a sandbox on `listener` until `shutdown` completes; answers held by
/// a fault are let go then.
///
/// # Errors
/// Returns the listener's error when it can no longer accept connections.
pub async fn serve(
    listener: tokio::net::TcpListener,
    config: SandboxConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let sandbox = Sandbox::new(config);
    let router = sandbox.router();
    let until_closing = async move {
        shutdown.await;
        sandbox.0.closing.send_replace(true);
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(until_closing)
        .await
}
