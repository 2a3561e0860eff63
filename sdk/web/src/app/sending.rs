//! From the outbox to the collector.

use firsthand_core::text::parse_int;
use firsthand_core::wire::VERSION;
use firsthand_core::wire::json::{Object, push_int};

use super::App;
use crate::capture::header;
use crate::host::{self, Fact};
use crate::outbox::{Mark, Slice};
use crate::storage::{
    self,
    segment::{Part, Segment},
};
use crate::transport::Phase;
use crate::transport::retry::{MAX_RETRY_AFTER_MS, Verdict, ceiling_ms, judge};

/// Most bytes of one beacon: all that is in flight shares 64 KiB.
const BEACON_BYTES: usize = 44 * 1024;
/// Beacons below this are not tried: what the browser refuses then, it refuses.
const LEAST_BEACON_BYTES: usize = 500;
/// Most events of one beacon.
const BEACON_EVENTS: usize = 500;

impl App {
    /// Sends what waits, as far as it may leave; tells when there is nothing left to do.
    pub(super) fn flush(&mut self) {
        self.sender.is_flushing = true;
        if self.outbox.len() > 0 {
            self.sender.due_ms = Some(0);
        }
        self.kick();
    }

    /// The network may be back, or the visitor is.
    pub(super) fn woke(&mut self) {
        self.refresh();
        if !self.sender.is_told {
            self.sender.retry_at_ms = 0;
        }
        // The browser's timers may have stood still while the computer slept.
        host::timer(0.0);
        self.kick();
    }

    /// Starts a send, or the timer for it.
    #[inline(never)]
    pub(super) fn kick(&mut self) {
        if self.sender.phase != Phase::Idle || self.sender.is_paused {
            return;
        }
        if self.outbox.len() == 0 || !self.sender.stopped.is_empty() || !self.may_store() {
            return self.rest();
        }
        let now_ms = host::now_ms();
        let is_full = self.outbox.len() >= self.config.batch_events
            || self.outbox.bytes() >= self.config.batch_bytes;
        let wanted_ms = if is_full { None } else { self.sender.due_ms };
        let retry_at_ms = self.sender.retry_at_ms;
        let due_ms = wanted_ms.unwrap_or_default().max(retry_at_ms);
        if due_ms <= now_ms {
            self.sender.phase = Phase::Locking;
            host::lock();
        } else {
            host::timer(as_time(due_ms));
            if retry_at_ms > now_ms {
                self.told_idle();
            }
        }
    }

    /// Nothing can be sent now: no timer runs.
    pub(super) fn rest(&mut self) {
        self.sender.due_ms = None;
        host::timer(0.0);
        self.told_idle();
    }

    fn told_idle(&mut self) {
        if std::mem::take(&mut self.sender.is_flushing) {
            host::idle();
        }
    }

