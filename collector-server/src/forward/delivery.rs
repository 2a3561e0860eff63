//! One batch on its way: requests, answers, what each event learned.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use super::access::Access;
use super::backoff;
use super::bisect::{Bisection, Fate, Part};
use super::breaker::Signal;
use super::destinations::{
    Batch, Blotter, Destination, EventVerdict, Outgoing, RetryClass, Token, TokenGrant, Verdict,
    Words,
};
use super::http::{self, Reply};
use super::observe::Observer;
use super::pace::Pace;
use super::plan::{Clock, Plan, Random, SteadyClock};
use super::schedule::Candidate;
use crate::secret::Secret;
use crate::store::{Attempt, Outcome, OutcomeRow, Store};

/// Why an event goes back to where consent is asked for.
const CONSENT_CHANGED: &str = "the visitor's consent changed";

/// What every request of a destination shares.
pub(super) struct Channel {
    pub(super) plan: Plan,
    pub(super) destination: Arc<dyn Destination>,
    pub(super) blotter: Blotter,
    pub(super) access: Access,
    pub(super) pace: Mutex<Pace>,
    pub(super) client: reqwest::Client,
    pub(super) clock: Clock,
    pub(super) steady: SteadyClock,
    pub(super) random: Random,
    pub(super) observer: Observer,
    pub(super) shutdown: watch::Receiver<bool>,
}

/// What a request brought.
struct Exchange {
    verdict: Verdict<String>,
    /// HTTP status; 0 without an answer.
    status: u16,
    /// The platform's words, fit to be kept.
    words: String,
}

impl Exchange {
    fn without_answer(verdict: Verdict<String>) -> Self {
        Self {
            words: verdict.reason().cloned().unwrap_or_default(),
            verdict,
            status: 0,
        }
    }
}

/// What a batch taught.
pub(super) struct Report {
    pub(super) rows: Vec<OutcomeRow>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) signals: Vec<Signal>,
    /// The platform's words, if it refused the credentials.
    pub(super) refused: Option<String>,
}

impl Channel {
    /// The wall clock, in epoch milliseconds.
    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// The clock that waits go by, in milliseconds.
    pub(super) fn steady_now(&self) -> i64 {
        (self.steady)()
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.shutdown.borrow()
    }

    /// Sends a batch, in as many requests as it takes. Before each of them it looks whether a visitor has
    /// spoken since the batch was made: whose has, is asked for again before anything of theirs is sent.
    pub(super) async fn deliver<S: Store>(&self, store: &S, batch: Vec<Candidate>) -> Report {
        let mut bisection = Bisection::new(
            batch
                .iter()
                .map(|candidate| candidate.mapped.without_click_id.is_some())
                .collect(),
        );
        let mut report = Report {
            rows: Vec::with_capacity(batch.len()),
            attempts: Vec::new(),
            signals: Vec::new(),
            refused: None,
        };
        let mut carried: Vec<(u32, Option<usize>)> = vec![(0, None); batch.len()];
        let mut is_token_renewed = false;
        while let Some(mut part) = bisection.next_part() {
            // Before consent is asked for: both can take a while.
            let token = if self.wait_for_turn().await {
                self.token().await
            } else {
                Ok(None)
            };
            if self.is_stopping() {
                bisection.stop(&Fate::Postponed("the collector is stopping"));
                break;
            }
            bisection.postpone(&mut part, CONSENT_CHANGED, |index| {
                batch.get(index).is_some_and(|candidate| {
                    store.has_consent_changed(candidate.asked, &candidate.anonymous_ids)
                })
            });
            if part.indexes.is_empty() {
                continue;
            }
            for index in &part.indexes {
                if let Some(slot) = carried.get_mut(*index) {
                    *slot = (slot.0 + 1, Some(report.attempts.len()));
                }
            }
            let at_ms = self.now();
            let exchange = match &token {
                Ok(token) => self.send(&batch, &part, token.as_ref()).await,
                Err(verdict) => Exchange::without_answer(verdict.clone()),
            };
            report.attempts.push(Attempt {
                at_ms,
                took_ms: self.now().saturating_sub(at_ms),
                events: part.indexes.len(),
                status: exchange.status,
                answer: exchange.words,
            });
            let verdict = exchange.verdict;
            if token.is_ok() {
                self.keep_pace(&verdict);
            }
            if let Ok(Some(refused)) = &token
                && exchange.status == 401
                && !is_token_renewed
            {
                // A token can end before its time: once more with a new one.
                is_token_renewed = true;
                self.access.forget(refused).await;
                bisection.again(part);
                continue;
            }
            let is_fresh = batch.iter().all(|candidate| candidate.attempts == 0);
            report.signals.extend(self.signal(&verdict, is_fresh));
            if let Verdict::Unauthorized { reason } = &verdict {
                report.refused = Some(reason.clone());
            }
            bisection.learn(&part, verdict);
        }
        let now = self.now();
        let mut delivered: (u64, i64) = (0, 0);
        let fates = bisection.into_fates().into_iter();
        for ((candidate, fate), (requests, attempt)) in batch.iter().zip(fates).zip(carried) {
            if fate == Fate::Delivered {
                delivered = (
                    delivered.0 + 1,
                    delivered.1.max(now.saturating_sub(candidate.ready_ms)),
                );
            }
            let attempts = candidate.attempts.saturating_add(requests);
            report.rows.push(OutcomeRow {
                seq: candidate.seq,
                outcome: self.outcome(fate, attempts, now),
                attempts,
                at_ms: now,
                attempt,
            });
        }
        if delivered.0 > 0 {
            self.observer.delivered(delivered.0, delivered.1);
        }
        report
    }

