//! The access token of a destination whose platform wants one that is fetched (OAuth).
//!
//! Promises: one fetch at a time, however many requests wait for it, and its failure is theirs too; a token
//! is fetched anew before it expires, and when the platform refuses it earlier. Kept in memory only. The
//! fetch itself bounds the wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::destinations::{Token, Verdict};
use crate::secret::Secret;

/// A token is fetched anew this long before it expires, or after half of its life where that is later.
pub(super) const REFRESH_MARGIN: Duration = Duration::from_mins(5);
/// Rest between two tries to replace a token that is still good, in milliseconds.
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
    /// Returns a token that is good at `now_ms` (by a clock that is not set), fetched where none is held.
    pub(super) async fn token(
        &self,
        now_ms: i64,
        fetch: impl Future<Output = Result<Token, Verdict<String>>>,
    ) -> Result<Secret, Verdict<String>> {
        let before = self.fetches.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some(held) = &state.held
            && now_ms < held.refresh_at_ms
        {
            return Ok(held.secret.clone());
        }
        let was_fetched_meanwhile = self.fetches.load(Ordering::Acquire) != before;
        if was_fetched_meanwhile && let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        let fetched = fetch.await;
        self.fetches.fetch_add(1, Ordering::Release);
        match fetched {
            Ok(token) => {
                let lives_ms = i64::try_from(token.lives.as_millis()).unwrap_or(i64::MAX);
                let margin_ms = i64::try_from(REFRESH_MARGIN.as_millis()).unwrap_or(0);
                let refresh_ms = lives_ms.saturating_sub(margin_ms).max(lives_ms / 2);
                state.failure = None;
                state.held = Some(Held {
                    secret: token.secret.clone(),
                    refresh_at_ms: now_ms.saturating_add(refresh_ms),
                    expires_at_ms: now_ms.saturating_add(lives_ms),
                });
                Ok(token.secret)
            }
            Err(failure) => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const HOUR_MS: i64 = 3_600_000;

    fn refused() -> Verdict<String> {
        Verdict::Unauthorized {
            reason: "invalid_grant".to_owned(),
        }
    }

    /// A token endpoint that counts and, when told so, refuses.
    #[derive(Default)]
    struct Endpoint {
        fetches: Cell<u32>,
        is_down: Cell<bool>,
    }

    impl Endpoint {
        async fn fetch(&self) -> Result<Token, Verdict<String>> {
            self.fetches.set(self.fetches.get() + 1);
            tokio::task::yield_now().await;
            if self.is_down.get() {
                return Err(refused());
            }
            Ok(Token {
                secret: Secret::new(format!("token-{}", self.fetches.get())),
                lives: Duration::from_hours(1),
            })
        }
    }

    #[tokio::test]
    async fn many_requests_wait_for_one_fetch_and_share_its_failure() {
        let (access, endpoint) = (Access::default(), Endpoint::default());
        endpoint.is_down.set(true);
        let ask = || access.token(0, endpoint.fetch());
        let (a, b, c) = tokio::join!(ask(), ask(), ask());
        for answer in [a, b, c] {
            assert_eq!(answer, Err(refused()));
        }
        assert_eq!(endpoint.fetches.get(), 1);
        // A failure is not kept: who asks later tries again.
        endpoint.is_down.set(false);
        let (a, b) = tokio::join!(ask(), ask());
        assert_eq!(a.unwrap(), b.unwrap());
        assert_eq!(endpoint.fetches.get(), 2);
    }

    #[tokio::test]
    async fn a_token_is_replaced_before_it_expires_and_kept_if_that_fails() {
        let (access, endpoint) = (Access::default(), Endpoint::default());
        let margin_ms = i64::try_from(REFRESH_MARGIN.as_millis()).unwrap();
        let first = access.token(0, endpoint.fetch()).await.unwrap();
        let almost = HOUR_MS - margin_ms - 1;
        assert_eq!(access.token(almost, endpoint.fetch()).await.unwrap(), first);
        endpoint.is_down.set(true);
        assert_eq!(
            access.token(almost + 1, endpoint.fetch()).await.unwrap(),
            first
        );
        assert_eq!(endpoint.fetches.get(), 2);
        assert!(access.token(HOUR_MS, endpoint.fetch()).await.is_err());
        endpoint.is_down.set(false);
        let second = access.token(HOUR_MS, endpoint.fetch()).await.unwrap();
        assert_ne!(second, first);
    }

    #[tokio::test]
    async fn a_refused_token_is_forgotten_unless_it_was_replaced() {
        let (access, endpoint) = (Access::default(), Endpoint::default());
        let first = access.token(0, endpoint.fetch()).await.unwrap();
        access.forget(&first).await;
        let second = access.token(0, endpoint.fetch()).await.unwrap();
        assert_ne!(first, second);
        access.forget(&first).await;
        assert_eq!(access.token(0, endpoint.fetch()).await.unwrap(), second);
        assert_eq!(endpoint.fetches.get(), 2);
    }
}