    /// The answer to the question for the lock.
    pub(super) fn locked(&mut self, is_ours: bool) {
        if self.sender.phase != Phase::Locking {
            if is_ours {
                host::unlock();
            }
            return;
        }
        let now_ms = host::now_ms();
        self.outbox.refresh(&self.config, now_ms);
        if !is_ours {
            // Another tab sends, ours too. Look again later.
            self.sender.phase = Phase::Idle;
            self.sender.due_ms = Some(now_ms + self.config.flush_ms.clamp(250, 1_000));
            return self.kick();
        }
        let until_ms = parse_int(&host::ls_get(storage::BACKOFF)).unwrap_or_default();
        if until_ms > now_ms && until_ms - now_ms <= MAX_RETRY_AFTER_MS {
            self.sender.retry_at_ms = until_ms;
            self.sender.is_told = true;
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
        let now_ms = self.refresh();
        if !self.may_store() || self.sender.is_paused {
            return self.release();
        }
        // Nobody has said that a beacon arrived.
        self.outbox.remark(Mark::Beaconed, Mark::Waiting);
        let slice = self
            .outbox
            .take(self.sender.limit, self.config.batch_bytes, Mark::Sending);
        if slice.count == 0 {
            self.sender.due_ms = None;
            return self.release();
        }
        self.sender.phase = Phase::Sending;
        self.sender.count = slice.count;
        let body = self.body(&slice, now_ms);
        self.sender.segment = slice.segment;
        host::send(&self.door(), &body, slice.count);
    }

    fn door(&self) -> String {
        storage::join(&self.config.endpoint, "/v1/events")
    }

    /// Writes a batch under its segment's user and touch, with the consent of this moment.
    #[inline(never)]
    fn body(&self, slice: &Slice, now_ms: i64) -> String {
        let stored;
        let text = if slice.segment == self.segment_name {
            self.segment.encode()
        } else {
            stored = storage::join(storage::SEGMENT, &slice.segment);
            host::ls_get(&stored)
        };
        let mut segment = Segment::decode(&text);
        let verdict = self.consent.verdict();
        if !verdict.allows_match_keys() {
            segment.remove_match_keys();
        }
        let mut out = String::with_capacity(1024 + slice.events.len());
        let mut object = Object::begin(&mut out);
        object.int("v", VERSION);
        object.text("write_key", &self.config.write_key);
        object.int("sent_at", now_ms);
        object.key("context").push_str(&host::fact(Fact::Context));
        self.consent
            .write_evidence(object.key("consent"), &self.config);
        // Also above events of the visitor before: until the cookie has followed, it speaks for neither.
        let reset = self.segment.get(Part::Reset);
        header::write_user(object.key("user"), &segment, verdict, reset);
        segment.write_touch(object.key("touch"));
        let list = object.key("events");
        for text in ["[", &slice.events, "]"] {
            list.push_str(text);
        }
        object.end();
        out
    }

    /// The collector has answered, or did not (status 0).
    pub(super) fn sent(&mut self, status: i64, retry_after_s: f64) {
        let now_ms = host::now_ms();
        let count = std::mem::take(&mut self.sender.count);
        match judge(status) {
            Verdict::Acknowledged => {
                self.outbox.acknowledge();
                self.sender.attempt = 0;
                self.sender.retry_at_ms = 0;
                self.sender.limit = (self.sender.limit * 2).min(self.config.batch_events);
                host::ls_del(storage::BACKOFF);
                if self.sender.segment == self.segment_name
                    && !self.segment.get(Part::Reset).is_empty()
                {
                    // The collector's cookie has followed.
                    self.segment.set(Part::Reset, "");
                    self.write_segment();
                }
                self.forget_unused_segments();
                self.go_on();
            }
            Verdict::Halve(reason) => {
                if count > 1 {
                    self.sender.limit = count / 2;
                } else {
                    self.outbox.acknowledge();
                    host::dropped(reason, count);
                }
                self.go_on();
            }
            Verdict::Stop(reason) => {
                self.sender.stopped = reason;
                self.pause_or_go(true);
            }
            Verdict::Retry => {
                self.retry(status, retry_after_s, now_ms);
                self.pause_or_go(true);
            }
        }
    }

    /// Sends the next batch while the lock is ours, unless the page went to sleep meanwhile.
    fn go_on(&mut self) {
        self.pause_or_go(false);
    }

    fn pause_or_go(&mut self, is_over: bool) {
        self.outbox.remark(Mark::Sending, Mark::Waiting);
        if self.sender.phase != Phase::Sending {
            self.kick();
        } else if is_over {
            self.release();
        } else {
            self.send_next();
        }
    }

    fn retry(&mut self, status: i64, retry_after_s: f64, now_ms: i64) {
        self.sender.attempt = self.sender.attempt.saturating_add(1);
        let mut wait_ms = host::random_below(ceiling_ms(self.sender.attempt));
        let is_told = retry_after_s >= 0.0;
        if is_told {
            wait_ms = wait_ms.max(as_millis(retry_after_s).min(MAX_RETRY_AFTER_MS));
        }
        self.sender.is_told = is_told;
        self.sender.retry_at_ms = now_ms + wait_ms;
        if status > 0 && self.may_store() {
            let mut text = String::new();
            push_int(&mut text, self.sender.retry_at_ms);
            host::ls_set(storage::BACKOFF, &text);
        }
    }

    /// The page is hidden or leaves: last chance. The records stay until a send is acknowledged; the collector knows the ids. A page that is
    /// hidden first and then leaves sends each but once.
    pub(super) fn hidden(&mut self) {
        let now_ms = self.refresh();
        if !self.sender.stopped.is_empty() || !self.may_store() {
            return;
        }
        let mut max_bytes = BEACON_BYTES;
        while max_bytes > LEAST_BEACON_BYTES {
            let slice = self.outbox.take(BEACON_EVENTS, max_bytes, Mark::Beaconing);
            if slice.count == 0 {
                break;
            }
            let mut mark = Mark::Beaconed;
            if !host::beacon(&self.door(), &self.body(&slice, now_ms)) {
                // What is in flight leaves less room than that.
                max_bytes /= 2;
                mark = Mark::Waiting;
            }
            self.outbox.remark(Mark::Beaconing, mark);
        }
    }

    /// The page goes into the back/forward cache or away: a held lock would keep it out and others waiting.
    pub(super) fn left(&mut self) {
        self.hidden();
        if self.sender.phase != Phase::Idle {
            self.sender.phase = Phase::Idle;
            self.sender.count = 0;
            self.outbox.remark(Mark::Sending, Mark::Waiting);
            host::unlock();
        }
        host::timer(0.0);
    }

    /// The page is back from the back/forward cache.
    pub(super) fn returned(&mut self) {
        self.refresh();
        self.recall();
        self.kick();
    }
}

#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53 ms")]
fn as_time(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, then bounded")]
fn as_millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}
