//! The emulated platforms on a loopback port, and a collector's destination on them.
#![allow(dead_code, unreachable_pub)] // not every suite uses everything
#![allow(clippy::unwrap_used)] // a failure here is the test's

use std::path::Path;

use firsthand_sandbox::{
    Fault, FaultKind, Filter, Platform, Record, Sandbox, SandboxConfig, SandboxState, Totals,
};

pub const TOKEN: &str = "EAAsandbox";

/// The emulators; they end with the test.
pub struct Platforms {
    state: SandboxState,
    pub base: String,
    _runtime: tokio::runtime::Runtime,
}

impl Platforms {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sandbox = Sandbox::new(SandboxConfig::default());
        let state = sandbox.state();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, sandbox.router()).await });
        Self {
            state,
            base,
            _runtime: runtime,
        }
    }

    /// Returns the table of a destination on Meta's emulator, whose token is in a file of `dir`.
    pub fn meta(&self, dir: &Path, name: &str, more: &str) -> String {
        let secret = dir.join(format!("{name}.token"));
        if !secret.exists() {
            std::fs::write(&secret, TOKEN).unwrap();
        }
        format!(
            "[[destination]]\nkind = \"meta\"\nname = \"{name}\"\ndataset_id = \"1000000000000001\"\n\
             access_token = {{ file = \"{}\" }}\nbase_url = \"{}/meta\"\nretry_base_ms = 4\nretry_cap_ms = 40\n{more}\n",
            secret.display(),
            self.base
        )
    }

    pub fn refuse(&self, event_id: &str) {
        let fault = Fault {
            platform: Platform::named("meta").unwrap(),
            kind: FaultKind::RefuseEventId,
            count: None,
            retry_after_s: None,
            event_id: Some(event_id.to_owned()),
            code: None,
            delay_ms: None,
            processed: false,
        };
        self.state.add_fault(fault).unwrap();
    }

    pub fn is_good_again(&self) {
        self.state.clear_faults();
    }

    pub fn totals(&self) -> Totals {
        self.state.totals(Platform::named("meta").unwrap())
    }

    pub fn records(&self) -> Vec<Record> {
        self.records_of("meta")
    }

    /// Returns what came to a platform.
    pub fn records_of(&self, platform: &str) -> Vec<Record> {
        self.state.records(&Filter {
            platform: Platform::named(platform),
            ..Filter::default()
        })
    }
}
