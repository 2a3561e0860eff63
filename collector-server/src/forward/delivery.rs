//! One batch on its way: requests, answers, what each event learned.

use std::sync::Arc;

use tokio::sync::watch;

use super::backoff;
use super::bisect::{Bisection, Fate, Part};
use super::breaker::Signal;
use super::destinations::{Destination, RetryClass, Verdict};
use super::http::{self, Reply};
use super::observe::Observer;
use super::plan::{Clock, Plan, Random};
use super::schedule::Candidate;
use crate::store::{Attempt, Outcome, OutcomeRow, Store};

/// Why an event goes back to where consent is asked for.
const CONSENT_CHANGED: &str = "the visitor's consent changed";

/// What every request of a destination shares.
pub(super) struct Channel {
    pub(super) plan: Plan,
    pub(super) destination: Arc<dyn Destination>,
    pub(super) client: reqwest::Client,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) observer: Observer,
    pub(super) shutdown: watch::Receiver<bool>,
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
    pub(super) fn now(&self) -> i64 {
        (self.clock)()
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
        while let Some(mut part) = bisection.next_part() {
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
            let (verdict, attempt) = self.send(&batch, &part).await;
            report.attempts.push(attempt);
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

    async fn send(&self, batch: &[Candidate], part: &Part) -> (Verdict, Attempt) {
        let events: Vec<&str> = part
            .indexes
            .iter()
            .filter_map(|index| batch.get(*index))
            .map(|candidate| match &candidate.mapped.without_click_id {
                Some(fallback) if part.is_without_click_id => fallback.as_str(),
                _ => candidate.mapped.event.as_str(),
            })
            .collect();
        let envelope = batch
            .first()
            .map_or("", |candidate| candidate.mapped.envelope.as_str());
        let outgoing = self.destination.request(envelope, &events);
        let at_ms = self.now();
        let reply = http::send(&self.client, outgoing, self.plan.timeout, at_ms).await;
        let (verdict, status, body) = match reply {
            Reply::Answer(answer) => (
                self.destination.interpret(&answer, events.len()),
                answer.status,
                answer.body,
            ),
            Reply::Nothing(why) => (
                Verdict::Retry {
                    class: RetryClass::Unreachable,
                    after: None,
                    reason: why.to_owned(),
                },
                0,
                String::new(),
            ),
        };
        let answer = match reason(&verdict) {
            Some(reason) => reason.to_owned(),
            // Only the platform's own words; an error page of something between says nothing.
            None if body.trim_start().starts_with('{') => self.destination.shorten(&body),
            None => String::new(),
        };
        let attempt = Attempt {
            at_ms,
            took_ms: self.now().saturating_sub(at_ms),
            events: events.len(),
            status,
            answer,
        };
        (verdict, attempt)
    }

    fn signal(&self, verdict: &Verdict, is_fresh: bool) -> Option<Signal> {
        Some(match verdict {
            Verdict::Delivered
            | Verdict::Checked
            | Verdict::RejectedEvents { .. }
            | Verdict::RejectedBatch { .. }
            | Verdict::MalformedClickId { .. } => Signal::Healthy,
            Verdict::Unauthorized { .. } => Signal::Unauthorized,
            Verdict::Retry { class, after, .. } => match class {
                RetryClass::Throttled => {
                    let wait = backoff::wait_ms(
                        1,
                        self.plan.retry_base_ms,
                        self.plan.retry_cap_ms,
                        *after,
                        (self.random)(),
                    );
                    Signal::Throttled(self.now().saturating_add(wait))
                }
                RetryClass::Unreachable | RetryClass::Unknown => Signal::Failed,
                // The platform's own trouble with a request that failed before may be that request's.
                RetryClass::Transient if is_fresh => Signal::Failed,
                RetryClass::Transient => return None,
            },
        })
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

fn reason(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Delivered | Verdict::Checked => None,
        Verdict::Retry { reason, .. }
        | Verdict::Unauthorized { reason }
        | Verdict::RejectedEvents { reason, .. }
        | Verdict::RejectedBatch { reason }
        | Verdict::MalformedClickId { reason } => Some(reason),
    }
}
