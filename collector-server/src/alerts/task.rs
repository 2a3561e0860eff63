//! The task that looks, and sends what is to be told.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch::Receiver;

use super::message::Message;
use super::watch::{Kind, Rules, Seen, Watch};
use crate::config::Config;
use crate::forward::destinations::Outgoing;
use crate::forward::destinations::standard_webhook::{SigningKey, headers};
use crate::forward::health::Health;
use crate::forward::http::{self, Reply};
use crate::signals::Signals;
use crate::store::sqlite::SqliteStore;

/// How often it is looked without a call: what only time makes an alarm is told this late at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the disk when it is asked whether it works again.
const PROBE_DEADLINE: Duration = Duration::from_secs(2);

/// Where messages go, and when.
pub struct Plan {
    url: String,
    keys: Vec<SigningKey>,
    rules: Rules,
    client: reqwest::Client,
}

impl Plan {
    /// Fetches the secrets; `None` where no receiver is configured.
    pub fn build(config: &Config) -> anyhow::Result<Option<Arc<Self>>> {
        let section = &config.alerts;
        let Some(url) = section.webhook.clone() else {
            return Ok(None);
        };
        let named = [
            ("alerts.secret", &section.secret),
            ("alerts.previous_secret", &section.previous_secret),
        ];
        let mut keys = Vec::new();
        for (key, source) in named {
            if let Some(source) = source {
                let secret = source.resolve().context(key)?;
                let read = SigningKey::read(&secret).map_err(anyhow::Error::msg);
                keys.push(read.context(key)?);
            }
        }
        Ok(Some(Arc::new(Self {
            url,
            keys,
            rules: section.rules(),
            client: http::client().context("alerts.webhook: no https client")?,
        })))
    }

    /// Returns whether it was taken; else why not.
    async fn send(&self, message: &Message, now_ms: i64) -> Result<(), String> {
        let parts: Vec<&str> = message.id_parts.iter().map(String::as_str).collect();
        let scope = format!("alert.{}", message.kind.as_str());
        let mut outgoing = Outgoing::json(self.url.clone(), message.body.clone());
        outgoing.headers = headers(&self.keys, &scope, &parts, now_ms / 1_000, &message.body);
        match http::send(&self.client, outgoing, &[], TIMEOUT, now_ms).await {
            Reply::Answer(answer) if (200..300).contains(&answer.status) => Ok(()),
            Reply::Answer(answer) => Err(format!("status {}", answer.status)),
            Reply::Nothing(why) => Err(why.to_owned()),
        }
    }
}

/// Where is looked.
pub struct Sources {
    /// How the destinations stand.
    pub health: Health,
    /// The store, which knows its trouble.
    pub store: SqliteStore,
    /// What is unusual.
    pub(crate) signals: Signals,
}

impl Sources {
    async fn look(&self) -> Seen {
        // Where nobody writes, nobody would notice that the disk works again.
        if self.store.trouble().is_some() {
            let _ = tokio::time::timeout(PROBE_DEADLINE, self.store.probe()).await;
        }
        Seen {
            destinations: self.health.now(),
            store: self.store.trouble(),
            room: self.store.room(),
            signals: self.signals.found(),
        }
    }
}

/// Looks and tells until `stopped` turns true. A plan that changes counts from the next look on; what was told stays
/// told.
pub async fn run(
    sources: Sources,
    mut plan: Receiver<Option<Arc<Plan>>>,
    mut stopped: Receiver<bool>,
) {
    let mut watch: Option<Watch> = None;
    loop {
        let newest = plan.borrow_and_update().clone();
        if let Some(plan) = newest {
            let now_ms = now_ms();
            let watch = watch.get_or_insert_with(|| Watch::new(&plan.rules, now_ms));
            watch.look(&plan.rules, &sources.look().await, now_ms);
            if tell(&plan, watch, &mut stopped).await {
                continue;
            }
        } else {
            watch = None;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = sources.health.changed() => {}
            _ = plan.changed() => {}
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
        }
    }
}

/// Sends one message, if one is to be sent. Returns whether there may be more.
async fn tell(plan: &Plan, watch: &mut Watch, stopped: &mut Receiver<bool>) -> bool {
    let Some(message) = watch.next(&plan.rules, now_ms(), |kind| count(kind, "held_back")) else {
        return false;
    };
    let sent = tokio::select! {
        sent = plan.send(&message, now_ms()) => sent,
        _ = stopped.wait_for(|is_stopped| *is_stopped) => return false,
    };
    match sent {
        Ok(()) => {
            tracing::info!(
                alert = message.kind.as_str(),
                state = message.state.as_str(),
                destination = message.destination,
                "alert sent"
            );
            count(message.kind, "sent");
            watch.told(&message, now_ms());
            true
        }
        Err(error) => {
            tracing::warn!(
                alert = message.kind.as_str(),
                error,
                "alert not sent, will be tried again"
            );
            count(message.kind, "failed");
            watch.failed(now_ms());
            false
        }
    }
}

fn count(kind: Kind, result: &'static str) {
    metrics::counter!("firsthand_alerts_total", "alert" => kind.as_str(), "result" => result)
        .increment(1);
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
