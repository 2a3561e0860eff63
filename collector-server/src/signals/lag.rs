//! How far each destination is behind.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Signal;
use super::judge::{Kind, Rules};
use crate::forward::health::{GateNow, Health};
use crate::store::{Store, StoreError};

/// How one destination stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DestinationNow {
    pub(crate) name: String,
    /// `open`, `resting` or `paused`.
    pub(crate) gate: Cow<'static, str>,
    /// Since when it is not open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gate_since_ms: Option<i64>,
    /// How long the oldest event waits that it could have got, in seconds.
    pub(crate) lag_secs: i64,
    /// Dead letters since the process began.
    pub(crate) dead_letters: u64,
}

/// Returns how long the oldest event waits that a destination could have got, in milliseconds; 0 where none does. Waits that
/// are meant do not count: for other copies, for a confirmation, for the rest after a failure.
pub(super) async fn lag_ms<S: Store>(
    store: &S,
    destination: &str,
    now_ms: i64,
) -> Result<i64, StoreError> {
    let state = store.destination_state(destination).await?;
    let unread = store.read_log(state.cursor, 1).await?;
    let unread = unread.first().map(|event| {
        let arrived = event.copies.first().map(|copy| copy.received_at_ms);
        arrived.unwrap_or(event.at_ms).max(event.settle_until_ms)
    });
    let oldest = unread.into_iter().chain(state.next_due_ms).min();
    Ok(oldest.map_or(0, |oldest| now_ms.saturating_sub(oldest).max(0)))
}

/// Asks how each of these destinations stands.
pub(super) async fn look<S: Store>(
    store: &S,
    health: &Health,
    names: &[String],
    now_ms: i64,
) -> Result<Vec<DestinationNow>, StoreError> {
    let known = health.now();
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let now = known.get(name).cloned().unwrap_or_default();
        let (gate, gate_since_ms) = match now.gate {
            GateNow::Open => ("open", None),
            GateNow::Resting { since_ms } => ("resting", Some(since_ms)),
            GateNow::Paused { since_ms, .. } => ("paused", Some(since_ms)),
        };
        all.push(DestinationNow {
            name: name.clone(),
            gate: gate.into(),
            gate_since_ms,
            lag_secs: lag_ms(store, name, now_ms).await? / 1_000,
            dead_letters: now.dead_letters,
        });
    }
    Ok(all)
}

/// The healthy destinations that are behind. Why another one is behind is known, and told by its gate.
pub(super) fn signals(destinations: &[DestinationNow], rules: &Rules, now_ms: i64) -> Vec<Signal> {
    let limit = i64::from(rules.lag_secs);
    let behind = destinations
        .iter()
        .filter(|now| limit > 0 && now.gate == "open" && now.lag_secs > limit);
    behind
        .map(|now| Signal {
            kind: Kind::Lag,
            source: None,
            event: None,
            destination: Some(now.name.clone()),
            since_ms: now_ms,
            message: format!(
                "{} answers, and its oldest event waits for {} seconds",
                now.name, now.lag_secs
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SignalsSection;

    #[test]
    fn only_a_healthy_destination_lags_and_only_when_it_is_long_behind() {
        let rules = SignalsSection::default().rules();
        for (gate, lag_secs, want) in [
            ("open", 300, false),
            ("open", 301, true),
            ("resting", 9_000, false),
            ("paused", 9_000, false),
        ] {
            let now = DestinationNow {
                name: "meta".to_owned(),
                gate: gate.into(),
                gate_since_ms: None,
                lag_secs,
                dead_letters: 0,
            };
            let signals = signals(std::slice::from_ref(&now), &rules, 0);
            assert_eq!(!signals.is_empty(), want, "{gate} {lag_secs}");
        }
    }
}
