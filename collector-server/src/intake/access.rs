//! Who may pass the administrative doors, and the record of it.
//!
//! Promises: a wrong token gets 401 without telling what was wrong with it, a right one in the wrong role
//! 403 with the role that is needed; a revocation counts with the next request; what is answered was
//! recorded before. Never logs a token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use super::App;
use super::answer::Refused;
use super::events::{now_ms, within_deadline};
use super::sources::bearer;
use crate::privacy::audit::{Entry, Outcome};
use crate::privacy::tokens::{self, Role};
use crate::secret::Secret;

/// How long a token that was right is not hashed again. It is still looked up, so a revocation counts at
/// once.
const VERIFIED_FOR: Duration = Duration::from_mins(1);
/// Tokens that are remembered as right.
const MOST_VERIFIED: usize = 256;
/// Hashes that are computed at a time; each takes 19 MiB. More wait.
const HASHES_AT_A_TIME: usize = 2;
/// Longest wait for a turn to hash.
const HASH_TURN: Duration = Duration::from_secs(5);

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// A token's name.
    pub(super) name: String,
    /// What it may do.
    pub(super) role: Role,
}

/// The keys of the administrative doors.
#[derive(Debug)]
pub(super) struct Access {
    /// The token of the configuration: an admin, so that the first others can be made.
    bootstrap: Option<Secret>,
    verified: Mutex<HashMap<[u8; 32], Instant>>,
    turns: Semaphore,
}

impl Access {
    pub(super) fn new(bootstrap: Option<Secret>) -> Self {
        Self {
            bootstrap,
            verified: Mutex::new(HashMap::new()),
            turns: Semaphore::new(HASHES_AT_A_TIME),
        }
    }

    /// Returns who carries this token, `None` for nobody.
    async fn caller(&self, app: &App, token: &str) -> Result<Option<Caller>, Refused> {
        if let Some(bootstrap) = &self.bootstrap
            && bool::from(bootstrap.expose().as_bytes().ct_eq(token.as_bytes()))
        {
            return Ok(Some(Caller {
                name: "admin.token".to_owned(),
                role: Role::Admin,
            }));
        }
        let Some((id, secret)) = tokens::parse(token) else {
            return Ok(None);
        };
        let Some(row) = within_deadline(app.store.token(id.to_owned())).await? else {
            return Ok(None);
        };
        let fingerprint: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let caller = Caller {
            name: row.name.clone(),
            role: row.role,
        };
        if self.is_verified(&fingerprint) {
            return Ok(Some(caller));
        }
        let busy = || {
            Refused::later(
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "too many tokens are being checked: ask again later",
                1,
            )
        };
        let turn = tokio::time::timeout(HASH_TURN, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(busy());
        };
        let secret = Secret::new(secret);
        let is_right =
            tokio::task::spawn_blocking(move || tokens::verify(secret.expose(), &row)).await;
        if !is_right.map_err(|_| busy())? {
            return Ok(None);
        }
        self.remember(fingerprint);
        Ok(Some(caller))
    }

    fn is_verified(&self, fingerprint: &[u8; 32]) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified
            .get(fingerprint)
            .is_some_and(|since| since.elapsed() < VERIFIED_FOR)
    }

    fn remember(&self, fingerprint: [u8; 32]) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.retain(|_, since| since.elapsed() < VERIFIED_FOR);
        if verified.len() < MOST_VERIFIED {
            verified.insert(fingerprint, Instant::now());
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// Role that is needed.
    pub(super) needed: Role,
    /// Name of the action in the audit log.
    pub(super) action: &'static str,
    /// What is looked at: an id or a filter.
    pub(super) what: String,
}

/// Returns who asks; without a token that counts, the refusal.
async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Refused> {
    let token = headers.get(AUTHORIZATION).and_then(bearer);
    let caller = match token {
        Some(token) => app.access.caller(app, token).await?,
        None => None,
    };
    caller.ok_or_else(|| {
        metrics::counter!("firsthand_admin_refused_total").increment(1);
        Refused::new(
            StatusCode::UNAUTHORIZED,
            "unknown_token",
            "send a token as Authorization: Bearer; `firsthand token create` makes one",
        )
    })
}

/// Lets in whoever has a token, whatever its role: for what holds no personal record, and so is not recorded.
pub(super) async fn admit_any(app: &App, headers: &HeaderMap) -> Result<(), Refused> {
    caller(app, headers).await.map(|_| ())
}

/// Lets the request in, and records it; else returns the refusal.
pub(super) async fn admit(app: &App, headers: &HeaderMap, ask: Ask) -> Result<Caller, Refused> {
    let caller = caller(app, headers).await?;
    let is_allowed = caller.role.allows(ask.needed);
    let entry = Entry {
        at_ms: now_ms(),
        actor: caller.name.clone(),
        role: caller.role.as_str().to_owned(),
        action: ask.action,
        what: ask.what,
        outcome: if is_allowed {
            Outcome::Done
        } else {
            Outcome::Refused
        },
    };
    within_deadline(app.store.record_access(entry)).await?;
    if is_allowed {
        Ok(caller)
    } else {
        Err(Refused::new(
            StatusCode::FORBIDDEN,
            "role_not_allowed",
            format!(
                "this needs a token with the role {}, yours has {}",
                ask.needed.as_str(),
                caller.role.as_str()
            ),
        ))
    }
}