    /// Returns the access token, where the platform wants one, or what its absence means for every event.
    async fn token(&self) -> Result<Option<Secret>, Verdict<String>> {
        match self.destination.token_grant() {
            None => Ok(None),
            Some(grant) => {
                let fetch = self.fetch_token(grant);
                self.access.token(self.steady_now(), fetch).await.map(Some)
            }
        }
    }

    async fn send(&self, batch: &[Candidate], part: &Part, token: Option<&Secret>) -> Exchange {
        let sent: Vec<&Candidate> = part
            .indexes
            .iter()
            .filter_map(|index| batch.get(*index))
            .collect();
        let events: Vec<&str> = sent
            .iter()
            .map(|candidate| match &candidate.mapped.without_click_id {
                Some(fallback) if part.is_without_click_id => fallback.as_str(),
                _ => candidate.mapped.event.as_str(),
            })
            .collect();
        let event_ids: Vec<&str> = sent
            .iter()
            .map(|candidate| candidate.event_id.as_str())
            .collect();
        let envelope = sent
            .first()
            .map_or("", |candidate| candidate.mapped.envelope.as_str());
        self.exchange(&Batch {
            envelope,
            events: &events,
            event_ids: &event_ids,
            now_ms: self.now(),
            token,
        })
        .await
    }

    async fn exchange(&self, request: &Batch<'_>) -> Exchange {
        let hidden;
        let blotter = match request.token {
            None => &self.blotter,
            Some(token) => {
                hidden = self.blotter.and(token);
                &hidden
            }
        };
        let outgoing = self.destination.request(request);
        match self.post(outgoing, self.destination.answer_headers()).await {
            Reply::Nothing(why) => Exchange::without_answer(unreachable(why)),
            Reply::Answer(answer) => {
                let verdict = self
                    .destination
                    .interpret(&answer, request)
                    .map(|words: Words| words.kept(blotter));
                let words = match verdict.reason() {
                    Some(reason) => reason.clone(),
                    // Only the platform's own words; an error page of something between says nothing.
                    None if answer.body.trim_start().starts_with('{') => {
                        blotter.shorten(&answer.body)
                    }
                    None => String::new(),
                };
                Exchange {
                    verdict,
                    status: answer.status,
                    words,
                }
            }
        }
    }

