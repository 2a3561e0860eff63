//! From the outbox to the collector.

use firsthand_core::wire::VERSION;
use firsthand_core::wire::json::Object;

use super::App;
use crate::capture::context;
use crate::host;
use crate::outbox::Slice;
use crate::status::{Send, count};
use crate::storage::{self, segment::Segment};
use crate::transport::Phase;
use crate::transport::retry::{MAX_RETRY_AFTER_MS, Verdict, ceiling_ms, judge};

/// Most bytes of one beacon: all that is in flight shares 64 KiB.
const BEACON_BYTES: usize = 44 * 1024;

impl App {
    /// Sends what waits, as far as it may leave; tells when there is nothing left to do.
    pub(crate) fn flush(&mut self) {
        self.sender.is_flushing = true;
        if self.outbox.len() > 0 {
            self.sender.due_ms = Some(0);
        }
        self.kick();
    }

    /// The timer ran out.
    pub(crate) fn tick(&mut self) {
        self.kick();
    }

    /// The network may be back, or the visitor is.
    pub(crate) fn woke(&mut self) {
        if self.sender.is_retry_ours {
            self.sender.retry_at_ms = 0;
        }
        self.kick();
    }

    /// Starts a send, or the timer for it.
    pub(crate) fn kick(&mut self) {
        if self.sender.phase != Phase::Idle {
            return;
        }
        let now_ms = host::now_ms();
        let is_over = self.outbox.len() == 0
            || self.sender.stopped.is_some()
            || !self.consent.verdict().allows_events();
        if is_over {
            return self.rest();
        }
        let is_full = self.outbox.len() >= self.config.batch_events
            || self.outbox.bytes() >= self.config.batch_bytes;
        let wanted = if is_full {
            0
        } else {
            self.sender.due_ms.unwrap_or(now_ms)
        };
        let due_ms = wanted.max(self.sender.retry_at_ms);
        if due_ms <= now_ms {
            self.sender.phase = Phase::Locking;
            host::lock();
        } else {
            host::timer(as_timeout(due_ms - now_ms));
            if self.sender.retry_at_ms > now_ms {
                self.told_idle();
            }
        }
    }

    /// Nothing can be sent now: no timer runs.
    fn rest(&mut self) {
        self.sender.due_ms = None;
        host::timer(-1.0);
        self.told_idle();
    }

    fn told_idle(&mut self) {
        if std::mem::take(&mut self.sender.is_flushing) {
            host::idle();
        }
    }

    /// The answer to the question for the lock.
    pub(crate) fn locked(&mut self, is_ours: bool) {
        if self.sender.phase != Phase::Locking {
            if is_ours {
                host::unlock();
            }
            return;
        }
        let now_ms = host::now_ms();
        if !is_ours {
            // Another tab sends, ours too. Look again later.
            self.sender.phase = Phase::Idle;
            self.outbox
                .refresh(&self.config, now_ms, &mut self.status.drops);
            self.sender.due_ms = Some(now_ms + self.config.flush_ms.clamp(250, 1_000));
            return self.kick();
        }
        self.outbox
            .refresh(&self.config, now_ms, &mut self.status.drops);
        let until_ms = host::ls_get(storage::BACKOFF).and_then(|text| text.parse::<i64>().ok());
        if let Some(until_ms) =
            until_ms.filter(|until| *until > now_ms && *until - now_ms <= MAX_RETRY_AFTER_MS)
        {
            self.sender.retry_at_ms = until_ms;
            self.sender.is_retry_ours = false;
            return self.release();
        }
        self.send_next();
    }

    /// Gives the lock back and waits for what comes next.
    fn release(&mut self) {
        self.sender.phase = Phase::Idle;
        host::unlock();
        self.kick();
    }

    fn send_next(&mut self) {
        let now_ms = host::now_ms();
        self.consent.refresh(&self.config, now_ms);
        if !self.consent.verdict().allows_events() {
            return self.release();
        }
        let slice = self
            .outbox
            .take(self.sender.limit, self.config.batch_bytes, false, |_| false);
        if slice.keys.is_empty() {
            self.sender.due_ms = None;
            return self.release();
        }
        let body = self.body(&slice, now_ms);
        self.sender.phase = Phase::Sending;
        self.sender.bytes = body.len();
        self.sender.keys = slice.keys;
        self.sender.reporting = self.status.drops.unreported();
        host::send(&self.door(), &body);
    }

    fn door(&self) -> String {
        storage::key(&self.config.endpoint, "/v1/events")
    }

