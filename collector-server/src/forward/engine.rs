//! The task of one destination: wake, look, send, commit; its own cursor, nobody else's business.
//!
//! Promises: what a round learned is committed as one, before the next round; a crash between an answer
//! and the commit repeats the round with the same event ids. Nothing is held in memory that the store does
//! not hold too, but the gate, which opens again after a restart.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::breaker::{Gate, Permit, Signal};
use super::delivery::{Channel, Report};
use super::round::{self, Look};
use super::schedule::{Candidate, pack};
use crate::store::{Attempt, Outcome, OutcomeRow, Progress, Seq, Store, StoreError};

/// Longest wait without looking, in milliseconds: a lost wake-up costs no more than this.
const MAX_IDLE_MS: i64 = 60_000;
/// First wait after the store failed.
const STORE_REST: Duration = Duration::from_millis(200);
/// Longest wait after the store failed.
const MAX_STORE_REST: Duration = Duration::from_secs(5);
/// A wall clock that falls behind by more than this since the last look was set back, in milliseconds.
const CLOCK_STEP_MS: i64 = 1_000;
/// Tries to commit once the collector is stopping.
const LAST_COMMITS: u32 = 5;

/// One destination's engine.
pub(super) struct Engine<S> {
    store: Arc<S>,
    channel: Arc<Channel>,
    log: watch::Receiver<Seq>,
    shutdown: watch::Receiver<bool>,
    gate: Gate,
    cursor: Seq,
    /// How far the wall clock was ahead of the steady one at the last look.
    clock_lead_ms: Option<i64>,
}

impl<S: Store> Engine<S> {
    pub(super) fn new(store: Arc<S>, channel: Arc<Channel>) -> Self {
        Self {
            log: store.watch(),
            shutdown: channel.shutdown.clone(),
            gate: Gate::new(channel.plan.gate),
            cursor: 0,
            clock_lead_ms: None,
            store,
            channel,
        }
    }

    /// Runs until the collector stops or the store closes.
    pub(super) async fn run(mut self) {
        self.channel.observer.started();
        self.channel.tell_pace();
        let mut rest = STORE_REST;
        let mut is_open = false;
        while !self.channel.is_stopping() {
            let step = if is_open {
                self.step().await
            } else {
                self.open().await.map(|()| is_open = true)
            };
            match step {
                Ok(()) => rest = STORE_REST,
                Err(StoreError::Closed) => break,
                Err(error) => {
                    self.channel.observer.store_failed(&error);
                    self.sleep(rest).await;
                    rest = (rest * 2).min(MAX_STORE_REST);
                }
            }
        }
        self.channel.observer.stopped();
    }

    /// Finds out where the destination stands. A start is a new chance for refused credentials.
    async fn open(&mut self) -> Result<(), StoreError> {
        let name = &self.channel.plan.name;
        let state = self.store.destination_state(name).await?;
        self.cursor = state.cursor;
        if state.paused.is_some() {
            let resumed = Progress {
                paused: Some(None),
                ..Progress::default()
            };
            self.store.commit(name, resumed).await?;
            self.channel.observer.resumed();
        }
        Ok(())
    }

    /// At the start, and where the wall clock was set back, looks for what would wait too long: those times were written by a clock that
    /// was ahead.
    async fn heed_clock(&mut self) -> Result<(), StoreError> {
        let now = self.channel.now();
        let lead_ms = now.saturating_sub(self.channel.steady_now());
        let is_step = |before: i64| lead_ms.saturating_add(CLOCK_STEP_MS) < before;
        if self.clock_lead_ms.is_none_or(is_step) {
            let plan = &self.channel.plan;
            let brought = self
                .store
                .bring_forward(&plan.name, now, plan.longest_wait())
                .await?;
            if brought > 0 {
                self.channel.observer.brought_forward(brought);
            }
        }
        self.clock_lead_ms = Some(lead_ms);
        Ok(())
    }

    async fn step(&mut self) -> Result<(), StoreError> {
        self.heed_clock().await?;
        let permit = self.gate.permit(self.channel.steady_now());
        if let Permit::Wait(until_ms) = permit {
            self.wait_for_gate(until_ms).await;
            return Ok(());
        }
        let head = *self.log.borrow_and_update();
        let look = round::look(&*self.store, &self.channel, self.cursor, permit).await?;
        if look.is_empty() {
            self.channel.observer.lag(0);
            return self.wait_for_work().await;
        }
        let progress = self.work(look, permit).await;
        let cursor = progress.cursor;
        self.commit(progress).await?;
        self.cursor = cursor.unwrap_or(self.cursor);
        self.channel.observer.lag(head.saturating_sub(self.cursor));
        self.channel.observer.gate(&self.gate, self.channel.now());
        Ok(())
    }

