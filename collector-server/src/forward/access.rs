//! The access token of a destination whose platform wants one that is fetched (OAuth).
//!
//! Promises: one fetch at a time, however many requests wait for it, and its failure is theirs too; a token
//! is fetched anew before it expires, and when the platform refuses it earlier. Kept in memory only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::delivery::Channel;
use super::destinations::{TokenGrant, Verdict};
use crate::secret::Secret;

/// A token is fetched anew this long before it expires, or after half of its life where that is later.
pub(super) const REFRESH_MARGIN: Duration = Duration::from_mins(5);
/// Rest between two tries to replace a token that is still good.
const RETRY_REST_MS: i64 = 10_000;

/// Holds the token.
#[derive(Default)]
pub(super) struct Access {
    state: Mutex<State>,
    fetches: AtomicU64,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failure: Option<Verdict<String>>,
}

struct Held {
    secret: Secret,
    refresh_at_ms: i64,
    expires_at_ms: i64,
}

impl Access {
    /// Returns a token that is good now. Waits for a fetch no longer than a request may take.
    pub(super) async fn token(
        &self,
        channel: &Channel,
        grant: &dyn TokenGrant,
    ) -> Result<Secret, Verdict<String>> {
        let before = self.fetches.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        let now_ms = channel.now();
        if let Some(held) = &state.held
            && now_ms < held.refresh_at_ms
        {
            return Ok(held.secret.clone());
        }
        if self.fetches.load(Ordering::Acquire) != before
            && let Some(failure) = &state.failure
        {
            return Err(failure.clone());
        }
        let fetched = channel.fetch_token(grant).await;
        self.fetches.fetch_add(1, Ordering::Release);
        match fetched {
            Ok(token) => {
                channel.observer.token("fetched");
                let lives_ms = i64::try_from(token.lives.as_millis()).unwrap_or(i64::MAX);
                let margin_ms = i64::try_from(REFRESH_MARGIN.as_millis()).unwrap_or(0);
                state.failure = None;
                state.held = Some(Held {
                    secret: token.secret.clone(),
                    refresh_at_ms: now_ms.saturating_add((lives_ms - margin_ms).max(lives_ms / 2)),
                    expires_at_ms: now_ms.saturating_add(lives_ms),
                });
                Ok(token.secret)
            }
            Err(failure) => {
                channel.observer.token("failed");
                if let Some(held) = &mut state.held
                    && now_ms < held.expires_at_ms
                {
                    held.refresh_at_ms = now_ms.saturating_add(RETRY_REST_MS);
                    return Ok(held.secret.clone());
                }
                state.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// Forgets a token that the platform refused, unless it was replaced meanwhile.
    pub(super) async fn forget(&self, refused: &Secret) {
        let mut state = self.state.lock().await;
        if state
            .held
            .as_ref()
            .is_some_and(|held| held.secret == *refused)
        {
            state.held = None;
        }
    }
}