    /// Writes a batch under its segment's user and touch, with the consent of this moment.
    fn body(&self, slice: &Slice, now_ms: i64) -> String {
        let stored;
        let sealed = self.sealed.iter().find(|(name, _)| *name == slice.segment);
        let segment = if slice.segment == self.segment_name {
            &self.segment
        } else if let Some((_, segment)) = sealed {
            segment
        } else {
            stored = host::ls_get(&storage::key(storage::SEGMENT, &slice.segment))
                .map(|text| Segment::decode(&text))
                .unwrap_or_default();
            &stored
        };
        let verdict = *self.consent.verdict();
        let mut out = String::with_capacity(2048);
        let mut object = Object::begin(&mut out);
        object.int("v", VERSION);
        object.text("write_key", &self.config.write_key);
        object.int("sent_at", now_ms);
        context::write_context(object.key("context"), &self.status.drops.unreported());
        self.consent
            .write_evidence(object.key("consent"), &self.config);
        context::write_user(object.key("user"), segment, verdict);
        context::write_touch(object.key("touch"), &segment.touches, verdict);
        let list = object.key("events");
        let mut separator = '[';
        for event in &slice.events {
            list.push(separator);
            list.push_str(event);
            separator = ',';
        }
        list.push(']');
        object.end();
        out
    }

    /// The collector has answered, or did not (status 0). `rejected` holds a line `<code> <id>` per refused event.
    pub(crate) fn sent(
        &mut self,
        status: u16,
        retry_after_s: f64,
        duplicates: u32,
        rejected: &str,
    ) {
        let now_ms = host::now_ms();
        let keys = std::mem::take(&mut self.sender.keys);
        self.status.sent(Send {
            at_ms: now_ms,
            status,
            events: keys.len(),
            bytes: self.sender.bytes,
        });
        match judge(status) {
            Verdict::Acknowledged => self.acknowledged(&keys, duplicates, rejected),
            Verdict::Halve(reason) => {
                if keys.len() <= 1 {
                    self.outbox.remove(&keys);
                    self.drop_event(reason, keys.len());
                } else {
                    self.sender.limit = keys.len() / 2;
                }
                self.go_on();
            }
            Verdict::Stop(reason) => {
                self.sender.stopped = Some(reason);
                self.release();
            }
            Verdict::Retry => self.retry(status, retry_after_s, now_ms),
        }
    }

    fn acknowledged(&mut self, keys: &[String], duplicates: u32, rejected: &str) {
        self.outbox.remove(keys);
        self.status.sent += count(keys.len());
        self.status.duplicates += i64::from(duplicates);
        for line in rejected.lines() {
            self.status.rejected(line);
        }
        let reported = std::mem::take(&mut self.sender.reporting);
        self.status.drops.reported(&reported);
        self.sender.attempt = 0;
        self.sender.retry_at_ms = 0;
        self.sender.limit = (self.sender.limit * 2).min(self.config.batch_events);
        host::ls_del(storage::BACKOFF);
        self.forget_unused_segments();
        self.go_on();
    }

    /// Sends the next batch while the lock is ours, unless the page went to sleep meanwhile.
    fn go_on(&mut self) {
        if self.sender.phase == Phase::Sending {
            self.send_next();
        } else {
            self.kick();
        }
    }

    fn retry(&mut self, status: u16, retry_after_s: f64, now_ms: i64) {
        self.sender.attempt = self.sender.attempt.saturating_add(1);
        let ceiling = ceiling_ms(self.sender.attempt);
        // Full jitter, but never at once: a tenth of the ceiling is the least.
        let mut wait_ms = (ceiling / 10).max(host::random_below(ceiling));
        let is_told = retry_after_s >= 0.0;
        if is_told {
            wait_ms = wait_ms.max(as_millis(retry_after_s).min(MAX_RETRY_AFTER_MS));
        }
        self.sender.is_retry_ours = !is_told;
        self.sender.retry_at_ms = now_ms + wait_ms;
        if status > 0 && self.may_store() {
            let mut text = String::new();
            firsthand_core::wire::json::push_int(&mut text, self.sender.retry_at_ms);
            host::ls_set(storage::BACKOFF, &text);
        }
        if self.sender.phase == Phase::Sending {
            self.release();
        } else {
            self.kick();
        }
    }

    /// The page is hidden or leaves: last chance. The records stay until a send is acknowledged; the collector knows the ids.
    pub(crate) fn hidden(&mut self) {
        self.consent.refresh(&self.config, host::now_ms());
        if self.sender.stopped.is_some() || !self.consent.verdict().allows_events() {
            return;
        }
        let mut done: Vec<String> = Vec::new();
        loop {
            let slice = self.outbox.take(500, BEACON_BYTES, true, |key| {
                self.sender.holds(key) || done.iter().any(|sent| sent == key)
            });
            if slice.keys.is_empty()
                || !host::beacon(&self.door(), &self.body(&slice, host::now_ms()))
            {
                return;
            }
            done.extend(slice.keys);
        }
    }

    /// The page goes into the back/forward cache or away: a held lock would keep it out and others waiting.
    pub(crate) fn left(&mut self) {
        self.hidden();
        if self.sender.phase != Phase::Idle {
            self.sender.phase = Phase::Idle;
            self.sender.keys.clear();
            host::unlock();
        }
        host::timer(-1.0);
    }

    /// The page is back from the back/forward cache.
    pub(crate) fn returned(&mut self) {
        self.consent.refresh(&self.config, host::now_ms());
        self.recall();
        self.kick();
    }
}

#[expect(clippy::cast_precision_loss, reason = "waits are far below 2^53 ms")]
fn as_timeout(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, then bounded")]
fn as_millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}