    /// Sends what may be sent and gathers what was learned.
    async fn work(&mut self, look: Look, permit: Permit) -> Progress {
        let plan = &self.channel.plan;
        let mut progress = Progress {
            cursor: look.cursor,
            outcomes: look.rows,
            ..Progress::default()
        };
        let was_paused = self.gate.is_paused();
        let mut refused = None;
        let mut waiting: VecDeque<Vec<Candidate>> =
            pack(look.candidates, plan.batch_events, plan.max_body_bytes).into();
        let mut running: JoinSet<Report> = JoinSet::new();
        loop {
            while running.len() < self.channel.concurrency()
                && self.may_go_on(permit, running.is_empty())
            {
                let Some(batch) = waiting.pop_front() else {
                    break;
                };
                let channel = Arc::clone(&self.channel);
                let store = Arc::clone(&self.store);
                running.spawn(async move { channel.deliver(&*store, batch).await });
            }
            match running.join_next().await {
                None => break,
                Some(Ok(report)) => {
                    for signal in &report.signals {
                        self.learn(*signal);
                    }
                    refused = report.refused.clone().or(refused);
                    add(&mut progress, report);
                }
                // A panic in a mapping: the supervisor starts the task again, nothing was committed.
                Some(Err(error)) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
        self.postpone(waiting, &mut progress);
        if let Some(reason) = refused.filter(|_| self.gate.is_paused()) {
            if !was_paused {
                let now = self.channel.now();
                self.channel.observer.paused(&reason, now);
            }
            progress.paused = Some(Some(reason));
        } else if was_paused && !self.gate.is_paused() {
            self.channel.observer.resumed();
            progress.paused = Some(None);
        }
        progress
    }

    /// Whether another batch of this round may be sent: a probe is alone, and a gate that closed
    /// meanwhile stays closed.
    fn may_go_on(&self, permit: Permit, is_idle: bool) -> bool {
        if self.channel.is_stopping() {
            return false;
        }
        match self.gate.permit(self.channel.steady_now()) {
            Permit::Full => true,
            Permit::Probe => permit == Permit::Probe && is_idle,
            Permit::Wait(_) => false,
        }
    }

    fn learn(&mut self, signal: Signal) {
        let random = (self.channel.random)();
        self.gate.learn(signal, self.channel.steady_now(), random);
    }

    /// Keeps what was looked at and not sent for the next round.
    fn postpone(&self, waiting: VecDeque<Vec<Candidate>>, progress: &mut Progress) {
        const WHY: &str = "the destination takes nothing now";
        let now = self.channel.now();
        for candidate in waiting.into_iter().flatten() {
            self.channel.observer.postponed(WHY);
            progress.outcomes.push(OutcomeRow {
                seq: candidate.seq,
                outcome: Outcome::Retry {
                    at_ms: now,
                    reason: format!("postponed: {WHY}"),
                },
                attempts: candidate.attempts,
                at_ms: now,
                attempt: None,
            });
        }
    }

    /// Commits, again and again: what the platform answered must not be forgotten while it can be helped.
    async fn commit(&mut self, progress: Progress) -> Result<(), StoreError> {
        let mut rest = STORE_REST;
        let mut last = LAST_COMMITS;
        loop {
            match self
                .store
                .commit(&self.channel.plan.name, progress.clone())
                .await
            {
                Ok(()) => return Ok(()),
                Err(StoreError::Closed) => return Err(StoreError::Closed),
                Err(error) => {
                    self.channel.observer.store_failed(&error);
                    if self.channel.is_stopping() {
                        last = last.saturating_sub(1);
                        if last == 0 {
                            return Err(error);
                        }
                        tokio::time::sleep(rest).await;
                    } else {
                        self.sleep(rest).await;
                    }
                    rest = (rest * 2).min(MAX_STORE_REST);
                }
            }
        }
    }

    async fn wait_for_gate(&mut self, until_ms: Option<i64>) {
        self.channel.observer.gate(&self.gate, self.channel.now());
        match until_ms {
            Some(until_ms) => {
                let span = span(self.channel.steady_now(), until_ms);
                self.sleep(span).await;
            }
            None => {
                let _ = self.shutdown.wait_for(|stop| *stop).await;
            }
        }
    }

    /// Waits for a new event, for the next one that is due, or for the end.
    async fn wait_for_work(&mut self) -> Result<(), StoreError> {
        let state = self
            .store
            .destination_state(&self.channel.plan.name)
            .await?;
        let now = self.channel.now();
        let until_ms = state
            .next_due_ms
            .unwrap_or(i64::MAX)
            .min(now.saturating_add(MAX_IDLE_MS));
        let span = span(now, until_ms);
        tokio::select! {
            changed = self.log.changed() => changed.map_err(|_| StoreError::Closed),
            () = tokio::time::sleep(span) => Ok(()),
            _ = self.shutdown.wait_for(|stop| *stop) => Ok(()),
        }
    }

    async fn sleep(&mut self, span: Duration) {
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            _ = self.shutdown.wait_for(|stop| *stop) => {}
        }
    }
}

/// Time from one moment of a clock to another, at least a millisecond.
fn span(now_ms: i64, until_ms: i64) -> Duration {
    let ms = until_ms.saturating_sub(now_ms).max(1);
    Duration::from_millis(u64::try_from(ms).unwrap_or(1))
}

fn add(progress: &mut Progress, report: Report) {
    let base = progress.attempts.len();
    let attempts: Vec<Attempt> = report.attempts;
    progress.attempts.extend(attempts);
    progress
        .outcomes
        .extend(report.rows.into_iter().map(|row| OutcomeRow {
            attempt: row.attempt.map(|index| base + index),
            ..row
        }));
}