    async fn post(&self, outgoing: Outgoing, wanted: &[&'static str]) -> Reply {
        http::send(
            &self.client,
            outgoing,
            wanted,
            self.plan.timeout,
            self.now(),
        )
        .await
    }

    async fn fetch_token(&self, grant: &dyn TokenGrant) -> Result<Token, Verdict<String>> {
        let fetched = self.ask_for_token(grant).await;
        self.observer
            .token(if fetched.is_ok() { "fetched" } else { "failed" });
        fetched
    }

    async fn ask_for_token(&self, grant: &dyn TokenGrant) -> Result<Token, Verdict<String>> {
        let kept = |words: Words| words.kept(&self.blotter);
        let outgoing = grant
            .request(self.now())
            .map_err(|words| Verdict::Unauthorized {
                reason: kept(words),
            })?;
        match self.post(outgoing, &[]).await {
            Reply::Answer(answer) => grant
                .interpret(&answer)
                .map_err(|verdict| verdict.map(kept)),
            Reply::Nothing(why) => Err(unreachable(&format!("access token: {why}"))),
        }
    }

    fn signal(&self, verdict: &Verdict<String>, is_fresh: bool) -> Option<Signal> {
        match verdict {
            Verdict::Delivered
            | Verdict::Checked
            | Verdict::RejectedEvents { .. }
            | Verdict::RejectedBatch { .. }
            | Verdict::MalformedClickId { .. } => Some(Signal::Healthy),
            Verdict::Unauthorized { .. } => Some(Signal::Unauthorized),
            Verdict::Retry { class, after, .. } => self.trouble(*class, *after, is_fresh),
            Verdict::Each(list) => {
                let classes = |wanted: Option<RetryClass>| {
                    list.iter().any(|one| match one {
                        EventVerdict::Retry { class, .. } => wanted == Some(*class),
                        EventVerdict::Delivered | EventVerdict::Rejected { .. } => wanted.is_none(),
                    })
                };
                if classes(Some(RetryClass::Throttled)) {
                    return self.trouble(RetryClass::Throttled, None, is_fresh);
                }
                if classes(None) {
                    return Some(Signal::Healthy);
                }
                let first = list.iter().find_map(|one| match one {
                    EventVerdict::Retry { class, .. } => Some(*class),
                    EventVerdict::Delivered | EventVerdict::Rejected { .. } => None,
                });
                self.trouble(first.unwrap_or(RetryClass::Unknown), None, is_fresh)
            }
        }
    }

    fn trouble(
        &self,
        class: RetryClass,
        after: Option<Duration>,
        is_fresh: bool,
    ) -> Option<Signal> {
        match class {
            RetryClass::Throttled => {
                let wait = backoff::wait_ms(
                    1,
                    self.plan.retry_base_ms,
                    self.plan.retry_cap_ms,
                    after,
                    (self.random)(),
                );
                Some(Signal::Throttled(self.steady_now().saturating_add(wait)))
            }
            RetryClass::Unreachable | RetryClass::Unknown => Some(Signal::Failed),
            // The platform's own trouble with a request that failed before may be that request's.
            RetryClass::Transient => is_fresh.then_some(Signal::Failed),
        }
    }

    fn outcome(&self, fate: Fate, attempts: u32, now: i64) -> Outcome {
        match fate {
            Fate::Delivered => Outcome::Delivered,
            Fate::Checked => {
                self.observer.suppressed("test_mode");
                Outcome::Suppressed {
                    reason: "test mode: checked, not recorded".to_owned(),
                }
            }
            Fate::Dead(reason) => {
                self.observer.dead("refused", &reason);
                Outcome::Dead { reason }
            }
            Fate::Retry {
                class,
                after,
                reason,
            } => {
                self.observer.retried(class, &reason);
                let wait = backoff::wait_ms(
                    attempts,
                    self.plan.retry_base_ms,
                    self.plan.retry_cap_ms,
                    after,
                    (self.random)(),
                );
                Outcome::Retry {
                    at_ms: now.saturating_add(wait),
                    reason,
                }
            }
            // Due at once: the closed gate holds them back, and its opening releases them.
            Fate::Unauthorized(reason) => Outcome::Retry {
                at_ms: now,
                reason: format!("paused: {reason}"),
            },
            Fate::Postponed(why) => {
                self.observer.postponed(why);
                Outcome::Retry {
                    at_ms: now,
                    reason: format!("postponed: {why}"),
                }
            }
        }
    }
}

fn unreachable(why: &str) -> Verdict<String> {
    Verdict::Retry {
        class: RetryClass::Unreachable,
        after: None,
        reason: why.to_owned(),
    }
}
